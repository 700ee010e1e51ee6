"""The part of a step that is a line search's: how far to go along the update that the rule has made."""

from __future__ import annotations

import math

import numpy as np

from ..subject.objective import Batch, Vector
from .line_search.search import LineSearch
from .noise import GradientNoise
from .optimizers import Dials
from .optimizers.rule import Settle
from .place import Place
from .shaping import Shaping


class Walk:
    """Makes an update as long as a search says, and lets the rule know.

    Attributes:
        search: The search.
    """

    def __init__(
        self,
        search: LineSearch,
        grad: Vector,
        dials: Dials,
        settle: Settle | None,
        *,
        noise: GradientNoise | None,
        shaping: Shaping,
    ) -> None:
        """Tie a search to what else takes part in a step; `grad` holds the gradient, and later the update."""
        self.search = search
        self._grad, self._dials, self._settle, self._noise, self._shaping = grad, dials, settle, noise, shaping

    def take(self, here: Place, there: Place, batch: Batch, loss: float) -> float:
        """Make the update in the gradient's vector as long as the search says, go there, and return its norm."""
        search, grad = self.search, self._grad
        self._dials.lr = search.walk(here, there, batch, loss, None if self._noise is None else self._noise.vector)
        if self._settle is not None:
            self._settle(search.update, self._gradient(there) if search.is_at_end else None)
        np.copyto(grad, search.update)
        np.subtract(here.theta, grad, there.theta)
        return math.sqrt(grad.dot(grad))

    def _gradient(self, there: Place) -> Vector | None:
        """Make what the objective left of the search's end into what the rule would be given there."""
        grad = self._grad
        if self._noise is not None:
            np.add(grad, self._noise.vector, grad)
        return grad if self._shaping.apply(there.theta, grad, math.sqrt(grad.dot(grad))) else None
