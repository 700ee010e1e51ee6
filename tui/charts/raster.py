"""Curves to cells: which dots of the canvas are lit, and which curve owns each cell.

A cell belongs to one curve, the last that touches it: colours are never mixed, so that every cell can be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .axes import SLACK, Limits, fractions
from .glyphs import Glyphs
from .history import Envelope, Vector

Shape = Literal["envelope", "line"]

DOTS_ACROSS, DOTS_DOWN = 2, 4
"""The dots of one braille cell."""
NOBODY = -1
"""The owner of a cell that no curve touches."""
DIVERGED = "×"

# Bit 2^k of a code is this dot of the cell, counted along its rows: the order of the Unicode block from U+2800 on.
_DOT_OF_BIT = (0, 2, 4, 1, 3, 5, 6, 7)
_CODE_OF_DOT = (1 << np.argsort(_DOT_OF_BIT)).astype(np.uint8)
# The same for two columns of dots as four bits each, the lowest dot first and the left column in the lower bits.
_DOT_IN_COLUMNS = (6, 4, 2, 0, 7, 5, 3, 1)
_CODE_OF_COLUMNS = np.array(
    [sum(int(_CODE_OF_DOT[dot]) for bit, dot in enumerate(_DOT_IN_COLUMNS) if bits >> bit & 1) for bits in range(256)],
    np.uint8,
)
_COLUMN = np.uint8(0b1111)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One curve in axis coordinates; all arrays are (entries,), and nan in `low` is a gap."""

    x: Vector
    low: Vector
    high: Vector
    broken: NDArray[np.bool_]
    """Whether the curve was nan or infinite there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """A drawn picture, row 0 at the top."""

    codes: NDArray[np.uint8]
    """(rows, columns): the eight dots of each cell, as in Unicode's braille block."""
    owner: NDArray[np.int16]
    """(rows, columns): the index of the curve that owns the cell, or `NOBODY`."""
    diverged: NDArray[np.bool_]
    """(columns,): whether a curve was nan or infinite there."""

    def characters(self, glyphs: Glyphs = "braille") -> NDArray[np.uint32]:
        """Return the code points to print, (rows, columns), with the marks of divergence in the top row."""
        points = characters_of(self.codes, glyphs)
        if points.shape[0]:
            points[0, self.diverged] = ord("x" if glyphs == "ascii" else DIVERGED)
        return points

    def rows(self, glyphs: Glyphs = "braille") -> list[str]:
        """Return the picture as text, one string a row."""
        return ["".join(map(chr, row)) for row in self.characters(glyphs)]


def stroke(envelope: Envelope, shape: Shape, *, log_y: bool) -> Stroke:
    """Return what is to be drawn of `envelope`: its extent, or the line of its means.

    On a logarithmic axis what is not above 0 is left out, and is a gap where nothing else is there.
    """
    low, high = (envelope.mean, envelope.mean) if shape == "line" else (envelope.low, envelope.high)
    if log_y:
        if shape == "envelope":
            low = envelope.positive
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = (np.where(values > 0.0, np.log10(values), np.nan) for values in (low, high))
    return Stroke(x=envelope.x, low=low, high=high, broken=envelope.broken)


