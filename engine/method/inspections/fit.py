"""What a network with a single input says: a curve over its samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from ...errors import InputError
from ...text import counted
from ..path import Path
from ..trainer import Trainer
from .inspection import Finding, Inspection
from .model import Model, checked_output, figures_of, limits_of, points_of


class FitInspection(Inspection):
    """The outputs over the one input, in its own units, and the samples.

    Facts: `xlim`, `classes`, and `samples`, `seen`, `right`, `error` and `limits` as those of a boundary. Arrays: `x`
    (points,) and `curves`, (outputs, points) of a regression's numbers or (classes, points) of how sure the network is
    of each; `inputs`, `meant`, `got` and `held_out` (samples,).
    """

    points: Annotated[int, Field(ge=2, le=1024)] = 200
    samples: Annotated[int, Field(ge=1, le=4000)] = 400
    """How many of each split are shown."""
    output: Annotated[int, Field(ge=0)] = 0
    """Which number of a regression that fits several."""

    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding | None]:
        """Yield the curve; `InputError` where there are more inputs."""
        model = Model(trainer)
        if model.features != 1:
            raise InputError(f"a curve has one input, and this model has {counted(model.features, 'input')}")
        checked_output(model.network, self.output)
        for points in points_of(model, self.samples, self.output):
            if points is None:
                yield None
        assert points is not None
        network = model.network
        xlim = limits_of(points.inputs[:, 0])
        x = np.linspace(xlim[0], xlim[1], self.points)
        shown = points.first(self.samples)
        outputs = []
        for first in range(0, self.points, model.stretch):
            outputs.append(model.outputs_at(x[first : first + model.stretch, None]).copy())
            yield None
        together = np.concatenate(outputs, axis=1)
        curves = network.loss.shares(together) if network.classes else together[self.output : self.output + 1]
        yield Finding(
            facts={"xlim": xlim, "classes": network.classes, **figures_of(points, network)},
            arrays={
                "x": x,
                "curves": curves.astype(np.float64),
                "inputs": shown.inputs[:, 0],
                "meant": shown.meant.astype(np.float64),
                "got": shown.got.astype(np.float64),
                "held_out": shown.held_out,
            },
        )
