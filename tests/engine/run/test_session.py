"""A run without sockets: what a change of its fields does, between which two steps, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.run.commands import FindRate, Pause, Reset, Resume, SetFields, StepOnce, Turn
from engine.run.events import Applied, RatesSwept, Steps
from tests.engine.run.specs import MOONS, RAVINE, MakeRun

# ---- answers


def test_a_change_takes_effect_between_two_steps_and_says_between_which(start: MakeRun) -> None:
    run = start()
    run.take(3)
    answer = run.applied(SetFields, values={"optimizer.lr": 0.01})
    assert (answer.step, answer.command, answer.actor, answer.state) == (3, "set", "tester", "running")
    assert [(change.key, change.old, change.new) for change in answer.changes] == [("optimizer.lr", 0.05, 0.01)]
    assert answer.spec["optimizer"] == {"name": "sgd", "lr": 0.01}
    run.take(2)
    rates = np.concatenate([steps.block.values[2] for steps in run.of(Steps)])
    assert rates.tolist() == [0.05, 0.05, 0.05, 0.01, 0.01]


def test_a_change_before_the_first_step_is_in_force_at_the_first_step(start: MakeRun) -> None:
    """Gradient descent with rate 0.1 on x² / 2 takes x from 1 to 0.9."""
    run = start(await_client=True)
    assert run.applied(SetFields, values={"optimizer.lr": 0.1}).step == 0
    run.session.welcome()
    run.session.begin()
    run.take(1)
    assert run.trainer.theta[0] == 0.9


def test_a_change_while_paused_is_in_force_at_the_very_next_step(start: MakeRun) -> None:
    run = start()
    run.take(2)
    assert run.applied(Pause).state == "paused"
    answer = run.applied(SetFields, values={"optimizer.lr": 0.01})
    assert (answer.step, answer.state) == (2, "paused")
    run.take(5)
    assert run.step == 2
    assert run.applied(Resume).step == 2
    run.take(1)
    assert run.of(Steps)[-1].block.values[2].tolist() == [0.01]


def test_several_fields_change_together_or_not_at_all(start: MakeRun) -> None:
    run = start()
    reason = run.refused(SetFields, values={"optimizer.lr": 0.01, "clip.norm": -1.0})
    assert "clip.norm" in reason
    answer = run.applied(SetFields, values={"optimizer.lr": 0.01, "clip.norm": 2.0})
    assert {change.key for change in answer.changes} == {"optimizer.lr", "clip.norm"}


def test_a_value_that_stands_already_is_no_change(start: MakeRun) -> None:
    assert start().applied(SetFields, values={"optimizer.lr": 0.05}).changes == ()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("optimizer.lr", -1.0),
        ("optimizer.lr", float("nan")),
        ("optimizer.lr", float("inf")),
        ("optimizer.lr", "fast"),
        ("optimizer.lr", None),
        ("optimizer.momentum", 0.5),
        ("optimizer.name", "adamant"),
        ("optimizer.name", 7),
        ("optimizer.name", None),
        ("optimizer", "adam"),
        ("optimizer.", 1),
        ("optimizer.lr.x", 1),
        ("batch.size", 8),
        ("seed.init", 1),
        ("problem.start", "[0, 0]"),
        ("precision", "float32"),
        ("stop.steps", -1),
        ("stop.update_norm", 0.0),
        ("pace.steps_per_second", 0.0),
        ("", 1),
        (".", 1),
        ("\x1b[2J", 1),
    ],
)
def test_what_is_not_possible_is_refused_and_changes_nothing(start: MakeRun, key: str, value: Any) -> None:
    run = start()
    run.take(1)
    assert run.refused(SetFields, values={key: value})


@pytest.mark.parametrize("kind", [SetFields, Pause, StepOnce, Reset])
def test_a_command_for_a_lane_that_does_not_exist_is_refused(start: MakeRun, kind: Any) -> None:
    fields = {"values": {"optimizer.lr": 0.01}} if kind is SetFields else {}
    assert "lane" in start().refused(kind, lane=1, **fields)


@pytest.mark.parametrize("exponent", [19, 400])
def test_a_limit_beyond_all_numbers_of_this_machine_does_not_end_the_engine(start: MakeRun, exponent: int) -> None:
    """Refused or taken, but the run goes on; and what is taken can be shown and turned."""
    run = start(MOONS)
    run.take(3)
    for key in ("stop.steps", "stop.epochs"):
        run.ask(SetFields, values={key: 10**exponent})
        run.session.tell_progress()
        run.take(3)
        run.session.tell_progress()
        run.ask(Turn, key=key, factor=2.0)
        run.ask(SetFields, values={key: None})
    assert run.step == 9


# ---- turning


def test_ten_turns_at_once_are_ten_turns(start: MakeRun) -> None:
    """2 to the 10th is 1024: a press that was lost to another would halve it."""
    run = start(RAVINE | {"optimizer": {"name": "sgd", "lr": 0.0001}})
    for _ in range(10):
        run.applied(Turn, key="optimizer.lr", factor=2.0)
    assert run.spec["optimizer.lr"] == pytest.approx(0.1024, rel=1e-12)
    assert len(run.of(Applied)) == 10


def test_up_and_down_again_is_where_it_was(start: MakeRun) -> None:
    run = start(RAVINE | {"optimizer": {"name": "sgd", "lr": 0.001}})
    run.applied(Turn, key="optimizer.lr", factor=1.1)
    assert run.spec["optimizer.lr"] == 0.0011
    run.applied(Turn, key="optimizer.lr", factor=1 / 1.1)
    assert run.spec["optimizer.lr"] == 0.001


def test_a_turn_beyond_the_bounds_is_refused_with_the_bounds(start: MakeRun) -> None:
    run = start(RAVINE | {"optimizer": {"name": "momentum", "lr": 0.05, "momentum": 0.95}})
    assert "< 1" in run.refused(Turn, key="optimizer.momentum", factor=1.1)
    assert "> 0" in run.refused(Turn, key="optimizer.lr", factor=5e-324)
    run.applied(Turn, key="optimizer.lr", factor=1e6)
    assert "≤ 1000000" in run.refused(Turn, key="optimizer.lr", factor=1e6)


@pytest.mark.parametrize("key", ["clip.norm", "optimizer.name", "optimizer.eps", "batch.shuffle", "nothing", "", "."])
def test_what_is_no_number_cannot_be_turned(start: MakeRun, key: str) -> None:
    assert "only a number can be turned" in start().refused(Turn, key=key, factor=1.1)


def test_a_whole_number_stays_one_and_never_falls_below_one(start: MakeRun) -> None:
    run = start(MOONS)
    for _ in range(5):
        run.applied(Turn, key="batch.size", factor=0.5)
    assert run.spec["batch.size"] == 1
    assert isinstance(run.spec["batch.size"], int)


# ---- two people


def test_a_change_that_rests_on_an_old_value_is_refused_and_names_value_and_person(start: MakeRun) -> None:
    run = start()
    run.session.helm.carry_out(SetFields(seq=9, values={"optimizer.lr": 0.2}), "someone 4711")
    reason = run.refused(SetFields, values={"optimizer.lr": 0.1}, expected={"optimizer.lr": 0.05})
    assert "optimizer.lr is 0.2 by now, not 0.05" in reason
    assert "changed by someone;" in reason


def test_a_change_that_rests_on_an_old_value_says_what_that_is_now(start: MakeRun) -> None:
    run = start()
    run.applied(SetFields, values={"optimizer.lr": 0.2})
    reason = run.refused(SetFields, values={"clip.norm": 1.0}, expected={"optimizer.lr": 0.05})
    assert "optimizer.lr is 0.2 by now, not 0.05" in reason


def test_a_change_that_rests_on_a_field_of_a_rule_that_has_gone_is_refused(start: MakeRun) -> None:
    run = start(MOONS)
    run.applied(SetFields, values={"optimizer.name": "sgd"})
    assert "optimizer.beta1" in run.refused(SetFields, values={"optimizer.lr": 0.5}, expected={"optimizer.beta1": 0.9})


def test_a_change_whose_expectation_holds_is_made(start: MakeRun) -> None:
    run = start()
    run.applied(SetFields, values={"optimizer.lr": 0.1}, expected={"optimizer.lr": 0.05, "clip.norm": None})
    assert run.spec["optimizer.lr"] == 0.1


# ---- switching


def test_a_switched_rule_carries_over_what_the_old_one_learnt_or_starts_anew(start: MakeRun) -> None:
    """On a constant slope the carried mean of squares makes the next step the old one's length; a fresh one's is 10 x.

    RMSProp has no bias correction: with ρ = 0.99 its first step is lr / √0.01.
    """
    steps = []
    for carry in (True, False):
        run = start(RAVINE | {"optimizer": {"name": "adam", "lr": 1e-6, "beta2": 0.5}})
        run.take(60)
        run.applied(SetFields, values={"optimizer.name": "rmsprop", "optimizer.rho": 0.99}, carry=carry)
        run.applied(SetFields, values={"optimizer.lr": 1e-6})
        run.take(1)
        steps.append(run.of(Steps)[-1].block.values[4, -1] / (1e-6 * np.sqrt(2.0)))
    assert steps[0] == pytest.approx(1.0, rel=0.01)
    assert steps[1] == pytest.approx(10.0, rel=0.01)


def test_a_switch_names_the_rule_and_keeps_what_both_know(start: MakeRun) -> None:
    run = start(RAVINE | {"optimizer": {"name": "momentum", "lr": 0.05, "momentum": 0.8, "weight_decay": 0.125}})
    answer = run.applied(SetFields, values={"optimizer.name": "adam"})
    assert ("optimizer.name", "momentum", "adam") in [(c.key, c.old, c.new) for c in answer.changes]
    assert answer.spec["optimizer"]["name"] == "adam"
    assert run.spec["optimizer.weight_decay"] == 0.125


def test_whoever_switches_from_an_adaptive_rule_is_told_a_rate_that_keeps_up(start: MakeRun) -> None:
    """The gradient is (3, −1) everywhere: Adam's steps of 0.1 are those of plain descent at 0.05."""
    run = start(
        {
            "problem": {"kind": "expression", "expression": "3*x - y", "start": [0.0, 0.0]},
            "optimizer": {"name": "adam", "lr": 0.1},
            "precision": "float64",
        }
    )
    run.take(3)
    switched = run.applied(SetFields, values={"optimizer.name": "sgd"})
    assert switched.advice == "to keep up with Adam's steps, SWATS suggests α = 0.05"
    assert run.applied(SetFields, values={"optimizer.lr": 0.05}).advice == ""
    run.applied(SetFields, values={"optimizer.name": "adam"})
    assert run.applied(SetFields, values={"optimizer.name": "sgd", "optimizer.lr": 0.2}).advice == ""


# ---- sweeping


def test_a_sweep_of_the_rate_answers_with_its_curve_and_leaves_no_trace(start: MakeRun) -> None:
    swept, twin = start(MOONS, recorded=True), start(MOONS)
    for run in (swept, twin):
        run.take(7)
    told = len(swept.told)
    answer = swept.ask(FindRate, high=1e4, steps=60)
    assert isinstance(answer, RatesSwept)
    assert len(answer.lr) == len(answer.loss) == len(answer.smoothed) <= 60
    assert answer.suggestions[0].name == "valley"
    assert (len(swept.told), swept.step) == (told, 7)
    for run in (swept, twin):
        run.take(7)
    assert np.array_equal(swept.session.lanes[0].trainer.theta, twin.session.lanes[0].trainer.theta)
    assert swept.losses() == twin.losses()


def test_a_sweep_that_is_not_possible_is_refused(start: MakeRun) -> None:
    assert "learning rates from 3 to 1; allowed" in start().refused(FindRate, low=3.0, high=1.0)
