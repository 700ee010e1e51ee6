"""Rates that go from one value to another within a given time, and stay there."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ...fields import Number
from .constant import ending
from .schedule import Floor, Length, Schedule, Share, Verdict, named


class Polynomial(Schedule):
    """A power of what is left of the time: factor(t) = (1 − t/steps)^power, and 0 from then on.

    By hand, steps = 4, power = 2: 1, 0.5625, 0.25, 0.0625, 0.

    Source: `torch.optim.lr_scheduler.PolynomialLR`.
    """

    title: ClassVar[str] = "polynomial decay"

    name: Literal["polynomial"] = named("polynomial")
    steps: Length = Field(title="Length", default=5, description="Units until the rate is 0; higher is slower.")
    power: Annotated[Number, Field(ge=0.0, le=100.0)] = Field(
        title="Power", default=1.0, description="1 is a straight line; higher falls sooner."
    )

    def factor(self, t: int) -> float:
        """Return (1 − t/steps)^power."""
        return float((1.0 - min(t, self.steps) / self.steps) ** self.power)

    @property
    def words(self) -> str:
        """Length and power."""
        return f"to 0 within {self.steps:,} {self.units}, power {self.power:g}"

    def verdict(self) -> Verdict:
        """Return that the rate ends at 0, unless the power is 0: 0⁰ is 1."""
        return ending(self.factor(self.steps), "after its last unit")


class Linear(Schedule):
    """A straight line: factor(t) = start + (end − start)·t/steps, and end from then on.

    By hand, start = 0.5, end = 1, steps = 2: 0.5, 0.75, 1, 1.

    Source: `torch.optim.lr_scheduler.LinearLR`.
    """

    title: ClassVar[str] = "linear"

    name: Literal["linear"] = named("linear")
    steps: Length = Field(title="Length", default=5, description="Units from start to end; higher is slower.")
    start: Annotated[Number, Field(gt=0.0, le=1.0)] = Field(
        title="Start", default=1.0 / 3.0, description="Share of the base rate at the beginning."
    )
    end: Share = Field(title="End", default=1.0, description="Share of the base rate at the end.")

    def factor(self, t: int) -> float:
        """Return the height of the line."""
        return self.start + (self.end - self.start) * (min(t, self.steps) / self.steps)

    @property
    def words(self) -> str:
        """Both ends and the length."""
        return f"from {self.start:.3g} to {self.end:.3g} of the rate within {self.steps:,} {self.units}"

    def verdict(self) -> Verdict:
        """Return what holds of the end."""
        return ending(self.end, "after its last unit")


class Cosine(Schedule):
    """Half a wave: factor(t) = floor + (1 − floor)·½(1 + cos(π·t/steps)), and the floor from then on.

    By hand, floor = 0, steps = 4: 1, 0.8536, 0.5, 0.1464, 0.

    Source: I. Loshchilov, F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", arXiv:1608.03983,
    eq. (5); torch's `CosineAnnealingLR` with η_min = floor·α₀. Deviation: torch's rises again after its end, this
    one stays, as Keras' `CosineDecay`.
    """

    title: ClassVar[str] = "cosine"

    name: Literal["cosine"] = named("cosine")
    steps: Length = Field(title="Length", default=1000, description="Units until the floor; higher is slower.")
    floor: Floor = 0.0

    def factor(self, t: int) -> float:
        """Return the height of the wave."""
        return self.floor + (1.0 - self.floor) * half_wave(min(t, self.steps) / self.steps)

    @property
    def words(self) -> str:
        """Floor and length."""
        return f"to {_of_the_rate(self.floor)} within {self.steps:,} {self.units}"

    def verdict(self) -> Verdict:
        """Return what holds of the floor."""
        return ending(self.floor, "after its last unit")


def half_wave(share: float) -> float:
    """Return how high a cosine is that falls from 1 to 0 while `share` goes from 0 to 1."""
    return (1.0 + math.cos(math.pi * share)) / 2.0


def _of_the_rate(share: float) -> str:
    return f"{share:g} of the rate" if share else "0"
