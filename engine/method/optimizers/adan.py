"""Adan: Adam with Nesterov's look-ahead estimated from the difference of successive gradients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from ... import fields
from ...subject.objective import Tensor, Vector
from ..passes import Passes, averaged, numbers
from .formula import WorkingOut, number, quantity, root
from .rule import BoundRule, Dials, Moments, Rule, State, spare, stretches


@dataclass(slots=True)
class AdanState(State):
    """What Adan remembers, one entry per parameter in each vector; weights as Adam's, one for each mean."""

    m: Vector
    """Decaying mean of the gradient."""
    d: Vector
    """Decaying mean of the gradient's change since the step before."""
    n: Vector
    """Decaying mean of the squared look-ahead gradient g + β₂·(change)."""
    last: Vector
    """The gradient of the step before."""
    m_weight: float
    """Total weight of the gradients in `m`, from 0 towards 1."""
    d_weight: float
    """Total weight of the changes in `d`, from 0 towards 1."""
    n_weight: float
    """Total weight of the squares in `n`, from 0 towards 1."""


class Adan(Rule):
    """Adan: θ ← θ − α·(m̂ + β₂·d̂) / (√n̂ + ε), decaying means of g, of its change Δg, and of (g + β₂·Δg)².

    With Δg = g − (last g), 0 at the first step, and u = g + β₂·Δg:

    m ← β₁·m + (1 − β₁)·g,  d ← β₂·d + (1 − β₂)·Δg,  n ← β₃·n + (1 − β₃)·u²

    By hand, α = 0.1, any constant g, ε → 0: Δg stays 0, so every step is Adam's, α against the gradient's sign; the
    change counts where the gradient changes: from g = 2 to 1 at β₂ = 0.5, u = 0.5.

    Source: X. Xie et al., "Adan: Adaptive Nesterov Momentum Algorithm for Faster Optimizing Deep Models",
    arXiv:2208.06677, algorithm 1, with the betas as the authors' package and `optax.adan` write them (what is kept,
    not what is new: 0.98, 0.92, 0.99) and their bias correction.
    """

    title: ClassVar[str] = "Adan"
    inertia: ClassVar[str | None] = "beta1"

    name: Literal["adan"] = "adan"
    lr: fields.LearningRate = 1e-3
    beta1: fields.Beta1 = 0.98
    beta2: fields.BetaOfChange = 0.92
    beta3: fields.Beta3 = 0.99
    eps: fields.Epsilon = 1e-8

    def fresh_state(self, theta: Vector) -> AdanState:
        """Return zero means and no gradient before the first."""
        m, d, n, last = (np.zeros_like(theta) for _ in range(4))
        return AdanState(m, d, n, last, 0.0, 0.0, 0.0)

    def adopted_state(self, theta: Vector, moments: Moments) -> AdanState:
        """Return a state with the other rule's means, which know nothing of changes: the first change counts as 0."""
        state = self.fresh_state(theta)
        if moments.mean is not None:
            state.m[:], state.m_weight = moments.mean, moments.mean_weight
        if moments.square is not None:
            state.n[:], state.n_weight = moments.square, moments.square_weight
        return state

    def moments(self, state: AdanState) -> Moments:
        """Return the mean gradient, and the mean squared look-ahead gradient as its square."""
        return Moments(mean=state.m, mean_weight=state.m_weight, square=state.n, square_weight=state.n_weight)

    def work_out(self, sheet: WorkingOut) -> None:
        """Write the three means, their weights and the step."""
        g, state, eps = sheet.g, sheet.state, quantity("ε", self.eps)
        beta1, beta2, beta3 = (
            quantity(f"β{sign}", value)
            for sign, value in zip("₁₂₃", (sheet.inertia, self.beta2, self.beta3), strict=True)
        )
        change = number(0.0)
        if state.d_weight:
            change = sheet.line("Δg", g - sheet.remembered("last", "g₋"), "how the gradient has changed")
        m = sheet.mean("m", sheet.remembered("m"), beta1, g, "mean of the gradient")
        d = sheet.mean("d", sheet.remembered("d"), beta2, change, "mean of its change")
        n = sheet.mean("n", sheet.remembered("n"), beta3, (g + beta2 * change) ** 2, "mean of the squared look-ahead")
        c1 = sheet.weight("c₁", state.m_weight, beta1, "m")
        c2 = sheet.weight("c₂", state.d_weight, beta2, "d")
        c3 = sheet.weight("c₃", state.n_weight, beta3, "n")
        m_hat, d_hat, n_hat = (
            sheet.corrected(symbol, mean / weight)
            for symbol, mean, weight in (("m", m, c1), ("d", d, c2), ("n", n, c3))
        )
        sheet.step(sheet.lr * (m_hat + beta2 * d_hat) / (root(n_hat) + eps))

    def _bound(self, state: AdanState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what advances the three means and makes α·(m̂ + β₂·d̂)/(√n̂ + ε) of the gradient."""
        beta1, rest1, beta2, rest2, beta3, rest3 = numbers(
            grad.dtype, 0.0, 0.0, self.beta2, 1.0 - self.beta2, self.beta3, 1.0 - self.beta3
        )
        changed, ahead, floor, length = numbers(grad.dtype, 0.0, 0.0, 0.0, 0.0)

        def begin() -> None:
            # Before the first gradient there is none to differ from.
            changed[()] = 1.0 if state.d_weight else 0.0
            beta1[()], rest1[()] = dials.momentum, 1.0 - dials.momentum
            state.m_weight = dials.momentum * state.m_weight + (1.0 - dials.momentum)
            state.d_weight = self.beta2 * state.d_weight + (1.0 - self.beta2)
            state.n_weight = self.beta3 * state.n_weight + (1.0 - self.beta3)
            root = math.sqrt(state.n_weight)
            floor[()], length[()] = self.eps * root, dials.lr * root / state.m_weight
            # (m/c₁ + β₂·d/c₂) = (m + (β₂·c₁/c₂)·d)/c₁
            ahead[()] = self.beta2 * state.m_weight / state.d_weight

        def part(g: Vector, m: Vector, d: Vector, n: Vector, last: Vector) -> Passes:
            s = workspace[: len(g)]
            return [
                (np.subtract, g, last, last),
                (np.multiply, last, changed, last),
                *averaged(m, beta1, g, rest1, s),
                *averaged(d, beta2, last, rest2, s),
                (np.multiply, last, beta2, s),
                (np.add, s, g, s),
                (np.multiply, s, s, s),
                *averaged(n, beta3, s, rest3, s),
                (np.add, g, zero, last),
                (np.sqrt, n, s),
                (np.add, s, floor, s),
                (np.multiply, d, ahead, g),
                (np.add, g, m, g),
                (np.divide, g, s, g),
                (np.multiply, g, length, g),
            ]

        (zero,) = numbers(grad.dtype, 0.0)
        workspace = spare(grad)
        vectors = stretches(grad, state.m, state.d, state.n, state.last)
        return BoundRule(begin=begin, parts=tuple(part(*views) for views in vectors))

    def second_moment(self, state: AdanState) -> tuple[Vector, float]:
        """Return n and its weight."""
        return state.n, state.n_weight or 1.0

    def effective_lr(self, state: AdanState, rms: Any, lr: float) -> Any:
        """Return α / (√n̂ + ε)."""
        return lr / (rms + self.eps)
