"""All that a trainer is between two steps, as it is handed out and taken back."""

from __future__ import annotations

from dataclasses import dataclass

from ..subject.objective import Vector
from .batches import Position
from .optimizers import Rule, State
from .schedules import PlateauState
from .spec import RunSpec
from .stopping import LossWatch
from .telemetry import Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class NonFinite:
    """A step whose loss or gradient was not a finite number; its update was not made, see `Trainer.step`."""

    step: int
    quantity: str
    """ "loss" or "gradient"."""
    tensor: str
    """The first tensor whose gradient is not finite, or whose norm overflows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All of a trainer's state; restoring it goes on bit for bit as the original did."""

    spec: RunSpec
    step: int
    theta: Vector
    previous: Vector
    state: State
    position: Position
    plateau: PlateauState
    watch: LossWatch
    sums: tuple[Sums, Sums]
    """Of the updates that led here, and of those that led to `previous`."""
    average: tuple[Vector, Vector] | None
    """With the parameters here, and with `previous`."""
    trials: int
    astray: int
    ended: str | None
    non_finite: NonFinite | None


def beginning(spec: RunSpec, theta: Vector) -> Snapshot:
    """Return what a trainer is before its first step, at these parameters."""
    rule: Rule = spec.optimizer
    return Snapshot(
        spec=spec,
        step=0,
        theta=theta,
        previous=theta,
        state=rule.fresh_state(theta),
        position=Position(epoch=1, taken=0, shuffled=spec.batch.shuffle),
        plateau=PlateauState(),
        watch=LossWatch(),
        sums=(Sums(), Sums()),
        average=None,
        trials=0,
        astray=0,
        ended=None,
        non_finite=None,
    )
