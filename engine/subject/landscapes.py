"""Test functions of a few variables with analytic gradients: the shortest objectives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import DTypeLike

from .objective import Batch, Evaluation, Samples, Tensor, Vector
from .regularisation import NONE, Regularisation
from .samples import MemorySamples

Point = tuple[float, ...]
"""One plain Python float per coordinate: for two numbers faster than an array, and it overflows to inf in silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    """A place where the gradient is 0 and every way out leads up."""

    point: Point
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LandscapeKind:
    """One row of the table of landscapes.

    `value` and `gradient` take a point of any size, inf and nan too. They multiply instead of using `**`, which
    raises where a product overflows; what a function of `math` raises becomes nan in `Landscape`.
    """

    title: str
    formula: str
    """The function as people write it."""
    coordinates: tuple[str, ...] = ("x", "y")
    box: tuple[tuple[float, float], ...]
    """(lowest, highest) of every coordinate: the part that is worth seeing."""
    minima: tuple[Minimum, ...]
    """The global minima, and the local ones that are known; empty where the function has none."""
    start: Point
    """Where a descent starts unless someone says otherwise."""
    value: Callable[[Point], float]
    gradient: Callable[[Point], Point]
    condition: float | None = None
    """Largest curvature over smallest, where that can be chosen; else None."""
    with_condition: Callable[[float], LandscapeKind] | None = None
    """The same landscape with another condition number, where that can be chosen; else None."""

    @property
    def dimension(self) -> int:
        """The number of coordinates."""
        return len(self.coordinates)


class Landscape:
    """An objective over one tensor named "point", whose training set is one sample without features.

    It computes in double precision whatever the dtype: only the point and the gradient are rounded to it.
    """

    splits = ("train",)

    def __init__(
        self,
        kind: LandscapeKind,
        start: Point | None = None,
        condition: float | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        """Make the objective; what is given fits the kind.

        Args:
            kind: A row of `LANDSCAPES`.
            start: The initial point, one number per coordinate; None takes the kind's.
            condition: The condition number, 1 or more, for a kind that has one; None takes the kind's.
            dtype: Of the parameters, float32 or float64.
        """
        if condition is not None:
            assert kind.with_condition is not None
            kind = kind.with_condition(condition)
        assert start is None or len(start) == kind.dimension
        self.kind = kind
        """The function, its box and its minima, with the condition number that was asked for."""
        self.tensors = (Tensor(name="point", shape=(kind.dimension,), start=0, stop=kind.dimension),)
        self._start = kind.start if start is None else start
        self._dtype = dtype

    def samples(self) -> Samples:
        """Return the one sample: a constant input, and nothing to fit."""
        return MemorySamples(inputs=np.ones((1, 1), self._dtype), targets=np.zeros((1, 0), self._dtype))

    def start(self) -> Vector:
        """Return the initial point, (dimension,), in an array of its own; inf where the dtype is too small for it."""
        with np.errstate(over="ignore"):
            return np.array(self._start, self._dtype)

    def largest_product(self, samples: int) -> int:
        """Return 0: a landscape multiplies no matrices."""
        return 0

    def bind(self, theta: Vector, grad: Vector, regularisation: Regularisation = NONE) -> BoundLandscape:
        """Return this landscape tied to a point and a place for its gradient, both (dimension,); it has no weights."""
        return BoundLandscape(self.kind, theta, grad)

    def draw(self, step: int) -> None:
        """Do nothing: there is no chance in it."""


class BoundLandscape:
    """A landscape at a point that moves."""

    def __init__(self, kind: LandscapeKind, theta: Vector, grad: Vector) -> None:
        self._value = kind.value
        self._gradient = kind.gradient
        # An array warns when a large double does not fit into float32; a view of its memory stores inf, and is faster.
        self._theta = cast("memoryview[float]", theta.data)
        self._grad = cast("memoryview[float]", grad.data)

    def loss_and_gradient(self, batch: Batch) -> float:
        """Return the height and leave the slope in the bound vector; inf or nan where the point has run away."""
        point = tuple(self._theta.tolist())
        grad = self._grad
        try:
            slope = self._gradient(point)
            value = self._value(point)
        except (ArithmeticError, ValueError):
            slope = (np.nan,) * len(point)
            value = np.nan
        for index, component in enumerate(slope):
            grad[index] = component
        return value

    def evaluate(self, split: str, at_most: int | None = None) -> Evaluation:
        """Return the height as the loss over "train"; the gradient is left alone."""
        assert split in Landscape.splits
        try:
            value = self._value(tuple(self._theta.tolist()))
        except (ArithmeticError, ValueError):
            value = np.nan
        return Evaluation(loss=value, accuracy=None)


def ravine(condition: float) -> LandscapeKind:
    """Return f = ½(x² + κy²): a valley along x whose sides are κ times as steep as its floor.

    The curvatures are 1 and κ, so gradient descent needs a learning rate below 2/κ and then creeps along x; with
    the best one, 2/(1 + κ), a step shrinks the distance by (κ − 1)/(κ + 1).

    Source: B. T. Polyak, Introduction to Optimization, 1987, section 1.4.
    """

    def value(point: Point) -> float:
        x, y = point
        return 0.5 * (x * x + condition * y * y)

    def gradient(point: Point) -> Point:
        x, y = point
        return x, condition * y

    return LandscapeKind(
        title="Ravine",
        formula="½(x² + κy²)",
        box=((-2.0, 2.0), (-2.0, 2.0)),
        minima=(Minimum(point=(0.0, 0.0), value=0.0),),
        start=(1.0, 1.0),
        value=value,
        gradient=gradient,
        condition=condition,
        with_condition=ravine,
    )


def _rosenbrock(point: Point) -> float:
    """Return (1 − x)² + 100(y − x²)².

    Source: H. H. Rosenbrock, An automatic method for finding the greatest or least value of a function, The Computer
    Journal 3(3), 1960, p. 175-184.
    """
    x, y = point
    ahead = 1.0 - x
    above = y - x * x
    return ahead * ahead + 100.0 * above * above


def _rosenbrock_gradient(point: Point) -> Point:
    x, y = point
    above = y - x * x
    return -2.0 * (1.0 - x) - 400.0 * x * above, 200.0 * above


LANDSCAPES: Mapping[str, LandscapeKind] = {
    "ravine": ravine(100.0),
    "rosenbrock": LandscapeKind(
        title="Rosenbrock's valley",
        formula="(1 − x)² + 100(y − x²)²",
        box=((-2.0, 2.0), (-1.0, 3.0)),
        minima=(Minimum(point=(1.0, 1.0), value=0.0),),
        start=(-1.5, 2.0),
        value=_rosenbrock,
        gradient=_rosenbrock_gradient,
    ),
}
"""Every landscape by its name."""
