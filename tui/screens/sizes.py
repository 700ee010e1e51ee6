"""What a screen does about sizes that are no longer true."""

from __future__ import annotations

from typing import Any, cast

from textual.events import Resize
from textual.screen import Screen


class NewestSizeOnly:
    """Put before a screen's class: the screen lays itself out for the terminal's present size alone.

    When a Textual screen lays itself out for a size that it had not before, it sends itself that size once more. Two
    different sizes in its queue, as from a window that is dragged, so call each other up for ever, at full load.
    """

    def on_resize(self, event: Resize) -> None:
        """Drop a size that the terminal no longer has."""
        if event.size != cast("Screen[Any]", self).app.size:
            event.stop()
            event.prevent_default()
