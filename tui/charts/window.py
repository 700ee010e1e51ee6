"""The part of a plane that is seen: where its points fall on the screen, and how people move it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .axes import Limits, fractions
from .raster import DOTS_ACROSS, DOTS_DOWN, codes_at

LEAST_SPAN = 1e-12
"""A window is never narrower than this share of how far from 0 it is: the floats run out."""
MOST_SPAN = 1e150
MOST_SAMPLES = 200_000
"""Dots of a way that are looked at; of a longer one, that leaps to and fro across the screen, its end is drawn."""

Place = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A rectangle of the plane; cells are counted from the left and from the top."""

    x: Limits
    y: Limits

    def moved(self, across: float, up: float) -> Window:
        """Return the window moved by these shares of its own size."""
        return Window(x=_moved(self.x, across), y=_moved(self.y, up))

    def zoomed(self, factor: float, at: Place | None = None) -> Window:
        """Return the window `factor` times as large, with the point `at` where it is on the screen, or its middle."""
        x, y = at or self.middle
        return Window(x=_zoomed(self.x, factor, x), y=_zoomed(self.y, factor, y))

    def around(self, place: Place) -> Window:
        """Return a window of the same size with this point in its middle."""
        (x, y), (left, up) = place, self.middle
        if not (math.isfinite(x) and math.isfinite(y)):
            return self
        return Window(
            x=(self.x[0] + (x - left), self.x[1] + (x - left)), y=(self.y[0] + (y - up), self.y[1] + (y - up))
        )

    @property
    def middle(self) -> Place:
        """The point in its middle."""
        return self.x[0] / 2.0 + self.x[1] / 2.0, self.y[0] / 2.0 + self.y[1] / 2.0

    def shares(self, points: ArrayLike) -> NDArray[np.float64]:
        """Return how far from the left and from the top each of `points`, (points, 2), is, as shares of the window."""
        array = np.asarray(points, np.float64).reshape(-1, 2)
        return np.stack([fractions(array[:, 0], self.x), 1.0 - fractions(array[:, 1], self.y)], axis=1)

    def cell_of(self, place: Place, columns: int, rows: int) -> tuple[int, int] | None:
        """Return the column and the row in which a point falls, or None for one that is not seen."""
        across, down = self.shares(place)[0].tolist()
        if not (0.0 <= across <= 1.0 and 0.0 <= down <= 1.0):
            return None
        return min(int(across * columns), columns - 1), min(int(down * rows), rows - 1)

    def place_of(self, column: float, row: float, columns: int, rows: int) -> Place:
        """Return the point in the middle of a cell."""
        across, down = (column + 0.5) / columns, (row + 0.5) / rows
        return (
            self.x[0] * (1.0 - across) + self.x[1] * across,
            self.y[1] * (1.0 - down) + self.y[0] * down,
        )

    def edge_of(self, place: Place, columns: int, rows: int) -> tuple[int, int, str] | None:
        """Return the border cell nearest to a point outside, and an arrow that points to it; None for nan."""
        across, down = self.shares(place)[0].tolist()
        if math.isnan(across) or math.isnan(down):
            return None
        column, row = int(np.clip(across, 0, 1) * (columns - 1)), int(np.clip(down, 0, 1) * (rows - 1))
        return column, row, arrow_head(_side(across), _side(down))


def arrow_head(across: float, down: float) -> str:
    """Return the arrow that points most nearly along a way on the screen, in cells of the same width and height."""
    turn = round(math.atan2(-down, across) / (math.pi / 4.0)) % 8
    return "→↗↑↖←↙↓↘"[turn]


def way_codes(points: ArrayLike, window: Window, columns: int, rows: int) -> NDArray[np.uint8]:
    """Return which dots of every cell, (rows, columns), the way through `points`, (points, 2), lights, as codes.

    What lies outside the window is cut off; a point that is not finite is a gap.
    """
    wide, high = columns * DOTS_ACROSS, rows * DOTS_DOWN
    if not wide or not high:
        return np.zeros((rows, columns), np.uint8)
    shares = window.shares(points)
    starts, ends = _inside(shares[:-1], shares[1:])
    size = np.array([wide, high], np.float64)
    starts, ends = starts * size, ends * size
    counts = np.ceil(np.abs(ends - starts).max(axis=1, initial=0.0)).astype(np.intp) + 2
    kept = np.cumsum(counts[::-1])[::-1] <= MOST_SAMPLES
    starts, ends, counts = starts[kept], ends[kept], counts[kept]
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    along = (number / np.repeat(np.maximum(counts - 1, 1), counts))[:, None]
    way = np.repeat(starts, counts, axis=0) * (1.0 - along) + np.repeat(ends, counts, axis=0) * along
    place = np.clip(way, 0.0, size - 1.0).astype(np.intp)
    return codes_at(place[:, 0], place[:, 1], columns, rows)


def _inside(starts: NDArray[np.float64], ends: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the parts of these stretches, (stretches, 2) each, that lie in the unit square.

    Source: Y.-D. Liang, B. A. Barsky, "A new concept and method for line clipping", ACM Trans. Graphics 3 (1984).
    """
    finite = np.isfinite(starts).all(axis=1) & np.isfinite(ends).all(axis=1)
    starts, ends = starts[finite], ends[finite]
    with np.errstate(all="ignore"):
        way = ends - starts
        low, high = -starts / way, (1.0 - starts) / way
        enter, leave = np.fmin(low, high), np.fmax(low, high)
        # A coordinate that does not change is inside all the way, or nowhere.
        still = way == 0.0
        within = (starts >= 0.0) & (starts <= 1.0)
        enter = np.where(still, np.where(within, -np.inf, np.inf), enter)
        leave = np.where(still, np.where(within, np.inf, -np.inf), leave)
        first = np.maximum(enter.max(axis=1, initial=0.0), 0.0)
        last = np.minimum(leave.min(axis=1, initial=1.0), 1.0)
        seen = (first <= last) & np.isfinite(way).all(axis=1)
        starts, way, first, last = starts[seen], way[seen], first[seen, None], last[seen, None]
        return starts + first * way, starts + last * way


def covering(spans: Sequence[Sequence[float]]) -> Window:
    """Return the window that the engine has named as [x, y]."""
    (left, right), (bottom, top) = spans
    return Window(x=(float(left), float(right)), y=(float(bottom), float(top)))


def _moved(limits: Limits, share: float) -> Limits:
    step = share * (limits[1] - limits[0])
    low, high = limits[0] + step, limits[1] + step
    return (low, high) if max(abs(low), abs(high)) <= MOST_SPAN else limits


def _zoomed(limits: Limits, factor: float, fixed: float) -> Limits:
    low, high = fixed + (limits[0] - fixed) * factor, fixed + (limits[1] - fixed) * factor
    least = LEAST_SPAN * max(abs(low), abs(high), 1e-100)
    return (low, high) if least < high - low <= MOST_SPAN else limits


def _side(share: float) -> float:
    return -1.0 if share < 0.0 else 1.0 if share > 1.0 else 0.0
