"""A picture of cells: only what changed is drawn again, in the colours of the theme."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region

from tui.charts.cells import NONE, Cells
from tui.theme import DARK
from tui.widgets.picture import Picture


class Frame(App[None]):
    """A picture alone."""

    def compose(self) -> ComposeResult:
        """Put it there."""
        yield Picture()


@pytest.fixture
async def picture() -> AsyncIterator[Picture]:
    """A picture of 20 x 5 cells."""
    app = Frame()
    app.register_theme(DARK)
    app.theme = DARK.name
    async with app.run_test(size=(20, 5)):
        yield app.query_one(Picture)


def drawn(text: str, ink: str = "primary") -> Cells:
    cells = Cells(20, 5)
    cells.write(1, 2, text, cells.ink(ink))
    return cells


async def test_only_the_cells_that_changed_are_drawn_again(picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    assert picture.paint(drawn("hello")) == 5
    regions: list[Region] = []
    monkeypatch.setattr(picture, "refresh", lambda *parts, **_: regions.extend(parts))
    assert picture.paint(drawn("hello")) == 0
    assert picture.paint(drawn("hells")) == 1
    assert regions == [Region(6, 1, 1, 1)]


async def test_a_colour_is_that_of_the_theme_and_may_lie_behind_a_text(picture: Picture) -> None:
    cells = drawn("hello")
    cells.back[1, 2:4] = cells.ink("error")
    picture.paint(cells)
    (before, behind, plain, _) = picture.render_line(1)
    assert (before.text, behind.text, plain.text) == ("  ", "he", "llo")
    for segment in (behind, plain):
        assert segment.style is not None
        assert segment.style.color is not None
        assert segment.style.color.triplet is not None
        assert segment.style.color.triplet.hex == DARK.primary.lower()
    assert behind.style is not None
    assert behind.style.bgcolor is not None
    assert behind.style.bgcolor.triplet is not None
    # Mixing colours rounds them.
    assert tuple(behind.style.bgcolor.triplet) == pytest.approx((0xFF, 0x70, 0x43), abs=1)


async def test_two_pixels_share_a_cell_and_one_colour_needs_no_character(picture: Picture) -> None:
    cells = Cells(20, 5)
    one, two = cells.ink("primary"), cells.ink("accent")
    cells.pixels(0, 0, np.array([[one, one, NONE, NONE], [two, one, one, NONE]], np.int16), None)
    picture.paint(cells)
    assert picture.export().splitlines()[0] == "▀ ▄"
    assert cells.back[0, :4].tolist() == [two, one, NONE, NONE]
    assert cells.front[0, [0, 2]].tolist() == [one, one]


async def test_the_order_in_which_colours_were_used_makes_no_difference(picture: Picture) -> None:
    picture.paint(drawn("hello"))
    cells = Cells(20, 5)
    cells.ink("error")
    cells.write(1, 2, "hello", cells.ink("primary"))
    assert picture.paint(cells) == 0


async def test_what_is_drawn_into_a_part_is_drawn_into_the_whole_and_not_into_a_copy(picture: Picture) -> None:
    cells = Cells(20, 5)
    copy = cells.copy()
    part = cells.part(10, 2, 5, 2)
    part.write(1, 3, "inside", part.ink("error"))
    picture.paint(cells)
    assert picture.export().splitlines()[3] == " " * 13 + "in"
    assert not copy.text().strip()
    assert len(copy.inks) == 1


async def test_a_colour_for_text_is_the_plain_one_where_a_theme_has_no_other(picture: Picture) -> None:
    variables = picture.app.theme_variables
    assert picture.colour("text-error").hex == picture.colour(variables["text-error"]).hex
    assert picture.colour("text-foreground") == picture.colour("foreground")
    assert picture.colour("text-#123456").hex == "#123456"


async def test_a_mark_over_a_letter_takes_no_cell_and_the_row_still_reaches_its_edge(picture: Picture) -> None:
    picture.paint(drawn("√v̂, the root"))
    assert [sum(segment.cell_length for segment in picture.render_line(row)) for row in range(5)] == [20] * 5
    assert "√v̂, the root" in "".join(segment.text for row in range(5) for segment in picture.render_line(row))
