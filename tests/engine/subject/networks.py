"""Networks for a test to look into: small ones, on data that a formula makes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.subject.datasets import generate, split
from engine.subject.network import Network
from engine.subject.objective import Batch, Vector

DTYPES = [np.float32, np.float64]
every_dtype = pytest.mark.parametrize("dtype", DTYPES)


def network(
    data: str = "moons",
    *,
    samples: int = 40,
    held_out: float = 0.25,
    hidden: tuple[int, ...] = (5, 4),
    activation: str = "tanh",
    loss: str = "cross_entropy",
    init: str | None = None,
    seed: int = 0,
    dtype: Any = np.float64,
) -> Network:
    return Network(
        split(generate(data, samples=samples, seed=0), held_out=held_out, seed=0),
        hidden=hidden,
        activation=activation,
        loss=loss,
        init=init,
        seed=seed,
        dtype=dtype,
    )


def loss_and_gradient(trained: Network, theta: Vector, batch: Batch) -> tuple[float, Vector]:
    grad = np.full_like(theta, np.nan)
    return trained.bind(theta, grad).loss_and_gradient(batch), grad


def everything(trained: Network) -> Batch:
    return trained.samples().batch(0, trained.samples().count)


def first_samples(trained: Network, count: int) -> Batch:
    return trained.samples().batch(0, count)
