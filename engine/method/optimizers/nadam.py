"""NAdam: Adam with Nesterov's look-ahead."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from ... import fields
from ...subject.objective import Tensor, Vector
from ..passes import Passes, averaged, numbers
from .formula import Formula, WorkingOut, number, quantity, root
from .rule import BoundRule, Dials, Moments, Rule, State, spare, stretches


@dataclass(slots=True)
class NadamState(State):
    """What NAdam remembers, one entry per parameter in each vector; the weights are running, as Adam's."""

    m: Vector
    """Decaying mean of the gradient."""
    v: Vector
    """Decaying mean of the squared gradient."""
    m_weight: float
    """Total weight of the gradients in `m`, from 0 towards 1."""
    v_weight: float
    """Total weight of the squared gradients in `v`, from 0 towards 1."""
    product: float = 1.0
    """P, the product of the momenta μ used so far."""
    steps: float = 0.0
    """Steps of the schedule of μ, which are the gradients that `v` has seen."""


class Nadam(Rule):
    """NAdam: Adam's m and v; θ ← θ − α·[μₜ₊₁/(1 − P·μₜ₊₁)·m + (1 − μₜ)/(1 − P)·g] / (√v̂ + ε), P = μ₁·…·μₜ.

    Nesterov's step uses the momentum of the next step already: where Adam has m̂, which holds the gradient only by
    1 − β₁, this has more of the fresh gradient. The momentum is warmed up: μₜ = β₁·(1 − ½·0.96^(t·ψ)) rises from
    half of β₁ to β₁, with ψ the `momentum_decay`.

    By hand, ψ = 0 makes μ = β₁/2 for ever: β₁ = 0.5, so μ = 0.25; α = 1, ε → 0, constant g = 1. First step: m = 0.5,
    P = 0.25: 0.25/(1 − 0.0625)·0.5 + 0.75/0.75 = 1.1333. Second: m = 0.75, P = 0.0625: 0.25/(1 − 0.015625)·0.75 +
    0.75/(1 − 0.0625) = 0.9905.

    Forms, three different algorithms in practice:

    - "torch": as above with ψ = 0.004, so that μ is nine tenths of β₁ after 10⁴ steps.
    - "keras": the same with ψ = 1, which reaches it after a hundred, and with α = 0.001, ε = 1e-7.
    - "optax": μ = β₁ from the first step on; ψ plays no part.
    - "paper": as "torch", and m itself is averaged with μₜ instead of β₁, so that P is its missing weight exactly.

    Source: T. Dozat, "Incorporating Nesterov Momentum into Adam", ICLR 2016 workshop, algorithm 2, in the form of
    `torch.optim.NAdam`. Deviation: P and c₂ are running products, so that a live change stays right.
    """

    title: ClassVar[str] = "NAdam"
    inertia: ClassVar[str | None] = "beta1"
    form_defaults: ClassVar[Mapping[str, Mapping[str, float]]] = {
        "keras": {"lr": 1e-3, "eps": 1e-7, "momentum_decay": 1.0},
    }

    name: Literal["nadam"] = "nadam"
    lr: fields.LearningRate = 2e-3
    beta1: fields.Beta1 = 0.9
    beta2: fields.Beta2 = 0.999
    eps: fields.Epsilon = 1e-8
    momentum_decay: fields.MomentumDecay = 4e-3
    form: fields.Form[Literal["torch", "keras", "optax", "paper"]] = "torch"

    def fresh_state(self, theta: Vector) -> NadamState:
        """Return zero means."""
        return NadamState(np.zeros_like(theta), np.zeros_like(theta), 0.0, 0.0)

    def adopted_state(self, theta: Vector, moments: Moments) -> NadamState:
        """Return a state with the other rule's means, and with the product of momenta that this rule would have used.

        Without a count of the steps, the product is what the mean's weight leaves.
        """
        state = self.fresh_state(theta)
        if moments.square is not None:
            state.v[:], state.v_weight, state.steps = moments.square, moments.square_weight, moments.steps
        if moments.mean is not None and moments.mean_weight > 0.0:
            state.m[:], state.m_weight = moments.mean, moments.mean_weight
            state.product = self._product(state.steps) if state.steps else 1.0 - moments.mean_weight
        return state

    def moments(self, state: NadamState) -> Moments:
        """Return both means with their weights."""
        return Moments(
            mean=state.m,
            mean_weight=state.m_weight,
            square=state.v,
            square_weight=state.v_weight,
            steps=state.steps,
        )

    def _momentum(self, step: float, beta1: float) -> float:
        """Return μ of a step, counted from 1."""
        return beta1 if self.form == "optax" else beta1 * (1.0 - 0.5 * 0.96 ** (step * self.momentum_decay))

    def work_out(self, sheet: WorkingOut) -> None:
        """Write the momenta, both means and the step that looks ahead."""
        state, eps = sheet.state, quantity("ε", self.eps)
        beta1, beta2 = quantity("β₁", sheet.inertia), quantity("β₂", self.beta2)
        now, following = (self._written_momentum(sheet, beta1, ahead) for ahead in (0, 1))
        product = sheet.line("P", quantity("P", state.product) * now, "product of all μ so far", replaces=True)
        share = now if self.form == "paper" else beta1
        m = sheet.mean("m", sheet.remembered("m"), share, sheet.g, "mean of the gradient")
        v = sheet.mean("v", sheet.remembered("v"), beta2, sheet.g**2, "mean of the squared gradient")
        c2 = sheet.weight("c₂", state.v_weight, beta2, "v")
        v_hat = sheet.corrected("v", v / c2)
        ahead = following / (1.0 - product * following) * m + (1.0 - now) / (1.0 - product) * sheet.g
        sheet.step(sheet.lr * ahead / (root(v_hat) + eps))

    def _written_momentum(self, sheet: WorkingOut, beta1: Formula, ahead: int) -> Formula:
        """Write the momentum of this step, or of the next one."""
        symbol, words = ("μ₊", "momentum of the next step") if ahead else ("μ", "momentum of this step")
        if self.form == "optax":
            return sheet.line(symbol, beta1, words)
        time = quantity("t", sheet.state.steps + 1.0 + ahead) * quantity("ψ", self.momentum_decay)
        return sheet.line(symbol, beta1 * (1.0 - 0.5 * number(0.96) ** time), words)

    def _product(self, steps: float) -> float:
        """Return the product of the momenta of so many steps."""
        product = 1.0
        for step in range(1, int(steps) + 1):
            product *= self._momentum(step, self.beta1)
            if product < 1e-18:  # 1 minus it is 1
                break
        return product

    def _bound(self, state: NadamState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what advances both means and makes the update of the gradient, with one division as Adam's."""
        decay, rest1, beta2, rest2, floor, of_mean, of_grad = numbers(
            grad.dtype, 0.0, 0.0, self.beta2, 1.0 - self.beta2, 0.0, 0.0, 0.0
        )

        def begin() -> None:
            state.steps += 1.0
            now, following = (self._momentum(state.steps + ahead, dials.momentum) for ahead in (0.0, 1.0))
            share = now if self.form == "paper" else dials.momentum
            decay[()], rest1[()] = share, 1.0 - share
            state.m_weight = share * state.m_weight + (1.0 - share)
            state.v_weight = self.beta2 * state.v_weight + (1.0 - self.beta2)
            state.product *= now
            root = math.sqrt(state.v_weight)
            length = dials.lr * root
            floor[()] = self.eps * root
            of_mean[()] = length * following / (1.0 - state.product * following)
            of_grad[()] = length * (1.0 - now) / (1.0 - state.product)

        def part(g: Vector, m: Vector, v: Vector) -> Passes:
            s = workspace[: len(g)]
            return [
                *averaged(m, decay, g, rest1, s),
                (np.multiply, g, g, s),
                *averaged(v, beta2, s, rest2, s),
                (np.multiply, g, of_grad, g),
                (np.multiply, m, of_mean, s),
                (np.add, g, s, g),
                (np.sqrt, v, s),
                (np.add, s, floor, s),
                (np.divide, g, s, g),
            ]

        workspace = spare(grad)
        return BoundRule(begin=begin, parts=tuple(part(*views) for views in stretches(grad, state.m, state.v)))

    def second_moment(self, state: NadamState) -> tuple[Vector, float]:
        """Return v and its weight."""
        return state.v, state.v_weight or 1.0

    def effective_lr(self, state: NadamState, rms: Any, lr: float) -> Any:
        """Return α / (√v̂ + ε), where the mean has its full weight."""
        return lr / (rms + self.eps)
