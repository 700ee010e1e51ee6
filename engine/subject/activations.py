"""The activation functions of a network, applied and differentiated in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from .objective import Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """A function applied to every unit, and its derivative written in terms of its own value.

    The derivative needs the activations alone, so the sums before them are not kept.
    """

    name: str
    formula: str
    init: str
    """The initialisation that keeps the variance of the activations from layer to layer: "he" or "xavier"."""
    apply: Callable[[Matrix], None]
    """Replace the sums (units, samples) by their activations."""
    chain: Callable[[Matrix, Matrix, Matrix], None]
    """Multiply the gradient (second) by the derivative at the activations (first); the third is workspace."""


def _relu(values: Matrix) -> None:
    np.maximum(values, 0.0, out=values)


def _relu_chain(values: Matrix, delta: Matrix, scratch: Matrix) -> None:
    # The sign of an activation that is never negative is the derivative; at the kink itself it is 0, as everywhere.
    np.sign(values, out=scratch)
    np.multiply(delta, scratch, out=delta)


def _tanh(values: Matrix) -> None:
    np.tanh(values, out=values)


def _tanh_chain(values: Matrix, delta: Matrix, scratch: Matrix) -> None:
    np.multiply(values, values, out=scratch)
    np.subtract(1.0, scratch, out=scratch)
    np.multiply(delta, scratch, out=delta)


def _sigmoid(values: Matrix) -> None:
    # σ(z) = ½ (1 + tanh(z/2)) overflows nowhere.
    np.multiply(values, 0.5, out=values)
    np.tanh(values, out=values)
    np.multiply(values, 0.5, out=values)
    np.add(values, 0.5, out=values)


def _sigmoid_chain(values: Matrix, delta: Matrix, scratch: Matrix) -> None:
    np.subtract(1.0, values, out=scratch)
    np.multiply(scratch, values, out=scratch)
    np.multiply(delta, scratch, out=delta)


def _identity(values: Matrix) -> None:
    pass


def _identity_chain(values: Matrix, delta: Matrix, scratch: Matrix) -> None:
    pass


ACTIVATIONS: Mapping[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation(name="relu", formula="max(0, z)", init="he", apply=_relu, chain=_relu_chain),
        Activation(name="tanh", formula="tanh z", init="xavier", apply=_tanh, chain=_tanh_chain),
        Activation(name="sigmoid", formula="1/(1 + e⁻ᶻ)", init="xavier", apply=_sigmoid, chain=_sigmoid_chain),
        Activation(name="identity", formula="z", init="xavier", apply=_identity, chain=_identity_chain),
    )
}
"""Every activation by its name."""
