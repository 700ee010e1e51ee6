"""A schedule at work: what turns a rule's dials from step to step."""

from __future__ import annotations

from ..optimizers import Dials
from .plateau import Plateau, PlateauState
from .schedule import Schedule


class ScheduleAtWork:
    """Turns the dials of one rule by one schedule.

    Attributes:
        is_active: Whether there is anything to turn from step to step.
    """

    def __init__(self, schedule: Schedule, dials: Dials, state: PlateauState) -> None:
        """Tie a schedule to dials that stand at the rule's own numbers; `state` is a plateau's, and changes."""
        self._schedule, self._dials, self._lr = schedule, dials, dials.lr
        self._held = schedule.hold is not None
        self._per_step = schedule.per == "step"
        self._plateau = schedule if isinstance(schedule, Plateau) else None
        self._state = state
        self._unit = -1
        self._cycles_momentum = schedule.momentum(0) is not None
        self.is_active = not schedule.is_constant
        if schedule.hold is not None:
            dials.lr = schedule.hold

    def turn(self, step: int, epoch: int, loss: float) -> None:
        """Set the dials for a step.

        Args:
            step: Its number, counted from 1.
            epoch: Its pass through the training set, counted from 1.
            loss: Its minibatch's, before the update; the schedule judges it when the unit is over.
        """
        unit = (step if self._per_step else epoch) - 1
        if unit != self._unit:
            if self._plateau is not None and unit >= self._plateau.warmup:
                self._state.enter(unit, self._plateau)
            self._set(unit)
            self._unit = unit
        if self._plateau is not None and unit >= self._plateau.warmup:
            self._state.see(loss)

    def preview(self, step: int, epoch: int) -> None:
        """Set the dials as they will be at a step that may come, so that people see what is to be."""
        if self.is_active:
            self._set((step if self._per_step else epoch) - 1)

    def _set(self, unit: int) -> None:
        schedule = self._schedule
        if not self._held:
            factor = schedule.warmed_factor(unit)
            if self._plateau is not None:
                factor *= self._state.factor
            self._dials.lr = self._lr * factor
        if self._cycles_momentum:
            momentum = schedule.momentum(max(0, unit - schedule.warmup))
            if momentum is not None:
                self._dials.momentum = momentum
