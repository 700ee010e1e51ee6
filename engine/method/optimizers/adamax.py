"""AdaMax: Adam with the largest gradient in place of the root mean square."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from ... import fields
from ...subject.objective import Tensor, Vector
from ..passes import Passes, averaged, numbers
from .formula import WorkingOut, largest, quantity, size
from .rule import BoundRule, Dials, Moments, Rule, State, spare, stretches


@dataclass(slots=True)
class AdamaxState(State):
    """What AdaMax remembers, one entry per parameter in each vector."""

    m: Vector
    """Decaying mean of the gradient."""
    u: Vector
    """The largest gradient so far, where an old one counts less by β₂ each step."""
    m_weight: float
    """Total weight of the gradients in `m`, from 0 towards 1; a running sum, as Adam's."""


class Adamax(Rule):
    """AdaMax: m ← β₁·m + (1 − β₁)·g, u ← max(β₂·u, |g| + ε), then θ ← θ − (α/c₁)·m / u.

    The limit of Adam with the p-th root of a mean of |g|ᵖ for p → ∞. A maximum needs no bias correction, and after an
    outlier u falls as β₂ᵗ, twice as fast as Adam's √v with the same β₂.

    By hand, α = 0.1, β₁ = 0, β₂ = 0.5, ε → 0: g = 4 makes u = 4 and the step 0.1; then g = 1 leaves u = 2 and makes
    the step 0.1·1/2 = 0.05.

    Forms: "torch", as optax, adds ε inside the maximum. "keras" has u ← max(β₂·u, |g|) and divides by u + ε, with
    α = 0.001 and ε = 1e-7.

    Source: D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", arXiv:1412.6980, algorithm 2, in the
    form of `torch.optim.Adamax`. Deviation: ε, which the paper lacks, keeps a parameter without gradient in place.
    """

    title: ClassVar[str] = "AdaMax"
    inertia: ClassVar[str | None] = "beta1"
    form_defaults: ClassVar[Mapping[str, Mapping[str, float]]] = {"keras": {"lr": 1e-3, "eps": 1e-7}}

    name: Literal["adamax"] = "adamax"
    lr: fields.LearningRate = 2e-3
    beta1: fields.Beta1 = 0.9
    beta2: fields.Beta2 = 0.999
    eps: fields.Epsilon = 1e-8
    form: fields.Form[Literal["torch", "keras"]] = "torch"

    def fresh_state(self, theta: Vector) -> AdamaxState:
        """Return a mean and a maximum of nothing."""
        return AdamaxState(np.zeros_like(theta), np.zeros_like(theta), 0.0)

    def adopted_state(self, theta: Vector, moments: Moments) -> AdamaxState:
        """Return a state with the other rule's mean, and with √v̂ for the maximum: it was at least that."""
        state = self.fresh_state(theta)
        if moments.mean is not None:
            state.m[:], state.m_weight = moments.mean, moments.mean_weight
        if moments.square is not None and moments.square_weight > 0.0:
            state.u[:] = np.sqrt(moments.square / moments.square_weight)
        return state

    def moments(self, state: AdamaxState) -> Moments:
        """Return the mean; a maximum says nothing about the mean square but that it is less."""
        return Moments(mean=state.m, mean_weight=state.m_weight)

    def work_out(self, sheet: WorkingOut) -> None:
        """Write the mean, the maximum and the step."""
        eps, beta1, beta2 = quantity("ε", self.eps), quantity("β₁", sheet.inertia), quantity("β₂", self.beta2)
        is_torch = self.form == "torch"
        m = sheet.mean("m", sheet.remembered("m"), beta1, sheet.g, "mean of the gradient")
        seen = size(sheet.g) + eps if is_torch else size(sheet.g)
        u = sheet.line("u", largest(beta2 * sheet.remembered("u"), seen), "the largest gradient, fading", replaces=True)
        c1 = sheet.weight("c₁", sheet.state.m_weight, beta1, "m")
        sheet.step(sheet.lr / c1 * (m / (u if is_torch else u + eps)))

    def _bound(self, state: AdamaxState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what advances mean and maximum and makes (α/c₁)·m/u of the gradient."""
        is_torch = self.form == "torch"
        beta1, rest1, beta2, length, minus, inside, outside = numbers(
            grad.dtype, 0.0, 0.0, self.beta2, 0.0, -1.0, self.eps if is_torch else 0.0, self.eps
        )

        def begin() -> None:
            beta1[()], rest1[()] = dials.momentum, 1.0 - dials.momentum
            state.m_weight = dials.momentum * state.m_weight + (1.0 - dials.momentum)
            length[()] = dials.lr / state.m_weight

        def part(g: Vector, m: Vector, u: Vector) -> Passes:
            s = workspace[: len(g)]
            floored = [(np.add, u, outside, s), (np.divide, m, s, g)]
            return [
                *averaged(m, beta1, g, rest1, s),
                (np.multiply, g, minus, s),
                (np.maximum, s, g, s),
                # Adding 0 as well: of two zeros with different signs, either may be the larger one.
                (np.add, s, inside, s),
                (np.multiply, u, beta2, u),
                (np.maximum, u, s, u),
                *([(np.divide, m, u, g)] if is_torch else floored),
                (np.multiply, g, length, g),
            ]

        workspace = spare(grad)
        return BoundRule(begin=begin, parts=tuple(part(*views) for views in stretches(grad, state.m, state.u)))

    def effective_lr(self, state: AdamaxState, rms: float | None, lr: float) -> float:
        """Return α / u with the mean of u over all parameters; inf before there is any gradient."""
        largest = float(np.add.reduce(state.u)) / len(state.u) + (0.0 if self.form == "torch" else self.eps)
        return lr / largest if largest else math.inf

    def rates(self, state: AdamaxState, lr: float) -> Vector:
        """Return α / u of every parameter; inf where there was no gradient yet."""
        return lr / (state.u + (0.0 if self.form == "torch" else self.eps))
