"""Where an axis begins and ends, and which labelled ticks stand on it.

Positions are axis coordinates: the value itself on a linear axis, log10 of it on a logarithmic one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Limits = tuple[float, float]

LARGEST = float(np.finfo(np.float64).max)
SMALLEST_SPAN = 1e-300
"""Below this a span cannot be cut into ticks: the floats run out."""
RELATIVE_SPAN = 1e-6
"""A linear axis never shows less than this share of its values: their labels would no longer fit."""
LOG_SPAN = 1e-3
"""A logarithmic axis never shows less than this many decades."""
SLACK = 0.01
"""In dots: far above what rounding to float32, as in a record, does to a position, far below what an eye sees."""
_SUFFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_STRIDES = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A labelled place on an axis."""

    position: float
    """Axis coordinate."""
    label: str


def fractions(values: ArrayLike, limits: Limits) -> NDArray[np.float64]:
    """Return how far along the axis each of `values` lies: 0 at the first limit, 1 at the second; nan stays nan."""
    low, high = limits
    array = np.asarray(values, dtype=np.float64)
    if math.isinf(high - low):
        # The length of the axis is no float, but half of it is.
        low, high, array = low / 2.0, high / 2.0, array / 2.0
    with np.errstate(over="ignore", invalid="ignore"):
        return (array - low) / (high - low)


def cell(position: float, limits: Limits, cells: int, dots: int) -> int:
    """Return in which of `cells`, each of `dots` dots, `position` falls: where the raster puts its samples, too."""
    fraction = float(np.clip(fractions(position, limits), 0.0, 1.0))
    return math.floor(fraction * (cells * dots - 1) + 0.5 + SLACK) // dots


# --- labels -----------------------------------------------------------------------------------------------------


def _trimmed(mantissa: str) -> str:
    return mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa


def _scientific(value: float, digits: int) -> str:
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return f"{_trimmed(mantissa)}e{int(exponent)}"


def compact(value: float) -> str:
    """Return `value` in at most four significant digits: 0.1234, 12.35, 1.235e-5, nan, inf."""
    if not math.isfinite(value):
        return f"{value}"
    if value == 0.0:
        return "0"
    if 1e-3 <= abs(value) < 1e5:
        decimals = max(0, 3 - math.floor(math.log10(abs(value))))
        return f"{value:.{decimals}f}"
    return _scientific(value, 3)


def compact_step(step: float, digits: int = 3) -> str:
    """Return a number of steps with a suffix from 1000 on: 950, 12k, 1.5M."""
    if abs(step) >= 1e15:
        return _scientific(step, digits)
    for unit, suffix in _SUFFIXES:
        if abs(step) >= unit:
            return _trimmed(f"{step / unit:.{digits}f}") + suffix
    return _trimmed(f"{step:.{digits}f}")


def _labelled(values: Iterable[float], label: Callable[[float], str]) -> tuple[Tick, ...]:
    """Return a tick for each of `values`, less those whose label another tick bears already."""
    ticks: dict[str, Tick] = {}
    for value in values:
        text = label(value)
        ticks.setdefault(text, Tick(position=value, label=text))
    return tuple(ticks.values())


def _value_label(largest: float, step: float) -> Callable[[float], str]:
    """Return how the values of a linear axis are written, with as many digits as tell neighbours `step` apart."""
    place = math.floor(math.log10(step))
    if 1e-3 <= largest < 1e5 and place >= -7:
        return lambda value: "0" if value == 0.0 else f"{value:.{max(0, -place)}f}"

    def scientific(value: float) -> str:
        if value == 0.0:
            return "0"
        return _scientific(value, min(17, max(0, math.floor(math.log10(abs(value))) - place)))

    return scientific


# --- ticks ------------------------------------------------------------------------------------------------------


def _round_step(low: float, high: float, most: int) -> float:
    """Return the least of 1, 2, 5 times a power of ten that cuts the axis into at most `most` pieces; 0 for none."""
    rough = high / most - low / most
    if not 0.0 < rough < math.inf:
        return 0.0
    exponent = math.floor(math.log10(rough))
    for factor in (1.0, 2.0, 5.0, 10.0):
        step = float(f"{factor:.0f}e{exponent}")
        if rough <= step * (1.0 + 1e-9):
            return step if math.isfinite(step) else 0.0
    return 0.0


def _multiples(low: float, high: float, step: float) -> list[float]:
    if step <= 0.0:
        return []
    # A limit of 0.1 + 0.2 must not lose its tick at 0.3.
    room = 1e-9 * (high / step - low / step)
    first, last = math.ceil(low / step - room), math.floor(high / step + room)
    values = (number * step for number in range(first, last + 1))
    return [value for value in values if math.isfinite(value)]


def linear_ticks(low: float, high: float, most: int) -> tuple[Tick, ...]:
    """Return ticks at multiples of 1, 2 or 5 times a power of ten, about `most` of them at the most."""
    step = _round_step(low, high, max(most, 1))
    values = _multiples(low, high, step)
    if not values:
        return ()
    return _labelled(values, _value_label(max(abs(value) for value in values), step))


def step_ticks(low: float, high: float, most: int) -> tuple[Tick, ...]:
    """Return ticks at whole numbers of steps, labelled 500, 10k, 1.5M."""
    step = _round_step(low, high, max(most, 1))
    if step == 0.0:
        return ()
    step = max(step, 1.0)
    if high < 1e4:
        return _labelled(_multiples(low, high, step), lambda value: f"{value:.0f}")
    digits = min(17, abs(9 - math.floor(math.log10(step))))
    return _labelled(_multiples(low, high, step), lambda value: compact_step(value, digits))


