"""What every schedule promises."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from ... import fields
from ...fields import Number, Section, Whole

Length = Annotated[Whole, Field(ge=1, le=10**12)]
Share = Annotated[Number, Field(ge=0.0, le=1.0)]
"""A share of the base rate."""
Decay = Annotated[Number, Field(gt=0.0, le=1.0)]
Floor = Annotated[
    Share,
    Field(title="Lowest share", description="What is left of the base rate at the lowest point; higher stays faster."),
]


def named(name: str) -> Any:
    """Return the field that tells a schedule apart."""
    return Field(title="Schedule", default=name, description="How the learning rate changes by itself.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether learning rates meet the two conditions of Robbins and Monro, if they go on for ever.

    With both, stochastic gradient descent on a convex objective ends in the minimum: the rates reach any distance,
    and their noise dies out.

    Source: H. Robbins, S. Monro, "A Stochastic Approximation Method", Ann. Math. Statist. 22 (1951), (6) and (7).
    """

    reaches: bool | None
    """Whether Σα = ∞; None where it depends on the run."""
    settles: bool | None
    """Whether Σα² < ∞; None where it depends on the run."""
    why: str

    @property
    def words(self) -> str:
        """Both answers and the reason, in a line."""
        yes = {True: "yes", False: "no", None: "unknown"}
        return f"Σα = ∞: {yes[self.reaches]}, Σα² < ∞: {yes[self.settles]}; {self.why}"


class Schedule(Section, abc.ABC):
    """A schedule is a function from time to a share of the base rate, `optimizer.lr`: nothing accumulates.

    So a rewind or a live change costs nothing, and a turn of the base rate multiplies all that is to come. To add a
    schedule, write a subclass in the module where its kin lives and put it into the table in this folder's `__init__`.
    """

    # The spec makes the checks of all of them: to make each one's here as well takes another 8 ms of every start.
    model_config = ConfigDict(defer_build=True)

    title: ClassVar[str]
    """What people call the schedule."""

    name: str
    per: Literal["step", "epoch"] = Field(
        title="Unit of time", default="step", description="Whether the schedule counts steps, or whole epochs."
    )
    warmup: Annotated[Whole, Field(ge=0, le=10**12)] = Field(
        title="Warm-up", default=0, description="Units in which the rate rises evenly before the schedule begins."
    )
    warmup_from: Decay = Field(
        title="Warm-up from",
        default=1.0 / 3.0,  # as torch.optim.lr_scheduler.LinearLR
        description="Share of the schedule's first rate with which the warm-up begins; higher starts faster.",
    )
    hold: fields.LearningRate | None = Field(
        title="Hold the rate at",
        default=None,
        description="Learning rate that is used whatever the schedule says; empty goes back to the schedule.",
        json_schema_extra={"symbol": "α held", "scale": "log"},
    )

    @abc.abstractmethod
    def factor(self, t: int) -> float:
        """Return the share of the base rate at time `t`, in units counted from 0, when the warm-up is over."""

    @property
    @abc.abstractmethod
    def words(self) -> str:
        """What the schedule does, in a few words that go on after its title."""

    @abc.abstractmethod
    def verdict(self) -> Verdict:
        """Return whether the rates meet the conditions of Robbins and Monro, `hold` left aside."""

    def momentum(self, t: int) -> float | None:
        """Return the momentum at time `t`, as `factor`, or None where that of the rule stands."""
        return None

    @property
    def is_constant(self) -> bool:
        """Whether the rate is the base rate for ever."""
        return False

    @property
    def units(self) -> str:
        """The unit of time, more than one of them."""
        return f"{self.per}s"

    def warmed_factor(self, t: int) -> float:
        """Return the share of the base rate at time `t`, counted from 0, the warm-up first."""
        if t >= self.warmup:
            return self.factor(t - self.warmup)
        return self.factor(0) * (self.warmup_from + (1.0 - self.warmup_from) * (t / self.warmup))

    def sentence(self) -> str:
        """Return what the schedule does, with its warm-up."""
        first = f"{self.warmup:,} {self.units} of warm-up, then " if self.warmup else ""
        return f"{first}{self.title} {self.words}".rstrip()
