"""Where a point is going: the slope under it, and the way on which its momentum alone would carry it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...errors import InputError
from ...subject.objective import Vector
from ..path import Path
from ..trainer import Trainer
from .inspection import Finding, Inspection

MOST = 64
"""The facts are lists of numbers: of more parameters they would be for nobody to read."""


class MotionInspection(Inspection):
    """The point, the gradient of the whole function there, and what the rule remembers as a way to go.

    Facts, each a list with a number for every parameter: `point`; `gradient`, without noise; `coast`, by how much the
    next step would move the point if its gradient were 0, so by momentum alone, None where that is nowhere or
    not finite; `ball`, where the rule has the gradient taken ahead of the ball (Nesterov's: `point` is then
    the look-ahead point), else None. And `loss`, the height of the whole function.
    """

    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding]:
        """Yield it all at once; `InputError` for more parameters than anyone would follow."""
        if trainer.theta.size > MOST:
            raise InputError(f"{trainer.theta.size:,} parameters: an arrow in so many dimensions cannot be shown")
        return self._findings(trainer)

    def _findings(self, trainer: Trainer) -> Iterator[Finding]:
        theta = trainer.theta.astype(np.float64)
        grad = np.empty_like(theta)
        bound = trainer.objective.bind(theta, grad)
        samples = trainer.objective.samples()
        loss = bound.loss_and_gradient(samples.batch(0, samples.count))
        coast = coasting(trainer)
        ahead = trainer.rule.ahead(trainer.state, trainer.dials)
        yield Finding(
            facts={
                "point": theta.tolist(),
                "loss": float(loss),
                "gradient": grad.tolist(),
                "coast": coast.tolist() if np.isfinite(coast).all() and coast.any() else None,
                "ball": None if ahead is None or not ahead.any() else (theta - ahead).tolist(),
            }
        )


def coasting(trainer: Trainer) -> Vector:
    """Return by how much a step with a gradient of 0 would move the parameters, from a copy of the rule's state.

    nan where the rule cannot make such a step.
    """
    update = np.zeros_like(trainer.theta)
    if not any(map(np.any, trainer.state.vectors().values())):
        return update
    dials = replace(trainer.dials)
    try:
        with np.errstate(all="ignore"):
            trainer.rule.bind(trainer.state.copy(), update, dials, trainer.tensors).advance()
    except (ArithmeticError, ValueError):
        update.fill(math.nan)
    return np.negative(update)
