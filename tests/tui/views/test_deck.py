"""The views stand in tabs and tiles: chosen by number or click, as many beside each other as there is room for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import pytest
from textual.app import ComposeResult
from textual.events import DescendantFocus

from tui import remembered, views
from tui.views import ViewKind
from tui.views.deck import Deck, Tabs
from tui.views.view import View
from tui.widgets.text_rows import TextRows

if TYPE_CHECKING:
    from tests.tui.conftest import Seat, Watched


class Counting(View):
    """A view that says how often it was asked to draw."""

    BINDINGS: ClassVar = [("g", "greet", "Greet")]

    def compose(self) -> ComposeResult:
        """Have one row."""
        yield TextRows()

    def on_mount(self) -> None:
        """Begin to count."""
        self.drawn = self.greeted = 0

    def show(self, now: float) -> None:
        """Count."""
        self.drawn += 1

    def action_greet(self) -> None:
        """Count the presses of a key of its own."""
        self.greeted += 1


@pytest.fixture(autouse=True)
def five_views(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first view and four that count."""
    kinds = (
        views.VIEWS[0],
        *(
            ViewKind(name=name, title=name.capitalize(), place="nowhere:Counting")
            for name in ("two", "three", "four", "five")
        ),
    )
    original = ViewKind.made
    monkeypatch.setattr(
        ViewKind, "made", lambda kind, run: Counting(run) if kind.place.startswith("nowhere") else original(kind, run)
    )
    for module in ("tui.views", "tui.views.deck"):
        monkeypatch.setattr(f"{module}.VIEWS", kinds)


def deck(seat: Seat) -> Deck:
    """Return the dashboard's deck."""
    return seat.dashboard.query_one(Deck)


def titles(seat: Seat) -> str:
    """Return the row of tabs."""
    return seat.dashboard.query_one(Tabs).export()


def seen(seat: Seat) -> list[int]:
    """Return the numbers of the views that have room on the screen, as their tabs count them."""
    return [number + 1 for number, view in sorted(deck(seat)._made.items()) if view.region]


