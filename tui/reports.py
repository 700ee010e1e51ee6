"""What the command line prints about presets, runs and gradients."""

from __future__ import annotations

import contextlib
import json
import math
import sys
import time
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from engine.errors import GdtuiError, InputError
from engine.method.gradient_check import THRESHOLD, check_gradient
from engine.run import client, directory
from engine.text import clean, counted
from presets import Preset, read

from .charts.axes import compact

FIRST_ANSWER_S = 0.5
"""How long a list of runs waits for the state of one."""


LOCKED = """
# Nobody can steer what is locked: neither in a dashboard nor with --set and --at. For a run of your own, write all of
# this into a file and leave the last table out."""


def print_preset(preset: Preset) -> int:
    """Print a preset: what it says about itself, and its whole spec as TOML."""
    for key, text in (("title", preset.title), ("topic", preset.topic), ("see", preset.see), ("try", preset.try_)):
        click.echo(f"{key} = {json.dumps(text, ensure_ascii=False)}")
    data = preset.spec.model_dump(mode="json", exclude_none=True)
    sections = {key: value for key, value in data.items() if isinstance(value, dict)}
    if preset.spec.problem.kind != "dataset":
        absent = {"data", "model", "regularisation"} | (set() if preset.spec.has_batches else {"batch"})
        sections = {key: value for key, value in sections.items() if key not in absent}
    for key, value in data.items():
        if not isinstance(value, dict):
            click.echo(f"{key} = {_toml(value)}")
    for name, fields in sections.items():
        _print_table(f"[{name}]", fields)
    for lane in preset.lanes:
        click.echo("\n[[lanes]]")
        for key, value in lane.own.items():
            click.echo(f"{key} = {_inline(value)}")
    if preset.goal is not None:
        _print_table("[goal]", preset.goal.model_dump(mode="json", exclude_unset=True))
    if preset.locks.controls:
        click.echo(LOCKED)
        _print_table("[locks]", preset.locks.model_dump(mode="json", exclude_unset=True))
    return 0


def print_preset_checks(files: Sequence[str]) -> int:
    """Print for each file whether it is a preset; return 2 if one is not."""
    code = 0
    for name in files:
        try:
            read(Path(name))
        except InputError as error:
            click.echo(f"gdtui: {error}", err=True)
            code = 2
        else:
            click.echo(f"{clean(name)}: good")
    return code


def print_runs() -> int:
    """Print the runs under way and the recorded ones."""
    found = directory.all_runs()
    if not found:
        click.echo("no runs")
        return 0
    rows = [("RUN", "STATE", "PRESET", "STEP", "LOSS", "STARTED")] + [_row(run) for run in found]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def ended_run(name: str | None) -> str | None:
    """Return with what result the run of this name has ended, and where its record lies; of several, of the newest.

    Args:
        name: A run's name, its beginning, or the path of its directory; None for all of them.
    """
    found = [run for run in directory.all_runs() if name is None or run.name.startswith(name)]
    with contextlib.suppress(GdtuiError):
        found = [directory.find(name, live=False)]
    if not found or any(run.is_live() for run in found):
        return None
    several = "the newest: " if name is None else f"{len(found)} runs begin so, the newest: " if len(found) > 1 else ""
    _, state, _, step, loss, _ = _row(found[0])
    at = f" at step {step}" if step != "?" else ""
    result = f" with loss {loss}" if loss else ""
    return f"{several}run {found[0].name}: {state}{at}{result}; its record: {clean(str(found[0].path))}"


def print_gradient_check(preset: Preset) -> int:
    """Print the gradient check of a preset, tensor by tensor; return 1 if it fails."""
    result = check_gradient(preset.spec)
    width = max(len(tensor.name) for tensor in result.tensors)
    for steps, tensors in groupby(result.tensors, key=lambda tensor: tensor.steps):
        click.echo(f"after {counted(steps, 'step')} of training" if steps else "at the initial parameters")
        for tensor in tensors:
            skipped = f", {tensor.skipped} skipped at a kink" if tensor.skipped else ""
            if not tensor.checked:
                click.echo(f"  {tensor.name:<{width}}  not compared{skipped}")
                continue
            click.echo(
                f"  {tensor.name:<{width}}  relative error {tensor.relative_error:.1e}  "
                f"{'right' if tensor.passed else 'WRONG'}  ({counted(tensor.checked, 'coordinate')}{skipped})"
            )
    if result.passed:
        click.echo(f"the gradient agrees with central differences to {THRESHOLD:g}")
        return 0
    print(
        f"gdtui: {preset.name}: the gradient differs from central differences by more than {THRESHOLD:g}",
        file=sys.stderr,
    )
    return 1


def _print_table(heading: str, fields: dict[str, Any]) -> None:
    if fields:
        click.echo(f"\n{heading}")
        for key, value in fields.items():
            click.echo(f"{key} = {_toml(value)}")


def _row(run: directory.RunDirectory) -> tuple[str, ...]:
    state, preset, step, loss, started = "ended", "?", "?", "", ""
    try:
        launch = json.loads(run.launch.read_bytes())
        preset = clean(str(launch["preset"]), 40)
        started = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.launch.stat().st_mtime))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    live = _live_state(run)
    if live is not None:
        state, step = live
    try:
        if run.record.exists():
            step, loss, reason = _recorded(run, step)
            state = reason if state == "ended" else state
    except GdtuiError as error:
        state = clean(str(error), 60) if live is None else state
    return run.name, state, preset, step, loss, started


def _live_state(run: directory.RunDirectory) -> tuple[str, str] | None:
    """Return the state and the step that a run's engine tells, or None when there is no engine."""
    if not run.is_live():
        return None
    try:
        connection = client.Client(run, watch="nothing", name="list", patience_s=FIRST_ANSWER_S)
    except GdtuiError:
        # It may be about to leave: then it is gone in a moment.
        end = time.monotonic() + FIRST_ANSWER_S
        while run.is_live() and time.monotonic() < end:
            time.sleep(0.02)
        return ("silent", "?") if run.is_live() else None
    state, step = connection.welcome.state, f"{connection.welcome.step:,}"
    connection.close()
    return ("ended, open" if state == "ended" else state), step


def _recorded(run: directory.RunDirectory, step: str) -> tuple[str, str, str]:
    """Return the last step in the record, the loss, and how the run ended; of a race, the loss of its best lane.

    The loss of a run that has ended is the result that was told, over the training set; else that of the last step.
    """
    from engine.run.history import RecordReader

    reader = RecordReader(run.record)
    segment = reader.segments()[-1].id
    lasts = [reader.last_step(segment, lane=lane) for lane in range(reader.lanes)]
    ends = [event.payload for event in reader.events(segment) if event.kind == "finished"]
    told: dict[object, float] = {}
    for end in ends:
        with contextlib.suppress(KeyError, TypeError, ValueError):
            told[end["lane"]] = float(end["loss"])
    losses = list(told.values()) if len(told) == len(lasts) else []
    for lane, last in () if losses else enumerate(lasts):
        losses += [float(block.values[1, -1]) for block in reader.steps(segment, max(1, last), last, lane=lane)]
    loss = compact(min(losses, key=lambda value: math.inf if math.isnan(value) else value)) if losses else ""
    reason = f"ended ({clean(str(ends[-1].get('reason')), 20)})" if ends else "broke off"
    return (step if step != "?" else f"{max(lasts):,}"), loss, reason


def _inline(value: Any) -> str:
    """Return a value as TOML on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(field)}" for key, field in value.items()) + " }"
    return _toml(value)


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
