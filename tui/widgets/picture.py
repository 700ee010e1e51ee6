"""A picture made of cells, of which only the rows that changed are drawn again."""

from __future__ import annotations

import contextlib

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual.color import Color, ColorParseError
from textual.strip import Strip
from textual.widget import Widget

from ..charts.cells import NONE, Cells, Ink
from ..charts.glyphs import suitable_glyphs
from .changed_cells import changed_parts, regions_of
from .known_style import KnownStyle


class Picture(KnownStyle, Widget):
    """Shows the cells that it was told last."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Picture { width: 1fr; height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name for it
        """Begin with nothing."""
        super().__init__(id=id)
        self._cells = Cells(0, 0)
        self._strips: list[Strip] = []
        self._inks: dict[Ink, int] = {}
        """The numbers that inks have here, whatever their order in a picture."""
        self._front = self._back = np.zeros((0, 0), np.int16)
        """(rows, columns): what is in the cells by these numbers."""
        self._styles: dict[tuple[int, int], Style] = {}

    def paint(self, cells: Cells) -> int:
        """Show these cells, which nobody changes any more, and return how many rows changed."""
        before = self._cells, self._front, self._back
        self._cells = cells
        numbers = np.array([*(self._inks.setdefault(ink, len(self._inks)) for ink in cells.inks), NONE], np.int16)
        # `NONE` is the last of them by its own number.
        self._front, self._back = numbers[cells.front], numbers[cells.back]
        if before[0].characters.shape == cells.characters.shape and len(self._strips) == cells.height:
            changed = before[0].characters != cells.characters
            changed |= before[1] != self._front
            changed |= before[2] != self._back
        else:
            self._strips = [Strip.blank(cells.width)] * cells.height
            changed = np.ones(cells.characters.shape, np.bool_)
        parts = changed_parts(changed)
        for row in parts:
            self._strips[row] = self._strip(row)
            if _marks(cells.characters[row]):
                # What stands behind a mark is not where it is counted.
                parts[row] = [(0, cells.width)]
        if parts:
            self.refresh(*regions_of(parts))
        return len(parts)

    def export(self) -> str:
        """Return what stands in the cells as plain text."""
        return self._cells.text()

    def render_line(self, y: int) -> Strip:
        """Return row `y` of the content."""
        if y >= len(self._strips):
            return Strip.blank(self.size.width, self.rich_style)
        return self._strips[y].adjust_cell_length(self.size.width, self.rich_style)

    def notify_style_update(self) -> None:
        """Take over the colours of a new theme."""
        super().notify_style_update()
        self._styles = {}
        if self.is_attached and self._cells.width:
            self._strips = [self._strip(row) for row in range(self._cells.height)]
            self.refresh()

    @property
    def is_plain(self) -> bool:
        """Whether pixels are characters: there are no colours, or none that can be mixed, or no half blocks."""
        return self.app.no_color or self.background_colors[1].ansi is not None or suitable_glyphs() == "ascii"

    def colour(self, name: str) -> Color:
        """Return a colour by its name in the theme or by its digits; "text-…" only where the theme has it."""
        variables, own = self.app.theme_variables, name.removeprefix("text-")
        with contextlib.suppress(ColorParseError):
            return Color.parse(variables.get(name) or variables.get(own, own))
        return self.colors[3]

    def _strip(self, row: int) -> Strip:
        front, back = self._front[row], self._back[row]
        text = self._cells.characters[row].astype("<u4").tobytes().decode("utf-32-le")
        cuts = [0, *(np.flatnonzero((np.diff(front) != 0) | (np.diff(back) != 0)) + 1).tolist(), len(text)]
        fronts, backs, styles = front[cuts[:-1]].tolist(), back[cuts[:-1]].tolist(), self._styles
        segments = [
            Segment(text[start:stop], styles.get(key) or self._style(*key))
            for start, stop, key in zip(cuts, cuts[1:], zip(fronts, backs, strict=True), strict=False)
        ]
        # A mark over a letter, as in v̂, takes no cell: the row would end before its edge, and leave there what was.
        if missing := _marks(self._cells.characters[row]):
            segments.append(Segment(" " * missing, segments[-1].style))
        return Strip(segments, self._cells.width)

    def _style(self, front: int, back: int) -> Style:
        inks = list(self._inks)
        ink, background = inks[front], self.background_colors[1]
        colour = self._mixed(ink, background)
        behind = background if back == NONE else self._mixed(inks[back], background)
        # The terminal's own colours cannot be mixed.
        dim = colour.ansi is not None and ink.softness >= 0.3
        style = Style(color=colour.rich_color, bgcolor=behind.rich_color, bold=ink.bold, dim=dim)
        self._styles[front, back] = style
        return style

    def _mixed(self, ink: Ink, background: Color) -> Color:
        colour = self.colour(ink.name)
        if colour.ansi is not None or background.ansi is not None:
            return background if ink.softness >= 0.8 else colour
        return (background + colour).blend(background, ink.softness)


def _marks(characters: NDArray[np.uint32]) -> int:
    """Return how many of these code points are marks over the one before."""
    return int(np.count_nonzero((characters >= 0x300) & (characters < 0x370)))
