"""Nesterov's momentum: the ball looks ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np

from ...subject.objective import Tensor, Vector
from ..passes import Passes, numbers
from .formula import WorkingOut, quantity
from .momentum import MomentumState, Velocity
from .rule import BoundRule, Dials, spare, stretches


class Nesterov(Velocity):
    """Nesterov's momentum: b ← μ·b + g, then θ ← θ − α·(g + μ·b).

    Written in the look-ahead point θ, where the gradient is taken: the ball itself is at θ + α·μ·b, and the step of θ
    is the ball's step and the next look ahead in one. So a curve of the loss at θ is that of the look-ahead point.

    By hand, α = 0.1, μ = 0.5, constant g = 4: b is 4 and θ falls by 0.1·(4 + 2) = 0.6; then b is 6 and θ falls by
    0.1·(4 + 3) = 0.7.

    Forms, which differ only once α changes: "torch", as optax, keeps α out of b. "keras" has v ← μ·v − α·g and
    θ ← θ + μ·v − α·g. When the form changes between two steps, the velocity is converted by the last α, exactly.

    Source: Y. Nesterov, "A method of solving a convex programming problem with convergence rate O(1/k²)", Soviet Math.
    Dokl. 27 (1983), as I. Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML
    2013, write it, in the form of `torch.optim.SGD(nesterov=True)`. Deviations: μ is a number and not Nesterov's
    rising sequence; μ = 0, which PyTorch refuses, is plain gradient descent.
    """

    title: ClassVar[str] = "Nesterov"
    form_defaults: ClassVar[Mapping[str, Mapping[str, float]]] = {"keras": {"lr": 1e-2}}

    name: Literal["nesterov"] = "nesterov"

    def work_out(self, sheet: WorkingOut) -> None:
        """Write the velocity and the step that looks ahead along it."""
        b, entered = self.velocity(sheet, "b")
        mu = quantity("μ", sheet.inertia)
        sheet.step(entered + mu * b if self.holds_lr else sheet.lr * (entered + mu * b))

    def _bound(self, state: MomentumState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what advances the buffer and makes α·(g + μ·b) of the gradient."""
        length, kept, taken, mu = numbers(grad.dtype, 0.0, 0.0, 0.0, 0.0)

        def begin() -> None:
            mu[()] = dials.momentum
            kept[()], taken[()], length[()] = self.advanced(state, dials)

        def part(g: Vector, b: Vector) -> Passes:
            s = workspace[: len(g)]
            return [
                (np.multiply, b, kept, b),
                (np.multiply, g, taken, g),
                (np.add, b, g, b),
                (np.multiply, b, mu, s),
                (np.add, g, s, g),
                (np.multiply, g, length, g),
            ]

        workspace = spare(grad)
        return BoundRule(begin=begin, parts=tuple(part(*views) for views in stretches(grad, state.buffer)))

    def ahead(self, state: MomentumState, dials: Dials) -> Vector:
        """Return −α·μ·b, from the ball to the look-ahead point."""
        return state.buffer * (-dials.momentum * (1.0 if state.holds_lr else dials.lr))

    def effective_lr(self, state: MomentumState, rms: float | None, lr: float) -> float:
        """Return α·(1 + μ·the total weight in b): towards α/(1 − μ) under a constant gradient."""
        return lr + self.momentum * state.total * (1.0 if state.holds_lr else lr)
