"""The one face that everything trainable shows: a flat vector of parameters, its loss and its gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.floating[Any]]
"""One number per parameter, float32 or float64, contiguous."""
Matrix = NDArray[np.floating[Any]]
Operations = Sequence[Callable[[], object]]
"""Calls with all their arguments in place, made once and carried out at every step: nothing is looked up, no view is
made. Most are one ufunc or one matrix product each, so that a list of them reads like the formula that it computes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A named stretch of the flat vector: the parameters that belong together."""

    name: str
    shape: tuple[int, ...]
    start: int
    stop: int

    @property
    def size(self) -> int:
        """How many parameters the tensor has."""
        return self.stop - self.start

    def of(self, vector: Vector) -> NDArray[Any]:
        """Return this tensor's part of `vector`, in its own shape, as a view."""
        return vector[self.start : self.stop].reshape(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The samples of one step, ready for a matrix product."""

    inputs: Matrix
    """(samples, features + 1), contiguous; the last column is ones, so that a bias is a row of its weight matrix."""
    targets: Matrix
    """(samples, outputs): numbers to fit, or the classes one-hot."""
    count: int = field(init=False)
    """How many samples there are."""
    features: Matrix = field(init=False)
    """The inputs as a network takes them, (features + 1, samples); a view."""
    outputs: Matrix = field(init=False)
    """The targets as a network gives them, (outputs, samples); a view."""

    def __post_init__(self) -> None:
        """Make the views once, as a batch is used again and again."""
        for name, value in (
            ("count", len(self.inputs)),
            ("features", self.inputs.T),
            ("outputs", self.targets.T),
        ):
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How good the parameters are on a whole split."""

    loss: float
    """The mean over the split's samples; inf or nan where the parameters have exploded."""
    accuracy: float | None
    """The share of samples put into the right class, 0 to 1; None where there are no classes."""


class BoundObjective(Protocol):
    """An objective tied to one vector of parameters and one for the gradient, so that a step only computes."""

    def loss_and_gradient(self, batch: Batch) -> float:
        """Return the mean loss over `batch` and leave its gradient in the bound vector."""
        ...

    def evaluate(self, split: str) -> Evaluation:
        """Return loss and accuracy over the split "train" or "held_out"; the gradient is left alone."""
        ...


class Objective(Protocol):
    """Something that can be trained."""

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The named parts of the parameter vector, in its order, without gaps."""
        ...

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that can be evaluated: ("train",), or ("train", "held_out")."""
        ...

    def samples(self) -> Batch:
        """Return the whole training set; a landscape is a set of one sample without features."""
        ...

    def start(self) -> Vector:
        """Return fresh initial parameters, the same on every call."""
        ...

    def largest_product(self, samples: int) -> int:
        """Return how many multiplications the largest matrix product over so many samples has; 0 without any."""
        ...

    def bind(self, theta: Vector, grad: Vector) -> BoundObjective:
        """Return this objective tied to two vectors of one dtype that stay where they are."""
        ...
