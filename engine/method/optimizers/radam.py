"""RAdam: Adam that waits with its second moment until it knows enough to divide by it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from ... import fields
from ...subject.objective import Tensor, Vector
from ..passes import Passes, averaged, numbers
from .adam import adam_means, adam_weights
from .formula import WorkingOut, quantity, root
from .rule import BoundRule, Dials, Moments, Rule, State, spare, stretches

TRUSTED = 5.0
"""The length of the average from which on its variance can be computed; torch's and the paper's code have 5."""


@dataclass(slots=True)
class RadamState(State):
    """What RAdam remembers, one entry per parameter in each vector; the weights are Adam's."""

    m: Vector
    """Decaying mean of the gradient."""
    v: Vector
    """Decaying mean of the squared gradient."""
    m_weight: float
    """Total weight of the gradients in `m`, from 0 at the start towards 1."""
    v_weight: float
    """Total weight of the squared gradients in `v`, from 0 towards 1."""
    steps: float
    """How many gradients `v` has seen."""


class Radam(Rule):
    """RAdam: m and v as in Adam; θ ← θ − α·r·m̂·√c₂/(√v + ε) where ρₜ > 5, and θ ← θ − α·m̂ before.

    ρₜ = ρ∞ − 2t·β₂ᵗ/(1 − β₂ᵗ), with ρ∞ = 2/(1 − β₂) − 1, is the length of the average so far, and
    r = √((ρₜ − 4)(ρₜ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)ρₜ)).

    By hand, α = 0.1, β₂ = 0.999: the first five steps are plain momentum's, so under a constant g each is 0.1·g;
    the sixth has ρ₆ = 5.994 and r = 0.026, and from there on r grows towards 1: a warm-up that nobody has to set.

    Source: L. Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", arXiv:1908.03265, algorithm 2,
    in the form of `torch.optim.RAdam`. Deviation: β₂ᵗ and c₁, c₂ are running products, as in `Adam`.
    """

    title: ClassVar[str] = "RAdam"
    inertia: ClassVar[str | None] = "beta1"

    name: Literal["radam"] = "radam"
    lr: fields.LearningRate = 1e-3
    beta1: fields.Beta1 = 0.9
    beta2: fields.Beta2 = 0.999
    eps: fields.Epsilon = 1e-8

    def fresh_state(self, theta: Vector) -> RadamState:
        """Return zero means."""
        return RadamState(np.zeros_like(theta), np.zeros_like(theta), 0.0, 0.0, 0.0)

    def adopted_state(self, theta: Vector, moments: Moments) -> RadamState:
        """Return a state with the other rule's means; as many steps as a mean of that weight has seen."""
        state = self.fresh_state(theta)
        if moments.mean is not None:
            state.m[:], state.m_weight = moments.mean, moments.mean_weight
        if moments.square is not None:
            state.v[:], state.v_weight = moments.square, moments.square_weight
            left = 1.0 - moments.square_weight
            # Of a mean whose first gradient has vanished nobody knows the age; it is old enough to be trusted.
            state.steps = math.log(left) / math.log(self.beta2) if left > 0.0 and self.beta2 > 0.0 else math.inf
        return state

    def moments(self, state: RadamState) -> Moments:
        """Return both means with their weights."""
        return Moments(mean=state.m, mean_weight=state.m_weight, square=state.v, square_weight=state.v_weight)

    def rectification(self, state: RadamState) -> float | None:
        """Return r, or None while the second moment is not trusted."""
        left = 1.0 - state.v_weight
        longest = 2.0 / (1.0 - self.beta2) - 1.0
        length = longest - (2.0 * state.steps * left / state.v_weight if left > 0.0 else 0.0)
        if length <= TRUSTED or longest <= 4.0:
            return None
        return math.sqrt((length - 4.0) * (length - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * length))

    def work_out(self, sheet: WorkingOut) -> None:
        """Write both means, how far v can be trusted, and the step."""
        state, eps = sheet.state, quantity("ε", self.eps)
        m, v = adam_means(sheet, self.beta2)
        c1, c2 = adam_weights(sheet, self.beta2)
        m_hat = sheet.corrected("m", m / c1)
        beta2 = quantity("β₂", self.beta2)
        longest = sheet.line("ρ∞", 2.0 / (1.0 - beta2) - 1.0, "length of an endless average")
        length = longest
        if c2.value < 1.0:
            t = quantity("t", state.steps + 1.0)
            length = sheet.line("ρₜ", longest - 2.0 * t * (1.0 - c2) / c2, "length of the average so far")
        if length.value <= TRUSTED or longest.value <= 4.0:
            sheet.step(sheet.lr * m_hat, "v is not trusted yet: a step without it")
            return
        above, below = (length - 4.0) * (length - 2.0) * longest, (longest - 4.0) * (longest - 2.0) * length
        r = sheet.line("r", root(above / below), "rectification: the step is that much shorter")
        sheet.step(sheet.lr * r * m_hat * root(c2) / (root(v) + eps))

    def _bound(self, state: RadamState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what advances both means and makes the rectified step, or α·m̂, of the gradient.

        Both are length·m / (kept·√v + floor): kept = 0 and floor = 1 leave the mean alone.
        """
        beta1, rest1, beta2, rest2, kept, floor, length = numbers(
            grad.dtype, 0.0, 0.0, self.beta2, 1.0 - self.beta2, 0.0, 0.0, 0.0
        )

        def begin() -> None:
            beta1[()], rest1[()] = dials.momentum, 1.0 - dials.momentum
            state.m_weight = dials.momentum * state.m_weight + (1.0 - dials.momentum)
            state.v_weight = self.beta2 * state.v_weight + (1.0 - self.beta2)
            state.steps += 1.0
            factor = self.rectification(state)
            if factor is None:
                kept[()], floor[()], length[()] = 0.0, 1.0, dials.lr / state.m_weight
            else:
                kept[()], floor[()] = 1.0, self.eps
                length[()] = dials.lr * factor * math.sqrt(state.v_weight) / state.m_weight

        def part(g: Vector, m: Vector, v: Vector) -> Passes:
            s = workspace[: len(g)]
            return [
                *averaged(m, beta1, g, rest1, s),
                (np.multiply, g, g, g),
                *averaged(v, beta2, g, rest2, g),
                (np.sqrt, v, s),
                (np.multiply, s, kept, s),
                (np.add, s, floor, s),
                (np.divide, m, s, g),
                (np.multiply, g, length, g),
            ]

        workspace = spare(grad)
        return BoundRule(begin=begin, parts=tuple(part(*views) for views in stretches(grad, state.m, state.v)))

    def second_moment(self, state: RadamState) -> tuple[Vector, float]:
        """Return v and its weight."""
        return state.v, state.v_weight or 1.0

    def effective_lr(self, state: RadamState, rms: Any, lr: float) -> Any:
        """Return α·r / (√v̂ + ε), or α while the second moment is not trusted."""
        factor = self.rectification(state) if state.steps else None
        return lr if factor is None else lr * factor / (rms + self.eps)
