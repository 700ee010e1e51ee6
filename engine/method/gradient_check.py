"""Whether the gradient that is trained with is the slope of the loss: the proof by central differences."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..subject.expression.objective import BoundExpression
from ..subject.network import BoundNetwork
from ..subject.objective import Batch, BoundObjective, Objective, Tensor, Vector
from .objectives import build_objective
from .spec import RunSpec
from .trainer import Trainer

THRESHOLD = 1e-7
"""The relative error below which a gradient counts as right; a wrong one has 1e-4 and more."""
TRAINING_STEPS = 20
"""Steps before the second point: a start is a special place, its biases are zero and its units are half active."""
SAMPLES = 32
WIDTH = 1e-4
"""Half of a stencil's inner width, for a coordinate of size 1 or less.

Five points leave a truncation error of h⁴/30 times the fifth derivative, here 3e-18 of it, and a rounding error of
1.5 times that of one loss over h, here 2e-12 for a loss of 1 that is off by one unit in the last place.
"""
ROUNDINGS = 4
"""How many units in the last place one loss may be off: it is a sum of sums, each rounded as it grows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorCheck:
    """How the gradient of one tensor compares with central differences at one point."""

    name: str
    steps: int
    """How many steps of training led to the point; 0 is the start."""
    checked: int
    """Coordinates that were compared."""
    skipped: int
    """Coordinates that were drawn and left out, because a derivative jumps within their stencil: a rectifier switches,
    an error comes to Huber's δ, a weight under an L1 penalty changes its sign, or a typed-in function has a corner or
    an edge there."""
    relative_error: float
    """‖a − n‖ / max(1e-8, ‖a‖ + ‖n‖) over the compared coordinates, a the gradient and n the differences."""
    rounding: float
    """What the rounding of the losses alone can make of ‖a − n‖ with a right gradient."""
    difference: float
    """‖a − n‖; nan or inf where a loss of the stencil is not finite."""

    @property
    def passed(self) -> bool:
        """Whether gradient and differences agree as far as double precision can tell."""
        # A gradient that has all but vanished drowns in the rounding of the loss, whoever computed it.
        return self.relative_error < THRESHOLD or self.difference <= self.rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientCheck:
    """The outcome of `check_gradient`."""

    tensors: tuple[TensorCheck, ...]
    """Every tensor at the start, then every tensor after some training."""

    @property
    def passed(self) -> bool:
        """Whether every tensor agrees at both points, and something was compared at all."""
        return all(tensor.passed for tensor in self.tensors) and any(tensor.checked for tensor in self.tensors)

    @property
    def worst(self) -> TensorCheck:
        """The tensor with the largest relative error; one that is not a number is the largest."""
        return max(self.tensors, key=lambda tensor: (math.isnan(tensor.relative_error), tensor.relative_error))


def check_gradient(spec: RunSpec, *, coordinates_per_tensor: int = 64, seed: int = 0) -> GradientCheck:
    """Return how the gradient of what `spec` trains compares with five-point central differences.

    It is computed in float64 whatever the spec says, over one batch of up to 32 training samples, with its penalties
    and, where there is dropout, with the masks of one step; at the start and after 20 steps. A training that diverges
    before is checked where its loss and its gradient were last finite.

    Args:
        spec: What to train, and how to get to the second point.
        coordinates_per_tensor: How many coordinates to draw from a tensor that has more.
        seed: Decides which coordinates are drawn.
    """
    spec = RunSpec.model_validate({**spec.as_given(), "precision": "float64"})
    objective = build_objective(spec)
    samples = objective.samples()
    batch = samples.batch(0, min(SAMPLES, samples.count))
    generator = np.random.default_rng(seed)
    chosen = [_coordinates(tensor, coordinates_per_tensor, generator) for tensor in objective.tensors]
    with np.errstate(all="ignore"):
        start = _check_point(spec, objective, objective.start(), batch, chosen, steps=0)
        trainer = Trainer(spec, objective)
        while trainer.step_count < TRAINING_STEPS and trainer.non_finite is None:
            trainer.step()
        if trainer.non_finite is not None and trainer.non_finite.quantity == "gradient":
            trainer.take_back()
        trained = _check_point(spec, objective, trainer.theta, batch, chosen, steps=trainer.steps.updates)
    return GradientCheck(tensors=(*start, *trained))


