"""What the screens look like, as pictures that a person has looked at.

Every picture is of a run that ended by itself after an exact number of steps and was opened afterwards, so that neither
the speed of the machine nor the order of events is in it. The arithmetic is float64 and the figures have four digits.
"""

from __future__ import annotations

import select
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from engine.run import client, directory
from engine.run.launch import Launch, ScheduledChange
from tui.app import GdtuiApp
from tui.preferences import Preferences
from tui.run_view import RunView
from tui.screens.dashboard import Dashboard
from tui.screens.dialogs import QuitDialog
from tui.screens.gallery import Gallery
from tui.theme import LIGHT

if TYPE_CHECKING:
    from tests.tui.conftest import EndEngines

PATIENCE_S = 30.0
SPEC: dict[str, Any] = {
    "problem": {"kind": "dataset"},
    "data": {"name": "xor", "samples": 200},
    "model": {"hidden": [8, 8], "activation": "tanh", "loss": "binary_cross_entropy"},
    "optimizer": {"name": "adam", "lr": 0.02},
    "batch": {"size": 16},
    "stop": {"epochs": 12},
    "precision": "float64",
}

Look = Callable[[Pilot[None]], Awaitable[None]]
Compare = Callable[..., bool]


@pytest.fixture
def ended_run(places: object, end_engines: EndEngines) -> Iterator[RunView]:
    """Train 120 steps with two live changes, and look at the run only when it has ended and all is known."""
    path = directory.data_root() / "xor-abcd"
    path.mkdir(parents=True)
    run = directory.RunDirectory(name="xor-abcd", path=path)
    changes = (
        ScheduledChange(step=40, values={"optimizer.lr": 0.05}),
        ScheduledChange(step=80, values={"optimizer.name": "rmsprop", "optimizer.lr": 0.01}),
    )
    launch = Launch(
        preset="xor",
        title="A small network, and 学习率",
        see="The curve falls, and falls faster after each change.",
        try_="Turn the rate with [ and ].",
        spec=SPEC,
        changes=changes,
    )
    engine = client.start(run, launch)
    watcher = client.Client(run, watch="live", name="watcher", engine=engine)
    end = time.monotonic() + PATIENCE_S
    while not any(getattr(message, "kind", "") == "finished" for message in watcher.wait(1.0)):
        assert time.monotonic() < end
    view = RunView(client.Client(run, watch="live", name="dashboard"))
    view.catch_up(PATIENCE_S)
    while view.lane.progress is None:
        assert time.monotonic() < end
        select.select([view.client], [], [], 1.0)
        view.receive()
    assert (view.state, view.step, view.lane.loss.last_x) == ("ended", 120, 120.0)
    yield view
    view.client.close()
    watcher.close()
    end_engines()


def dashboard(view: RunView, *keys: str, theme: str | None = None) -> tuple[App[None], Look]:
    """Return an application, and what opens the dashboard in it and presses keys."""

    async def look(pilot: Pilot[None]) -> None:
        if theme is not None:
            pilot.app.theme = theme
        await pilot.app.push_screen(Dashboard(view, Preferences(frames_per_second=1)))
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        for field in pilot.app.screen.query(Input):
            field.cursor_blink = False
        for screen in pilot.app.screen_stack:
            if isinstance(screen, Dashboard):
                # The second row of charts comes with the first frame, and is drawn by the next one.
                screen.draw()
                await pilot.pause()
                screen.draw()
        await pilot.pause()

    return GdtuiApp(), look


@pytest.mark.parametrize(
    ("keys", "size", "theme"),
    [
        pytest.param((), (120, 36), None, id="dashboard"),
        pytest.param((), (120, 36), LIGHT.name, id="dashboard-light"),
        pytest.param((), (80, 24), None, id="dashboard-80x24"),
        pytest.param((), (80, 24), LIGHT.name, id="dashboard-light-80x24"),
        pytest.param((), (50, 14), None, id="dashboard-50x14"),
        pytest.param(("h",), (120, 36), None, id="settings"),
        pytest.param(("o",), (120, 36), None, id="optimizer"),
        pytest.param(("question_mark",), (120, 36), None, id="help"),
    ],
)
def test_a_run_looks_like_this(
    snap_compare: Compare, ended_run: RunView, keys: tuple[str, ...], size: tuple[int, int], theme: str | None
) -> None:
    app, look = dashboard(ended_run, *keys, theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=look)


def test_the_question_at_the_end_looks_like_this(snap_compare: Compare, ended_run: RunView) -> None:
    app, look = dashboard(ended_run)

    async def ask(pilot: Pilot[None]) -> None:
        await look(pilot)
        await pilot.app.push_screen(QuitDialog(ended_run.welcome.run))
        await pilot.pause()

    assert snap_compare(app, terminal_size=(80, 24), run_before=ask)


@pytest.mark.parametrize("size", [pytest.param((120, 36), id="120x36"), pytest.param((80, 24), id="80x24")])
def test_the_gallery_looks_like_this(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[None]) -> None:
        while not any(choices.option_count for choices in pilot.app.screen.query(OptionList)):
            await pilot.pause(0.01)
        await pilot.pause()
        await pilot.press("down")
        await pilot.pause()

    assert snap_compare(GdtuiApp(gallery=Gallery()), terminal_size=size, run_before=look)
