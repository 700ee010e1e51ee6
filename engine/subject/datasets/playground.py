"""The sets of the TensorFlow Playground, in a square of ±1 instead of ±6.

Source: D. Smilkov et al., TensorFlow Playground, `src/dataset.ts`. One deviation is common to all: the noise is
Gaussian and moves the points (of a regression: the numbers to fit), the playground's is uniform.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .kind import DataSetKind, Inputs, Labels, Parameter, Wish
from .points import around, even_classes, noisy, place_in_class, two_classes

if TYPE_CHECKING:
    from numpy.random import Generator

DISC, RING = 0.5, 0.2
"""The disc's radius and the distance from there to the ring."""
CORNER = 0.6
"""How far the centres of the three clusters are from the middle."""
STRIP = 2.0 * 0.3 / 5.3
"""The width of the empty strip along an axis."""
HILLS = np.array([[-4.0, 2.5], [0.0, 2.5], [4.0, 2.5], [-4.0, -2.5], [0.0, -2.5], [4.0, -2.5]]) / 6.0
SIGNS = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])


def _gauss(wish: Wish, generator: Generator) -> tuple[Inputs, Labels]:
    """Return two Gaussian clusters on the diagonal, whose standard deviation is the noise itself.

    Source: `classifyTwoGaussData`, whose centres are (2, 2) and (−2, −2) in a square of ±6. Deviation: class 0 is
    the one above.
    """
    labels = two_classes(wish)
    half = wish.gap / np.sqrt(8.0)
    centres = np.where(labels == 0, half, -half)[:, None] * np.ones(2)
    return noisy(centres, wish.noise, generator), labels


def _blobs(wish: Wish, generator: Generator) -> tuple[Inputs, Labels]:
    """Return three Gaussian clusters, whose standard deviation is the noise itself.

    Their centres lie on a circle of radius 0.6 around 0, a third of a turn apart, the first one on top.

    Source: after `classifyTwoGaussData`. Deviations: three clusters instead of two; the noise is the standard
    deviation, the playground's is turned into a variance from 0.5 to 4 in a square of ±6.
    """
    labels = even_classes(wish.samples, 3)
    centres = around(np.full(wish.samples, CORNER), labels * (2.0 * np.pi / 3.0))
    return noisy(centres, wish.noise, generator), labels


def _circles(wish: Wish, generator: Generator) -> tuple[Inputs, Labels]:
    """Return a disc and the ring around it; one unit is the ring's outer radius.

    The radius is uniform in 0..0.5 for class 0 and from there plus the gap to 1 for class 1, the angle t is uniform,
    and the point lies at (r sin t, r cos t).

    Source: `classifyCircleData`. Deviation: the playground's noise only changes labels near the border.
    """
    labels = two_classes(wish)
    inner = DISC + wish.gap
    radius = generator.uniform(np.where(labels == 0, 0.0, inner), np.where(labels == 0, DISC, 1.0))
    angle = generator.uniform(0.0, 2.0 * np.pi, wish.samples)
    return noisy(around(radius, angle), wish.noise, generator), labels


def _xor(wish: Wish, generator: Generator) -> tuple[Inputs, Labels]:
    """Return the four quadrants; class 1 is where the coordinates' signs differ. One unit is half of the square's side.

    The coordinates' sizes are uniform from half of the gap to 1, so that a strip along the axes stays empty.

    Source: `classifyXORData`. Deviations: classes are equally large, not by chance; the playground's noise only
    changes labels near the axes.
    """
    labels = two_classes(wish)
    sizes = generator.uniform(wish.gap / 2.0, 1.0, (wish.samples, 2))
    sign = generator.choice([-1.0, 1.0], wish.samples)
    signs = np.stack([sign, np.where(labels == 0, sign, -sign)], axis=1)
    return noisy(signs * sizes, wish.noise, generator), labels


