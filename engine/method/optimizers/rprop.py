"""Rprop: a step length of its own for every parameter, and only the gradient's sign."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from ... import fields
from ...subject.objective import Tensor, Vector
from ..passes import Passes, numbers
from .formula import WorkingOut, largest, number, quantity, sign, smallest
from .rule import BoundRule, Dials, Moments, Rule, State, spare, stretches


@dataclass(slots=True)
class RpropState(State):
    """What Rprop remembers, one entry per parameter in each vector."""

    sign: Vector
    """Sign of the last gradient; 0 at the start, and after it has changed."""
    length: Vector
    """Step length over the learning rate, 1 at the start: so a turn of α scales every step at once."""


class Rprop(Rule):
    """Rprop: lengthen a parameter's step while its gradient keeps its sign, shorten it where the sign changes.

    s = sign(g)·(last sign): 1 → Δ ← min(η₊·Δ, Δmax); −1 → Δ ← max(η₋·Δ, Δmin) and this gradient counts as 0;
    0 → Δ stays. Then θ ← θ − Δ·sign(g). Δ starts at α.

    It is made for the whole training set: the sign of a minibatch's gradient changes by chance, and every change
    shortens the step, while its counterparts do not lengthen it as much.

    By hand, α = 0.1, g = 3, 2, −1, −1: Δ is 0.1, 0.12, 0.06, 0.06; θ moves by −0.1, −0.12, 0, +0.06.

    Source: M. Riedmiller, H. Braun, "A direct adaptive method for faster backpropagation learning: the RPROP
    algorithm", ICNN 1993, in the form of `torch.optim.Rprop` (iRprop⁻). Deviation: α scales all steps, at any time;
    in torch it is the first step's length and means nothing later. The bounds are those of the rule's own α, and what a
    schedule leaves of it scales them as well.
    """

    title: ClassVar[str] = "Rprop"

    name: Literal["rprop"] = "rprop"
    lr: fields.LearningRate = 1e-2
    shorten: fields.Shorten = 0.5
    lengthen: fields.Lengthen = 1.2
    shortest: fields.ShortestStep = 1e-6
    longest: fields.LongestStep = 50.0

    def fresh_state(self, theta: Vector) -> RpropState:
        """Return no sign yet, and steps of α."""
        return RpropState(np.zeros_like(theta), np.ones_like(theta))

    def adopted_state(self, theta: Vector, moments: Moments) -> RpropState:
        """Return steps of α, and the sign of the other rule's mean gradient where it keeps one."""
        state = self.fresh_state(theta)
        if moments.mean is not None:
            np.sign(moments.mean, state.sign)
        return state

    def moments(self, state: RpropState) -> Moments:
        """Return nothing: a sign tells no other rule how long the gradient was."""
        return Moments()

    def effective_lr(self, state: RpropState, rms: Any, lr: float) -> float:
        """Return nan: a parameter moves by a length of its own, however long its gradient is."""
        return math.nan

    def work_out(self, sheet: WorkingOut) -> None:
        """Write whether the sign has changed, the step's new length and the step."""
        length, lr = sheet.remembered("length", "ℓ"), sheet.lr
        agrees = sheet.line(
            "s", sign(sheet.g) * sheet.remembered("sign", "s₋"), "1: the sign stays; −1: it has changed"
        )
        if agrees.value > 0.0:
            length, words = quantity("η₊", self.lengthen) * length, "longer, as the sign has stayed"
        elif agrees.value < 0.0:
            length, words = quantity("η₋", self.shorten) * length, "shorter, as the sign has changed"
        else:
            words = "as it was: there was no sign to compare with"
        most, least = quantity("Δmax", self.longest) / lr, quantity("Δmin", self.shortest) / lr
        new = sheet.line("ℓ", largest(smallest(length, most), least), words, replaces=True)
        if agrees.value < 0.0:
            sheet.step(number(0.0), "no step: this gradient counts as 0")
        else:
            sheet.step(lr * new * sign(sheet.g))

    def _bound(self, state: RpropState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what adapts the steps and makes Δ·sign(g) of the gradient.

        With c = s: factor = 1 + (η₊ − 1)·max(c, 0) + (1 − η₋)·min(c, 0), and the sign survives as (1 + min(c, 0)).
        """
        largest = float(np.finfo(grad.dtype).max)
        lr, more, less, zero, one = numbers(grad.dtype, 0.0, self.lengthen - 1.0, 1.0 - self.shorten, 0.0, 1.0)
        # By the rule's own rate, as that of a schedule may be 0: then no step is made, and the lengths stay.
        shortest, longest = numbers(grad.dtype, *(min(of / self.lr, largest) for of in (self.shortest, self.longest)))

        def begin() -> None:
            lr[()] = dials.lr

        def part(g: Vector, sign: Vector, length: Vector) -> Passes:
            s, t = first[: len(g)], second[: len(g)]
            return [
                (np.sign, g, g),
                (np.multiply, g, sign, s),
                (np.maximum, s, zero, t),
                (np.minimum, s, zero, s),
                (np.multiply, t, more, t),
                (np.add, s, one, sign),
                (np.multiply, s, less, s),
                (np.add, t, one, t),
                (np.add, t, s, t),
                (np.multiply, length, t, length),
                (np.minimum, length, longest, length),
                (np.maximum, length, shortest, length),
                (np.multiply, g, sign, g),
                (np.add, g, zero, sign),
                (np.multiply, g, length, g),
                (np.multiply, g, lr, g),
            ]

        first, second = spare(grad), spare(grad)
        vectors = stretches(grad, state.sign, state.length)
        return BoundRule(begin=begin, parts=tuple(part(*views) for views in vectors))
