"""The network of a lane as it was after one step, for whoever wants to see what it makes of its inputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...subject.network import EVALUATION_CHUNK, Network
from ...subject.objective import Batch, Matrix
from ..path import Path
from ..trainer import Trainer
from .inspection import Finding, Inspection

STRETCH_MULTIPLICATIONS = 8_000_000
"""About so many take two or three milliseconds."""


class Model:
    """A network without dropout, with a copy of the parameters that an evaluation uses, and arrays of its own.

    Attributes:
        network: The network.
        stretch: How many samples it takes between two steps.
    """

    def __init__(self, trainer: Trainer) -> None:
        """Copy what is to be seen; `InputError` where nothing is fitted to samples."""
        self.network = network_of(trainer).twin(seed=0, dropout_seed=0)
        self.theta = trainer.evaluated_theta.copy()
        # No gradient is ever asked for, and memory that nobody touches is none.
        self._bound = self.network.bind(self.theta, np.empty_like(self.theta))
        self.stretch = max(1, min(EVALUATION_CHUNK, STRETCH_MULTIPLICATIONS // len(self.theta)))
        self._scaling = self.network.scaling.in_precision(np.dtype(np.float64), self.network.dtype)

    @property
    def features(self) -> int:
        """How many inputs there are."""
        features: int = self.network.widths[0]
        return features

    def outputs(self, batch: Batch) -> Matrix:
        """Return the outputs of a batch, (outputs, samples); the next one overwrites them."""
        return self._bound.outputs(batch)

    def outputs_at(self, inputs: NDArray[np.float64]) -> Matrix:
        """Return the outputs at inputs in their own units, (samples, features); the next ones overwrite them."""
        count = len(inputs)
        network = self.network
        scaled = np.ones((count, self.features + network.ones), network.dtype)
        self._scaling.apply(inputs, slice(None), scaled[:, : self.features])
        return self.outputs(Batch(inputs=scaled, targets=np.empty((count, 0), network.dtype)))

    def inputs_of(self, batch: Batch) -> NDArray[np.float64]:
        """Return the inputs of a batch in the units that they had before they were scaled, (samples, features)."""
        return self.network.scaling.undone(batch.inputs[:, : self.features])

    def batches(self, split: str, at_most: int) -> Iterator[Batch]:
        """Return the first samples of a split in stretches; of a file they are read as they come."""
        samples = self.network.evaluation_set(split)
        count = min(samples.count, at_most)
        for first in range(0, count, self.stretch):
            yield samples.batch(first, min(first + self.stretch, count))


def network_of(trainer: Trainer) -> Network:
    """Return the network that is trained; `InputError` where a point moves over a function instead."""
    if not isinstance(trainer.objective, Network):
        raise InputError("this run has no model: its parameters are a point that moves over a function")
    return trainer.objective


class ModelInspection(Inspection):
    """What is fitted to what.

    Facts: `widths` of the inputs, the hidden layers and the outputs, `parameters`, `bias`, `activation`, `classes` (0
    for a regression), `image` as [rows, columns] or null, `names` of the inputs if they have some, and `samples` by the
    name of their split.
    """

    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding]:
        """Yield it at once; `InputError` where there is no network."""
        network = network_of(trainer)
        yield Finding(
            facts={
                "widths": list(network.widths),
                "parameters": len(trainer.theta),
                "bias": bool(network.ones),
                "activation": trainer.spec.model.activation,
                "classes": network.classes,
                "image": list(network.image_shape) if network.image_shape else None,
                "names": list(network.feature_names),
                "samples": {split: network.evaluation_set(split).count for split in network.splits},
            }
        )


JUDGED = 4000
"""Held-out samples that are looked at, however few of them are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Samples of both splits beside what the network makes of them."""

    inputs: NDArray[np.float64]
    """(samples, features), in their own units."""
    meant: NDArray[Any]
    """(samples,): their classes, or the numbers to fit."""
    got: NDArray[Any]
    """(samples,): the classes that they are put into, or the numbers that come out."""
    held_out: NDArray[np.uint8]
    """(samples,): whether each is held out."""

    @property
    def middle(self) -> NDArray[np.float64]:
        """The mean of the training samples, (features,)."""
        mean: NDArray[np.float64] = self.inputs[self.held_out == 0].mean(axis=0)
        return mean

    def first(self, count: int) -> Points:
        """Return the first so many samples of each split: held-out ones stand after the others."""
        of_split = np.where(self.held_out == 1, np.cumsum(self.held_out == 1), np.cumsum(self.held_out == 0))
        kept = of_split <= count
        return Points(
            inputs=self.inputs[kept], meant=self.meant[kept], got=self.got[kept], held_out=self.held_out[kept]
        )


def points_of(model: Model, at_most: int, output: int) -> Iterator[Points | None]:
    """Yield None after every stretch of work, and at last the first samples of each split.

    Args:
        model: What looks at them.
        at_most: Of those that are trained on. The held-out ones are all there, up to `JUDGED`: how many of them are
            right is not to depend on how many can be shown.
        output: Which number of a regression.
    """
    network = model.network
    kept: list[tuple[NDArray[np.float64], NDArray[Any], NDArray[Any], NDArray[np.uint8]]] = []
    for split in network.splits:
        for batch in model.batches(split, max(at_most, JUDGED) if split == "held_out" else at_most):
            outputs = model.outputs(batch)
            if network.classes:
                meant, got = network.loss.meant(batch.outputs), network.loss.chosen(outputs)
            else:
                meant, got = (table[output].astype(np.float64) for table in (batch.outputs, outputs))
            held_out = np.full(batch.count, split == "held_out", np.uint8)
            kept.append((model.inputs_of(batch), meant, got, held_out))
            yield None
    inputs, meant, got, held_out = (np.concatenate(parts) for parts in zip(*kept, strict=True))
    yield Points(inputs=inputs, meant=meant, got=got, held_out=held_out)


def figures_of(points: Points, network: Network) -> dict[str, object]:
    """Return how many of these samples are right, or how far off a regression is, and how many there are, by split."""
    figures: dict[str, object] = {"samples": {split: network.evaluation_set(split).count for split in network.splits}}
    parts = {"train": points.held_out == 0, "held_out": points.held_out == 1}
    figures["seen"] = {split: int(part.sum()) for split, part in parts.items()}
    if network.classes:
        right = points.meant == points.got
        figures["right"] = {split: int(right[part].sum()) for split, part in parts.items()}
    else:
        errors = points.got - points.meant
        figures["error"] = {
            split: float(np.sqrt(np.mean(np.square(errors[part])))) if part.any() else 0.0
            for split, part in parts.items()
        }
        figures["limits"] = [float(points.meant.min()), float(points.meant.max())]
    return figures


def checked_output(network: Network, output: int) -> None:
    """Raise `InputError` where there is no such number of a regression."""
    if not network.classes and output >= network.widths[-1]:
        raise InputError(f"output = {output}; allowed: 0 to {network.widths[-1] - 1}")


def limits_of(values: NDArray[np.float64]) -> list[float]:
    """Return the least and the greatest value with a twelfth of their distance on either side."""
    low, high = float(values.min()), float(values.max())
    room = (high - low) / 12.0 or max(abs(low), 1.0) / 12.0
    return [low - room, high + room]
