"""The pages of the model view as pictures of cells: what they show, on every size and every terminal."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.method.inspections import INSPECTIONS
from engine.method.objectives import build_objective
from engine.method.path import Path
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer
from engine.run.protocol import Seen
from engine.subject.network import Network
from tui.charts.cells import NONE, Cells
from tui.views.model.boundary import BoundaryPage, FitPage
from tui.views.model.confusion import ConfusionPage
from tui.views.model.drawing import DrawingPage
from tui.views.model.page import Manner, Page
from tui.views.model.tiles import ImagesPage, WeightsPage, resized

SPECS: dict[str, dict[str, Any]] = {
    "moons": {"data": {"name": "moons"}, "model": {"hidden": [6]}},
    "line": {"data": {"name": "line"}},
    "iris": {"data": {"name": "iris"}, "model": {"hidden": [4]}},
    "diabetes": {"data": {"name": "diabetes"}},
    "digits": {"data": {"name": "digits"}, "model": {"hidden": [20]}},
}
KINDS: dict[str, tuple[type[Page], ...]] = {
    "moons": (BoundaryPage, ConfusionPage, DrawingPage),
    "line": (FitPage, ConfusionPage, DrawingPage),
    "iris": (BoundaryPage, ConfusionPage, DrawingPage),
    "diabetes": (BoundaryPage, ConfusionPage, DrawingPage),
    "digits": (ImagesPage, ConfusionPage, DrawingPage, WeightsPage),
}
EVERY = [(name, kind) for name, kinds in KINDS.items() for kind in kinds]
MANNERS = [Manner(), Manner(colours=False), Manner(glyphs="ascii"), Manner(colours=False, glyphs="ascii")]


@cache
def trained(name: str) -> Trainer:
    spec = RunSpec.model_validate(
        {"problem": {"kind": "dataset"}, "optimizer": {"name": "adam", "lr": 0.01}, **SPECS[name]}
    )
    trainer = Trainer(spec, build_objective(spec))
    for _ in range(80):
        trainer.step()
    return trainer


def seen(name: str, about: str, **wanted: Any) -> Seen:
    """What the engine would say."""
    trainer = trained(name)
    inspection = INSPECTIONS[about].model_validate(wanted)
    for finding in inspection.findings(trainer, Path(len(trainer.theta))):
        last = finding
    assert last is not None
    return Seen(
        seq=1,
        lane=0,
        segment=0,
        step=80,
        about=about,
        share=last.share,
        facts=dict(last.facts),
        arrays=dict(last.arrays),
    )


def page(name: str, kind: type[Page]) -> Page:
    return kind(seen(name, "model").facts)


def looked(shown: Page, name: str, width: int, height: int) -> Seen:
    return seen(name, shown.about, **shown.settings(width, height, is_moving=True))


def text(row: Any) -> str:
    return "".join(part for part, _ in row)


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


def test_regions_have_the_colours_of_their_classes_and_the_samples_their_shapes() -> None:
    shown = page("moons", BoundaryPage)
    found = looked(shown, "moons", 80, 24)
    drawn = shown.drawn(found, 80, 24, Manner())
    names = {drawn.cells.inks[back].name for back in np.unique(drawn.cells.back).tolist() if back != NONE}
    assert {"primary", "accent"} <= names <= {"primary", "accent", "error"}
    for character in "○●△▲":
        assert character in drawn.cells.text()
    wrong = int(((found.arrays["meant"] != found.arrays["got"]) & (found.arrays["held_out"] == 1)).sum())
    assert f"held-out errors {wrong} of" in text(drawn.words)
    # Two of them may share a cell.
    assert 0 < drawn.cells.text().count("×") <= wrong


def test_the_errors_that_are_counted_are_those_of_all_held_out_samples_whatever_the_size() -> None:
    shown = page("moons", BoundaryPage)
    trainer = trained("moons")
    assert isinstance(trainer.objective, Network)
    held_out = trainer.objective.evaluation_set("held_out").count
    accuracy = trainer.evaluate("held_out").accuracy
    assert accuracy is not None
    said = f"held-out errors {round((1.0 - accuracy) * held_out)} of {held_out}"
    for size in ((80, 24), (56, 14), (30, 8)):
        found = looked(shown, "moons", *size)
        assert said in text(shown.drawn(found, *size, Manner()).words)
        cut = found.model_copy(update={"facts": {**found.facts, "samples": {"held_out": held_out + 1}}})
        assert f"of the first {held_out}" in text(shown.drawn(cut, *size, Manner()).words)


def test_a_sample_stands_where_the_axes_say() -> None:
    shown = page("moons", BoundaryPage)
    found = looked(shown, "moons", 80, 24)
    one = {name: values[:1] for name, values in found.arrays.items() if name in ("places", "meant", "got", "held_out")}
    one["places"] = np.array([[found.facts["xlim"][0], found.facts["ylim"][1]]]) * 0.999999
    drawn = shown.drawn(found.model_copy(update={"arrays": {**found.arrays, **one}}), 80, 24, Manner())
    # Row 0 is the box's; the labels and its left side come before the canvas.
    assert drawn.cells.text().splitlines()[1].lstrip(" -0123456789.┤│")[0] in "○△●▲×"


def test_without_colours_the_regions_have_textures_of_their_own() -> None:
    shown = page("moons", BoundaryPage)
    drawn = shown.drawn(looked(shown, "moons", 80, 24), 80, 24, Manner(colours=False))
    assert "░" in drawn.cells.text()
    assert (drawn.cells.back == NONE).all()


def test_another_choice_of_samples_shows_the_errors_alone() -> None:
    shown = page("moons", BoundaryPage)
    found = looked(shown, "moons", 80, 24)
    shown.cycle()
    assert not set("○△") & set(shown.drawn(found, 80, 24, Manner()).cells.text())
    shown.cycle()
    only_errors = shown.drawn(found, 80, 24, Manner())
    assert not set("○△●▲") & set(only_errors.cells.text())
    assert "×" in only_errors.cells.text()
    shown.cycle()
    assert not set("○△●▲×") & set(shown.drawn(found, 80, 24, Manner()).cells.text())


def pieces(words: str) -> set[str]:
    """What stands between the dots; how many samples are looked at goes with the room."""
    return {re.sub(r"\d+ of \d+", "", piece).strip() for piece in words.split(" · ")}


def test_of_the_words_below_a_picture_a_whole_piece_is_left_out_and_none_is_cut() -> None:
    shown = page("moons", BoundaryPage)
    every = text(shown.drawn(looked(shown, "moons", 200, 24), 200, 24, Manner()).words)
    assert "x: " in every
    for width in range(40, 110, 7):
        words = text(shown.drawn(looked(shown, "moons", width, 24), width, 24, Manner()).words)
        assert len(words) <= width
        assert "held-out errors" in words
        assert pieces(words) <= pieces(every)


def test_two_of_many_inputs_are_the_axes_and_the_others_stand_at_their_means() -> None:
    shown = page("iris", BoundaryPage)
    assert isinstance(shown, BoundaryPage)
    assert "x: sepal length y: sepal width, the other 2 at their means" in text(
        shown.drawn(looked(shown, "iris", 80, 24), 80, 24, Manner()).words
    )
    shown.choose_axis("x", 1)
    assert (shown.x, shown.y) == (2, 1), "the input of the other axis is passed over"
    shown.move(0, -1)
    assert (shown.x, shown.y) == (2, 3)
    shown.move(-1, 0)
    assert (shown.x, shown.y) == (1, 3)


def test_a_surface_marks_which_held_out_samples_lie_above_and_below_it() -> None:
    shown = page("diabetes", BoundaryPage)
    found = looked(shown, "diabetes", 110, 30)
    arrays = {**found.arrays, "got": np.zeros_like(found.arrays["got"])}
    drawn = shown.drawn(found.model_copy(update={"arrays": arrays}), 110, 30, Manner())
    assert "▲" in drawn.cells.text()
    assert "▼" not in drawn.cells.text(), "every illness is above nothing"
    assert "off by more than the held-out RMS" in text(drawn.words)


def test_the_confusion_matrix_shows_counts_and_the_recall_of_each_class() -> None:
    shown = page("digits", ConfusionPage)
    found = looked(shown, "digits", 100, 30)
    confusion = np.zeros((10, 10), np.int32)
    np.fill_diagonal(confusion, 5)
    confusion[3, 3], confusion[3, 8] = 15, 5
    confusion[7] = 0
    drawn = shown.drawn(found.model_copy(update={"arrays": {"confusion": confusion}}), 100, 30, Manner())
    lines = [row.split() for row in drawn.cells.text().splitlines()[2:] if row.strip()]
    rows = {line[0]: line for line in lines}
    assert rows["3"] == ["3", "·", "·", "·", "15", "·", "·", "·", "·", "5", "·", "75.0%"]
    assert rows["0"][-1] == "100.0%"
    assert rows["7"][-1] == "none"
    assert rows["precision"][9] == "50%", "five of the ten that are taken for an 8 are one"


def test_a_cell_of_the_matrix_is_chosen_by_arrows_or_a_click() -> None:
    shown = page("digits", ConfusionPage)
    assert isinstance(shown, ConfusionPage)
    found = looked(shown, "digits", 100, 40)
    confusion = np.zeros((10, 10), np.int32)
    confusion[3, 3], confusion[3, 8] = 15, 12345
    found = found.model_copy(update={"arrays": {"confusion": confusion}})
    shown.move(0, 1)
    assert shown.chosen == (0, 0)
    shown.move(0, 1)
    shown.move(1, 0)
    assert shown.chosen == (1, 1)
    rows = shown.drawn(found, 100, 40, Manner()).cells.text().splitlines()
    row = next(number for number, line in enumerate(rows) if "12345" in line)
    shown.click(rows[row].index("12345") + 2, row)
    assert shown.chosen == (3, 8)
    drawn = shown.drawn(found, 100, 40, Manner())
    assert "[12345]" in drawn.cells.text().replace(" ", "")
    assert "3 taken for 8: 12,345 of 12,360, enter shows them" in text(drawn.words)
    shown.click(1, row)
    assert shown.chosen is None


def test_pictures_of_a_kind_say_which_and_how_many_there_are() -> None:
    shown = page("digits", ImagesPage)
    assert isinstance(shown, ImagesPage)
    before = looked(shown, "digits", 100, 30)
    shown.choose((3, 3), 33)
    assert "looking" in shown.drawn(before, 100, 30, Manner()).cells.text(), "these are pictures of all kinds"
    drawn = shown.drawn(looked(shown, "digits", 100, 30), 100, 30, Manner())
    assert re.search(r"3 taken for 3: 1 to \d\d of 33", text(drawn.words))
    assert "esc goes back" in text(drawn.words)
    shown.choose((0, 9))
    assert "0 taken for 9: there are none" in text(
        shown.drawn(looked(shown, "digits", 100, 30), 100, 30, Manner()).words
    )


def test_a_matrix_with_more_classes_than_fit_is_gone_through_by_the_arrows() -> None:
    shown = page("digits", ConfusionPage)
    found = looked(shown, "digits", 40, 9)
    assert shown.drawn(found, 40, 9, Manner()).cells.text().splitlines()[2].split()[0] == "0"
    for _ in range(20):
        shown.move(1, 1)
    rows = shown.drawn(found, 40, 9, Manner()).cells.text().splitlines()
    assert rows[1].split()[-2:] == ["9", "recall"]
    assert rows[-1].split()[0] == "9"


def test_wrong_pictures_are_marked_with_truth_and_prediction() -> None:
    shown = page("digits", ImagesPage)
    found = looked(shown, "digits", 100, 30)
    arrays = {**found.arrays, "meant": found.arrays["meant"].copy(), "got": found.arrays["got"].copy()}
    arrays["meant"][:2], arrays["got"][:2], arrays["share"] = [3, 4], [8, 4], np.full(len(arrays["share"]), 0.5)
    captions = shown.drawn(found.model_copy(update={"arrays": arrays}), 110, 30, Manner()).cells.text()
    assert "3→8 × 50%" in captions
    assert "4 50%" in captions


def test_a_picture_is_as_dark_where_it_has_ink() -> None:
    shown = page("digits", ImagesPage)
    found = looked(shown, "digits", 100, 30)
    pixels = np.zeros_like(found.arrays["pixels"])
    pixels[0, 0] = 255  # the top left pixel of the first picture
    shown.zoom(0)
    drawn = shown.drawn(found.model_copy(update={"arrays": {**found.arrays, "pixels": pixels}}), 100, 30, Manner())
    assert chr(drawn.cells.characters[0, 0]) in "▀ "
    inked = drawn.cells.back != NONE
    inked |= drawn.cells.characters == ord("▀")
    rows, columns = np.nonzero(inked)
    assert (rows.min(), columns.min()) == (0, 0)
    assert columns.max() <= 2


def test_pictures_are_drawn_smaller_by_their_means_and_larger_by_whole_pixels() -> None:
    picture = np.array([[0.0, 1.0, 4.0], [2.0, 1.0, 4.0]])
    assert resized(picture, 0.5).tolist() == [[1.0, 4.0]]
    assert resized(picture, 2.0).tolist() == [[0, 0, 1, 1, 4, 4]] * 2 + [[2, 2, 1, 1, 4, 4]] * 2


def test_pages_of_pictures_go_to_the_end_and_no_further() -> None:
    shown = page("digits", WeightsPage)
    assert isinstance(shown, WeightsPage)
    shown.zoom(0)
    count = shown.arranged(60, 14).count
    assert 0 < count < 20
    shown.turn(1)
    assert shown.first == count
    for _ in range(30):
        shown.turn(1)
    assert count <= shown.first < 20
    last = shown.first
    shown.jump(to_end=False)
    assert shown.first == 0
    shown.turn(-1)
    assert shown.first == 0
    shown.jump(to_end=True)
    assert shown.first == last


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
