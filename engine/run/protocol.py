"""What an engine and its clients say to each other; `encoding` turns it into frames.

Every command has a number, under which it is answered with `Applied` or `Rejected`; all clients hear what happened.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from ..fields import Scalar
from ..method import range_test
from ..method.locks import NONE, Locks
from ..method.standing import Standing
from ..method.telemetry import StepBlock, TensorFigures


class Message(BaseModel):
    """Anything that goes as JSON; a number that is not finite goes as text and comes back as that number."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings", defer_build=True)


# ---- commands: imperatives, from a client to the engine


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


# ---- events: participles, from the engine to its clients


class ChangedField(Message):
    """One field and its values before and after."""

    key: str
    old: Scalar
    new: Scalar


class TensorShape(Message):
    """The name and the shape of a parameter tensor."""

    name: str
    shape: tuple[int, ...]


RunState = Literal["waiting", "running", "paused", "ended", "diverged"]
"""waiting: for its first client, or for a word; ended: by a stop rule; diverged: paused by a number that is not finite.

A lane of a race ends or diverges alone; the race has ended, or diverged, when none of its lanes goes on.
"""


class LaneStatus(Message):
    """One lane as it stands now; its title is empty where it is the only one."""

    title: str
    state: RunState
    step: int
    spec: dict[str, Any]


class Welcomed(Message):
    """The answer to `Hello`: all that a client needs to show the run; the steps up to `step` are in the record."""

    kind: Literal["welcomed"] = "welcomed"
    version: int
    run: str
    preset: str
    title: str
    see: str
    try_: str
    directory: str
    recorded: bool
    pid: int
    state: RunState
    lanes: tuple[LaneStatus, ...] = Field(min_length=1)
    """In the order of their numbers, which count from 0."""
    segment: int
    tensors: tuple[TensorShape, ...]
    splits: tuple[str, ...]
    samples: int
    locks: Locks = NONE
    """What the lesson keeps people from steering."""

    @property
    def step(self) -> int:
        """How far the foremost lane is."""
        return max(lane.step for lane in self.lanes)


class Applied(Message):
    """The command took effect after `step` updates."""

    kind: Literal["applied"] = "applied"
    seq: int
    actor: str
    lane: int
    command: str
    segment: int
    step: int
    state: RunState
    changes: tuple[ChangedField, ...] = ()
    """The fields that have another value now; of two optimizers, those that both have."""
    spec: dict[str, Any]
    """The whole spec as it stands now."""
    advice: str = ""
    """What it suggests to do next, as a sentence without its full stop."""
    redone: bool = False
    """Whether a single step was the last update once more, taken back as a number was not finite again."""


class Rejected(Message):
    """The command was refused and changed nothing."""

    kind: Literal["rejected"] = "rejected"
    seq: int
    reason: str


class SuggestedRate(Message):
    """A learning rate to begin with."""

    name: str
    lr: float
    why: str


class RatesSwept(Message):
    """The answer to `FindRate`, told to who asked alone: the loss against the rate, and rates to begin with."""

    kind: Literal["rates_swept"] = "rates_swept"
    seq: int
    lr: tuple[float, ...]
    loss: tuple[float, ...]
    """The minibatch's, before the step of that rate."""
    smoothed: tuple[float, ...]
    has_exploded: bool
    """Whether the sweep ended before its last rate."""
    suggestions: tuple[SuggestedRate, ...]

    @classmethod
    def of(cls, seq: int, found: range_test.RangeTest) -> RatesSwept:
        """Return the outcome of a sweep as the answer to the command with this number."""
        return cls(
            seq=seq,
            lr=tuple(found.lr.tolist()),
            loss=tuple(found.loss.tolist()),
            smoothed=tuple(found.smoothed.tolist()),
            has_exploded=found.has_exploded,
            suggestions=tuple(SuggestedRate(name=each.name, lr=each.lr, why=each.why) for each in found.suggestions),
        )


