"""Multilayer perceptrons and their gradient, layer rule by layer rule.

A layer is one matrix product. Its weights and its bias are one block W of the flat vector, (inputs + 1, units), with
the bias as the last row, and its activations one block A, (units + 1, samples), whose last row is ones:

    forward     Z = Wᵀ·A₋          A = φ(Z), a row of ones below
    backward    ∂L/∂W = A₋·Δᵀ      Δ₋ = (W without its last row)·Δ ⊙ φ′(A₋)

Δ is the gradient with respect to Z. Each line is a sum over the samples that the product itself carries out, so no
Jacobian is ever formed: the most that exists is one matrix as large as a layer's activations.

Source: D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by back-propagating errors",
Nature 323 (1986).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .activations import ACTIVATIONS, Activation
from .datasets import DataSet, Split
from .file_samples import FilePart, FileSamples, FileSplit
from .losses import LOSSES, Loss
from .objective import Batch, Evaluation, Matrix, Samples, Tensor, Vector
from .samples import MemorySamples

EVALUATION_CHUNK = 2048
"""Samples that an evaluation pushes through at once: bounded memory, whatever the size of the set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The arrays of one forward and backward pass over a given number of samples."""

    activations: tuple[Matrix, ...]
    """For each hidden layer (units + 1, samples), the last row ones; for the last layer (outputs, samples)."""
    deltas: tuple[Matrix, ...]
    """For each layer the gradient at its sums, (units, samples)."""
    scratch: tuple[Matrix, ...]
    """For each layer workspace, (units, samples)."""


class Network:
    """A multilayer perceptron on a data set; without hidden layers it is linear or logistic regression."""

    def __init__(
        self,
        split: Split | FileSplit,
        *,
        hidden: tuple[int, ...],
        activation: str,
        loss: str,
        init: str | None,
        seed: int,
        dtype: DTypeLike,
    ) -> None:
        self.activation: Activation = ACTIVATIONS[activation]
        self.loss: Loss = LOSSES[loss]
        self.classes = split.train.classes
        self.dtype = np.dtype(dtype)
        self._sets = {
            name: self._samples_of(data)
            for name, data in (("train", split.train), ("held_out", split.held_out))
            if data.count
        }
        one = self._sets["train"].empty(1)
        self.widths = (one.inputs.shape[1] - 1, *hidden, one.targets.shape[1])
        self.tensors = self._name_tensors()
        self._init = init or self.activation.init
        self._seed = seed

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that hold samples."""
        return tuple(self._sets)

    def samples(self) -> Samples:
        """Return the training set."""
        return self._sets["train"]

    def start(self) -> Vector:
        """Return initial weights drawn from a normal distribution, biases zero.

        He: variance 2/inputs. Xavier: variance 2/(inputs + units). The numbers are drawn in float64, layer by layer,
        so that both precisions start from the same point.

        Source: K. He et al., "Delving Deep into Rectifiers", arXiv:1502.01852, eq. 10; X. Glorot, Y. Bengio,
        "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010, eq. 12.
        """
        generator = np.random.default_rng(self._seed)
        theta = np.zeros(self.tensors[-1].stop, dtype=np.float64)
        for weight in self.tensors[::2]:
            inputs, units = weight.shape
            variance = 2.0 / inputs if self._init == "he" else 2.0 / (inputs + units)
            weight.of(theta)[:] = generator.normal(0.0, math.sqrt(variance), size=weight.shape)
        return theta.astype(self.dtype)

    def bind(self, theta: Vector, grad: Vector) -> BoundNetwork:
        """Return the network over these two vectors."""
        return BoundNetwork(self, theta, grad)

    def evaluation_set(self, split: str) -> Samples:
        """Return the samples of a split."""
        return self._sets[split]

    def _samples_of(self, data: DataSet | FilePart) -> Samples:
        if isinstance(data, FilePart):
            return FileSamples(data, self.loss, self.dtype)
        inputs = np.ones((len(data.inputs), data.inputs.shape[1] + 1), dtype=self.dtype)
        inputs[:, :-1] = data.inputs
        targets = self.loss.targets(data.labels, data.classes)
        return MemorySamples(inputs=inputs, targets=np.ascontiguousarray(targets, dtype=self.dtype))

    def _name_tensors(self) -> tuple[Tensor, ...]:
        tensors: list[Tensor] = []
        start = 0
        for number, (inputs, units) in enumerate(pairwise(self.widths), start=1):
            middle, stop = start + inputs * units, start + (inputs + 1) * units
            tensors.append(Tensor(name=f"layer{number}.weight", shape=(inputs, units), start=start, stop=middle))
            tensors.append(Tensor(name=f"layer{number}.bias", shape=(units,), start=middle, stop=stop))
            start = stop
        return tuple(tensors)


