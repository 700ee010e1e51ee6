"""Keys, clicks and sizes that come at a bad moment do no harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App, ComposeResult
from textual.command import CommandPalette
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.app import GdtuiApp
from tui.screens.dialogs import OptimizerDialog, QuitDialog
from tui.widgets.option_list import SteadyOptionList

if TYPE_CHECKING:
    from tests.tui.conftest import Watched


def palettes(app: GdtuiApp) -> int:
    return sum(isinstance(screen, CommandPalette) for screen in app.screen_stack)


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


async def test_a_dialog_that_is_answered_twice_closes_nothing_else(watched: Watched) -> None:
    async with watched() as seat:
        await seat.pilot.press("o")
        dialog = seat.app.screen
        assert isinstance(dialog, OptimizerDialog)
        await seat.pilot.press("ctrl+p")
        dialog.dismiss(None)
        assert palettes(seat.app) == 1, "an answer to what lies below is none"
        await seat.pilot.press("escape")
        assert seat.app.screen == dialog
        dialog.dismiss(None)
        dialog.dismiss(None)
        assert seat.is_alone
        await seat.pilot.press("q")
        assert isinstance(seat.app.screen, QuitDialog)
