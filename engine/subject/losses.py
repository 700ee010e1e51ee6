"""The losses of a network: their value, the gradient at the outputs, and what counts as the right class.

Arrays here are laid out like the network's activations: (outputs, samples). Every loss is a mean over the samples, so
that the learning rate means the same whatever the number of samples.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .objective import Matrix

Measure = Callable[[Matrix], float]
"""Takes targets (outputs, samples), returns the mean loss and leaves its gradient in the array it was bound to."""


class Loss(abc.ABC):
    """A loss over the outputs of a network."""

    name: ClassVar[str]
    title: ClassVar[str]
    tasks: ClassVar[tuple[str, ...]]
    """The tasks that the loss fits: "regression", "two classes", "classes"."""

    @abc.abstractmethod
    def targets(self, labels: NDArray[Any], classes: int) -> NDArray[np.float64]:
        """Return labels as targets, (samples, outputs); `classes` is 0 for regression."""

    @abc.abstractmethod
    def bind(self, outputs: Matrix, delta: Matrix) -> Measure:
        """Return what measures the loss of `outputs` and leaves its gradient with respect to them in `delta`.

        Both are (outputs, samples) and contiguous; the outputs may be overwritten.
        """

    @abc.abstractmethod
    def correct(self, outputs: Matrix, targets: Matrix) -> int:
        """Return how many samples are put into their class."""


class MeanSquaredError(Loss):
    """L = (1/n) Σᵢ ‖ŷᵢ − yᵢ‖²: the mean over the samples of the squared distance, as in the lecture.

    With one output this is `torch.nn.MSELoss`; with k outputs that library also divides by k. Two classes become one
    output with targets −1 and +1, more become one-hot.
    """

    name = "mean_squared_error"
    title = "mean squared error"
    tasks = ("regression", "two classes", "classes")

    def targets(self, labels: NDArray[Any], classes: int) -> NDArray[np.float64]:
        """Return the numbers to fit, −1 and +1 for two classes, or one-hot rows."""
        if classes == 0:
            return np.asarray(labels, dtype=np.float64).reshape(len(labels), -1)
        if classes == 2:
            return np.asarray(2.0 * labels - 1.0).reshape(-1, 1)
        return _one_hot(labels, classes)

    def bind(self, outputs: Matrix, delta: Matrix) -> Measure:
        """Return what computes (1/n) Σ ‖ŷ − y‖², with the gradient 2 (ŷ − y)/n."""
        samples, flat = outputs.shape[1], delta.reshape(-1)
        scale = np.array(2.0 / samples, delta.dtype)

        def measure(targets: Matrix) -> float:
            np.subtract(outputs, targets, delta)
            value: float = float(flat.dot(flat)) / samples
            np.multiply(delta, scale, delta)
            return value

        return measure

    def correct(self, outputs: Matrix, targets: Matrix) -> int:
        """Count right signs with one output, right largest entries with more."""
        if outputs.shape[0] == 1:
            return int(np.count_nonzero((outputs > 0) == (targets > 0)))
        return _right_arguments(outputs, targets)


class BinaryCrossEntropy(Loss):
    """L = (1/n) Σᵢ log(1 + exp(zᵢ)) − yᵢ·zᵢ: cross-entropy in nats of one logit z per sample, y ∈ {0, 1}.

    The logarithm is taken of the sum as a whole, so a large logit overflows neither way. As
    `torch.nn.BCEWithLogitsLoss`.
    """

    name = "binary_cross_entropy"
    title = "cross-entropy of one logit"
    tasks = ("two classes",)

    def targets(self, labels: NDArray[Any], classes: int) -> NDArray[np.float64]:
        """Return the classes 0 and 1 as numbers."""
        return np.asarray(labels, dtype=np.float64).reshape(-1, 1)

    def bind(self, outputs: Matrix, delta: Matrix) -> Measure:
        """Return what computes the mean cross-entropy, with the gradient (σ(z) − y)/n."""
        samples, space = outputs.shape[1], np.empty_like(outputs)
        zero, half, scale = (np.array(value, delta.dtype) for value in (0.0, 0.5, 1.0 / samples))
        flat = space.reshape(-1)

        def measure(targets: Matrix) -> float:
            np.logaddexp(outputs, zero, space)
            np.multiply(outputs, targets, delta)
            np.subtract(space, delta, space)
            value: float = float(np.add.reduce(flat)) / samples
            # σ(z) = ½ (1 + tanh(z/2)) overflows nowhere.
            np.multiply(outputs, half, delta)
            np.tanh(delta, delta)
            np.multiply(delta, half, delta)
            np.add(delta, half, delta)
            np.subtract(delta, targets, delta)
            np.multiply(delta, scale, delta)
            return value

        return measure

    def correct(self, outputs: Matrix, targets: Matrix) -> int:
        """Count logits on the right side of zero."""
        return int(np.count_nonzero((outputs > 0) == (targets > 0.5)))


class CrossEntropy(Loss):
    """L = (1/n) Σᵢ log Σⱼ exp(zⱼᵢ) − z_{y(i)}: cross-entropy in nats of a softmax over the classes, from logits.

    As `torch.nn.CrossEntropyLoss`; no logit is too large.
    """

    name = "cross_entropy"
    title = "cross-entropy of a softmax"
    tasks = ("two classes", "classes")

    SAFE = 80.0
    """exp of a logit of this size, and the sum of many, overflows neither in float32 nor in float64."""

    def targets(self, labels: NDArray[Any], classes: int) -> NDArray[np.float64]:
        """Return one-hot rows."""
        return _one_hot(labels, classes)

    def bind(self, outputs: Matrix, delta: Matrix) -> Measure:
        """Return what computes the mean cross-entropy, with the gradient (softmax(z) − y)/n."""
        classes, samples = outputs.shape
        sums, ones = np.empty(samples, delta.dtype), np.ones(classes, delta.dtype)
        scale = np.array(1.0 / samples, delta.dtype)
        row_of_ones = np.ones(samples, delta.dtype)
        flat = outputs.reshape(-1)
        safe = self.SAFE**2

        def measure(targets: Matrix) -> float:
            # The largest logit of a sample changes nothing but what overflows, and is slow to find: where the length
            # of all logits together is safe, each of them is.
            if not flat.dot(flat) < safe:
                np.maximum.reduce(outputs, axis=0, out=sums)
                np.subtract(outputs, sums, outputs)
            at_class = float(flat.dot(targets.reshape(-1)))
            np.exp(outputs, delta)
            ones.dot(delta, sums)
            np.divide(delta, sums, delta)
            np.log(sums, sums)
            value: float = (float(sums.dot(row_of_ones)) - at_class) / samples
            np.subtract(delta, targets, delta)
            np.multiply(delta, scale, delta)
            return value

        return measure

    def correct(self, outputs: Matrix, targets: Matrix) -> int:
        """Count right largest logits."""
        return _right_arguments(outputs, targets)


def _one_hot(labels: NDArray[Any], classes: int) -> NDArray[np.float64]:
    """Return (samples, classes) rows of zeros with a one at the class."""
    rows = np.zeros((len(labels), classes))
    rows[np.arange(len(labels)), labels] = 1.0
    return rows


def _right_arguments(outputs: Matrix, targets: Matrix) -> int:
    return int(np.count_nonzero(outputs.argmax(axis=0) == targets.argmax(axis=0)))


LOSSES: Mapping[str, Loss] = {loss.name: loss for loss in (MeanSquaredError(), BinaryCrossEntropy(), CrossEntropy())}
"""Every loss by its name."""