@pytest.mark.thorough
async def test_a_number_chooses_a_view_and_gives_it_the_keys(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        assert titles(seat) == " 1 Curves  2 Two  3 Three  4 Four  5 Five"
        assert seen(seat) == [1]
        await seat.pilot.press("3", "g", "g")
        assert seen(seat) == [3]
        view = deck(seat).view
        assert isinstance(view, Counting)
        assert view.greeted == 2
        await seat.until(lambda: view.drawn > 2)
        await seat.pilot.press("1")
        assert seen(seat) == [1]
        drawn = view.drawn
        seat.dashboard.draw()
        assert view.drawn == drawn, "what cannot be seen is not drawn"
        await seat.pilot.press("9")
        assert seen(seat) == [1]


@pytest.mark.thorough
async def test_a_click_on_a_tab_chooses_it(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.pilot.click(Tabs, offset=(titles(seat).index("4 Four") + 1, 0))
        await seat.until(lambda: seen(seat) == [4])
        await seat.pilot.click(Tabs, offset=(110, 0))
        assert seen(seat) == [4]


@pytest.mark.thorough
async def test_views_stand_beside_each_other_where_there_is_room(watched: Watched) -> None:
    async with watched(size=(200, 60)) as seat:
        await seat.pilot.press("t")
        assert seen(seat) == [1, 2]
        await seat.pilot.press("5")
        assert seen(seat) == [1, 5]
        one, five = (deck(seat)._made[number].region for number in (0, 4))
        assert abs(one.width - five.width) <= 1
        assert one.y == five.y
        await seat.pilot.press("t")
        assert seen(seat) == [1, 2, 3, 5]
        await seat.pilot.resize_terminal(80, 24)
        await seat.until(lambda: seen(seat) == [5])
        await seat.pilot.resize_terminal(120, 36)
        await seat.until(lambda: len(seen(seat)) == 4)
        await seat.pilot.press("t")
        assert seen(seat) == [5]


@pytest.mark.thorough
async def test_where_there_is_no_room_for_tiles_the_key_says_so_and_nothing_is_remembered(watched: Watched) -> None:
    async with watched(size=(80, 24)) as seat:
        for _ in range(2):
            await seat.press("t")
            assert seat.message == "no room for more than one view here: 56×14 cells a tile"
        await seat.pilot.resize_terminal(200, 60)
        await seat.until(lambda: deck(seat).size.width == 200)
        await seat.pilot.pause()
        assert seen(seat) == [1]


@pytest.mark.thorough
async def test_more_tiles_than_there_is_room_for_are_not_among_those_a_key_goes_through(watched: Watched) -> None:
    async with watched(size=(120, 24)) as seat:
        for expected in ([1, 2], [1], [1, 2]):
            await seat.press("t")
            assert seen(seat) == expected
        assert deck(seat).tiles == 2


async def test_the_keys_go_to_the_tile_that_was_clicked(watched: Watched) -> None:
    async with watched(size=(200, 60)) as seat:
        await seat.pilot.press("2", "t", "3")
        two, three = (deck(seat)._made[number] for number in (1, 2))
        assert deck(seat).view is three
        await seat.pilot.click(two, offset=(10, 5))
        assert deck(seat).view is two
        await seat.pilot.press("g")
        assert isinstance(two, Counting)
        assert two.greeted == 1


@pytest.mark.thorough
async def test_the_views_can_have_the_whole_screen(watched: Watched) -> None:
    async with watched(size=(80, 24)) as seat:
        before = deck(seat).region.height
        await seat.pilot.press("z")
        await seat.until(lambda: deck(seat).region.height > before)
        assert not seat.dashboard.query_one("#headline").region
        await seat.pilot.press("z")
        await seat.until(lambda: deck(seat).region.height == before)


async def test_where_tabs_have_no_room_only_what_is_shown_has_its_title(watched: Watched) -> None:
    async with watched(size=(30, 20)) as seat:
        await seat.until(lambda: titles(seat) == " 1 Curves  2  3  4  5")
        await seat.pilot.press("3")
        assert titles(seat) == " 1  2  3 Three  4  5"


async def test_a_remembered_view_gives_way_where_it_has_nothing_to_show(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    functions_only = {"two", "four"}
    kinds = tuple(
        replace(kind, problems=("landscape",)) if kind.name in functions_only else kind for kind in views.VIEWS
    )
    monkeypatch.setattr("tui.views.deck.VIEWS", kinds)
    async with watched() as seat:
        for tiles, wanted, shown in (
            (1, ["two"], ["curves"]),
            (2, ["four", "five"], ["five", "curves"]),
            (4, ["four", "five", "two", "three"], ["five", "three", "curves", "four"]),
            (2, ["three", "five"], ["three", "five"]),
        ):
            remembered.keep("layout", {"tiles": tiles, "views": wanted})
            new = Deck(seat.view, remembers=True)
            assert (new.tiles, [kinds[number].name for number in new.order[:tiles]]) == (tiles, shown)


async def test_the_views_beside_are_those_that_have_something_to_show(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = tuple(replace(kind, problems=("landscape",)) if kind.name == "two" else kind for kind in views.VIEWS)
    monkeypatch.setattr("tui.views.deck.VIEWS", kinds)
    async with watched(size=(160, 50)) as seat:
        await seat.press("t")
        assert seen(seat) == [1, 3]
        await seat.press("2")
        assert seen(seat) == [1, 2], "whoever asks for it is told why there is nothing"


async def test_late_news_of_a_view_that_had_the_keys_do_not_give_them_back(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.press("2")
        before = deck(seat).view
        await seat.press("3")
        assert deck(seat).title == "Three"
        deck(seat).post_message(DescendantFocus(before))
        await seat.pilot.pause()
        assert deck(seat).title == "Three"
        assert deck(seat).view.has_focus
