"""All signs over one trainer: fed with what is measured anyway, and looking closer for no more than 1 % of the time."""

from __future__ import annotations

import time

import numpy as np

from ...errors import RunError
from ..telemetry import StepBlock
from ..trainer import Trainer
from .alarm import Alarm
from .curve import CurveWatch
from .generalisation import GeneralisationWatch
from .layers import LayerWatch
from .steepness import SteepnessWatch
from .units import UnitWatch

LOOK_EVERY_S = 1.0
"""Seconds between two looks at the units and at the curvature."""
SHARE = 0.01
"""The share of the time that such looks may take: after an expensive one the next comes later."""


class Watch:
    """Watches one trainer, and changes nothing about it."""

    def __init__(self, trainer: Trainer) -> None:
        """Begin before the first step."""
        self._trainer = trainer
        self._curve = CurveWatch(batches_per_epoch=trainer.batches.batches_per_epoch)
        self._generalisation = GeneralisationWatch()
        self._layers = LayerWatch(trainer.tensors)
        self._units, self._steepness = UnitWatch(trainer), SteepnessWatch(trainer)
        self._evaluations: list[tuple[int, float]] = []
        self._looked_at = 0
        self._next_look = 0.0
        self._is_blind = False

    def see_evaluation(self, step: int, loss: float) -> None:
        """Look at an evaluation of the held-out samples."""
        self._evaluations.append((step, loss))

    def see(self, block: StepBlock | None) -> list[Alarm]:
        """Look at the steps since the last time and at what was measured, and return what there is to tell."""
        if block is not None:
            self._curve.see(block, units_are_lost=self._units.are_lost)
        for step, loss in self._evaluations:
            self._generalisation.see(step, loss, self._curve.loss)
        self._evaluations.clear()
        if self._trainer.figures is not None:
            self._layers.see(self._trainer.figures, units_are_lost=self._units.are_lost)
        now = time.perf_counter()
        if now >= self._next_look and self._trainer.step_count > self._looked_at and not self._is_blind:
            self.look()
            self._next_look = now + max(LOOK_EVERY_S, (time.perf_counter() - now) / SHARE)
        watchers = (self._curve, self._generalisation, self._layers, self._units, self._steepness)
        return [alarm for watcher in watchers for alarm in watcher.take()]

    @np.errstate(all="ignore")
    def look(self) -> None:
        """Look at the units and at the curvature."""
        self._looked_at = self._trainer.step_count
        try:
            if self._units.can_look:
                self._units.look()
            if self._steepness.can_look:
                self._steepness.look(units_are_lost=self._units.are_lost)
        except (RunError, MemoryError):
            # Samples that can no longer be read are told by who trains with them.
            self._is_blind = True
