"""Adagrad: each parameter's gradient divided by the root of the sum of all its squares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from ... import fields
from ...subject.objective import Tensor, Vector
from ..passes import Passes, numbers
from .formula import WorkingOut, quantity, root
from .rule import BoundRule, Dials, Moments, Rule, State, spare, stretches


@dataclass(slots=True)
class AdagradState(State):
    """What Adagrad remembers.

    The initial accumulator is not in the sum but added where it is used, so that it can be turned at any time.
    """

    squares: Vector
    """G: the sum of the squared gradients, one entry per parameter."""
    steps: float
    """How many gradients the sum has seen."""


class Adagrad(Rule):
    """Adagrad: G ← G + g², then θ ← θ − α/(1 + (t − 1)·k)·g / (√(G₀ + G) + ε), t counted from 1.

    G never falls: under a constant gradient the step shrinks as α/√t. A parameter whose gradient is rare keeps a long
    step for when it comes. k, the learning rate decay, is 0 by default, and so is G₀, the initial accumulator.

    By hand, α = 1, ε → 0, constant g = 3: G is 9 and the step 3/3 = 1; then G is 18 and the step 3/√18 = 0.707.

    Forms: "torch" adds ε to the root. "keras" and "optax" add it inside, g/√(G₀ + G + ε), with G₀ = 0.1 and
    ε = 1e-7; and α = 0.001 in "keras". (The libraries start G at G₀; the sum is the same.)

    Source: J. Duchi, E. Hazan, Y. Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic
    Optimization", JMLR 12 (2011), figure 1 with the diagonal matrix, in the form of `torch.optim.Adagrad`.
    """

    title: ClassVar[str] = "Adagrad"
    form_defaults: ClassVar[Mapping[str, Mapping[str, float]]] = {
        "keras": {"lr": 1e-3, "initial_accumulator": 0.1, "eps": 1e-7},
        "optax": {"initial_accumulator": 0.1, "eps": 1e-7},
    }

    name: Literal["adagrad"] = "adagrad"
    lr: fields.LearningRate = 1e-2
    lr_decay: fields.LearningRateDecay = 0.0
    initial_accumulator: fields.InitialAccumulator = 0.0
    eps: fields.Epsilon = 1e-10
    form: fields.Form[Literal["torch", "keras", "optax"]] = "torch"

    def fresh_state(self, theta: Vector) -> AdagradState:
        """Return a sum of nothing."""
        return AdagradState(np.zeros_like(theta), 0.0)

    def adopted_state(self, theta: Vector, moments: Moments) -> AdagradState:
        """Return the sum that gradients of the other rule's mean square would have made: G = v̂·t."""
        state = self.fresh_state(theta)
        if moments.square is not None and moments.square_weight > 0.0:
            state.steps = max(moments.steps, 1.0)
            state.squares[:] = moments.square * (state.steps / moments.square_weight)
        return state

    def moments(self, state: AdagradState) -> Moments:
        """Return G/t as a mean square of full weight."""
        if state.steps == 0.0:
            return Moments()
        return Moments(square=state.squares / state.steps, square_weight=1.0, steps=state.steps)

    def work_out(self, sheet: WorkingOut) -> None:
        """Write the sum of the squares and the step."""
        eps, lr = quantity("ε", self.eps), sheet.lr
        total = sheet.line("G", sheet.remembered("squares", "G") + sheet.g**2, "sum of all squares", replaces=True)
        if self.lr_decay:
            lr = sheet.line("αₜ", lr / (1.0 + quantity("t₋", sheet.state.steps) * quantity("k", self.lr_decay)), "rate")
        if self.initial_accumulator:
            total = quantity("G₀", self.initial_accumulator) + total
        sheet.step(lr * sheet.g / (root(total) + eps if self.form == "torch" else root(total + eps)))

    def _bound(self, state: AdagradState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what adds to the sum and makes the update of the gradient."""
        is_torch = self.form == "torch"
        length, eps, inside = numbers(
            grad.dtype, 0.0, self.eps, self.initial_accumulator + (0.0 if is_torch else self.eps)
        )

        def begin() -> None:
            length[()] = dials.lr / (1.0 + state.steps * self.lr_decay)
            state.steps += 1.0

        def part(g: Vector, squares: Vector) -> Passes:
            s = workspace[: len(g)]
            return [
                (np.multiply, g, g, s),
                (np.add, squares, s, squares),
                *([(np.add, squares, inside, s), (np.sqrt, s, s)] if inside else [(np.sqrt, squares, s)]),
                *([(np.add, s, eps, s)] if is_torch else []),
                (np.divide, g, s, g),
                (np.multiply, g, length, g),
            ]

        workspace = spare(grad)
        return BoundRule(begin=begin, parts=tuple(part(*views) for views in stretches(grad, state.squares)))

    def second_moment(self, state: AdagradState) -> tuple[Vector, float]:
        """Return the sum of the squares as it stands, without the initial accumulator."""
        return state.squares, 1.0

    def effective_lr(self, state: AdagradState, rms: Any, lr: float) -> Any:
        """Return α/(1 + (t − 1)·k) / (√(G₀ + G) + ε)."""
        length = lr / (1.0 + max(state.steps - 1.0, 0.0) * self.lr_decay)
        total = rms * rms + self.initial_accumulator
        return length / (total**0.5 + self.eps if self.form == "torch" else (total + self.eps) ** 0.5)
