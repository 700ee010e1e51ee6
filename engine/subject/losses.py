"""The losses of a network: their value, the gradient at the outputs, and what counts as the right class.

Arrays here are laid out like the network's activations: (outputs, samples). A loss is a mean over the samples, so that
the learning rate means the same whatever the number of samples, or as the lectures' first programs have it their sum,
which is that mean and its gradient times the number of samples.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from .objective import Matrix

Measure = Callable[[Matrix], float]
"""Takes targets (outputs, samples), returns the loss and leaves its gradient in the array it was bound to."""
Reduction = Literal["mean", "sum"]
"""What is made of the losses of a batch's samples."""


class Loss(abc.ABC):
    """A loss over the outputs of a network."""

    name: ClassVar[str]
    title: ClassVar[str]
    tasks: ClassVar[tuple[str, ...]]
    """The tasks that the loss fits: "regression", "two classes", "classes"."""
    bent: ClassVar[bool] = False
    """Whether a derivative jumps somewhere; `sides` says where."""

    @abc.abstractmethod
    def targets(self, labels: NDArray[Any], classes: int) -> NDArray[np.float64]:
        """Return labels as targets, (samples, outputs); `classes` is 0 for regression."""

    @abc.abstractmethod
    def bind(self, outputs: Matrix, delta: Matrix, reduction: Reduction = "mean") -> Measure:
        """Return what measures the loss of `outputs` and leaves its gradient with respect to them in `delta`.

        Both are (outputs, samples) and contiguous; the outputs may be overwritten.
        """

    @abc.abstractmethod
    def chosen(self, outputs: Matrix) -> NDArray[np.intp]:
        """Return the class that the outputs put each sample into, (samples,)."""

    @abc.abstractmethod
    def meant(self, targets: Matrix) -> NDArray[np.intp]:
        """Return the class that each sample belongs to by its targets, (samples,)."""

    @abc.abstractmethod
    def shares(self, outputs: Matrix) -> Matrix:
        """Return how sure the outputs are of each class, 0 to 1, (classes, samples); a new array.

        Of a cross-entropy these are probabilities. Of a loss of errors they are how near each output is to what it is
        to be for the class, cut to 0 and 1, and do not sum to 1.
        """

    def correct(self, outputs: Matrix, targets: Matrix) -> int:
        """Return how many samples are put into their class."""
        return int(np.count_nonzero(self.chosen(outputs) == self.meant(targets)))

    def sides(self, outputs: Matrix, targets: Matrix) -> NDArray[np.bool_]:
        """Return on which side of every place the outputs are where a derivative jumps; most losses have none."""
        return np.empty(0, dtype=np.bool_)


class _OfErrors(Loss):
    """A loss of the errors ŷ − y. Two classes become one output with targets −1 and +1, more become one-hot."""

    tasks = ("regression", "two classes", "classes")

    def targets(self, labels: NDArray[Any], classes: int) -> NDArray[np.float64]:
        """Return the numbers to fit, −1 and +1 for two classes, or one-hot rows."""
        if classes == 0:
            return np.asarray(labels, dtype=np.float64).reshape(len(labels), -1)
        if classes == 2:
            return np.asarray(2.0 * labels - 1.0).reshape(-1, 1)
        return _one_hot(labels, classes)

    def chosen(self, outputs: Matrix) -> NDArray[np.intp]:
        """Return the class of the sign of one output, or of the largest one."""
        return _side(outputs, 0.0) if len(outputs) == 1 else _largest(outputs)

    def meant(self, targets: Matrix) -> NDArray[np.intp]:
        """Return the same of the targets."""
        return self.chosen(targets)

    def shares(self, outputs: Matrix) -> Matrix:
        """Return outputs between 0 and 1 as they are, or how far one output is from −1 and from +1."""
        if len(outputs) == 1:
            outputs = np.concatenate([1.0 - outputs, 1.0 + outputs]) * 0.5
        return np.clip(outputs, 0.0, 1.0)


