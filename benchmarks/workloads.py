"""The networks that everyone trains: shapes, synthetic data, and the parameters they start from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Activation = Literal["tanh", "relu"]
Loss = Literal["mean_squared_error", "cross_entropy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """A training set."""

    inputs: Float32
    """(samples, features), standard normal."""
    labels: NDArray[Any]
    """(samples,): float32 numbers to fit, or int64 classes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """The parameters that a layer starts from."""

    weight: Float32
    """(inputs, units)"""
    bias: Float32
    """(units,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A network, its loss, its batch and how many samples there are."""

    name: str
    widths: tuple[int, ...]
    """Features, units of each hidden layer, outputs."""
    activation: Activation = "relu"
    loss: Loss = "cross_entropy"
    batch: int
    samples: int

    def __post_init__(self) -> None:
        if self.samples % self.batch:
            raise ValueError(f"{self.name}: whole batches only, so that every step of every contender is as large")

    @property
    def batches(self) -> int:
        """Minibatches of an epoch."""
        return self.samples // self.batch

    @property
    def title(self) -> str:
        """The shape in words, such as "2-16-16-1 tanh, batch 32"."""
        return f"{'-'.join(map(str, self.widths))} {self.activation}, batch {self.batch}"

    def data(self) -> Samples:
        """Return the training set; half of the labels are chance, so that no network ever comes to rest on it."""
        generator = np.random.default_rng([20, *self.widths])
        inputs = generator.standard_normal((self.samples, self.widths[0]), dtype=np.float32)
        teacher = generator.standard_normal((self.widths[0], self.widths[-1]), dtype=np.float32)
        answers = inputs @ teacher
        noise = generator.standard_normal(answers.shape, dtype=np.float32) * answers.std()
        if self.loss == "mean_squared_error":
            return Samples(inputs=inputs, labels=np.sin(answers[:, 0]) + 0.5 * noise[:, 0])
        return Samples(inputs=inputs, labels=(answers + noise).argmax(axis=1))

    def start(self) -> list[Layer]:
        """Return weights as He or Xavier draw them for relu or tanh, and biases of zero."""
        generator = np.random.default_rng([21, *self.widths])
        layers = []
        for inputs, units in pairwise(self.widths):
            scale = math.sqrt(2.0 / inputs if self.activation == "relu" else 2.0 / (inputs + units))
            weight = generator.standard_normal((inputs, units), dtype=np.float32) * np.float32(scale)
            layers.append(Layer(weight=weight, bias=np.zeros(units, np.float32)))
        return layers


WORKLOADS: Mapping[str, Workload] = {
    workload.name: workload
    for workload in (
        Workload(
            name="W1",
            widths=(2, 16, 16, 1),
            activation="tanh",
            loss="mean_squared_error",
            batch=32,
            samples=16384,
        ),
        Workload(name="W2", widths=(64, 32, 10), batch=32, samples=16384),
        Workload(name="W3", widths=(784, 256, 128, 10), batch=64, samples=8192),
        Workload(name="W4", widths=(784, 1024, 1024, 10), batch=256, samples=4096),
    )
}
"""The four sizes, from a lesson's network to one where the matrix products are everything."""

OPTIMIZERS: Mapping[str, Mapping[str, float]] = {
    "sgd": {"lr": 0.01},
    "momentum": {"lr": 0.01, "momentum": 0.9},
    "rmsprop": {"lr": 0.001, "rho": 0.9, "eps": 1e-8},
    "adam": {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
}
"""The rules with their hyperparameters, under the names that they have in a preset."""