class BoundNetwork:
    """A network tied to its parameters and its gradient: every view is made once, every pass only computes."""

    def __init__(self, network: Network, theta: Vector, grad: Vector) -> None:
        self._network = network
        self._weights = _blocks(network.tensors, theta)
        self._gradients = _blocks(network.tensors, grad)
        self._workspaces: dict[int, Workspace] = {}

    def loss_and_gradient(self, batch: Batch) -> float:
        """Return the mean loss over the batch and leave its gradient in the bound vector."""
        space = self._workspace(batch.inputs.shape[0])
        self._forward(batch.inputs, space)
        last = len(self._weights) - 1
        value = self._network.loss.value_and_delta(
            space.activations[last], batch.targets.T, space.deltas[last], space.scratch[last]
        )
        chain = self._network.activation.chain
        for layer in range(last, 0, -1):
            before, delta = space.activations[layer - 1], space.deltas[layer]
            before.dot(delta.T, self._gradients[layer])
            self._weights[layer][:-1].dot(delta, space.deltas[layer - 1])
            chain(before[:-1], space.deltas[layer - 1], space.scratch[layer - 1])
        batch.inputs.T.dot(space.deltas[0].T, self._gradients[0])
        return value

    def evaluate(self, split: str, at_most: int | None = None) -> Evaluation:
        """Return the mean loss and the accuracy over a split or its first samples; each weighs the same."""
        network, samples = self._network, self._network.evaluation_set(split)
        count = samples.count if at_most is None else min(at_most, samples.count)
        total, correct = 0.0, 0
        for first in range(0, count, EVALUATION_CHUNK):
            batch = samples.batch(first, min(first + EVALUATION_CHUNK, count))
            inputs, targets = batch.inputs, batch.targets.T
            space = self._workspace(len(inputs))
            outputs = self._forward(inputs, space)
            if network.classes:
                correct += network.loss.correct(outputs, targets)
            value = network.loss.value_and_delta(outputs, targets, space.deltas[-1], space.scratch[-1])
            total += value * len(inputs)
        return Evaluation(
            loss=total / count,
            accuracy=correct / count if network.classes else None,
            complete=count == samples.count,
        )

    def active_units(self, batch: Batch) -> bytes:
        """Return for every hidden unit and sample of the batch whether the activation is above zero, one bit each.

        Two points with the same bits lie on the same linear piece of a network of rectifiers.
        """
        space = self._workspace(batch.inputs.shape[0])
        self._forward(batch.inputs, space)
        return b"".join(np.packbits(activations[:-1] > 0.0).tobytes() for activations in space.activations[:-1])

    def _forward(self, inputs: Matrix, space: Workspace) -> Matrix:
        before: Matrix = inputs.T
        apply = self._network.activation.apply
        last = len(self._weights) - 1
        for layer, weights in enumerate(self._weights):
            activations = space.activations[layer]
            if layer == last:
                weights.T.dot(before, activations)
            else:
                sums = activations[:-1]
                weights.T.dot(before, sums)
                apply(sums)
            before = activations
        return before

    def _workspace(self, samples: int) -> Workspace:
        space = self._workspaces.get(samples)
        if space is None:
            if len(self._workspaces) >= 4:
                # A full batch, a short last one and the two of an evaluation: more sizes than that are of the past.
                self._workspaces.pop(next(iter(self._workspaces)))
            space = self._workspaces[samples] = self._make_workspace(samples)
        return space

    def _make_workspace(self, samples: int) -> Workspace:
        units, dtype = self._network.widths[1:], self._network.dtype
        return Workspace(
            activations=(
                *(np.ones((width + 1, samples), dtype=dtype) for width in units[:-1]),
                np.ones((units[-1], samples), dtype=dtype),
            ),
            deltas=tuple(np.empty((width, samples), dtype=dtype) for width in units),
            scratch=tuple(np.empty((width, samples), dtype=dtype) for width in units),
        )


def _blocks(tensors: tuple[Tensor, ...], vector: Vector) -> tuple[NDArray[Any], ...]:
    """Return one view (inputs + 1, units) per layer: the weights with their bias as the last row."""
    return tuple(
        vector[weight.start : bias.stop].reshape(weight.shape[0] + 1, weight.shape[1])
        for weight, bias in zip(tensors[::2], tensors[1::2], strict=True)
    )
