"""The activation functions of a network and their derivatives, as operations on arrays that stay in place.

A derivative is written in terms of the activation itself, so the sums before it are not kept; where the activation
does not tell it, the forward pass leaves in the place of the derivative what does.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

import numpy as np

from . import normal
from .objective import Matrix, Operations, Vector


class Activation(abc.ABC):
    """A function that is applied to every unit."""

    name: ClassVar[str]
    formula: ClassVar[str]
    init: ClassVar[str]
    """The initialisation that keeps the variance of the activations from layer to layer: "he" or "xavier"."""

    bent: ClassVar[bool] = False
    """Whether it is two functions that meet at 0, where a derivative jumps: no differences hold across that place."""

    @abc.abstractmethod
    def forward(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return what replaces the sums in `values` by their activations.

        Both are (units, samples) and contiguous; what is left in `slopes` is there for `self.slopes` to find.
        """

    @abc.abstractmethod
    def slopes(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return what leaves in `slopes` what `chain` needs to know of the derivative at the activations `values`."""

    def chain(self, delta: Matrix, slopes: Matrix) -> Operations:
        """Return what multiplies the gradient in `delta` by the derivative."""
        return [partial(np.multiply, delta, slopes, delta)]


class Relu(Activation):
    """max(0, z). At the kink itself the derivative is 0, as everywhere.

    Source: V. Nair, G. E. Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines", ICML 2010.
    """

    name = "relu"
    formula = "max(0, z)"
    init = "he"
    bent = True

    def forward(self, values: Matrix, slopes: Matrix) -> Operations:
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
    """tanh z, whose derivative is 1 − a².

    Source: Y. LeCun, L. Bottou, G. B. Orr, K.-R. Müller, "Efficient BackProp" (1998), section 4.4, without its factors.
    """

    name = "tanh"
    formula = "tanh z"
    init = "xavier"

    def forward(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return the hyperbolic tangent."""
        return [partial(np.tanh, values, values)]

    def slopes(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return 1 − a²."""
        one = np.array(1.0, values.dtype)
        return [partial(np.multiply, values, values, slopes), partial(np.subtract, one, slopes, slopes)]


class Sigmoid(Activation):
    """σ(z) = 1/(1 + e⁻ᶻ), whose derivative is a(1 − a).

    Source: D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning Representations by Back-Propagating Errors",
    Nature 323 (1986), eq. 2.
    """

    name = "sigmoid"
    formula = "1/(1 + e⁻ᶻ)"
    init = "xavier"

    def forward(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return ½ (1 + tanh(z/2)), which overflows nowhere."""
        return _logistic(values, values)

    def slopes(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return a(1 − a)."""
        one = np.array(1.0, values.dtype)
        return [partial(np.subtract, one, values, slopes), partial(np.multiply, slopes, values, slopes)]


class Identity(Activation):
    """z itself.

    Source: `torch.nn.Identity`.
    """

    name = "identity"
    formula = "z"
    init = "xavier"

    def forward(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return nothing to do."""
        return []

    def slopes(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return nothing to do."""
        return []

    def chain(self, delta: Matrix, slopes: Matrix) -> Operations:
        """Return nothing to do: the derivative is 1."""
        return []


class LeakyRelu(Activation):
    """max(z, 0.01 z), with PyTorch's slope. At the kink itself the derivative is 0.01, as on the left.

    Source: A. L. Maas, A. Y. Hannun, A. Y. Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models",
    ICML 2013 workshop.
    """

    name = "leaky_relu"
    formula = "max(z, 0.01 z)"
    init = "he"
    bent = True

    LEAK = 0.01

    def forward(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return the larger of the sum and a hundredth of it."""
        leak = np.array(self.LEAK, values.dtype)
        return [partial(np.multiply, values, leak, slopes), partial(np.maximum, values, slopes, out=values)]

    def slopes(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return 1 or 0.01, as the activation has the sign of the sum."""
        zero = np.array(0.0, values.dtype)
        leak = np.full_like(values, self.LEAK)
        return [partial(np.heaviside, values, zero, slopes), partial(np.maximum, slopes, leak, out=slopes)]


class Elu(Activation):
    """z where it is positive, eᶻ − 1 elsewhere, whose derivative is 1 and eᶻ.

    Source: D.-A. Clevert, T. Unterthiner, S. Hochreiter, "Fast and Accurate Deep Network Learning by Exponential
    Linear Units (ELUs)", arXiv:1511.07289, eq. 4, with α = 1.
    """

    name = "elu"
    formula = "z, or eᶻ − 1 below 0"
    init = "he"
    bent = True

    def forward(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return max(z, 0) + e^min(z, 0) − 1, and leave the derivative, which is one term of it."""
        zeros, one = np.zeros_like(values), np.array(1.0, values.dtype)
        return [
            partial(np.minimum, values, zeros, out=slopes),
            partial(np.expm1, slopes, slopes),
            partial(np.maximum, values, zeros, out=values),
            partial(np.add, values, slopes, values),
            partial(np.add, slopes, one, slopes),
        ]

    def slopes(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return nothing to do: the derivative is there already."""
        return []


class Softplus(Activation):
    """log(1 + eᶻ), whose derivative is 1 − e⁻ᵃ.

    Source: C. Dugas et al., "Incorporating Second-Order Functional Knowledge for Better Option Pricing", NIPS 2000.
    """

    name = "softplus"
    formula = "log(1 + eᶻ)"
    init = "he"

    def forward(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return the logarithm of the sum as a whole, which overflows nowhere."""
        return [partial(np.logaddexp, values, np.array(0.0, values.dtype), values)]

    def slopes(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return −(e⁻ᵃ − 1), in which no digit is lost where a is small."""
        return [
            partial(np.negative, values, slopes),
            partial(np.expm1, slopes, slopes),
            partial(np.negative, slopes, slopes),
        ]


class Silu(Activation):
    """z·σ(z), also called swish, whose derivative is σ + a(1 − σ).

    Source: S. Elfwing, E. Uchibe, K. Doya, "Sigmoid-Weighted Linear Units for Neural Network Function Approximation
    in Reinforcement Learning", arXiv:1702.03118, eq. 1 and 3.
    """

    name = "silu"
    formula = "z/(1 + e⁻ᶻ)"
    init = "he"

    def forward(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return the product of z and σ(z), and leave σ(z) for the derivative."""
        return [*_logistic(values, slopes), partial(np.multiply, values, slopes, values)]

    def slopes(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return σ + (a − a·σ)."""
        rest = np.empty_like(values)
        return [
            partial(np.multiply, values, slopes, rest),
            partial(np.subtract, values, rest, rest),
            partial(np.add, slopes, rest, slopes),
        ]


class Gelu(Activation):
    """z·Φ(z) with the normal distribution's Φ itself and not the approximation by tanh, as PyTorch's default.

    With the tail below −|z|, E = Φ(−|z|), it is max(z, 0) − |z|·E, and its derivative Φ(z) + z·φ(z) is the step from
    0 to 1 at 0 plus (|z|·φ(z) − E) with the sign of z: nothing is lost far from 0, and E and φ share their
    exponential.

    Source: D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units (GELUs)", arXiv:1606.08415.
    """

    name = "gelu"
    formula = "z·Φ(z)"
    init = "he"

    STRETCH = 8192
    """So many numbers at once: the sixty passes over them stay in the processor's cache."""

    def forward(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return the activations, and leave their derivative."""
        flat, flat_slopes = values.reshape(-1), slopes.reshape(-1)
        space = np.empty((4, min(self.STRETCH, len(flat))), values.dtype)
        zeros, far = np.zeros_like(space[0]), np.full_like(space[0], normal.FAR)
        operations: list[Callable[[], object]] = []
        for first in range(0, len(flat), self.STRETCH):
            z, slope = flat[first : first + self.STRETCH], flat_slopes[first : first + self.STRETCH]
            operations += self._stretch(z, slope, space[:, : len(z)], zeros[: len(z)], far[: len(z)])
        return operations

    def slopes(self, values: Matrix, slopes: Matrix) -> Operations:
        """Return nothing to do: the derivative is there already."""
        return []

    def _stretch(self, z: Vector, slope: Vector, space: Matrix, zeros: Vector, far: Vector) -> Operations:
        distance, bell, other, sign = space
        half, scale = np.array(0.5, z.dtype), np.array(normal.DENSITY_AT_0, z.dtype)
        return [
            partial(np.abs, z, distance),
            partial(np.minimum, distance, far, out=distance),
            *normal.tail(distance, bell, slope, other, sign),
            partial(np.multiply, distance, slope, other),
            partial(np.multiply, bell, scale, bell),
            partial(np.multiply, distance, bell, bell),
            partial(np.subtract, bell, slope, bell),
            partial(np.sign, z, sign),
            partial(np.multiply, bell, sign, bell),
            partial(np.heaviside, z, half, slope),
            partial(np.add, slope, bell, slope),
            partial(np.maximum, z, zeros, out=z),
            partial(np.subtract, z, other, z),
        ]


def _logistic(values: Matrix, out: Matrix) -> Operations:
    """Return what leaves σ(z) of `values` in `out`: ½ (1 + tanh(z/2)) overflows nowhere."""
    half = np.array(0.5, values.dtype)
    return [
        partial(np.multiply, values, half, out),
        partial(np.tanh, out, out),
        partial(np.multiply, out, half, out),
        partial(np.add, out, half, out),
    ]


def _bits(values: Matrix) -> Matrix:
    """Return the same memory as integers of the same width."""
    return values.view(f"i{values.itemsize}")


ACTIVATIONS: Mapping[str, Activation] = {
    activation.name: activation
    for activation in (Relu(), Tanh(), Sigmoid(), Identity(), LeakyRelu(), Elu(), Softplus(), Silu(), Gelu())
}
"""Every activation by its name."""
