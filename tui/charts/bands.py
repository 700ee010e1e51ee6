"""Heights to bands: the levels between which a map has one colour, round numbers all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .axes import linear_ticks

MOST_LEVELS = 11
"""Levels of a map, so twelve bands at the most: more cost more bytes a row and tell no more."""
_STRIDES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Decades between two levels."""
LOWEST_SHARE = 0.003
"""Of the heights over the floor so many lie below the first level at most: there is no end to a logarithm."""

NO_NUMBER, ABOVE_ALL, BELOW_ALL = -1, -2, -3
"""Instead of a band: nan, +inf and −inf."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Where one band ends and the next begins."""

    edges: tuple[float, ...]
    """Heights over the floor, rising."""
    floor: float
    """What is subtracted before a logarithm is taken; 0 on a linear scale."""
    is_log: bool

    @property
    def bands(self) -> int:
        """How many bands there are."""
        return len(self.edges) + 1

    def labels(self) -> tuple[str, ...]:
        """Return every level in words."""
        return tuple(_short(edge, 2 if self.is_log else 4) for edge in self.edges)

    def of(self, values: ArrayLike) -> NDArray[np.int16]:
        """Return the band of each of `values`, from 0, or what it is instead of a number."""
        array = np.asarray(values, np.float64)
        with np.errstate(invalid="ignore", over="ignore"):
            band = np.searchsorted(np.asarray(self.edges), array - self.floor, side="right").astype(np.int16)
        band[np.isnan(array)] = NO_NUMBER
        band[np.isposinf(array)] = ABOVE_ALL
        band[np.isneginf(array)] = BELOW_ALL
        return band


def _short(number: float, digits: int) -> str:
    text = f"{number:.{digits}g}"
    return f"{float(text):.0f}" if 10.0**digits <= abs(number) < 1e4 else text.replace("e+0", "e").replace("e-0", "e-")


def spread_out(values: ArrayLike) -> bool:
    """Return whether heights differ so much in size that only a logarithm shows the low ones."""
    array = np.asarray(values, np.float64)
    heights = array[np.isfinite(array)]
    if heights.size < 2:
        return False
    heights = heights / 2.0 - heights.min() / 2.0
    return bool(np.median(heights) < 0.3 * heights.max())


def levels(values: ArrayLike, *, log: bool, floor: float | None = None) -> Levels:
    """Return levels for these heights.

    Args:
        values: Any numbers; what is not finite has no say.
        log: Whether the levels are powers of ten of the height over the floor.
        floor: The least height that is known, where that is below all of `values`.
    """
    array = np.asarray(values, np.float64)
    heights = array[np.isfinite(array)]
    if not heights.size:
        return Levels(edges=(), floor=0.0, is_log=log)
    low, high = float(heights.min()), float(heights.max())
    if not log:
        edges = tuple(tick.position for tick in linear_ticks(low, high, MOST_LEVELS - 1) if low < tick.position < high)
        return Levels(edges=edges[:MOST_LEVELS], floor=0.0, is_log=False)
    bottom = low if floor is None else min(floor, low)
    with np.errstate(over="ignore"):
        over = heights - bottom
    over = over[(over > 0.0) & np.isfinite(over)]
    if not over.size:
        return Levels(edges=(), floor=bottom, is_log=True)
    first, last = math.log10(float(np.quantile(over, LOWEST_SHARE))), math.log10(float(over.max()))
    for stride in _STRIDES:
        numbers = range(math.ceil(first / stride), math.floor(last / stride) + 1)
        if len(numbers) <= MOST_LEVELS:
            break
    return Levels(edges=tuple(10.0 ** (number * stride) for number in numbers), floor=bottom, is_log=True)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Heights:
    """Heights at the points of a grid."""

    x: NDArray[np.float64]
    """(columns,), rising."""
    y: NDArray[np.float64]
    """(rows,), rising."""
    values: NDArray[np.float64]
    """(rows, columns)."""

    def at(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the heights at other points, (y, x), between those of the grid by both coordinates.

        Beside what is not finite the nearest height counts.
        """
        across, up = _index(self.x, x), _index(self.y, y)
        left, bottom = np.floor(across).astype(np.intp), np.floor(up).astype(np.intp)
        right, top = np.minimum(left + 1, len(self.x) - 1), np.minimum(bottom + 1, len(self.y) - 1)
        u, v = (across - left)[None, :], (up - bottom)[:, None]
        values = self.values
        with np.errstate(invalid="ignore", over="ignore"):
            low = values[np.ix_(bottom, left)] * (1.0 - u) + values[np.ix_(bottom, right)] * u
            high = values[np.ix_(top, left)] * (1.0 - u) + values[np.ix_(top, right)] * u
            between = low * (1.0 - v) + high * v
        nearest = values[np.ix_(np.rint(up).astype(np.intp), np.rint(across).astype(np.intp))]
        return np.where(np.isfinite(between), between, nearest)

    def covers(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which points, (y, x), are on the grid, or no further beside it than half of its mesh."""
        return np.asarray(_is_near(self.x, x)[None, :] & _is_near(self.y, y)[:, None])


def _index(grid: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.interp(wanted, grid, np.arange(len(grid), dtype=np.float64))


def _is_near(grid: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which of `wanted` lie on the grid, or no more than half of its mesh beside it."""
    room = 0.5001 * (grid[-1] - grid[0]) / max(len(grid) - 1, 1)
    return np.asarray((wanted >= grid[0] - room) & (wanted <= grid[-1] + room))
