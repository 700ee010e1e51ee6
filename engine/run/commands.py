"""What clients ask an engine for: imperatives, each with a number, under which it is answered.

The answer is `Applied` or `Rejected`, or what was asked for; all clients hear what has happened.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ..fields import Scalar
from ..method import range_test
from .message import Message


class Command(Message):
    """Something a client asks for; `seq` is its own running number."""

    seq: int = Field(ge=0, lt=1 << 53)
    lane: int | None = Field(default=None, ge=0, lt=64)
    """The lane that is meant; None means all of them."""


class Hello(Command):
    """The first command: who is there, and what it wants to hear."""

    kind: Literal["hello"] = "hello"
    version: int
    name: str = Field(max_length=64)
    watch: Literal["live", "all", "nothing"]
    """live: blocks are left out when the client is slow; all: the engine waits for it; nothing: answers alone."""


class SetFields(Command):
    """Change these fields of the spec from the next step on."""

    kind: Literal["set"] = "set"
    values: dict[str, Scalar] = Field(min_length=1, max_length=64)
    expected: dict[str, Scalar] = Field(default_factory=dict, max_length=64)
    """What the client saw when it decided; if one of these has changed meanwhile, the command is refused."""
    carry: bool = True
    """Whether a new optimizer takes over what the old one has learnt."""


class Turn(Command):
    """Multiply one field by a factor: two turns in a row are never lost to each other."""

    kind: Literal["turn"] = "turn"
    key: str = Field(max_length=64)
    factor: float = Field(gt=0.0, le=1e6, allow_inf_nan=False)


class Pause(Command):
    """Stop between two steps and wait; a race does so as a whole."""

    kind: Literal["pause"] = "pause"


class Resume(Command):
    """Go on; a run that a stop rule has ended loses that rule.

    Of a race with lanes that may go on these do; one that has ended or diverged goes on when it is named.
    """

    kind: Literal["resume"] = "resume"


class StepOnce(Command):
    """Take one step, and pause if that is not so yet."""

    kind: Literal["step"] = "step"


class FinishEpoch(Command):
    """Train to the end of the present epoch and pause; of a race every lane does, to the end of its own."""

    kind: Literal["epoch"] = "epoch"


class Reset(Command):
    """Go back to the same initial parameters and the same batches; a race does so as a whole."""

    kind: Literal["reset"] = "reset"
    keep: bool = False
    """Whether the optimizer and its hyperparameters stay as they are now."""
    seed: int | None = Field(default=None, ge=0, lt=1 << 53)
    """Another seed of the initial weights, the batch order and the dropout from now on; the data stay as they are."""
    start: tuple[float, ...] | None = Field(default=None, max_length=64)
    """Where a function begins from now on, one number a coordinate; None leaves the start as it is."""


class Stop(Command):
    """End the run and the engine."""

    kind: Literal["stop"] = "stop"


class FindRate(Command):
    """Sweep the learning rate and answer with the curve; the run then goes on as if nothing had been.

    Nothing else is carried out meanwhile, so a sweep has a limit.
    """

    kind: Literal["find_rate"] = "find_rate"
    low: float = Field(default=range_test.LOWEST, gt=0.0, le=1e6, allow_inf_nan=False)
    high: float = Field(default=range_test.HIGHEST, gt=0.0, le=1e6, allow_inf_nan=False)
    steps: int = Field(default=range_test.STEPS, ge=range_test.FEWEST, le=1000)


class Inspect(Command):
    """Look at a lane more closely; the answer goes to who asked alone, several times where it comes coarse first.

    A second one about the same thing, with the same topic, replaces the first.
    """

    kind: Literal["inspect"] = "inspect"
    about: str = Field(max_length=64)
    """The name of an inspection; see `method.inspections`."""
    settings: dict[str, Any] | None = Field(default_factory=dict, max_length=64)
    """What its fields are to be; None to look no longer."""
    topic: str = Field(default="", max_length=64)
    """Tells apart what one client wants to see of the same kind at the same time."""


Changing = SetFields | Turn | Pause | Resume | StepOnce | FinishEpoch | Reset | Stop
"""The commands that do something to a run."""
Steering = Changing | FindRate | Inspect
"""All commands but the first."""
AnyCommand = Annotated[Hello | Steering, Field(discriminator="kind")]
