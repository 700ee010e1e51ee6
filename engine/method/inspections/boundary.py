"""What a network says everywhere on a plane through its inputs: class boundaries, or a fitted surface."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ...errors import InputError
from ..path import Path
from ..trainer import Trainer
from .inspection import Finding, Inspection
from .model import Model, checked_output, figures_of, limits_of, points_of

COARSE = 4
"""The first picture has a cell for so many columns and rows of the last one."""


class BoundaryInspection(Inspection):
    """The outputs over two of the inputs, in their own units, the others at their means; and the samples.

    Facts: `x`, `y` and `features`; `xlim` and `ylim`; `classes`; `limits`, the least and the greatest number to fit;
    `samples`, how many there are, `seen` and `right` of them, and `error`, the root mean square of a regression's
    errors, by split: of all held-out samples, up to `JUDGED`, and of the training samples that are shown.
    Arrays: `places` (samples, 2), `meant`, `got` and `held_out` (samples,); of a classification `chosen` and `share`,
    of a regression `value`, all (rows, columns) from the top left corner on, a coarse one first.
    """

    x: Annotated[int, Field(ge=0)] = 0
    y: Annotated[int, Field(ge=0)] = 1
    columns: Annotated[int, Field(ge=1, le=512)] = 64
    rows: Annotated[int, Field(ge=1, le=512)] = 32
    samples: Annotated[int, Field(ge=1, le=4000)] = 400
    """How many of each split are shown."""
    output: Annotated[int, Field(ge=0)] = 0
    """Which number of a regression that fits several."""

    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding | None]:
        """Yield a coarse picture and then the whole; `InputError` where there are no two inputs to choose."""
        model = Model(trainer)
        if model.features < 2:
            raise InputError("there is one input alone: what is fitted to it is a curve")
        if model.network.image_shape is not None:
            raise InputError("the inputs are the pixels of a picture: a plane through two of them says nothing")
        if max(self.x, self.y) >= model.features or self.x == self.y:
            raise InputError(
                f"x = {self.x}, y = {self.y}; allowed: two different inputs from 0 to {model.features - 1}"
            )
        checked_output(model.network, self.output)
        for points in points_of(model, self.samples, self.output):
            if points is None:
                yield None
        assert points is not None
        places = points.inputs[:, [self.x, self.y]]
        xlim, ylim = limits_of(places[:, 0]), limits_of(places[:, 1])
        facts = {
            "x": self.x,
            "y": self.y,
            "features": model.features,
            "xlim": xlim,
            "ylim": ylim,
            "classes": model.network.classes,
            **figures_of(points, model.network),
        }
        shown = points.first(self.samples)
        arrays = {
            "places": shown.inputs[:, [self.x, self.y]],
            "meant": _sendable(shown.meant),
            "got": _sendable(shown.got),
            "held_out": shown.held_out,
        }
        strides = (COARSE, 1) if self.rows * self.columns > 4 * model.stretch else (1,)
        for stride in strides:
            rows, columns = -(-self.rows // stride), -(-self.columns // stride)
            grid = np.tile(points.middle, (rows * columns, 1))
            # The middle of every cell; row 0 is the topmost.
            grid[:, self.x] = np.tile(_middles(xlim, columns), rows)
            grid[:, self.y] = np.repeat(_middles(ylim, rows)[::-1], columns)
            seen: dict[str, NDArray[np.generic]] = {}
            for found in self._over(model, grid):
                if found is None:
                    yield None
                else:
                    seen = {name: values.reshape(rows, columns) for name, values in found.items()}
            yield Finding(facts=facts, arrays={**arrays, **seen}, share=1.0 if stride == 1 else 1.0 / COARSE**2)

    def _over(self, model: Model, grid: NDArray[np.float64]) -> Iterator[dict[str, NDArray[np.generic]] | None]:
        """Yield None after every stretch, and at last what the network says at each point of the grid."""
        count, loss = len(grid), model.network.loss
        if not model.network.classes:
            value = np.empty(count, np.float32)
            for part in _parts(count, model.stretch):
                value[part] = model.outputs_at(grid[part])[self.output]
                yield None
            yield {"value": value}
            return
        few = model.network.classes <= 256
        chosen = np.empty(count, np.uint8 if few else np.int32)
        share = np.empty(count, np.float32)
        for part in _parts(count, model.stretch):
            outputs = model.outputs_at(grid[part])
            chosen[part] = loss.chosen(outputs)
            share[part] = loss.shares(outputs).max(axis=0)
            yield None
        yield {"chosen": chosen, "share": share}


def _sendable(values: NDArray[np.generic]) -> NDArray[np.generic]:
    return values.astype(np.float32 if values.dtype.kind == "f" else np.int32)


def _parts(count: int, length: int) -> Iterator[slice]:
    return (slice(first, min(first + length, count)) for first in range(0, count, length))


def _middles(limits: list[float], cells: int) -> NDArray[np.float64]:
    low, high = limits
    return np.asarray(low + (np.arange(cells) + 0.5) * ((high - low) / cells), np.float64)
