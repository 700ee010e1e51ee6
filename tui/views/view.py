"""What all views have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from textual.containers import Vertical
from textual.message import Message

from ..run_view import RunView


class View(Vertical, can_focus=True):
    """One way to look at a run. The deck gives it the focus, so that its own keys are in force, and shows it.

    A view draws nothing by itself: `show` is called by the screen's one clock while the view can be seen, and draws
    what has changed since. Whatever its size is, it has to look well or to say that there is no room.
    """

    HELP: ClassVar[str | None] = None
    """Markdown about what there is to see and which keys it has; `?` shows it."""
    DEFAULT_CSS = """
    View { width: 1fr; height: 1fr; overflow: hidden; }
    """

    class Chosen(Message):
        """Somebody has chosen something that is worth remembering."""

        def __init__(self, view: View) -> None:
            """Say in which view."""
            super().__init__()
            self.view = view

    def __init__(self, run: RunView) -> None:
        """Show this run."""
        super().__init__()
        self.run = run

    def show(self, now: float) -> None:
        """Draw what has changed; `now` in monotonic seconds."""
        raise NotImplementedError

    def pieces(self, now: float) -> Iterator[None]:
        """Draw what has changed in pieces of a few milliseconds: keys are heard between them."""
        self.show(now)
        yield

    def choices(self) -> dict[str, Any]:
        """Return what is to be remembered for the next start, such as JSON can hold."""
        return {}

    def take_up(self, choices: Any) -> None:
        """Show what `choices` says, called once before anything is shown.

        It may be anything: what is in there was remembered by another version, or is damaged.
        """

    def export(self) -> list[tuple[str, ...]]:
        """Return what is shown as the rows of a table, its head first, for a file or the clipboard; empty for none."""
        return []
