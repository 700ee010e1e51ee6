"""The trainer: when it stops, and what it refuses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from tests.engine.method.conftest import MakeTrainer, TakeSeries, ToTheEnd


@pytest.mark.parametrize("steps", [0, 1, 7])
def test_a_run_ends_after_its_steps(ravine: MakeTrainer, steps_until_the_end: ToTheEnd, steps: int) -> None:
    trainer = ravine(stop={"steps": steps})
    assert steps_until_the_end(trainer) == steps
    assert trainer.ended == "steps"


@pytest.mark.parametrize(("epochs", "steps"), [(0, 0), (1, 4), (3, 12)])
def test_a_run_ends_after_its_epochs_short_batch_included(
    moons: MakeTrainer, steps_until_the_end: ToTheEnd, epochs: int, steps: int
) -> None:
    trainer = moons(stop={"epochs": epochs})
    assert steps_until_the_end(trainer) == steps
    assert trainer.ended == "epochs"


def test_a_run_ends_when_a_step_is_shorter_than_wanted(ravine: MakeTrainer, steps_until_the_end: ToTheEnd) -> None:
    """On ½x² with α = ½ the updates are ½, ¼, ⅛, …: the first below 0.1 is the fourth."""
    trainer = ravine(
        problem={"kind": "landscape", "function": "ravine", "condition": 1.0, "start": [1.0, 0.0]},
        optimizer={"name": "sgd", "lr": 0.5},
        stop={"update_norm": 0.1},
    )
    assert steps_until_the_end(trainer) == 4
    assert trainer.ended == "update_norm"


def test_a_run_ends_when_the_loss_of_a_step_is_low_enough(ravine: MakeTrainer, steps_until_the_end: ToTheEnd) -> None:
    """½x² with α = ½ has the losses ½, ⅛, 1/32 at its steps: 1/32 or less is met at the third."""
    trainer = ravine(
        problem={"kind": "landscape", "function": "ravine", "condition": 1.0, "start": [1.0, 0.0]},
        optimizer={"name": "sgd", "lr": 0.5},
        stop={"loss": 0.03125},
    )
    assert steps_until_the_end(trainer) == 3
    assert trainer.ended == "loss"


def test_a_loss_of_zero_is_a_goal_like_any_other(ravine: MakeTrainer, steps_until_the_end: ToTheEnd) -> None:
    """α = 1 reaches the minimum of ½x² in one step; the second finds the loss 0."""
    trainer = ravine(
        problem={"kind": "landscape", "function": "ravine", "condition": 1.0, "start": [1.0, 0.0]},
        optimizer={"name": "sgd", "lr": 1.0},
        stop={"loss": 0.0},
    )
    assert steps_until_the_end(trainer) == 2


def test_the_first_rule_that_holds_ends_a_run(ravine: MakeTrainer, steps_until_the_end: ToTheEnd) -> None:
    trainer = ravine(stop={"steps": 100, "loss": 5.0})
    assert steps_until_the_end(trainer) == 2
    assert trainer.ended == "loss"


def test_without_a_stop_rule_nothing_ends(ravine: MakeTrainer) -> None:
    trainer = ravine()
    for _ in range(50):
        trainer.step()
    assert trainer.ended is None


def test_a_later_stop_lets_an_ended_run_go_on_and_an_earlier_one_ends_it_at_once(
    ravine: MakeTrainer, steps_until_the_end: ToTheEnd
) -> None:
    trainer = ravine(stop={"steps": 3})
    steps_until_the_end(trainer)
    trainer.apply({"stop.steps": 5})
    assert trainer.ended is None
    assert steps_until_the_end(trainer) == 5
    trainer.apply({"stop.steps": None})
    trainer.step()
    assert trainer.ended is None
    trainer.apply({"stop.steps": 2})
    assert trainer.ended == "steps"


def test_a_refused_step_counts_towards_the_end(ravine: MakeTrainer, steps_until_the_end: ToTheEnd) -> None:
    trainer = ravine(problem={"kind": "landscape", "start": [1e200, 1.0]}, stop={"steps": 2})
    assert steps_until_the_end(trainer) == 2


def test_a_refused_step_names_what_was_not_finite_and_where(ravine: MakeTrainer) -> None:
    """At y = 1e200 the loss overflows; at y = 1e153 only the square of the slope does."""
    for start, quantity in (([1.0, 1e200], "loss"), ([1.0, 1e153], "gradient")):
        trainer = ravine(problem={"kind": "landscape", "condition": 100.0, "start": start})
        with np.errstate(over="ignore"):
            trainer.step()
        assert trainer.non_finite is not None
        assert (trainer.non_finite.step, trainer.non_finite.quantity, trainer.non_finite.tensor) == (
            1,
            quantity,
            "point",
        )
        assert trainer.theta.tolist() == start


def test_not_a_number_is_recorded_as_it_is(ravine: MakeTrainer, series: TakeSeries) -> None:
    trainer = ravine()
    trainer.step()
    kept = trainer.theta.copy()
    trainer.step()
    trainer.theta[:] = math.nan
    trainer.step()
    assert trainer.non_finite is not None
    assert math.isnan(series(trainer, "loss")[-1])
    assert np.array_equal(trainer.theta, kept)


def test_the_first_tensor_that_is_not_finite_is_named(moons: MakeTrainer) -> None:
    trainer = moons()
    trainer.step()
    trainer.tensors[2].of(trainer.theta)[:] = math.nan
    with np.errstate(invalid="ignore"):
        trainer.step()
    assert trainer.non_finite is not None
    assert trainer.non_finite.tensor == "layer1.weight"
    assert np.isfinite(trainer.theta).all()


def test_a_refused_step_leaves_the_rules_memory_as_it_was(moons: MakeTrainer) -> None:
    trainer = moons()
    trainer.step()
    kept = {key: vector.copy() for key, vector in trainer.state.vectors().items()}, trainer.state.weights()
    trainer.theta[:] = math.nan
    with np.errstate(invalid="ignore"):
        trainer.step()
    assert trainer.state.weights() == kept[1]
    for key, vector in trainer.state.vectors().items():
        assert np.array_equal(vector, kept[0][key])


def test_training_goes_on_after_a_refused_step_with_a_smaller_learning_rate(ravine: MakeTrainer) -> None:
    trainer = ravine(optimizer={"name": "sgd", "lr": 1e6})
    with np.errstate(over="ignore"):
        while trainer.non_finite is None:
            trainer.step()
    trainer.apply({"optimizer.lr": 0.05})
    before = trainer.evaluate("train").loss
    trainer.step()
    assert trainer.non_finite is None
    assert trainer.evaluate("train").loss < before


def test_a_decay_that_overflows_does_not_reach_the_rules_memory(moons: MakeTrainer) -> None:
    """Saturated units have a finite loss and no gradient however large the weights are; the decay sees the weights."""
    trainer = moons(
        optimizer={"name": "adam", "weight_decay": 1.0},
        model={"hidden": [5], "activation": "tanh", "loss": "binary_cross_entropy"},
        precision="float32",
    )
    trainer.tensors[0].of(trainer.theta)[:] = 1e25
    with np.errstate(over="ignore"):
        trainer.step()
    assert trainer.non_finite is not None
    assert all(np.isfinite(vector).all() for vector in trainer.state.vectors().values())
