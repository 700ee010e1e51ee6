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
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .activations import ACTIVATIONS, Activation
from .datasets import DataSet, Split
from .file_samples import FilePart, FileSamples, FileSplit
from .losses import LOSSES, Loss, Measure
from .objective import Batch, Evaluation, Matrix, Operations, Samples, Tensor, Vector
from .samples import MemorySamples

EVALUATION_CHUNK = 512
"""Samples that an evaluation pushes through at once: bounded memory, whatever the size of the set."""
SIZES = 4
"""Batch sizes whose arrays are kept: a full batch, a short last one and the two of an evaluation; others are past."""


class WorkspaceCounts(NamedTuple):
    """How many numbers a workspace holds."""

    activations: int
    slopes: int
    deltas: int


class Workspace:
    """The arrays of a forward and backward pass over a given number of samples.

    Attributes:
        hidden: The activations of all hidden layers, one below the other, each with its row of ones.
        activations: The layers' parts of it, (units + 1, samples), and at last the outputs, (outputs, samples).
        sums: The same without the rows of ones, (units, samples): what a product is written into.
        slopes: Derivatives at the activations, the shape of `hidden`, and `slope`: the layers' parts of it.
        deltas: The gradient at the sums of each layer, (units, samples).
    """

    def __init__(self, units: tuple[int, ...], samples: int, dtype: np.dtype[Any]) -> None:
        """Make arrays for layers of so many `units`, the last one the outputs."""
        *inner, outputs = units
        stops = list(accumulate(width + 1 for width in inner))
        self.hidden = np.ones((stops[-1] if stops else 0, samples), dtype)
        self.slopes = np.empty_like(self.hidden)
        rows = [slice(stop - width - 1, stop) for stop, width in zip(stops, inner, strict=True)]
        last = np.empty((outputs, samples), dtype)
        self.activations = (*(self.hidden[row] for row in rows), last)
        self.sums = (*(self.hidden[row][:-1] for row in rows), last)
        self.slope = tuple(self.slopes[row][:-1] for row in rows)
        self.deltas = tuple(np.empty((width, samples), dtype) for width in units)

    @property
    def counts(self) -> WorkspaceCounts:
        """How many numbers the arrays hold, the rows of ones included."""
        return WorkspaceCounts(
            activations=self.hidden.size + self.activations[-1].size,
            slopes=self.slopes.size,
            deltas=sum(delta.size for delta in self.deltas),
        )


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
        self._workspaces: dict[int, Workspace] = {}

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

    def largest_product(self, samples: int) -> int:
        """Return how many multiplications the largest matrix product over so many samples has."""
        weights: int = max((inputs + 1) * units for inputs, units in pairwise(self.widths))
        return samples * weights

    def bind(self, theta: Vector, grad: Vector) -> BoundNetwork:
        """Return the network over these two vectors."""
        return BoundNetwork(self, theta, grad)

    def workspace(self, samples: int) -> Workspace:
        """Return the arrays for so many samples; all who are bound to the network use them in turn."""
        space = self._workspaces.get(samples)
        if space is None:
            if len(self._workspaces) >= SIZES:
                self._workspaces.pop(next(iter(self._workspaces)))
            space = self._workspaces[samples] = Workspace(self.widths[1:], samples, self.dtype)
        return space

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A forward and backward pass over a given number of samples, with every call made that does not need the batch."""

    first: Matrix
    """Where the product of the first layer's weights with the inputs goes, (units, samples)."""
    forward: Operations
    """From there to the outputs."""
    outputs: Matrix
    """(outputs, samples)."""
    measure: Measure
    """The loss at the outputs, and its gradient."""
    backward: Operations
    """From there to the gradient at the first layer's sums."""
    delta: Matrix
    """That gradient, (samples, units)."""


class BoundNetwork:
    """A network tied to its parameters and its gradient: every view is made once, every pass only computes."""

    def __init__(self, network: Network, theta: Vector, grad: Vector) -> None:
        self._network = network
        self._weights = _blocks(network.tensors, theta)
        self._gradients = _blocks(network.tensors, grad)
        self._first_product = self._weights[0].T.dot
        self._passes: dict[int, Pass] = {}

    def loss_and_gradient(self, batch: Batch) -> float:
        """Return the mean loss over the batch and leave its gradient in the bound vector."""
        through = self._forward(batch.features, batch.count)
        value = through.measure(batch.outputs)
        for operation in through.backward:
            operation()
        batch.features.dot(through.delta, self._gradients[0])
        return value

    def evaluate(self, split: str, at_most: int | None = None) -> Evaluation:
        """Return the mean loss and the accuracy over a split or its first samples; each weighs the same."""
        network, samples = self._network, self._network.evaluation_set(split)
        count = samples.count if at_most is None else min(at_most, samples.count)
        total, correct = 0.0, 0
        for first in range(0, count, EVALUATION_CHUNK):
            batch = samples.batch(first, min(first + EVALUATION_CHUNK, count))
            through = self._forward(batch.features, batch.count)
            if network.classes:
                correct += network.loss.correct(through.outputs, batch.outputs)
            total += through.measure(batch.outputs) * batch.count
        return Evaluation(
            loss=total / count,
            accuracy=correct / count if network.classes else None,
            complete=count == samples.count,
        )

    def active_units(self, batch: Batch) -> bytes:
        """Return for every hidden unit and sample of the batch whether the activation is above zero, one bit each.

        Two points with the same bits lie on the same linear piece of a network of rectifiers.
        """
        self._forward(batch.features, batch.count)
        return np.packbits(self._network.workspace(batch.count).hidden > 0.0).tobytes()

    def _forward(self, features: Matrix, samples: int) -> Pass:
        """Carry out the forward pass over inputs of (features + 1, samples)."""
        through = self._passes.get(samples) or self._new_pass(samples)
        self._first_product(features, through.first)
        for operation in through.forward:
            operation()
        return through

    def _new_pass(self, samples: int) -> Pass:
        space, activation = self._network.workspace(samples), self._network.activation
        last = len(self._weights) - 1
        forward: list[Callable[[], object]] = []
        backward: list[Callable[[], object]] = [*activation.slopes(space.hidden, space.slopes)] if last else []
        for layer in range(last):
            forward += activation.forward(space.sums[layer])
            forward.append(partial(self._weights[layer + 1].T.dot, space.activations[layer], space.sums[layer + 1]))
        for layer in range(last, 0, -1):
            delta, before = space.deltas[layer], space.deltas[layer - 1]
            backward.append(partial(space.activations[layer - 1].dot, delta.T, self._gradients[layer]))
            backward.append(partial(self._weights[layer][:-1].dot, delta, before))
            backward += activation.chain(before, space.slope[layer - 1])
        made = Pass(
            first=space.sums[0],
            forward=tuple(forward),
            outputs=space.sums[last],
            measure=self._network.loss.bind(space.sums[last], space.deltas[last]),
            backward=tuple(backward),
            delta=space.deltas[0].T,
        )
        if len(self._passes) >= SIZES:
            self._passes.pop(next(iter(self._passes)))
        self._passes[samples] = made
        return made


def _blocks(tensors: tuple[Tensor, ...], vector: Vector) -> tuple[NDArray[Any], ...]:
    """Return one view (inputs + 1, units) per layer: the weights with their bias as the last row."""
    return tuple(
        vector[weight.start : bias.stop].reshape(weight.shape[0] + 1, weight.shape[1])
        for weight, bias in zip(tensors[::2], tensors[1::2], strict=True)
    )
