"""What flows through a network: the activations forward and the gradients backward, stage by stage, as their sizes.

So vanishing and exploding gradients can be seen where they arise: a stage that shrinks them by half leaves a thousandth
after ten of its kind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .network import Network, layer_blocks
from .objective import Batch, Matrix, Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage on the way from the inputs to the loss; all sizes are those of one pass forward and backward."""

    name: str
    """Such as "layer1" or "tanh"; the way begins with "input" and ends with the loss by its name."""
    kind: str
    """ "input", "linear", "activation" or "loss"."""
    formula: str
    """What it computes, in the words of `subject.network`."""
    shape: tuple[int, ...]
    """(samples, units) of what comes out; nothing for the loss, which is a number."""
    size: float
    """Root mean square of what comes out, over samples and units; of the loss, its value."""
    gradient: float
    """Norm of ∂L/∂(what comes out) over all samples and units; of the loss, 1."""
    weights: tuple[int, ...] = ()
    """Shape of the weights of a linear stage, (inputs, units), the bias left aside."""
    weight_norm: float = math.nan
    weight_gradient: float = math.nan
    """Norm of ∂L/∂W of a linear stage, its bias included."""


def stages(network: Network, theta: Vector, grad: Vector, batch: Batch) -> tuple[Stage, ...]:
    """Return every stage at the parameters `theta`, dropout off and without penalty; `grad` is overwritten.

    Args:
        network: Its workspace for so many samples is used.
        theta: The parameters.
        grad: Where the gradient goes, beside `theta`.
        batch: The samples that go through.
    """
    loss = network.bind(theta, grad).loss_and_gradient(batch)
    space = network.workspace(batch.count)
    features = batch.features[: network.widths[0]]
    blocks = layer_blocks(network, theta), layer_blocks(network, grad)
    last = len(blocks[0]) - 1
    # ∂L/∂x: the pass backward itself needs no gradient at the inputs.
    found = [_stage("input", "input", "x", features, _before(blocks[0][0], space.deltas[0], network))]
    for layer, (block, slope) in enumerate(zip(*blocks, strict=True)):
        inputs = batch.features if layer == 0 else space.activations[layer - 1]
        # A pass bends the sums where they stand, so they are made anew.
        sums = block.T.dot(inputs)
        weights = block[: len(block) - network.ones]
        found.append(
            Stage(
                name=f"layer{layer + 1}",
                kind="linear",
                formula=f"z{layer + 1} = Wᵀ·{'x' if layer == 0 else f'a{layer}'}{' + b' if network.ones else ''}",
                shape=sums.T.shape,
                size=_root_mean_square(sums),
                gradient=_norm(space.deltas[layer]),
                weights=weights.shape,
                weight_norm=_norm(weights),
                weight_gradient=_norm(slope),
            )
        )
        if layer < last:
            found.append(
                _stage(
                    network.activation.name,
                    "activation",
                    f"a{layer + 1} = {network.activation.name}(z{layer + 1})",
                    space.sums[layer],
                    _before(blocks[0][layer + 1], space.deltas[layer + 1], network),
                )
            )
    name = network.loss.name
    found.append(
        Stage(name=name, kind="loss", formula=f"L = {name}(z{last + 1}, y)", shape=(), size=loss, gradient=1.0)
    )
    return tuple(found)


def _stage(name: str, kind: str, formula: str, values: Matrix, gradient: Matrix) -> Stage:
    return Stage(
        name=name,
        kind=kind,
        formula=formula,
        shape=values.T.shape,
        size=_root_mean_square(values),
        gradient=_norm(gradient),
    )


def _before(block: Matrix, delta: Matrix, network: Network) -> Matrix:
    """Return the gradient at what a layer takes in: its weights without the bias, times that at its sums."""
    product: Matrix = block[: len(block) - network.ones].dot(delta)
    return product


def _norm(values: NDArray[Any]) -> float:
    return float(np.linalg.norm(values.astype(np.float64)))


def _root_mean_square(values: Matrix) -> float:
    return _norm(values) / math.sqrt(values.size or 1)
