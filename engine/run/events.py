"""What an engine tells its clients: participles, and the numbers of its steps, tensors and inspections."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from ..fields import Scalar
from ..method import range_test
from ..method.locks import NONE, Locks
from ..method.standing import Standing
from ..method.telemetry import StepBlock, TensorFigures
from .message import Message


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
