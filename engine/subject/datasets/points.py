"""What the made sets are put together from: classes, places on circles, noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .kind import Inputs, Wish

if TYPE_CHECKING:
    from numpy.random import Generator


def two_classes(wish: Wish) -> NDArray[np.int64]:
    """Return class numbers in rising order; with an imbalance each class still has a sample, if there are two."""
    if wish.imbalance is None:
        return even_classes(wish.samples, 2)
    ones = min(max(round(wish.imbalance * wish.samples), 1), max(wish.samples - 1, 0))
    return (np.arange(wish.samples) >= wish.samples - ones).astype(np.int64)


def even_classes(samples: int, classes: int) -> NDArray[np.int64]:
    """Return `samples` class numbers in rising order; the first classes have the samples that are left over."""
    return np.sort(np.arange(samples, dtype=np.int64) % classes)


def place_in_class(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for every sample its number in its class, counted from 0, and how many its class has."""
    counts = np.bincount(labels)
    first = np.cumsum(counts) - counts
    return np.arange(len(labels)) - first[labels], counts[labels]


def around(radius: NDArray[np.floating[Any]], angle: NDArray[np.floating[Any]]) -> Inputs:
    """Return the points (r sin t, r cos t), (samples, 2): angle 0 is on top and angles rise clockwise."""
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)


def noisy(values: NDArray[np.float64], noise: float, generator: Generator) -> NDArray[np.float64]:
    """Return `values` plus independent Gaussian noise of this standard deviation."""
    return values + noise * generator.standard_normal(values.shape)
