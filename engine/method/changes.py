"""What can change between two steps of a run, and the spec that a change makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ..errors import InputError
from ..subject.spec import DatasetProblem
from ..text import clean
from .live import LIVE_SECTIONS
from .optimizers import RULES, Rule, successor
from .schedules import SCHEDULES, Schedule, following
from .spec import RunSpec, complaint, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field of the spec that now has another value."""

    key: str
    old: Any
    new: Any


def changed_spec(spec: RunSpec, values: dict[str, Any]) -> RunSpec:
    """Return `spec` with these fields changed, as a live change would; `InputError` says what is not possible."""
    for key in values:
        section, _, name = key.partition(".")
        if section not in LIVE_SECTIONS or not name:
            raise InputError(f"{clean(key, 80)} cannot change while a run is under way; allowed: {_live_keys(spec)}")
        if section == "batch" and not spec.has_batches:
            raise InputError(f'{key}: a problem of kind "{spec.problem.kind}" has no batches')
        if section == "schedule" and isinstance(values[key], list):
            # What is sent and recorded is one number or one text; only a preset can have a list.
            raise InputError(f'{key} = {shown(values[key])}; allowed in a live change: text, such as "500, 750"')
    data = spec.as_given()
    rule: Rule = spec.optimizer
    name = values.get("optimizer.name", rule.name)
    if name != rule.name:
        if not isinstance(name, str) or name not in RULES:
            raise InputError(f"optimizer.name = {shown(name)}; allowed: one of {', '.join(RULES)}")
        data["optimizer"] = successor(rule, name).model_dump(exclude_unset=True)
    schedule: Schedule = spec.schedule
    name = values.get("schedule.name", schedule.name)
    if name != schedule.name and isinstance(name, str) and name in SCHEDULES:
        data["schedule"] = following(schedule, name).model_dump(exclude_unset=True)
    for key, value in values.items():
        section, _, field = key.partition(".")
        data.setdefault(section, {})[field] = value
    try:
        return RunSpec.model_validate(data)
    except ValidationError as error:
        raise InputError(complaint(error, "change", {}).removeprefix("change: ")) from None


def restarted_spec(spec: RunSpec, start: tuple[float, ...]) -> RunSpec:
    """Return `spec` with a function that begins at `start`; `InputError` says why there is no such start."""
    if isinstance(spec.problem, DatasetProblem):
        raise InputError("problem.start: a network has no start to choose: its first weights are drawn from seed.init")
    data = spec.as_given()
    data["problem"] = {**data["problem"], "start": list(start)}
    try:
        return RunSpec.model_validate(data)
    except ValidationError as error:
        raise InputError(complaint(error, "start", {}).removeprefix("start: ")) from None


def moved_start(old: RunSpec, new: RunSpec) -> list[Change]:
    """Return from where to where the start of a function was moved, as text; nothing where it stands."""
    if isinstance(old.problem, DatasetProblem) or isinstance(new.problem, DatasetProblem):
        return []
    before, after = (", ".join(f"{number:.12g}" for number in problem.begins) for problem in (old.problem, new.problem))
    return [] if before == after else [Change(key="problem.start", old=before, new=after)]


def differing_seeds(old: RunSpec, new: RunSpec) -> list[Change]:
    """Return the seeds that two specs disagree on."""
    drawn = zip(old.seed, new.seed, strict=True)
    return [Change(key=f"seed.{name}", old=was, new=now) for (name, was), (_, now) in drawn if was != now]


def differences(old: RunSpec, new: RunSpec) -> list[Change]:
    """Return the fields that two specs disagree on; of two rules, only the hyperparameters that both have."""
    before, after = flat(old), flat(new)
    return [
        Change(key=key, old=before[key], new=value)
        for key, value in after.items()
        if key in before and before[key] != value
    ]


def flat(spec: RunSpec) -> dict[str, Any]:
    """Return the fields that can change live, by dotted key."""
    return {
        f"{section}.{key}": value
        for section in LIVE_SECTIONS
        for key, value in getattr(spec, section).model_dump().items()
    }


def _live_keys(spec: RunSpec) -> str:
    return ", ".join(flat(spec))
