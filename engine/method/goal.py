"""What a lesson wants to see happen, as people type it, and the judge who watches for it while a run goes on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, assert_never

import numpy as np
from pydantic import Field, ValidationError, model_validator

from ..errors import InputError, MisfitError
from ..fields import Count, Number, SafeText, Section, Switch, allowed_values
from ..subject.objective import Vector
from ..subject.spec import DatasetProblem, ExpressionProblem, LandscapeProblem
from ..text import counted
from .race import MAXIMUM_LANES
from .spec import MISSING, RunSpec, blamed
from .telemetry import SERIES, StepBlock

CONDITIONS = ("loss", "accuracy", "update_norm", "near", "diverges")
"""The fields that say when a goal is reached; of several, each has to be met once."""


class GoalSpec(Section):
    """When a run has shown what it is there to show."""

    text: Annotated[SafeText, Field(min_length=1)] = Field(title="Goal")
    loss: Number | None = Field(title="Loss", default=None, description="Reached when the loss is this or less.")
    of: Literal["step", "full"] = Field(
        title="Loss of",
        default="step",
        description="step: the loss of a step's minibatch; full: of the training set, tried at the end of every epoch.",
    )
    accuracy: Annotated[Number, Field(gt=0.0, le=1.0)] | None = Field(
        title="Accuracy", default=None, description="Reached when this share of the held-out samples is put right."
    )
    update_norm: Annotated[Number, Field(gt=0.0)] | None = Field(
        title="Update norm", default=None, description="Reached when a step moves the parameters by this or less."
    )
    near: Annotated[tuple[Number, ...], Field(min_length=1, max_length=64)] | None = Field(
        title="Near", default=None, description="Reached when the parameters are within `distance` of this point."
    )
    distance: Annotated[Number, Field(gt=0.0)] | None = Field(
        title="Distance", default=None, description="How close to the point is near enough."
    )
    diverges: Switch = Field(
        title="Diverges", default=False, description="Reached when the loss or its gradient is no longer finite."
    )
    within: Annotated[Count, Field(ge=1)] | None = Field(
        title="Within", default=None, description="Updates after which it is too late; empty means the run's end."
    )
    first: Annotated[Count, Field(lt=MAXIMUM_LANES)] | Annotated[str, Field(min_length=1)] | None = Field(
        title="First",
        default=None,
        description="The lane, by number or title, that is to get there before all others; empty means each by itself.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> GoalSpec:
        if not self.conditions:
            raise MisfitError("goal", self.model_dump(exclude_unset=True), f"at least one of {', '.join(CONDITIONS)}")
        for field, other in (("near", "distance"), ("distance", "near")):
            if getattr(self, field) is not None and getattr(self, other) is None:
                raise MisfitError(f"goal.{other}", MISSING, f"{allowed_values(GoalSpec, other)} beside goal.{field}")
        # An engine is told all fields, defaults as well: only the other value can be seen to be meant.
        if self.of != "step" and self.loss is None:
            raise MisfitError("goal.of", self.of, "nothing without goal.loss")
        return self

    @property
    def conditions(self) -> list[str]:
        """The conditions that are to be met."""
        return [name for name in CONDITIONS if (value := getattr(self, name)) is not None and value is not False]

    def first_of(self, titles: Sequence[str]) -> int | None:
        """Return the number of the lane that is to be the first; None where no lane is, or no such lane."""
        if isinstance(self.first, str):
            return titles.index(self.first) if self.first in titles else None
        return self.first if self.first is not None and self.first < len(titles) else None


def checked_goal(
    table: Any, spec: RunSpec, source: str, sources: dict[str, str] | None = None, *, titles: Sequence[str] = ()
) -> GoalSpec:
    """Return the goal that a table describes, if a run of `spec` with lanes of these titles can reach it.

    The sources are as in `checked_spec`.

    Raises:
        InputError: One line that names place, field, value and what is allowed.
    """
    try:
        goal = GoalSpec.model_validate(table)
        _check_fit(goal, spec)
        if goal.first is not None and goal.first_of(titles) is None:
            known = ", ".join(f'{number} or "{title}"' for number, title in enumerate(titles))
            raise MisfitError("goal.first", goal.first, known or "nothing without [[lanes]]")
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        misfit = fault.get("ctx", {}).get("error")
        if isinstance(misfit, MisfitError):
            raise InputError(blamed(misfit.key, misfit.value, misfit.allowed, source, sources or {})) from None
        name = str(fault["loc"][0]) if fault["loc"] else ""
        value = MISSING if fault["type"] == "missing" else fault["input"]
        if name in GoalSpec.model_fields:
            allowed = allowed_values(GoalSpec, name)
        else:
            allowed = "only " + ", ".join(GoalSpec.model_fields) if name else "a table"
        raise InputError(blamed(f"goal.{name}" if name else "goal", value, allowed, source, sources or {})) from None
    except MisfitError as error:
        raise InputError(blamed(error.key, error.value, error.allowed, source, sources or {})) from None
    return goal


def _check_fit(goal: GoalSpec, spec: RunSpec) -> None:
    shape = spec.data.shape if spec.data is not None else None
    if goal.accuracy is not None and (
        shape is None or not shape.classes or spec.data is None or not spec.data.held_out
    ):
        raise MisfitError("goal.accuracy", goal.accuracy, "only for classes, with samples held out")
    if goal.near is None:
        return
    match spec.problem:
        case DatasetProblem():
            raise MisfitError("goal.near", list(goal.near), "only where the parameters are a point, not a network")
        case LandscapeProblem():
            dimension = spec.problem.landscape.dimension
        case ExpressionProblem():
            dimension = len(spec.problem.point)
        case _ as never:
            assert_never(never)
    if len(goal.near) != dimension:
        raise MisfitError("goal.near", list(goal.near), counted(dimension, "number"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a goal was reached."""

    reached: bool
    step: int
    """After this many updates; of a goal that was missed, the last ones that counted."""
    reason: str = ""
    """What was wanting, as a sentence without its full stop; nothing where the goal was reached."""
    by: str = ""
    """The title of the lane that it is about, told to another one of the race; nothing where it is its own."""


