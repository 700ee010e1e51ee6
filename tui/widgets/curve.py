"""One curve as a chart is given it: its samples, how it looks, and what is told of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..charts.axes import compact
from ..charts.history import Series
from ..charts.milestones import Measure, Milestones
from ..charts.raster import Shape

STEPS = Milestones()
"""Those of a lane of which nothing but its steps is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line of a chart."""

    label: str
    series: Series
    colour: str
    """The name of a theme variable, "primary", "accent" and so on, or a colour's digits: "#CC79A7"."""
    faint: bool = False
    """Whether this is the raw curve behind a smoothed one."""
    silent: bool = False
    """Whether its newest value stands elsewhere and not in the title row."""
    ghost: bool = False
    """Whether this is an earlier attempt, which may be seen but moves no axis and has no value of its own."""
    shape: Shape = "line"
    """"line" through the mean of the samples that share a column, or the "envelope" from the least to the greatest."""
    readout: Callable[[float], str] | None = None
    """How a value is written in the title row; None for four significant digits."""
    milestones: Milestones = STEPS
    """Where its lane was when, for an axis that counts something else than steps."""
    raw: Series | None = None
    """What is smoothed here and not drawn: under the crosshair its value is told as well."""
    letter: str = ""
    """What its lane is called everywhere where there are no colours; nothing for any letter that is free."""
    leads: bool = False
    """Whether its value under the crosshair comes before those of the others that are silent."""
    stop: float = math.inf
    """The step at which its lane has ended: behind it there is nothing under the crosshair."""

    def end(self, measure: Measure) -> float:
        """Return where it ends, in the measure of the axis."""
        return self.series.last_x if measure == "step" else float(self.milestones.at(measure, self.series.last_x))

    def value(self, pointer: float | None, measure: Measure, *, raw: bool = False) -> float | None:
        """Return what it is under the crosshair, which stands at `pointer`; without one its newest value.

        None where there is nothing to tell.
        """
        series = self.raw if raw and self.raw is not None else self.series
        if pointer is None:
            return None if self.ghost else series.last
        step = float(self.milestones.steps_at(measure, pointer))
        return series.at(step)[1] if step < self.stop + 0.5 else None

    def read(self, value: float | None) -> str:
        """Return a value in words."""
        if value is None:
            return "" if self.ghost else "–"
        return (self.readout or compact)(value) if np.isfinite(value) else f"{value}"