class Progressed(Message):
    """Where the run is, several times a second, and once a second while nothing moves."""

    kind: Literal["progressed"] = "progressed"
    lane: int
    state: RunState
    segment: int
    step: int
    epochs: float
    """Passes made through the training set, the present one as a fraction."""
    batches_per_epoch: int
    steps_per_second: float
    seconds_left: float | None
    point: tuple[float, ...] | None = None
    """The parameters themselves where they are a point that people can follow: four at most."""
    threads: int
    """How many threads a matrix product uses now."""
    lr: float | None = None
    """The learning rate of the last step, or of the next one where something was changed since."""
    rate_sum: float = 0.0
    rate_squares: float = 0.0
    """Σα and Σα² over the updates that led to the parameters."""
    evaluations: int = 0
    """How often loss and gradient of a batch were computed, the trials of line searches among them."""
    seconds: float = 0.0
    """Since the present stretch of the run began, pauses included."""
    astray: int = 0
    """Line searches that went down the gradient, because the rule's direction led uphill."""
    goal: Standing | None = None
    """How near it has come to the lesson's goal, where there is one."""
    problem: str | None = None
    """What is wrong with the record, in a sentence."""
    unrecorded: int | None = None
    """Steps of all lanes that the record lacks, as it could not be written; None where there was never such trouble."""


class Evaluated(Message):
    """Loss and accuracy over a whole split after `step` updates, of the weights or of their moving average."""

    kind: Literal["evaluated"] = "evaluated"
    lane: int
    segment: int
    step: int
    split: str
    loss: float
    accuracy: float | None


class Diverged(Message):
    """A step's loss or gradient was not finite; the run pauses where a loss was last finite, see `Trainer.step`."""

    kind: Literal["diverged"] = "diverged"
    lane: int
    segment: int
    step: int
    quantity: str
    tensor: str
    updates: int | None = None
    """How many led to the parameters that are kept; None in an older record."""


class Judged(Message):
    """The lesson's goal was reached, or can no longer be."""

    kind: Literal["judged"] = "judged"
    lane: int
    segment: int
    reached: bool
    step: int
    """After this many updates."""
    text: str
    """The goal in words."""
    reason: str
    """What was wanting, as a sentence without its full stop; nothing where it was reached."""


class Warned(Message):
    """A sign that training goes wrong has begun, or is over; see `method.alarms`."""

    kind: Literal["warned"] = "warned"
    lane: int
    segment: int
    step: int
    about: str
    """Which sign it is, such as "plateau"."""
    tensor: str
    """The tensor or the layer that it is about; nothing where it is about all of training."""
    text: str
    advice: str
    """What was seen and what to try, sentences without their full stops; nothing to try where it is over."""
    over: bool


class Finished(Message):
    """A stop rule held, or someone stopped the run."""

    kind: Literal["finished"] = "finished"
    lane: int
    segment: int
    step: int
    reason: str
    loss: float
    """The full objective over the training set."""
    steps_per_second: float
    parameters: tuple[float, ...] | None
    """The vector that has this loss, the moving average where there is one, when it has at most 64 entries."""
    evaluations: int = 0
    """How often loss and gradient of a batch were computed, the trials of line searches among them."""
    updates: int | None = None
    """How many led to the parameters: `step`, less those that were refused or taken back; None in an older record."""
    rate_sum: float = 0.0
    rate_squares: float = 0.0
    """Σα and Σα² over these updates."""


class Failed(Message):
    """The engine cannot go on."""

    kind: Literal["failed"] = "failed"
    text: str


AnyEvent = Annotated[
    Welcomed
    | Applied
    | Rejected
    | RatesSwept
    | Progressed
    | Evaluated
    | Diverged
    | Judged
    | Warned
    | Finished
    | Failed,
    Field(discriminator="kind"),
]
Event = (
    Welcomed | Applied | Rejected | RatesSwept | Progressed | Evaluated | Diverged | Judged | Warned | Finished | Failed
)


class Steps(BaseModel):
    """A block of steps of one lane and segment."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    lane: int
    segment: int
    block: StepBlock


class Seen(BaseModel):
    """What an inspection has found so far; see `method.inspections.Finding`."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    seq: int
    lane: int
    segment: int
    step: int
    """The updates made when the inspection began."""
    about: str
    share: float
    """How much of the work is done; 1 in the last answer."""
    facts: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


class Figures(BaseModel):
    """Figures of every tensor of one lane and segment; those that are `kept` are in the record as well."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    lane: int
    segment: int
    figures: TensorFigures
    kept: bool


Heard = Event | Steps | Figures | Seen
