"""What the activations of a few samples tell: units that are always off, and units that are at their asymptotes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...subject.network import BoundNetwork, Network
from ...subject.objective import Matrix
from ..trainer import Trainer
from .alarm import Alarm, Latches

SAMPLES = 256
"""Training samples that are looked at, the first ones."""
MOST = 0.5
"""The share of a layer's units that gives a sign: most of them are of no use. Some always are.

Source: A. Karpathy, CS231n, "Neural Networks Part 1": as much as 40 % of a network can be dead, that is, never
activate across the entire training set, if the learning rate is set too high.
"""
FLAT = 0.05
"""A slope of this share of the largest is flat: σ(z) beyond ±4.4, tanh z beyond ±2.2.

Source: X. Glorot, Y. Bengio (2010), section 3.1, where a sigmoid layer whose activations sink to 0 is called saturated
and takes long to recover.
"""
OFTEN = 0.95
"""The share of the samples for which a unit has to be flat to count: one that is steep for a few can still learn."""


class UnitWatch:
    """Looks at the hidden units of a network every now and then."""

    def __init__(self, trainer: Trainer) -> None:
        """Watch the network of a trainer."""
        self._latches = Latches(2)
        self._trainer = trainer
        network = trainer.objective
        known = isinstance(network, Network) and len(network.widths) > 2
        self._kind = network.activation.name if known and isinstance(network, Network) else ""
        self._bound: BoundNetwork | None = None
        if isinstance(network, Network) and self._kind in ("relu", "sigmoid", "tanh"):
            self._theta = np.empty_like(trainer.theta)
            self._bound = network.bind(self._theta, np.empty_like(trainer.theta))
            self._network = network

    @property
    def can_look(self) -> bool:
        """Whether there are units that can die or saturate."""
        return self._bound is not None

    def look(self) -> None:
        """Push a few samples through the network as it is now."""
        if self._bound is None:
            return
        np.copyto(self._theta, self._trainer.theta)
        samples = self._network.evaluation_set("train")
        layers = self._bound.activations(samples.batch(0, min(SAMPLES, samples.count)))
        step = self._trainer.step_count
        for number, values in enumerate(layers, start=1):
            tensor = f"layer{number}"
            if self._kind == "relu":
                off = float(np.mean(~np.any(values > 0.0, axis=1)))
                text = f"{off:.0%} of the units of {tensor} are off for every sample"
                self._latches.see("dead", step, text, begins=off > MOST, ends=off < MOST / 2.0, tensor=tensor)
            else:
                flat = float(np.mean(np.mean(_slopes(values, self._kind) < FLAT, axis=1) >= OFTEN))
                text = f"{flat:.0%} of the units of {tensor} are at their asymptotes for nearly every sample"
                self._latches.see("saturated", step, text, begins=flat > MOST, ends=flat < MOST / 2.0, tensor=tensor)

    @property
    def are_lost(self) -> bool:
        """Whether most units of a layer have been told to be dead or saturated: small gradients are but their mark."""
        return self._latches.is_any_on

    def take(self) -> list[Alarm]:
        """Return what has begun or ended since the last time."""
        return self._latches.take()


def _slopes(values: Matrix, kind: str) -> Any:
    """Return the derivative at these activations as a share of the largest there is, (units, samples)."""
    return 1.0 - values * values if kind == "tanh" else 4.0 * values * (1.0 - values)
