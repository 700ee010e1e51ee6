"""Numbers to a few levels of heat, each of which is a colour or a character."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .axes import Limits, StickyLimits, compact

Scale = Literal["linear", "log"]
LEVELS = 9
"""Every colour more costs bytes on the wire, and nobody tells more than these apart."""
MIDDLE = LEVELS // 2
"""The level of 0 where there are both signs."""
BROKEN, NOTHING = -1, -2
"""Instead of a level: a number that is not finite, and a place without one."""
SIGNED_DECADES = 4
"""Both signs in logarithms: so far below the largest size begins what counts as 0."""
DECADES_AROUND = 2.0
"""In logarithms the levels reach no further from the median: a few parameters that never had a gradient have an
effective rate of α/ε, a million times that of the others."""
USUAL_SHARE = 0.98
"""Where there are both signs, the ends are at the size that so many do not exceed: the few beyond are at the end."""
RISING = ".:-=+*%#@"
"""Characters for the levels from the least to the greatest."""
SIGNED = "dcba.1234"
"""Characters for the levels where the middle one is 0: letters below, digits above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """A matrix in levels."""

    levels: NDArray[np.int8]
    """(rows, columns): 0 to `LEVELS` − 1, or `BROKEN`."""
    is_signed: bool
    """Whether the middle level is 0."""
    labels: tuple[str, str, str]
    """The values at the least level, at the middle and at the greatest."""


class Thermometer:
    """Puts matrices that change into levels that stay comparable: their limits follow the data without trembling."""

    def __init__(self) -> None:
        self._limits = StickyLimits()
        self._kind: tuple[Scale, bool, tuple[int, ...]] | None = None

    @property
    def waiting(self) -> bool:
        """Whether the levels may change by the passing of time alone."""
        return self._limits.waiting

    def read(self, cells: NDArray[Any], scale: Scale, now: float) -> Heat:
        """Return the heat of (rows, columns); `now` in monotonic seconds.

        Numbers of one sign run from the least to the greatest, in logarithms from the least above 0. Where both signs
        occur the middle is 0, and both ends are as far from it.
        """
        values = np.asarray(cells, dtype=np.float64)
        finite = np.isfinite(values)
        known = values[finite]
        is_signed = bool(known.size) and float(known.min()) < 0.0
        # Of other blocks the means are others: those of coarser ones must not leave their limits behind.
        kind = scale, is_signed, values.shape
        if kind != self._kind:
            self._kind, self._limits = kind, StickyLimits(log=scale == "log")
        low, high = _ends(known, scale, is_signed=is_signed)
        limits = self._limits.update(low, high, now)
        with np.errstate(all="ignore"):
            levels = (_signed if is_signed else _rising)(values, scale, limits)
        levels[~finite] = BROKEN
        return Heat(levels=levels, is_signed=is_signed, labels=_labels(limits, known, scale, is_signed=is_signed))


def _rising(values: NDArray[np.float64], scale: Scale, limits: Limits) -> NDArray[np.int8]:
    places = np.log10(values) if scale == "log" else values
    share = (places / 2.0 - limits[0] / 2.0) / (limits[1] / 2.0 - limits[0] / 2.0)
    # Of 0 the logarithm is below everything.
    levels: NDArray[np.int8] = np.nan_to_num(np.clip(share * LEVELS, 0, LEVELS - 1)).astype(np.int8)
    return levels


def _signed(values: NDArray[np.float64], scale: Scale, limits: Limits) -> NDArray[np.int8]:
    if scale == "log":
        share = 1.0 + (np.log10(np.abs(values)) - limits[1]) / SIGNED_DECADES
        sizes = np.ceil(np.clip(share, 0.0, 1.0) * MIDDLE)
    else:
        sizes = np.rint(np.clip(np.abs(values) / limits[1], 0.0, 1.0) * MIDDLE)
    levels: NDArray[np.int8] = np.nan_to_num(MIDDLE + np.sign(values) * sizes).astype(np.int8)
    return levels


def _ends(known: NDArray[np.float64], scale: Scale, *, is_signed: bool) -> Limits:
    """Return what the least and the greatest level stand for, in axis coordinates; nan where there is nothing."""
    sizes = np.abs(known)
    if scale == "log":
        sizes = np.log10(sizes[sizes > 0.0])
    if not sizes.size:
        return math.nan, math.nan
    low, high = float(sizes.min()), float(sizes.max())
    if scale == "log":
        middle = float(np.median(sizes))
        return max(low, middle - DECADES_AROUND), min(high, middle + DECADES_AROUND)
    if is_signed:
        return 0.0, float(np.quantile(sizes, USUAL_SHARE)) or high
    return float(known.min()), float(known.max())


def _labels(limits: Limits, known: NDArray[np.float64], scale: Scale, *, is_signed: bool) -> tuple[str, str, str]:
    low, high = limits
    middle = low / 2.0 + high / 2.0
    if scale == "log":
        low, middle, high = _power(low), _power(middle), _power(high)
    below, above = (
        ("≤ " if known.size and known.min() < low else ""),
        ("≥ " if known.size and known.max() > high else ""),
    )
    if is_signed:
        beyond = " and beyond" if np.abs(known).max() > high else ""
        return f"−{compact(high)}", "0", f"{compact(high)}{beyond}"
    return f"{below}{compact(low)}", compact(middle), f"{above}{compact(high)}"


def _power(exponent: float) -> float:
    return math.inf if exponent > 308.25 else 10.0**exponent
