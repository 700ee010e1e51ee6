"""What a data set is, what a row of the table of data sets says, and how a set is cut in two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..scaling import Scale, Scaling

if TYPE_CHECKING:
    # Loads OpenSSL: who only checks a preset draws no number.
    from numpy.random import Generator

MINIMUM_SAMPLES = 4
"""A set of someone's own has at least as many."""
MAXIMUM_FEATURES = 1 << 24
"""Numbers in one sample, at most."""
MAXIMUM_CLASSES = 65_536
Task = Literal["classification", "regression"]
Inputs = NDArray[Any]
"""float64 where a formula made them; as a file has them otherwise."""
Labels = NDArray[Any]
"""int64 class numbers, or float64 where numbers are to be fitted."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DataSet:
    """Samples and what is to be learned about them."""

    name: str
    task: Task
    classes: int
    """How many classes there are; 0 for a regression."""
    inputs: Inputs
    """(samples, features), in the order in which they were generated: class after class."""
    labels: Labels
    """(samples,): int64 class numbers from 0, or float64 values for a regression; (samples, numbers) for several."""
    scaling: Scaling = field(default_factory=Scaling)
    """What is done to the inputs before they are trained on."""
    image_shape: tuple[int, int] | None = None
    """(rows, columns) where a sample is a picture, row by row."""
    feature_names: tuple[str, ...] = ()
    """What the inputs are called, where they have names."""

    @property
    def count(self) -> int:
        """How many samples there are."""
        return len(self.inputs)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """A data set in two parts: what is learned from, and what the learning is checked on."""

    train: DataSet
    held_out: DataSet

    def scaled(self, scale: Scale | None) -> Split:
        """Return the same samples with their scale, measured on the part that is learned from."""
        scaling = Scaling.of(self.train.inputs, scale)
        return Split(train=replace(self.train, scaling=scaling), held_out=replace(self.held_out, scaling=scaling))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A number that a data set has and others do not."""

    default: float
    least: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a data set is wanted."""

    samples: int
    noise: float
    """Standard deviation of the Gaussian noise in the kind's `noise_unit`."""
    imbalance: float | None = None
    """The share of class 1 among two; None makes the classes equally large."""
    gap: float = 0.0
    turns: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSetKind:
    """One row of the table of data sets."""

    title: str
    description: str
    """One sentence: what it looks like and what it is good for."""
    task: Task
    classes: int
    """How many classes there are; 0 for a regression."""
    features: int
    numbers: int = 1
    """How many numbers a regression has to fit to a sample."""
    samples: int
    """How many samples there are unless someone says otherwise."""
    samples_limit: int | None = None
    """How many samples there can be at most; None where a formula makes as many as are asked for."""
    noise: float
    """The standard deviation of the Gaussian noise unless someone says otherwise."""
    noise_unit: str
    """What a noise of 1 means."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    """What else can be turned, by the name of its field in a spec."""
    scale: Scale | None = None
    """How the inputs are scaled unless someone says otherwise."""
    image_shape: tuple[int, int] | None = None
    """(rows, columns) where a sample is a picture, row by row."""
    feature_names: Callable[[], tuple[str, ...]] = tuple
    """What the inputs are called, where they have names."""
    source: str
    make: Callable[[Wish, Generator], tuple[Inputs, Labels]]
    """Inputs (samples, features) and labels, as those of a `DataSet`, as they are wanted."""


def generator_for(seed: int, purpose: str) -> Generator:
    """Return numbers drawn for one purpose."""
    # The letters keep the streams apart: from each other, and from those that others start with the same seed alone.
    return np.random.default_rng([seed, *purpose.encode()])


def split(data: DataSet, *, held_out: float, seed: int) -> Split:
    """Return `data`, shuffled once and cut in two; every sample is in exactly one part.

    Args:
        data: What to split, at least one sample.
        held_out: The share to hold out, 0 to 1, rounded to whole samples. A share above 0 holds out at least one
            sample if there are two, and one sample at least is always left to train on.
        seed: A number that is 0 or more; the same seed cuts the same way.
    """
    total = len(data.labels)
    wanted = max(1, round(held_out * total)) if held_out > 0.0 else 0
    order = generator_for(seed, "split").permutation(total)
    cut = total - min(wanted, total - 1)
    return Split(train=_part(data, order[:cut]), held_out=_part(data, order[cut:]))


def _part(data: DataSet, rows: NDArray[np.int64]) -> DataSet:
    return replace(data, inputs=data.inputs[rows], labels=data.labels[rows])
