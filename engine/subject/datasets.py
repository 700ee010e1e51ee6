"""The data sets: real digits, and point sets that a formula and a seed make anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    # Loads OpenSSL: who only checks a preset draws no number.
    from numpy.random import Generator

Task = Literal["classification", "regression"]
Inputs = NDArray[np.float64]
Labels = NDArray[Any]
"""int64 class numbers, or float64 where numbers are to be fitted."""

DIGITS = 1797


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

    @property
    def count(self) -> int:
        """How many samples there are."""
        return len(self.inputs)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """A data set in two parts: what is learned from, and what the learning is checked on."""

    train: DataSet
    held_out: DataSet


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
    image_shape: tuple[int, int] | None = None
    """(rows, columns) where a sample is a picture, row by row."""
    source: str
    make: Callable[[int, float, Generator], tuple[Inputs, Labels]]
    """Inputs (samples, features) and labels, as those of a `DataSet`, from the number of samples, the noise and a
    generator."""


def generate(name: str, *, samples: int | None = None, noise: float | None = None, seed: int) -> DataSet:
    """Return the data set of this name; the same arguments give the same bits.

    Coordinates are drawn before the noise and the noise is only scaled, so another noise with the same seed moves
    the same points along the same directions.

    Args:
        name: A key of `DATASETS`.
        samples: How many samples, at least 1 and within the kind's limit; None takes the kind's default.
        noise: Standard deviation of the Gaussian noise in the kind's `noise_unit`, 0 or more; None takes the default.
        seed: A number that is 0 or more.
    """
    kind = DATASETS[name]
    inputs, labels = kind.make(
        kind.samples if samples is None else samples,
        kind.noise if noise is None else noise,
        _generator(seed, name),
    )
    return DataSet(name=name, task=kind.task, classes=kind.classes, inputs=inputs, labels=labels)


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
    order = _generator(seed, "split").permutation(total)
    cut = total - min(wanted, total - 1)
    return Split(train=_part(data, order[:cut]), held_out=_part(data, order[cut:]))


def _generator(seed: int, purpose: str) -> Generator:
    # The letters keep the streams apart: from each other, and from those that others start with the same seed alone.
    return np.random.default_rng([seed, *purpose.encode()])


def _part(data: DataSet, rows: NDArray[np.int64]) -> DataSet:
    return DataSet(
        name=data.name, task=data.task, classes=data.classes, inputs=data.inputs[rows], labels=data.labels[rows]
    )


def _digits(samples: int, noise: float, generator: Generator) -> tuple[Inputs, Labels]:
    """Return handwritten digits, 8 × 8 pixels from 0 (paper) to 1 (ink), drawn without replacement.

    The file's order is kept, so that all 1797 of them are the file itself. Noise is added to the pixels and not
    clipped.

    Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits (test set), UCI Machine Learning
    Repository, 1998, DOI 10.24432/C50P49. Deviation: pixels are divided by 16.
    """
    rows = _digits_file()[np.sort(generator.permutation(DIGITS)[:samples])]
    return _noisy(rows[:, :-1] / 16.0, noise, generator), rows[:, -1].astype(np.int64)


@cache
def _digits_file() -> NDArray[np.uint8]:
    """Return the file's rows, (1797, 65): 64 pixels from 0 to 16, and the digit last."""
    with (resources.files(__package__) / "data" / "digits.npy").open("rb") as file:
        rows: NDArray[np.uint8] = np.load(file, allow_pickle=False)
    # Every caller gets the same array.
    rows.setflags(write=False)
    return rows


def _spiral(samples: int, noise: float, generator: Generator) -> tuple[Inputs, Labels]:
    """Return two spiral arms of 1.75 turns around each other; one unit is their outer radius.

    Point i of the n in an arm, counted from 1, has radius r = i/n and angle t = 1.75·2π·i/n, plus π in the arm of
    class 1, and lies at (r sin t, r cos t).

    Source: D. Smilkov et al., TensorFlow Playground, `src/dataset.ts`, `classifySpiralData`. Deviations: radius 1
    instead of 5; i counts from 1, because the two arms share the centre otherwise; noise is Gaussian, not uniform.
    """
    labels = _even_labels(samples, 2)
    index, count = _place_in_class(labels)
    radius = (index + 1.0) / count
    angle = 1.75 * 2.0 * np.pi * radius + np.pi * labels
    return _noisy(_around(radius, angle), noise, generator), labels


