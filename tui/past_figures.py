"""What was measured of the tensors of a lane over its steps: in the past, as the record has it, and just now."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from engine.method.telemetry import QUANTITIES, TensorFigures, whole_update_ratio

from .charts.band import Band
from .charts.history import Series

LIMIT = 2_048
"""Measurements that are held of the past. A run keeps fewer itself; of more, from a record of old, every other goes."""
MOST_NOW = 256
"""Measurements that are held of now: all of them, up to a pace of ten seconds between two that are kept."""
MOST_CURVES = 64
"""Curves that are held; another that is asked for again is made anew."""
SCALES = ("root", "rate")
"""What scales the steps, and is never below 0."""

_Measured = tuple[TensorFigures, float]
"""With the update ratio of all tensors together."""
Kind = TypeVar("Kind")


@dataclass(slots=True)
class Course:
    """How the entries of a tensor were spread, over the steps."""

    whole: Band = field(default_factory=Band)
    """From the least to the greatest."""
    half: Band = field(default_factory=Band)
    """Between the outer quartiles."""
    middle: Series = field(default_factory=Series)
    """The median."""

    def extend(self, measured: Iterable[TensorFigures], tensor: int, quantity: int) -> None:
        """Take how the entries were spread at later steps; where they have no such quantity there is nothing."""
        found = [
            (each.step, each.spread[tensor, quantity])
            for each in measured
            if each.spread is not None and tensor < len(each.spread)
        ]
        if not found:
            return
        steps = np.array([step for step, _ in found], np.float64)
        levels = np.array([level for _, level in found], np.float64).T
        if QUANTITIES[quantity] in SCALES:
            # Their axis is logarithmic and has no place for 0: there a band begins at the next level above.
            for level in reversed(range(len(levels) - 1)):
                levels[level] = np.where(levels[level] == 0.0, levels[level + 1], levels[level])
        is_there = ~np.isnan(levels).any(axis=0)
        steps = steps[is_there]
        low, quarter, median, three_quarters, high = levels[:, is_there]
        self.whole.append_both(steps, low, high)
        self.half.append_both(steps, quarter, three_quarters)
        self.middle.append(steps, median)


@dataclass(slots=True)
class _Curve(Generic[Kind]):
    """A curve as far as it is drawn."""

    made: Kind
    state: int
    taken: int = 0


class PastFigures:
    """What was measured of the tensors of one lane, in bounded memory, and curves of it.

    The engine keeps figures at steps that are chosen by their number, and besides tells those of now. These are the end
    of a curve until the next ones that are kept take their place: the past of a run looks the same to whoever has
    watched it and to whoever comes later.

    Attributes:
        newest: What was measured last; None before the first.
        count: How many measurements came in.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.newest: TensorFigures | None = None
        self.count = 0
        self._past: list[_Measured] = []
        self._now: list[_Measured] = []
        self._state = 0
        """Another one whenever a curve can no longer be gone on with."""
        self._figures: dict[object, _Curve[Series]] = {}
        self._courses: dict[object, _Curve[Course]] = {}

    @property
    def last_step(self) -> int:
        """The newest step of the past; 0 where there is none."""
        return self._past[-1][0].step if self._past else 0

    def add(self, figures: TensorFigures, *, kept: bool) -> None:
        """Take what was measured at a step, later than all before; what is known already is left out."""
        self.count += 1
        self.newest = figures
        if figures.step <= self.last_step or (not kept and self._now and figures.step <= self._now[-1][0].step):
            return
        measured = figures, whole_update_ratio(figures.values)
        if not kept:
            self._now.append(measured)
            if len(self._now) > MOST_NOW:
                del self._now[:-1:2]
                self._state += 1
            return
        if self._now:
            self._now.clear()
            self._state += 1
        self._past.append(measured)
        self._thin_out()

    def recall(self, figures: Iterable[TensorFigures]) -> None:
        """Take what the record has: all of it, or what was not told in between."""
        known = {each.step for each, _ in self._past}
        fresh = [(each, whole_update_ratio(each.values)) for each in figures if each.step not in known]
        if not fresh:
            return
        self.count += 1
        self._past = sorted(self._past + fresh, key=_step_of)
        self._now = self._now[bisect.bisect_right(self._now, self.last_step, key=_step_of) :]
        self._state += 1
        self._thin_out()
        if self.newest is None or self.newest.step < self.last_step:
            self.newest = self._past[-1][0]

    def update_ratio(self) -> Series:
        """Return ‖Δθ‖/‖θ‖ over all tensors against the step."""
        curve = self._found(self._figures, "update ratio", Series)
        fresh = self._beyond(curve)
        if fresh:
            curve.made.append([float(each.step) for each, _ in fresh], [ratio for _, ratio in fresh])
        return curve.made

    def of_tensor(self, tensor: int, column: int, *, per: float = 1.0) -> Series:
        """Return one figure of one tensor against the step, divided by `per`."""
        curve = self._found(self._figures, (tensor, column, per), Series)
        fresh = [each for each, _ in self._beyond(curve) if tensor < len(each.values)]
        if fresh:
            values = np.array([each.values[tensor, column] for each in fresh])
            curve.made.append([float(each.step) for each in fresh], values / per)
        return curve.made

    def course(self, tensor: int, quantity: str) -> Course:
        """Return how the entries of a tensor were spread, of one of the engine's `QUANTITIES`."""
        place = QUANTITIES.index(quantity)
        curve = self._found(self._courses, (tensor, place), Course)
        curve.made.extend((each for each, _ in self._beyond(curve)), tensor, place)
        return curve.made

    def _thin_out(self) -> None:
        while len(self._past) > LIMIT:
            del self._past[1:-1:2]
            self._state += 1

    def _found(self, curves: dict[object, _Curve[Kind]], key: object, make: Callable[[], Kind]) -> _Curve[Kind]:
        curve = curves.get(key)
        if curve is None or curve.state != self._state:
            if curve is None and len(curves) >= MOST_CURVES:
                del curves[next(iter(curves))]
            curve = curves[key] = _Curve(made=make(), state=self._state)
        return curve

    def _beyond(self, curve: _Curve[Kind]) -> list[_Measured]:
        """Return what a curve has yet to take, and count it as taken."""
        taken, past = curve.taken, len(self._past)
        curve.taken = past + len(self._now)
        return self._past[taken:] + self._now if taken < past else self._now[taken - past :]


def _step_of(measured: _Measured) -> int:
    return measured[0].step
