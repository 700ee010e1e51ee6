"""The samples of one curve, remembered in bounded memory, and its smoothed twin."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]

RAW_LIMIT = 32_768
"""How many of the newest samples are kept one by one."""
BUCKET_LIMIT = 16_384
"""How many of the newest buckets each coarser level keeps."""
FACTOR = 4
"""How many buckets of one level make one of the next."""
BLOCK = 4_096
"""Longest piece that goes through the levels at once: what a level has yet to hand on must still be in its ring."""
FORGETFUL = -14.0
"""A mean of which less than a millionth, exp(-14), is left after one bucket is that bucket's own."""

# The rows of a table of buckets. A mean and a count, not a sum: the sum of four losses of 1e308 is inf.
_X, _LOW, _HIGH, _POSITIVE, _MEAN, _COUNT, _BROKEN = range(7)
_FIELDS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A window on a series: one entry a bucket, in the order of x; all arrays are (buckets,).

    A bucket without a finite sample has nan for everything but `x`.
    """

    x: Vector
    """The x of the bucket's first sample."""
    low: Vector
    """The least finite sample."""
    high: Vector
    """The greatest finite sample."""
    positive: Vector
    """The least finite sample above 0, nan where there is none: where a logarithmic axis begins."""
    mean: Vector
    """The mean of the finite samples."""
    broken: NDArray[np.bool_]
    """Whether a sample was nan or infinite."""


