"""One parameter tensor entry by entry: what the optimizer makes of it, its gradient, and the weights themselves."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ...errors import InputError
from ...subject.objective import Tensor, Vector
from ..distribution import DRAWN, extent, histogram, quartiles, reduced
from ..path import Path
from ..trainer import Trainer
from .inspection import Finding, Inspection

Quantity = Literal["root", "rate", "gradient", "weight"]
MOST_SAMPLES = 256
"""A gradient is that of the loss over so many training samples."""
WORK = 1 << 25
"""And of fewer where parameters times samples are more than this, some milliseconds, but of a whole batch: what a step
does takes no longer."""
AT_ONCE = 1 << 20
"""Of a tensor with more entries than this some rows come first."""
_STATE_STRETCH = 1 << 15
"""Entries of the optimizer's vectors at once: what is made of them then stays in the cache."""


class TensorInspection(Inspection):
    """The entries of one tensor: how they are spread, and a picture of where they are.

    Facts: `name`, `shape`, `quantity`; `count`, `zeros`, `not_finite`; `low`, `quartiles` (three), `high` and `rms` of
    the finite entries, `least` the smallest size but 0; `drawn`, from how many entries the quartiles are; `every`, 1
    where all rows were looked at; `scale`, that of the histogram; `block`, what a cell is; `samples`, those behind a
    gradient, 0 otherwise; `note`, what is to be said about the quantity.
    Arrays: `cells` (rows, columns), float32; `left`, `right` and `counts` (bins,).
    """

    tensor: int = Field(ge=0)
    """Its number, counted from 0."""
    quantity: Quantity
    """root: √v̂. rate: the effective learning rate, α/(√v̂ + ε). gradient: of the loss over some training samples at
    the present parameters, penalties included, without dropout and noise. weight: the parameters."""
    rows: int = Field(default=32, ge=1, le=256)
    """Most rows of the picture; a vector has one."""
    columns: int = Field(default=64, ge=1, le=512)
    """Most columns of the picture."""
    bins: int = Field(default=64, ge=2, le=512)
    block: Literal["mean", "largest"] = "mean"
    """What a cell that stands for several entries has: their mean, or the one of the largest size."""
    scale: Literal["auto", "linear", "log"] = "auto"
    """Of the histogram. auto: logarithmic for what scales the steps, linear for gradients and weights."""

    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding | None]:
        """Yield some rows of a large tensor first, and then all of them.

        Raises:
            InputError: There is no such tensor, or the rule knows no such quantity.
        """
        if self.tensor >= len(trainer.tensors):
            raise InputError(f"tensor = {self.tensor}; allowed: 0 to {len(trainer.tensors) - 1}")
        tensor = trainer.tensors[self.tensor]
        facts: dict[str, Any] = {"samples": 0, "note": "", **self._heading(tensor)}
        with np.errstate(all="ignore"):
            values = self._values(trainer, tensor, facts)
        return self._described(values, tensor.shape, facts)

    def _heading(self, tensor: Tensor) -> dict[str, Any]:
        return {"name": tensor.name, "shape": list(tensor.shape), "quantity": self.quantity, "block": self.block}

    def _values(self, trainer: Trainer, tensor: Tensor, facts: dict[str, Any]) -> Vector:
        """Return what is looked at, an entry a parameter, as it is now: shared with nothing."""
        rule = trainer.rule.within(tensor.shape)
        if self.quantity in (lacking := rule.lacking()):
            raise InputError(lacking[self.quantity])
        if self.quantity == "weight":
            return trainer.theta[tensor.start : tensor.stop].copy()
        if self.quantity == "gradient":
            gradient, facts["samples"] = _gradient(trainer)
            return gradient[tensor.start : tensor.stop]
        if self.quantity == "root" and getattr(rule, "centered", False):
            facts["note"] = "√v; the centered form divides by √(v − ḡ²)"
        values = np.empty(tensor.size, trainer.theta.dtype)
        for start in range(0, tensor.size, _STATE_STRETCH):
            stop = min(start + _STATE_STRETCH, tensor.size)
            state = trainer.state.part(tensor.start + start, tensor.start + stop)
            values[start:stop] = rule.roots(state) if self.quantity == "root" else rule.rates(state, trainer.dials.lr)
        return values

    def _described(
        self, values: Vector, shape: tuple[int, ...], facts: dict[str, Any]
    ) -> Generator[Finding | None, None, None]:
        matrix = values.reshape(shape[0], -1) if len(shape) > 1 else values.reshape(1, -1)
        if values.size > AT_ONCE:
            every = 4 * -(-values.size // AT_ONCE)
            some = matrix[::every] if len(matrix) >= every else matrix[:, ::every]
            yield from self._looked_at(np.ascontiguousarray(some), {**facts, "every": every}, share=1.0 / every)
            yield None
        yield from self._looked_at(matrix, {**facts, "every": 1}, share=1.0)

    def _looked_at(
        self, matrix: NDArray[Any], facts: dict[str, Any], *, share: float
    ) -> Generator[Finding | None, None, None]:
        values = matrix.reshape(-1)
        found = yield from extent(values)
        scale = self.scale
        if scale == "auto":
            scale = "log" if self.quantity in ("root", "rate") else "linear"
        counted = yield from histogram(values, found, self.bins, scale)
        cells = yield from reduced(matrix, self.rows, self.columns, self.block)
        facts |= {
            "count": found.count,
            "zeros": found.zeros,
            "not_finite": found.count - found.finite,
            "low": found.low,
            "quartiles": list(quartiles(values)),
            "high": found.high,
            "least": found.least,
            "rms": found.rms,
            "drawn": min(found.count, DRAWN),
            "scale": counted.scale,
        }
        arrays: dict[str, NDArray[Any]] = {
            "cells": cells,
            "left": counted.left,
            "right": counted.right,
            "counts": counted.counts,
        }
        yield Finding(facts=facts, arrays=arrays, share=share)


def _gradient(trainer: Trainer) -> tuple[Vector, int]:
    """Return the gradient of the loss over the first training samples, (parameters,), and how many of them.

    The parameters are used where they are, as the next step waits for this one call.
    """
    objective, theta = trainer.objective, trainer.theta
    samples = objective.samples()
    batch = trainer.batches.size
    count = min(samples.count, MOST_SAMPLES, max(WORK // theta.size, batch))
    gradient = np.empty_like(theta)
    penalties = trainer.spec.regularisation.model_copy(update={"dropout": 0.0})
    bound = objective.bind(theta, gradient, penalties)
    bound.loss_and_gradient(samples.batch(0, count))
    return gradient, count
