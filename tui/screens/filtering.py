"""A line at the bottom of the screen in which a person types what names must contain."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input

from .closing import ClosesOnlyItself
from .sizes import NewestSizeOnly


class FilterDialog(ClosesOnlyItself, NewestSizeOnly, ModalScreen[None]):
    """Passes on every letter as it is typed; Enter keeps what was typed, escape lets it go."""

    DEFAULT_CSS = """
    FilterDialog Input { dock: bottom; width: 1fr; height: 1; border: none; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "drop", "Show all", id="filter.drop")]

    def __init__(self, pattern: str, pass_on: Callable[[str], None]) -> None:
        """Begin with a pattern."""
        super().__init__()
        self._pattern, self._pass_on = pattern, pass_on
        # The table must stay as readable as it is: it shows what fits so far.
        self.styles.background = "transparent"

    def compose(self) -> ComposeResult:
        """Put the line at the bottom."""
        yield Input(
            self._pattern, placeholder="names with this text or regular expression; esc shows all", compact=True
        )

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what fits so far."""
        self._pass_on(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep what was typed."""
        self.dismiss(None)

    def action_drop(self) -> None:
        """Show everything again."""
        self._pass_on("")
        self.dismiss(None)
