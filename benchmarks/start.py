"""How long one waits: for the version, the first frame, the dashboard, and the first step."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from engine.run.directory import RunDirectory, remove
from engine.run.launch import Launch
from presets import load

from .engines import GDTUI, at_work, only, place
from .figures import Figure, figure
from .terminal import FRAME_END, Terminal

BARE = (sys.executable, "-c", "pass")
EMPTY_APP = (sys.executable, "-c", "from textual.app import App; App().run()")
DASHBOARD = b"smoothed"
"""A word that stands above the chart of the loss, once there is one."""


def measure(*, rounds: int, tell: Callable[[str], None]) -> Iterator[Figure]:
    """Yield every start; each is made once a round, in an order drawn anew each round."""
    generator = np.random.default_rng()
    found: dict[str, list[float]] = {}

    def note(name: str, seconds: float) -> None:
        found.setdefault(name, []).append(1e3 * seconds)

    with place() as environment:
        starts: tuple[Callable[[], None], ...] = (
            lambda: note("bare", _seconds(BARE, environment)),
            lambda: note("version", _seconds((*GDTUI, "--version"), environment)),
            lambda: note("empty", _first_frame(EMPTY_APP, environment)),
            lambda: _dashboard(environment, note),
            lambda: note("first", _first_step_of_dashboard(environment)),
            lambda: note("engine", _first_step_of_engine(environment)),
            lambda: note("run", _first_step_of_run(environment)),
        )
        for round_number in range(rounds):
            tell(f"starts: round {round_number + 1} of {rounds}")
            for place_in_round in generator.permutation(len(starts)):
                starts[place_in_round]()
    over = [version - bare for version, bare in zip(found["version"], found["bare"], strict=True)]
    behind = [own - empty for own, empty in zip(found["frame"], found["empty"], strict=True)]
    yield figure("gdtui --version over a bare python", over, "ms", at_most=150.0)
    yield figure("first frame of an empty Textual app", found["empty"], "ms")
    yield figure("first frame of gdtui digits", found["frame"], "ms")
    yield figure("first frame of gdtui digits over the empty app's", behind, "ms", at_most=150.0)
    yield figure("first step of gdtui digits", found["first"], "ms", at_most=300.0)
    yield figure("charts of gdtui digits on the screen", found["dashboard"], "ms")
    yield figure("first step of an engine by itself", found["engine"], "ms")
    yield figure("first step of gdtui run digits", found["run"], "ms")


def _seconds(command: tuple[str, ...], environment: Mapping[str, str]) -> float:
    before = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, env=dict(environment), check=True)
    return time.perf_counter() - before


def _first_frame(command: tuple[str, ...], environment: Mapping[str, str]) -> float:
    with Terminal(command, environment) as terminal:
        return terminal.until(FRAME_END)


def _dashboard(environment: Mapping[str, str], note: Callable[[str, float], None]) -> None:
    with Terminal((*GDTUI, "digits"), environment) as terminal:
        note("frame", terminal.until(FRAME_END))
        note("dashboard", terminal.until(DASHBOARD))
        # The engine would outlive its dashboard.
        with only(environment) as engine:
            path = engine.path
        remove(RunDirectory(name=path.name, path=path))


def _first_step(command: tuple[str, ...], folder: Path, environment: Mapping[str, str]) -> float:
    """Return the seconds from the start of a command to the end of its engine's only step, as its record has it."""
    before_ns = time.monotonic_ns()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=dict(environment)), at_work(folder) as engine:
        return float(engine.moment().at_ns - before_ns) / 1e9


def _first_step_of_dashboard(environment: Mapping[str, str]) -> float:
    """Return the same for the run of a dashboard, which waits for no client."""
    before_ns = time.monotonic_ns()
    with Terminal((*GDTUI, "digits", "--steps", "1"), environment) as terminal:
        terminal.until(DASHBOARD)
        with only(environment) as engine:
            path, seconds = engine.path, float(engine.moment().at_ns - before_ns) / 1e9
        remove(RunDirectory(name=path.name, path=path))
    return seconds


def _first_step_of_run(environment: Mapping[str, str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return _first_step((*GDTUI, "run", "digits", "--steps", "1", "--out", folder), Path(folder), environment)


def _first_step_of_engine(environment: Mapping[str, str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        spec = {**load("digits").spec.as_given(), "stop": {"steps": 1}}
        launch = Launch(preset="digits", title="", spec=spec)
        run = RunDirectory(name="start", path=Path(folder))
        run.launch.write_text(launch.model_dump_json(), encoding="utf-8")
        return _first_step((*GDTUI, "_engine", folder, run.name), run.path, environment)
