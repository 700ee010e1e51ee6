"""Starts the engine of a preset: the process that checks the preset is the one that then trains it.

So whoever shows the run need not load what checks a preset, and the engine is at work while a screen is still being
loaded. Its output is a pipe to whoever started it, until it has said in one line of JSON what came of the preset:

    {"name": …, "path": …}    the run, which is about to begin; from here on the output goes into the run's log
    {"wrong_input": …}        one line for the person who typed it
    {"failure": …}            one line about the machine: no room, no rights
"""

from __future__ import annotations

import json
import os
from typing import Any

from engine.errors import GdtuiError, InputError
from engine.run import directory
from engine.run.directory import RunDirectory
from engine.run.launch import Launch

from .loader import Preset, chosen_preset

DONE, FAILED, WRONG_INPUT = 0, 1, 2


def main(arguments: list[str]) -> int:
    """Be the engine of the preset that a JSON object names, with the options of `chosen_preset`; return the exit code.

    A preset that is wrong leaves nothing behind, and neither does one that nobody waits for any longer.
    """
    try:
        run = _new_run(**json.loads(arguments[0]))
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


def launch_of(preset: Preset) -> Launch:
    """Return what the engine of a preset is told when people watch."""
    return Launch(
        preset=preset.name,
        title=preset.title,
        see=preset.see,
        try_=preset.try_,
        spec=preset.spec.as_given(),
        lanes=tuple(lane.own for lane in preset.lanes),
        goal=preset.goal,
    )


def _new_run(name: str, **options: Any) -> RunDirectory:
    launch = launch_of(chosen_preset(name, **options))
    run = directory.create(launch.preset)
    run.launch.write_text(launch.model_dump_json(), encoding="utf-8")
    return run


def _say(words: dict[str, str]) -> None:
    print(json.dumps(words), flush=True)


def _write_into_log(run: RunDirectory) -> None:
    """Let go of the pipe, which tells its reader that all is said."""
    with run.log.open("ab") as log:
        for number in (1, 2):
            os.dup2(log.fileno(), number)
