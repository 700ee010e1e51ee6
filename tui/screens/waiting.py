"""What stands on the screen until the run is there: the dashboard's outline, so that nothing moves when it comes."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import Resize
from textual.message import Message

from ..widgets.key_row import KeyRow
from ..widgets.text_rows import TextRows, titled_row, wrapped_rows
from .run_screen import RunScreen


class Waiting(RunScreen):
    """A run whose engine is starting; nothing in here needs what a run needs."""

    class Left(Message):
        """A person does not want to wait."""

    def __init__(self, title: str = "", see: str = "") -> None:
        """Show a run's title, and what there will be to see."""
        super().__init__()
        self._title, self._see = title, see

    def compose(self) -> ComposeResult:
        """Lay out the rows around the charts."""
        yield TextRows(id="headline")
        yield Horizontal(id="charts")
        yield TextRows(id="progress")
        yield TextRows(id="message")
        yield KeyRow()

    def on_resize(self, event: Resize) -> None:
        """Say what is going on."""
        width, height = event.size
        state = ("◌ starting ", "bold warning")
        self.query_one("#headline", TextRows).show([titled_row(self._title, (state,), width)])
        self.query_one("#progress", TextRows).show([(("starting the engine", "dim foreground"),)])
        message, rows = (
            self.query_one("#message", TextRows),
            wrapped_rows(self._see, "dim foreground", width - 2, height),
        )
        message.styles.height = len(rows)
        message.show(rows)

    def action_leave(self) -> None:
        """Leave before the run is there."""
        self.post_message(self.Left())
