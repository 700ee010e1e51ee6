"""One setting of the form: its name, its value to be typed, what it is turned by, and what it is for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import DescendantBlur, Key, MouseDown, MouseMove, MouseUp, Paste, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from .columns import GUTTER, Columns
from .entry import Entry, pasted, takes
from .known_style import KnownStyle
from .slider import Choices, Slider, Switch


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a field is about."""

    key: str
    name: str
    heading: str
    """What stands over it, if it is the first of its section."""
    words: str
    """What it is for, and what is allowed."""
    places: tuple[Any, ...]
    """The values that it can be turned to, from the least to the most; none where it can only be typed."""
    is_number: bool
    """Whether nothing but a number can be typed."""
    is_needed: bool
    """Whether it must have a value."""


class Field(KnownStyle, can_focus=True):
    """Draws all of its rows itself; the line to type in is there only while somebody types.

    Attributes:
        setting: What the field is about.
        value: The value in force, as the engine has confirmed it.
        slider: What it is turned by, if it can be.
    """

    ALLOW_SELECT = False
    HELP = """A slider moves a value through round numbers: ● is what is in force, ○ what is asked, not confirmed yet.
Choices and switches show the same. What is typed takes the place of the value, and * says that it is not sent yet."""
    DEFAULT_CSS = """
    Field { height: auto; }
    Field Entry { position: absolute; background: $primary 25%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "Less", tooltip="a little less", show=False, id="slider.less"),
        Binding("right", "move(1)", "More", tooltip="a little more", show=False, id="slider.more"),
        Binding("shift+left,pagedown", "move(-10)", "Far less", tooltip="far less", show=False, id="slider.far-less"),
        Binding("shift+right,pageup", "move(10)", "Far more", tooltip="far more", show=False, id="slider.far-more"),
        Binding("home", "move(-100000)", "Least", tooltip="the lowest", show=False, id="slider.least"),
        Binding("end", "move(100000)", "Most", tooltip="the highest", show=False, id="slider.most"),
        Binding("enter,space", "turn", "Turn", tooltip="on or off", show=False, id="slider.turn"),
        Binding("enter", "edit", "Type", tooltip="amend what stands there", show=False, id="slider.type"),
    ]

    class Moved(Message):
        """A person wants another value at once."""

        def __init__(self, key: str, value: Any, drag: object) -> None:
            """Say of which key; moves with the same `drag` belong together, and None stands alone."""
            super().__init__()
            self.key, self.value, self.drag = key, value, drag

    def __init__(self, setting: Setting, value: Any, usual: str, *, id: str | None = None) -> None:  # noqa: A002
        """Show a value in force, and what its default is in words; `id` is Textual's."""
        super().__init__(id=id)
        self.setting, self.value, self._usual = setting, value, usual
        self.slider: Slider | None = None
        if isinstance(value, bool):
            self.slider = Switch(value)
        elif setting.places:
            are_words = all(isinstance(place, str) for place in setting.places)
            self.slider = (Choices if are_words else Slider)(setting.places, value)
        self.fault: str | None = None
        """What is wrong with what was typed."""
        self._typed: str | None = None
        """What was typed and is not in force."""
        self._entry: Entry | None = None
        """The line to type in, while somebody does."""
        self._note = ""
        self._is_to_lead = False
        self._drag: object = None
        self._help: tuple[int, str, list[str]] = (0, "", [])
        """What stands below the name: the width it is wrapped for, the words, and their lines."""

    # ---- what it holds

    @property
    def can_type(self) -> bool:
        """Whether its value can be typed."""
        return not isinstance(self.slider, Switch)

    @property
    def text(self) -> str:
        """What stands in the field: what was typed, or the value in force."""
        if self._entry is not None:
            return self._entry.value
        return _text(self.value) if self._typed is None else self._typed

    @text.setter
    def text(self, text: str) -> None:
        if self._entry is not None:
            self._entry.value = text
        self._typed = text
        if self.wanted == self.value:
            self._typed = None
        self.mark(None)

    @property
    def wanted(self) -> Any:
        """The value that was typed, or that is in force; text where it is not what the field can hold."""
        text = self.text.strip()
        if text == _text(self.value) or not self.can_type:
            return self.value
        if text == "":
            return None
        for kind in (int, float):
            try:
                value = kind(text)
            except ValueError:
                continue
            # A field that holds a float takes 1 as 1.0, so that 1 and 1.0 are no change.
            return float(value) if isinstance(self.value, float) else value
        return text

    @property
    def is_unsent(self) -> bool:
        """Whether something is typed that is not in force."""
        return bool(self.wanted != self.value)

    def confirm(self, value: Any, usual: str, *, asked: bool) -> None:
        """Show the value in force and its default; `asked` keeps the sign of what is not answered yet."""
        if value != self.value:
            self.value, self._usual = value, usual
            self.text = _text(value)
        self._usual = usual
        if self.slider is not None:
            self.slider.confirm(value, asked=asked)
        self.refresh()

    def mark(self, fault: str | None) -> None:
        """Say what is wrong with what was typed, or again what the field is for."""
        is_other = fault != self.fault
        self.fault = fault
        self.refresh(layout=is_other)

    def note(self, words: str) -> None:
        """Say this before what the field is for."""
        if words != self._note:
            self._note = words
            self.refresh(layout=True)

    # ---- what a person does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the keys that this field has."""
        is_there = {"turn": not self.can_type, "edit": self.can_type, "move": self.slider is not None}
        return is_there.get(action, True)

    def action_move(self, by: int) -> None:
        """Ask for a value some places further on."""
        if self.slider is not None:
            self._ask(self.slider.further(by))

    def action_turn(self) -> None:
        """Turn a switch."""
        if self.slider is not None:
            self._ask(1 - self.slider.now)

    def action_edit(self) -> None:
        """Amend what stands there."""
        self.edit()

    def edit(self, text: str | None = None) -> None:
        """Take the keys into a line of its own, which begins with a text or with what stands there."""
        if self._entry is not None:
            if text:
                self._entry.insert_text_at_cursor(text)
            return
        setting, old = self.setting, self.text
        placeholder = "needed" if setting.is_needed else "none"
        self._entry = Entry(
            old if text is None else text, placeholder=placeholder, is_number=setting.is_number, selects=text is None
        )
        self._place_entry()
        self.mount(self._entry)
        self.refresh()
        # At once: the next key may wait already.
        self.screen.set_focus(self._entry, scroll_visible=False)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Return whether a key is typed here."""
        can_begin = self.can_type and character is not None and not character.isspace()
        return can_begin and takes(str(character), is_number=self.setting.is_number)

    def on_key(self, event: Key) -> None:
        """Begin to type over the value."""
        if not self.has_focus:
            return  # it comes from the line that is typed in
        if self.check_consume_key(event.key, event.character):
            event.stop()
            self.edit(event.character)
        elif event.key in ("backspace", "delete") and self.can_type:
            event.stop()
            self.edit("")

    def on_paste(self, event: Paste) -> None:
        """Put what is pasted in the place of the value."""
        event.stop()
        if self.can_type and (text := pasted(event.text, is_number=self.setting.is_number)):
            self.edit(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Take the mark from a field that is being mended."""
        event.stop()
        self.mark(None)

    def on_input_submitted(self) -> None:
        """Be done with typing; the form sends what was typed."""
        self.focus(scroll_visible=False)

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        """Keep what was typed when the keys go elsewhere; not when all of the terminal loses them."""
        if self._entry is not None and self.app.app_focus:
            text, entry = self._entry.value, self._entry
            self._entry = None
            entry.remove()
            fault = self.fault
            self.text = text
            self.mark(fault)

    def on_focus(self) -> None:
        """Show the row, also where the window is lower than what belongs to it."""
        self.refresh()
        self.call_after_refresh(self.show_row)

    def on_blur(self) -> None:
        """Take the sign away."""
        self.refresh()

    def on_mouse_down(self, event: MouseDown) -> None:
        """Turn a switch, begin to type, make a choice or begin to drag."""
        where = event.get_content_offset(self)
        if where is None or where.y != self.row:
            return
        columns = self.columns
        if columns.box <= where.x < columns.box + columns.box_width:
            self.edit() if self.can_type else self.action_turn()
        elif self.slider is not None and columns.slider <= where.x < columns.slider + columns.slider_width:
            if self.slider.DRAGS:
                self._drag = object()
                self.capture_mouse()
            self._ask_at(where.x)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Drag."""
        if self._drag is not None:
            self._ask_at(event.x)

    def on_mouse_up(self, event: MouseUp) -> None:
        """Let go."""
        if self._drag is not None:
            self.release_mouse()
            self._drag = None

    def _ask_at(self, column: int) -> None:
        if self.slider is not None:
            columns = self.columns
            self._ask(self.slider.place_at(column - columns.slider, columns.slider_width))

    def _ask(self, place: int) -> None:
        if self.slider is not None and self.slider.ask(place):
            self.refresh()
            self.post_message(self.Moved(self.setting.key, self.slider.places[self.slider.now], self._drag))

    # ---- how it looks

    @property
    def columns(self) -> Columns:
        """Where things stand in the row."""
        return Columns.of(self.size.width, has_slider=self.slider is not None and self.can_type)

    @property
    def _heading(self) -> list[tuple[str, str]]:
        width = self.size.width - GUTTER
        rule = [("", ""), (self.setting.heading, "bold accent"), ("─" * width, "panel")] if self.setting.heading else []
        return [*rule, ("", "")]

    @property
    def row(self) -> int:
        """The row with the name and the value."""
        return 4 if self.setting.heading else 1

    def _lines(self, width: int) -> list[str]:
        words = f"{self._note}{self.setting.words}" if self.fault is None else f"✗ {self.fault}"
        if self._help[:2] != (width, words):
            lines = [line.plain.rstrip() for line in Content(words).wrap(max(8, width - GUTTER - 1))]
            self._help = width, words, lines
        return self._help[2]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many rows it takes."""
        return self.row + 1 + len(self._lines(width))

    def on_resize(self, event: Resize) -> None:
        """Keep the line that is typed in where the value is, and lead if that was asked before there was a place."""
        self._place_entry()
        if self._is_to_lead:
            self._is_to_lead = False
            self.call_after_refresh(self.scroll_visible, animate=False, top=True)

    def lead(self) -> None:
        """Take the keys, and stand on top of what is in sight."""
        self.focus(scroll_visible=False)
        self._is_to_lead = not self.size
        self.scroll_visible(animate=False, top=True)

    def _place_entry(self) -> None:
        if self._entry is not None:
            columns = self.columns
            self._entry.styles.offset = (columns.box, self.row)
            self._entry.styles.width = columns.box_width

    def show_row(self) -> None:
        """Scroll to the row with the value, and to what belongs to it, while it has the keys."""
        if isinstance(self.parent, Widget) and self.has_focus_within:
            row = self.virtual_region
            rest = row.height - self.row
            self.parent.scroll_to_region(Region(row.x, row.y + self.row, row.width, rest), animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        """Return row `y`."""
        width, lines, top = self.size.width, self._lines(self.size.width), self.row
        if y == top:
            return self._name_row(width)
        text, name = "", ""
        if y < top:
            text, name = self._heading[y]
        elif y - top - 1 < len(lines):
            text, name = lines[y - top - 1], "dim foreground" if self.fault is None else "bold error"
        return (
            Strip([Segment(" " * GUTTER + text, self.look(name))])
            .adjust_cell_length(width)
            .apply_style(self.rich_style)
        )

    def _name_row(self, width: int) -> Strip:
        has_keys, columns = self.has_focus or self._entry is not None, self.columns
        ground = self.rich_style + (self.look("plain on primary 20%") if has_keys else Style())
        sign = "✗ " if self.fault else "* " if self.is_unsent else "▸ " if has_keys else "  "
        sign_look = "bold error" if self.fault else "bold accent" if self.is_unsent else "bold primary"
        parts = [
            (0, Strip([Segment(sign, self.look(sign_look))])),
            (GUTTER, Strip([Segment(set_cell_size(self.setting.name, columns.box - GUTTER - 1), self.look("bold"))])),
            (columns.box, self._box(columns.box_width)),
        ]
        if columns.slider_width and self.slider is not None and self.can_type:
            parts.append((columns.slider, self.slider.drawn(columns.slider_width, self.look)))
        if columns.usual:
            usual = "enter sends it" if self.is_unsent and self.fault is None else self._usual
            parts.append((columns.usual, Strip([Segment(usual, self.look("dim foreground"))])))
        return _joined(parts, width).apply_style(ground)

    def _box(self, width: int) -> Strip:
        if not self.can_type and self.slider is not None:
            return self.slider.drawn(width, self.look)
        text, ground = self.text, "error 30%" if self.fault else "panel"
        name = "plain" if self._typed is None else "bold" if self.fault else "bold accent"
        if not text:
            text, name = "needed" if self.setting.is_needed else "none", "dim foreground"
        return Strip([Segment(set_cell_size(text, width), self.look(f"{name} on {ground}"))])


def _joined(parts: Iterable[tuple[int, Strip]], width: int) -> Strip:
    """Return one row so wide of parts that begin at their columns."""
    row = Strip([])
    for column, part in parts:
        row = Strip.join([row.adjust_cell_length(max(0, column)), part])
    return row.adjust_cell_length(width)


def _text(value: object) -> str:
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)
