"""A landscape as something to train: one point that rolls downhill."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..objective import Batch, BoundObjective, Evaluation, Samples, Tensor, Vector
from ..regularisation import NONE, Regularisation
from ..samples import MemorySamples
from .kind import LandscapeKind, Point


class Landscape:
    """An objective over one tensor named "point".

    Its training set is one sample without features, or the slopes of the lines whose mean it is. It computes in
    double precision whatever the dtype: only the point and the gradient are rounded to it.
    """

    splits = ("train",)

    def __init__(self, kind: LandscapeKind, start: Point | None = None, dtype: DTypeLike = np.float64) -> None:
        """Make the objective; what is given fits the kind.

        Args:
            kind: A row of `LANDSCAPES`, or the same with other knobs.
            start: The initial point, one number per coordinate; None takes the kind's.
            dtype: Of the parameters, float32 or float64.
        """
        assert start is None or len(start) == kind.dimension
        self.kind = kind
        """The function, its box and its minima."""
        self.bounds = kind.bounds
        self.tensors = (Tensor(name="point", shape=(kind.dimension,), start=0, stop=kind.dimension),)
        self._start = kind.start if start is None else start
        self._dtype = dtype

    def samples(self) -> Samples:
        """Return the slopes of the lines, or one sample with nothing to fit; the inputs are a constant."""
        slopes: tuple[tuple[float, ...], ...] = ((),)
        if self.kind.slopes is not None:
            slopes = tuple((slope,) for slope in self.kind.slopes)
        targets = np.array(slopes, self._dtype)
        return MemorySamples(inputs=np.ones((len(targets), 1), self._dtype), targets=targets)

    def start(self) -> Vector:
        """Return the initial point, (dimension,), in an array of its own; inf where the dtype is too small for it."""
        with np.errstate(over="ignore"):
            return np.array(self._start, self._dtype)

    def largest_product(self, samples: int) -> int:
        """Return 0: a landscape multiplies no matrices."""
        return 0

    def bind(self, theta: Vector, grad: Vector, regularisation: Regularisation = NONE) -> BoundObjective:
        """Return this landscape tied to a point and a place for its gradient; there are no weights."""
        if self.kind.slopes is not None:
            return BoundLines(np.array(self.kind.slopes), theta, grad)
        return BoundLandscape(self.kind, theta, grad)

    def draw(self, step: int) -> None:
        """Do nothing: there is no chance in it."""

    def reseed(self, *, seed: int, dropout_seed: int) -> None:
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
        except (ArithmeticError, ValueError):
            slope = (math.nan,) * len(point)
        for index, component in enumerate(slope):
            grad[index] = component
        return self._height(point)

    def evaluate(self, split: str, at_most: int | None = None) -> Evaluation:
        """Return the height as the loss over "train"; the gradient is left alone."""
        assert split in Landscape.splits
        return Evaluation(loss=self._height(tuple(self._theta.tolist())), accuracy=None)

    def _height(self, point: Point) -> float:
        try:
            height = self._value(point)
        except (ArithmeticError, ValueError):
            height = math.nan
        # The functions have a value everywhere: what cannot be computed at a finite point has overflowed on the way.
        return math.inf if math.isnan(height) and all(map(math.isfinite, point)) else height


class BoundLines:
    """A mean of straight lines through 0 at a point that moves."""

    def __init__(self, slopes: NDArray[np.float64], theta: Vector, grad: Vector) -> None:
        self._slopes = slopes
        self._theta = cast("memoryview[float]", theta.data)
        self._grad = cast("memoryview[float]", grad.data)

    def loss_and_gradient(self, batch: Batch) -> float:
        """Return the mean height of the batch's lines and leave their mean slope in the bound vector."""
        slope = float(np.add.reduce(batch.targets, axis=None, dtype=np.float64)) / batch.count
        self._grad[0] = slope
        return slope * self._theta[0]

    def evaluate(self, split: str, at_most: int | None = None) -> Evaluation:
        """Return the mean height of the lines, or of `at_most` first ones, as the loss over "train"."""
        assert split in Landscape.splits
        used = self._slopes[:at_most]
        loss = float(used.mean()) * self._theta[0]
        return Evaluation(loss=loss, accuracy=None, complete=len(used) == len(self._slopes))
