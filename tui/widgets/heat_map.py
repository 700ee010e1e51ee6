"""A matrix as a picture: two entries a cell in colours, or one in characters where there are none."""

from __future__ import annotations

import contextlib
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.color import Color, ColorParseError
from textual.events import Leave, MouseMove, Resize
from textual.strip import Strip
from textual.widget import Widget

from ..charts.axes import compact
from ..charts.heat import BROKEN, LEVELS, MIDDLE, NOTHING, RISING, SIGNED, Heat, Scale, Thermometer
from ..charts.raster import suitable_glyphs
from .changed_cells import changed_parts, regions_of
from .known_style import KnownStyle

LARGEST_ENTRY = 12
"""Cells across that one entry takes at most."""
_IN_CHARACTERS, _WITH_SIGN = 256, 512
"""What is added to the code of a cell: the same levels look different then."""


class HeatMap(KnownStyle, Widget):
    """A picture with a title above and a legend below, which redraws only the rows that changed."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    HeatMap { width: 1fr; height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        """Make an empty picture."""
        super().__init__(id=id)
        self._title, self._words = "", ""
        self._cells: NDArray[Any] | None = None
        self._shape = (1, 1)
        self._scale: Scale = "linear"
        self._now = 0.0
        self._thermometer = Thermometer()
        self._heat: Heat | None = None
        self._hovered: tuple[int, int] | None = None
        self._codes: NDArray[np.int16] | None = None
        """(rows, columns): what stands in each cell of the picture; see `_coded`."""
        self._strips: list[Strip] = []
        self._texts: list[str] = []
        self._styles: dict[int, Style] = {}

    # ---- what is shown

    @property
    def is_plain(self) -> bool:
        """Whether levels are characters: without colours, with those that cannot be mixed, or without half blocks."""
        own = self.background_colors[1]
        return self.app.no_color or own.ansi is not None or suitable_glyphs() == "ascii"

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
        if cells is self._cells and (scale, title, shape) == (self._scale, self._title, self._shape):
            return 0
        if self._words:
            self._words, self._codes = "", None
        self._cells, self._scale, self._title, self._shape, self._now = cells, scale, title, shape, now
        return self._redraw()

    def say(self, words: str, title: str = "") -> int:
        """Show words instead of a picture and return how many rows changed."""
        if words != self._words:
            self._codes = None
        self._cells, self._heat, self._words, self._title = None, None, words, title
        return self._redraw()

    def export(self) -> str:
        """Return what stands there as plain text."""
        return "\n".join(text.rstrip() for text in self._texts)

    def render_line(self, y: int) -> Strip:
        """Return row `y` of the content."""
        if y >= len(self._strips):
            return Strip.blank(self.size.width, self.rich_style)
        return self._strips[y].adjust_cell_length(self.size.width, self.rich_style)

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
        self._styles, self._codes = {}, None
        self._redraw()

    # ---- drawing

    def _redraw(self) -> int:
        width, height = self.size
        if not self.is_attached or not width or not height:
            return 0
        room = max(0, height - 2)
        codes = self._coded(width, room)
        strips = [Strip([])] * height if len(self._strips) != height else self._strips
        texts = [""] * height if len(self._texts) != height else self._texts
        before = self._codes if len(self._strips) == height else None
        fresh = before is None or before.shape != codes.shape
        changed = np.ones(codes.shape, np.bool_) if before is None or fresh else codes != before
        self._strips, self._texts, self._codes = strips, texts, codes
        parts = changed_parts(changed, top=1)
        for row in parts:
            strips[row], texts[row] = self._strip(codes[row - 1])
        words = self._word_rows(room, width) if self._words else {}
        around = {0: self._title_spans(), **({height - 1: self._legend()} if height > 1 and not words else {}), **words}
        if height > 1 and height - 1 not in around:
            around[height - 1] = []
        for row, spans in around.items():
            text = "".join(part for part, _ in spans)
            strip = Strip([Segment(part, style) for part, style in spans]).crop(0, width)
            if strip != strips[row]:
                strips[row], texts[row] = strip, text
                parts[row] = [(0, width)]
        if parts:
            self.refresh(*regions_of(parts))
        return len(parts)

    def _coded(self, width: int, room: int) -> NDArray[np.int16]:
        """Return what stands in each cell: the upper level times 16 plus the lower one, both counted from `NOTHING`."""
        plain = self.is_plain
        picture = np.full((room * (1 if plain else 2), width), NOTHING, np.int16)
        if self._cells is not None and self._cells.size and picture.size:
            self._heat = self._thermometer.read(self._cells, self._scale, self._now)
            tall, wide = self._zoom(*self._cells.shape)
            enlarged = np.repeat(np.repeat(self._heat.levels, tall, axis=0), wide, axis=1)
            enlarged = enlarged[: len(picture), :width]
            picture[: enlarged.shape[0], : enlarged.shape[1]] = enlarged
        upper, lower = (picture, picture) if plain else (picture[0::2], picture[1::2])
        signed = self._heat is not None and self._heat.is_signed
        kind = (_IN_CHARACTERS if plain else 0) + (_WITH_SIGN if signed else 0)
        return ((upper - NOTHING) * 16 + (lower - NOTHING) + kind).astype(np.int16)

    def _zoom(self, rows: int, columns: int) -> tuple[int, int]:
        """Return how many half rows (rows, in characters) and columns one entry takes: nearly a square, if it can."""
        most_rows, most_columns = self.most
        tall, wide = max(1, most_rows // rows), max(1, most_columns // columns)
        if self.is_plain:
            # A character is twice as high as it is wide.
            return min(tall, max(1, wide // 2), LARGEST_ENTRY // 2), min(wide, max(1, tall * 2), LARGEST_ENTRY)
        return min(tall, wide, LARGEST_ENTRY), min(wide, 2 * tall, LARGEST_ENTRY)

    def _strip(self, codes: NDArray[np.int16]) -> tuple[Strip, str]:
        cuts = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), codes.size]
        segments, texts = [], []
        for start, stop in pairwise(cuts):
            character, style = self._cell(int(codes[start]))
            texts.append(character * (stop - start))
            segments.append(Segment(texts[-1], style))
        return Strip(segments, codes.size), "".join(texts)

    def _cell(self, code: int) -> tuple[str, Style]:
        upper, lower = code % 256 // 16 + NOTHING, code % 16 + NOTHING
        if code & _IN_CHARACTERS:
            signs = SIGNED if code & _WITH_SIGN else RISING
            return " " if upper == NOTHING else "!" if upper == BROKEN else signs[upper], self.rich_style
        if BROKEN in (upper, lower):
            return "!", self._style_of("error") + Style(bold=True)
        if upper == lower == NOTHING:
            return " ", self.rich_style
        style = self._styles.get(code)
        if style is None:
            style = Style(color=self._colour(upper).rich_color, bgcolor=self._colour(lower).rich_color)
            self._styles[code] = style
        return "▀", style

    def _colour(self, level: int) -> Color:
        background = self.background_colors[1]
        if level == NOTHING:
            return background
        if self._heat is not None and self._heat.is_signed:
            far = abs(level - MIDDLE) / MIDDLE
            hue = self._named("primary" if level > MIDDLE else "accent")
            return background.blend(self._named("foreground"), 0.08).blend(hue, far)
        share = level / (LEVELS - 1)
        least = background.blend(self._named("primary"), 0.12)
        if share <= 0.6:
            return least.blend(self._named("primary"), share / 0.6)
        return self._named("primary").blend(self._named("foreground"), (share - 0.6) / 0.4)

    def _named(self, name: str) -> Color:
        with contextlib.suppress(ColorParseError):
            return Color.parse(self.app.theme_variables.get(name, name))
        return self.colors[3]

    def _style_of(self, name: str) -> Style:
        return Style(color=self._named(name).rich_color, bgcolor=self.background_colors[1].rich_color)

    # ---- words

    def _title_spans(self) -> list[tuple[str, Style]]:
        width = self.size.width
        title = self._title if cell_len(self._title) <= width else set_cell_size(self._title, width - 1) + "…"
        return [(title, self._style_of("primary") + Style(bold=True))]

    def _word_rows(self, room: int, width: int) -> dict[int, list[tuple[str, Style]]]:
        """Return words in the middle, on as many rows as they need."""
        lines: list[str] = []
        for word in self._words.split():
            if lines and cell_len(lines[-1]) + 1 + cell_len(word) <= width - 2:
                lines[-1] += f" {word}"
            else:
                lines.append(word)
        lines = lines[:room]
        first = 1 + max(0, (room - len(lines)) // 2)
        style = self._style_of("foreground")
        return {first + row: [(line.center(width), style)] for row, line in enumerate(lines)}

    def _legend(self) -> list[tuple[str, Style]]:
        heat, text = self._heat, self._style_of("foreground")
        if heat is None:
            return []
        low, middle, high = heat.labels
        signs = SIGNED if heat.is_signed else RISING
        cells = 2 if self.size.width >= 18 + len(low) + len(high) + 2 else 1
        spans = [(f"{low} ", text)]
        for level in range(LEVELS):
            if self.is_plain:
                spans.append((signs[level] * cells, text))
            else:
                spans.append(("█" * cells, Style(color=self._colour(level).rich_color)))
        value = self._under_the_mouse()
        tail = f"   {value}" if value else "" if heat.is_signed else f"   middle {middle}"
        used = sum(cell_len(part) for part, _ in spans) + 1 + cell_len(high)
        return [*spans, (f" {high}", text), (tail if value or used + cell_len(tail) <= self.size.width else "", text)]

    def _under_the_mouse(self) -> str:
        """Return which entries the mouse is on, and their value; nothing where it is on none."""
        if self._hovered is None or self._cells is None:
            return ""
        y, x = self._hovered
        rows, columns = self._cells.shape
        tall, wide = self._zoom(rows, columns)
        row, column = (y - 1) * (1 if self.is_plain else 2) // tall, x // wide
        if not (0 <= row < rows and 0 <= column < columns and y >= 1):
            return ""
        places = [
            _numbers(at, count, size)
            for at, count, size in zip((row, column), (rows, columns), self._shape, strict=True)
        ]
        return f"row {places[0]}, column {places[1]}: {compact(float(self._cells[row, column]))}"


def _numbers(cell: int, cells: int, entries: int) -> str:
    """Return the entries, counted from 1, that one of so many cells stands for."""
    first, last = cell * entries // cells + 1, (cell + 1) * entries // cells
    return f"{first}" if first >= last else f"{first}–{last}"
