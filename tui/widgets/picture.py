"""A picture made of cells, of which only the rows that changed are drawn again."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual.color import Color, ColorParseError
from textual.strip import Strip
from textual.widget import Widget

from ..charts.cells import NONE, Cells, Ink
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
        self._styles: dict[tuple[Ink, Ink | None], Style] = {}

    def show(self, cells: Cells) -> int:
        """Show these cells and return how many rows changed."""
        before, self._cells = self._cells, cells
        common = min(len(before.inks), len(cells.inks))
        if (
            before.characters.shape == cells.characters.shape
            and before.inks[:common] == cells.inks[:common]
            and len(self._strips) == cells.height
        ):
            changed = (before.characters != cells.characters) | (before.front != cells.front)
            changed |= before.back != cells.back
        else:
            self._strips = [Strip.blank(cells.width)] * cells.height
            changed = np.ones(cells.characters.shape, np.bool_)
        parts = changed_parts(changed)
        for row in parts:
            self._strips[row] = self._strip(row)
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
        if self.is_attached:
            self._strips = [self._strip(row) for row in range(self._cells.height)]
            self.refresh()

    def _strip(self, row: int) -> Strip:
        cells = self._cells
        front, back = cells.front[row], cells.back[row]
        text = cells.characters[row].astype("<u4").tobytes().decode("utf-32-le")
        cuts = [0, *(np.flatnonzero((np.diff(front) != 0) | (np.diff(back) != 0)) + 1).tolist(), len(text)]
        return Strip(
            [
                Segment(text[start:stop], self._style(int(front[start]), int(back[start])))
                for start, stop in pairwise(cuts)
                if stop > start
            ],
            cells.width,
        )

    def _style(self, front: int, back: int) -> Style:
        inks = self._cells.inks
        key = inks[front], None if back == NONE else inks[back]
        style = self._styles.get(key)
        if style is None:
            background = self.background_colors[1]
            colour = self._colour(key[0], background)
            behind = background if key[1] is None else self._colour(key[1], background)
            # The terminal's own colours cannot be mixed.
            dim = colour.ansi is not None and key[0].softness >= 0.3
            style = Style(color=colour.rich_color, bgcolor=behind.rich_color, bold=key[0].bold, dim=dim)
            self._styles[key] = style
        return style

    def _colour(self, ink: Ink, background: Color) -> Color:
        variables = self.app.theme_variables
        try:
            colour = Color.parse(variables.get(ink.name, ink.name))
        except ColorParseError:
            colour = self.colors[3]
        if colour.ansi is not None or background.ansi is not None:
            return background if ink.softness >= 0.8 else colour
        return (background + colour).blend(background, ink.softness)
