"""What an engine is told about a preset: for people who watch, or for a run that goes on by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import InputError
from engine.method.changes import changed_spec
from engine.method.spec import RunSpec
from engine.run.launch import Launch, ScheduledChange
from engine.text import clean

from .loader import Preset, parsed_setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwatched:
    """How a run goes that nobody watches: to its end, at full speed, once a client is there to hear of every step."""

    changes: Sequence[tuple[int, str]] = ()
    """Live changes ordered in advance: after how many updates, and KEY=VALUE."""
    measure_every: int | None = None
    """Steps between two measurements of the tensors; without, as often as a screen can show them."""
    keeps_pace: bool = False
    """Whether a limit of the speed holds; a preset's own is for people who watch."""


def launch_of(preset: Preset, unwatched: Unwatched | None = None, *, recorded: bool = True) -> Launch:
    """Return what the engine of a preset is told; `InputError` if a change is not possible."""
    spec = preset.spec.as_given()
    told = Launch(
        preset=preset.name, title=preset.title, see=preset.see, try_=preset.try_, spec=spec, recorded=recorded
    )
    if unwatched is None:
        return told
    if not unwatched.keeps_pace:
        spec.pop("pace", None)
    return told.model_copy(
        update={
            "spec": spec,
            "changes": _scheduled(preset.spec, unwatched.changes),
            "await_client": True,
            "measure_every": unwatched.measure_every,
            "on_non_finite": "finish",
        }
    )


def _scheduled(spec: RunSpec, changes: Sequence[tuple[int, str]]) -> tuple[ScheduledChange, ...]:
    """Return the changes in the order of their steps, each checked against the spec as it will be then."""
    found: list[ScheduledChange] = []
    for step, text in sorted(changes, key=lambda change: change[0]):
        source = clean(f"--at {step} {text}", 120)
        if spec.stop.steps is not None and step > spec.stop.steps:
            raise InputError(f"{source}: STEP = {step}; allowed: up to {spec.stop.steps}, where the run ends")
        setting = parsed_setting(text, f"--at {step}")
        try:
            spec = changed_spec(spec, {setting.key: setting.value})
        except InputError as error:
            raise InputError(f"{source}: {error}") from None
        found.append(ScheduledChange(step=step, values={setting.key: setting.value}))
    return tuple(found)
