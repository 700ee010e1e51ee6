"""What has come of what was asked: as many lines as the window has room for, and never more."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.visual import VisualType
from textual.widgets import Static

SHARE = 6
"""A window so many times as high as the words spells them out; a lower one cuts them."""


class Verdict(Static):
    """Words that are wrapped, and end with … where they are too many."""

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines it takes."""
        return len(self._lines(width))

    def render(self) -> VisualType:
        """Return the lines that there is room for."""
        return Content("\n").join(self._lines(self.content_region.width))

    def _lines(self, width: int) -> list[Content]:
        words = Content(str(self.content))
        if not words or width < 1:
            return []
        lines, most = words.wrap(width), max(1, self.screen.size.height // SHARE)
        if len(lines) <= most:
            return lines
        last = lines[most - 1].plain.rstrip()
        return [*lines[: most - 1], Content(f"{last[: width - 1]}…")]
