"""The one schedule that looks at the loss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ...fields import Number, Whole
from .schedule import Floor, Schedule, Share, Verdict, named

Units = Annotated[Whole, Field(ge=0, le=10**12)]


class Plateau(Schedule):
    """A fall whenever the loss has stopped improving: the one schedule that depends on the run.

    The loss of a unit is the mean of the minibatch losses of its steps. When it has not been better than the best so
    far by the share `threshold` for more than `patience` units, the factor is multiplied by `gamma`.

    By hand, patience = 1, γ = 0.5, losses 4, 3, 3, 3, 3: the rate is halved for the fifth unit.

    Source: `torch.optim.lr_scheduler.ReduceLROnPlateau`. Deviations: the floor is a share of the base rate, falls
    below torch's `eps` are made all the same, and where losses are negative the threshold is a share of their size.
    """

    title: ClassVar[str] = "reduce on plateau"

    name: Literal["plateau"] = named("plateau")
    per: Literal["step", "epoch"] = Field(
        title="Unit of time",
        default="epoch",
        description="Whether it judges the loss of every step, or of whole epochs.",
    )
    gamma: Annotated[Number, Field(gt=0.0, lt=1.0)] = Field(
        title="Factor of a fall",
        default=0.1,
        description="What a fall multiplies the rate by.",
        json_schema_extra={"symbol": "γ", "scale": "linear"},
    )
    patience: Units = Field(
        title="Patience", default=10, description="Units without improvement that are borne; higher waits longer."
    )
    threshold: Share = Field(
        title="Threshold", default=1e-4, description="Share by which a loss must be better than the best to count."
    )
    cooldown: Units = Field(
        title="Cooldown", default=0, description="Units after a fall in which nothing is judged; higher waits longer."
    )
    floor: Floor = 0.0

    def factor(self, t: int) -> float:
        """Return 1: what the falls have left is in the state."""
        return 1.0

    @property
    def words(self) -> str:
        """Factor and patience."""
        return f"by {self.gamma:g} after more than {self.patience:,} {self.units} without improvement"

    def verdict(self) -> Verdict:
        """Return that nobody knows beforehand."""
        if self.floor > 0.0:
            return Verdict(
                reaches=True, settles=False, why="it depends on the loss, but the rate never falls below its floor"
            )
        return Verdict(reaches=None, settles=None, why="unknown: when the rate falls depends on the loss")


@dataclass(slots=True, kw_only=True)
class PlateauState:
    """What the schedule has seen; part of a trainer's snapshot."""

    factor: float = 1.0
    """What the falls have left of the base rate."""
    best: float = math.inf
    waited: int = 0
    """Units since the best loss, or since the last fall."""
    cooling: int = 0
    """Units still to go in which nothing is judged."""
    unit: int = -1
    """The unit that `total` and `count` belong to; -1 before the first."""
    total: float = 0.0
    """Sum of the losses of this unit's steps."""
    count: int = 0

    def enter(self, unit: int, schedule: Plateau) -> None:
        """Judge the unit that is over, if another one begins."""
        if unit == self.unit:
            return
        if self.count:
            self._judge(self.total / self.count, schedule)
        self.unit, self.total, self.count = unit, 0.0, 0

    def see(self, loss: float) -> None:
        """Take in the loss of a step of this unit."""
        if math.isfinite(loss):
            self.total += loss
            self.count += 1

    def _judge(self, loss: float, schedule: Plateau) -> None:
        if self.best == math.inf or loss < self.best - schedule.threshold * abs(self.best):
            self.best, self.waited = loss, 0
        else:
            self.waited += 1
        if self.cooling:
            self.cooling -= 1
            self.waited = 0
        if self.waited > schedule.patience:
            self.factor = max(self.factor * schedule.gamma, schedule.floor)
            self.cooling, self.waited = schedule.cooldown, 0
