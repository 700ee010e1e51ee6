"""The loss along one direction, φ(α), and the trials that a search has made on it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Trial(NamedTuple):
    """One point on the ray."""

    alpha: float
    """How far from the start, in lengths of the direction."""
    value: float
    """φ(α); inf where the loss is not a finite number."""
    slope: float
    """φ′(α); inf where the loss or the slope is not a finite number."""


class ExhaustedError(Exception):
    """All evaluations of a search are used up: what it has by then counts."""


class Ray:
    """φ from a start on, with a limit to how often it is evaluated.

    Attributes:
        start: φ and φ′ at α = 0.
        lowest: The trial with the lowest value, or the start while none is lower.
        made: How many trials were made.
        resolution: The rounding of a number of size 1 in the type of the parameters.
    """

    def __init__(self, limit: int, resolution: float) -> None:
        """Allow so many trials."""
        self.resolution = resolution
        self._points = np.empty((limit, 3))
        self._evaluate: Callable[[float], tuple[float, float]]
        self.start = self.lowest = Trial(0.0, 0.0, 0.0)
        self.made = 0

    def begin(self, value: float, slope: float, evaluate: Callable[[float], tuple[float, float]]) -> None:
        """Begin a search.

        Args:
            value: φ(0).
            slope: φ′(0), negative.
            evaluate: Returns φ and φ′ at α.
        """
        self.start = self.lowest = Trial(0.0, value, slope)
        self._evaluate = evaluate
        self.made = 0

    def at(self, alpha: float) -> Trial:
        """Return the trial at α; raises `ExhaustedError` when no more is allowed."""
        if self.made == len(self._points):
            raise ExhaustedError
        value, slope = self._evaluate(alpha)
        self._points[self.made] = alpha, value, slope
        self.made += 1
        if not (math.isfinite(value) and math.isfinite(slope)):
            return Trial(alpha, math.inf, math.inf)
        trial = Trial(alpha, value, slope)
        if value < self.lowest.value:
            self.lowest = trial
        return trial

    def falls_enough(self, trial: Trial, c1: float) -> bool:
        """Return whether Armijo's condition holds: φ(α) ≤ φ(0) + c₁·α·φ′(0)."""
        return trial.value <= self.start.value + c1 * trial.alpha * self.start.slope

    @property
    def trials(self) -> NDArray[np.float64]:
        """The trials of the last search, (trials, 3): α, φ and φ′, in their order; a view."""
        return self._points[: self.made]
