"""Keys, clicks and sizes that come at a bad moment do no harm."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from textual.app import App, ComposeResult
from textual.command import CommandList, CommandPalette
from textual.events import Click
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.app import GdtuiApp
from tui.key_names import with_keys
from tui.screens.dashboard import Dashboard
from tui.screens.dialogs import OptimizerDialog, QuitDialog
from tui.screens.gallery import Gallery
from tui.screens.tour import CARDS, Tour
from tui.screens.waiting import Waiting
from tui.views import VIEWS
from tui.widgets.option_list import SteadyOptionList

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.conftest import Slow, WaitUntil, Watched


def palettes(app: GdtuiApp) -> int:
    return sum(isinstance(screen, CommandPalette) for screen in app.screen_stack)


async def test_there_is_no_palette_before_the_run_and_never_two(slow: Slow, wait_until: WaitUntil) -> None:
    app = GdtuiApp(opening=slow)
    async with app.run_test(size=(120, 36)) as pilot:
        await wait_until(lambda: isinstance(app.screen, Waiting))
        await pilot.press("ctrl+p", "ctrl+p")
        assert isinstance(app.screen, Waiting)
        slow.come.set()
        await wait_until(lambda: isinstance(app.screen, Dashboard))
        dashboard = app.screen
        assert isinstance(dashboard, Dashboard)
        app.action_command_palette()
        app.push_screen(Tour())
        app.action_command_palette()
        assert palettes(app) == 1
        app.pop_screen()
        for _ in range(5):  # faster than one can go
            app.pop_screen()
            app.action_command_palette()
        await pilot.pause()
        assert palettes(app) == 1
        await pilot.press("escape")
        assert app.screen is dashboard
        dashboard.view.client.close()


async def test_the_palette_is_closed_while_it_gathers(places: object) -> None:
    app = GdtuiApp(gallery=Gallery())
    async with app.run_test(size=(80, 24)) as pilot:
        for _ in range(3):
            await pilot.press("ctrl+p")
            palette = app.screen
            assert isinstance(palette, CommandPalette)
            commands = palette.query_one(CommandList)
            # What was typed before esc is worked off after it.
            palette.dismiss()
            palette.post_message(Input.Changed(palette.query_one(Input), "the"))
            await pilot.pause()
            palette._gather_commands("the")
            palette._refresh_command_list(commands, [], True)
            palette._list_visible = not palette._list_visible
            palette.dismiss()
            await pilot.pause(0.05)
        assert isinstance(app.screen, Gallery)


@pytest.mark.thorough
async def test_the_palette_turns_pages_without_a_row_for_them(watched: Watched) -> None:
    async with watched(size=(40, 36)) as seat:
        await seat.pilot.press("ctrl+p")
        palette = seat.app.screen
        await seat.until(lambda: palette.query_one(CommandList).option_count > 5)
        for height in (4, 1, 2):
            await seat.pilot.resize_terminal(40, height)
            await seat.pilot.press("pagedown", "pageup", "pagedown", "ctrl+end", "ctrl+home", "up", "down")
        await seat.pilot.resize_terminal(40, 36)
        await seat.pilot.press("pagedown")
        assert (palette.query_one(CommandList).highlighted or 0) > 1
        await seat.pilot.press("escape")
        assert seat.is_alone


async def test_a_click_beside_a_terminal_that_has_shrunk_is_dropped(places: object) -> None:
    app = GdtuiApp(gallery=Gallery())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+p")
        palette = app.screen
        palette.post_message(Click(palette, 98, 40, 0, 0, 1, False, False, False, screen_x=98, screen_y=40))
        await pilot.pause()
        assert app.screen == palette
        await pilot.click(offset=(0, 0))
        assert isinstance(app.screen, Gallery)


async def test_a_list_turns_pages_without_a_row_for_them() -> None:
    class Listing(App[None]):
        def compose(self) -> ComposeResult:
            yield SteadyOptionList(*(Option(f"{number}") for number in range(20)))

    app = Listing()
    async with app.run_test(size=(20, 6)) as pilot:
        choices = app.query_one(OptionList)
        choices.focus()
        await pilot.press("down", "pagedown")
        before = choices.highlighted
        assert before
        choices.styles.height = 0
        choices.styles.border = ("none", "black")
        await pilot.pause()
        choices._clear_caches()
        await pilot.press("pagedown", "pageup", "pagedown")
        assert choices.highlighted == before


@pytest.mark.thorough
async def test_a_dialog_that_is_answered_twice_closes_nothing_else(watched: Watched) -> None:
    async with watched() as seat:
        await seat.pilot.press("o")
        dialog = seat.app.screen
        assert isinstance(dialog, OptimizerDialog)
        await seat.pilot.press("ctrl+q")
        dialog.dismiss(None)
        above = seat.app.screen
        assert isinstance(above, QuitDialog), "an answer to what lies below is none"
        await seat.pilot.press("escape")
        assert seat.app.screen == dialog
        dialog.dismiss(None)
        dialog.dismiss(None)
        assert seat.is_alone
        await seat.pilot.press("q")
        assert isinstance(seat.app.screen, QuitDialog)


async def test_the_tour_may_be_left_or_turned_before_it_stands(watched: Watched) -> None:
    async with watched() as seat:
        for _ in range(3):
            tour = Tour()
            seat.app.push_screen(tour)
            tour.dismiss(None)
            await seat.pilot.pause()
            assert seat.is_alone
        tour = Tour()
        seat.app.push_screen(tour)
        tour.action_turn(1)
        await seat.pilot.pause()
        assert f"2/{len(CARDS)}" in str(tour.query_one(".dialog-title", Static).content)


@pytest.mark.thorough
async def test_the_tour_is_read_on_a_low_terminal(watched: Watched) -> None:
    async with watched(size=(40, 9)) as seat:
        seat.dashboard.action_tour()
        await seat.pilot.pause()
        tour = seat.app.screen
        card, buttons, title = tour.query_one("#tour-card"), tour.query_one(".buttons"), tour.query_one(".dialog-title")
        assert title.region.bottom <= card.region.y
        assert card.region.height >= 3
        assert card.region.bottom <= buttons.region.y
        assert tour.query_one("#next").region.bottom <= 8
        await seat.pilot.press(*["down"] * 20)
        assert card.is_vertical_scroll_end
        await seat.pilot.press("right")
        assert card.scroll_y == 0, "a new card is read from its beginning"


def test_the_tour_names_as_many_views_as_there_are() -> None:
    assert f"1 to {len(VIEWS)} " in with_keys(CARDS[0][1])
    assert f"<view.{len(VIEWS)}>" in CARDS[0][1]


async def test_a_crash_on_a_narrow_terminal_is_told_in_lines_of_the_usual_width(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "2")
    app = GdtuiApp(gallery=Gallery())

    def fall() -> None:
        raise ZeroDivisionError("the words of what went wrong")

    with contextlib.suppress(ZeroDivisionError):
        async with app.run_test(size=(2, 5)) as pilot:
            app.call_later(fall)
            await pilot.pause()
    assert app.has_crashed
    (log,) = places.rglob("crash.log")
    assert "ZeroDivisionError: the words of what went wrong" in log.read_text().splitlines()
