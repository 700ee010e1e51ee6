"""Rates that fall for ever, in steps or smoothly."""

from __future__ import annotations

import math
from bisect import bisect_right
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from ...fields import Number
from .constant import CONSTANT, ending
from .schedule import Decay, Length, Schedule, Verdict, named


def _spelled(value: Any) -> Any:
    """Return a list of whole numbers as the text that a form, a command line and the record can carry."""
    if isinstance(value, list | tuple) and all(type(part) is int for part in value):
        return ", ".join(str(part) for part in value)
    if type(value) is int:
        return str(value)
    return value


Gamma = Annotated[Decay, Field(json_schema_extra={"symbol": "γ", "scale": "one-minus-log"})]
Milestones = Annotated[
    str,
    BeforeValidator(_spelled),
    Field(examples=["500, 750"], max_length=400, pattern=r"^\s*\d{1,15}(\s*,\s*\d{1,15}){0,30}\s*$"),
]
"""Whole numbers in rising or any other order, as text with commas between; a preset may give a list."""


class Step(Schedule):
    """A fall at equal distances: factor(t) = γ^⌊t/every⌋.

    By hand, γ = 0.5, every = 2: 1, 1, ½, ½, ¼.

    Source: `torch.optim.lr_scheduler.StepLR`, which has no default for the distance.
    """

    title: ClassVar[str] = "step decay"

    name: Literal["step"] = named("step")
    every: Length = Field(
        title="Distance", default=1000, description="Units between two falls; higher falls less often."
    )
    gamma: Gamma = Field(title="Factor of a fall", default=0.1, description="What each fall multiplies the rate by.")

    def factor(self, t: int) -> float:
        """Return γ^⌊t/every⌋."""
        return float(self.gamma ** (t // self.every))

    @property
    def words(self) -> str:
        """Factor and distance."""
        return f"by {self.gamma:g} every {self.every:,} {self.units}"

    def verdict(self) -> Verdict:
        """Return that a geometric series is finite."""
        if self.gamma == 1.0:
            return CONSTANT
        total = self.every / (1.0 - self.gamma)
        return Verdict(reaches=False, settles=True, why=f"the rates are a geometric series: Σα = {total:,.6g}·α₀")


class Multistep(Schedule):
    """A fall at each milestone: factor(t) = γ^(how many milestones are ≤ t).

    By hand, γ = 0.1, milestones 2 and 3: 1, 1, 0.1, 0.01.

    Source: `torch.optim.lr_scheduler.MultiStepLR`, which has no default for the milestones.
    """

    title: ClassVar[str] = "step decay"

    name: Literal["multistep"] = named("multistep")
    milestones: Milestones = Field(
        title="Milestones", default="500, 750", description="Times of the falls: whole numbers with commas between."
    )
    gamma: Gamma = Field(title="Factor of a fall", default=0.1, description="What each fall multiplies the rate by.")

    @cached_property
    def _times(self) -> tuple[int, ...]:
        return tuple(sorted(int(part) for part in self.milestones.split(",")))

    def factor(self, t: int) -> float:
        """Return γ to the number of milestones passed."""
        return float(self.gamma ** bisect_right(self._times, t))

    @property
    def words(self) -> str:
        """Factor and milestones."""
        return f"by {self.gamma:g} at {self.per} {', '.join(f'{time:,}' for time in self._times)}"

    def verdict(self) -> Verdict:
        """Return what holds of the rate after the last milestone."""
        return ending(1.0, "after the last milestone")


class Exponential(Schedule):
    """A fall at every unit: factor(t) = γᵗ.

    Source: `torch.optim.lr_scheduler.ExponentialLR`, which has no default for γ.
    """

    title: ClassVar[str] = "exponential decay"

    name: Literal["exponential"] = named("exponential")
    gamma: Gamma = Field(
        title="Factor of a unit", default=0.999, description="What each unit multiplies the rate by; higher is slower."
    )

    def factor(self, t: int) -> float:
        """Return γᵗ."""
        return float(self.gamma**t)

    @property
    def words(self) -> str:
        """The factor."""
        return f"by {self.gamma:g} every {self.per}"

    def verdict(self) -> Verdict:
        """Return that a geometric series is finite."""
        if self.gamma == 1.0:
            return CONSTANT
        total = 1.0 / (1.0 - self.gamma)
        return Verdict(reaches=False, settles=True, why=f"the rates are a geometric series: Σα = {total:,.6g}·α₀")


class Inverse(Schedule):
    """The harmonic series: factor(t) = 1/(t + 1), the classic choice of Robbins and Monro.

    By hand: 1, ½, ⅓.

    Source: H. Robbins, S. Monro, "A Stochastic Approximation Method", Ann. Math. Statist. 22 (1951).
    """

    title: ClassVar[str] = "1/t decay"

    name: Literal["inverse"] = named("inverse")

    def factor(self, t: int) -> float:
        """Return 1/(t + 1)."""
        return 1.0 / (t + 1)

    @property
    def words(self) -> str:
        """The unit."""
        return f"with t in {self.units}"

    def verdict(self) -> Verdict:
        """Return that both conditions hold."""
        return Verdict(reaches=True, settles=True, why="Σ1/t grows like ln t for ever, and Σ1/t² = π²/6")


class InverseSqrt(Schedule):
    """The slower power: factor(t) = 1/√(t + 1).

    By hand: 1, 0.7071, 0.5774, ½.

    Source: M. Zinkevich, "Online Convex Programming and Generalized Infinitesimal Gradient Ascent", ICML 2003.
    """

    title: ClassVar[str] = "1/√t decay"

    name: Literal["inverse_sqrt"] = named("inverse_sqrt")

    def factor(self, t: int) -> float:
        """Return 1/√(t + 1)."""
        return 1.0 / math.sqrt(t + 1)

    @property
    def words(self) -> str:
        """The unit."""
        return f"with t in {self.units}"

    def verdict(self) -> Verdict:
        """Return that the squares are the harmonic series."""
        return Verdict(
            reaches=True, settles=False, why="Σ1/√t grows for ever, but so does Σ1/t, the sum of its squares"
        )


class InverseTime(Schedule):
    """A power of the time, slowed down: factor(t) = 1/(1 + k·t)^power.

    By hand, k = 0.5, power = 1: 1, ⅔, ½, 0.4.

    Source: with power = 1, `InverseTimeDecay` of Keras without its distance, and the `lr_decay` of
    `torch.optim.Adagrad`.
    """

    title: ClassVar[str] = "1/(1 + kt) decay"

    name: Literal["inverse_time"] = named("inverse_time")
    k: Annotated[Number, Field(ge=0.0, le=1e6)] = Field(
        title="Speed of the decay",
        default=0.01,
        description="After 1/k units the rate is half of what it was; higher falls sooner.",
        json_schema_extra={"symbol": "k", "scale": "log"},
    )
    power: Annotated[Number, Field(ge=0.0, le=100.0)] = Field(
        title="Power", default=1.0, description="Of the denominator; above 0.5 and up to 1 the noise dies out in time."
    )

    def factor(self, t: int) -> float:
        """Return 1/(1 + k·t)^power."""
        return float((1.0 + self.k * t) ** -self.power)

    @property
    def words(self) -> str:
        """The speed and the power."""
        power = f" to the power {self.power:g}" if self.power != 1.0 else ""
        return f"{power.lstrip()} with k = {self.k:g}, t in {self.units}".lstrip()

    def verdict(self) -> Verdict:
        """Return that the conditions hold for powers above ½ and up to 1."""
        if self.k == 0.0 or self.power == 0.0:
            return CONSTANT
        return Verdict(
            reaches=self.power <= 1.0,
            settles=self.power > 0.5,
            why=f"Σ1/tᵖ is infinite for p ≤ 1 and Σ1/t²ᵖ finite for p > 0.5; here p = {self.power:g}",
        )
