"""AdaBelief: Adam that divides by how far the gradient was from what it expected."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from ... import fields
from ...subject.objective import Tensor, Vector
from ..passes import Passes, averaged, numbers
from .adam import adam_weights
from .formula import WorkingOut, quantity, root
from .rule import BoundRule, Dials, Moments, Rule, State, spare, stretches


@dataclass(slots=True)
class AdabeliefState(State):
    """What AdaBelief remembers, one entry per parameter in each vector; the weights are Adam's."""

    m: Vector
    """Decaying mean of the gradient: what is expected."""
    s: Vector
    """Decaying mean of the squared surprise (g − m)², with ε added at every step."""
    m_weight: float
    """Total weight of the gradients in `m`, from 0 at the start towards 1."""
    s_weight: float
    """Total weight of the squared surprises in `s`, from 0 towards 1."""


class Adabelief(Rule):
    """AdaBelief: m ← β₁·m + (1 − β₁)·g, s ← β₂·s + (1 − β₂)·(g − m)² + ε, then θ ← θ − α·m̂ / (√ŝ + ε).

    Where the gradient is as expected the step is long, however long the gradient is; where it surprises, short.

    By hand, α = 0.1, β₁ = 0.5, β₂ = 0.75, ε → 0, g = 4: m = 2, s = 0.25·2² = 1; m̂ = 4, ŝ = 4, so θ falls by 0.2;
    with g = 4 again m = 3, s = 0.75 + 0.25·1 = 1; m̂ = 4, ŝ = 1/0.4375, and θ falls by 0.2646.

    Source: J. Zhuang et al., "AdaBelief Optimizer: Adapting Stepsizes by the Belief in Observed Gradients",
    arXiv:2010.07468, algorithm 2; ε = 1e-16 as in the authors' package since 0.2.0.
    """

    title: ClassVar[str] = "AdaBelief"
    inertia: ClassVar[str | None] = "beta1"

    name: Literal["adabelief"] = "adabelief"
    lr: fields.LearningRate = 1e-3
    beta1: fields.Beta1 = 0.9
    beta2: fields.Beta2 = 0.999
    eps: fields.Epsilon = 1e-16

    def fresh_state(self, theta: Vector) -> AdabeliefState:
        """Return zero means."""
        return AdabeliefState(np.zeros_like(theta), np.zeros_like(theta), 0.0, 0.0)

    def adopted_state(self, theta: Vector, moments: Moments) -> AdabeliefState:
        """Return a state with the other rule's mean gradient, and its variance as the surprise where it keeps both."""
        state = self.fresh_state(theta)
        if moments.mean is not None and moments.mean_weight > 0.0:
            state.m[:], state.m_weight = moments.mean, moments.mean_weight
            if moments.square is not None and moments.square_weight > 0.0:
                expected = (moments.mean / moments.mean_weight) ** 2
                state.s[:] = np.maximum(moments.square - moments.square_weight * expected, 0.0)
                state.s_weight = moments.square_weight
        return state

    def moments(self, state: AdabeliefState) -> Moments:
        """Return the mean gradient, and its square with the surprise as the mean square."""
        if not (state.m_weight and state.s_weight):
            return Moments()
        square = state.s + state.s_weight * (state.m / state.m_weight) ** 2
        return Moments(mean=state.m, mean_weight=state.m_weight, square=square, square_weight=state.s_weight)

    def work_out(self, sheet: WorkingOut) -> None:
        """Write both means, their weights and the step."""
        eps, beta2 = quantity("ε", self.eps), quantity("β₂", self.beta2)
        m = sheet.mean("m", sheet.remembered("m"), quantity("β₁", sheet.inertia), sheet.g, "what is expected")
        surprise = beta2 * sheet.remembered("s") + (1.0 - beta2) * (sheet.g - m) ** 2 + eps
        s = sheet.line("s", surprise, "mean of the squared surprise", replaces=True)
        c1, c2 = adam_weights(sheet, self.beta2, "s")
        m_hat, s_hat = sheet.corrected("m", m / c1), sheet.corrected("s", s / c2)
        sheet.step(sheet.lr * m_hat / (root(s_hat) + eps))

    def _bound(self, state: AdabeliefState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what advances both means and makes α·m̂/(√ŝ + ε) of the gradient, with one division as in `Adam`."""
        beta1, rest1, beta2, rest2, eps, floor, length = numbers(
            grad.dtype, 0.0, 0.0, self.beta2, 1.0 - self.beta2, self.eps, 0.0, 0.0
        )

        def begin() -> None:
            beta1[()], rest1[()] = dials.momentum, 1.0 - dials.momentum
            state.m_weight = dials.momentum * state.m_weight + (1.0 - dials.momentum)
            state.s_weight = self.beta2 * state.s_weight + (1.0 - self.beta2)
            root = math.sqrt(state.s_weight)
            floor[()], length[()] = self.eps * root, dials.lr * root / state.m_weight

        def part(g: Vector, m: Vector, s: Vector) -> Passes:
            t = workspace[: len(g)]
            return [
                *averaged(m, beta1, g, rest1, t),
                (np.subtract, g, m, g),
                (np.multiply, g, g, g),
                *averaged(s, beta2, g, rest2, g),
                (np.add, s, eps, s),
                (np.sqrt, s, t),
                (np.add, t, floor, t),
                (np.divide, m, t, g),
                (np.multiply, g, length, g),
            ]

        workspace = spare(grad)
        return BoundRule(begin=begin, parts=tuple(part(*views) for views in stretches(grad, state.m, state.s)))

    def second_moment(self, state: AdabeliefState) -> tuple[Vector, float]:
        """Return s and its weight: the mean squared surprise stands where Adam has the mean square."""
        return state.s, state.s_weight or 1.0

    def effective_lr(self, state: AdabeliefState, rms: Any, lr: float) -> Any:
        """Return α / (√ŝ + ε)."""
        return lr / (rms + self.eps)