def _moons(samples: int, noise: float, generator: Generator) -> tuple[Inputs, Labels]:
    """Return two half circles that reach into each other; one unit of noise is a half circle's radius.

    With t evenly spaced from 0 to π, class 0 lies at (cos t, sin t) and class 1 at (1 − cos t, ½ − sin t). Noise is
    added there, so that it means what it means in the source; then the middle (½, ¼) moves to 0, and all is divided
    by 1.5, half of the width.

    Source: F. Pedregosa et al., scikit-learn, `sklearn.datasets.make_moons`. Deviations: centred and scaled; an odd
    sample goes to class 0.
    """
    labels = _even_labels(samples, 2)
    index, count = _place_in_class(labels)
    # A class of one sample has no arc to be spread over.
    angle = np.pi * index / np.maximum(count - 1, 1)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.where(labels[:, None] == 0, upper, np.array([1.0, 0.5]) - upper)
    return (_noisy(points, noise, generator) - np.array([0.5, 0.25])) / 1.5, labels


def _circles(samples: int, noise: float, generator: Generator) -> tuple[Inputs, Labels]:
    """Return a disc and the ring around it; one unit is the ring's outer radius.

    The radius is uniform in 0..0.5 for class 0 and in 0.7..1 for class 1, the angle t is uniform, and the point lies
    at (r sin t, r cos t).

    Source: D. Smilkov et al., TensorFlow Playground, `src/dataset.ts`, `classifyCircleData`. Deviations: radius 1
    instead of 5; the playground's noise is uniform and only changes labels near the border, here it is Gaussian and
    moves the points.
    """
    labels = _even_labels(samples, 2)
    radius = generator.uniform(np.where(labels == 0, 0.0, 0.7), np.where(labels == 0, 0.5, 1.0))
    angle = generator.uniform(0.0, 2.0 * np.pi, samples)
    return _noisy(_around(radius, angle), noise, generator), labels


def _xor(samples: int, noise: float, generator: Generator) -> tuple[Inputs, Labels]:
    """Return the four quadrants; class 1 is where the coordinates' signs differ. One unit is half of the square's side.

    The coordinates' sizes are uniform in 0.3/5.3..1, so that a strip along the axes stays empty.

    Source: D. Smilkov et al., TensorFlow Playground, `src/dataset.ts`, `classifyXORData`. Deviations: the square is
    ±1 instead of ±5.3; classes are equally large, not by chance; the playground's noise is uniform and only changes
    labels near the axes, here it is Gaussian and moves the points.
    """
    labels = _even_labels(samples, 2)
    sizes = generator.uniform(0.3 / 5.3, 1.0, (samples, 2))
    sign = generator.choice([-1.0, 1.0], samples)
    signs = np.stack([sign, np.where(labels == 0, sign, -sign)], axis=1)
    return _noisy(signs * sizes, noise, generator), labels


def _blobs(samples: int, noise: float, generator: Generator) -> tuple[Inputs, Labels]:
    """Return three Gaussian clusters, whose standard deviation is the noise itself.

    Their centres lie on a circle of radius 0.6 around 0, a third of a turn apart, the first one on top.

    Source: after D. Smilkov et al., TensorFlow Playground, `src/dataset.ts`, `classifyTwoGaussData`. Deviations:
    three clusters instead of two; the noise is the standard deviation, the playground's is turned into a variance
    from 0.5 to 4 in a square of ±6.
    """
    labels = _even_labels(samples, 3)
    centres = _around(np.full(samples, 0.6), labels * (2.0 * np.pi / 3.0))
    return _noisy(centres, noise, generator), labels


def _line(samples: int, noise: float, generator: Generator) -> tuple[Inputs, Labels]:
    """Return x uniform in −1..1 and y = 2x − 1 + N(0, noise²): the noise is on the labels.

    The least squares fit is known in closed form, and the noise's variance is the mean squared error that no fit
    gets below.
    """
    inputs = generator.uniform(-1.0, 1.0, (samples, 1))
    return inputs, _noisy(2.0 * inputs[:, 0] - 1.0, noise, generator)


def _random_numbers(samples: int, noise: float, generator: Generator) -> tuple[Inputs, Labels]:
    """Return x, 1,000 numbers, and y, 10 numbers for each sample, all drawn from a normal distribution.

    There is nothing to be learned about y from x: whoever fits it memorises.

    Source: J. Johnson, "Learning PyTorch with Examples" (2017), and the lectures of Stanford's CS231n before it.
    """
    inputs = generator.standard_normal((samples, 1000))
    return inputs, noise * generator.standard_normal((samples, 10))


