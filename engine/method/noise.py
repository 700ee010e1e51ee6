"""Noise on the gradient, as if it came from a sample of a larger set."""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np
from numpy.random import Generator, Philox
from pydantic import Field

from .. import fields
from ..subject.objective import Vector

BLOCK_NUMBERS = 1 << 14
"""How many numbers are drawn ahead at once."""
STREAM = 0x6E6F697365
"""Half of the generator's key, so that no other stream of the same seed is this one."""


class NoiseSpec(fields.Section):
    """Chance that is added to every gradient."""

    gradient: Annotated[fields.Number, Field(ge=0.0, le=1e6)] = Field(
        title="Gradient noise",
        default=0.0,
        description="Standard deviation of what is added to every entry of the gradient; higher blurs the way.",
        json_schema_extra={"symbol": "σ", "scale": "log"},
    )
    samples: Annotated[fields.Whole, Field(ge=1, le=1 << 24)] = Field(
        title="Noise samples",
        default=1,
        description="Draws that the noise is the mean of, as in a batch of so many; higher divides it by the root.",
        json_schema_extra={"symbol": "B", "scale": "log"},
    )


class GradientNoise:
    """Independent normal numbers for every entry and step: a function of seed and step alone, for vectors of one size.

    The numbers of consecutive steps are drawn in blocks, each from a place of its own in a generator that is a
    function of key and counter; so a rewind finds the same noise, and so do the lanes of a race.

    Source of the generator: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011).

    Attributes:
        vector: What was added last.
    """

    def __init__(self, spec: NoiseSpec, grad: Vector, *, seed: int) -> None:
        """Make the block; `grad` is the vector to which noise is added."""
        self._deviation = spec.gradient / math.sqrt(spec.samples)
        self._grad = grad
        steps = max(1, BLOCK_NUMBERS // grad.size)
        self._block: Any = np.empty((steps, grad.size), grad.dtype)
        self._rows = tuple(self._block)
        self._bits = Philox(key=[seed, STREAM])
        self._normal = Generator(self._bits).standard_normal
        self._fresh: Any = self._bits.state
        self._counter = self._fresh["state"]["counter"]
        self._number = -1
        self.vector: Vector = self._rows[0]

    def add(self, step: int) -> None:
        """Add the noise of this step, counted from 1."""
        number, row = divmod(step - 1, len(self._rows))
        if number != self._number:
            self._counter[:] = 0, 0, number, 0
            self._bits.state = self._fresh
            self._normal(out=self._block, dtype=self._block.dtype)
            np.multiply(self._block, self._deviation, self._block)
            self._number = number
        self.vector = self._rows[row]
        np.add(self._grad, self.vector, self._grad)
