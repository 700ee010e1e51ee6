"""A slider: a row with the places that a value can have, moved by keys and by the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.events import MouseDown, MouseMove, MouseUp
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ..scales import place_of


class Slider(Widget, can_focus=True):
    """Shows where the value in force stands, and where it was last asked to go.

    The knob ● stands at the value in force and moves when the engine has confirmed another one; ○ is what is asked.
    """

    ALLOW_SELECT = False
    DRAGS = True
    """Whether the mouse takes the knob along."""
    COMPONENT_CLASSES: ClassVar[set[str]] = {"slider--track", "slider--done", "slider--knob", "slider--asked"}
    HELP = "A slider moves a value through round numbers: ● is what is in force, ○ what is asked and not confirmed yet."
    DEFAULT_CSS = """
    Slider { height: 1; width: 1fr; min-width: 4; }
    Slider > .slider--track { color: $foreground 30%; }
    Slider > .slider--done { color: $primary 70%; }
    Slider > .slider--knob { color: $foreground; text-style: bold; }
    Slider > .slider--asked { color: $warning; text-style: bold; }
    Slider:focus { background: $primary 20%; }
    Slider:focus > .slider--knob { color: $primary; }
    Slider:disabled { opacity: 40%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "Less", tooltip="a little less", show=False, id="slider.less"),
        Binding("right", "move(1)", "More", tooltip="a little more", show=False, id="slider.more"),
        Binding("shift+left,pagedown", "move(-10)", "Far less", tooltip="far less", show=False, id="slider.far-less"),
        Binding("shift+right,pageup", "move(10)", "Far more", tooltip="far more", show=False, id="slider.far-more"),
        Binding("home", "move(-100000)", "Least", tooltip="the lowest", show=False, id="slider.least"),
        Binding("end", "move(100000)", "Most", tooltip="the highest", show=False, id="slider.most"),
    ]

    class Moved(Message):
        """A person wants another value."""

        def __init__(self, slider: Slider, value: Any, drag: object) -> None:
            """Say which; moves with the same `drag` belong together, and None stands alone."""
            super().__init__()
            self.slider, self.value, self.drag = slider, value, drag

        @property
        def control(self) -> Slider:
            """The slider that was moved."""
            return self.slider

    def __init__(self, values: Sequence[Any], value: Any, *, id: str | None = None) -> None:  # noqa: A002
        """Show `value` among these, from the least to the most; `id` is Textual's."""
        super().__init__(id=id)
        self.values = tuple(values)
        self._place = place_of(value, values)
        self._asked: int | None = None
        self._drag: object = None
        self._is_held = False

    @property
    def asked(self) -> Any:
        """The value that was asked for last, or that is in force."""
        return self.values[self._now]

    @property
    def _now(self) -> int:
        """The place that was asked for last, or that is in force."""
        return self._place if self._asked is None else self._asked

    def confirm(self, value: Any, *, asked: bool = False) -> None:
        """Show the value in force; `asked` keeps the sign of what is not answered yet."""
        self._place = place_of(value, self.values)
        if not asked:
            self._asked = None
        self.refresh()

    def action_move(self, by: int) -> None:
        """Ask for a value some places further on."""
        self._ask(self._now + by)

    def on_mouse_down(self, event: MouseDown) -> None:
        """Begin to drag."""
        if self.DRAGS:
            self._drag, self._is_held = object(), True
            self.capture_mouse()
        self._ask_at(event.x)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Drag."""
        if self._is_held:
            self._ask_at(event.x)

    def on_mouse_up(self, event: MouseUp) -> None:
        """Let go."""
        if self._is_held:
            self.release_mouse()
            self._is_held, self._drag = False, None

    def _ask_at(self, column: int) -> None:
        self._ask(round(column * (len(self.values) - 1) / max(1, self.size.width - 1)))

    def _ask(self, place: int) -> None:
        place = max(0, min(len(self.values) - 1, place))
        if place == self._now:
            return
        self._asked = place
        self.refresh()
        self.post_message(self.Moved(self, self.values[place], self._drag))

    def render_line(self, y: int) -> Strip:
        """Return the row."""
        width = self.size.width
        looks = {name: self.get_component_rich_style(f"slider--{name}") for name in ("track", "done", "knob", "asked")}
        if y or width < 1 or not self.values:
            return Strip.blank(width, self.rich_style)
        knob = self._column(self._place)
        asked = None if self._asked is None else self._column(self._asked)
        cells = [
            ("━" if column < knob else "─", looks["done" if column < knob else "track"]) for column in range(width)
        ]
        cells[knob] = ("●", looks["knob"])
        if asked is not None and asked != knob:
            cells[asked] = ("○", looks["asked"])
        return Strip([Segment(text, look) for text, look in cells], width)

    def _column(self, place: int) -> int:
        return round(place * (self.size.width - 1) / max(1, len(self.values) - 1))
