"""What the schedule makes of the learning rate from here on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ..path import Path
from ..schedules import ScheduleAtWork
from ..schedules.plateau import Plateau
from ..trainer import Trainer
from .inspection import Finding, Inspection

WAYS_AHEAD = 1 << 53
"""Beyond this a step's number is no longer exact as a float."""


class CourseInspection(Inspection):
    """The learning rates of the steps to come, as the schedule says now; the schedule itself is not turned.

    Facts:
        first, last: The numbers of the first and the last step that is shown, counted from 1.
        exact: Whether the sums ahead are of every step; else of straight lines between those that are shown.
        known: "yes"; "plateau" where the rate depends on the loss to come, and is shown as it stands; "search" where a
            line search finds every step's own length.
        held: The rate that is held whatever the schedule says, or None.
        warm_at: The step before which the warm-up goes on; 0 without one.
        momentum: Whether the schedule turns the momentum as well.
        sum, squares: Σα and Σα² of the updates made.
        sum_ahead, squares_ahead: The same of the steps that are shown.

    Arrays: `steps`, `lr` and `momentum`, all (points,).
    """

    ahead: Annotated[int, Field(ge=1, le=10**12)] = 1000
    """How many steps from here on."""
    until: Annotated[int, Field(ge=1, le=WAYS_AHEAD)] | None = None
    """Up to this step instead, if it is still to come."""
    points: Annotated[int, Field(ge=2, le=2000)] = 400
    """How many of them are shown at most."""

    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding]:
        """Yield the course at once."""
        schedule, batches = trainer.spec.schedule, trainer.batches
        first = trainer.step_count + 1
        last = trainer.step_count + self.ahead
        if self.until is not None and self.until >= first:
            last = self.until
        steps = np.unique(np.linspace(first, last, min(self.points, last - first + 1)).round())
        # Dials and a state of its own: what the trainer's schedule has seen stays as it is.
        dials = trainer.rule.dials()
        at_work = ScheduleAtWork(schedule, dials, replace(trainer.plateau))
        lr, momentum = np.empty(len(steps)), np.empty(len(steps))
        for place, step in enumerate(steps.tolist()):
            at_work.preview(int(step), batches.epoch_of(int(step) - trainer.step_count))
            lr[place], momentum[place] = dials.lr, dials.momentum
        total, squares = trainer.steps.rates
        warm = schedule.warmup * (1 if schedule.per == "step" else batches.batches_per_epoch)
        yield Finding(
            facts={
                "first": first,
                "last": last,
                "exact": bool(len(steps) == last - first + 1 or not np.ptp(lr)),
                "known": "search" if trainer.search else "plateau" if isinstance(schedule, Plateau) else "yes",
                "held": schedule.hold,
                "warm_at": warm + 1 if warm else 0,
                "momentum": bool(np.ptp(momentum)),
                "sum": total,
                "squares": squares,
                "sum_ahead": _total(steps, lr),
                "squares_ahead": _total(steps, lr * lr),
            },
            arrays={"steps": steps, "lr": lr, "momentum": momentum},
        )


def _total(steps: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Return the sum over all whole steps from the first to the last, on straight lines between the given ones."""
    between = np.diff(steps) - 1.0
    return float(values.sum() + (between * (values[:-1] + values[1:]) / 2.0).sum())
