"""Schedules on a trainer: what a step really uses, and what live changes and rewinds do to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.errors import InputError
from engine.method.schedules import SCHEDULES
from engine.method.trainer import Trainer

if TYPE_CHECKING:
    from tests.engine.method.conftest import MakeTrainer, TakeSeries

HALVING = {"name": "exponential", "gamma": 0.5}
"""The share at step k is ½ᵏ⁻¹."""


def steps(trainer: Trainer, count: int) -> Trainer:
    for _ in range(count):
        trainer.step()
    return trainer


def test_the_first_update_uses_the_first_share_and_the_column_says_so(ravine: MakeTrainer, series: TakeSeries) -> None:
    trainer = steps(ravine(optimizer={"name": "sgd", "lr": 0.08}, schedule=HALVING), 4)
    assert series(trainer, "lr") == [0.08, 0.04, 0.02, 0.01]


def test_an_update_is_as_long_as_the_rate_of_its_step(ravine: MakeTrainer, series: TakeSeries) -> None:
    """‖Δθ‖ = α·‖g‖ for plain gradient descent."""
    trainer = steps(ravine(schedule=HALVING), 6)
    block = trainer.steps.take()
    assert block is not None
    _, _, lr, grad_norm, update_norm = block.values
    assert update_norm == pytest.approx(lr * grad_norm, rel=1e-14)
    assert lr.tolist() == pytest.approx([0.05 * 0.5**k for k in range(6)])


@pytest.mark.parametrize("rule", ["sgd", "momentum", "rmsprop", "adam"])
def test_every_rule_takes_the_rate_of_the_schedule(ravine: MakeTrainer, rule: str) -> None:
    """A schedule that halves all rates leaves the path of a rule with half the rate."""
    halved = ravine(optimizer={"name": rule, "lr": 0.02}, schedule={"name": "linear", "start": 0.5, "end": 0.5})
    assert np.array_equal(steps(halved, 20).theta, steps(ravine(optimizer={"name": rule, "lr": 0.01}), 20).theta)


def test_a_schedule_per_epoch_turns_the_rate_between_epochs_alone(moons: MakeTrainer, series: TakeSeries) -> None:
    """24 samples in batches of 7, 7, 7 and 3: four steps an epoch."""
    trainer = steps(moons(schedule={**HALVING, "per": "epoch"}), 10)
    assert series(trainer, "lr") == [0.01] * 4 + [0.005] * 4 + [0.0025] * 2


def test_a_turn_of_the_base_rate_multiplies_the_schedule(ravine: MakeTrainer, series: TakeSeries) -> None:
    trainer = steps(ravine(optimizer={"name": "sgd", "lr": 0.08}, schedule=HALVING), 2)
    trainer.apply({"optimizer.lr": 0.8})
    steps(trainer, 2)
    assert series(trainer, "lr") == [0.08, 0.04, 0.2, 0.1]


def test_a_held_rate_is_used_whatever_the_schedule_says_and_then_all_is_as_if_nothing_had_been(
    ravine: MakeTrainer, series: TakeSeries
) -> None:
    trainer = steps(ravine(optimizer={"name": "sgd", "lr": 0.08}, schedule=HALVING), 1)
    (held,) = trainer.apply({"schedule.hold": 0.03})
    assert (held.key, held.old, held.new) == ("schedule.hold", None, 0.03)
    assert trainer.dials.lr == 0.03
    steps(trainer, 2)
    trainer.apply({"schedule.hold": None})
    assert trainer.dials.lr == 0.01
    steps(trainer, 1)
    assert series(trainer, "lr") == [0.08, 0.03, 0.03, 0.01]


def test_a_constant_rate_can_be_held_as_well(ravine: MakeTrainer, series: TakeSeries) -> None:
    trainer = steps(ravine(schedule={"hold": 0.5}), 1)
    trainer.apply({"schedule.hold": None})
    steps(trainer, 1)
    assert series(trainer, "lr") == [0.5, 0.05]


def test_the_momentum_that_is_cycled_stands_again_when_the_schedule_has_gone(ravine: MakeTrainer) -> None:
    trainer = steps(ravine(optimizer={"name": "momentum", "momentum": 0.7}, schedule={"name": "one_cycle"}), 3)
    assert trainer.dials.momentum == pytest.approx(0.95, abs=1e-4)
    trainer.apply({"schedule.name": "constant"})
    assert trainer.dials.momentum == 0.7


def test_the_coming_rate_can_be_seen_before_the_first_step_and_after_a_change(moons: MakeTrainer) -> None:
    trainer = moons(schedule={"name": "linear", "per": "epoch", "start": 0.5, "end": 1.0, "steps": 2})
    assert trainer.dials.lr == 0.005
    steps(trainer, 4)
    trainer.apply({"optimizer.lr": 0.1})
    assert trainer.dials.lr == pytest.approx(0.075)


def test_a_switch_of_the_schedule_keeps_what_both_know_and_someone_set(ravine: MakeTrainer) -> None:
    trainer = ravine(schedule={"name": "cosine", "steps": 10, "warmup": 4})
    changes = trainer.apply({"schedule.name": "polynomial"})
    assert [(change.key, change.old, change.new) for change in changes] == [("schedule.name", "cosine", "polynomial")]
    assert trainer.spec.schedule.model_dump(exclude_unset=True) == {"name": "polynomial", "steps": 10, "warmup": 4}


def test_a_switched_schedule_goes_by_the_time_since_the_start(ravine: MakeTrainer, series: TakeSeries) -> None:
    trainer = steps(ravine(optimizer={"name": "sgd", "lr": 0.08}), 3)
    trainer.apply({"schedule.name": "exponential", "schedule.gamma": 0.5})
    steps(trainer, 1)
    assert series(trainer, "lr") == [0.08, 0.08, 0.08, 0.01]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"schedule.name": "sine"}, "schedule.name = 'sine'; allowed: one of \"constant\""),
        ({"schedule.name": None}, 'schedule.name = empty; allowed: one of "constant"'),
        ({"schedule.gamma": 0.5}, "schedule.gamma = 0.5; allowed: only name, per, warmup"),
        ({"schedule.name": "step", "schedule.gamma": 2.0}, "schedule.gamma = 2.0; allowed: a number > 0 and ≤ 1"),
        ({"schedule.hold": -1.0}, "schedule.hold = -1.0; allowed: a number > 0"),
        ({"schedule.name": "multistep", "schedule.milestones": [3]}, "schedule.milestones = [3]; allowed in a live"),
    ],
)
def test_a_schedule_that_is_not_possible_is_refused(ravine: MakeTrainer, values: dict[str, Any], said: str) -> None:
    trainer = ravine()
    with pytest.raises(InputError) as refusal:
        trainer.apply(values)
    assert said in str(refusal.value)
    assert trainer.spec.schedule.name == "constant"


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_snapshot_in_mid_schedule_goes_on_bit_for_bit(moons: MakeTrainer, series: TakeSeries, name: str) -> None:
    schedule = {"name": name, "warmup": 3, **({"patience": 1, "per": "step"} if name == "plateau" else {})}
    original = steps(moons(schedule=schedule), 25)
    series(original, "lr")
    snapshot = original.snapshot()
    twin = moons(schedule=schedule)
    twin.restore(snapshot)
    for trainer in (original, twin):
        steps(trainer, 25)
    assert np.array_equal(original.theta, twin.theta)
    assert series(original, "lr") == series(twin, "lr")
    assert original.snapshot().sums == twin.snapshot().sums
    # What is restored is not what was handed out: the snapshot can be used again.
    twin.restore(snapshot)
    assert twin.snapshot().plateau == snapshot.plateau


# ---- plateau


def flat_trainer(ravine: MakeTrainer, **fields: Any) -> Trainer:
    """Return a trainer in the minimum, where the loss is 0 for ever."""
    return ravine(
        problem={"kind": "landscape", "start": [0.0, 0.0]},
        optimizer={"name": "sgd", "lr": 1.0},
        schedule={"name": "plateau", "gamma": 0.5, **fields},
    )


def test_a_rate_falls_when_the_loss_has_not_improved_for_longer_than_the_patience(
    ravine: MakeTrainer, series: TakeSeries
) -> None:
    """The first loss is the best, the next three are not better: one more than is borne."""
    trainer = steps(flat_trainer(ravine, patience=2), 8)
    assert series(trainer, "lr") == [1.0] * 4 + [0.5] * 3 + [0.25]


def test_a_plateau_is_not_judged_in_the_warm_up(ravine: MakeTrainer, series: TakeSeries) -> None:
    trainer = steps(flat_trainer(ravine, patience=2, warmup=5, warmup_from=1.0), 10)
    assert series(trainer, "lr") == [1.0] * 9 + [0.5]


def test_a_plateau_ends_at_its_floor(ravine: MakeTrainer, series: TakeSeries) -> None:
    trainer = steps(flat_trainer(ravine, patience=0, floor=0.3), 5)
    assert series(trainer, "lr") == [1.0, 1.0, 0.5, 0.3, 0.3]


def test_the_falls_outlast_a_turn_of_the_base_rate_and_a_held_one_but_not_a_switch(ravine: MakeTrainer) -> None:
    trainer = steps(flat_trainer(ravine, patience=2), 5)
    trainer.apply({"optimizer.lr": 4.0, "schedule.hold": 9.0})
    trainer.apply({"schedule.hold": None})
    assert trainer.dials.lr == 2.0
    trainer.apply({"schedule.name": "constant"})
    trainer.apply({"schedule.name": "plateau"})
    assert trainer.dials.lr == 4.0


def test_a_plateau_of_epochs_judges_the_mean_loss_of_their_steps(moons: MakeTrainer, series: TakeSeries) -> None:
    """With a threshold of 1 no loss is ever good enough, so the rate falls for the third epoch."""
    trainer = steps(moons(schedule={"name": "plateau", "patience": 0, "threshold": 1.0, "gamma": 0.5}), 12)
    assert series(trainer, "lr") == [0.01] * 8 + [0.005] * 4


# ---- sums


def test_the_sums_of_the_rates_are_those_of_the_updates_made(ravine: MakeTrainer) -> None:
    trainer = steps(ravine(optimizer={"name": "sgd", "lr": 0.5}, schedule=HALVING), 3)
    assert trainer.steps.rates == (0.875, 0.328125)
    assert ravine().steps.rates == (0.0, 0.0)


def test_the_sums_do_not_depend_on_how_often_the_steps_are_taken(moons: MakeTrainer) -> None:
    often, never = moons(schedule={"name": "inverse"}), moons(schedule={"name": "inverse"})
    for _ in range(200):
        often.step()
        often.steps.take()
    steps(never, 200)
    assert often.steps.rates == never.steps.rates
    assert often.steps.rates[0] == pytest.approx(0.01 * math.fsum(1 / k for k in range(1, 201)), rel=1e-13)


def test_a_refused_step_adds_nothing_to_the_sums(ravine: MakeTrainer) -> None:
    trainer = ravine(problem={"kind": "landscape", "start": [1e200, 1.0]})
    with np.errstate(over="ignore"):
        steps(trainer, 2)
    assert trainer.non_finite is not None
    assert trainer.steps.rates == (0.0, 0.0)


def test_a_reset_begins_schedule_and_sums_anew(ravine: MakeTrainer, series: TakeSeries) -> None:
    trainer = steps(flat_trainer(ravine, patience=0), 5)
    trainer.reset(keep=True)
    steps(trainer, 2)
    assert series(trainer, "lr") == [1.0, 1.0]
    assert trainer.steps.rates == (2.0, 2.0)


def test_a_rate_that_decays_too_fast_stops_short_of_the_minimum_for_ever(ravine: MakeTrainer) -> None:
    """α = 0.1·0.9ᵗ on ½x²: Σα = 1, so x stops at ∏(1 − α), which was worked out elsewhere as 0.358."""
    trainer = ravine(
        problem={"kind": "landscape", "condition": 1.0, "start": [1.0, 0.0]},
        optimizer={"name": "sgd", "lr": 0.1},
        schedule={"name": "exponential", "gamma": 0.9},
    )
    steps(trainer, 500)
    assert trainer.theta[0] == pytest.approx(0.358, abs=5e-4)
    assert trainer.steps.rates[0] == pytest.approx(1.0)
