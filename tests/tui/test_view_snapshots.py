"""What every view looks like, dark and light, in three sizes, as pictures that a person has looked at.

Every picture is of a run that ended by itself after an exact number of steps in float64, with a live change on the way,
and was opened afterwards, so that neither the speed of the machine nor the order of events is in it. A run is made once
for all pictures of a view; its engine stays, as views ask it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from engine.run import client, directory
from engine.run.directory import RunDirectory
from engine.run.launch import ScheduledChange
from presets import chosen_preset
from presets.launches import Unwatched, launch_of
from tui.app import GdtuiApp
from tui.preferences import Preferences
from tui.run_view import RunView
from tui.screens.dashboard import Dashboard
from tui.theme import DARK, LIGHT
from tui.views import VIEWS
from tui.widgets import log_rows

PATIENCE_S = 60.0
STEPS, CHANGED_AT = 60, 40
SIZES = ((200, 60), (120, 36), (80, 24))
THEMES = {"dark": DARK.name, "light": LIGHT.name}
SETTLED_FRAMES = 2
"""A screen that so many frames in a row have left as it is, with no question open, waits for nothing any more."""
FRAME_S = 0.01
BY_HAND = Preferences(frames_per_second=1)
"""The test draws the frames: a clock that draws as well keeps the screen from ever being idle."""

Ended = Callable[[str], RunDirectory]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A short folder for the runs of all pictures; their engines are killed in the end."""
    root = Path(tempfile.mkdtemp(prefix="gd-", dir="/tmp"))
    yield root
    for lock in root.glob("**/run.lock"):
        if RunDirectory(name=lock.parent.name, path=lock.parent).is_live():
            os.kill(int(lock.read_text()), signal.SIGKILL)
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="module")
def made() -> Iterator[dict[str, client.Client]]:
    """Those who watch the runs that there are already, by the names of their lessons: an engine stays for them."""
    watchers: dict[str, client.Client] = {}
    yield watchers
    for watcher in watchers.values():
        watcher.close()


@pytest.fixture
def ended(place: Path, made: dict[str, client.Client], places: object, monkeypatch: pytest.MonkeyPatch) -> Ended:
    """Return the run of a lesson, which ended after an exact number of steps."""
    monkeypatch.setenv("GDTUI_DATA_DIR", str(place / "data"))
    monkeypatch.setenv("GDTUI_RUNTIME_DIR", str(place / "run"))

    def run_of(name: str) -> RunDirectory:
        if name not in made:
            settings = (f"stop.steps={STEPS}", "precision=float64")
            preset = chosen_preset(name, settings=settings)
            path = directory.data_root() / f"{name}-abcd"
            path.mkdir(parents=True)
            run = RunDirectory(name=path.name, path=path)
            change = ScheduledChange(step=CHANGED_AT, values={"optimizer.lr": 0.5 * preset.spec.optimizer.lr})
            launch = launch_of(preset, Unwatched()).model_copy(update={"changes": (change,)})
            watcher = client.Client(run, watch="live", name="watcher", engine=client.start(run, launch))
            end = time.monotonic() + PATIENCE_S
            finished = 0
            while finished < max(1, len(preset.lanes)):
                finished += sum(getattr(message, "kind", "") == "finished" for message in watcher.wait(1.0))
                assert time.monotonic() < end
            made[name] = watcher
        return made[name].run

    return run_of


@pytest.fixture(autouse=True)
def a_minute_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything have happened at noon, however long the tests before took."""
    monkeypatch.setattr(log_rows, "clock", lambda at, _: "" if at is None else "12:00:00")


async def settle(pilot: Pilot[None], dashboard: Dashboard) -> None:
    """Wait until everything has been asked and answered, and frames change nothing any more."""
    run = dashboard.view
    unchanged, before = 0, None
    end = time.monotonic() + PATIENCE_S
    while unchanged < SETTLED_FRAMES:
        await pilot.pause(FRAME_S)
        dashboard.draw()
        await pilot.pause(FRAME_S)
        strips = [[tuple(segment) for segment in strip] for strip in dashboard._compositor.render_strips()]
        waits = run.asked or run.looks.are_awaited or run.reads_history
        unchanged = unchanged + 1 if strips == before and not waits else 0
        before = strips
        assert time.monotonic() < end, "the screen never comes to rest"


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("view", [kind.name for kind in VIEWS])
def test_a_view_looks_like_this(
    snap_compare: Callable[..., bool],
    ended: Ended,
    suited: Callable[[str], str],
    view: str,
    theme: str,
    size: tuple[int, int],
) -> None:
    with contextlib.closing(client.Client(ended(suited(view)), watch="live", name="dashboard")) as connection:
        run = RunView(connection)
        run.catch_up(PATIENCE_S)

        async def look(pilot: Pilot[None]) -> None:
            pilot.app.theme = THEMES[theme]
            dashboard = Dashboard(run, BY_HAND)
            await pilot.app.push_screen(dashboard)
            while run.lane.progress is None:
                await pilot.pause(FRAME_S)
            await dashboard.action_view([kind.name for kind in VIEWS].index(view))
            await settle(pilot, dashboard)

        assert snap_compare(GdtuiApp(), terminal_size=size, run_before=look)
