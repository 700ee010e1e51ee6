"""The cards of a first start: nothing is learnt unseen behind them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from engine.run import client, events
from tui.app import GdtuiApp
from tui.opening import Opening, shown, started
from tui.preferences import Preferences
from tui.screens.dashboard import Dashboard
from tui.screens.dialogs import QuitDialog
from tui.screens.tour import Tour

if TYPE_CHECKING:
    from tests.tui.conftest import EndEngines, WaitUntil

Toured = Callable[[Opening], AbstractAsyncContextManager[Dashboard]]


@pytest.fixture
def toured(places: object, end_engines: EndEngines, wait_until: WaitUntil) -> Toured:
    """Open a run for someone who has never been here, and wait for the tour over its dashboard."""

    @asynccontextmanager
    async def tour(opening: Opening) -> AsyncIterator[Dashboard]:
        app = GdtuiApp(opening=opening, preferences=Preferences(remembers=True))
        try:
            async with app.run_test(size=(100, 30)):
                await wait_until(lambda: isinstance(app.screen, Tour))
                (dashboard,) = (screen for screen in app.screen_stack if isinstance(screen, Dashboard))
                await wait_until(lambda: dashboard.view.lane.progress is not None)
                yield dashboard
                dashboard.hang_up()
        finally:
            end_engines()

    return tour


async def test_a_new_run_waits_behind_the_tour_and_begins_when_it_is_closed(
    toured: Toured, wait_until: WaitUntil
) -> None:
    async with toured(shown("ravine", {})) as dashboard:
        await asyncio.sleep(0.3)
        assert (dashboard.view.state, dashboard.view.step) == ("waiting", 0)
        dashboard.app.screen.dismiss(None)
        await wait_until(lambda: dashboard.view.step > 0)
        assert dashboard.view.state == "running"
        assert [notice.words for notice in dashboard.view.notices] == ["step 0: the run begins"]


async def test_who_leaves_from_within_the_tour_leaves_a_run_that_goes_on(toured: Toured, wait_until: WaitUntil) -> None:
    opening = shown("ravine", {"settings": ["pace.steps_per_second=50"]})
    async with toured(opening) as dashboard:
        await dashboard.app.action_quit()
        await wait_until(lambda: isinstance(dashboard.app.screen, QuitDialog))
        dashboard.app.screen.dismiss("leave")
        await wait_until(lambda: not dashboard.app.is_running or dashboard.app.return_code is not None)
        other = client.Client(opening.run(), watch="nothing", name="test")
        assert other.welcome.state == "running"
        other.close()


async def test_a_run_that_was_found_does_not_stand_still_for_the_tour(toured: Toured, wait_until: WaitUntil) -> None:
    opening = started("ravine", {"settings": ["pace.steps_per_second=50"]})
    colleague = opening.connect(name="colleague")
    async with toured(Opening(run=opening.run())) as dashboard:
        before = dashboard.view.step
        await wait_until(lambda: dashboard.view.step > before)
        assert dashboard.view.state == "running"
        dashboard.app.screen.dismiss(None)
        await wait_until(lambda: dashboard.app.screen is dashboard)
        await asyncio.sleep(0.1)
        assert not [each for each in colleague.wait(0.0) if isinstance(each, events.Applied)]
    colleague.close()
