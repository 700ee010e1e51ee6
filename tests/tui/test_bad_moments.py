"""Keys, clicks and sizes that come at a bad moment do no harm."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.widgets.option_list import SteadyOptionList


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