def _even_labels(samples: int, classes: int) -> NDArray[np.int64]:
    """Return `samples` class numbers in rising order; the first classes have the samples that are left over."""
    return np.sort(np.arange(samples, dtype=np.int64) % classes)


def _place_in_class(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for every sample its number in its class, counted from 0, and how many its class has."""
    counts = np.bincount(labels)
    first = np.cumsum(counts) - counts
    return np.arange(len(labels)) - first[labels], counts[labels]


def _around(radius: NDArray[np.floating[Any]], angle: NDArray[np.floating[Any]]) -> Inputs:
    """Return the points (r sin t, r cos t), (samples, 2): angle 0 is on top and angles rise clockwise."""
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)


def _noisy(values: NDArray[np.float64], noise: float, generator: Generator) -> NDArray[np.float64]:
    """Return `values` plus independent Gaussian noise of this standard deviation."""
    return values + noise * generator.standard_normal(values.shape)


_PLAYGROUND = "TensorFlow Playground (D. Smilkov et al.), with deviations"

DATASETS: Mapping[str, DataSetKind] = {
    "digits": DataSetKind(
        title="Handwritten digits",
        description="1,797 real scans of 8 × 8 pixels by 13 people: small enough to train on while you watch.",
        task="classification",
        classes=10,
        features=64,
        samples=DIGITS,
        samples_limit=DIGITS,
        noise=0.0,
        noise_unit="the step from paper to ink, added to every pixel",
        image_shape=(8, 8),
        source="E. Alpaydin, C. Kaynak (1998), UCI Machine Learning Repository, DOI 10.24432/C50P49, CC BY 4.0",
        make=_digits,
    ),
    "spiral": DataSetKind(
        title="Two spirals",
        description="Two arms wound 1.75 turns around each other: the hardest border here, it takes hidden layers.",
        task="classification",
        classes=2,
        features=2,
        samples=500,
        noise=0.05,
        noise_unit="the spiral's outer radius",
        source=_PLAYGROUND,
        make=_spiral,
    ),
    "moons": DataSetKind(
        title="Two moons",
        description="Two half circles that reach into each other: a straight border gets most of them, a bent one all.",
        task="classification",
        classes=2,
        features=2,
        samples=500,
        noise=0.15,
        noise_unit="a moon's radius, as in scikit-learn",
        source="scikit-learn (F. Pedregosa et al.), make_moons, centred and scaled",
        make=_moons,
    ),
    "circles": DataSetKind(
        title="Disc and ring",
        description="A disc inside a ring: no straight border separates them, a few hidden units do.",
        task="classification",
        classes=2,
        features=2,
        samples=500,
        noise=0.05,
        noise_unit="the ring's outer radius",
        source=_PLAYGROUND,
        make=_circles,
    ),
    "xor": DataSetKind(
        title="Exclusive or",
        description="Four quadrants, classes across the corner from each other: what a linear model cannot learn.",
        task="classification",
        classes=2,
        features=2,
        samples=500,
        noise=0.05,
        noise_unit="half of the square's side",
        source=_PLAYGROUND,
        make=_xor,
    ),
    "blobs": DataSetKind(
        title="Three blobs",
        description="Three Gaussian clusters: straight borders suffice, and softmax regression finds them.",
        task="classification",
        classes=3,
        features=2,
        samples=500,
        noise=0.2,
        noise_unit="half of the square's side; it is the clusters' standard deviation",
        source=_PLAYGROUND,
        make=_blobs,
    ),
    "line": DataSetKind(
        title="Noisy line",
        description="y = 2x − 1 with noise: linear regression, whose answer is known.",
        task="regression",
        classes=0,
        features=1,
        samples=256,
        noise=0.5,
        noise_unit="1 in y",
        source="y = 2x − 1 + N(0, noise²), x uniform in −1..1",
        make=_line,
    ),
    "random_numbers": DataSetKind(
        title="Random numbers",
        description="1,000 random inputs and 10 random targets a sample: a lecture's first two-layer network.",
        task="regression",
        classes=0,
        features=1000,
        numbers=10,
        samples=64,
        samples_limit=8192,
        noise=1.0,
        noise_unit="the standard deviation of the targets",
        source="x and y from N(0, 1), as in J. Johnson, Learning PyTorch with Examples (2017)",
        make=_random_numbers,
    ),
}
"""Every data set by its name."""
