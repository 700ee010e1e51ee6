"""What the table of parameters has shown so far, in bounded memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .charts.history import Series

POINTS = 512
"""How many tables are kept: one for every dot across a wide chart."""


class PastFigures:
    """The figures of all tensors at steps that are evenly spread over the time in which they came in.

    Whenever there is no room for another table, every other one is left out, and from then on every other one that
    comes in: so a long run takes no more memory than a short one.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._steps: list[int] = []
        self._tables: list[NDArray[Any]] = []
        self._stride = 1
        self.count = 0
        """How many tables came in."""

    def add(self, step: int, figures: NDArray[Any]) -> None:
        """Take the figures (tensors, figures) of a step."""
        if self.count % self._stride == 0:
            if len(self._steps) == POINTS:
                del self._steps[1::2], self._tables[1::2]
                self._stride *= 2
            if self.count % self._stride == 0:
                self._steps.append(step)
                self._tables.append(figures)
        self.count += 1

    def of(self, tensor: int, column: int, *, per: float = 1.0) -> Series:
        """Return one figure of one tensor against the step, divided by `per`."""
        series = Series()
        if self._steps:
            series.append(self._steps, np.array([table[tensor, column] for table in self._tables]) / per)
        return series
