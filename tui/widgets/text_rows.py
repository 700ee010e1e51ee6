"""Rows of styled text that are redrawn only where they changed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.content import Content
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..charts.glyphs import spelled
from .known_style import KnownStyle

Span = tuple[str, str]
"""Text, and a colour by its name in the theme or by its digits, after "bold", "dim" or "reverse": "bold primary"."""
Row = tuple[Span, ...]
MAXIMUM_ROWS = 3
"""How many rows a message may take from the charts."""


class TextRows(KnownStyle, ScrollView):
    """Rows that are told what to show by the screen's one clock; more than fit can be scrolled."""

    ALLOW_SELECT = False
    can_focus = False
    DEFAULT_CSS = """
    TextRows {
        height: 1;
        overflow: hidden hidden;
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        """Make an empty one, with Textual's `id` and `classes`."""
        super().__init__(id=id, classes=classes)
        self._rows: tuple[Row, ...] = ()

    def show(self, rows: Sequence[Row]) -> int:
        """Bring the rows up to date and return how many of them changed."""
        new, old = tuple(rows), self._rows
        self._rows = new
        if len(new) != len(old):
            self.virtual_size = Size(0, len(new))
            self.refresh()
            return max(len(new), len(old))
        changed = [index for index, (row, before) in enumerate(zip(new, old, strict=True)) if row != before]
        top = self.scroll_offset.y
        regions = [
            Region(0, index - top, self.size.width, 1) for index in changed if 0 <= index - top < self.size.height
        ]
        if regions:
            self.refresh(*regions)
        return len(regions)

    def export(self) -> str:
        """Return what stands in the rows as plain text."""
        return "\n".join("".join(text for text, _ in row).rstrip() for row in self._rows)

    def render_line(self, y: int) -> Strip:
        """Return row `y` of what is visible."""
        width, base = self.size.width, self.rich_style
        index = y + self.scroll_offset.y
        if index >= len(self._rows):
            return Strip.blank(width, base)
        segments: list[Segment] = []
        left = width
        for text, look in self._rows[index]:
            if cell_len(text) > left:
                text = set_cell_size(text, left - 1) + "…" if left > 0 else ""
            if text:
                segments.append(Segment(text, base + self.look(look)))
                left -= cell_len(text)
        if left > 0:
            segments.append(Segment(" " * left, base))
        return Strip(segments, width)

    def notify_style_update(self) -> None:
        """Take over the colours of a new theme."""
        super().notify_style_update()
        self.refresh()


def titled_row(title: str, right: Row, width: int) -> Row:
    """Return the top row of a run: its title, and `right` at the right edge."""
    room = width - sum(cell_len(text) for text, _ in right) - len(" gdtui  ")
    if room < 8:
        return right
    title = spelled(title)
    if cell_len(title) > room:
        title = set_cell_size(title, room - 1) + "…"
    return ((" gdtui ", "bold primary"), (f"{set_cell_size(title, room)} ", "foreground"), *right)


def wrapped_rows(text: str, look: str, width: int, height: int) -> list[Row]:
    """Return a text on as many rows as it needs but no more than `MAXIMUM_ROWS` or a sixth of the screen's height."""
    width, most = max(8, width), max(1, min(MAXIMUM_ROWS, height // 6))
    lines = [line.plain.rstrip() for line in Content(spelled(text)).wrap(width)] or [""]
    if len(lines) > most:
        lines = lines[:most]
        lines[-1] = set_cell_size(lines[-1], min(cell_len(lines[-1]), width - 2)).rstrip() + " …"
    return [((line, look),) for line in lines]