def raster(strokes: Sequence[Stroke], width: int, height: int, xlim: Limits, ylim: Limits) -> Canvas:
    """Return the picture of `strokes`, later ones on top, on `width` x `height` cells.

    Within a column a curve covers the vertical extent of its entries; neighbouring columns are joined, and a gap
    stays a gap. What lies outside the limits is cut off.
    """
    width, height = max(width, 0), max(height, 0)
    codes = np.zeros((height, width), dtype=np.uint8)
    owner = np.full((height, width), NOBODY, dtype=np.int16)
    diverged = np.zeros(width, dtype=np.bool_)
    if width and height:
        for index, curve in enumerate(strokes):
            place = fractions(curve.x, xlim) * (width * DOTS_ACROSS - 1)
            if curve.broken.any():
                broken = np.rint(place[curve.broken & (place > -0.5) & (place < width * DOTS_ACROSS - 0.5)])
                diverged[broken.astype(np.intp) // DOTS_ACROSS] = True
            code = _codes(*_rows(*_extents(place, curve, width * DOTS_ACROSS, height * DOTS_DOWN, ylim)), height)
            touched = code != 0
            np.copyto(codes, code, where=touched)
            owner[touched] = index
    return Canvas(codes=codes, owner=owner, diverged=diverged)


def codes_at(columns: NDArray[np.intp], rows: NDArray[np.intp], width: int, height: int) -> NDArray[np.uint8]:
    """Return the code of every cell, (height, width), where these dots are lit, counted from the left and the top."""
    codes = np.zeros(height * width, np.uint8)
    dot = rows % DOTS_DOWN * DOTS_ACROSS + columns % DOTS_ACROSS
    np.bitwise_or.at(codes, rows // DOTS_DOWN * width + columns // DOTS_ACROSS, _CODE_OF_DOT[dot])
    return codes.reshape(height, width)


def characters_of(codes: NDArray[np.uint8], glyphs: Glyphs) -> NDArray[np.uint32]:
    """Return the code points to print for codes, the same shape."""
    return _GLYPHS[glyphs][codes]


def _extents(place: Vector, curve: Stroke, columns: int, rows: int, ylim: Limits) -> tuple[Vector, Vector]:
    """Return between which rows of dots, not yet rounded, the curve runs in each column of dots; nan where nowhere.

    `place` is the column of each entry, not yet rounded.
    """
    is_line = curve.low is curve.high
    kept = np.isfinite(curve.low)
    if not is_line:
        kept &= np.isfinite(curve.high)
    is_whole = bool(kept.all())
    low = _levels(curve.low if is_whole else curve.low[kept], rows, ylim)
    high = low if is_line else _levels(curve.high if is_whole else curve.high[kept], rows, ylim)
    place = place if is_whole else place[kept]
    bottom, top = np.full(columns, np.nan), np.full(columns, np.nan)
    if place.size == 0:
        return bottom, top
    column = np.minimum(np.maximum(np.rint(place), -1.0), columns).astype(np.intp)
    after = column.searchsorted(np.arange(columns), side="right")
    linked = (after > 0) & (after < place.size)
    if not is_whole:
        # Entries with a gap between them get different numbers.
        part = np.cumsum(~kept)[kept]
        linked[linked] = part[after[linked] - 1] == part[after[linked]]
    inner = linked.nonzero()[0]
    bottom[inner] = np.interp(inner, place, low)
    top[inner] = bottom[inner] if is_line else np.interp(inner, place, high)
    first = np.ones(column.size, np.bool_)
    np.not_equal(column[1:], column[:-1], out=first[1:])
    starts = first.nonzero()[0]
    filled = column[starts]
    inside = (filled >= 0) & (filled < columns)
    bottom[filled[inside]] = np.minimum.reduceat(low, starts)[inside]
    top[filled[inside]] = np.maximum.reduceat(high, starts)[inside]
    return _joined(bottom, top, linked[:-1])


def _levels(values: Vector, rows: int, ylim: Limits) -> Vector:
    """Return on which row of dots each of `values` lies, counted from the bottom and not yet rounded."""
    return np.asarray(np.minimum(np.maximum(fractions(values, ylim), -2.0), 3.0) * (rows - 1))


def _joined(bottom: Vector, top: Vector, linked: NDArray[np.bool_]) -> tuple[Vector, Vector]:
    """Return the extents, grown so that each column meets its right neighbour half-way where they are `linked`."""
    low, high = bottom.copy(), top.copy()
    rises, falls = linked & (bottom[1:] > top[:-1]), linked & (top[1:] < bottom[:-1])
    up, down = (top[:-1] + bottom[1:]) / 2.0, (bottom[:-1] + top[1:]) / 2.0
    high[:-1][rises], low[1:][rises] = up[rises], up[rises]
    low[:-1][falls] = np.minimum(low[:-1], down)[falls]
    high[1:][falls] = np.maximum(high[1:], down)[falls]
    return low, high


def _rows(low: Vector, high: Vector) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Return the first and the last row of dots, counted from the bottom, that an extent lights in each column.

    Those whose centres lie within it; between two centres, the nearer one. So a line is one dot thick.
    """
    empty = np.isnan(low)
    # The slack keeps a level curve level where rounding puts its entries now above, now below half a dot.
    bottom, top = np.ceil(low - SLACK), np.floor(high + SLACK)
    thin = bottom > top
    if thin.any():
        nearest = np.floor((low + high) / 2.0 + 0.5 + SLACK)
        np.copyto(bottom, nearest, where=thin)
        np.copyto(top, nearest, where=thin)
    bottom[empty], top[empty] = 0.0, -1.0
    return bottom.astype(np.int16), top.astype(np.int16)


def _codes(bottom: NDArray[np.int16], top: NDArray[np.int16], height: int) -> NDArray[np.uint8]:
    """Return the code of every cell, (height, columns of dots / 2), where these rows of dots are lit."""
    # How many rows of dots lie below those of a row of cells.
    beneath = np.arange(DOTS_DOWN * (height - 1), -1, -DOTS_DOWN, dtype=np.int16)[:, None]
    first = np.minimum(np.maximum(bottom - beneath, 0), DOTS_DOWN).astype(np.uint8)
    above = np.minimum(np.maximum(beneath + (DOTS_DOWN - 1) - top, 0), DOTS_DOWN).astype(np.uint8)
    lit = np.left_shift(_COLUMN, first) & np.right_shift(_COLUMN, above)
    return np.asarray(_CODE_OF_COLUMNS[lit[:, ::2] | lit[:, 1::2] << 4])


def _quadrant(code: int) -> str:
    """Return the block for a cell whose quarters are there where one of their two dots is."""
    quarters = (0b0000_0011, 0b0001_1000, 0b0100_0100, 0b1010_0000)
    return " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"[sum(1 << place for place, mask in enumerate(quarters) if code & mask)]


def _half(code: int) -> str:
    """Return the half block for a cell: its upper and lower two rows of dots."""
    upper, lower = bool(code & 0b0001_1011), bool(code & 0b1110_0100)
    return "█" if upper and lower else "▀" if upper else "▄" if lower else " "


def _ascii(code: int) -> str:
    """Return the ASCII character for a cell that lies about where its dots do."""
    lit = [bool(code & mask) for mask in (0b0000_1001, 0b0001_0010, 0b0010_0100, 0b1100_0000)]
    if sum(lit) >= 3:
        return "|"
    if lit[0]:
        return ":" if lit[3] else "'"
    return "." if lit[3] else "-" if any(lit) else " "


_GLYPHS: Mapping[Glyphs, NDArray[np.uint32]] = {
    "braille": np.array([0x2800 + code if code else 0x20 for code in range(256)], dtype=np.uint32),
    "quadrant": np.array([ord(_quadrant(code)) for code in range(256)], dtype=np.uint32),
    "half": np.array([ord(_half(code)) for code in range(256)], dtype=np.uint32),
    "ascii": np.array([ord(_ascii(code)) for code in range(256)], dtype=np.uint32),
}