class MeanSquaredError(_OfErrors):
    """L = (1/n) Σᵢ ‖ŷᵢ − yᵢ‖²: the mean over the samples of the squared distance, as in the lecture.

    With one output this is `torch.nn.MSELoss`; with k outputs that library also divides by k.

    Source: A.-M. Legendre, "Nouvelles méthodes pour la détermination des orbites des comètes" (1805).
    """

    name = "mean_squared_error"
    title = "mean squared error"

    def bind(self, outputs: Matrix, delta: Matrix, reduction: Reduction = "mean") -> Measure:
        """Return what computes (1/n) Σ ‖ŷ − y‖², with the gradient 2 (ŷ − y)/n, both without 1/n for a sum."""
        divisor, flat = _divisor(outputs, reduction), delta.reshape(-1)
        scale = np.array(2.0 / divisor, delta.dtype)

        def measure(targets: Matrix) -> float:
            np.subtract(outputs, targets, delta)
            value: float = float(flat.dot(flat)) / divisor
            np.multiply(delta, scale, delta)
            return value

        return measure


class Huber(_OfErrors):
    """L = (1/n) Σᵢ Σⱼ h(ŷᵢⱼ − yᵢⱼ), with h(r) = ½r² where |r| ≤ δ and δ(|r| − ½δ) beyond.

    So an outlier pulls no harder than δ. With one output this is `torch.nn.HuberLoss`; with k outputs that library also
    divides by k, as for its squared error.

    Source: P. J. Huber, "Robust Estimation of a Location Parameter", The Annals of Mathematical Statistics 35 (1964).
    """

    name = "huber"
    title = "Huber loss"
    bent = True

    def __init__(self, delta: float = 1.0) -> None:
        """Make it with this δ, the error up to which it is a square."""
        self.delta = delta

    def bind(self, outputs: Matrix, delta: Matrix, reduction: Reduction = "mean") -> Measure:
        """Return what computes it as c·(r − ½c) with the error cut to c = ±δ at most; the gradient is c/n."""
        divisor = _divisor(outputs, reduction)
        errors, cut = outputs.reshape(-1), delta.reshape(-1)
        upper = np.full_like(cut, self.delta)
        lower = -upper
        half, scale = (np.array(value, delta.dtype) for value in (0.5, 1.0 / divisor))
        space = np.empty_like(cut)

        def measure(targets: Matrix) -> float:
            np.subtract(outputs, targets, outputs)
            np.minimum(errors, upper, out=cut)
            np.maximum(cut, lower, out=cut)
            np.multiply(cut, half, space)
            np.subtract(errors, space, space)
            value: float = float(cut.dot(space)) / divisor
            np.multiply(cut, scale, cut)
            return value

        return measure

    def sides(self, outputs: Matrix, targets: Matrix) -> NDArray[np.bool_]:
        """Return for every output whether it is more than δ above its target, and more than δ below."""
        errors = outputs - targets
        return np.concatenate([(errors > self.delta).ravel(), (errors < -self.delta).ravel()])


class BinaryCrossEntropy(Loss):
    """L = (1/n) Σᵢ log(1 + exp(zᵢ)) − yᵢ·zᵢ: cross-entropy in nats of one logit z per sample, y ∈ {0, 1}.

    The logarithm is taken of the sum as a whole, so a large logit overflows neither way. As
    `torch.nn.BCEWithLogitsLoss`.

    Source: D. R. Cox, "The Regression Analysis of Binary Sequences", J. R. Statist. Soc. B 20 (1958).
    """

    name = "binary_cross_entropy"
    title = "cross-entropy of one logit"
    tasks = ("two classes",)

    def targets(self, labels: NDArray[Any], classes: int) -> NDArray[np.float64]:
        """Return the classes 0 and 1 as numbers."""
        return np.asarray(labels, dtype=np.float64).reshape(-1, 1)

    def bind(self, outputs: Matrix, delta: Matrix, reduction: Reduction = "mean") -> Measure:
        """Return what computes the cross-entropy, with the gradient (σ(z) − y)/n for a mean."""
        divisor, space = _divisor(outputs, reduction), np.empty_like(outputs)
        zero, half, scale = (np.array(value, delta.dtype) for value in (0.0, 0.5, 1.0 / divisor))
        flat = space.reshape(-1)

        def measure(targets: Matrix) -> float:
            np.logaddexp(outputs, zero, space)
            np.multiply(outputs, targets, delta)
            np.subtract(space, delta, space)
            value: float = float(np.add.reduce(flat)) / divisor
            # σ(z) = ½ (1 + tanh(z/2)) overflows nowhere.
            np.multiply(outputs, half, delta)
            np.tanh(delta, delta)
            np.multiply(delta, half, delta)
            np.add(delta, half, delta)
            np.subtract(delta, targets, delta)
            np.multiply(delta, scale, delta)
            return value

        return measure

    def chosen(self, outputs: Matrix) -> NDArray[np.intp]:
        """Return class 1 where the logit is above 0."""
        return _side(outputs, 0.0)

    def meant(self, targets: Matrix) -> NDArray[np.intp]:
        """Return the numbers as classes."""
        return _side(targets, 0.5)

    def shares(self, outputs: Matrix) -> Matrix:
        """Return 1 − σ(z) and σ(z)."""
        tanh = np.tanh(0.5 * outputs)
        shares: Matrix = np.concatenate([1.0 - tanh, 1.0 + tanh]) * 0.5
        return shares


