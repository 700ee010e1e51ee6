"""Between the first paint and the run: what is going on is said, and who leaves leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import OptionList

from engine.errors import RunError
from engine.run import directory
from presets import load
from tui import app as app_module
from tui.app import GdtuiApp
from tui.opening import Opening
from tui.screens.dashboard import Dashboard
from tui.screens.gallery import Gallery
from tui.screens.run_screen import RunScreen
from tui.screens.waiting import Waiting
from tui.widgets.key_bar import KeyBar
from tui.widgets.text_rows import TextRows

if TYPE_CHECKING:
    from tests.tui.conftest import Slow, WaitUntil


def row(app: GdtuiApp, name: str) -> str:
    return " ".join(app.screen.query_one(f"#{name}", TextRows).export().split())


def keys(app: GdtuiApp) -> str:
    """The row of keys as it is painted."""
    footer = app.screen.query_one(KeyBar)
    return "".join(segment.text for segment in app.screen._compositor.render_strips()[footer.region.y])


async def test_the_frame_stands_before_the_run_and_nothing_moves_when_it_comes(
    slow: Slow, wait_until: WaitUntil
) -> None:
    app = GdtuiApp(opening=slow)
    preset = load("digits")
    async with app.run_test(size=(120, 36)):
        await wait_until(lambda: isinstance(app.screen, Waiting) and "Quit" in keys(app))
        assert row(app, "headline") == f"gdtui {preset.title} ◌ starting"
        assert row(app, "progress") == "starting the engine"
        assert row(app, "message") == preset.see
        before = keys(app), [app.screen.query_one(f"#{name}").region for name in ("headline", "progress", "message")]
        slow.come.set()
        await wait_until(lambda: isinstance(app.screen, Dashboard))
        dashboard = app.screen
        assert isinstance(dashboard, Dashboard)
        await wait_until(lambda: dashboard.view.lane.loss.count and "Quit" in keys(app))
        assert before == (
            keys(app),
            [app.screen.query_one(f"#{name}").region for name in ("headline", "progress", "message")],
        )
        dashboard.view.client.close()


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_who_leaves_before_the_run_is_there_leaves_no_engine_behind(
    slow: Slow, wait_until: WaitUntil, key: str
) -> None:
    app = GdtuiApp(opening=slow)
    async with app.run_test(size=(120, 36)) as pilot:
        await wait_until(lambda: isinstance(app.screen, Waiting))
        await pilot.press("space", "o", "h", "question_mark")
        assert isinstance(app.screen, Waiting), "there is nothing to steer yet"
        await pilot.press(key)
        await wait_until(lambda: not app.is_running)
    slow.come.set()
    assert app.farewell == f"{slow.run().name} has ended before its first step was shown; nothing of it is kept"
    assert app.return_code == 0
    assert not directory.all_runs()


async def test_who_leaves_before_a_run_found_again_is_there_is_told_that_it_goes_on(
    slow: Slow, wait_until: WaitUntil
) -> None:
    slow._engine = None
    app = GdtuiApp(opening=slow)
    async with app.run_test(size=(120, 36)) as pilot:
        await wait_until(lambda: isinstance(app.screen, Waiting))
        await pilot.press("q")
        await wait_until(lambda: not app.is_running)
    slow.come.set()
    name = slow.run().name
    assert app.farewell == f"{name} goes on; come back with: gdtui attach {name}"
    assert directory.all_runs()


async def test_a_lesson_that_cannot_be_started_leads_back_to_the_gallery(
    places: object, wait_until: WaitUntil, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(Opening):
        def run(self) -> directory.RunDirectory:
            raise RunError("no room on the disk")

    monkeypatch.setattr(app_module, "shown", lambda *_: Failing())
    app = GdtuiApp(gallery=Gallery())
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await wait_until(lambda: app.screen.query(OptionList))
        await pilot.pause()
        for _ in range(2):
            await pilot.press("enter")
            await wait_until(lambda: app._notifications)
            await wait_until(lambda: isinstance(app.screen, Gallery))
            assert [notice.message for notice in app._notifications] == ["no room on the disk"]
            app.clear_notifications()


def test_every_key_of_a_run_does_something_on_its_dashboard() -> None:
    """The keys stand on the first frame, before the dashboard is loaded; nothing else ties the two together."""
    actions = {binding.action.partition("(")[0] for binding in RunScreen.BINDINGS}  # type: ignore[union-attr]
    assert [action for action in actions if not hasattr(Dashboard, f"action_{action}")] == []
