"""The figures in the lessons on functions of one and two numbers.

Those without noise were computed independently in float64 and are exact; those of the noise are theory.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.method.telemetry import SERIES

if TYPE_CHECKING:
    from engine.method.trainer import Trainer
    from tests.presets.conftest import MakeTrainer, Rehearse


def positions(trainer: Trainer, steps: int) -> np.ndarray:
    """Return where the parameters are after each of so many steps: (steps, parameters)."""
    found = []
    for _ in range(steps):
        trainer.step()
        found.append(trainer.theta.copy())
    return np.array(found)


def scalars(trainer: Trainer) -> dict[str, np.ndarray]:
    """Return the scalars of all steps made, by their name."""
    block = trainer.steps.take()
    assert block is not None
    return dict(zip(SERIES, block.values, strict=True))


def reached_after(rehearse: Rehearse, name: str, *settings: str) -> int:
    """Return after how many updates a lesson's goal is reached if there is time enough."""
    ((reached, step),) = rehearse(name, "goal.within=100000", *settings).verdicts.values()
    assert reached
    return step


def test_the_circuit_gives_the_gradients_of_the_lecture(trainer: MakeTrainer) -> None:
    lesson = trainer("backprop-circuit")
    before = lesson.theta.copy()
    lesson.step()
    by_variable = (before - lesson.theta) / lesson.spec.optimizer.lr
    assert scalars(lesson)["loss"] == pytest.approx([0.7311], abs=5e-5)
    assert by_variable == pytest.approx([-0.1966, 0.3932, -0.3932, -0.5898, 0.1966], abs=5e-5)


@pytest.mark.parametrize(
    ("rate", "x"), [(0.1, 0.349), (0.5, 9.8e-4), (1.0, 0.0), (1.9, 0.349), (2.0, 1.0), (2.1, 2.59)]
)
def test_in_one_dimension_ten_steps_lead_to_the_place_in_the_table(trainer: MakeTrainer, rate: float, x: float) -> None:
    way = positions(trainer("lr-1d", f"optimizer.lr={rate}"), 10)[:, 0]
    assert way[-1] == pytest.approx(x, rel=4e-3)
    if rate > 1.0:
        assert all(a * b < 0.0 for a, b in pairwise(way)), "it jumps from side to side"


def test_at_the_limit_x_goes_to_and_fro_for_ever(trainer: MakeTrainer) -> None:
    assert positions(trainer("lr-1d", "optimizer.lr=2.0"), 150)[:, 0].tolist() == [-1.0, 1.0] * 75


@pytest.mark.parametrize(
    ("name", "settings", "updates"),
    [
        ("ravine", (), 440),
        ("ravine", ("optimizer.lr=0.01",), 653),
        ("ravine-momentum", (), 69),
        ("ravine-momentum", ("optimizer.momentum=0.9",), 136),
        ("ravine-nesterov", (), 83),
        ("ravine-nesterov", ("optimizer.name=momentum",), 75),
        ("exact-line-search", (), 45),
        ("exact-line-search", ("line_search.name=none", "optimizer.lr=0.1818"), 45),
    ],
    ids=lambda value: str(value),
)
def test_a_ravine_takes_the_number_of_updates_that_its_lesson_says(
    rehearse: Rehearse, name: str, settings: tuple[str, ...], updates: int
) -> None:
    assert reached_after(rehearse, name, *settings) == updates


@pytest.mark.parametrize(
    ("name", "setting"), [("ravine", "optimizer.lr=0.0201"), ("ravine-momentum", "optimizer.momentum=0.6")]
)
def test_a_ravine_explodes_beyond_its_limit(trainer: MakeTrainer, name: str, setting: str) -> None:
    """At 0.0201 a step makes y 1.01 times as long, which takes some 35,000 of them to overflow."""
    lesson = trainer(name, setting)
    while lesson.non_finite is None and lesson.step_count < 50_000:
        lesson.step()
    assert lesson.non_finite is not None


def test_the_zigzag_changes_the_sign_of_y_at_every_step(trainer: MakeTrainer) -> None:
    way = positions(trainer("ravine"), 100)
    assert all(a * b < 0.0 for a, b in pairwise(way[:, 1]))
    assert (way[:, 0] > 0.0).all()


def test_too_much_momentum_overshoots_and_the_best_does_not(trainer: MakeTrainer) -> None:
    """With β = 0.9, and not with the best one, x passes through 0."""
    for settings, crosses in ((("optimizer.momentum=0.9",), True), ((), False)):
        assert bool((positions(trainer("ravine-momentum", *settings), 60)[:, 0] < 0.0).any()) is crosses


