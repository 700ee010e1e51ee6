"""A matrix as a picture: in colours, in characters, at any size, and only what changed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from textual.app import App, ComposeResult

from tui.theme import DARK
from tui.widgets.heat_map import HeatMap


class MapApp(App[None]):
    """Nothing but one picture."""

    def __init__(self) -> None:
        super().__init__()
        self.map = HeatMap()

    def compose(self) -> ComposeResult:
        """Yield the picture."""
        yield self.map

    def on_mount(self) -> None:
        """Take the dashboard's theme."""
        self.register_theme(DARK)
        self.theme = DARK.name


SQUARE = np.array([[0.0, 9.0], [4.5, 9.0]])


async def test_an_entry_is_a_block_under_its_title_and_the_legend_has_values() -> None:
    app = MapApp()
    async with app.run_test(size=(50, 6)):
        app.map.show(SQUARE, "linear", "weights", (2, 2), 0.0)
        title, *picture, legend = app.map.export().splitlines()
        assert title == "weights"
        rows = [list(app.map.render_line(row))[:3] for row in range(1, 5)]
        assert picture == [""] * 4
        # Both entries of the right column are 9, and each of the left one has two rows and eight columns.
        assert [[len(segment.text) for segment in row[:2]] for row in rows] == [[8, 8]] * 4
        grounds = [[segment.style and segment.style.bgcolor for segment in row] for row in rows]
        assert grounds[0] == grounds[1]
        assert grounds[2] == grounds[3]
        assert grounds[0][0] != grounds[2][0]
        assert len({row[1] for row in grounds} | {grounds[0][2]}) == 2
        assert legend.split() == ["0", "█" * 18, "9.450", "middle", "4.725"]


async def test_two_entries_share_a_cell_and_each_has_its_colour() -> None:
    app = MapApp()
    async with app.run_test(size=(2, 3)) as pilot:
        app.map.show(SQUARE, "linear", "", (2, 2), 0.0)
        await pilot.pause()
        left, right = app.screen._compositor.render_strips()[1]
        assert left.style is not None
        assert right.style is not None
        assert (left.text, right.text) == ("▀", " ")
        assert len({left.style.color, left.style.bgcolor, right.style.bgcolor}) == 3


async def test_without_colours_levels_are_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = MapApp()
    async with app.run_test(size=(30, 4)):
        app.map.show(np.array([[-2.0, -0.5, 0.0, 0.5, 2.0]]), "linear", "gradient", (1, 5), 0.0)
        _, *picture, legend = app.map.export().splitlines()
        assert picture == ["ddddaaaa....11114444"] * 2
        assert legend.split()[:3] == ["−2.100", "dcba.1234", "2.100"]
        app.map.show(np.array([[0.0, 1.0]]), "linear", "", (1, 2), 0.0)
        assert app.map.export().splitlines()[1] == "....@@@@"


async def test_what_is_not_finite_has_a_mark() -> None:
    app = MapApp()
    async with app.run_test(size=(6, 4)):
        app.map.show(np.array([[math.nan, 1.0, -math.inf]]), "linear", "", (1, 3), 0.0)
        assert app.map.export().splitlines()[1] == "!!  !!"


async def test_only_the_rows_that_changed_are_drawn_again() -> None:
    app = MapApp()
    cells = np.linspace(0.0, 1.0, 200).reshape(20, 10)
    async with app.run_test(size=(10, 12)):
        app.map.show(cells, "linear", "w", (20, 10), 0.0)
        assert app.map.show(cells, "linear", "w", (20, 10), 0.1) == 0
        changed = cells.copy()
        changed[6, 3] = 1.0
        assert app.map.show(changed, "linear", "w", (20, 10), 0.2) == 1


async def test_at_rest_the_legend_is_that_of_what_is_shown() -> None:
    app = MapApp()
    async with app.run_test(size=(50, 6)):
        app.map.show(SQUARE, "linear", "weights", (2, 2), 0.0)
        cooled = 0.9 * SQUARE
        for now in (0.1, 1.0, 2.0):
            app.map.show(cooled, "linear", "weights", (2, 2), now)
        before = app.map.export()
        assert app.map.show(cooled, "linear", "weights", (2, 2), 3.1)
        assert app.map.export() != before
        fresh = MapApp()
        async with fresh.run_test(size=(50, 6)):
            fresh.map.show(cooled, "linear", "weights", (2, 2), 0.0)
            assert app.map.export() == fresh.map.export()
        assert app.map.show(cooled, "linear", "weights", (2, 2), 9.0) == 0


async def test_words_stand_there_instead_and_leave_nothing_behind() -> None:
    app = MapApp()
    async with app.run_test(size=(30, 8)):
        app.map.show(SQUARE, "linear", "w", (2, 2), 0.0)
        before = app.map.export()
        app.map.say("SGD keeps no second moment, so there is no √v̂.", "√v̂")
        assert "SGD keeps no second moment," in app.map.export()
        assert "▀" not in app.map.export()
        app.map.show(SQUARE, "linear", "w", (2, 2), 0.0)
        assert app.map.export() == before


async def test_the_mouse_reads_the_entries_that_a_cell_stands_for() -> None:
    app = MapApp()
    async with app.run_test(size=(70, 12)) as pilot:
        app.map.show(SQUARE, "linear", "w", (2, 7), 0.0)
        await pilot.hover(HeatMap, offset=(1, 1))
        assert app.map.export().splitlines()[-1].endswith("row 1, column 1–3: 0")
        await pilot.hover(HeatMap, offset=(60, 1))
        assert "row" not in app.map.export().splitlines()[-1]


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 2), (3, 3), (20, 3), (300, 100)])
async def test_any_size_is_filled_and_nothing_worse(size: tuple[int, int]) -> None:
    app = MapApp()
    async with app.run_test(size=size) as pilot:
        for shape in ((1, 1), (1, 50), (50, 1)):
            rows, columns = (min(have, most) for have, most in zip(shape, app.map.most, strict=True))
            app.map.show(np.ones((rows, columns)), "log", "a long title for so little", shape, 0.0)
            app.map.say("words that are longer than there is room")
            await pilot.pause()
            assert [strip.cell_length for strip in app.screen._compositor.render_strips()] == [size[0]] * size[1]
