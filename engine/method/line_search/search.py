"""One search for each step: from the update that a rule made to the one that is made."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...subject.objective import Batch, BoundObjective, Vector
from .armijo import armijo
from .exact import exact
from .ray import ExhaustedError, Ray, Trial
from .spec import LineSearchSpec, MethodName
from .wolfe import wolfe

METHODS: dict[MethodName, Callable[[Ray, LineSearchSpec], Trial]] = {"exact": exact, "armijo": armijo, "wolfe": wolfe}


class Tied(Protocol):
    """Parameters, and the objective at them."""

    theta: Vector
    bound: BoundObjective


class LineSearch:
    """Seeks how far to go, on the batch of the step.

    What it looks at is the function whose gradient the batch gave: the batch's loss, with ½·λ·‖θ‖² where the
    gradient has an L2 decay and ξᵀθ where it has the noise ξ, so that value and slope belong together. Clipping
    changes the direction alone.

    Attributes:
        gradient: Where the gradient of a step is put before it is clipped and decayed.
        update: What the last search found should be subtracted from the parameters.
        is_at_end: Whether the objective's vector holds the gradient at the end of the last search.
        went_astray: Whether the rule's direction led uphill in the last one, so that the gradient's was taken.
        promise: The slope c₁·φ′(0) of the line below which Armijo's condition had the last one end; None where the
            method does not ask for it.
    """

    def __init__(self, name: MethodName, spec: LineSearchSpec, grad: Vector, decay: float) -> None:
        """Make the vectors of a search.

        Args:
            name: Which method.
            spec: Its settings.
            grad: The vector in which the objective leaves its gradient, and the rule its update.
            decay: λ of the L2 decay.
        """
        self._method, self._spec, self._grad, self._decay = METHODS[name], spec, grad, decay
        self.gradient, self.update = np.empty_like(grad), np.empty_like(grad)
        self._ray = Ray(spec.evaluations, float(np.finfo(grad.dtype).eps))
        self._here: Tied
        self._there: Tied
        self._batch: Batch
        self._linear = self._square = self._last = 0.0
        self.is_at_end = self.went_astray = False
        self.promise: float | None = None
        self._promises = name in ("armijo", "wolfe")

    @property
    def made(self) -> int:
        """Evaluations of loss and gradient in the last search."""
        return self._ray.made

    @property
    def start(self) -> Trial:
        """φ and φ′ where the last search began."""
        return self._ray.start

    @property
    def trials(self) -> NDArray[np.float64]:
        """The trials of the last search, (trials, 3): α, φ and φ′, in their order; a view."""
        return self._ray.trials

    def remember(self, other: LineSearch) -> None:
        """Take the trials of another search for the last ones."""
        self._ray, self.promise = other._ray, other.promise

    def walk(self, here: Tied, there: Tied, batch: Batch, loss: float, noise: Vector | None) -> float:
        """Return how far to go along the update in the gradient's vector, and leave what that makes in `update`.

        Args:
            here: Where the step begins.
            there: A place for the trials.
            batch: Of the step.
            loss: Its loss here.
            noise: What was added to its gradient, or None.
        """
        self._here, self._there, self._batch = here, there, batch
        direction, ray = self.update, self._ray
        np.negative(self._grad, direction)
        slope = self._look(noise)
        self.went_astray = not slope < 0.0 and bool(self.gradient.any())
        if self.went_astray:
            np.multiply(here.theta, -self._decay, direction)
            np.subtract(direction, self.gradient, direction)
            slope = self._look(noise)
        ray.begin(loss, slope, self._at)
        self.promise = self._spec.c1 * slope if self._promises else None
        trial = ray.start
        if slope < 0.0 and math.isfinite(slope):
            try:
                trial = self._method(ray, self._spec)
            except ExhaustedError:
                trial = ray.lowest
        self.is_at_end = ray.made > 0 and trial.alpha == self._last
        np.multiply(direction, -trial.alpha, direction)
        return trial.alpha

    def _look(self, noise: Vector | None) -> float:
        """Set what belongs to the direction alone, and return the slope along it."""
        direction, theta = self.update, self._here.theta
        pull = self._decay * float(theta.dot(direction)) if self._decay else 0.0
        self._linear = pull + (float(noise.dot(direction)) if noise is not None else 0.0)
        self._square = self._decay * float(direction.dot(direction)) if self._decay else 0.0
        return float(self.gradient.dot(direction)) + pull

    def _at(self, alpha: float) -> tuple[float, float]:
        theta = self._there.theta
        np.multiply(self.update, alpha, theta)
        np.add(self._here.theta, theta, theta)
        self._last = alpha
        value = self._there.bound.loss_and_gradient(self._batch)
        slope = float(self._grad.dot(self.update))
        return value + alpha * (self._linear + 0.5 * alpha * self._square), slope + self._linear + alpha * self._square