class Judge:
    """Watches one trainer for a goal; what it sees, it sees once, in the order of the steps.

    Each condition has to be met once, and the goal is reached with the last of them. Losses and the lengths of updates
    are looked at a block at a time, so that a step costs nothing; a point is looked at step by step.

    Attributes:
        verdict: None while the goal may still be reached.
        seen: The last step that was looked at.
    """

    def __init__(self, goal: GoalSpec, *, sees_all: bool) -> None:
        """Watch for `goal`; `sees_all` says whether every step's loss is that of the whole training set."""
        self.goal = goal
        self.verdict: Verdict | None = None
        self.seen = 0
        self._by_step = goal.of == "step" or sees_all
        self._at_the_end = goal.of == "full" or sees_all
        self._met: dict[str, int] = {}
        self._best: dict[str, float] = {}
        self._first: dict[str, float] = {}
        self._point = np.array(goal.near or (), dtype=np.float64)

    @property
    def reached_at(self) -> int | None:
        """After how many updates every condition was met; None where one is not."""
        return max(self._met.values()) if len(self._met) == len(self.goal.conditions) else None

    def met_at(self, name: str) -> int | None:
        """After how many updates a condition was met; None where it was not."""
        return self._met.get(name)

    def way(self, name: str) -> tuple[float, float]:
        """Return the first figure that was seen for a condition and the lowest in time; inf before there is one.

        Each is wanted to be low, so that an accuracy goes with a minus.
        """
        return self._first.get(name, math.inf), self._best.get(name, math.inf)

    @property
    def needs_point(self) -> bool:
        """Whether the parameters are to be shown after every step."""
        return self.goal.near is not None and self.verdict is None

    @property
    def needs_full_loss(self) -> bool:
        """Whether the loss over the training set is to be shown at the end of every epoch."""
        return self.goal.loss is not None and not self._by_step and self.verdict is None

    def see_steps(self, block: StepBlock) -> None:
        """Look at the scalars of steps: the loss is that before the step's update, so of one update fewer."""
        self.seen = block.last_step
        if self.verdict is not None:
            return
        loss, grad_norm, update_norm = (
            block.values[SERIES.index(name)] for name in ("loss", "grad_norm", "update_norm")
        )
        made = np.isfinite(loss) & np.isfinite(grad_norm)
        if self._by_step:
            self._see("loss", self.goal.loss, loss, block.first_step - 1)
        self._see("update_norm", self.goal.update_norm, np.where(made, update_norm, math.inf), block.first_step)
        self._settle(block.last_step)

    def see_point(self, step: int, theta: Vector) -> None:
        """Look at the parameters after `step` updates."""
        self._see("near", self.goal.distance, [math.dist(self._point.tolist(), theta.tolist())], step)

    def see_full_loss(self, step: int, loss: float) -> None:
        """Look at the loss over the training set after `step` updates."""
        if self._at_the_end:
            self._see("loss", self.goal.loss, [loss], step)

    def see_accuracy(self, step: int, accuracy: float) -> None:
        """Look at the share of the held-out samples that is right after `step` updates."""
        wanted = self.goal.accuracy
        self._see("accuracy", -wanted if wanted is not None else None, [-accuracy], step)

    def see_divergence(self, step: int) -> None:
        """Take note that this step was not finite."""
        if self.goal.diverges:
            self._met.setdefault("diverges", step)

    def conclude(self, step: int, full_loss: float) -> None:
        """Judge what there is, as the run has ended after `step` updates with this loss over the training set."""
        self.see_full_loss(step, full_loss)
        self._settle(step)
        if self.verdict is None:
            self.verdict = Verdict(reached=False, step=step, reason=self._wanting(step))

    def _see(self, name: str, limit: float | None, values: Sequence[float] | np.ndarray[Any, Any], first: int) -> None:
        """Look for the first of `values`, whose steps count from `first`, that is `limit` or less."""
        if limit is None or name in self._met:
            return
        array = np.asarray(values, dtype=np.float64)
        in_time = array if self.goal.within is None else array[: max(0, self.goal.within - first + 1)]
        if name not in self._first and array.size and math.isfinite(array[0]):
            self._first[name] = float(array[0])
        self._best[name] = min(self._best.get(name, math.inf), float(np.fmin.reduce(in_time, initial=math.inf)))
        if np.any(array <= limit):
            self._met[name] = first + int(np.argmax(array <= limit))

    def _settle(self, step: int) -> None:
        if self.verdict is not None:
            return
        within = self.goal.within if self.goal.within is not None else math.inf
        reached_at = self.reached_at
        if reached_at is not None and reached_at <= within:
            self.verdict = Verdict(reached=True, step=reached_at)
        elif step > within:
            last = int(min(within, step))
            self.verdict = Verdict(reached=False, step=last, reason=self._wanting(last))

    def _wanting(self, step: int) -> str:
        """Return what was not met, or not in time."""
        goal = self.goal
        late = {name: at for name, at in self._met.items() if goal.within is not None and at > goal.within}
        name = next(name for name in goal.conditions if name not in self._met or name in late)
        if name in late:
            return f"{_WORDS[name]} only after {late[name]:,} steps"
        best = self._best.get(name, math.inf)
        if name == "diverges":
            return "everything stayed finite"
        if not math.isfinite(best):
            return f"{_WORDS[name]} was never seen"
        match name:
            case "accuracy":
                return f"{-best:.1%} of the held-out samples were right at best, wanted are {goal.accuracy:.1%}"
            case "loss":
                return f"the loss came down to {best:.4g}, wanted is {goal.loss:g}"
            case "near":
                return f"it came no nearer than {best:.4g}, wanted is {goal.distance:g}"
            case _:
                return f"no step was shorter than {best:.4g}, wanted is {goal.update_norm:g}"


def verdict_on_first(judge: Judge, others: Mapping[str, Judge]) -> Verdict | None:
    """Return whether the lane that `judge` watches got there before the `others`, by title; None while it is open."""
    rivals = {title: other.reached_at for title, other in others.items() if other.reached_at is not None}
    title, step = min(rivals.items(), key=lambda rival: rival[1], default=("", math.inf))
    verdict = judge.verdict
    if verdict is not None and (not verdict.reached or verdict.step <= step):
        return verdict
    if verdict is not None or judge.seen > step:
        return Verdict(reached=False, step=int(step), reason=f"{title} was there first")
    return None


_WORDS = {
    "loss": "such a loss",
    "accuracy": "such an accuracy",
    "update_norm": "such a short step",
    "near": "such a place",
    "diverges": "a number that is not finite",
}
