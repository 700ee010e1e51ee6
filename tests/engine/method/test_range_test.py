"""The range test: what it sees, what it suggests, and that it leaves no trace."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.errors import InputError
from engine.method.range_test import suggestions, sweep

if TYPE_CHECKING:
    from tests.engine.method.conftest import MakeTrainer, Take


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"schedule": {"name": "one_cycle", "steps": 50}},
        {"schedule": {"name": "plateau", "patience": 0, "per": "step"}},
        {"stop": {"steps": 30, "plateau": 5, "divergence": 2.0}},
        {"optimizer": {"name": "momentum", "lr": 0.1}, "clip": {"norm": 0.5}},
    ],
    ids=str,
)
def test_a_trainer_goes_on_bit_for_bit_as_if_there_had_been_no_sweep(
    moons: MakeTrainer, taken: Take, sections: dict[str, Any]
) -> None:
    trainer, twin = moons(**sections), moons(**sections)
    for each in (trainer, twin):
        for _ in range(9):
            each.step(measure=True)
    figures = trainer.figures
    sweep(trainer, high=1e5)
    assert trainer.figures is figures
    assert trainer.spec == twin.spec
    assert (trainer.step_count, trainer.ended, trainer.non_finite) == (twin.step_count, twin.ended, twin.non_finite)
    for each in (trainer, twin):
        for _ in range(9):
            each.step()
    assert np.array_equal(trainer.theta, twin.theta)
    assert trainer.steps.rates == twin.steps.rates
    assert taken(trainer).values.tobytes() == taken(twin).values.tobytes()
    assert trainer.ended == twin.ended


def test_rates_rise_by_one_factor_and_each_loss_is_what_those_before_have_made(ravine: MakeTrainer) -> None:
    """On ½x² a step with rate α leaves (1 − α)x: the loss is ½∏(1 − α)²."""
    trainer = ravine(problem={"kind": "landscape", "condition": 1.0, "start": [1.0, 0.0]})
    found = sweep(trainer, low=1e-3, high=0.5, steps=30)
    assert found.lr[[0, -1]].tolist() == pytest.approx([1e-3, 0.5])
    assert np.diff(np.log(found.lr)) == pytest.approx(math.log(500) / 29)
    x = np.cumprod(np.concatenate([[1.0], 1.0 - found.lr[:-1]]))
    assert found.loss == pytest.approx(x**2 / 2.0)
    assert not found.has_exploded


def test_the_smoothed_loss_is_the_mean_of_the_losses_so_far_with_weights_that_fade(ravine: MakeTrainer) -> None:
    """Of two losses, the mean with weights 0.98 and 1 over their sum."""
    found = sweep(ravine(), steps=20)
    first, second = found.loss[:2].tolist()
    assert found.smoothed[:2].tolist() == pytest.approx([first, (0.98 * first + second) / 1.98])


def test_a_sweep_ends_where_the_loss_is_four_times_the_lowest(ravine: MakeTrainer) -> None:
    found = sweep(ravine(), low=1e-4, high=100.0, steps=60)
    assert found.has_exploded
    assert len(found.lr) < 60
    assert found.smoothed[-1] > 4.0 * found.smoothed.min() >= 0.0
    assert found.smoothed[-2] <= 4.0 * found.smoothed[:-1].min()


def test_a_loss_that_is_no_number_ends_a_sweep_without_being_part_of_it(ravine: MakeTrainer) -> None:
    found = sweep(ravine(problem={"kind": "landscape", "start": [1e200, 1.0]}))
    assert (len(found.lr), found.has_exploded, found.suggestions) == (0, True, ())


def test_a_rate_a_tenth_of_the_lowest_loss_a_steepest_one_and_a_valley_are_suggested() -> None:
    """Level for ten rates, a fall of 1 for each of nine, of 5 once, then up; nothing is cut at the front."""
    lr = np.geomspace(1e-6, 1e-6 * 2.0**29, 30)
    losses = [50.0] * 10 + [49.0, 48.0, 47.0, 46.0, 45.0, 40.0, 39.0, 38.0, 37.0, 36.0] + [60.0] * 10
    found = {each.name: each.lr for each in suggestions(lr, np.array(losses), skip=0)}
    assert found["minimum/10"] == pytest.approx(lr[19] / 10.0, rel=0.05)
    assert found["steepest"] == pytest.approx(lr[14], rel=0.05)
    # The longest fall is 11 long and ends at 19: it begins after 8, its middle third after 8 + 3, half of that is 1.
    assert found["valley"] == pytest.approx(lr[12], rel=0.05)
    assert all(len(f"{rate:e}".partition("e")[0].rstrip("0")) <= 3 for rate in found.values()), "two digits each"


def test_a_curve_that_does_not_fall_suggests_nothing() -> None:
    lr = np.geomspace(1e-6, 1.0, 30)
    assert suggestions(lr, np.linspace(1.0, 2.0, 30), skip=3) == ()
    assert suggestions(lr[:5], np.linspace(2.0, 1.0, 5), skip=3) == ()


def test_the_first_suggestion_trains(moons: MakeTrainer) -> None:
    trainer = moons()
    first = sweep(trainer, low=1e-5, high=100.0, steps=200).suggestions[0]
    before = trainer.evaluate("train").loss
    trainer.apply({"optimizer.lr": first.lr})
    for _ in range(200):
        trainer.step()
    assert trainer.evaluate("train").loss < 0.9 * before


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"low": 0.0}, "learning rates from 0 to 10; allowed: 0 < from < to ≤ 1000000"),
        ({"low": 20.0}, "learning rates from 20 to 10"),
        ({"high": math.nan}, "learning rates from 1e-07 to nan"),
        ({"high": math.inf}, "learning rates from 1e-07 to inf"),
        ({"steps": 19}, "19 steps; allowed: a whole number ≥ 20"),
        ({"steps": 100_001}, "100001 steps; allowed: a whole number ≥ 20 and ≤ 100,000"),
    ],
)
def test_a_sweep_that_is_not_possible_is_refused(ravine: MakeTrainer, bounds: dict[str, Any], said: str) -> None:
    trainer = ravine()
    with pytest.raises(InputError) as refusal:
        sweep(trainer, **bounds)
    assert said in str(refusal.value)
