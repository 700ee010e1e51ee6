"""A chart as characters and inks: furniture, grid, curves, the names at their ends, and the lines of live changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .axes import Limits, Tick, cell
from .cells import code_points, to_ascii
from .furniture import Furniture, furniture
from .glyphs import Glyphs
from .markers import LABEL_ROWS, Marker, marker_columns, marker_labels, narrowed
from .raster import DOTS_ACROSS, DOTS_DOWN, NOBODY, Canvas, Stroke, raster

BOX, TEXT, GRID, LINE, LABEL, ERROR, POINTER = range(7)
"""What a cell can be drawn with; the curves' own inks follow, in their order."""
FIRST_CURVE = 7
FEWEST_ROWS = 3
"""A canvas that is lower than this bears no names."""
_NO_DATA = "no steps yet"
_OUT_OF_SIGHT = "nothing here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A curve that is to be drawn."""

    stroke: Stroke
    key: str = ""
    """A letter at its end, where there are no colours to tell it by."""
    name: str = ""
    """What stands at its end, where it is one of several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A chart below its title row."""

    characters: NDArray[np.uint32]
    """(rows, columns): code points."""
    inks: NDArray[np.int16]
    """The same shape: what each is drawn with."""
    left: int
    """The canvas's first column."""
    top: int
    """The canvas's first row."""
    width: int
    """The canvas's columns."""
    height: int
    """The canvas's rows."""

    def with_pointer(self, column: int, glyphs: Glyphs) -> Picture:
        """Return the same picture with the line of the crosshair in this column of the canvas."""
        characters, inks = self.characters.copy(), self.inks.copy()
        place = slice(self.top, self.top + self.height), self.left + column
        blank = characters[place] == ord(" ")
        characters[place] = np.where(blank, ord("|" if glyphs == "ascii" else "│"), characters[place])
        inks[place] = POINTER
        return Picture(
            characters=characters, inks=inks, left=self.left, top=self.top, width=self.width, height=self.height
        )


def drawn(
    lines: Sequence[Line],
    size: tuple[int, int],
    limits: tuple[Limits, Limits],
    ticks: tuple[tuple[Tick, ...], tuple[Tick, ...]],
    markers: Sequence[Marker],
    *,
    glyphs: Glyphs,
    is_empty: bool,
) -> Picture:
    """Return the picture of `lines`, later ones on top.

    Args:
        lines: The curves.
        size: Columns and rows.
        limits: Of the horizontal and the vertical axis, in axis coordinates.
        ticks: Of both.
        markers: The live changes, at horizontal coordinates.
        glyphs: What the terminal can print.
        is_empty: Whether there are no samples at all yet.
    """
    (width, height), (xlim, ylim) = size, limits
    around = furniture(width, height, xlim, ylim, *ticks)
    canvas = raster([line.stroke for line in lines], around.width, around.height, xlim, ylim)
    bare, bare_inks = _furnished(around, width)
    characters, inks = bare.copy(), bare_inks.copy()
    inside = slice(around.top, around.top + around.height), slice(around.left, around.left + around.width)
    _draw_canvas(characters[inside], inks[inside], canvas, lines, glyphs)
    note = _NO_DATA if is_empty else "" if (canvas.owner != NOBODY).any() else _OUT_OF_SIGHT
    if note and around.height > 0 and around.width >= len(note) and not canvas.diverged.any():
        row, column = around.top + around.height // 2, around.left + (around.width - len(note)) // 2
        characters[row, column : column + len(note)] = code_points(note)
        inks[row, column : column + len(note)] = TEXT
    taken = _draw_markers(characters[inside], inks[inside], canvas, markers, xlim, glyphs)
    _draw_names(characters[inside], inks[inside], canvas, lines, limits, taken)
    if glyphs == "ascii":
        to_ascii(characters)
    return Picture(
        characters=characters,
        inks=inks,
        left=around.left,
        top=around.top,
        width=around.width,
        height=around.height,
    )


@lru_cache(maxsize=32)
def _furnished(around: Furniture, width: int) -> tuple[NDArray[np.uint32], NDArray[np.int16]]:
    """Return the characters and the inks of a chart without its curves, both (rows, columns); they are copied."""
    characters = code_points("".join(around.rows)).reshape(len(around.rows), width)
    inks = np.where((characters >= 0x2500) & (characters < 0x2580), BOX, TEXT).astype(np.int16)
    inside = slice(around.top, around.top + around.height), slice(around.left, around.left + around.width)
    canvas = characters[inside], inks[inside]
    for row in around.grid_rows:
        canvas[0][row, list(around.grid_columns)] = ord("·")
        canvas[1][row] = GRID
    return characters, inks


def extent(strokes: Sequence[Stroke], xlim: Limits) -> tuple[float, float]:
    """Return the least and the greatest height that any of `strokes` has within the window; (nan, nan) for none."""
    low, high = np.inf, -np.inf
    for each in strokes:
        # One entry beyond either side, as the line goes on to it.
        seen = slice(
            max(int(np.searchsorted(each.x, xlim[0])) - 1, 0), int(np.searchsorted(each.x, xlim[1], side="right")) + 1
        )
        low = min(low, float(np.fmin.reduce(each.low[seen], initial=np.inf)))
        high = max(high, float(np.fmax.reduce(each.high[seen], initial=-np.inf)))
    return (low, high) if low <= high else (np.nan, np.nan)


