"""The losses of a network: their value, the gradient at the outputs, and what counts as the right class.

Arrays here are laid out like the network's activations: (outputs, samples). Every loss is a mean over the samples, so
that the learning rate means the same whatever the number of samples.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .objective import Matrix


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
    def value_and_delta(self, outputs: Matrix, targets: Matrix, delta: Matrix, scratch: Matrix) -> float:
        """Return the mean loss and leave its gradient with respect to `outputs` in `delta`.

        All four are (outputs, samples); `scratch` is workspace. Nothing is allocated but what a reduction needs.
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

    def value_and_delta(self, outputs: Matrix, targets: Matrix, delta: Matrix, scratch: Matrix) -> float:
        """Return (1/n) Σ ‖ŷ − y‖²; the gradient is 2 (ŷ − y)/n."""
        samples = outputs.shape[1]
        np.subtract(outputs, targets, out=delta)
        flat = delta.reshape(-1)
        value: float = float(flat.dot(flat)) / samples
        np.multiply(delta, 2.0 / samples, out=delta)
        return value

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

    def value_and_delta(self, outputs: Matrix, targets: Matrix, delta: Matrix, scratch: Matrix) -> float:
        """Return the mean cross-entropy; the gradient is (σ(z) − y)/n."""
        samples = outputs.shape[1]
        np.logaddexp(outputs, 0.0, out=scratch)
        np.multiply(outputs, targets, out=delta)
        np.subtract(scratch, delta, out=scratch)
        value: float = float(np.add.reduce(scratch, axis=None)) / samples
        np.multiply(outputs, 0.5, out=delta)
        np.tanh(delta, out=delta)
        np.multiply(delta, 0.5, out=delta)
        np.add(delta, 0.5, out=delta)
        np.subtract(delta, targets, out=delta)
        np.multiply(delta, 1.0 / samples, out=delta)
        return value

    def correct(self, outputs: Matrix, targets: Matrix) -> int:
        """Count logits on the right side of zero."""
        return int(np.count_nonzero((outputs > 0) == (targets > 0.5)))


class CrossEntropy(Loss):
    """L = (1/n) Σᵢ log Σⱼ exp(zⱼᵢ) − z_{y(i)}: cross-entropy in nats of a softmax over the classes, from logits.

    The largest logit is subtracted first, so nothing overflows. As `torch.nn.CrossEntropyLoss`.
    """

    name = "cross_entropy"
    title = "cross-entropy of a softmax"
    tasks = ("two classes", "classes")

    def targets(self, labels: NDArray[Any], classes: int) -> NDArray[np.float64]:
        """Return one-hot rows."""
        return _one_hot(labels, classes)

    def value_and_delta(self, outputs: Matrix, targets: Matrix, delta: Matrix, scratch: Matrix) -> float:
        """Return the mean cross-entropy; the gradient is (softmax(z) − y)/n."""
        samples = outputs.shape[1]
        row = scratch[0]
        np.maximum.reduce(outputs, axis=0, out=row)
        np.subtract(outputs, row, out=delta)
        np.multiply(delta, targets, out=scratch)
        at_class = float(np.add.reduce(scratch, axis=None))
        np.exp(delta, out=delta)
        np.add.reduce(delta, axis=0, out=row)
        np.divide(delta, row, out=delta)
        np.log(row, out=row)
        value: float = (float(np.add.reduce(row)) - at_class) / samples
        np.subtract(delta, targets, out=delta)
        np.multiply(delta, 1.0 / samples, out=delta)
        return value

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
