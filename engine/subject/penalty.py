"""The penalty for large weights, and its gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .objective import Vector
from .regularisation import Regularisation

STRETCH = 32768
"""So many weights at once: the passes over them stay in the processor's cache."""


class Penalty:
    """λ₁·‖w‖₁ + ½·λ₂·‖w‖² over some weights, tied to them and to their gradient."""

    def __init__(self, weights: Sequence[tuple[Vector, Vector]], regularisation: Regularisation) -> None:
        """Tie it to parts of the parameters, each with that of the gradient."""
        parts = [
            (values[first : first + STRETCH], grad[first : first + STRETCH])
            for values, grad in weights
            for first in range(0, len(values), STRETCH)
        ]
        space = np.empty(max(len(values) for values, _ in parts), parts[0][0].dtype)
        self._parts = [(values, grad, space[: len(values)]) for values, grad in parts]
        self._l1, self._l2 = regularisation.l1, regularisation.l2
        self._factors = np.array(self._l1, space.dtype), np.array(self._l2, space.dtype)

    def value(self) -> float:
        """Return the penalty."""
        return self._go_through(add=False)

    def add_gradient(self) -> float:
        """Add the penalty's gradient, λ₁·sign(w) + λ₂·w with sign(0) = 0, and return the penalty."""
        return self._go_through(add=True)

    def _go_through(self, *, add: bool) -> float:
        absolute = squares = 0.0
        l1, l2 = self._factors
        for values, grad, space in self._parts:
            if self._l1:
                np.sign(values, space)
                absolute += float(values.dot(space))
                if add:
                    np.multiply(space, l1, space)
                    np.add(grad, space, grad)
            if self._l2:
                squares += float(values.dot(values))
                if add:
                    np.multiply(values, l2, space)
                    np.add(grad, space, grad)
        return self._l1 * absolute + 0.5 * self._l2 * squares