def test_nesterov_lets_the_steep_direction_rest_after_two_steps(trainer: MakeTrainer) -> None:
    way = positions(trainer("ravine-nesterov"), 20)
    assert np.abs(way[1:, 1]).max() < 1e-15
    assert way[-1, 0] > 0.1


def test_exact_steps_are_equally_long_equally_good_and_at_right_angles(trainer: MakeTrainer) -> None:
    lesson = trainer("exact-line-search")
    start = lesson.theta.copy()
    way = np.vstack([start, positions(lesson, 40)])
    values = scalars(lesson)
    losses, rates = values["loss"], values["lr"]
    assert rates == pytest.approx([2.0 / 11.0] * 40, rel=1e-9)
    assert losses[1:] / losses[:-1] == pytest.approx([(9.0 / 11.0) ** 2] * 39, rel=1e-9)
    directions = np.diff(way, axis=0)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    assert np.abs((directions[1:] * directions[:-1]).sum(axis=1)).max() < 1e-6


def test_an_exact_search_takes_three_times_the_evaluations(rehearse: Rehearse) -> None:
    (progress,) = rehearse("exact-line-search", "stop.steps=45").progress
    assert (progress.step, progress.evaluations) == (45, 135)


def test_backtracking_takes_fewer_updates_and_many_more_evaluations(rehearse: Rehearse) -> None:
    """Measured with this engine; plain descent's 9,952 were computed independently. The last update ends the run."""
    searched, plain = rehearse("armijo"), rehearse("armijo", "line_search.name=none")
    assert (searched.progress[0].step, searched.progress[0].evaluations) == (5971, 68_042)
    assert plain.verdicts == {0: (True, 9952)}


def test_backtracking_accepts_lengths_that_jump_from_place_to_place(trainer: MakeTrainer) -> None:
    """From 1 by halves, and so between the 1/4 and the 1/2048 that its lesson speaks of."""
    lesson = trainer("armijo")
    while lesson.ended is None:
        lesson.step()
    rates = scalars(lesson)["lr"]
    assert (rates.max(), rates.min()) == (1 / 4, 1 / 2048)


@pytest.mark.parametrize(
    ("settings", "mean_square"),
    [((), 0.1 / 1.9), (("optimizer.lr=0.5",), 0.5 / 1.5), (("noise.samples=4",), 0.1 / 1.9 / 4.0)],
    ids=lambda value: str(value),
)
def test_the_ball_of_noise_is_as_large_as_theory_says(
    trainer: MakeTrainer, settings: tuple[str, ...], mean_square: float
) -> None:
    """E[x²] = ασ²/(λ(2 − αλ)) = 0.0526 and 0.333, and a batch of B divides it by B.

    At the rate 0.1 a place is forgotten after some ten steps, so 50,000 of them know the mean to 2 %.
    """
    way = positions(trainer("noise-ball", "stop.steps=100000", *settings), 50_000)
    assert np.mean(way[200:] ** 2) == pytest.approx(mean_square, rel=0.05)


def test_the_four_schedules_leave_the_noise_that_their_lesson_says(trainer: MakeTrainer) -> None:
    """The mean of x² over the last 15,000 of 20,000 steps; theory has 0.0526 for the constant rate.

    The other three are of the preset's seed: x hardly moves under the two that fall fast, so chance decides much.
    """
    found = [np.mean(positions(trainer("robbins-monro", lane=lane), 20_000)[5_000:] ** 2) for lane in range(4)]
    assert found[0] == pytest.approx(0.0526, rel=0.05)
    assert found[2] == pytest.approx(4.4e-3, rel=0.05)
    assert 3e-5 < found[1] < found[3] < 3e-4


def test_the_sums_of_the_rates_are_as_robbins_and_monro_have_them(rehearse: Rehearse) -> None:
    """Σ1/t up to T is ln T + 0.5772, and Σ1/t² up to π²/6; the falling tenth has Σα = 0.1/(1 − 0.999) = 100."""
    sums = [(lane.rate_sum, lane.rate_squares) for lane in rehearse("robbins-monro").progress]
    assert sums[0] == pytest.approx((2000.0, 200.0))
    assert sums[1] == pytest.approx((math.log(20_000) + 0.5772, math.pi**2 / 6.0), rel=1e-4)
    assert sums[2][1] == pytest.approx(sums[1][0])
    assert sums[3][0] == pytest.approx(100.0, rel=1e-6)


def test_a_rate_that_falls_too_fast_stops_on_the_way(rehearse: Rehearse, trainer: MakeTrainer) -> None:
    assert rehearse("decay-too-fast").progress[0].rate_sum == pytest.approx(1.0)
    way = positions(trainer("decay-too-fast"), 400)[:, 0]
    assert way[-1] == pytest.approx(0.358, abs=5e-4)
    assert way[200] == pytest.approx(way[-1], rel=1e-8)
