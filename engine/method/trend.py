"""How fast a loss falls or rises over a stretch of steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

FEWEST = 4
"""Of fewer values nothing is said."""
LEVEL = 0.02
"""A loss that changes by less than this share of itself over a stretch is level."""
CERTAIN = 3.0
"""A slope of fewer standard errors than this may be the noise of minibatches, and is level as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The line of least squares through a loss: through its logarithm where it is above 0 all along."""

    slope: float
    """Of the line, a step: of ln(loss) where `is_relative`, else of the loss."""
    is_relative: bool
    is_level: bool

    @property
    def factor_two_steps(self) -> float:
        """In how many steps the loss halves or doubles; only where `is_relative`."""
        return math.log(2.0) / abs(self.slope) if self.slope else math.inf


def trend(steps: ArrayLike, losses: ArrayLike) -> Trend | None:
    """Return how a loss went, both (values,) and the steps rising; None of too few values that are finite."""
    x, y = np.asarray(steps, np.float64), np.asarray(losses, np.float64)
    known = np.isfinite(y)
    x, y = x[known], y[known]
    if x.size < FEWEST or x[-1] <= x[0]:
        return None
    is_relative = bool((y > 0.0).all())
    heights = np.log(y) if is_relative else y
    # Losses near the largest number would overflow in the sums.
    size = max(float(np.abs(heights).max()), 1e-300)
    centred = x - x.mean()
    heights, square = heights / size, float(centred @ centred)
    slope = float(centred @ heights) / square
    rest = heights - heights.mean() - slope * centred
    error = math.sqrt(float(rest @ rest) / ((x.size - 2) * square))
    is_noise = abs(slope) < CERTAIN * error
    slope *= size
    change = abs(slope * float(x[-1] - x[0]))
    return Trend(
        slope=slope,
        is_relative=is_relative,
        is_level=is_noise or change < (LEVEL if is_relative else LEVEL * float(np.abs(y).max())),
    )