class CrossEntropy(Loss):
    """L = (1/n) Σᵢ log Σⱼ exp(zⱼᵢ) − z_{y(i)}: cross-entropy in nats of a softmax over the classes, from logits.

    As `torch.nn.CrossEntropyLoss`; no logit is too large.

    Source: J. S. Bridle, "Probabilistic Interpretation of Feedforward Classification Network Outputs, with
    Relationships to Statistical Pattern Recognition" (1990).
    """

    name = "cross_entropy"
    title = "cross-entropy of a softmax"
    tasks = ("two classes", "classes")

    SAFE = 80.0
    """exp of a logit of this size, and the sum of many, overflows neither in float32 nor in float64."""

    def targets(self, labels: NDArray[Any], classes: int) -> NDArray[np.float64]:
        """Return one-hot rows."""
        return _one_hot(labels, classes)

    def bind(self, outputs: Matrix, delta: Matrix, reduction: Reduction = "mean") -> Measure:
        """Return what computes the cross-entropy, with the gradient (softmax(z) − y)/n for a mean."""
        classes, samples = outputs.shape
        divisor = _divisor(outputs, reduction)
        sums, ones = np.empty(samples, delta.dtype), np.ones(classes, delta.dtype)
        scale = np.array(1.0 / divisor, delta.dtype)
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
            value: float = (float(sums.dot(row_of_ones)) - at_class) / divisor
            np.subtract(delta, targets, delta)
            np.multiply(delta, scale, delta)
            return value

        return measure

    def chosen(self, outputs: Matrix) -> NDArray[np.intp]:
        """Return the class of the largest logit."""
        return _largest(outputs)

    def meant(self, targets: Matrix) -> NDArray[np.intp]:
        """Return where the rows have their one."""
        return _largest(targets)

    def shares(self, outputs: Matrix) -> Matrix:
        """Return the softmax."""
        powers = np.exp(outputs - outputs.max(axis=0))
        shares: Matrix = powers / powers.sum(axis=0)
        return shares


def _divisor(outputs: Matrix, reduction: Reduction) -> int:
    """Return what the sum over the samples is divided by."""
    return outputs.shape[1] if reduction == "mean" else 1


def _one_hot(labels: NDArray[Any], classes: int) -> NDArray[np.float64]:
    """Return (samples, classes) rows of zeros with a one at the class."""
    rows = np.zeros((len(labels), classes))
    rows[np.arange(len(labels)), labels] = 1.0
    return rows


def _largest(outputs: Matrix) -> NDArray[np.intp]:
    return np.asarray(outputs.argmax(axis=0), np.intp)


def _side(outputs: Matrix, threshold: float) -> NDArray[np.intp]:
    """Return class 1 where the one output is above the threshold, else class 0."""
    return np.asarray(outputs[0] > threshold, np.intp)


LOSSES: Mapping[str, Loss] = {
    loss.name: loss for loss in (MeanSquaredError(), Huber(), BinaryCrossEntropy(), CrossEntropy())
}
"""Every loss by its name."""
