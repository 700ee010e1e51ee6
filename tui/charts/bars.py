"""A histogram as text: bars of eighths, a line with the quartiles, and the values under them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .axes import Tick, linear_ticks, log_ticks
from .glyphs import Glyphs

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_COLUMNS_A_TICK = 8


def bars(counts: Sequence[int] | NDArray[Any], height: int, glyphs: Glyphs) -> list[str]:
    """Return rows of text, the top one first, a column a bin; a bin with an entry is never empty."""
    numbers = np.asarray(counts, dtype=np.float64)
    largest = float(numbers.max(initial=0.0))
    eighths = np.zeros(numbers.size, np.intp)
    if largest > 0.0 and height > 0:
        eighths = np.maximum(np.rint(numbers / largest * height * 8), numbers > 0.0).astype(np.intp)
    rows = []
    for row in range(height - 1, -1, -1):
        filled = np.clip(eighths - 8 * row, 0, 8)
        signs = _EIGHTHS if glyphs != "ascii" else " ...#####" if row == 0 else "    #####"
        rows.append("".join(signs[part] for part in filled.tolist()))
    return rows


def place_of(value: float, left: NDArray[Any], right: NDArray[Any], *, log: bool) -> float:
    """Return where a value stands among the bins, in bins from the first one's left edge; nan for nan."""
    if math.isnan(value) or not left.size:
        return math.nan
    at = int(np.clip(np.searchsorted(left, value, side="right") - 1, 0, left.size - 1))
    low, high = float(left[at]), float(right[at])
    if value >= high:
        return at + 1.0
    if value <= low:
        return float(at)
    if log and low * value > 0.0 and low * high > 0.0:
        return at + (math.log(abs(value)) - math.log(abs(low))) / (math.log(abs(high)) - math.log(abs(low)))
    return at + (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0)


def box(values: Sequence[float], left: NDArray[Any], right: NDArray[Any], glyphs: Glyphs, *, log: bool) -> str:
    """Return a line from the least value to the greatest, thick between the outer of the three quartiles.

    Args:
        values: The least, the quartiles and the greatest, in this order.
        left: Where each bin begins.
        right: Where it ends.
        glyphs: What the terminal can print.
        log: Whether the bins are logarithmic.
    """
    columns = left.size
    places = [place_of(value, left, right, log=log) for value in values]
    if not columns or any(math.isnan(place) for place in places):
        return " " * columns
    low, first, middle, last, high = (min(columns - 1, int(place)) for place in places)
    thin, thick, mark = "-=|" if glyphs == "ascii" else "─━┃"
    line = [" "] * columns
    line[low : high + 1] = thin * (high + 1 - low)
    line[first : last + 1] = thick * (last + 1 - first)
    line[middle] = mark
    return "".join(line)


def labels(left: NDArray[Any], right: NDArray[Any], *, log: bool) -> str:
    """Return a row with values under the bins, each centred where it stands, and none touching another."""
    columns = left.size
    row, free = [" "] * columns, 0
    for value, text in _ticks(left, right, log=log):
        place = place_of(value, left, right, log=log)
        start = min(max(round(place - len(text) / 2), 0), columns - len(text))
        if start >= free:
            row[start : start + len(text)] = text
            free = start + len(text) + 1
    return "".join(row)


def _ticks(left: NDArray[Any], right: NDArray[Any], *, log: bool) -> list[tuple[float, str]]:
    if not left.size:
        return []
    most = max(2, left.size // _COLUMNS_A_TICK)
    if not log:
        return [(tick.position, tick.label) for tick in linear_ticks(float(left[0]), float(right[-1]), most)]
    ticks: list[tuple[float, str]] = []
    both = bool(left[0] < 0.0 < right[-1])
    sizes = (right if right[-1] > 0.0 else -left[::-1]), (left if right[-1] > 0.0 else -right[::-1])
    positive = sizes[1] > 0.0
    low, high = math.log10(float(sizes[1][positive].min())), math.log10(float(sizes[0].max()))
    marks: tuple[Tick, ...] = log_ticks(low, high, max(1, most // 2) if both else most)
    for mark in marks:
        if mark.position > 308.25:
            continue
        size = 10.0**mark.position
        if left[0] < 0.0:
            ticks.append((-size, f"−{mark.label}"))
        if right[-1] > 0.0:
            ticks.append((size, mark.label))
    return sorted(ticks)
