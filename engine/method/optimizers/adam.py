"""Adam: momentum and RMSProp in one rule, with their bias corrected."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from ... import fields
from ...subject.objective import Tensor, Vector
from ..passes import Passes, averaged, numbers
from .formula import Formula, WorkingOut, quantity, root
from .rule import BoundRule, Dials, Moments, Rule, State, spare, stretches


@dataclass(slots=True)
class AdamState(State):
    """What Adam remembers, one entry per parameter in each vector.

    The weights are 1 minus the product of the betas used so far, not 1 − βᵗ: the two agree while the betas stay as
    they are, and only the product stays right when someone turns one.
    """

    m: Vector
    """Decaying mean of the gradient."""
    v: Vector
    """Decaying mean of the squared gradient."""
    m_weight: float
    """Total weight of the gradients in `m`, from 0 at the start towards 1."""
    v_weight: float
    """Total weight of the squared gradients in `v`, from 0 towards 1."""
    steps: float = 0.0
    """How many gradients `v` has seen."""


def adam_means(sheet: WorkingOut, beta2: float) -> tuple[Formula, Formula]:
    """Write the lines of m and v as Adam has them, for a state with vectors of these names."""
    return (
        sheet.mean("m", sheet.remembered("m"), quantity("β₁", sheet.inertia), sheet.g, "mean of the gradient"),
        sheet.mean("v", sheet.remembered("v"), quantity("β₂", beta2), sheet.g**2, "mean of the squared gradient"),
    )


def adam_weights(sheet: WorkingOut, beta2: float, second: str = "v") -> tuple[Formula, Formula]:
    """Write the lines of c₁ and c₂, the weights of m and of the second mean, for a state with both."""
    old = getattr(sheet.state, f"{second}_weight")
    return (
        sheet.weight("c₁", sheet.state.m_weight, quantity("β₁", sheet.inertia), "m"),
        sheet.weight("c₂", old, quantity("β₂", beta2), second),
    )


class AdamArithmetic(Rule):
    """What Adam and AdamW share, which is all but how they decay the weights."""

    inertia: ClassVar[str | None] = "beta1"
    form_defaults: ClassVar[Mapping[str, Mapping[str, float]]] = {"keras": {"eps": 1e-7}}

    lr: fields.LearningRate = 1e-3
    beta1: fields.Beta1 = 0.9
    beta2: fields.Beta2 = 0.999
    eps: fields.Epsilon = 1e-8
    bias_correction: fields.BiasCorrection = True
    form: fields.Form[Literal["torch", "keras"]] = "torch"

    def fresh_state(self, theta: Vector) -> AdamState:
        """Return zero means."""
        return AdamState(np.zeros_like(theta), np.zeros_like(theta), 0.0, 0.0)

    def adopted_state(self, theta: Vector, moments: Moments) -> AdamState:
        """Return a state with the other rule's means and their weights; a mean that it lacks starts at zero."""
        state = self.fresh_state(theta)
        if moments.mean is not None:
            state.m[:], state.m_weight = moments.mean, moments.mean_weight
        if moments.square is not None:
            state.v[:], state.v_weight, state.steps = moments.square, moments.square_weight, moments.steps
        return state

    def moments(self, state: AdamState) -> Moments:
        """Return both means with their weights."""
        return Moments(
            mean=state.m,
            mean_weight=state.m_weight,
            square=state.v,
            square_weight=state.v_weight,
            steps=state.steps,
        )

    def work_out(self, sheet: WorkingOut) -> None:
        """Write both means, their weights and the step."""
        eps = quantity("ε", self.eps)
        m, v = adam_means(sheet, self.beta2)
        if not self.bias_correction:
            sheet.step(sheet.lr * m / (root(v) + eps))
            return
        c1, c2 = adam_weights(sheet, self.beta2)
        if self.form == "keras":
            sheet.step(sheet.lr * root(c2) / c1 * (m / (root(v) + eps)))
            return
        m_hat, v_hat = sheet.corrected("m", m / c1), sheet.corrected("v", v / c2)
        sheet.step(sheet.lr * m_hat / (root(v_hat) + eps))

    def _bound(self, state: AdamState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what advances both means and makes α·m̂/(√v̂ + ε) of the gradient.

        With one division: α·(m/c₁) / (√v/√c₂ + ε) = (α·√c₂/c₁)·m / (√v + ε·√c₂). Keras leaves out the last √c₂.
        """
        beta1, rest1, beta2, rest2, floor, length = numbers(
            grad.dtype, 0.0, 0.0, self.beta2, 1.0 - self.beta2, 0.0, 0.0
        )

        def begin() -> None:
            beta1[()], rest1[()] = dials.momentum, 1.0 - dials.momentum
            state.m_weight = dials.momentum * state.m_weight + (1.0 - dials.momentum)
            state.v_weight = self.beta2 * state.v_weight + (1.0 - self.beta2)
            first, second = (state.m_weight, state.v_weight) if self.bias_correction else (1.0, 1.0)
            root = math.sqrt(second)
            floor[()] = self.eps * (root if self.form == "torch" else 1.0)
            length[()] = dials.lr * root / first
            state.steps += 1.0

        def part(g: Vector, m: Vector, v: Vector) -> Passes:
            s = workspace[: len(g)]
            return [
                *averaged(m, beta1, g, rest1, s),
                (np.multiply, g, g, g),
                *averaged(v, beta2, g, rest2, g),
                (np.sqrt, v, s),
                (np.add, s, floor, s),
                (np.divide, m, s, g),
                (np.multiply, g, length, g),
            ]

        workspace = spare(grad)
        return BoundRule(begin=begin, parts=tuple(part(*views) for views in stretches(grad, state.m, state.v)))

    def second_moment(self, state: AdamState) -> tuple[Vector, float]:
        """Return v and its weight, or 1 where the rule does not correct the bias."""
        return state.v, (state.v_weight or 1.0) if self.bias_correction else 1.0

    def effective_lr(self, state: AdamState, rms: Any, lr: float) -> Any:
        """Return α / (√v̂ + ε), where Keras' ε counts as ε/√c₂."""
        scaled = self.form == "keras" and self.bias_correction and state.v_weight > 0.0
        return lr / (rms + (self.eps / math.sqrt(state.v_weight) if scaled else self.eps))


class Adam(AdamArithmetic):
    """Adam: m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², then θ ← θ − α·m̂ / (√v̂ + ε).

    m̂ = m/c₁ and v̂ = v/c₂ divide by the weight gathered so far; with `bias_correction` off, c₁ = c₂ = 1.

    By hand, α = 0.1, ε → 0, any g ≠ 0: the first step has m̂ = g and √v̂ = |g|, so θ moves by α against the
    gradient's sign, however long the gradient is; under a constant gradient so does every later one.

    Forms: "torch" is algorithm 1 of the paper, as optax. "keras" is the faster order at the end of the paper's
    section 2, θ ← θ − (α·√c₂/c₁)·m / (√v + ε̂), whose ε̂ = 1e-7 acts as ε = ε̂/√c₂: 31.6 times as much at the start.

    Source: D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", arXiv:1412.6980, in the form of
    `torch.optim.Adam`; weight decay is L2 in the gradient, as there. Deviation: c₁ and c₂ are running products, so
    that a live change of a beta leaves the means unbiased.
    """

    title: ClassVar[str] = "Adam"

    name: Literal["adam"] = "adam"