def _coordinates(tensor: Tensor, count: int, generator: Generator) -> NDArray[np.int64]:
    """Return which entries of the flat vector to check, all of the tensor's if it has no more than `count`."""
    drawn = generator.choice(tensor.size, size=min(count, tensor.size), replace=False)
    return np.sort(tensor.start + drawn)


def _check_point(
    spec: RunSpec, objective: Objective, theta: Vector, batch: Batch, chosen: list[NDArray[np.int64]], *, steps: int
) -> list[TensorCheck]:
    point, grad = theta.copy(), np.empty_like(theta)
    bound = objective.bind(point, grad, spec.regularisation)
    loss = bound.loss_and_gradient(batch)
    analytic = grad.copy()
    kinked = isinstance(bound, BoundExpression) or (isinstance(bound, BoundNetwork) and bound.bent)
    results = []
    for tensor, coordinates in zip(objective.tensors, chosen, strict=True):
        smooth = [index for index in coordinates if not (kinked and _switches(bound, batch, point, int(index)))]
        numeric = np.array([_difference(bound, batch, point, int(index)) for index in smooth])
        found = analytic[smooth] if smooth else np.empty(0)
        difference = float(np.linalg.norm(found - numeric))
        size = float(np.linalg.norm(found) + np.linalg.norm(numeric))
        widths = np.array([_width(point, int(index)) for index in smooth])
        results.append(
            TensorCheck(
                name=tensor.name,
                steps=steps,
                checked=len(smooth),
                skipped=len(coordinates) - len(smooth),
                relative_error=difference / max(1e-8, size),
                rounding=float(np.linalg.norm(1.5 * ROUNDINGS * np.finfo(np.float64).eps * abs(loss) / widths)),
                difference=difference,
            )
        )
    return results


def _width(point: Vector, index: int) -> float:
    return WIDTH * max(1.0, abs(float(point[index])))


def _loss_at(bound: BoundObjective, batch: Batch, point: Vector, index: int, value: float) -> float:
    """Return the loss with one coordinate of the bound `point` at `value`; the coordinate goes back afterwards."""
    before = point[index]
    point[index] = value
    loss = bound.loss_and_gradient(batch)
    point[index] = before
    return loss


def _difference(bound: BoundObjective, batch: Batch, point: Vector, index: int) -> float:
    """Return the slope along one coordinate: (f₋₂ − 8·f₋₁ + 8·f₁ − f₂) / 12h.

    Source: M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions" (1964), table 25.2, five points.
    """
    middle, width = float(point[index]), _width(point, index)
    two_below, below, above, two_above = (
        _loss_at(bound, batch, point, index, middle + offset * width) for offset in (-2.0, -1.0, 1.0, 2.0)
    )
    return ((two_below - two_above) + 8.0 * (above - below)) / (12.0 * width)


def _switches(bound: BoundObjective, batch: Batch, point: Vector, index: int) -> bool:
    """Return whether there is a corner or an edge of the domain within the stencil of one coordinate.

    The two ends tell: along one coordinate the sums of a layer are linear as long as no unit before them switches,
    so what is on at both ends is on in between. The operands of a typed-in function are as good as linear over so short
    a way.
    """
    assert isinstance(bound, BoundNetwork | BoundExpression)
    middle, reach = float(point[index]), 2.0 * _width(point, index)
    patterns: list[object] = []
    for value in (middle - reach, middle + reach):
        point[index] = value
        patterns.append(bound.sides() if isinstance(bound, BoundExpression) else bound.pieces(batch))
    point[index] = middle
    return patterns[0] != patterns[1]
