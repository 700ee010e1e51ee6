"""Sets that lessons are about: two moons, a line whose answer is known, and features that hardly ever come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .kind import DataSetKind, Inputs, Labels, Parameter, Wish
from .points import noisy, place_in_class, two_classes

if TYPE_CHECKING:
    from numpy.random import Generator

RARE_FEATURES = 20
RARE_WEIGHT = 4.0


def _moons(wish: Wish, generator: Generator) -> tuple[Inputs, Labels]:
    """Return two half circles that reach into each other; one unit of noise is a half circle's radius.

    With t evenly spaced from 0 to π, class 0 lies at (cos t, sin t) and class 1 at (1 − cos t, ½ − sin t). Noise is
    added there, so that it means what it means in the source; then the middle (½, ¼) moves to 0, and all is divided
    by 1.5, half of the width.

    Source: F. Pedregosa et al., scikit-learn, `sklearn.datasets.make_moons`. Deviations: centred and scaled; an odd
    sample goes to class 0.
    """
    labels = two_classes(wish)
    index, count = place_in_class(labels)
    # A class of one sample has no arc to be spread over.
    angle = np.pi * index / np.maximum(count - 1, 1)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.where(labels[:, None] == 0, upper, np.array([1.0, 0.5]) - upper)
    return (noisy(points, wish.noise, generator) - np.array([0.5, 0.25])) / 1.5, labels


def _line(wish: Wish, generator: Generator) -> tuple[Inputs, Labels]:
    """Return x uniform in −1..1 and y = 2x − 1 + N(0, noise²): the noise is on the labels.

    The least squares fit is known in closed form, and the noise's variance is the mean squared error that no fit
    gets below.
    """
    inputs = generator.uniform(-1.0, 1.0, (wish.samples, 1))
    return inputs, noisy(2.0 * inputs[:, 0] - 1.0, wish.noise, generator)


def _sparse(wish: Wish, generator: Generator) -> tuple[Inputs, Labels]:
    """Return features that are 1 with probability 2⁻ᵏ, else 0, and classes as logistic regression has them.

    The probability of class 1 is σ(4·(x₁ − x₂ + x₃ − …)): a rare feature says as much as a common one.

    Source: after J. Duchi, E. Hazan, Y. Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic
    Optimization", JMLR 12 (2011), section 1.3, whose example has features of such frequencies.
    """
    present = generator.random((wish.samples, RARE_FEATURES)) < 0.5 ** np.arange(1, RARE_FEATURES + 1)
    weights = RARE_WEIGHT * (-1.0) ** np.arange(RARE_FEATURES)
    probability = 1.0 / (1.0 + np.exp(-(present @ weights)))
    labels = (generator.random(wish.samples) < probability).astype(np.int64)
    return noisy(present.astype(np.float64), wish.noise, generator), labels


def _random_numbers(wish: Wish, generator: Generator) -> tuple[Inputs, Labels]:
    """Return x, 1,000 numbers, and y, 10 numbers for each sample, all drawn from a normal distribution.

    There is nothing to be learned about y from x: whoever fits it memorises.

    Source: J. Johnson, "Learning PyTorch with Examples" (2017), and the lectures of Stanford's CS231n before it.
    """
    inputs = generator.standard_normal((wish.samples, 1000))
    return inputs, wish.noise * generator.standard_normal((wish.samples, 10))


LESSONS: Mapping[str, DataSetKind] = {
    "moons": DataSetKind(
        title="Two moons",
        description="Two half circles that reach into each other: a straight border gets most of them, a bent one all.",
        task="classification",
        classes=2,
        features=2,
        samples=500,
        noise=0.15,
        noise_unit="a moon's radius, as in scikit-learn",
        parameters={"imbalance": Parameter(default=0.5, least=0.01, most=0.99)},
        source="scikit-learn (F. Pedregosa et al.), make_moons, centred and scaled",
        make=_moons,
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
    "sparse": DataSetKind(
        title="Rare features",
        description="Twenty features, each half as common as the one before: a rule must learn much from few samples.",
        task="classification",
        classes=2,
        features=RARE_FEATURES,
        samples=4096,
        noise=0.0,
        noise_unit="a feature that is there, added to every feature",
        source="features 1 with probability 2⁻ᵏ, classes from logistic regression with weights ±4",
        make=_sparse,
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
"""The lessons' sets by their names."""
