"""The gallery: every preset with what one will see, and a preview of what it trains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from engine.errors import GdtuiError

from ..widgets.key_bar import KeyBar
from ..widgets.option_list import SteadyOptionList
from .sizes import NewestSizeOnly

if TYPE_CHECKING:
    from presets import Preset


class Gallery(NewestSizeOnly, Screen[None]):
    """A list at the left, the chosen preset at the right."""

    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow")]  # noqa: RUF012  Textual declares it so
    VERTICAL_BREAKPOINTS = [(0, "-lowest"), (10, "-flat")]  # noqa: RUF012
    HELP = """Every lesson is a model, a rule that trains it and something to see: the list has them all, and beside it
stands what the chosen one is about, what to try and what it trains.

`up` and `down`, `home` and `end` go through the list, `pageup` and `pagedown` by pages; a click starts a lesson. A
lesson of your own is started with `gdtui FILE.toml`."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "start", "Start", tooltip="start the lesson that is chosen", priority=True, id="gallery.start"
        ),
        Binding(
            "question_mark", "help", "Help", tooltip="what there is to see, and every key", key_display="?", id="help"
        ),
        Binding("q", "app.quit", "Quit", tooltip="leave", id="quit"),
    ]

    class Chosen(Message):
        """A preset is to be started."""

        def __init__(self, preset: Preset, options: Mapping[str, Any]) -> None:
            """Say which, and with which options."""
            super().__init__()
            self.preset, self.options = preset, options

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        """Show the shipped presets, with the options of `presets.chosen_preset` on top."""
        super().__init__()
        self._options = options or {}
        self._presets: list[Preset] = []

    def compose(self) -> ComposeResult:
        """Put the list beside the preview."""
        yield Static(Content("gdtui · choose a lesson"), id="gallery-title")
        with Horizontal():
            yield Container(id="lessons")
            with VerticalScroll(id="preview"):
                yield Static(id="preview-text")
        yield Static(id="problems", classes="-hidden")
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the presets after the first paint; a key that is pressed meanwhile waits its turn."""
        self.call_after_refresh(self._read)

    def _read(self) -> None:
        from presets import chosen_preset, names

        problems: list[str] = []
        for name in names():
            try:
                self._presets.append(chosen_preset(name, **self._options))
            except GdtuiError as error:
                problems.append(str(error))
        # A list that is filled while it is shown counts its rows without its scroll bar, and cuts the last one off.
        choices = SteadyOptionList(
            *(
                Option(Content.assemble((f"{preset.name}\n", "bold"), f"{preset.title}\n"), id=preset.name)
                for preset in self._presets
            ),
            id="presets",
        )
        self.query_one("#lessons").mount(choices)
        choices.focus()
        if problems:
            self.query_one("#problems", Static).update(Content("\n".join(problems)))
            self.query_one("#problems").remove_class("-hidden")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show what the highlighted preset trains."""
        from ..preview import preview

        self.query_one("#preview-text", Static).update(preview(self._presets[event.option_index]))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Start by a click."""
        self.post_message(self.Chosen(self._presets[event.option_index], self._options))

    def action_help(self) -> None:
        """Say what there is to see, and what the keys do."""
        from .help import HelpScreen

        self.app.push_screen(HelpScreen(self))

    def action_start(self) -> None:
        """Start the highlighted preset."""
        choices = self.query(OptionList)
        index = choices.first().highlighted if choices else None
        if index is not None:
            self.post_message(self.Chosen(self._presets[index], self._options))