class _Ring:
    """The newest columns of an endless table, contiguous in memory, addressed by their number since the start."""

    __slots__ = ("_limit", "_start", "_table", "stop")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._table = np.empty((_FIELDS, 64))
        self._start = 0
        self.stop = 0
        """The number of columns that ever came in, and so the number of the next one."""

    @property
    def first(self) -> int:
        """The number of the oldest column that is still here."""
        return self._start

    def append(self, columns: Vector) -> None:
        """Take in `columns` (fields, n), forgetting the oldest when the limit is reached."""
        held, added = self.stop - self._start, columns.shape[1]
        if held + added > self._table.shape[1]:
            kept = min(held, self._limit)
            # A quarter more than the limit: the survivors move to the front only once in that many columns.
            needed = min(max(2 * self._table.shape[1], kept + added), max(self._limit * 5 // 4, kept + added))
            table = self._table if needed <= self._table.shape[1] else np.empty((_FIELDS, needed))
            table[:, :kept] = self._table[:, held - kept : held].copy()
            self._table, self._start, held = table, self.stop - kept, kept
        self._table[:, held : held + added] = columns
        self.stop += added

    def columns(self, start: int, stop: int) -> Vector:
        """Return a view of the columns numbered `start` up to, not including, `stop`."""
        return self._table[:, start - self._start : stop - self._start]


def _merged(columns: Vector, size: int) -> Vector:
    """Return the buckets that each hold `size` consecutive ones of `columns`, whose number `size` divides."""
    groups = columns.reshape(_FIELDS, -1, size)
    merged = np.empty(groups.shape[:2])
    merged[_X] = groups[_X, :, 0]
    merged[_LOW] = groups[_LOW].min(axis=1)
    merged[_HIGH] = groups[_HIGH].max(axis=1)
    merged[_POSITIVE] = groups[_POSITIVE].min(axis=1)
    count = groups[_COUNT].sum(axis=1)
    merged[_COUNT] = count
    merged[_MEAN] = (groups[_MEAN] * (groups[_COUNT] / np.maximum(count, 1.0)[:, None])).sum(axis=1)
    merged[_BROKEN] = groups[_BROKEN].max(axis=1)
    return merged


def _samples(x: Vector, y: Vector) -> Vector:
    """Return a table with one bucket a sample; what is not finite leaves the identity of min and max behind."""
    finite = np.isfinite(y)
    table = np.empty((_FIELDS, x.size))
    table[_X] = x
    table[_LOW] = np.where(finite, y, np.inf)
    table[_HIGH] = np.where(finite, y, -np.inf)
    table[_POSITIVE] = np.where(finite & (y > 0.0), y, np.inf)
    table[_MEAN] = np.where(finite, y, 0.0)
    table[_COUNT] = finite
    table[_BROKEN] = ~finite
    return table


class Series:
    """A curve (x, y) with x that never goes down, appended in blocks.

    The newest samples are kept as they are. Above them stands a pyramid of levels, each with one bucket for every
    four of the level below; every level keeps its newest buckets only, so that memory stays below about 10 MB after
    50 million samples, and any window costs what its columns cost.
    """

    __slots__ = ("_last", "_last_x", "_levels", "nonpositive")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._levels = [_Ring(RAW_LIMIT)]
        self._last = math.nan
        self._last_x = -math.inf
        self.nonpositive = 0
        """How many samples, of all that ever came in, were finite and not above 0."""

    @property
    def count(self) -> int:
        """The number of samples that ever came in."""
        return self._levels[0].stop

    @property
    def last(self) -> float:
        """The newest y, finite or not; nan when there is none."""
        return self._last

    @property
    def last_x(self) -> float:
        """The newest x; minus infinity when there is none."""
        return self._last_x

    def append(self, x: ArrayLike, y: ArrayLike) -> None:
        """Take in a block of samples, both (samples,).

        Raises:
            ValueError: The shapes differ, or x is not finite or goes down. `clear` starts a series anew.
        """
        steps = np.atleast_1d(np.asarray(x, dtype=np.float64))
        values = np.atleast_1d(np.asarray(y, dtype=np.float64))
        if steps.shape != values.shape or steps.ndim != 1:
            raise ValueError(f"x and y must be equally long vectors; they are {steps.shape} and {values.shape}")
        if steps.size == 0:
            return
        if not np.isfinite(steps).all() or steps[0] < self._last_x or (np.diff(steps) < 0.0).any():
            raise ValueError(f"x must be finite and must not go down from {self._last_x}; clear the series first")
        for start in range(0, steps.size, BLOCK):
            self._take(_samples(steps[start : start + BLOCK], values[start : start + BLOCK]))
        self.nonpositive += int(np.count_nonzero(np.isfinite(values) & (values <= 0.0)))
        self._last, self._last_x = float(values[-1]), float(steps[-1])

    def _take(self, table: Vector) -> None:
        self._levels[0].append(table)
        depth = 0
        while True:
            below = self._levels[depth]
            depth += 1
            done = self._levels[depth].stop if depth < len(self._levels) else 0
            ready = below.stop // FACTOR
            if ready == done:
                return
            if depth == len(self._levels):
                self._levels.append(_Ring(BUCKET_LIMIT))
            self._levels[depth].append(_merged(below.columns(done * FACTOR, ready * FACTOR), FACTOR))

    def _tail(self, level: int) -> Vector:
        """Return the samples that no bucket of `level` holds yet as one bucket, (fields, 0 or 1)."""
        rest = [
            self._levels[depth].columns(self._levels[depth + 1].stop * FACTOR, self._levels[depth].stop)
            for depth in reversed(range(level))
        ]
        pieces = np.concatenate([np.empty((_FIELDS, 0)), *rest], axis=1)
        return _merged(pieces, pieces.shape[1]) if pieces.shape[1] else pieces

    def _buckets(self, x0: float, x1: float, most: int) -> Vector:
        """Return the buckets that can hold a sample between x0 and x1, from the finest level with at most `most`."""
        for level, ring in enumerate(self._levels):
            held = ring.columns(ring.first, ring.stop)
            places = held[_X]
            # A bucket that begins before x0 may reach past it; a single sample cannot.
            start = max(int(places.searchsorted(x0)) - (level > 0), 0)
            stop = places.size if places.size and places[-1] <= x1 else int(places.searchsorted(x1, side="right"))
            covered = ring.first == 0 or places[0] <= x0
            if (covered and stop - start < most) or level == len(self._levels) - 1:
                break
        tail = self._tail(level)
        if tail.shape[1] and tail[_X, 0] > x1:
            tail = tail[:, :0]
        return np.concatenate([held[:, start:stop], tail], axis=1)

    def window(self, x0: float, x1: float, columns: int) -> Envelope:
        """Return what the series did between `x0` and `x1`, for a picture `columns` wide.

        Samples come one by one where they are few. Otherwise an entry stands for a bucket of them, and there are
        between one and four entries a column as far as the memory reaches. The newest sample is in the last entry.
        """
        table = self._buckets(x0, x1, FACTOR * max(columns, 1))
        empty = table[_COUNT] == 0.0
        if empty.any():
            table[[[_LOW], [_HIGH], [_MEAN]], empty] = np.nan
        low, high = table[_LOW], table[_HIGH]
        return Envelope(
            x=table[_X],
            low=low,
            high=high,
            positive=np.where(np.isfinite(table[_POSITIVE]), table[_POSITIVE], np.nan),
            # Rounding may carry a mean past its own bounds, and a line out of its envelope.
            mean=np.minimum(np.maximum(table[_MEAN], low), high),
            broken=table[_BROKEN] > 0.0,
        )

    def at(self, x: float) -> tuple[float, float, float]:
        """Return least, mean and greatest of what lies nearest at or before `x`: one sample, or a bucket of old ones.

        All three are nan where the series begins later, or has nothing finite there.
        """
        for ring in self._levels:
            held = ring.columns(ring.first, ring.stop)
            if held.shape[1] and (held[_X, 0] <= x or ring is self._levels[-1]):
                place = int(np.searchsorted(held[_X], x, side="right")) - 1
                if place < 0 or held[_COUNT, place] == 0.0:
                    break
                low, mean, high = held[[_LOW, _MEAN, _HIGH], place].tolist()
                return low, mean, high
        return math.nan, math.nan, math.nan

    def is_coarse(self, x0: float, x1: float, columns: int) -> bool:
        """Return whether a window has fewer entries than `columns` because older samples are only held in buckets."""
        raw = self._levels[0]
        if raw.first == 0 or float(raw.columns(raw.first, raw.stop)[_X, 0]) <= x0:
            return False
        return int(self._buckets(x0, x1, FACTOR * max(columns, 1)).shape[1]) < columns

    def held_from(self, number: int) -> Iterator[tuple[int, Vector, Vector]]:
        """Yield what is held from sample `number` on, the oldest first and in coarser pieces.

        Each piece is how many samples an entry stands for, the x of each entry's first one, and their means, nan
        where none was finite.
        """
        position = number
        for level in reversed(range(len(self._levels))):
            ring, size = self._levels[level], FACTOR**level
            # A coarser level tells only of what the finer one below has lost.
            lost = ring.stop * size if level == 0 else self._levels[level - 1].first * (size // FACTOR)
            start, stop = max(-(-position // size), ring.first), min(ring.stop, -(-lost // size))
            if start < stop:
                columns = ring.columns(start, stop)
                yield size, columns[_X].copy(), np.where(columns[_COUNT] > 0.0, columns[_MEAN], np.nan)
                position = stop * size

    def bounds(self, x0: float, x1: float) -> tuple[float, float, float]:
        """Return the least and the greatest finite y between `x0` and `x1`, and the least above 0; nan for none.

        Where the window is long, a bucket at its edge may bring in samples from just outside.
        """
        table = self._buckets(x0, x1, 4_096)
        least = (float(table[row].min(initial=math.inf)) for row in (_LOW, _POSITIVE))
        low, positive = (value if math.isfinite(value) else math.nan for value in least)
        high = float(table[_HIGH].max(initial=-math.inf))
        return low, high if math.isfinite(high) else math.nan, positive


class Smoother:
    r"""The exponential mean of a stream, unbiased from the first value on.

        m_t = β m_{t-1} + (1 - β) y_t,   smoothed_t = m_t / (1 - β^t)

    where t counts finite values only: what is not finite comes out as nan and leaves the mean as it was. The result
    does not depend on how the stream is cut into blocks.

    Source: Diederik P. Kingma, Jimmy Ba, "Adam: A Method for Stochastic Optimization", 2015, arXiv:1412.6980,
    section 3 (the initialization bias correction).
    """

    __slots__ = ("_count", "_log_weight", "_mean", "_weight")

    def __init__(self, weight: float) -> None:
        """Make a smoother with β = `weight`.

        Raises:
            ValueError: `weight` is not in [0, 1).
        """
        if not 0.0 <= weight < 1.0:
            raise ValueError(f"the weight of a smoother is at least 0 and below 1; got {weight}")
        self._weight = weight
        self._log_weight = math.log(weight) if weight > 0.0 else -math.inf
        self.clear()

    def clear(self) -> None:
        """Forget the stream so far."""
        self._mean = 0.0
        self._count = 0

    def extend(self, values: ArrayLike, *, each: int = 1) -> Vector:
        """Return the smoothed values, (samples,), one for each of the next `values`.

        Each of them may stand for `each` samples, of which it is the mean.
        """
        stream = np.atleast_1d(np.asarray(values, dtype=np.float64))
        finite = np.isfinite(stream)
        smoothed = np.full(stream.shape, np.nan)
        kept = stream[finite]
        if kept.size and self._weight > 0.0:
            # Within a piece no factor is below 1e-30, so that even a loss of 1e-270 times a factor is an exact float.
            decay = self._log_weight * each
            longest = int(min(65_536.0, 69.0 / -decay)) + 1
            if decay < FORGETFUL:
                self._mean, self._count = float(kept[-1]), self._count + each * kept.size
            else:
                kept = np.concatenate(
                    [self._piece(kept[start : start + longest], each) for start in range(0, kept.size, longest)]
                )
        smoothed[finite] = kept
        return smoothed

    def _piece(self, values: Vector, each: int) -> Vector:
        """Return the smoothed `values`, no more of them than the longest piece.

        The recurrence is a cumulative sum once every term is divided by its power of β; the powers are counted from
        the piece's end, which keeps all factors at most 1.
        """
        decay = self._log_weight * each
        age = np.arange(values.size - 1, -1, -1.0)
        factors = np.exp(decay * age)
        gain = -math.expm1(decay)
        elapsed = np.arange(1.0, values.size + 1.0)
        means = np.cumsum(values * gain * factors) / factors + self._mean * np.exp(decay * elapsed)
        correction = -np.expm1(self._log_weight * (self._count + elapsed * each))
        self._mean = float(means[-1])
        self._count += values.size * each
        largest = np.finfo(np.float64).max
        # The mean of values near the largest float may round to infinity.
        with np.errstate(over="ignore"):
            return np.clip(means / correction, -largest, largest)


class Smoothed:
    """The smoothed twin of a series at a strength that was chosen later: it begins with all that is still held.

    Attributes:
        source: What is smoothed.
        window: Over how many samples, about.
        series: The smoothed values.
    """

    __slots__ = ("_seen", "_smoother", "series", "source", "window")

    def __init__(self, source: Series, window: int) -> None:
        """Smooth `source` over about `window` samples, 2 at least."""
        self.source, self.window = source, window
        self.series = Series()
        self._smoother = Smoother(1.0 - 1.0 / window)
        self._seen = 0

    def follow(self) -> None:
        """Take in what has come to the source since the last time."""
        for each, x, means in self.source.held_from(self._seen):
            self.series.append(x, self._smoother.extend(means, each=each))
        self._seen = self.source.count