def _decade_label(mantissa: int, exponent: int) -> str:
    if -3 <= exponent <= 3:
        return f"{float(f'{mantissa}e{exponent}'):.{max(0, -exponent)}f}"
    return f"{mantissa}e{exponent}"


def _log_mark(mantissa: int, exponent: int) -> Tick:
    return Tick(position=exponent + math.log10(mantissa), label=_decade_label(mantissa, exponent))


def log_ticks(low: float, high: float, most: int) -> tuple[Tick, ...]:
    """Return the decades between `low` and `high`, both log10 of a value; their 2 and 5, too, where all of them fit.

    A window between two such ticks gets round values instead. Powers that are no floats, such as 1e-330, are
    ticks like any other.
    """
    first, last, most = math.ceil(low), math.floor(high), max(most, 1)
    decades = range(first, last + 1)
    crowded = True
    if len(decades) <= most:
        marks = (_log_mark(mantissa, exponent) for exponent in range(first - 1, last + 1) for mantissa in (1, 2, 5))
        inside = tuple(mark for mark in marks if low <= mark.position <= high)
        crowded = len(inside) > most
        if len(inside) >= 2 and not crowded:
            return inside
    if len(decades) >= 2 or (decades and crowded) or not -300.0 < low <= high < 300.0:
        stride = next((width for width in _STRIDES if len(decades) <= width * most), _STRIDES[-1])
        round_ones = [exponent for exponent in decades if exponent % stride == 0]
        return tuple(_log_mark(1, exponent) for exponent in round_ones or decades[:1])
    values = linear_ticks(10.0**low, 10.0**high, most)
    return tuple(Tick(position=math.log10(tick.position), label=tick.label) for tick in values)


# --- limits -----------------------------------------------------------------------------------------------------


def padded(low: float, high: float, share: float, *, log: bool) -> Limits:
    """Return limits around data from `low` to `high`, in axis coordinates, with `share` of the span on either side.

    Data without extent, and no data at all (nan), get limits that can be drawn. Linear limits do not cross 0 for
    padding's sake.
    """
    if not low <= high:
        return (-1.0, 0.0) if log else (0.0, 1.0)
    size = max(abs(low), abs(high))
    least = LOG_SPAN if log else max(RELATIVE_SPAN * size, SMALLEST_SPAN)
    if high / 2.0 - low / 2.0 < least / 2.0:
        room = 0.3 if log else max(0.1 * size, SMALLEST_SPAN) if size > 0.0 else 1.0
    else:
        room = min(share * (high / 2.0 - low / 2.0), LARGEST / 4.0) * 2.0
    bottom, top = max(low - room, -LARGEST), min(high + room, LARGEST)
    if not log and low >= 0.0:
        bottom = max(bottom, 0.0)
    return bottom, top


@dataclass(slots=True, kw_only=True)
class _Patience:
    """How long something has been asked for without a break."""

    wait_s: float = 2.0
    since: float | None = None

    def over(self, wanted: bool, now: float) -> bool:
        """Tell whether `wanted` has held for `wait_s`; `now` is monotonic seconds."""
        if not wanted:
            self.since = None
            return False
        if self.since is None:
            self.since = now
        if now - self.since < self.wait_s:
            return False
        self.since = None
        return True


class StickyLimits:
    """Limits that follow the data without trembling: wider at once, narrower only after a while.

    They widen the moment data leave them, shrink when over 30 % of them have been empty for 2 s, and are those of the
    data alone when these have not changed for as long: a picture at rest does not tell how it has come about.
    """

    __slots__ = ("_limits", "_log", "_patience", "_rest", "_wanted")

    def __init__(self, *, log: bool = False) -> None:
        self._limits: Limits | None = None
        self._wanted: Limits | None = None
        self._log = log
        self._patience, self._rest = _Patience(), _Patience()

    @property
    def waiting(self) -> bool:
        """Whether the limits may shrink by the passing of time alone."""
        return self._limits != self._wanted

    def update(self, low: float, high: float, now: float) -> Limits:
        """Return the limits for finite data from `low` to `high` (nan: none) at `now`, in monotonic seconds."""
        wanted = padded(low, high, 0.05, log=self._log)
        if not low <= high:
            return self._limits or wanted
        is_at_rest = self._rest.over(wanted == self._wanted, now)
        self._wanted = wanted
        if self._limits is None:
            self._limits = wanted
            return wanted
        bottom, top = self._limits
        is_loose = self._patience.over(_span(wanted) < 0.7 * _span(self._limits), now)
        if low < bottom or high > top:
            wide = padded(min(low, bottom), max(high, top), 0.1, log=self._log)
            self._limits = wide[0] if low < bottom else bottom, wide[1] if high > top else top
        elif is_loose or is_at_rest:
            self._limits = wanted
        return self._limits


class StickyEnd:
    """The last step on an axis of steps: grows by a quarter beyond the data, and shrinks as `StickyLimits` do."""

    __slots__ = ("_end", "_patience")

    def __init__(self) -> None:
        self._end = 0.0
        self._patience = _Patience()

    @property
    def waiting(self) -> bool:
        """Whether the end may come nearer by the passing of time alone."""
        return self._patience.since is not None

    def update(self, end: float, now: float) -> float:
        """Return the end of the axis when the data end at `end` >= 0; the first is taken as it is."""
        end = max(end, 1.0)
        if self._end == 0.0:
            self._end = end
        elif end > self._end:
            self._end = 1.25 * end
        elif self._patience.over(end < 0.7 * self._end, now):
            self._end = end
        return self._end


def _span(limits: Limits) -> float:
    """Return half the length of the axis: the whole may be no float."""
    return limits[1] / 2.0 - limits[0] / 2.0
