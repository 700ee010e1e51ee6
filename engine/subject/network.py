"""Multilayer perceptrons and their gradient, layer rule by layer rule.

A layer is one matrix product. Its weights and its bias are one block W of the flat vector, (inputs + 1, units), with
the bias as the last row, and its activations one block A, (units + 1, samples), whose last row is ones:

    forward     Z = Wᵀ·A₋          A = φ(Z), a row of ones below
    backward    ∂L/∂W = A₋·Δᵀ      Δ₋ = (W without its last row)·Δ ⊙ φ′(A₋)

Δ is the gradient with respect to Z. Each line is a sum over the samples that the product itself carries out, so no
Jacobian is ever formed: the most that exists is one matrix as large as a layer's activations. Without biases, W has no
last row and A no row of ones. With dropout, A and Δ₋ are multiplied by the same mask.

Source: D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by back-propagating errors",
Nature 323 (1986).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from copy import copy
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .activations import ACTIVATIONS, Activation
from .datasets import DataSet, Split
from .dropout import Masks
from .losses import LOSSES, Huber, Loss, Measure, Reduction
from .objective import Batch, Evaluation, Matrix, Operations, Samples, Tensor, Vector
from .penalty import Penalty
from .regularisation import NONE, Regularisation
from .samples import MemorySamples

if TYPE_CHECKING:
    from .file_samples import FilePart, FileSplit

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

    def __init__(self, units: tuple[int, ...], samples: int, dtype: np.dtype[Any], *, ones: int) -> None:
        """Make arrays for layers of so many `units`, the last one the outputs, with one row of ones each or none."""
        *inner, outputs = units
        stops = list(accumulate(width + ones for width in inner))
        self.hidden = np.ones((stops[-1] if stops else 0, samples), dtype)
        # An activation may look at what stands beside the rows of ones.
        self.slopes = np.zeros_like(self.hidden)
        firsts = [stop - width - ones for stop, width in zip(stops, inner, strict=True)]
        last = np.empty((outputs, samples), dtype)
        self.activations = (*(self.hidden[first:stop] for first, stop in zip(firsts, stops, strict=True)), last)
        units_only = [slice(first, first + width) for first, width in zip(firsts, inner, strict=True)]
        self.sums = (*(self.hidden[rows] for rows in units_only), last)
        self.slope = tuple(self.slopes[rows] for rows in units_only)
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
    """A multilayer perceptron on a data set; without hidden layers it is linear or logistic regression.

    Attributes:
        widths: How many inputs there are, how many units each hidden layer has, and how many outputs there are.
        classes: How many classes there are; 0 for a regression.
        scaling: What is done to the inputs before they are trained on.
        image_shape: (rows, columns) where a sample is a picture, row by row.
        feature_names: What the inputs are called, where they have names.
    """

    bounds = None

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
        bias: bool = True,
        huber_delta: float | None = None,
        reduction: Reduction = "mean",
        dropout_seed: int = 0,
    ) -> None:
        self.activation: Activation = ACTIVATIONS[activation]
        self.loss: Loss = LOSSES[loss] if huber_delta is None else Huber(huber_delta)
        self.reduction: Reduction = reduction
        self.ones = int(bias)
        self.dropout_seed = dropout_seed
        self.step = 0
        self.classes = split.train.classes
        self.scaling = split.train.scaling
        self.image_shape = split.train.image_shape
        self.feature_names = split.train.feature_names
        self.dtype = np.dtype(dtype)
        self._sets = {
            name: self._samples_of(data)
            for name, data in (("train", split.train), ("held_out", split.held_out))
            if data.count
        }
        one = self._sets["train"].empty(1)
        self.widths = (one.inputs.shape[1] - self.ones, *hidden, one.targets.shape[1])
        self.tensors = self._name_tensors()
        self.weights = tuple(tensor for tensor in self.tensors if len(tensor.shape) == 2)
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

        He: variance 2/inputs. Xavier: variance 2/(inputs + units). Standard: variance 1, as a first program draws them.
        The numbers are drawn in float64, layer by layer, so that both precisions start from the same point.

        Source: K. He et al., "Delving Deep into Rectifiers", arXiv:1502.01852, eq. 10; X. Glorot, Y. Bengio,
        "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010, eq. 12.
        """
        generator = np.random.default_rng(self._seed)
        theta = np.zeros(self.tensors[-1].stop, dtype=np.float64)
        for weight in self.weights:
            inputs, units = weight.shape
            variance = {"he": 2.0 / inputs, "xavier": 2.0 / (inputs + units), "standard": 1.0}[self._init]
            weight.of(theta)[:] = generator.normal(0.0, math.sqrt(variance), size=weight.shape)
        return theta.astype(self.dtype)

    def largest_product(self, samples: int) -> int:
        """Return how many multiplications the largest matrix product over so many samples has."""
        weights: int = max((inputs + self.ones) * units for inputs, units in pairwise(self.widths))
        return samples * weights

    def bind(self, theta: Vector, grad: Vector, regularisation: Regularisation = NONE) -> BoundNetwork:
        """Return the network over these two vectors."""
        return BoundNetwork(self, theta, grad, regularisation)

    def draw(self, step: int) -> None:
        """Leave out the units of the step of this number from now on, where there is dropout."""
        self.step = step

    def workspace(self, samples: int) -> Workspace:
        """Return the arrays for so many samples; all who are bound to the network use them in turn."""
        space = self._workspaces.get(samples)
        if space is None:
            if len(self._workspaces) >= SIZES:
                self._workspaces.pop(next(iter(self._workspaces)))
            space = self._workspaces[samples] = Workspace(self.widths[1:], samples, self.dtype, ones=self.ones)
        return space

    def twin(self, *, seed: int, dropout_seed: int) -> Network:
        """Return the same network with chances of its own; what lies in memory of the samples is shared."""
        other = copy(self)
        other._sets = {name: samples.for_another() for name, samples in self._sets.items()}
        other._workspaces = {}
        other.reseed(seed=seed, dropout_seed=dropout_seed)
        return other

    def reseed(self, *, seed: int, dropout_seed: int) -> None:
        """Let `start`, and the dropout of what is bound from now on, be those of other seeds."""
        self._seed, self.dropout_seed, self.step = seed, dropout_seed, 0

    def evaluation_set(self, split: str) -> Samples:
        """Return the samples of a split."""
        return self._sets[split]

    def _samples_of(self, data: DataSet | FilePart) -> Samples:
        if not isinstance(data, DataSet):
            from .file_samples import FileSamples

            return FileSamples(data, self.loss, self.dtype, ones=self.ones)
        features = data.inputs.shape[1]
        inputs = np.ones((len(data.inputs), features + self.ones), dtype=self.dtype)
        scaling = data.scaling.in_precision(data.inputs.dtype, self.dtype)
        scaling.apply(data.inputs, slice(None), inputs[:, :features])
        targets = self.loss.targets(data.labels, data.classes)
        return MemorySamples(inputs=inputs, targets=np.ascontiguousarray(targets, dtype=self.dtype))

    def _name_tensors(self) -> tuple[Tensor, ...]:
        tensors: list[Tensor] = []
        start = 0
        for number, (inputs, units) in enumerate(pairwise(self.widths), start=1):
            middle, stop = start + inputs * units, start + (inputs + self.ones) * units
            tensors.append(Tensor(name=f"layer{number}.weight", shape=(inputs, units), start=start, stop=middle))
            if self.ones:
                tensors.append(Tensor(name=f"layer{number}.bias", shape=(units,), start=middle, stop=stop))
            start = stop
        return tuple(tensors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A forward and backward pass over a given number of samples, with every call made that does not need the batch."""

    space: Workspace
    """Where it happens: the network itself may have made another for so many samples since."""
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
    """A network tied to its parameters and its gradient: every view is made once, every pass only computes.

    Attributes:
        bent: Whether some derivative jumps somewhere, so that differences across that place say nothing.
    """

    def __init__(self, network: Network, theta: Vector, grad: Vector, regularisation: Regularisation) -> None:
        self._network = network
        self._theta, self._regularisation = theta, regularisation
        self._weights = layer_blocks(network, theta)
        self._gradients = layer_blocks(network, grad)
        self._first_product = self._weights[0].T.dot
        self._passes: dict[int, Pass] = {}
        hidden = len(network.widths) > 2
        self._passes_of_steps: dict[int, Pass] = {} if hidden and regularisation.dropout else self._passes
        self._penalty: Penalty | None = None
        if regularisation.penalises:
            parts = [
                (theta[weight.start : weight.stop], grad[weight.start : weight.stop]) for weight in network.weights
            ]
            self._penalty = Penalty(parts, regularisation)
        self.bent = (hidden and network.activation.bent) or network.loss.bent or regularisation.l1 > 0.0

    def loss_and_gradient(self, batch: Batch) -> float:
        """Return the loss over the batch and leave its gradient in the bound vector."""
        through = self._forward(self._passes_of_steps, batch)
        value = through.measure(batch.outputs)
        for operation in through.backward:
            operation()
        batch.features.dot(through.delta, self._gradients[0])
        if self._penalty is not None:
            value += self._penalty.add_gradient()
        return value

    def evaluate(self, split: str, at_most: int | None = None) -> Evaluation:
        """Return the loss and the accuracy over a split or its first samples; each weighs the same."""
        parts = self.evaluating(split, at_most)
        while True:
            try:
                next(parts)
            except StopIteration as end:
                found: Evaluation = end.value
                return found

    def evaluating(
        self, split: str, at_most: int | None = None, chunk: int | None = None
    ) -> Generator[None, None, Evaluation]:
        """Do what `evaluate` does, and yield after every `chunk` samples, `EVALUATION_CHUNK` where nobody says.

        Whoever is bound to the network may compute in between; the bound parameters have to stay as they are.
        """
        network, samples = self._network, self._network.evaluation_set(split)
        count = samples.count if at_most is None else min(at_most, samples.count)
        is_mean = network.reduction == "mean"
        total, correct = 0.0, 0
        chunk = EVALUATION_CHUNK if chunk is None else chunk
        for first in range(0, count, chunk):
            batch = samples.batch(first, min(first + chunk, count))
            through = self._forward(self._passes, batch)
            if network.classes:
                correct += network.loss.correct(through.outputs, batch.outputs)
            total += through.measure(batch.outputs) * (batch.count if is_mean else 1)
            yield
        loss = total / count * (1 if is_mean else samples.count)
        if split == "train" and self._penalty is not None:
            loss += self._penalty.value()
        return Evaluation(
            loss=loss,
            accuracy=correct / count if network.classes else None,
            complete=count == samples.count,
        )

    def outputs(self, batch: Batch) -> Matrix:
        """Return the outputs for a batch without dropout, (outputs, samples); the next pass may overwrite them."""
        return self._forward(self._passes, batch).outputs

    def activations(self, batch: Batch) -> tuple[Matrix, ...]:
        """Return what every hidden layer makes of a batch, (units, samples) each; the next pass overwrites it."""
        return self._forward(self._passes, batch).space.sums[:-1]

    def pieces(self, batch: Batch) -> bytes:
        """Return on which side of every place the batch is where a derivative of its loss jumps, one bit each.

        Those are the sums of rectifiers and their kin at 0, errors as large as Huber's δ, and with an L1 penalty the
        weights at 0. Between two points with the same bits the loss has all its derivatives.
        """
        through = self._forward(self._passes_of_steps, batch)
        network = self._network
        sides = [network.loss.sides(through.outputs, batch.outputs)]
        if network.activation.bent:
            sides.append((through.space.hidden > 0.0).ravel())
        if self._regularisation.l1:
            sides += [self._theta[weight.start : weight.stop] > 0.0 for weight in network.weights]
        return np.packbits(np.concatenate(sides)).tobytes()

    def _forward(self, passes: dict[int, Pass], batch: Batch) -> Pass:
        """Carry out the forward pass over a batch."""
        through = passes.get(batch.count) or self._new_pass(passes, batch.count)
        self._first_product(batch.features, through.first)
        for operation in through.forward:
            operation()
        return through

    def _new_pass(self, passes: dict[int, Pass], samples: int) -> Pass:
        space, last = self._network.workspace(samples), len(self._weights) - 1
        masks = None if passes is self._passes else self._masks(samples)
        made = Pass(
            space=space,
            first=space.sums[0],
            forward=tuple(self._forward_operations(space, masks)),
            outputs=space.sums[last],
            measure=self._network.loss.bind(space.sums[last], space.deltas[last], self._network.reduction),
            backward=tuple(self._backward_operations(space, masks)),
            delta=space.deltas[0].T,
        )
        if len(passes) >= SIZES:
            passes.pop(next(iter(passes)))
        passes[samples] = made
        return made

    def _forward_operations(self, space: Workspace, masks: Masks | None) -> Operations:
        activation, network = self._network.activation, self._network
        operations: list[Callable[[], object]] = []
        if masks is not None:
            operations.append(lambda: masks.draw(network.step))
        for layer, product in enumerate(self._weights[1:]):
            values, slope = space.sums[layer], space.slope[layer]
            operations += activation.forward(values, slope)
            if masks is not None:
                # The derivative is told by the activation as it was.
                operations += activation.slopes(values, slope)
                operations.append(partial(np.multiply, values, masks.layers[layer], values))
            operations.append(partial(product.T.dot, space.activations[layer], space.sums[layer + 1]))
        return operations

    def _backward_operations(self, space: Workspace, masks: Masks | None) -> Operations:
        activation, last = self._network.activation, len(self._weights) - 1
        operations: list[Callable[[], object]] = []
        if last and masks is None:
            operations += activation.slopes(space.hidden, space.slopes)
        for layer in range(last, 0, -1):
            delta, before = space.deltas[layer], space.deltas[layer - 1]
            operations.append(partial(space.activations[layer - 1].dot, delta.T, self._gradients[layer]))
            operations.append(partial(self._weights[layer][: len(before)].dot, delta, before))
            if masks is not None:
                operations.append(partial(np.multiply, before, masks.layers[layer - 1], before))
            operations += activation.chain(before, space.slope[layer - 1])
        return operations

    def _masks(self, samples: int) -> Masks:
        network = self._network
        return Masks(
            network.widths[1:-1],
            samples,
            rate=self._regularisation.dropout,
            seed=network.dropout_seed,
            dtype=network.dtype,
        )


def layer_blocks(network: Network, vector: Vector) -> tuple[NDArray[Any], ...]:
    """Return one view (inputs + 1, units) per layer: the weights with their bias as the last row, if there is one."""
    blocks = []
    for weight in network.weights:
        inputs, units = weight.shape
        rows = inputs + network.ones
        blocks.append(vector[weight.start : weight.start + rows * units].reshape(rows, units))
    return tuple(blocks)
