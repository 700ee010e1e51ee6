"""What the curvature tells of the learning rate of plain gradient descent and of momentum: whether steps must grow."""

from __future__ import annotations

import math

import numpy as np

from ..diagnostics.theory import largest_stable_lr
from ..trainer import Trainer
from .alarm import Alarm, Latches

SAMPLES = 128
"""Training samples over which the curvature is taken, the first ones."""
SMALL = 1 << 18
"""Parameters times samples of a gradient that costs next to nothing."""
PRODUCTS = 8
"""Products with the Hessian at such a look, two gradients each; otherwise one. The next look goes on from there."""
BEYOND = 1.5
"""A learning rate this many times beyond the largest that is stable on a quadratic gives a sign.

Full-batch descent hovers about the edge itself without harm. Source: J. Cohen et al., "Gradient Descent on Neural
Networks Typically Occurs at the Edge of Stability", arXiv:2103.00065, section 3.
"""
CREEPS = 1e-3
"""A share of the largest stable rate with which a thousand steps are too few even along the steepest direction.

The distance from the minimum shrinks by the factor 1 − αλ at a step, see `diagnostics.theory`.
"""
AT_REST = 0.1
"""A gradient that is down to this share of its largest is that of a run near its end, where small steps are right."""
RULES = ("sgd", "momentum", "nesterov")
"""The rules for which 2/λ is a limit; the others divide by a second moment."""


class SteepnessWatch:
    """Looks at the largest curvature every now and then.

    The precision is that of the run, and a few rounds of the power iteration are made at each look: enough to see a
    rate that is far off. `diagnostics.curvature` is for the figure itself.
    """

    def __init__(self, trainer: Trainer) -> None:
        """Watch the learning rate of a trainer."""
        self._latches = Latches(3)
        self._trainer = trainer
        self._theta, self._grad = np.empty_like(trainer.theta), np.empty_like(trainer.theta)
        self._steepest = 0.0
        # In float32 a difference of gradients loses half of the digits; this width leaves two of them.
        self._width = float(np.finfo(self._theta.dtype).eps) ** (1.0 / 3.0)
        self._direction = np.random.default_rng(0).normal(size=self._theta.size).astype(self._theta.dtype)

    @property
    def can_look(self) -> bool:
        """Whether the present rule has such a limit."""
        return self._trainer.rule.name in RULES and self._trainer.spec.search_method == "none"

    def look(self, *, units_are_lost: bool = False) -> None:
        """Make a few rounds of the power iteration at the present point, and compare.

        Where `units_are_lost` it is they who make the loss flat, and no larger rate brings them back.
        """
        trainer = self._trainer
        largest = self._largest_curvature()
        limit = largest_stable_lr(largest, trainer.dials.momentum)
        lr = trainer.dials.lr
        figures = trainer.figures
        gradient = float(np.linalg.norm(figures.grad_norms)) if figures is not None else 0.0
        self._steepest = max(self._steepest, gradient)
        self._latches.see(
            "crawling",
            trainer.step_count,
            f"α = {lr:.3g} is {lr / limit:.1g} of the {limit:.3g} that is stable at a curvature of {largest:.3g}",
            begins=lr < CREEPS * limit < math.inf and gradient > AT_REST * self._steepest and not units_are_lost,
            ends=lr > 3.0 * CREEPS * limit,
        )
        text = f"α = {lr:.3g} is {lr / limit:.2g} times the {limit:.3g} that is stable at a curvature of {largest:.3g}"
        if limit == math.inf:
            text = f"nothing curves upwards here, so that α = {lr:.3g} throws nothing back"
        self._latches.see("unstable", trainer.step_count, text, begins=lr > BEYOND * limit, ends=lr < limit)

    def take(self) -> list[Alarm]:
        """Return what has begun or ended since the last time."""
        return self._latches.take()

    def _largest_curvature(self) -> float:
        trainer = self._trainer
        samples = trainer.objective.samples()
        batch = samples.batch(0, min(SAMPLES, samples.count))
        spec = trainer.spec.regularisation.model_copy(update={"dropout": 0.0})
        bound = trainer.objective.bind(self._theta, self._grad, spec)
        found = 0.0
        for _ in range(PRODUCTS if batch.count * self._theta.size <= SMALL else 1):
            length = float(np.linalg.norm(self._direction))
            if not (math.isfinite(length) and length > 0.0):
                self._direction = np.random.default_rng(0).normal(size=self._theta.size).astype(self._theta.dtype)
                return found
            unit = self._direction / length
            step = self._width * max(1.0, float(np.linalg.norm(unit * trainer.theta)))
            np.subtract(trainer.theta, step * unit, out=self._theta)
            bound.loss_and_gradient(batch)
            below = self._grad.copy()
            np.add(trainer.theta, step * unit, out=self._theta)
            bound.loss_and_gradient(batch)
            self._direction = (self._grad - below) / (2.0 * step)
            found = float(self._direction @ unit)
        return found if math.isfinite(found) else 0.0
