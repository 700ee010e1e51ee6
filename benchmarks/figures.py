"""A measured number beside what it should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number, its spread over the rounds, and its goal."""

    name: str
    value: float
    """The median of the rounds."""
    low: float
    """The lower quartile."""
    high: float
    """The upper quartile."""
    unit: str
    goal: str | None = None
    is_met: bool | None = None

    def __str__(self) -> str:
        spread = f"({number(self.low)} to {number(self.high)})"
        text = f"{self.name:<66}{number(self.value):>8} {self.unit:<9} {spread}"
        return text if self.goal is None else f"{text}  {self.goal} {'met' if self.is_met else 'NOT MET'}"


def figure(
    name: str, values: Sequence[float], unit: str, *, at_least: float | None = None, at_most: float | None = None
) -> Figure:
    """Return the figure of one value a round; it has at most one goal."""
    low, value, high = quartiles(values)
    if at_least is not None:
        goal, met = f"≥ {at_least:g}", value >= at_least
    elif at_most is not None:
        goal, met = f"≤ {at_most:g}", value <= at_most
    else:
        return Figure(name=name, value=value, low=low, high=high, unit=unit)
    return Figure(name=name, value=value, low=low, high=high, unit=unit, goal=goal, is_met=met)


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the lower quartile, the median and the upper quartile."""
    low, middle, high = np.percentile(values, (25, 50, 75))
    return float(low), float(middle), float(high)


def number(value: float) -> str:
    """Return a number with about three digits, and thousands set apart."""
    return f"{value:,.0f}" if value >= 100.0 else f"{value:.1f}" if value >= 10.0 else f"{value:.2f}"
