"""A picture in cells, each with a character, an ink and a ground: only the cells that changed are sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual.color import Color, ColorParseError
from textual.strip import Strip
from textual.widget import Widget

from .changed_cells import Parts, changed_parts, every_part, regions_of
from .known_style import KnownStyle

PLAIN = 0
"""The ground of the widget itself, and the ink of its text."""


@dataclass(slots=True, eq=False, kw_only=True)
class Picture:
    """What stands in every cell, row 0 at the top: drawn into, layer by layer."""

    characters: NDArray[np.uint32]
    inks: NDArray[np.int16]
    grounds: NDArray[np.int16]

    @classmethod
    def blank(cls, width: int, height: int) -> Picture:
        """Return an empty picture."""
        shape = max(height, 0), max(width, 0)
        return cls(
            characters=np.full(shape, ord(" "), np.uint32),
            inks=np.full(shape, PLAIN, np.int16),
            grounds=np.full(shape, PLAIN, np.int16),
        )

    @property
    def width(self) -> int:
        """Its columns."""
        return int(self.characters.shape[1])

    @property
    def height(self) -> int:
        """Its rows."""
        return int(self.characters.shape[0])

    def part(self, left: int, top: int, width: int, height: int) -> Picture:
        """Return a part of it, as views."""
        rows, columns = slice(top, top + height), slice(left, left + width)
        return Picture(
            characters=self.characters[rows, columns],
            inks=self.inks[rows, columns],
            grounds=self.grounds[rows, columns],
        )

    def write(self, column: int, row: int, text: str, ink: int) -> None:
        """Write text of one cell a character; what has no room is left out."""
        if 0 <= row < self.height:
            for offset, character in enumerate(text):
                if 0 <= column + offset < self.width:
                    self.characters[row, column + offset] = ord(character)
                    self.inks[row, column + offset] = ink

    def copy(self) -> Picture:
        """Return a copy that shares nothing."""
        return Picture(characters=self.characters.copy(), inks=self.inks.copy(), grounds=self.grounds.copy())


@dataclass(slots=True, eq=False)
class Palette:
    """Styles by ink and ground, which are numbers from 0 on."""

    inks: tuple[Style, ...]
    """The foreground."""
    grounds: tuple[Style, ...]
    """The background."""
    _styles: dict[tuple[int, int], Style] = field(default_factory=dict)

    def style(self, ink: int, ground: int) -> Style:
        """Return the style of a cell."""
        style = self._styles.get((ink, ground))
        if style is None:
            style = self._styles[ink, ground] = self.grounds[ground] + self.inks[ink]
        return style


class CellPicture(KnownStyle, Widget):
    """A widget that shows a picture, and redraws of it the rows that changed."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    CellPicture { width: 1fr; height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name for it
        """Make an empty one."""
        super().__init__(id=id)
        self._picture: Picture | None = None
        self._palette: Palette | None = None
        self._strips: list[Strip] = []

    def paint(self, picture: Picture, palette: Palette) -> int:
        """Show this picture, of the widget's size, and return how many rows changed."""
        changes = self._changes(picture, palette)
        if len(self._strips) != picture.height:
            self._strips = [Strip([])] * picture.height
        self._picture, self._palette = picture, palette
        for row in changes:
            self._strips[row] = self._strip(row)
        if changes:
            self.refresh(*regions_of(changes))
        return len(changes)

    def export(self) -> str:
        """Return the picture as plain text without blanks at the ends of its rows."""
        if self._picture is None:
            return ""
        rows = (bytes(row.astype("<u4").tobytes()).decode("utf-32-le") for row in self._picture.characters)
        return "\n".join(row.rstrip() for row in rows)

    def render_line(self, y: int) -> Strip:
        """Return row `y` of the content."""
        if y >= len(self._strips):
            return Strip.blank(self.size.width, self.rich_style)
        return self._strips[y].adjust_cell_length(self.size.width, self.rich_style)

    def colour(self, name: str) -> Color:
        """Return the theme's colour of this name, in its variant for text if it has one, or one given by its digits."""
        variables = self.app.theme_variables
        try:
            return Color.parse(variables.get(f"text-{name}") or variables.get(name, name))
        except ColorParseError:
            return self.colors[3]

    def ink(self, name: str, *, softness: float = 0.0, bold: bool = False) -> Style:
        """Return a foreground: a colour of the theme, mixed with the background by `softness` from 0 to 1."""
        colour, background = self.colour(name), self.background_colors[1]
        if colour.ansi is not None or background.ansi is not None:
            # The terminal's own colours cannot be mixed.
            return Style(color=colour.rich_color, bold=bold, dim=softness >= 0.3)
        return Style(color=(background + colour).blend(background, softness).rich_color, bold=bold)

    @property
    def ground(self) -> Style:
        """The background of the widget."""
        return Style(bgcolor=self.background_colors[1].rich_color)

    def _changes(self, picture: Picture, palette: Palette) -> Parts:
        """Return what will look different."""
        before = self._picture
        if before is None or palette is not self._palette or before.characters.shape != picture.characters.shape:
            return every_part(picture.height, picture.width)
        changed = picture.characters != before.characters
        changed |= picture.inks != before.inks
        changed |= picture.grounds != before.grounds
        return changed_parts(changed)

    def _strip(self, row: int) -> Strip:
        assert self._picture is not None, "a strip is made of a picture"
        assert self._palette is not None, "and of a palette"
        inks, grounds = self._picture.inks[row], self._picture.grounds[row]
        text = self._picture.characters[row].astype("<u4").tobytes().decode("utf-32-le")
        cuts = np.flatnonzero((np.diff(inks) != 0) | (np.diff(grounds) != 0)) + 1
        segments = [
            Segment(text[start:stop], self._palette.style(int(inks[start]), int(grounds[start])))
            for start, stop in pairwise([0, *cuts.tolist(), len(text)])
            if stop > start
        ]
        return Strip(segments, self._picture.width)
