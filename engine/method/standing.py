"""How near a run has come to its lesson's goal, in figures that a screen can draw."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from .goal import GoalSpec, Judge, Verdict


class Condition(BaseModel):
    """One condition of a goal, and the nearest that the run has come to it."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    name: str
    """As in `goal.CONDITIONS`."""
    words: str
    """What is wanted, such as "loss ≤ 1e-06"."""
    best: float | None
    """The nearest figure so far; None before there is one, and where no figure says how near it is."""
    share: float
    """How much of the way from the first figure to the wanted one is made, 0 to 1."""
    met: int | None
    """After how many updates it was met first."""


class Standing(BaseModel):
    """A goal as it stands now."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    text: str
    conditions: tuple[Condition, ...]
    within: int | None
    """The last update that counts; None where the run's end is."""
    reached: bool | None
    """None while that is open."""
    step: int
    """After how many updates that was settled; 0 while it is open."""
    reason: str
    """What was wanting, as in `Verdict`."""
    by: str = ""
    """The lane that has settled it for the whole race, as in `Verdict`."""


def standing_of(judge: Judge, verdict: Verdict | None) -> Standing:
    """Return how near a run has come to the goal that `judge` watches for, with the verdict if there is one."""
    return Standing(
        text=judge.goal.text,
        conditions=tuple(_condition(judge, name) for name in judge.goal.conditions),
        within=judge.goal.within,
        reached=None if verdict is None else verdict.reached,
        step=0 if verdict is None else verdict.step,
        reason="" if verdict is None else verdict.reason,
        by="" if verdict is None else verdict.by,
    )


def _condition(judge: Judge, name: str) -> Condition:
    met = judge.met_at(name)
    first, best = judge.way(name)
    wanted = _wanted(judge.goal, name)
    sign = -1.0 if name == "accuracy" else 1.0
    return Condition(
        name=name,
        words=_words(judge.goal, name),
        best=sign * best if math.isfinite(best) else None,
        share=1.0 if met is not None else _share(first, best, wanted),
        met=met,
    )


def _wanted(goal: GoalSpec, name: str) -> float:
    """Return the figure that is low enough."""
    match name:
        case "loss":
            wanted = goal.loss
        case "accuracy":
            wanted = None if goal.accuracy is None else -goal.accuracy
        case "update_norm":
            wanted = goal.update_norm
        case "near":
            wanted = goal.distance
        case _:
            wanted = None
    return -math.inf if wanted is None else wanted


def _share(first: float, best: float, wanted: float) -> float:
    """Return how much of the way from `first` down to `wanted` is made; of positive figures in powers of ten."""
    if not (math.isfinite(first) and math.isfinite(best) and math.isfinite(wanted)) or first <= wanted:
        return 0.0
    if wanted > 0.0 and best > 0.0:
        first, best, wanted = math.log(first), math.log(best), math.log(wanted)
    return min(1.0, max(0.0, (first - best) / (first - wanted)))


def _words(goal: GoalSpec, name: str) -> str:
    match name:
        case "loss":
            return f"{'training loss' if goal.of == 'full' else 'loss'} ≤ {goal.loss:g}"
        case "accuracy":
            return f"held-out accuracy ≥ {goal.accuracy:.1%}"
        case "update_norm":
            return f"a step no longer than {goal.update_norm:g}"
        case "near":
            point = ", ".join(f"{value:g}" for value in goal.near or ())
            return f"within {goal.distance:g} of ({point})"
        case _:
            return "a number that is not finite"
