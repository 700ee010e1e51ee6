"""How far a run was in other measures than steps: epochs, samples seen, gradient evaluations and time."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .history import Vector

Measure = Literal["step", "epoch", "samples", "evaluations", "time"]
MEASURES: tuple[Measure, ...] = ("step", "epoch", "samples", "evaluations", "time")
LIMIT = 4_096
"""How many places are remembered; beyond that every other one is forgotten."""


class Anchors:
    """A quantity that grows with the steps, known at some of them and taken for linear in between."""

    __slots__ = ("_arrays", "_held", "_steps", "_values")

    def __init__(self) -> None:
        """Begin with 0 before the first step."""
        self._steps, self._values = [0.0], [0.0]
        self._held = 0.0
        self._arrays: tuple[Vector, Vector] | None = None

    def __len__(self) -> int:
        return len(self._steps)

    def add(self, step: float, value: float) -> None:
        """Take in what the quantity was after `step` updates; what lies before what is known is left out."""
        last = self._steps[-1]
        if step < last or not value >= self._values[-1]:
            return
        if step == last:
            # While nothing moves time goes on: the pause lies between this step and the next.
            self._held = value
            return
        if self._held > self._values[-1] and self._held <= value:
            self._append(last + 0.5, self._held)
        self._append(step, value)
        self._held = value

    def at(self, steps: ArrayLike) -> Vector:
        """Return the quantity after so many updates, beyond the last known place as it grew last."""
        known, values = self._table()
        return _along(np.asarray(steps, np.float64), known, values)

    def steps_at(self, values: ArrayLike) -> Vector:
        """Return after how many updates the quantity was this."""
        steps, known = self._table()
        return _along(np.asarray(values, np.float64), known, steps)

    def _append(self, step: float, value: float) -> None:
        self._steps.append(step)
        self._values.append(value)
        self._arrays = None
        if len(self._steps) > LIMIT:
            # The first and the newest stay.
            kept = slice((len(self._steps) - 1) % 2 or None, None, 2)
            self._steps, self._values = [0.0, *self._steps[1:][kept]], [0.0, *self._values[1:][kept]]

    def _table(self) -> tuple[Vector, Vector]:
        if self._arrays is None:
            self._arrays = np.array(self._steps), np.array(self._values)
        return self._arrays


class Milestones:
    """Where a lane was when, in every measure."""

    __slots__ = ("_samples", "epochs", "evaluations", "seconds")

    def __init__(self, samples: int = 1) -> None:
        """Know nothing yet of a run over a training set of so many `samples`."""
        self._samples = float(max(samples, 1))
        self.epochs, self.evaluations, self.seconds = Anchors(), Anchors(), Anchors()

    def knows(self, measure: Measure) -> bool:
        """Return whether anything is known of a measure."""
        return measure == "step" or self._of(measure)[0] is not None

    def at(self, measure: Measure, steps: ArrayLike) -> Vector:
        """Return what `measure` counted after so many updates; steps themselves where nothing is known of it."""
        array = np.asarray(steps, np.float64)
        anchors, scale = self._of(measure)
        return array if anchors is None else anchors.at(array) * scale

    def steps_at(self, measure: Measure, values: ArrayLike) -> Vector:
        """Return after how many updates `measure` counted this."""
        array = np.asarray(values, np.float64)
        anchors, scale = self._of(measure)
        return array if anchors is None else anchors.steps_at(array / scale)

    def _of(self, measure: Measure) -> tuple[Anchors | None, float]:
        anchors = {"epoch": self.epochs, "samples": self.epochs, "evaluations": self.evaluations, "time": self.seconds}
        found = anchors.get(measure)
        if found is None or len(found) < 2:
            return None, 1.0
        return found, self._samples if measure == "samples" else 1.0


def _along(places: Vector, known: Vector, values: Vector) -> Vector:
    """Return the values at `places`, between what is `known` and, with its last slope, beyond."""
    found = np.interp(places, known, values)
    if len(known) > 1:
        # Over the last tenth of what is known: the last two places may be a pause apart.
        back = max(0, len(known) - 1 - max(1, len(known) // 10))
        run = known[-1] - known[back]
        beyond = places > known[-1]
        if run > 0.0 and beyond.any():
            rise = (values[-1] - values[back]) / run
            found = np.where(beyond, values[-1] + (places - known[-1]) * rise, found)
    return np.asarray(found, np.float64)
