"""A lesson's goal: what can be asked for, and at which step the judge says that it is reached."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from engine.errors import InputError
from engine.method.goal import GoalSpec, Judge, checked_goal
from engine.method.spec import RunSpec, checked_spec
from engine.method.telemetry import SERIES, StepBlock

RAVINE = checked_spec({"problem": {"kind": "landscape"}}, "test")
MOONS = checked_spec({"problem": {"kind": "dataset"}, "data": {"name": "moons"}}, "test")
ON_A_LINE = checked_spec({"problem": {"kind": "landscape", "function": "sphere", "dimension": 1}}, "test")
TYPED_IN = checked_spec({"problem": {"kind": "expression", "expression": "x*y + z"}}, "test")
LINE = checked_spec({"problem": {"kind": "dataset"}, "data": {"name": "line"}}, "test")


def judge(*, sees_all: bool = True, **conditions: Any) -> Judge:
    return Judge(GoalSpec(text="a goal", **conditions), sees_all=sees_all)


def block(first: int, losses: list[float], updates: list[float] | None = None) -> StepBlock:
    values = np.ones((len(SERIES), len(losses)))
    values[SERIES.index("loss")] = losses
    if updates is not None:
        values[SERIES.index("update_norm")] = updates
    return StepBlock(first_step=first, values=values)


def outcome(of: Judge) -> tuple[bool, int] | None:
    return None if of.verdict is None else (of.verdict.reached, of.verdict.step)


def test_a_loss_belongs_to_the_updates_made_before_its_step() -> None:
    """The loss of step 13 is that of the parameters after 12 updates."""
    watching = judge(loss=1.0)
    watching.see_steps(block(1, [9.0] * 10))
    assert outcome(watching) is None
    watching.see_steps(block(11, [3.0, 2.0, 1.0, 0.5]))
    assert outcome(watching) == (True, 12)


def test_a_loss_of_nothing_is_a_goal_like_any_other() -> None:
    """0 is the height of many a minimum, and no lack of a condition."""
    watching = judge(loss=0.0)
    watching.see_steps(block(1, [1.0, 0.5, -0.5]))
    assert outcome(watching) == (True, 2)


def test_the_loss_after_the_last_update_counts_as_well() -> None:
    watching = judge(loss=1.0)
    watching.see_steps(block(1, [3.0, 2.0]))
    watching.conclude(2, 1.0)
    assert outcome(watching) == (True, 2)


def test_a_loss_of_a_minibatch_is_not_the_loss_of_the_training_set() -> None:
    by_step, in_full = judge(loss=1.0, sees_all=False), judge(loss=1.0, of="full", sees_all=False)
    by_step.conclude(0, 0.5)
    assert outcome(by_step) == (False, 0)
    in_full.see_steps(block(1, [0.5]))
    assert outcome(in_full) is None
    assert in_full.needs_full_loss
    in_full.see_full_loss(1, 1.5)
    in_full.see_full_loss(2, 0.9)
    in_full.see_steps(block(2, [9.0]))
    assert outcome(in_full) == (True, 2)


@pytest.mark.parametrize(("within", "expected"), [(12, (True, 12)), (11, (False, 11))])
def test_what_comes_too_late_is_missed(within: int, expected: tuple[bool, int]) -> None:
    watching = judge(loss=1.0, within=within)
    watching.see_steps(block(1, [9.0] * 12 + [1.0]))
    assert outcome(watching) == expected


def test_what_was_wanting_is_told_by_the_steps_that_counted() -> None:
    """After two updates the loss is that of step 3, which is 7."""
    watching = judge(loss=1.0, within=2)
    watching.see_steps(block(1, [9.0, 8.0, 7.0, 6.0]))
    assert watching.verdict is not None
    assert watching.verdict.reason == "the loss came down to 7, wanted is 1"


def test_a_goal_is_missed_as_soon_as_it_is_too_late() -> None:
    watching = judge(loss=1.0, within=3)
    watching.see_steps(block(1, [9.0, 8.0, 7.0]))
    assert outcome(watching) is None
    watching.see_steps(block(4, [6.0]))
    assert outcome(watching) == (False, 3)
    assert watching.verdict is not None
    assert watching.verdict.reason == "the loss came down to 6, wanted is 1"


def test_every_condition_has_to_be_met_and_the_last_one_counts() -> None:
    watching = judge(loss=1.0, update_norm=0.1)
    watching.see_steps(block(1, [0.5, 5.0, 5.0], [1.0, 1.0, 0.1]))
    assert outcome(watching) == (True, 3)


def test_a_step_that_was_refused_is_not_a_short_one() -> None:
    watching = judge(update_norm=0.1)
    watching.see_steps(block(1, [5.0, math.inf], [1.0, 0.0]))
    assert outcome(watching) is None


def test_a_point_is_near_by_its_distance() -> None:
    watching = judge(near=(3.0, 4.0), distance=5.0)
    watching.see_point(1, np.array([0.0, -0.1]))
    assert watching.needs_point
    watching.see_point(2, np.array([0.0, 0.0]))
    watching.see_steps(block(1, [1.0, 1.0]))
    assert outcome(watching) == (True, 2)
    assert not watching.needs_point


def test_an_accuracy_is_reached_from_below() -> None:
    watching = judge(accuracy=0.9)
    watching.see_accuracy(10, 0.89)
    watching.see_steps(block(11, [1.0]))
    assert outcome(watching) is None
    watching.see_accuracy(20, 0.9)
    watching.conclude(25, 1.0)
    assert outcome(watching) == (True, 20)


def test_a_step_that_was_refused_is_no_short_update() -> None:
    watching = judge(update_norm=1e-6)
    refused = block(1, [1.0, 1e306], [1.0, 0.0])
    refused.values[SERIES.index("grad_norm"), 1] = math.inf
    watching.see_steps(refused)
    assert outcome(watching) is None


def test_a_divergence_may_be_the_goal() -> None:
    watching = judge(diverges=True)
    watching.see_divergence(7)
    watching.see_steps(block(7, [math.nan]))
    assert outcome(watching) == (True, 7)


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ({"loss": 1.0}, "such a loss was never seen"),
        ({"accuracy": 0.9}, "such an accuracy was never seen"),
        ({"diverges": True}, "everything stayed finite"),
    ],
)
def test_what_was_wanting_is_said(conditions: dict[str, Any], words: str) -> None:
    watching = judge(sees_all=False, **conditions)
    watching.conclude(0, 9.0)
    assert watching.verdict is not None
    assert watching.verdict.reason == words


@pytest.mark.parametrize(
    ("table", "spec", "words"),
    [
        ({"text": "x"}, RAVINE, "goal = {'text': 'x'}; allowed: at least one of loss, accuracy"),
        ({"loss": 1.0}, RAVINE, "goal.text = missing; allowed: text"),
        ({"text": "x", "loss": "low"}, RAVINE, "goal.loss = 'low'; allowed: a number"),
        ({"text": "x", "loss": math.nan}, RAVINE, "goal.loss = nan; allowed: a number"),
        ({"text": "x", "speed": 1}, RAVINE, "goal.speed = 1; allowed: only text, loss"),
        ({"text": "x", "near": [0.0, 0.0]}, RAVINE, "goal.distance = missing; allowed: a number > 0 beside goal.near"),
        ({"text": "x", "near": [0.0], "distance": 1.0}, RAVINE, "goal.near = [0.0]; allowed: 2 numbers"),
        ({"text": "x", "near": [0.0, 0.0], "distance": 1.0}, ON_A_LINE, "goal.near = [0.0, 0.0]; allowed: 1 number"),
        ({"text": "x", "near": [0.0], "distance": 1.0}, TYPED_IN, "goal.near = [0.0]; allowed: 3 numbers"),
        ({"text": "x", "near": [0.0], "distance": 1.0}, MOONS, "goal.near = [0.0]; allowed: only where"),
        ({"text": "x", "accuracy": 0.9}, RAVINE, "goal.accuracy = 0.9; allowed: only for classes"),
        ({"text": "x", "accuracy": 0.9}, LINE, "goal.accuracy = 0.9; allowed: only for classes"),
        ({"text": "x", "diverges": True, "of": "full"}, RAVINE, "goal.of = 'full'; allowed: nothing without goal.loss"),
        (3, RAVINE, "goal = 3; allowed: a table"),
    ],
)
def test_a_wrong_goal_is_refused_with_field_value_and_what_is_allowed(table: Any, spec: Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        checked_goal(table, spec, "lesson.toml")
    assert str(caught.value).startswith(f"lesson.toml: {words}")


@pytest.mark.parametrize(("spec", "near"), [(RAVINE, [0.0] * 2), (ON_A_LINE, [0.0]), (TYPED_IN, [0.0] * 3)])
def test_a_place_has_as_many_numbers_as_the_point_that_is_trained(spec: RunSpec, near: list[float]) -> None:
    goal = checked_goal({"text": "there", "near": near, "distance": 1.0}, spec, "lesson.toml")
    assert goal.near == tuple(near)


def test_a_goal_that_fits_is_taken() -> None:
    goal = checked_goal({"text": "all right", "accuracy": 0.95, "within": 100}, MOONS, "lesson.toml")
    assert goal.conditions == ["accuracy"]
