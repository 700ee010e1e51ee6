"""Adadelta: RMSProp whose learning rate is the size of its own recent steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from ... import fields
from ...subject.objective import Tensor, Vector
from ..passes import Passes, averaged, numbers
from .formula import WorkingOut, quantity, root
from .rule import BoundRule, Dials, Moments, Rule, State, spare, stretches


@dataclass(slots=True)
class AdadeltaState(State):
    """What Adadelta remembers, one entry per parameter in each vector."""

    v: Vector
    """Decaying mean of the squared gradient."""
    d: Vector
    """Decaying mean of the squared step, before the learning rate."""
    v_weight: float
    """Total weight of the squared gradients in `v`, from 0 towards 1; the rule itself does not correct for it."""
    steps: float = 0.0
    """How many gradients `v` has seen."""


class Adadelta(Rule):
    """Adadelta: v ← ρ·v + (1 − ρ)·g², Δ = g·√(d + ε)/√(v + ε), d ← ρ·d + (1 − ρ)·Δ², then θ ← θ − α·Δ.

    The step has the parameter's own unit: the root mean square of the recent steps over that of the gradients. There
    is no learning rate to choose (α = 1); ε alone starts the motion, so the first steps are tiny: √(ε/(1 − ρ)) long.

    By hand, α = 1, ρ = 0.5, ε = 1, g = √6: v = 3, Δ = √6·√1/√4 = 1.2247, d = 0.75; then g = 1 has v = 2,
    Δ = √1.75/√3 = 0.7638.

    Forms: all three have this arithmetic and differ in their defaults alone. "torch", as optax: α = 1, ρ = 0.9,
    ε = 1e-6. "paper": ρ = 0.95. "keras": α = 0.001, ρ = 0.95, ε = 1e-7, so that it starts two thousand times slower.

    Source: M. D. Zeiler, "ADADELTA: An Adaptive Learning Rate Method", arXiv:1212.5701, algorithm 1, in the form of
    `torch.optim.Adadelta`. Deviation, as in all libraries: α, which the paper lacks; d takes the step before it.
    """

    title: ClassVar[str] = "Adadelta"
    form_defaults: ClassVar[Mapping[str, Mapping[str, float]]] = {
        "keras": {"lr": 1e-3, "rho": 0.95, "eps": 1e-7},
        "paper": {"rho": 0.95},
    }

    name: Literal["adadelta"] = "adadelta"
    lr: fields.LearningRate = 1.0
    rho: fields.Rho = 0.9
    eps: fields.Epsilon = 1e-6
    form: fields.Form[Literal["torch", "keras", "paper"]] = "torch"

    def fresh_state(self, theta: Vector) -> AdadeltaState:
        """Return zero means."""
        return AdadeltaState(np.zeros_like(theta), np.zeros_like(theta), 0.0)

    def adopted_state(self, theta: Vector, moments: Moments) -> AdadeltaState:
        """Return a state with the other rule's v and its weight; no other rule knows the size of its steps."""
        state = self.fresh_state(theta)
        if moments.square is not None:
            state.v[:], state.v_weight, state.steps = moments.square, moments.square_weight, moments.steps
        return state

    def moments(self, state: AdadeltaState) -> Moments:
        """Return v with its weight."""
        return Moments(square=state.v, square_weight=state.v_weight, steps=state.steps)

    def work_out(self, sheet: WorkingOut) -> None:
        """Write both means and the step."""
        rho, eps, d = quantity("ρ", self.rho), quantity("ε", self.eps), sheet.remembered("d")
        v = sheet.mean("v", sheet.remembered("v"), rho, sheet.g**2, "mean of the squared gradient")
        step = sheet.line("δ", sheet.g * root(d + eps) / root(v + eps), "as long as its recent kind")
        sheet.mean("d", d, rho, step**2, "mean of the squared δ, for the next step")
        sheet.step(sheet.lr * step)

    def _bound(self, state: AdadeltaState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what advances both means and makes α·Δ of the gradient."""
        lr, rho, rest, eps = numbers(grad.dtype, 0.0, self.rho, 1.0 - self.rho, self.eps)

        def begin() -> None:
            lr[()] = dials.lr
            state.v_weight = self.rho * state.v_weight + (1.0 - self.rho)
            state.steps += 1.0

        def part(g: Vector, v: Vector, d: Vector) -> Passes:
            s = workspace[: len(g)]
            return [
                (np.multiply, g, g, s),
                *averaged(v, rho, s, rest, s),
                (np.add, d, eps, s),
                (np.sqrt, s, s),
                (np.multiply, g, s, g),
                (np.add, v, eps, s),
                (np.sqrt, s, s),
                (np.divide, g, s, g),
                (np.multiply, g, g, s),
                *averaged(d, rho, s, rest, s),
                (np.multiply, g, lr, g),
            ]

        workspace = spare(grad)
        return BoundRule(begin=begin, parts=tuple(part(*views) for views in stretches(grad, state.v, state.d)))

    def second_moment(self, state: AdadeltaState) -> tuple[Vector, float]:
        """Return v as it stands: the rule corrects no bias."""
        return state.v, 1.0

    def effective_lr(self, state: AdadeltaState, rms: float | None, lr: float) -> float:
        """Return α·√(d + ε)/√(v + ε), with the mean of d over all parameters."""
        recent = float(np.add.reduce(state.d)) / len(state.d)
        return lr * math.sqrt((recent + self.eps) / ((rms or 0.0) ** 2 + self.eps))

    def rates(self, state: AdadeltaState, lr: float) -> Vector:
        """Return α·√(d + ε)/√(v + ε) of every parameter, each with its own d."""
        return lr * np.sqrt((state.d + self.eps) / (state.v + self.eps))
