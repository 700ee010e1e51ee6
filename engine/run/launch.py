"""What an engine is told before it starts: a file in the run's directory."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..fields import Scalar
from ..method.goal import GoalSpec
from ..method.locks import NONE, Locks


class ScheduledChange(BaseModel):
    """A live change that was ordered in advance."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int = Field(ge=0)
    """It takes effect after this many updates."""
    values: dict[str, Scalar]


class Launch(BaseModel):
    """A run, and how its engine is to behave."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: str
    title: str
    see: str = ""
    try_: str = ""
    spec: dict[str, Any]
    """As given by a person: what is not in here takes its default."""
    lanes: tuple[dict[str, Any], ...] = ()
    """What each lane of a race has of its own, as `checked_lanes` takes it; none for a single trainer."""
    goal: GoalSpec | None = None
    locks: Locks = NONE
    changes: tuple[ScheduledChange, ...] = ()
    recorded: bool = True
    await_client: bool = False
    """Whether the first step waits for the first client, which wants to hear of every one."""
    await_word: bool = False
    """Whether the first step waits until someone says so, however many have come to see it."""
    measure_every: int | None = None
    """Steps between two measurements of the tensors; without, as often as a screen can show them."""
    on_non_finite: Literal["pause", "finish"] = "pause"
