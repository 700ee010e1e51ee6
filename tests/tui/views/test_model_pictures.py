"""What a model takes for what: the confusion matrix, and pictures beside what they were taken for."""

from __future__ import annotations

import re

import numpy as np

from tests.tui.views.model_pages import looked, page, text
from tui.charts.cells import NONE
from tui.views.model.confusion import ConfusionPage
from tui.views.model.page import Manner
from tui.views.model.tiles import ImagesPage, WeightsPage, resized


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
