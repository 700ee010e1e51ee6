"""Gradient descent with momentum, the heavy ball."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from ... import fields
from ...subject.objective import Tensor, Vector
from ..passes import Passes, numbers
from .rule import BoundRule, Dials, Moments, Rule, State, stretches


@dataclass(slots=True)
class MomentumState(State):
    """What momentum remembers.

    The buffer is free of the learning rate, so a turn of α scales the whole velocity at once. Its total weight is a
    running sum, so it stays right when someone turns μ or τ.
    """

    buffer: Vector
    """Velocity: the decaying sum of the gradients, the parameters' shape."""
    total: float
    """Total weight of the gradients in `buffer`: 0 at the start, towards (1 − τ)/(1 − μ)."""
    decay: float
    """Product of the momenta used so far: what is left of the weight of the first gradient."""


class Momentum(Rule):
    """Momentum: b ← μ·b + (1 − τ)·g, then θ ← θ − α·b; on the very first step b = g.

    By hand, α = 0.1, μ = 0.5, τ = 0, constant g = 4: b is 4, then 6; θ falls by 0.4, then by 0.6.

    Source: B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Comput. Math. 4
    (1964), in the form of `torch.optim.SGD(momentum=μ, dampening=τ)`.
    """

    title: ClassVar[str] = "Momentum"

    inertia: ClassVar[str | None] = "momentum"

    name: Literal["momentum"] = "momentum"
    lr: fields.LearningRate = 1e-3
    momentum: fields.Momentum = 0.9
    dampening: fields.Dampening = 0.0

    def fresh_state(self, theta: Vector) -> MomentumState:
        """Return a ball at rest."""
        return MomentumState(np.zeros_like(theta), 0.0, 1.0)

    def adopted_state(self, theta: Vector, moments: Moments) -> MomentumState:
        """Return a ball that has rolled under the mean gradient for ever: b = m̂·(1 − τ)/(1 − μ)."""
        if moments.mean is None or moments.mean_weight <= 0.0:
            return self.fresh_state(theta)
        total = (1.0 - self.dampening) / (1.0 - self.momentum)
        return MomentumState(moments.mean * (total / moments.mean_weight), total, 0.0)

    def moments(self, state: MomentumState) -> Moments:
        """Return the buffer as a mean gradient of weight 1 − ∏μ."""
        if state.total == 0.0:
            return Moments()
        # A product of zero momenta leaves full weight; otherwise 1 - decay is what an EMA would have gathered.
        weight = 1.0 - state.decay
        return Moments(mean=state.buffer * (weight / state.total), mean_weight=weight)

    def _bound(self, state: MomentumState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what advances the buffer and makes α·b of the gradient."""
        lr, kept, taken = numbers(grad.dtype, 0.0, 0.0, 0.0)

        def begin() -> None:
            lr[()] = dials.lr
            if state.total == 0.0:
                # The buffer is zero: the first gradient goes into it whole, undamped.
                kept[()], taken[()] = 0.0, 1.0
                state.total = 1.0
            else:
                kept[()], taken[()] = dials.momentum, 1.0 - self.dampening
                state.total = dials.momentum * state.total + (1.0 - self.dampening)
            state.decay *= dials.momentum

        def part(g: Vector, b: Vector) -> Passes:
            damping = [(np.multiply, g, taken, g)] if self.dampening else []
            return [
                (np.multiply, b, kept, b),
                *damping,
                (np.add, b, g, b),
                (np.multiply, b, lr, g),
            ]

        return BoundRule(begin=begin, parts=tuple(part(*views) for views in stretches(grad, state.buffer)))

    def effective_lr(self, state: MomentumState, rms: float | None, lr: float) -> float:
        """Return α times the total weight in the buffer: towards α/(1 − μ) under a constant gradient."""
        return lr * state.total
