"""What a live change did to the loss."""

from __future__ import annotations

import numpy as np

from tui.charts.history import Series
from tui.charts.markers import Marker
from tui.charts.slopes import slope_in_words, turns


def series(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Series:
    made = Series()
    made.append(np.arange(1.0, len(values) + 1.0), values)
    return made


def test_a_loss_that_halves_every_fifty_steps_is_said_to() -> None:
    steps = np.arange(1.0, 501.0)
    assert slope_in_words(series(0.5 ** (steps / 50.0)), 0.0, 500.0) == "halves in 50 steps"
    assert slope_in_words(series(2.0 ** (steps / 5.0)), 0.0, 500.0) == "doubles in 5.0 steps"
    assert slope_in_words(series(np.full(500, 3.0)), 0.0, 500.0) == "level"


def test_a_loss_below_zero_has_a_slope_a_step() -> None:
    steps = np.arange(1.0, 101.0)
    assert slope_in_words(series(10.0 - 0.25 * steps), 0.0, 100.0) == "falls 0.25 a step"
    assert slope_in_words(series(-50.0 + 0.5 * steps), 0.0, 100.0) == "rises 0.5 a step"


def test_too_few_steps_and_what_is_not_finite_have_no_slope() -> None:
    assert slope_in_words(series(np.array([1.0, 0.5])), 0.0, 10.0) == "–"
    assert slope_in_words(series(np.full(50, np.nan)), 0.0, 50.0) == "–"
    assert slope_in_words(Series(), 0.0, 50.0) == "–"
    assert slope_in_words(series(np.full(50, 1e308)), 0.0, 50.0) == "level"


def test_a_change_has_the_slope_up_to_it_and_that_of_the_steps_that_it_moved() -> None:
    steps = np.arange(1.0, 401.0)
    loss = np.where(steps <= 201.0, 0.5 ** (steps / 100.0), 0.5 ** (201.0 / 100.0) * 0.5 ** ((steps - 201.0) / 20.0))
    (turn,) = turns([Marker(step=200.0, label="α 0.1")], series(loss), 1000.0)
    assert turn.words == "α 0.1 at step 200: loss halves in 100 steps → halves in 20 steps"


def test_between_two_changes_the_stretch_belongs_to_both() -> None:
    steps = np.arange(1.0, 301.0)
    found = turns([Marker(step=100.0, label="a"), Marker(step=200.0, label="b")], series(0.5 ** (steps / 30.0)), 1e9)
    assert found[0].after == found[1].before == "halves in 30 steps"
