"""The weights of a network: between its units, and those of the first layer as pictures."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ...errors import InputError
from ..path import Path
from ..trainer import Trainer
from .inspection import Finding, Inspection
from .model import network_of

MOST_LAYERS = 16
"""Of a deeper network the first layers are drawn."""


class WeightsInspection(Inspection):
    """The weights between the first units of every layer, as an evaluation uses them.

    Facts: `widths` of all layers; `greatest`, the greatest magnitude among all the weights of each layer. Arrays:
    `weight1`, (inputs, units) cut to the units that are wanted, `bias1` (units,) where there are biases, and so on.
    """

    units: Annotated[int, Field(ge=1, le=64)] = 12
    """How many of each layer at the most."""

    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding]:
        """Yield them at once; `InputError` where there is no network."""
        # Of a large network the parameters are not copied: what is wanted of them is.
        network, theta, most = network_of(trainer), trainer.evaluated_theta, self.units
        arrays: dict[str, NDArray[np.generic]] = {}
        greatest = []
        for number, (inputs, units) in enumerate(pairwise(network.widths[: MOST_LAYERS + 1]), start=1):
            tensors = {tensor.name: tensor for tensor in network.tensors}
            weight = tensors[f"layer{number}.weight"].of(theta)
            greatest.append(max(float(weight.max()), -float(weight.min())))
            arrays[f"weight{number}"] = weight[: min(most, inputs), : min(most, units)].copy()
            if network.ones:
                arrays[f"bias{number}"] = tensors[f"layer{number}.bias"].of(theta)[:most].copy()
        yield Finding(facts={"widths": list(network.widths), "greatest": greatest}, arrays=arrays)


class PicturesInspection(Inspection):
    """The weights from the pixels of a picture to some units of the first layer.

    Facts: `units`, how many there are; `first`, the number of the first one here; `image` as [rows, columns];
    `hidden`, whether they are hidden units and not the outputs themselves. Arrays: `weights`, (units, pixels).
    """

    first: Annotated[int, Field(ge=0)] = 0
    units: Annotated[int, Field(ge=1, le=400)] = 32

    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding]:
        """Yield them at once; `InputError` where the inputs are no picture."""
        network = network_of(trainer)
        if network.image_shape is None:
            raise InputError("the samples of this run are not pictures, so weights cannot be seen as some")
        weight = network.tensors[0].of(trainer.evaluated_theta)
        units = weight.shape[1]
        first = min(self.first, units - 1)
        yield Finding(
            facts={
                "units": units,
                "first": first,
                "image": list(network.image_shape),
                "hidden": len(network.widths) > 2,
            },
            arrays={"weights": weight[:, first : first + self.units].T.copy()},
        )
