"""The picture of something on the screen as it was at one moment."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import set_cell_size
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget


class StillPicture(Widget):
    """Rows of cells that never change: where there is less room they are cut off, where there is more it stays empty.

    Whenever not all of them can be seen as they were, the last row says of when they are.
    """

    ALLOW_SELECT = False
    can_focus = False
    DEFAULT_CSS = """
    StillPicture { width: 1fr; height: 1fr; }
    """

    def __init__(self, rows: Sequence[Strip], words: str) -> None:
        """Show these rows, none where nothing was to be seen, and `words` that say of when they are."""
        super().__init__()
        self._rows, self._words = tuple(rows), words

    def render_line(self, y: int) -> Strip:
        """Return row `y`."""
        (width, height), base = self.size, self.rich_style
        is_whole = height == len(self._rows) and width == self._rows[0].cell_length
        if y == height - 1 and not is_whole:
            return Strip([Segment(set_cell_size(self._words, width), base)], width)
        if y >= len(self._rows):
            return Strip.blank(width, base)
        return self._rows[y].adjust_cell_length(width, base)
