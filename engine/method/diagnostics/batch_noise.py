"""How far the gradient of a minibatch is from the gradient of the whole training set."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .point import Point

BATCHES = 64
"""How many minibatches are compared with the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchNoise:
    """Minibatch gradients against the full gradient at one point."""

    size: int
    """Samples in a batch."""
    batches: int
    """How many batches were looked at."""
    full_norm: float
    """‖G‖ of the whole training set."""
    angle: float
    """Mean angle between the two, degrees: 0 is the same direction, over 90 leads uphill; nan where one has none."""
    ratio: float
    """Mean of ‖g‖/‖G‖; nan where G is 0."""
    scale: float
    """The gradient-noise scale tr Σ/‖G‖², samples: a batch of so many has a gradient as noisy as it is long. Below
    it, twice the batch is worth nearly twice the learning rate; far above it, more samples bring little. inf where G
    is 0."""


@np.errstate(all="ignore")
def batch_noise(point: Point, *, batches: int = BATCHES) -> BatchNoise | None:
    """Return how noisy minibatches of the run's size are here; None where a step uses all samples.

    Σ is the covariance of the gradients of single samples. Batches are drawn without replacement, whatever the run
    does, so E‖g − G‖² = tr Σ/m · (n − m)/(n − 1), and that is solved for tr Σ.

    Source: S. McCandlish et al., "An Empirical Model of Large-Batch Training", arXiv:1812.06162, eq. 2.9 (the simple
    noise scale); the factor of the finite population: W. Cochran, "Sampling Techniques" (1977), theorem 2.2.
    """
    count = point.whole.count
    size = count if point.spec.batch.size == "full" else point.spec.batch.size
    if size >= count:
        return None
    full = point.gradient(point.theta)
    norm = float(np.linalg.norm(full))
    angles, ratios, squares = [], [], []
    for _, rows in zip(range(batches), _drawn(count, size, point.spec.seed.batches), strict=False):
        gradient = point.gradient(point.theta, rows)
        length = float(np.linalg.norm(gradient))
        squares.append(float(np.sum((gradient - full) ** 2)))
        if norm > 0.0:
            ratios.append(length / norm)
            if length > 0.0:
                cosine = float(gradient @ full) / (length * norm)
                angles.append(math.degrees(math.acos(min(1.0, max(-1.0, cosine)))))
    variance = float(np.mean(squares)) * size * (count - 1) / (count - size)
    return BatchNoise(
        size=size,
        batches=batches,
        full_norm=norm,
        angle=float(np.mean(angles)) if angles else math.nan,
        ratio=float(np.mean(ratios)) if ratios else math.nan,
        scale=variance / norm**2 if norm > 0.0 else math.inf,
    )


def _drawn(count: int, size: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """Yield batches of `size` of `count` samples, epoch by epoch, without the rest of an epoch, which is shorter."""
    generator = np.random.default_rng([seed, *b"noise"])
    while True:
        order = generator.permutation(count)
        for first in range(0, count - size + 1, size):
            yield order[first : first + size]
