"""How the entries of a large array are spread: extremes, quartiles, a histogram, and a picture of few cells.

Everything goes in stretches of about a millisecond: a generator yields None after each and returns what it found.
Entries that are nan or infinite are counted and take no part in anything but the picture.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .telemetry import length_of

Values = NDArray[np.floating[Any]]

STRETCH = 1 << 17
"""Entries that are worked on at once: about a millisecond for the slowest of these."""
DRAWN = 1 << 16
"""The quartiles of more entries than this are those of so many of them, drawn at random: right to 0.4 % in rank."""
SMALLEST_SHARE = 0.005
"""The smallest entries, this share of them, do not stretch a logarithmic histogram: they go into the bins nearest 0."""
QUARTERS = (0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What one pass over the entries tells."""

    count: int
    """All of them."""
    finite: int
    zeros: int
    low: float
    """The least finite entry; nan where there is none."""
    high: float
    """The greatest finite entry."""
    least: float
    """The smallest size of a finite entry that is not 0; nan where there is none."""
    rms: float
    """Root mean square of the finite entries; inf where it overflows, nan where there is none."""

    @property
    def size(self) -> float:
        """The largest size of a finite entry."""
        return max(abs(self.low), abs(self.high))


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Finite entries counted in bins that lie in rising order; all arrays are (bins,)."""

    scale: Literal["linear", "log"]
    left: NDArray[np.float64]
    """Where each bin begins."""
    right: NDArray[np.float64]
    """Where it ends, which belongs to it in the last bin alone; in the logarithmic one the bins of negative entries
    and those of positive ones have a gap between them, and zeros are in neither."""
    counts: NDArray[np.int32]


def extent(values: Values) -> Generator[None, None, Extent]:
    """Return the extremes of a vector."""
    finite = zeros = 0
    low, high, least, length = math.inf, -math.inf, math.inf, 0.0
    for part in _stretches(values):
        kept = part[np.isfinite(part)]
        if kept.size:
            finite += kept.size
            low, high = min(low, float(kept.min())), max(high, float(kept.max()))
            sizes = np.abs(kept)
            some = sizes[sizes > 0.0]
            zeros += kept.size - some.size
            least = min(least, float(some.min())) if some.size else least
            length = math.hypot(length, _length(kept))
        yield
    return Extent(
        count=values.size,
        finite=finite,
        zeros=zeros,
        low=low if finite else math.nan,
        high=high if finite else math.nan,
        least=least if least < math.inf else math.nan,
        rms=length / math.sqrt(finite) if finite else math.nan,
    )


def quartiles(values: Values) -> tuple[float, float, float]:
    """Return the quartiles of the finite entries of a vector, of at most `DRAWN` of them; nan where there is none."""
    values = _drawn(values)
    kept = values[np.isfinite(values)]
    if not kept.size:
        return math.nan, math.nan, math.nan
    low, middle, high = np.quantile(kept, QUARTERS).tolist()
    return low, middle, high


def histogram(values: Values, found: Extent, bins: int, scale: str) -> Generator[None, None, Histogram]:
    """Count the finite entries of a vector in about `bins` bins.

    Args:
        values: The entries.
        found: Their extent.
        bins: How many, at least 2.
        scale: "linear" from the least to the greatest, or "log" by their size, for each sign that occurs as many bins.
            Where there is nothing but zeros it is linear all the same.
    """
    if scale == "log" and math.isfinite(found.least):
        return (yield from _by_size(values, found, bins))
    low, high = (found.low, found.high) if found.finite else (0.0, 1.0)
    if not low < high:
        room = abs(low) * 0.05 or 1.0
        low, high = low - room, high + room
    counts = np.zeros(bins, np.int64)
    # Halves, as the distance between two floats need not be one.
    half = high / 2.0 - low / 2.0
    for part in _stretches(values):
        kept = part[np.isfinite(part)].astype(np.float64)
        place = (kept / 2.0 - low / 2.0) / half * bins
        counts += np.bincount(np.clip(place, 0, bins - 1).astype(np.intp), minlength=bins)
        yield
    edges = np.linspace(low / 2.0, high / 2.0, bins + 1) * 2.0
    edges[-1] = high
    return Histogram(scale="linear", left=edges[:-1], right=edges[1:], counts=counts.astype(np.int32))


def _by_size(values: Values, found: Extent, bins: int) -> Generator[None, None, Histogram]:
    top, bottom = math.log10(found.size), math.log10(_usual_least(values))
    if top - bottom < 0.1:
        bottom, top = top - 0.5, top + 0.5
    signs = [sign for sign, occurs in ((-1.0, found.low < 0.0), (1.0, found.high > 0.0)) if occurs]
    each = max(1, bins // len(signs))
    counts = {sign: np.zeros(each, np.int64) for sign in signs}
    for part in _stretches(values):
        for sign in signs:
            kept = part[np.isfinite(part) & (part * sign > 0.0)].astype(np.float64)
            place = (np.log10(np.abs(kept)) - bottom) / (top - bottom) * each
            counts[sign] += np.bincount(np.clip(place, 0, each - 1).astype(np.intp), minlength=each)
        yield
    edges = 10.0 ** np.clip(np.linspace(bottom, top, each + 1), -323.0, 308.25)
    left, right, numbers = [], [], []
    for sign in signs:
        left.append(edges[:-1] if sign > 0.0 else -edges[:0:-1])
        right.append(edges[1:] if sign > 0.0 else -edges[-2::-1])
        numbers.append(counts[sign] if sign > 0.0 else counts[sign][::-1])
    return Histogram(
        scale="log",
        left=np.concatenate(left),
        right=np.concatenate(right),
        counts=np.concatenate(numbers).astype(np.int32),
    )


def reduced(matrix: Values, rows: int, columns: int, block: str) -> Generator[None, None, NDArray[np.float32]]:
    """Return a matrix of at most so many rows and columns; where it is larger, a cell stands for a block of entries.

    Args:
        matrix: (rows, columns) of any size but 0.
        rows: Most rows of the result.
        columns: Most columns of the result.
        block: "mean", or "largest" for the entry of the largest size, with its sign. A block with an entry that is not
            finite is not finite either.
    """
    row_edges, column_edges = _edges(len(matrix), rows), _edges(matrix.shape[1], columns)
    cells = np.zeros((len(row_edges) - 1, len(column_edges) - 1))
    worked = 0
    for first, stop in _groups(column_edges):
        left, right = int(column_edges[first]), int(column_edges[stop])
        starts = column_edges[first:stop] - left
        for row in range(len(cells)):
            top, bottom = int(row_edges[row]), int(row_edges[row + 1])
            step = max(1, STRETCH // (right - left))
            parts = [matrix[at : min(at + step, bottom), left:right] for at in range(top, bottom, step)]
            found: NDArray[np.float64] | None = None
            for part in parts:
                here = _blocks(part, starts, block)
                found = here if found is None else _joined(found, here, block)
                worked += part.size
                if worked >= STRETCH:
                    worked = 0
                    yield
            cells[row, first:stop] = found
    if block == "mean":
        cells /= np.diff(row_edges)[:, None] * np.diff(column_edges)
    return _in_single(cells)


def _drawn(values: Values) -> Values:
    """Return the vector, or some of a long one: always of the same places, so that what moves has been trained."""
    return values if values.size <= DRAWN else values[np.random.default_rng(0).integers(values.size, size=DRAWN)]


def _usual_least(values: Values) -> float:
    """Return the size of the smallest entry but for a small share of them; there is one that is not 0."""
    for some in (_drawn(values), values):
        sizes = np.abs(some[np.isfinite(some) & (some != 0.0)])
        if sizes.size:
            break
    return float(np.partition(sizes, place := int(SMALLEST_SHARE * sizes.size))[place])


@np.errstate(all="ignore")
def _length(values: Values) -> float:
    return length_of(values.astype(np.float64))


@np.errstate(all="ignore")
def _in_single(cells: NDArray[np.float64]) -> NDArray[np.float32]:
    return cells.astype(np.float32)


@np.errstate(all="ignore")
def _blocks(part: Values, starts: NDArray[np.intp], block: str) -> NDArray[np.float64]:
    """Return the sum, or the entry of the largest size, of the columns from each start to the next."""
    if block == "mean":
        return np.add.reduceat(np.add.reduce(part, axis=0, dtype=np.float64), starts)
    high = np.maximum.reduceat(np.maximum.reduce(part, axis=0), starts)
    low = np.minimum.reduceat(np.minimum.reduce(part, axis=0), starts)
    return _larger(high.astype(np.float64), low.astype(np.float64))


@np.errstate(all="ignore")
def _joined(first: NDArray[np.float64], second: NDArray[np.float64], block: str) -> NDArray[np.float64]:
    return first + second if block == "mean" else _larger(first, second)


def _larger(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where((np.abs(second) > np.abs(first)) | np.isnan(second), second, first)


def _edges(size: int, most: int) -> NDArray[np.intp]:
    """Return where at most `most` nearly equal parts of so many entries begin, and where the last one ends."""
    parts = min(size, most)
    return np.arange(parts + 1) * size // parts


def _groups(edges: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Return the parts from which to which that together are no longer than a stretch, or one that is by itself."""
    first = 0
    while first < len(edges) - 1:
        stop = max(first + 1, int(np.searchsorted(edges, edges[first] + STRETCH, side="right")) - 1)
        yield first, stop
        first = stop


def _stretches(values: Values) -> Iterator[Values]:
    for start in range(0, values.size, STRETCH):
        yield values[start : start + STRETCH]