def _spiral(wish: Wish, generator: Generator) -> tuple[Inputs, Labels]:
    """Return two spiral arms around each other; one unit is their outer radius.

    Point i of the n in an arm, counted from 1, has radius r = i/n and angle t = turns·2π·i/n, plus π in the arm of
    class 1, and lies at (r sin t, r cos t).

    Source: `classifySpiralData`, with its 1.75 turns. Deviation: i counts from 1, because the two arms share the
    centre otherwise.
    """
    labels = two_classes(wish)
    index, count = place_in_class(labels)
    radius = (index + 1.0) / count
    angle = wish.turns * 2.0 * np.pi * radius + np.pi * labels
    return noisy(around(radius, angle), wish.noise, generator), labels


def _plane(wish: Wish, generator: Generator) -> tuple[Inputs, Labels]:
    """Return points uniform in the square and y = 0.6·(x₁ + x₂): a straight slope.

    Source: `regressPlane`, whose label is (x + y)/10 in a square of ±6.
    """
    inputs = generator.uniform(-1.0, 1.0, (wish.samples, 2))
    return inputs, noisy(0.6 * inputs.sum(axis=1), wish.noise, generator)


def _multi_gauss(wish: Wish, generator: Generator) -> tuple[Inputs, Labels]:
    """Return points uniform in the square and hills and hollows over it, in two rows of three.

    The height of a hill falls from 1 at its middle straight to 0 at a distance of a third; of several the one that
    is farthest from 0 counts.

    Source: `regressGaussian`, whose hills are cones as well, in spite of its name.
    """
    inputs = generator.uniform(-1.0, 1.0, (wish.samples, 2))
    distance = np.hypot(*(inputs[:, None] - HILLS).transpose(2, 0, 1))
    height = np.clip(1.0 - 3.0 * distance, 0.0, 1.0)
    tallest = height.argmax(axis=1)
    labels = height[np.arange(wish.samples), tallest] * SIGNS[tallest]
    return inputs, noisy(labels, wish.noise, generator)


_SOURCE = "TensorFlow Playground (D. Smilkov et al.), with deviations"
_IMBALANCE = Parameter(default=0.5, least=0.01, most=0.99)

PLAYGROUND: Mapping[str, DataSetKind] = {
    "spiral": DataSetKind(
        title="Two spirals",
        description="Two arms wound 1.75 turns around each other: the hardest border here, it takes hidden layers.",
        task="classification",
        classes=2,
        features=2,
        samples=500,
        noise=0.05,
        noise_unit="the spiral's outer radius",
        parameters={"turns": Parameter(default=1.75, least=0.1, most=10.0), "imbalance": _IMBALANCE},
        source=_SOURCE,
        make=_spiral,
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
        parameters={"gap": Parameter(default=RING, least=0.0, most=0.45), "imbalance": _IMBALANCE},
        source=_SOURCE,
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
        parameters={"gap": Parameter(default=STRIP, least=0.0, most=1.8), "imbalance": _IMBALANCE},
        source=_SOURCE,
        make=_xor,
    ),
    "gauss": DataSetKind(
        title="Two clusters",
        description="Two Gaussian clusters on the diagonal: logistic regression finds the best border there is.",
        task="classification",
        classes=2,
        features=2,
        samples=500,
        noise=0.2,
        noise_unit="half of the square's side; it is the clusters' standard deviation",
        parameters={"gap": Parameter(default=np.sqrt(8.0) / 3.0, least=0.0, most=3.0), "imbalance": _IMBALANCE},
        source=_SOURCE,
        make=_gauss,
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
        source=_SOURCE,
        make=_blobs,
    ),
    "plane": DataSetKind(
        title="A slope",
        description="y = 0.6·(x₁ + x₂) over the square: linear regression fits it exactly.",
        task="regression",
        classes=0,
        features=2,
        samples=500,
        noise=0.0,
        noise_unit="1 in y",
        source=_SOURCE,
        make=_plane,
    ),
    "multi_gauss": DataSetKind(
        title="Hills and hollows",
        description="Three hills and three hollows over the square: what a network with hidden layers bends to fit.",
        task="regression",
        classes=0,
        features=2,
        samples=500,
        noise=0.0,
        noise_unit="1 in y",
        source=_SOURCE,
        make=_multi_gauss,
    ),
}
"""The playground's sets by their names."""
