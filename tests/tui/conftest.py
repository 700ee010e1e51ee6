"""A dashboard on a screen in memory, and `gdtui run` as a process: both over a real engine and a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.method.spec import checked_spec
from engine.run import client, directory, process
from engine.run.greeting import Watch
from engine.run.history import RecordReader
from presets import Preset
from presets.launches import launch_of
from tests.tui.engine_mother import Mother
from tests.tui.terminals import PATIENCE_S, ROOT, Terminal
from tests.tui.watchers import StartRun, Watcher
from tui.app import GdtuiApp
from tui.opening import Opening, launched, started
from tui.preferences import Preferences
from tui.run_view import RunView
from tui.screens.dashboard import Dashboard
from tui.screens.tour import is_first_visit
from tui.widgets.chart import LiveChart
from tui.widgets.parameter_table import ParameterTable
from tui.widgets.text_rows import TextRows

SUITED = {
    "landscape": "ravine",
    "model": "spiral",
    "graph": "backprop-circuit",
    "equation": "adam-bias",
    "schedule": "decay-too-fast",
}
"""The lessons that have most to show in a view; "digits" in the others."""

SMALL_NETWORK: dict[str, Any] = {
    "problem": {"kind": "dataset"},
    "data": {"name": "xor", "samples": 80},
    "model": {"hidden": [4], "loss": "binary_cross_entropy"},
    "optimizer": {"name": "adam", "lr": 0.01},
    "batch": {"size": 16},
    "pace": {"steps_per_second": 50.0},
    "precision": "float64",
}
"""Four tensors, 64 samples to train on and so four steps an epoch: 17 parameters that cost nothing."""


def small_preset(**sections: Any) -> Preset:
    """Return a lesson with a small network; a section given here takes the place of its own, None removes it."""
    data = {key: value for key, value in {**SMALL_NETWORK, **sections}.items() if value is not None}
    return Preset(
        name="small",
        title="A small network",
        topic="a test",
        see="A curve that falls.",
        try_="Turn the rate.",
        spec=checked_spec(data, "small.toml"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """In front of a dashboard: what a person sees, and what a person can do."""

    app: GdtuiApp
    pilot: Pilot[None]

    @property
    def dashboard(self) -> Dashboard:
        """The dashboard, also while a dialog lies over it."""
        return next(screen for screen in reversed(self.app.screen_stack) if isinstance(screen, Dashboard))

    @property
    def is_alone(self) -> bool:
        """Whether no dialog lies over the dashboard."""
        return self.app.screen is self.dashboard

    @property
    def view(self) -> RunView:
        """What the dashboard knows."""
        return self.dashboard.view

    @property
    def engine(self) -> int:
        """The engine's process."""
        return self.view.welcome.pid

    @property
    def headline(self) -> str:
        """The top row."""
        return self.dashboard.query_one("#headline", TextRows).export()

    @property
    def progress(self) -> str:
        """The row with the counts."""
        return self.dashboard.query_one("#progress", TextRows).export()

    @property
    def message(self) -> str:
        """The message as one line."""
        return " ".join(self.dashboard.query_one("#message", TextRows).export().split())

    @property
    def table(self) -> str:
        """The parameter table."""
        return self.dashboard.query_one(ParameterTable).export()

    def chart(self, name: str) -> str:
        """Return a chart as text: "loss", "gradient" or "rate"."""
        return self.dashboard.query_one(f"#{name}", LiveChart).export()

    @property
    def journal(self) -> list[tuple[str, list[tuple[str, Any, Any]]]]:
        """What the engine wrote down as applied: each command and the fields that it changed."""
        return [
            (
                event.payload["command"],
                [(change["key"], change["old"], change["new"]) for change in event.payload["changes"]],
            )
            for event in RecordReader(self.view.client.run.record).events()
            if event.kind == "applied"
        ]

    async def until(self, condition: Callable[[], object], what: Callable[[], object] = str) -> None:
        """Wait for a condition; `what` says, when it never comes, what was there instead."""
        await _until(condition, lambda: what() or (self.headline, self.message))

    async def press(self, *keys: str) -> None:
        """Press keys, and wait until the engine has answered what they asked."""
        await self.pilot.press(*keys)
        await self.answered()

    async def answered(self) -> None:
        """Wait until the engine has answered everything, and it is drawn."""
        await self.until(lambda: not self.view.asked, lambda: self.view.asked)
        self.dashboard.draw()
        await self.pilot.pause()

    async def paused_at(self, step: int) -> None:
        """Wait for this step, and pause."""
        await self.until(lambda: self.view.lane.loss.last_x >= step)
        await self.press("space")
        assert self.view.state == "paused"


