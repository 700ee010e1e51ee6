"""A dialog that asks for one line of text."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from .closing import ClosesOnlyItself
from .sizes import NewestSizeOnly


class TextDialog(ClosesOnlyItself, NewestSizeOnly, ModalScreen[str | None]):
    """Asks for a line; a screen of its own, so that every key is a letter."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, question: str, text: str = "") -> None:
        """Ask this, with `text` to begin with."""
        super().__init__()
        self._question, self._text = question, text

    def compose(self) -> ComposeResult:
        """Put the question over the line."""
        with Vertical(classes="dialog"):
            yield Static(Content(self._question), classes="dialog-title")
            yield Input(self._text, compact=True)
            yield Static(Content("enter: so · esc: as before"), classes="dialog-hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand back the line."""
        self.dismiss(event.value)
