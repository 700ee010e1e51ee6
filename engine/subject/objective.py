"""The faces that the method sees: something trainable (a flat vector, its loss, its gradient), and its samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .regularisation import NONE, Regularisation

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


class Batch:
    """The samples of one step, ready for a matrix product; what is made of them once is used again and again.

    Attributes:
        inputs: (samples, features + 1), contiguous; the last column is ones, so that a bias is a row of its weight
            matrix. For a network without biases it is not there, here and in `features`.
        targets: (samples, outputs): numbers to fit, or the classes one-hot.
        count: How many samples there are.
        features: The inputs as a network takes them, (features + 1, samples); a view.
        outputs: The targets as a network gives its outputs, (outputs, samples); a loss is fastest where this is
            contiguous.
    """

    __slots__ = ("count", "features", "inputs", "outputs", "targets")

    def __init__(self, *, inputs: Matrix, targets: Matrix, outputs: Matrix | None = None) -> None:
        self.inputs = inputs
        self.targets = targets
        self.count = len(inputs)
        self.features = inputs.T
        self.outputs: Matrix = targets.T if outputs is None else outputs

    def part(self, first: int, stop: int, outputs: Matrix | None = None) -> Batch:
        """Return the samples from `first` up to `stop` as views."""
        return Batch(inputs=self.inputs[first:stop], targets=self.targets[first:stop], outputs=outputs)


class Samples(Protocol):
    """A set of samples in blocks: consecutive ones that lie together, so that a disk reads them at once."""

    @property
    def count(self) -> int:
        """How many samples there are."""
        ...

    @property
    def block(self) -> int:
        """How many samples a block has; the last one may be shorter. In memory all are one block."""
        ...

    @property
    def blocks_at_once(self) -> int:
        """How many blocks can be loaded at the same time."""
        ...

    def for_another(self) -> Samples:
        """Return these samples for someone who reads elsewhere in them at the same time, without a copy of them."""
        ...

    def empty(self, rows: int) -> Batch:
        """Return a batch of so many samples for `gather` to fill; what never changes in it is there already."""
        ...

    def load(self, blocks: NDArray[np.intp], upcoming: NDArray[np.intp]) -> None:
        """Make these blocks, ascending, ready to be gathered from; the `upcoming` ones are wanted next.

        Raises:
            RunError: They can no longer be read.
        """
        ...

    def gather(self, rows: NDArray[np.intp], out: Batch) -> None:
        """Fill `out` with samples by their places among the loaded ones.

        Raises:
            RunError: They are not what they were when the run began.
        """
        ...

    def batch(self, first: int, stop: int) -> Batch:
        """Return the samples numbered `first` up to, not including, `stop`; the next call may overwrite them.

        Raises:
            RunError: They can no longer be read.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How good the parameters are on a split."""

    loss: float
    """The mean over the samples, or where the model says so the sum over the split, an estimate of it from a part;
    inf or nan where the parameters have exploded. Over "train" it has the penalty that a step's loss has as well: it is
    what is minimised. Over "held_out" it has none. Dropout is off."""
    accuracy: float | None
    """The share of samples put into the right class, 0 to 1; None where there are no classes."""
    complete: bool = True
    """Whether every sample of the split was used."""


class BoundObjective(Protocol):
    """An objective tied to one vector of parameters and one for the gradient, so that a step only computes."""

    def loss_and_gradient(self, batch: Batch) -> float:
        """Return the loss over `batch` and leave its gradient in the bound vector."""
        ...

    def evaluate(self, split: str, at_most: int | None = None) -> Evaluation:
        """Return loss and accuracy over the split "train" or "held_out"; the gradient is left alone.

        Args:
            split: A name from `splits`.
            at_most: Use the split's first samples only, no more than this, always the same; None uses all.

        Raises:
            RunError: The samples can no longer be read.
        """
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

    @property
    def bounds(self) -> tuple[float, float] | None:
        """(lowest, highest) that every parameter may have: a step that leads out ends on the bound; None without."""
        ...

    def samples(self) -> Samples:
        """Return the training set; a function is a set of one sample without features."""
        ...

    def start(self) -> Vector:
        """Return fresh initial parameters, the same on every call."""
        ...

    def largest_product(self, samples: int) -> int:
        """Return how many multiplications the largest matrix product over so many samples has; 0 without any."""
        ...

    def bind(self, theta: Vector, grad: Vector, regularisation: Regularisation = NONE) -> BoundObjective:
        """Return this objective, so regularised, tied to two vectors of one dtype that stay where they are."""
        ...

    def draw(self, step: int) -> None:
        """Let chance be that of the step of this number from now on; without dropout there is none."""
        ...

    def reseed(self, *, seed: int, dropout_seed: int) -> None:
        """Let `start`, and the dropout of what is bound from now on, be those of other seeds."""
        ...
