"""Lion: the sign of an interpolated momentum, found by a search over programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from ... import fields
from ...subject.objective import Tensor, Vector
from ..passes import Passes, numbers
from .formula import WorkingOut, quantity, sign
from .rule import BoundRule, Dials, Moments, Rule, State, spare, stretches


@dataclass(slots=True)
class LionState(State):
    """What Lion remembers: one vector, half of Adam's memory."""

    m: Vector
    """Decaying mean of the gradient, by β₂."""
    m_weight: float
    """Total weight of the gradients in `m`, from 0 towards 1; the rule itself does not correct for it."""


class Lion(Rule):
    """Lion: θ ← θ − α·sign(β₁·m + (1 − β₁)·g), and then m ← β₂·m + (1 − β₂)·g.

    Every parameter moves by α at every step, up or down, so α is three to ten times smaller than Adam's.

    By hand, α = 0.1, β₁ = 0.5, β₂ = 0.75: g = 4 moves θ by −0.1 and leaves m = 1; then g = −0.5 gives
    0.5·1 − 0.5·0.5 = 0.25 > 0, so θ moves by −0.1 again, against this gradient's sign.

    Source: X. Chen et al., "Symbolic Discovery of Optimization Algorithms", arXiv:2302.06675, algorithm 2, and
    `optax.lion`. Deviation: `decoupled` can be switched off.
    """

    title: ClassVar[str] = "Lion"
    inertia: ClassVar[str | None] = "beta1"

    name: Literal["lion"] = "lion"
    lr: fields.LearningRate = 1e-4
    decoupled: fields.Decoupled = True
    beta1: fields.Beta1 = 0.9
    beta2: fields.Beta2 = 0.99

    def fresh_state(self, theta: Vector) -> LionState:
        """Return a zero mean."""
        return LionState(np.zeros_like(theta), 0.0)

    def adopted_state(self, theta: Vector, moments: Moments) -> LionState:
        """Return a state with the other rule's mean gradient: only its sign counts, so its weight is as good as any."""
        state = self.fresh_state(theta)
        if moments.mean is not None:
            state.m[:], state.m_weight = moments.mean, moments.mean_weight
        return state

    def moments(self, state: LionState) -> Moments:
        """Return the mean with its weight."""
        return Moments(mean=state.m, mean_weight=state.m_weight) if state.m_weight else Moments()

    def effective_lr(self, state: LionState, rms: Any, lr: float) -> float:
        """Return nan: every parameter moves by α, however long its gradient is."""
        return math.nan

    def work_out(self, sheet: WorkingOut) -> None:
        """Write the interpolated momentum, the step by its sign, and what is remembered."""
        beta1, m = quantity("β₁", sheet.inertia), sheet.remembered("m")
        way = sheet.line("u", beta1 * m + (1.0 - beta1) * sheet.g, "between memory and gradient")
        sheet.mean("m", m, quantity("β₂", self.beta2), sheet.g, "mean of the gradient, for the next step")
        sheet.step(sheet.lr * sign(way), "a step by the sign of u alone")

    def _bound(self, state: LionState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what makes α·sign(…) of the gradient and advances the mean."""
        lr, beta1, rest1, beta2, rest2 = numbers(grad.dtype, 0.0, 0.0, 0.0, self.beta2, 1.0 - self.beta2)

        def begin() -> None:
            lr[()], beta1[()], rest1[()] = dials.lr, dials.momentum, 1.0 - dials.momentum
            state.m_weight = self.beta2 * state.m_weight + (1.0 - self.beta2)

        def part(g: Vector, m: Vector) -> Passes:
            s, t = first[: len(g)], second[: len(g)]
            return [
                (np.multiply, m, beta1, s),
                (np.multiply, g, rest1, t),
                (np.add, s, t, s),
                (np.multiply, m, beta2, m),
                (np.multiply, g, rest2, g),
                (np.add, m, g, m),
                (np.sign, s, s),
                (np.multiply, s, lr, g),
            ]

        first, second = spare(grad), spare(grad)
        return BoundRule(begin=begin, parts=tuple(part(*views) for views in stretches(grad, state.m)))
