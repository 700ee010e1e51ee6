"""What the Jacobians of a network's layers would take for a batch, beside what a step really holds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...subject.network import Network
from .point import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerJacobian:
    """The derivative of one layer's sums with respect to its inputs, as a full matrix."""

    name: str
    inputs: int
    outputs: int
    nbytes: int
    """(batch·outputs) × (batch·inputs) numbers: every output of every sample by every input of every sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes for one step, in the run's own precision."""

    batch: int
    """Samples in a batch."""
    layers: tuple[LayerJacobian, ...]
    jacobians: int
    """All layers' together."""
    activations: int
    slopes: int
    """The derivatives of the activations."""
    deltas: int
    """The gradient with respect to the sums of each layer."""
    gradient: int
    """That with respect to the parameters."""

    @property
    def step(self) -> int:
        """What backpropagation holds of a step: activations, slopes, deltas and gradient."""
        return self.activations + self.slopes + self.deltas + self.gradient


def memory(point: Point) -> Memory | None:
    """Return what a step of the run takes, and what it would take with Jacobians; None without layers."""
    network = point.objective
    if not isinstance(network, Network):
        return None
    count, size = network.samples().count, point.spec.batch.size
    batch = count if size == "full" else min(size, count)
    width = np.dtype(point.spec.precision).itemsize
    layers = tuple(
        LayerJacobian(
            name=f"layer{number}", inputs=inputs, outputs=outputs, nbytes=batch * outputs * batch * inputs * width
        )
        for number, (inputs, outputs) in enumerate(pairwise(network.widths), start=1)
    )
    held = network.workspace(batch).counts
    return Memory(
        batch=batch,
        layers=layers,
        jacobians=sum(layer.nbytes for layer in layers),
        activations=held.activations * width,
        slopes=held.slopes * width,
        deltas=held.deltas * width,
        gradient=point.theta.size * width,
    )