class Lines(list[dict[str, Any]]):
    """What `gdtui run --json` has printed."""

    def of(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of one kind."""
        return [line for line in self if line["event"] == event]

    def column(self, event: str, key: str) -> list[Any]:
        """Return one value of each line of a kind."""
        return [line[key] for line in self.of(event)]


class Process(subprocess.Popen[str]):
    """`gdtui run` as a process of its own, in a group of its own as under a shell."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, str(ROOT / "gdtui.py"), "run", *arguments]
        super().__init__(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0)

    def first_line(self) -> dict[str, Any]:
        """Wait for the first line, which says that the run has started."""
        assert self.stdout is not None
        (line,) = parsed_lines([self.stdout.readline()])
        assert line["event"] == "started"
        return line


class Slow(Opening):
    """A run that comes when it is told to."""

    def __init__(self, opening: Opening) -> None:
        super().__init__(run=opening.run(), engine=opening._engine)
        self.come = threading.Event()

    def connect(self, *, watch: Watch = "live", name: str = "dashboard") -> client.Client:
        """Connect when it is time."""
        self.come.wait(15.0)
        return super().connect(watch=watch, name=name)


Watched = Callable[..., AbstractAsyncContextManager[Seat]]
Running = Callable[..., AbstractContextManager[Process]]
Parsed = Callable[[list[str]], Lines]
Events = Callable[..., Lines]
UntilEnded = Callable[[str], None]
EndEngines = Callable[[], None]
WaitUntil = Callable[[Callable[[], object]], Awaitable[None]]


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what a person's own terminal would change about a screen."""
    for name in list(os.environ):
        own = name.startswith("TEXTUAL") and "SNAPSHOT" not in name
        if own or name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture(scope="session")
def mother() -> Iterator[Mother]:
    """Whoever forks the engines of this process of pytest."""
    mother = Mother()
    yield mother
    mother.leave()


@pytest.fixture(autouse=True)
def forked_engines(mother: Mother, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fork the engines that this process starts; where forking is not safe, start them as the program does."""
    if sys.platform == "linux":
        monkeypatch.setattr(process, "subprocess", mother)


@pytest.fixture
def watched(places: object) -> Watched:
    """Start an engine on a preset and open its dashboard; both are gone when the block is left."""

    @asynccontextmanager
    async def watch(
        preset: Preset | None = None, *, size: tuple[int, int] = (80, 24), remembers: bool = False
    ) -> AsyncIterator[Seat]:
        preferences = Preferences(remembers=remembers)
        app = GdtuiApp(opening=launched(launch_of(preset or small_preset())), preferences=preferences)
        views: list[RunView] = []
        try:
            async with app.run_test(size=size) as pilot:
                seat = Seat(app=app, pilot=pilot)
                await seat.until(lambda: isinstance(app.screen, Dashboard), lambda: app.farewell or app.screen)
                views.append(seat.view)
                await seat.until(lambda: seat.view.lane.progress is not None)
                yield seat
                # A dashboard that was started anew is another one.
                views += [screen.view for screen in app.screen_stack if isinstance(screen, Dashboard)]
        finally:
            for view in views:
                view.client.close()
            _end_engines()

    return watch


@pytest.fixture
def watch(start_run: StartRun, end_engines: EndEngines) -> Iterator[Callable[..., Watcher]]:
    """Start an engine on a spec, and watch it."""
    watchers: list[Watcher] = []

    def start(spec: dict[str, Any], **others: Any) -> Watcher:
        watchers.append(Watcher(*start_run(spec, **others)))
        return watchers[-1]

    yield start
    for watcher in watchers:
        for connection in watcher.clients:
            connection.close()
    end_engines()


@pytest.fixture
def end_engines(places: object) -> EndEngines:
    """Kill the engines of this test, stopped ones as well, and wait until they are gone."""
    return _end_engines


@pytest.fixture
def slow(places: object, end_engines: EndEngines) -> Iterator[Slow]:
    """Start a run that is shown only when it is told to come."""
    opening = Slow(started("digits", {}))
    yield opening
    opening.come.set()
    end_engines()


@pytest.fixture
def terminal(places: object) -> Iterator[Callable[..., Terminal]]:
    """Open terminals with the command in them; `newcomer` says that nobody has been here before."""
    opened: list[Terminal] = []

    def start(*arguments: str, newcomer: bool = False, **others: Any) -> Terminal:
        if not newcomer:
            is_first_visit()
        opened.append(Terminal(*arguments, **others))
        return opened[-1]

    yield start
    for one in opened:
        one.process.kill()
        one.process.wait()
        one.hang_up()
    _end_engines()


@pytest.fixture
def suited() -> Callable[[str], str]:
    """Return the name of a lesson that suits a view, by the view's name."""
    return lambda view: SUITED.get(view, "digits")


@pytest.fixture
def wait_until() -> WaitUntil:
    """Wait for a condition."""
    return _until


@pytest.fixture
def preset() -> Callable[..., Preset]:
    """Make a lesson with a small network."""
    return small_preset


@pytest.fixture
def other_client(places: object) -> Iterator[Callable[[RunView], client.Client]]:
    """Connect to the engine of a run as someone else would."""
    with contextlib.ExitStack() as stack:

        def connect(view: RunView) -> client.Client:
            other = client.Client(view.client.run, watch="nothing", name="colleague")
            stack.callback(other.close)
            return other

        yield connect


@pytest.fixture
def parsed() -> Parsed:
    """Return lines as strict JSON: Python alone would read NaN and Infinity as numbers."""
    return parsed_lines


@pytest.fixture
def events() -> Events:
    """Return the events of a run with --json that ended with this exit code."""

    def read(outcome: Any, code: int = 0) -> Lines:
        assert outcome.code == code, outcome.err
        if code == 0:
            assert outcome.err == ""
        found = parsed_lines(outcome.lines)
        assert (found[0]["event"], found[-1]["event"]) == ("started", "finished")
        return found

    return read


@pytest.fixture
def running(places: object) -> Running:
    """Start `gdtui run`, killed if the test fails."""

    @contextlib.contextmanager
    def run(*arguments: str) -> Iterator[Process]:
        with Process(*arguments) as process:
            try:
                yield process
            finally:
                process.kill()

    return run


@pytest.fixture
def until_ended() -> UntilEnded:
    """Wait until the engine of a run with this name has gone, which it does by itself."""

    def wait(name: str) -> None:
        run = directory.RunDirectory(name=name, path=directory.data_root() / name)
        end = time.monotonic() + PATIENCE_S
        while run.is_live():
            assert time.monotonic() < end, "the engine does not leave"
            time.sleep(0.01)

    return wait


def parsed_lines(lines: list[str]) -> Lines:
    """Return lines as strict JSON."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return Lines(json.loads(line, parse_constant=refuse) for line in lines)


async def _until(condition: Callable[[], object], what: Callable[[], object] = str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"waited in vain; there is {what()}"
        await asyncio.sleep(0.01)


def _end_engines() -> None:
    runs = [run for run in directory.all_runs() if run.is_live()]
    for run in runs:
        with contextlib.suppress(OSError, ValueError):
            os.kill(int(run.lock.read_text()), signal.SIGKILL)
    end = time.monotonic() + PATIENCE_S
    while any(run.is_live() for run in runs) and time.monotonic() < end:
        time.sleep(0.002)
