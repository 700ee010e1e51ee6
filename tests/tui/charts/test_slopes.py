"""What a live change did to the loss."""

from __future__ import annotations

import numpy as np

from tui.charts.history import Series
from tui.charts.markers import Marker
from tui.charts.slopes import Group, Turn, slope_in_words, turns


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
    (turn,) = turns([Marker(step=200.0, label="α 0.1")], series(loss), 1000.0, {})
    assert turn.words == "α 0.1 at step 200: loss halves in 100 → 20 steps"
    assert turn.brief == "α 0.1: halves in 100 → 20 steps"


def test_between_two_changes_the_stretch_belongs_to_both() -> None:
    steps = np.arange(1.0, 301.0)
    found = turns(
        [Marker(step=100.0, label="a"), Marker(step=200.0, label="b")], series(0.5 ** (steps / 30.0)), 1e9, {}
    )
    assert found[0].after == found[1].before == "halves in 30 steps"


def test_the_noise_of_minibatches_is_no_slope() -> None:
    """A hundred times a hundred losses of the same mean, which vary by a third: a slope is told where there is one."""
    random = np.random.default_rng(0)
    flat = [slope_in_words(series(random.lognormal(0.0, 0.33, 100)), 0.0, 100.0) for _ in range(100)]
    assert sum(words != "level" for words in flat) <= 2
    falling = [
        slope_in_words(series(0.5 ** (np.arange(100) / 30.0) * random.lognormal(0.0, 0.33, 100)), 0.0, 100.0)
        for _ in range(100)
    ]
    assert all(words.startswith("halves in ") for words in falling)


def test_a_change_at_full_speed_still_has_its_slopes_when_a_million_steps_have_passed() -> None:
    """A loss that falls fast for 500 steps, five times as fast for another 500 and then no more, in blocks of 5,000."""
    steps = np.arange(1.0, 1_000_001.0)
    heights = -np.minimum(steps, 500.0) / 100.0 - np.clip(steps - 500.0, 0.0, 500.0) / 20.0
    loss, words = Series(), set()
    settled: dict[Group, Turn] = {}
    for start in range(0, len(steps), 5_000):
        loss.append(steps[start : start + 5_000], 2.0 ** heights[start : start + 5_000])
        (turn,) = turns([Marker(step=499.0, label="α 0.1")], loss, 100.0, settled)
        words.add(turn.words)
    assert words == {"α 0.1 at step 499: loss halves in 100 → 20 steps"}


def test_who_comes_late_is_told_the_slopes_of_what_is_still_known() -> None:
    """Halving in 50,000 steps before and in 20,000 after, of which only means over many steps are left."""
    steps = np.arange(1.0, 1_000_001.0)
    loss = series(2.0 ** (-np.minimum(steps, 500_001.0) / 50_000.0 - np.maximum(steps - 500_001.0, 0.0) / 20_000.0))
    (turn,) = turns([Marker(step=500_000.0, label="α 0.1")], loss, 50.0, {})
    assert turn.effect == "halves in 50,000 → 20,000 steps"


def test_a_loss_that_seems_level_is_followed_until_it_moves() -> None:
    """Half in 5,000 steps is a hundredth in 70: too little to be told, until more of them have been made."""
    steps = np.arange(1.0, 5_001.0)
    values = np.concatenate([0.5 ** (steps[:1000] / 100.0), 0.5**10.0 * 0.5 ** (steps / 5_000.0)])
    told = []
    for stop in (1_050, 1_100, 3_000, 6_000):
        (turn,) = turns([Marker(step=1_000.0, label="α 0.1")], series(values[:stop]), 70.0, {})
        told.append(turn.effect)
    assert told == ["halves in 100 steps → level"] * 2 + ["halves in 100 → 5,000 steps"] * 2


def test_changes_within_a_few_steps_are_one_turn() -> None:
    """Three presses of a key at five steps a second, and another knob with the last of them."""
    steps = np.arange(1.0, 401.0)
    loss = np.where(steps <= 203.0, 0.5 ** (steps / 100.0), 0.5 ** (203.0 / 100.0) * 0.5 ** ((steps - 203.0) / 20.0))
    labels = [(200.0, "α 0.11"), (201.0, "α 0.12"), (202.0, "α 0.13"), (202.0, "β₁ 0.8")]
    found = turns([Marker(step=step, label=label) for step, label in labels], series(loss), 1000.0, {})
    assert [turn.words for turn in found] == ["α 0.13, β₁ 0.8 at step 202: loss halves in 100 → 20 steps"]


def test_a_change_before_the_first_steps_or_after_the_last_one_says_what_is_known() -> None:
    steps = np.arange(1.0, 101.0)
    early, late = turns(
        [Marker(step=0.0, label="a"), Marker(step=100.0, label="b")], series(0.5 ** (steps / 30.0)), 1e9, {}
    )
    assert early.effect == "now halves in 30 steps"
    assert late.effect == "halves in 30 steps → …"