def label_rows(rows: int) -> int:
    """Return how many rows labels may take: on a low canvas a third at most, as the curves are what it is for."""
    return min(LABEL_ROWS, max(rows // 3, 1))


def _draw_canvas(
    characters: NDArray[np.uint32],
    inks: NDArray[np.int16],
    canvas: Canvas,
    lines: Sequence[Line],
    glyphs: Glyphs,
) -> None:
    """Draw the curves into these views of the picture."""
    lit = canvas.owner != NOBODY
    np.copyto(characters, canvas.characters(glyphs), where=lit)
    np.copyto(inks, canvas.owner + FIRST_CURVE, where=lit)
    for index, line in enumerate(lines):
        if not line.key:
            continue
        columns = np.flatnonzero((canvas.owner == index).any(axis=0))
        if columns.size:
            row = int(np.argmax(canvas.owner[:, columns[-1]] == index))
            characters[row, columns[-1]] = ord(line.key)


def _draw_names(
    characters: NDArray[np.uint32],
    inks: NDArray[np.int16],
    canvas: Canvas,
    lines: Sequence[Line],
    limits: tuple[Limits, Limits],
    taken: NDArray[np.bool_],
) -> None:
    """Write the names of the curves at their ends, where they hide the least.

    A name never stands nearer to the end of another curve than to that of its own, nor in a cell that is `taken`:
    rather than that it is left out.
    """
    rows, columns = characters.shape
    if rows < FEWEST_ROWS or not any(line.name for line in lines):
        return  # a name would hide the curve that it belongs to
    ends = {index: _end(line.stroke, rows, columns, limits) for index, line in enumerate(lines) if line.name}
    for index, end in ends.items():
        name = narrowed(lines[index].name)[: max(0, columns // 3)]
        if not name or end is None:
            continue
        own, column = end
        others = [other[0] for place, other in ends.items() if place != index and other is not None]
        start = column + 2 if column + 2 + len(name) <= columns else max(columns - len(name), 0)
        stop = start + len(name)
        best, least = -1, len(name) + 1.0
        for row in (own + distance for distance in (0, -1, 1, -2, 2, -3, 3)):
            if not 0 <= row < rows or taken[row, max(start - 1, 0) : stop + 1].any():
                continue
            if any(abs(row - other) < abs(row - own) for other in others):
                continue
            hidden = float(np.count_nonzero(canvas.owner[row, start:stop] != NOBODY)) + 0.1 * abs(row - own)
            if hidden < least:
                best, least = row, hidden
        if best >= 0:
            characters[best, start:stop] = code_points(name)
            inks[best, start:stop] = FIRST_CURVE + index
            taken[best, start:stop] = True


def _end(stroke: Stroke, rows: int, columns: int, limits: tuple[Limits, Limits]) -> tuple[int, int] | None:
    """Return the row and the column of the canvas where a curve ends, as far as it is seen; None where it is not."""
    (low, high), (bottom, top) = limits
    middle = stroke.low / 2.0 + stroke.high / 2.0
    seen = ((stroke.x >= low) & (stroke.x <= high) & (middle >= bottom) & (middle <= top)).nonzero()[0]
    if not seen.size:
        return None
    last = seen[-1]
    row = rows - 1 - cell(float(middle[last]), limits[1], rows, DOTS_DOWN)
    return row, cell(float(stroke.x[last]), limits[0], columns, DOTS_ACROSS)


def _draw_markers(
    characters: NDArray[np.uint32],
    inks: NDArray[np.int16],
    canvas: Canvas,
    markers: Sequence[Marker],
    xlim: Limits,
    glyphs: Glyphs,
) -> NDArray[np.bool_]:
    """Draw the lines and labels of the live changes, and the marks of divergence, into views of the picture.

    Return which cells nothing else may be written into.
    """
    rows, columns = characters.shape
    taken = np.zeros((rows, columns), np.bool_)
    if not rows or not columns:
        return taken
    places = marker_columns(markers, xlim, columns)
    characters[:, places] = ord("┊")
    inks[:, places] = LINE
    # The marks of divergence have the top row to themselves: a label must not hide the one thing that matters.
    diverged = bool(canvas.diverged.any())
    if diverged:
        characters[0, canvas.diverged] = canvas.characters(glyphs)[0, canvas.diverged]
        inks[0, canvas.diverged] = ERROR
        taken[0, canvas.diverged] = True
    room = min(label_rows(rows), rows - diverged)
    for label in marker_labels(markers, xlim, columns, room):
        row, stop = label.row + diverged, label.start + len(label.text)
        characters[row, label.start : stop] = code_points(label.text)
        inks[row, label.start : stop] = LABEL
        taken[row, label.start : stop] = True
    return taken
