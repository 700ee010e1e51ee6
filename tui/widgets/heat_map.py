"""A matrix as a picture: two entries a cell in colours, or one in characters where there are none."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, set_cell_size
from textual.color import Color
from textual.events import Leave, MouseMove, Resize

from ..charts.axes import compact
from ..charts.cells import NONE, PLAIN, Cells, code_points
from ..charts.heat import BROKEN, LEVELS, MIDDLE, NOTHING, RISING, SIGNED, Heat, Scale, Thermometer
from .picture import Picture

LARGEST_ENTRY = 12
"""Cells across that one entry takes at most."""


class HeatMap(Picture):
    """A matrix with a title above and a legend below."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        """Make an empty picture."""
        super().__init__(id=id)
        self._title, self._words = "", ""
        self._matrix: NDArray[Any] | None = None
        self._shape = (1, 1)
        self._scale: Scale = "linear"
        self._now = 0.0
        self._thermometer = Thermometer()
        self._heat: Heat | None = None
        self._hovered: tuple[int, int] | None = None
        self._ramps: dict[bool, list[str]] = {}
        """The colours of the levels, of those with both signs and of the others."""

    # ---- what is shown

    @property
    def most(self) -> tuple[int, int]:
        """How many rows and columns of entries there is room for; at least one."""
        width, height = self.size
        return max(1, (height - 2) * (1 if self.is_plain else 2)), max(1, width)

    def show(self, cells: NDArray[Any], scale: Scale, title: str, shape: tuple[int, int], now: float) -> int:
        """Show a matrix and return how many rows changed.

        Args:
            cells: (rows, columns), no more than `most`.
            scale: How values become levels.
            title: Stands above.
            shape: The rows and columns that `cells` stand for.
            now: Monotonic seconds.
        """
        is_known = cells is self._matrix and (scale, title, shape) == (self._scale, self._title, self._shape)
        if is_known and not self._thermometer.waiting:
            return 0
        self._words = ""
        self._matrix, self._scale, self._title, self._shape, self._now = cells, scale, title, shape, now
        return self._redraw()

    def say(self, words: str, title: str = "") -> int:
        """Show words instead of a picture and return how many rows changed."""
        self._matrix, self._heat, self._words, self._title = None, None, words, title
        return self._redraw()

    def on_resize(self, event: Resize) -> None:
        """Draw for the new size without waiting for the clock."""
        self._redraw()

    def on_mouse_move(self, event: MouseMove) -> None:
        """Say the value under the mouse."""
        self._hovered = (event.y, event.x)
        self._redraw()

    def on_leave(self, event: Leave) -> None:
        """Say it no longer."""
        self._hovered = None
        self._redraw()

    def notify_style_update(self) -> None:
        """Take over the colours of a new theme."""
        super().notify_style_update()
        self._ramps = {}
        self._redraw()

    # ---- drawing

    def _redraw(self) -> int:
        width, height = self.size
        if not self.is_attached or not width or not height:
            return 0
        cells = Cells(width, height)
        title = self._title if cell_len(self._title) <= width else set_cell_size(self._title, width - 1) + "…"
        cells.write(0, 0, title, cells.ink("primary", bold=True))
        middle = cells.part(0, 1, width, max(0, height - 2))
        if self._words:
            middle.say(self._words)
        elif self._matrix is not None and self._matrix.size:
            self._heat = self._thermometer.read(self._matrix, self._scale, self._now)
            self._draw_levels(middle, self._heat)
            if height > 1:
                self._draw_legend(cells, self._heat)
        return self.paint(cells)

    def _draw_levels(self, middle: Cells, heat: Heat) -> None:
        plain = self.is_plain
        tall, wide = self._zoom(*heat.levels.shape)
        enlarged = np.repeat(np.repeat(heat.levels, tall, axis=0), wide, axis=1)
        picture = np.full((middle.height * (1 if plain else 2), middle.width), NOTHING, np.int16)
        enlarged = enlarged[: picture.shape[0], : picture.shape[1]]
        picture[: enlarged.shape[0], : enlarged.shape[1]] = enlarged
        if plain:
            middle.characters[:] = code_points(f" !{SIGNED if heat.is_signed else RISING}")[picture - NOTHING]
            return
        inks = np.array([NONE, NONE, *map(middle.ink, self._ramp(heat))], np.int16)
        middle.pixels(0, 0, inks[picture - NOTHING], None)
        broken = (picture[0::2] == BROKEN) | (picture[1::2] == BROKEN)
        middle.characters[broken] = ord("!")
        middle.front[broken], middle.back[broken] = middle.ink("error", bold=True), NONE

    def _zoom(self, rows: int, columns: int) -> tuple[int, int]:
        """Return how many half rows (rows, in characters) and columns one entry takes: nearly a square, if it can."""
        most_rows, most_columns = self.most
        tall, wide = max(1, most_rows // rows), max(1, most_columns // columns)
        if self.is_plain:
            # A character is twice as high as it is wide.
            return min(tall, max(1, wide // 2), LARGEST_ENTRY // 2), min(wide, max(1, tall * 2), LARGEST_ENTRY)
        return min(tall, wide, LARGEST_ENTRY), min(wide, 2 * tall, LARGEST_ENTRY)

    def _ramp(self, heat: Heat) -> list[str]:
        """Return the colours of the levels."""
        colours = self._ramps.get(heat.is_signed)
        if colours is None:
            level = self._signed_colour if heat.is_signed else self._rising_colour
            colours = self._ramps[heat.is_signed] = [level(number).hex for number in range(LEVELS)]
        return colours

    def _signed_colour(self, level: int) -> Color:
        hue = self.colour("primary" if level > MIDDLE else "accent")
        nothing = self.background_colors[1].blend(self.colour("foreground"), 0.08)
        return nothing.blend(hue, abs(level - MIDDLE) / MIDDLE)

    def _rising_colour(self, level: int) -> Color:
        share, hue = level / (LEVELS - 1), self.colour("primary")
        if share <= 0.6:
            return self.background_colors[1].blend(hue, 0.12).blend(hue, share / 0.6)
        return hue.blend(self.colour("foreground"), (share - 0.6) / 0.4)

    # ---- words

    def _draw_legend(self, cells: Cells, heat: Heat) -> None:
        low, middle, high = heat.labels
        signs = SIGNED if heat.is_signed else RISING
        wide = 2 if cells.width >= 18 + len(low) + len(high) + 2 else 1
        spans = [(f"{low} ", PLAIN)]
        if self.is_plain:
            spans += [(sign * wide, PLAIN) for sign in signs]
        else:
            spans += [("█" * wide, cells.ink(colour)) for colour in self._ramp(heat)]
        value = self._under_the_mouse()
        tail = f"   {value}" if value else "" if heat.is_signed else f"   middle {middle}"
        used = sum(len(part) for part, _ in spans) + 1 + len(high)
        spans += [(f" {high}", PLAIN), (tail if value or used + len(tail) <= cells.width else "", PLAIN)]
        column = 0
        for part, ink in spans:
            cells.write(cells.height - 1, column, part, ink)
            column += len(part)

    def _under_the_mouse(self) -> str:
        """Return which entries the mouse is on, and their value; nothing where it is on none."""
        if self._hovered is None or self._matrix is None:
            return ""
        y, x = self._hovered
        rows, columns = self._matrix.shape
        tall, wide = self._zoom(rows, columns)
        row, column = (y - 1) * (1 if self.is_plain else 2) // tall, x // wide
        if not (0 <= row < rows and 0 <= column < columns and y >= 1):
            return ""
        places = [
            _numbers(at, count, size)
            for at, count, size in zip((row, column), (rows, columns), self._shape, strict=True)
        ]
        return f"row {places[0]}, column {places[1]}: {compact(float(self._matrix[row, column]))}"


def _numbers(cell: int, cells: int, entries: int) -> str:
    """Return the entries, counted from 1, that one of so many cells stands for."""
    first, last = cell * entries // cells + 1, (cell + 1) * entries // cells
    return f"{first}" if first >= last else f"{first}–{last}"
