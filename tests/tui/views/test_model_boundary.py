"""Samples in the plane of two inputs: where they stand, what the model says there, and how both are told apart."""

from __future__ import annotations

import re

import numpy as np

from engine.subject.network import Network
from tests.tui.views.model_pages import looked, page, text, trained
from tui.charts.cells import NONE
from tui.views.model.boundary import BoundaryPage
from tui.views.model.page import Manner


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
