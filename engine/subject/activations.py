"""The activation functions of a network and their derivatives, as operations on arrays that stay in place.

A derivative is written in terms of the activation itself, so the sums before it are not kept.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import numpy as np

from .objective import Matrix, Operations


class Activation(abc.ABC):
    """A function that is applied to every unit."""

    name: ClassVar[str]
    formula: ClassVar[str]
    init: ClassVar[str]
    """The initialisation that keeps the variance of the activations from layer to layer: "he" or "xavier"."""

    @abc.abstractmethod
    def forward(self, values: Matrix) -> Operations:
        """Return what replaces the sums in `values`, (units, samples), by their activations."""

    @abc.abstractmethod
    def slopes(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return what leaves in `slopes` what `chain` needs to know of the derivative at the activations `values`."""

    def chain(self, delta: Matrix, slopes: Matrix) -> Operations:
        """Return what multiplies the gradient in `delta` by the derivative."""
        return [partial(np.multiply, delta, slopes, delta)]


class Relu(Activation):
    """max(0, z). At the kink itself the derivative is 0, as everywhere."""

    name = "relu"
    formula = "max(0, z)"
    init = "he"

    def forward(self, values: Matrix) -> Operations:
        """Return the maximum with zeros."""
        # NumPy compares with an array three times as fast as with a number.
        return [partial(np.maximum, values, np.zeros_like(values), out=values)]

    def slopes(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return what makes a mask of bits: all set where the unit is active, none where it is not.

        As an integer a positive number is positive and 0.0 is 0, so the negative has its highest bit set just where
        the unit is active, and a shift by the whole width fills the others with it.
        """
        width = np.array(8 * values.itemsize - 1, dtype=_bits(values).dtype)
        return [
            partial(np.negative, _bits(values), _bits(slopes)),
            partial(np.right_shift, _bits(slopes), width, _bits(slopes)),
        ]

    def chain(self, delta: Matrix, slopes: Matrix) -> Operations:
        """Return what keeps the gradient of the active units."""
        return [partial(np.bitwise_and, _bits(delta), _bits(slopes), _bits(delta))]


class Tanh(Activation):
    """tanh z, whose derivative is 1 − a²."""

    name = "tanh"
    formula = "tanh z"
    init = "xavier"

    def forward(self, values: Matrix) -> Operations:
        """Return the hyperbolic tangent."""
        return [partial(np.tanh, values, values)]

    def slopes(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return 1 − a²."""
        one = np.array(1.0, values.dtype)
        return [partial(np.multiply, values, values, slopes), partial(np.subtract, one, slopes, slopes)]


class Sigmoid(Activation):
    """σ(z) = 1/(1 + e⁻ᶻ), whose derivative is a(1 − a)."""

    name = "sigmoid"
    formula = "1/(1 + e⁻ᶻ)"
    init = "xavier"

    def forward(self, values: Matrix) -> Operations:
        """Return ½ (1 + tanh(z/2)), which overflows nowhere."""
        half = np.array(0.5, values.dtype)
        return [
            partial(np.multiply, values, half, values),
            partial(np.tanh, values, values),
            partial(np.multiply, values, half, values),
            partial(np.add, values, half, values),
        ]

    def slopes(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return a(1 − a)."""
        one = np.array(1.0, values.dtype)
        return [partial(np.subtract, one, values, slopes), partial(np.multiply, slopes, values, slopes)]


class Identity(Activation):
    """z itself."""

    name = "identity"
    formula = "z"
    init = "xavier"

    def forward(self, values: Matrix) -> Operations:
        """Return nothing to do."""
        return []

    def slopes(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return nothing to do."""
        return []

    def chain(self, delta: Matrix, slopes: Matrix) -> Operations:
        """Return nothing to do: the derivative is 1."""
        return []


def _bits(values: Matrix) -> Matrix:
    """Return the same memory as integers of the same width."""
    return values.view(f"i{values.itemsize}")


ACTIVATIONS: Mapping[str, Activation] = {
    activation.name: activation for activation in (Relu(), Tanh(), Sigmoid(), Identity())
}
"""Every activation by its name."""
