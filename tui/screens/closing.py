"""What a screen does about an answer that comes when it is no longer, or not yet again, the one in sight."""

from __future__ import annotations

from typing import Any, cast

from textual.await_complete import AwaitComplete
from textual.screen import Screen


class ClosesOnlyItself:
    """Put before a dialog's class: it is closed once, and only while it lies on top.

    Textual closes whatever lies on top, also where another dialog is asked to close: a key too many would take the
    dashboard away.
    """

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Close with an answer, unless something else would be closed instead."""
        screen = cast("Screen[Any]", self)
        if screen.app.screen_stack[-1:] != [screen]:
            return AwaitComplete()
        return cast("Screen[Any]", super()).dismiss(result)
