"""Gradient descent with momentum, the heavy ball."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from ... import fields
from ...subject.objective import Tensor, Vector
from ..passes import Passes, numbers
from .formula import Formula, WorkingOut, quantity
from .rule import BoundRule, Dials, Moments, Rule, State, stretches


@dataclass(slots=True)
class MomentumState(State):
    """What momentum remembers.

    Its total weight is a running sum, so it stays right when someone turns μ, τ or the form.
    """

    buffer: Vector
    """Velocity: the decaying sum of the gradients, or of α·g where it `holds_lr`, the parameters' shape."""
    total: float
    """Total weight of the gradients in `buffer`: 0 at the start, towards (1 − τ)/(1 − μ), or α times that."""
    decay: float
    """Product of the momenta used so far: what is left of the weight of the first gradient."""
    holds_lr: float = 0.0
    """1 where each gradient in `buffer` is multiplied by the learning rate of its step, else 0."""
    lr: float = 0.0
    """The learning rate of the last step, 0 before the first."""


def velocity_unit(wants_lr: bool, lr: float) -> float:
    """Return by what a velocity is multiplied that contains the learning rate from now on, or no longer does.

    With the learning rate `lr` of the last step, the ball goes on at the speed that it had.
    """
    return lr if wants_lr else 1.0 / lr


class Velocity(Rule):
    """What momentum and Nesterov's variant share: the velocity, and how a gradient enters it."""

    inertia: ClassVar[str | None] = "momentum"

    lr: fields.LearningRate = 1e-3
    momentum: fields.Momentum = 0.9
    form: fields.Form[Literal["torch", "keras"]] = "torch"

    @property
    def holds_lr(self) -> bool:
        """Whether the velocity contains the learning rate."""
        return self.form == "keras"

    @property
    def share(self) -> float:
        """How much of a gradient enters the velocity."""
        return 1.0

    def fresh_state(self, theta: Vector) -> MomentumState:
        """Return a ball at rest."""
        return MomentumState(np.zeros_like(theta), 0.0, 1.0)

    def adopted_state(self, theta: Vector, moments: Moments) -> MomentumState:
        """Return a ball that has rolled under the mean gradient for ever: b = m̂·(1 − τ)/(1 − μ)."""
        if moments.mean is None or moments.mean_weight <= 0.0:
            return self.fresh_state(theta)
        total = self.share / (1.0 - self.momentum)
        return MomentumState(moments.mean * (total / moments.mean_weight), total, 0.0)

    def velocity(self, sheet: WorkingOut, symbol: str) -> tuple[Formula, Formula]:
        """Write the lines of the velocity; return it with what has entered it, g or α·g."""
        state, mu = sheet.state, quantity("μ", sheet.inertia)
        entering = sheet.lr * sheet.g if self.holds_lr else sheet.g
        if state.total == 0.0:
            return sheet.line(symbol, entering, "velocity: the first gradient enters it whole"), entering
        old = sheet.remembered("buffer", symbol)
        if self.holds_lr != bool(state.holds_lr):
            last = quantity("α₋", state.lr or self.lr)
            words = "the velocity of the form before, by the last α"
            old = sheet.line(symbol, old * last if self.holds_lr else old / last, words, replaces=True)
        if self.share != 1.0:
            entering = (1.0 - quantity("τ", 1.0 - self.share)) * entering
        return sheet.line(symbol, mu * old + entering, "velocity", replaces=True), entering

    def moments(self, state: MomentumState) -> Moments:
        """Return the buffer as a mean gradient of weight 1 − ∏μ."""
        if state.total == 0.0:
            return Moments()
        # A product of zero momenta leaves full weight; otherwise 1 - decay is what an EMA would have gathered.
        weight = 1.0 - state.decay
        return Moments(mean=state.buffer * (weight / state.total), mean_weight=weight)

    def advanced(self, state: MomentumState, dials: Dials) -> tuple[float, float, float]:
        """Advance the running weights by an update.

        Returns:
            How much of itself the buffer keeps, how much of the gradient it takes, and the factor that makes a step
            of it.
        """
        kept, lr, holds_lr = dials.momentum, dials.lr, self.holds_lr
        if holds_lr != state.holds_lr:
            kept *= velocity_unit(holds_lr, state.lr or self.lr)
        taken, length = (lr, 1.0) if holds_lr else (1.0, lr)
        if state.total == 0.0:
            # The buffer is zero: the first gradient goes into it whole, undamped.
            kept = 0.0
        else:
            taken *= self.share
        state.total = kept * state.total + taken
        state.decay *= dials.momentum
        state.holds_lr, state.lr = float(holds_lr), lr
        return kept, taken, length


class Momentum(Velocity):
    """Momentum: b ← μ·b + (1 − τ)·g, then θ ← θ − α·b; on the very first step b = g.

    By hand, α = 0.1, μ = 0.5, τ = 0, constant g = 4: b is 4, then 6; θ falls by 0.4, then by 0.6.

    Forms, which differ only once α changes: "torch", as optax, keeps α out of the velocity, so that a turn of α scales
    the whole velocity at once. "keras" is the classical v ← μ·v − α·g, θ ← θ + v, whose velocity keeps its old speed
    and fades. When the form changes between two steps, the velocity is converted by the last α, exactly.

    Source: B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Comput. Math. 4
    (1964), in the form of `torch.optim.SGD(momentum=μ, dampening=τ)`.
    """

    title: ClassVar[str] = "Momentum"
    form_defaults: ClassVar[Mapping[str, Mapping[str, float]]] = {"keras": {"lr": 1e-2}}

    name: Literal["momentum"] = "momentum"
    dampening: fields.Dampening = 0.0

    @property
    def share(self) -> float:
        """1 − τ."""
        return 1.0 - self.dampening

    def work_out(self, sheet: WorkingOut) -> None:
        """Write the velocity and the step along it."""
        b, _ = self.velocity(sheet, "b")
        sheet.step(b if self.holds_lr else sheet.lr * b)

    def _bound(self, state: MomentumState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what advances the buffer and makes α·b of the gradient."""
        length, kept, taken = numbers(grad.dtype, 0.0, 0.0, 0.0)

        def begin() -> None:
            kept[()], taken[()], length[()] = self.advanced(state, dials)

        def part(g: Vector, b: Vector) -> Passes:
            damping = [(np.multiply, g, taken, g)] if self.dampening or self.holds_lr else []
            return [
                (np.multiply, b, kept, b),
                *damping,
                (np.add, b, g, b),
                (np.multiply, b, length, g),
            ]

        return BoundRule(begin=begin, parts=tuple(part(*views) for views in stretches(grad, state.buffer)))

    def effective_lr(self, state: MomentumState, rms: float | None, lr: float) -> float:
        """Return α times the total weight in the buffer: towards α/(1 − μ) under a constant gradient."""
        return state.total * (1.0 if state.holds_lr else lr)
