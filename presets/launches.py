"""What an engine is told about a preset: for people who watch, or for a run that goes on by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import InputError
from engine.method.changes import changed_spec
from engine.method.spec import RunSpec
from engine.run.launch import Launch, ScheduledChange
from engine.text import clean

from .loader import Preset, check_locked, parsed_setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwatched:
    """How a run goes that nobody watches: to its end, at full speed, once a client is there to hear of every step."""

    changes: Sequence[tuple[int, str]] = ()
    """Live changes ordered in advance: after how many updates, and KEY=VALUE."""
    measure_every: int | None = None
    """Steps between two measurements of the tensors; without, as often as a screen can show them."""
    keeps_pace: bool = False
    """Whether a limit of the speed holds; a preset's own is for people who watch."""


def launch_of(
    preset: Preset, unwatched: Unwatched | None = None, *, recorded: bool = True, waits: bool = False
) -> Launch:
    """Return what the engine of a preset is told; `InputError` if a change is not possible.

    A run that `waits` makes its first step when someone says so.
    """
    spec = preset.spec.as_given()
    told = Launch(
        preset=preset.name,
        title=preset.title,
        see=preset.see,
        try_=preset.try_,
        spec=spec,
        lanes=tuple(lane.own for lane in preset.lanes),
        goal=preset.goal,
        locks=preset.locks,
        recorded=recorded,
        await_word=waits,
    )
    if unwatched is None:
        return told
    if not unwatched.keeps_pace:
        spec.pop("pace", None)
    return told.model_copy(
        update={
            "spec": spec,
            "changes": _scheduled(preset, unwatched.changes),
            "await_client": True,
            "measure_every": unwatched.measure_every,
            "on_non_finite": "finish",
        }
    )


def _scheduled(preset: Preset, changes: Sequence[tuple[int, str]]) -> tuple[ScheduledChange, ...]:
    """Return the changes of `--at` in the order of their steps, each checked against every lane as it will be then."""
    specs: Sequence[RunSpec] = preset.specs
    found: list[ScheduledChange] = []
    for step, text in sorted(changes, key=lambda change: change[0]):
        source = clean(f"--at {step} {text}", 120)
        ends = [spec.stop.steps for spec in specs]
        last = None if None in ends else max(end for end in ends if end is not None)
        if last is not None and step > last:
            raise InputError(f"{source}: STEP = {step}; allowed: up to {last}, where the run ends")
        setting = parsed_setting(text, f"--at {step}")
        check_locked(preset.locks, [setting])
        try:
            for number, spec in enumerate(specs):
                whose = f"lane {number}: " if len(specs) > 1 else ""
                changed = changed_spec(spec, {setting.key: setting.value})
                specs = [*specs[:number], changed, *specs[number + 1 :]]
        except InputError as error:
            raise InputError(f"{source}: {whose}{error}") from None
        found.append(ScheduledChange(step=step, values={setting.key: setting.value}))
    return tuple(found)
