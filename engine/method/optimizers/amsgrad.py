"""AMSGrad: Adam that never forgets the largest second moment."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from ... import fields
from ...subject.objective import Tensor, Vector
from ..passes import Passes, averaged, numbers
from .adam import adam_means, adam_weights
from .formula import WorkingOut, largest, number, quantity, root
from .rule import BoundRule, Dials, Moments, Rule, State, spare, stretches


@dataclass(slots=True)
class AmsgradState(State):
    """What AMSGrad remembers, one entry per parameter in each vector; the weights are running, as Adam's."""

    m: Vector
    """Decaying mean of the gradient."""
    v: Vector
    """Decaying mean of the squared gradient."""
    largest: Vector
    """The largest second moment so far: of v, or of v̂ where `is_corrected`."""
    m_weight: float
    """Total weight of the gradients in `m`, from 0 towards 1."""
    v_weight: float
    """Total weight of the squared gradients in `v`, from 0 towards 1."""
    is_corrected: float = 0.0
    """1 where `largest` is a maximum of v̂ = v/c₂, 0 where it is one of v."""
    steps: float = 0.0
    """How many gradients `v` has seen."""


class Amsgrad(Rule):
    """AMSGrad: m and v as Adam's, v̄ ← max(v̄, v), then θ ← θ − α·(m/c₁) / (√(v̄/c₂) + ε).

    As v̄ never falls, the step per unit of gradient never grows again, which is what Adam's proof of convergence
    lacked: rare long gradients are not forgotten.

    By hand, α = 1, β₁ = 0, β₂ = 0.5, ε → 0: g = 2 makes v = v̄ = 2, c₂ = 0.5 and the step 2/√4 = 1; then g = 0 moves
    nothing and leaves v = 1, v̄ = 2; then g = 1 has v = 1, v̄ = 2, c₂ = 0.875 and the step 1/√(2/0.875) = 0.661.

    Forms, which differ in what the maximum is taken of:

    - "torch": of v, and the maximum is corrected by the present c₂, as above. (PyTorch's Adam(amsgrad=True).)
    - "keras": the same maximum; ε = 1e-7 stands as in Keras' Adam, where it acts as ε/√c₂.
    - "optax": of the corrected v̂ = v/c₂, so that the short history of the first steps stays in it for ever.
    - "paper": of v, and nothing is corrected: θ ← θ − α·m / (√v̄ + ε).

    When the form changes between two steps, the maximum is converted so that the next step divides by the same: v̄/c₂
    of one kind is v̄ of the other.

    Source: S. J. Reddi, S. Kale, S. Kumar, "On the Convergence of Adam and Beyond", ICLR 2018, arXiv:1904.09237,
    algorithm 2. Deviations: ε, which the paper lacks; c₁ and c₂ are running products.
    """

    title: ClassVar[str] = "AMSGrad"
    inertia: ClassVar[str | None] = "beta1"
    form_defaults: ClassVar[Mapping[str, Mapping[str, float]]] = {"keras": {"eps": 1e-7}}

    name: Literal["amsgrad"] = "amsgrad"
    lr: fields.LearningRate = 1e-3
    beta1: fields.Beta1 = 0.9
    beta2: fields.Beta2 = 0.999
    eps: fields.Epsilon = 1e-8
    form: fields.Form[Literal["torch", "keras", "optax", "paper"]] = "torch"

    def fresh_state(self, theta: Vector) -> AmsgradState:
        """Return zero means."""
        return AmsgradState(np.zeros_like(theta), np.zeros_like(theta), np.zeros_like(theta), 0.0, 0.0)

    def adopted_state(self, theta: Vector, moments: Moments) -> AmsgradState:
        """Return a state with the other rule's means and their weights, whose second moment is the largest so far."""
        state = self.fresh_state(theta)
        if moments.mean is not None:
            state.m[:], state.m_weight = moments.mean, moments.mean_weight
        if moments.square is not None:
            state.v[:], state.v_weight, state.steps = moments.square, moments.square_weight, moments.steps
            state.largest[:] = moments.square
        return state

    def moments(self, state: AmsgradState) -> Moments:
        """Return both means with their weights; the maximum means nothing to another rule."""
        return Moments(
            mean=state.m,
            mean_weight=state.m_weight,
            square=state.v,
            square_weight=state.v_weight,
            steps=state.steps,
        )

    def work_out(self, sheet: WorkingOut) -> None:
        """Write both means, the maximum and the step."""
        eps, state, top = quantity("ε", self.eps), sheet.state, sheet.remembered("largest", "v̄")
        corrects_first = self.form == "optax"
        if bool(state.is_corrected) != corrects_first and state.v_weight > 0.0:
            weight = quantity("c₂", state.v_weight)
            words = "the maximum of the form before, as this one has it"
            top = sheet.line("v̄", top / weight if corrects_first else top * weight, words, replaces=True)
        m, v = adam_means(sheet, self.beta2)
        c1, c2 = adam_weights(sheet, self.beta2) if self.form != "paper" else (number(1.0), number(1.0))
        seen = v / c2 if corrects_first else v
        top = sheet.line("v̄", largest(top, seen), "the largest second moment so far", replaces=True)
        match self.form:
            case "torch":
                sheet.step(sheet.lr * sheet.corrected("m", m / c1) / (root(top / c2) + eps))
            case "keras":
                sheet.step(sheet.lr * root(c2) / c1 * (m / (root(top) + eps)))
            case "optax":
                sheet.step(sheet.lr * sheet.corrected("m", m / c1) / (root(top) + eps))
            case "paper":
                sheet.step(sheet.lr * m / (root(top) + eps))

    def _bound(self, state: AmsgradState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what advances both means and the maximum and makes the update of the gradient."""
        beta1, rest1, beta2, rest2, weight, floor, length = numbers(
            grad.dtype, 0.0, 0.0, self.beta2, 1.0 - self.beta2, 1.0, 0.0, 0.0
        )
        corrects_first = self.form == "optax"

        def begin() -> None:
            if bool(state.is_corrected) != corrects_first:
                if state.v_weight > 0.0:
                    np.multiply(
                        state.largest, 1.0 / state.v_weight if corrects_first else state.v_weight, out=state.largest
                    )
                state.is_corrected = float(corrects_first)
            beta1[()], rest1[()] = dials.momentum, 1.0 - dials.momentum
            state.m_weight = dials.momentum * state.m_weight + (1.0 - dials.momentum)
            state.v_weight = self.beta2 * state.v_weight + (1.0 - self.beta2)
            root = math.sqrt(state.v_weight)
            match self.form:
                case "torch":
                    floor[()], length[()] = self.eps * root, dials.lr * root / state.m_weight
                case "keras":
                    floor[()], length[()] = self.eps, dials.lr * root / state.m_weight
                case "optax":
                    weight[()], floor[()], length[()] = state.v_weight, self.eps, dials.lr / state.m_weight
                case "paper":
                    floor[()], length[()] = self.eps, dials.lr
            state.steps += 1.0

        def part(g: Vector, m: Vector, v: Vector, largest: Vector) -> Passes:
            s = workspace[: len(g)]
            highest = [(np.divide, v, weight, s), (np.maximum, largest, s, largest)]
            return [
                *averaged(m, beta1, g, rest1, s),
                (np.multiply, g, g, g),
                *averaged(v, beta2, g, rest2, g),
                *(highest if corrects_first else [(np.maximum, largest, v, largest)]),
                (np.sqrt, largest, s),
                (np.add, s, floor, s),
                (np.divide, m, s, g),
                (np.multiply, g, length, g),
            ]

        workspace = spare(grad)
        vectors = stretches(grad, state.m, state.v, state.largest)
        return BoundRule(begin=begin, parts=tuple(part(*views) for views in vectors))

    def second_moment(self, state: AmsgradState) -> tuple[Vector, float]:
        """Return the maximum, and c₂ where it is corrected at the time of use."""
        used = state.v_weight if self.form in ("torch", "keras") and not state.is_corrected else 1.0
        return state.largest, used or 1.0

    def effective_lr(self, state: AmsgradState, rms: Any, lr: float) -> Any:
        """Return α / (√(v̄/c₂) + ε), where Keras' ε counts as ε/√c₂."""
        scaled = self.form == "keras" and state.v_weight > 0.0
        return lr / (rms + (self.eps / math.sqrt(state.v_weight) if scaled else self.eps))
