"""What all pages of the model view promise as pictures of cells: on every size and on every terminal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tui.views.model_pages import looked, page, text
from tui.charts.cells import Cells
from tui.views.model.boundary import BoundaryPage, FitPage
from tui.views.model.confusion import ConfusionPage
from tui.views.model.drawing import DrawingPage
from tui.views.model.page import Manner, Page
from tui.views.model.tiles import ImagesPage, WeightsPage

KINDS: dict[str, tuple[type[Page], ...]] = {
    "moons": (BoundaryPage, ConfusionPage, DrawingPage),
    "line": (FitPage, ConfusionPage, DrawingPage),
    "iris": (BoundaryPage, ConfusionPage, DrawingPage),
    "diabetes": (BoundaryPage, ConfusionPage, DrawingPage),
    "digits": (ImagesPage, ConfusionPage, DrawingPage, WeightsPage),
}


EVERY = [(name, kind) for name, kinds in KINDS.items() for kind in kinds]


MANNERS = [Manner(), Manner(colours=False), Manner(glyphs="ascii"), Manner(colours=False, glyphs="ascii")]


@settings(max_examples=12)
@given(width=st.integers(0, 300), height=st.integers(0, 100), manner=st.sampled_from(MANNERS))
@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_every_page_fits_every_size(name: str, kind: type[Page], width: int, height: int, manner: Manner) -> None:
    shown = page(name, kind)
    drawn = shown.drawn(looked(shown, name, width, height), width, height, manner)
    assert (drawn.cells.height, drawn.cells.width) == (height, width)
    if not manner.unicode:
        assert drawn.cells.text().isascii()


@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_a_page_drawn_for_another_size_than_it_was_asked_for_fits_as_well(name: str, kind: type[Page]) -> None:
    """A terminal that is dragged changes its size before the engine has answered."""
    shown = page(name, kind)
    old = looked(shown, name, 90, 30)
    for width, height in ((91, 31), (40, 12), (200, 60)):
        drawn = shown.drawn(old, width, height, Manner())
        assert (drawn.cells.height, drawn.cells.width) == (height, width)
        assert drawn.cells.text().strip()


@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_a_model_that_has_exploded_can_still_be_drawn(name: str, kind: type[Page]) -> None:
    shown = page(name, kind)
    found = looked(shown, name, 80, 24)
    broken = {
        key: np.full_like(values, np.nan)
        if key in ("share", "value", "curves", "got") and values.dtype.kind == "f"
        else values
        for key, values in found.arrays.items()
    }
    broken |= {key: np.full_like(values, np.inf) for key, values in broken.items() if key.startswith("weight")}
    shown.drawn(found.model_copy(update={"arrays": broken}), 80, 24, Manner())


@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_every_page_can_be_had_as_a_table(name: str, kind: type[Page]) -> None:
    shown = page(name, kind)
    head, *rows = shown.table(looked(shown, name, 80, 24))
    assert rows
    assert {len(row) for row in rows} == {len(head)}


def test_a_negative_weight_is_a_dashed_line_and_a_positive_one_a_solid_one() -> None:
    shown = page("line", DrawingPage)
    found = looked(shown, "line", 80, 12)
    lines = {}
    for sign in (1.0, -1.0):
        arrays = {**found.arrays, "weight1": np.array([[sign]], np.float32)}
        facts = {**found.facts, "greatest": [1.0]}
        drawn = shown.drawn(found.model_copy(update={"arrays": arrays, "facts": facts}), 80, 12, Manner())
        braille = (drawn.cells.characters > 0x2800) & (drawn.cells.characters < 0x2900)
        lines[sign] = int(braille.sum()), {drawn.cells.inks[ink].name for ink in drawn.cells.front[braille].tolist()}
        plain = shown.drawn(found.model_copy(update={"arrays": arrays, "facts": facts}), 80, 12, MANNERS[3])
        assert ("+" if sign > 0 else "-") * 10 in plain.cells.text() or sign < 0
        assert ("-" in plain.cells.text()) == (sign < 0)
    assert lines[1.0][1] == {"accent"}
    assert lines[-1.0][1] == {"primary"}
    assert lines[-1.0][0] < lines[1.0][0]


def test_a_chosen_unit_tells_its_weights() -> None:
    shown = page("iris", DrawingPage)
    found = looked(shown, "iris", 80, 24)
    shown.drawn(found, 80, 24, Manner())
    shown.move(0, 1)
    shown.move(0, 1)
    drawn = shown.drawn(found, 80, 24, Manner())
    words = text(drawn.words)
    assert words.startswith(" hidden 1, unit 2")
    assert f"bias {float(found.arrays['bias1'][1]):+.4g}" in words
    assert f"x3 {float(found.arrays['weight1'][2, 1]):+.3g}" in words
    assert drawn.cells.text().count("◉") == 1
    shown.zoom(0)
    assert "◉" not in shown.drawn(found, 80, 24, Manner()).cells.text()


def test_a_click_on_a_unit_chooses_it() -> None:
    shown = page("iris", DrawingPage)
    assert isinstance(shown, DrawingPage)
    drawn = shown.drawn(looked(shown, "iris", 80, 24), 80, 24, Manner())
    row, column = np.argwhere(drawn.cells.characters == ord("●"))[-1].tolist()
    shown.click(column, row)
    assert shown.chosen is not None
    assert shown.chosen != (0, 0)
    shown.click(0, 0)
    assert shown.chosen is None


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("digits", BoundaryPage, "8 × 8 pixels"),
        ("iris", ImagesPage, "no pictures"),
        ("moons", WeightsPage, "no pictures"),
    ],
)
def test_a_page_that_is_not_there_says_why(name: str, kind: type[Page], words: str) -> None:
    assert words in page(name, kind).absence()


def test_a_sentence_is_broken_into_rows_and_cut_where_there_are_no_more() -> None:
    cells = Cells(14, 3)
    cells.say("one two three four five six seven eight")
    assert cells.text() == "   one two\n  three four\n   five six"


def test_what_lies_outside_of_a_picture_is_cut_off() -> None:
    cells = Cells(4, 2)
    cells.write(0, -2, "abcd")
    cells.write(1, 2, "efgh")
    cells.write(5, 0, "no")
    assert cells.text() == "cd\n  ef"


def test_a_layer_of_more_units_than_there_is_room_for_says_how_many_of_them_are_shown() -> None:
    shown = page("digits", DrawingPage)
    text = shown.drawn(looked(shown, "digits", 100, 20), 100, 20, Manner()).cells.text()
    assert "9 of 64 shown" in text.splitlines()[-1]
    narrow = shown.drawn(looked(shown, "digits", 40, 20), 40, 20, Manner()).cells.text()
    assert "9 of 64" in narrow.splitlines()[-1]
    assert "shown" not in narrow
