"""Plain gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from ...fields import LearningRate
from ...subject.objective import Tensor, Vector
from ..passes import numbers
from .formula import WorkingOut
from .rule import BoundRule, Dials, Moments, Rule, State, stretches


@dataclass(slots=True)
class SgdState(State):
    """Gradient descent remembers nothing."""


class Sgd(Rule):
    """Gradient descent: θ ← θ − α·g.

    With a batch of one sample this is the stochastic gradient descent of Robbins and Monro, with the whole training
    set it is the method of steepest descent, and in between the minibatch form; the rule is the same.

    By hand, α = 0.5: from θ = 3 with g = 2 to θ = 2; with g = 2 again to θ = 1.

    Source: H. Robbins, S. Monro, "A Stochastic Approximation Method", Ann. Math. Statist. 22 (1951), and as
    `torch.optim.SGD` without momentum.
    """

    title: ClassVar[str] = "SGD"

    name: Literal["sgd"] = "sgd"
    lr: LearningRate = 1e-3

    def fresh_state(self, theta: Vector) -> SgdState:
        """Return the empty state."""
        return SgdState()

    def adopted_state(self, theta: Vector, moments: Moments) -> SgdState:
        """Return the empty state: there is nothing that plain gradient descent could use."""
        return SgdState()

    def moments(self, state: SgdState) -> Moments:
        """Return nothing learnt."""
        return Moments()

    def work_out(self, sheet: WorkingOut) -> None:
        """Write α·g."""
        sheet.step(sheet.lr * sheet.g)

    def _bound(self, state: SgdState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what makes α·g of the gradient."""
        (lr,) = numbers(grad.dtype, 0.0)

        def begin() -> None:
            lr[()] = dials.lr

        return BoundRule(begin=begin, parts=tuple([(np.multiply, g, lr, g)] for (g,) in stretches(grad)))
