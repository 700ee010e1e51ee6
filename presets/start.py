"""Starts the engine of a preset: the process that checks the preset is the one that then trains it.

So whoever shows the run need not load what checks a preset, and the engine is at work while a screen is still being
loaded. It may be started before it is known what it is to do: it loads what it needs, waits for its order, and ends if
the pipe is closed without one. Its output is a pipe as well, to whoever started it, until it has said in one line of
JSON what came of the preset:

    {"name": …, "path": …}    the run, which is about to begin; from here on the output goes into the run's log
    {"wrong_input": …}        one line for the person who typed it
    {"failure": …}            one line about the machine: no room, no rights
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from engine.errors import GdtuiError, InputError
from engine.run import directory
from engine.run.directory import RunDirectory

from .launches import Unwatched, launch_of
from .loader import chosen_preset

DONE, FAILED, WRONG_INPUT = 0, 1, 2


def main() -> int:
    """Be the engine that a JSON object on stdin orders, and return the exit code.

    The order has the preset's `name` and the `options` of `chosen_preset`; for a run that nobody watches, the fields
    of `Unwatched`; where the record is to lie (`out`), whether there is to be one (`recorded`), and whether
    the first step `waits` until someone says so.

    A preset that is wrong leaves nothing behind, and neither does one that nobody waits for any longer.
    """
    order = sys.stdin.buffer.read()
    if not order:
        return DONE
    try:
        run = _new_run(**json.loads(order))
    except InputError as error:
        _say({"wrong_input": str(error)})
        return WRONG_INPUT
    except GdtuiError as error:
        _say({"failure": str(error)})
        return FAILED
    try:
        _say({"name": run.name, "path": str(run.path)})
    except BrokenPipeError:
        directory.forget(run)
        return DONE
    _write_into_log(run)
    # Only now: who waits for the line above need not wait for what trains.
    from engine.run.worker import main as engine_main

    os.chdir(run.path)
    return engine_main([str(run.path), run.name])


def _new_run(
    name: str,
    *,
    options: dict[str, Any],
    unwatched: dict[str, Any] | None = None,
    out: str | None = None,
    recorded: bool = True,
    waits: bool = False,
) -> RunDirectory:
    alone = Unwatched(**unwatched) if unwatched is not None else None
    launch = launch_of(chosen_preset(name, **options), alone, recorded=recorded, waits=waits)
    run = directory.create(launch.preset, out=Path(out) if out is not None else None, recorded=recorded)
    directory.put_in(run, launch.model_dump_json())
    return run


def _say(words: dict[str, str]) -> None:
    print(json.dumps(words), flush=True)


def _write_into_log(run: RunDirectory) -> None:
    """Let go of the pipes, which tells the reader of one that all is said."""
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    with run.log.open("ab") as log:
        for number in (1, 2):
            os.dup2(log.fileno(), number)
