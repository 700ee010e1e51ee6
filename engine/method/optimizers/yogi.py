"""Yogi: Adam whose second moment grows at once and shrinks only a little at a time."""

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
from .formula import WorkingOut, quantity, root, sign
from .rule import BoundRule, Dials, Moments, Rule, State, spare, stretches

FIRST_SQUARE = 1e-6
"""What the second moment starts from, as in optax; the paper takes it from a first batch."""


@dataclass(slots=True)
class YogiState(State):
    """What Yogi remembers, one entry per parameter in each vector; the weights are Adam's."""

    m: Vector
    """Decaying mean of the gradient."""
    v: Vector
    """Second moment."""
    m_weight: float
    """Total weight of the gradients in `m`, from 0 at the start towards 1."""
    v_weight: float
    """Total weight that a mean would have in place of `v`, from 0 towards 1."""


class Yogi(Rule):
    """Yogi: m as in Adam, v ← v − (1 − β₂)·sign(v − g²)·g², then θ ← θ − α·m̂ / (√v̂ + ε).

    Adam's v moves by (1 − β₂)·(g² − v), which after a large gradient forgets it at v's own pace; here v moves by
    (1 − β₂)·g² at most, so that the steps do not grow suddenly where the gradient gets small.

    By hand, v = 4, β₂ = 0.75: g = 4 gives v = 4 + 0.25·16 = 8; then g = 1 gives v = 8 − 0.25·1 = 7.75 (Adam's: 7, 5.5).

    Source: M. Zaheer et al., "Adaptive Methods for Nonconvex Optimization", NeurIPS 2018, algorithm 2, with ε = 1e-3
    and α = 0.01 as there. Deviations: m and v are divided by the weight gathered so far, and v starts at 1e-6, as in
    `optax.yogi`; m starts at 0 (there it starts at 1e-6 as well).
    """

    title: ClassVar[str] = "Yogi"
    inertia: ClassVar[str | None] = "beta1"

    name: Literal["yogi"] = "yogi"
    lr: fields.LearningRate = 1e-2
    beta1: fields.Beta1 = 0.9
    beta2: fields.Beta2 = 0.999
    eps: fields.Epsilon = 1e-3

    def fresh_state(self, theta: Vector) -> YogiState:
        """Return a zero mean and the small second moment to begin with."""
        return YogiState(np.zeros_like(theta), np.full_like(theta, FIRST_SQUARE), 0.0, 0.0)

    def adopted_state(self, theta: Vector, moments: Moments) -> YogiState:
        """Return a state with the other rule's means and their weights."""
        state = self.fresh_state(theta)
        if moments.mean is not None:
            state.m[:], state.m_weight = moments.mean, moments.mean_weight
        if moments.square is not None and moments.square_weight > 0.0:
            state.v[:], state.v_weight = moments.square, moments.square_weight
        return state

    def moments(self, state: YogiState) -> Moments:
        """Return mean and second moment with their weights."""
        if not state.v_weight:
            return Moments()  # what v starts from is not learnt
        return Moments(mean=state.m, mean_weight=state.m_weight, square=state.v, square_weight=state.v_weight)

    def work_out(self, sheet: WorkingOut) -> None:
        """Write both moments, their weights and the step."""
        eps, beta2, old = quantity("ε", self.eps), quantity("β₂", self.beta2), sheet.remembered("v")
        m = sheet.mean("m", sheet.remembered("m"), quantity("β₁", sheet.inertia), sheet.g, "mean of the gradient")
        moved = old - (1.0 - beta2) * sign(old - sheet.g**2) * sheet.g**2
        v = sheet.line("v", moved, "second moment, by g² at most", replaces=True)
        c1, c2 = adam_weights(sheet, self.beta2)
        m_hat, v_hat = sheet.corrected("m", m / c1), sheet.corrected("v", v / c2)
        sheet.step(sheet.lr * m_hat / (root(v_hat) + eps))

    def _bound(self, state: YogiState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what advances both moments and makes α·m̂/(√v̂ + ε) of the gradient, as in `Adam`."""
        beta1, rest1, rest2, floor, length = numbers(grad.dtype, 0.0, 0.0, 1.0 - self.beta2, 0.0, 0.0)

        def begin() -> None:
            beta1[()], rest1[()] = dials.momentum, 1.0 - dials.momentum
            state.m_weight = dials.momentum * state.m_weight + (1.0 - dials.momentum)
            state.v_weight = self.beta2 * state.v_weight + (1.0 - self.beta2)
            root = math.sqrt(state.v_weight)
            floor[()], length[()] = self.eps * root, dials.lr * root / state.m_weight

        def part(g: Vector, m: Vector, v: Vector) -> Passes:
            s = workspace[: len(g)]
            return [
                *averaged(m, beta1, g, rest1, s),
                (np.multiply, g, g, g),
                (np.subtract, v, g, s),
                (np.sign, s, s),
                (np.multiply, g, rest2, g),
                (np.multiply, s, g, s),
                (np.subtract, v, s, v),
                (np.sqrt, v, s),
                (np.add, s, floor, s),
                (np.divide, m, s, g),
                (np.multiply, g, length, g),
            ]

        workspace = spare(grad)
        return BoundRule(begin=begin, parts=tuple(part(*views) for views in stretches(grad, state.m, state.v)))

    def second_moment(self, state: YogiState) -> tuple[Vector, float]:
        """Return v and the weight by which it is divided."""
        return state.v, state.v_weight or 1.0

    def effective_lr(self, state: YogiState, rms: Any, lr: float) -> Any:
        """Return α / (√v̂ + ε)."""
        return lr / (rms + self.eps)
