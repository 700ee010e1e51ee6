"""A run without sockets: what each command does, between which two steps, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.run.commands import FindRate, Pause, Reset, Resume, SetFields, StepOnce, Stop, Turn
from engine.run.events import Applied, Figures, Finished, RatesSwept, Steps
from engine.run.launch import ScheduledChange
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


# ---- pausing and going on


def test_one_step_at_a_time(start: MakeRun) -> None:
    run = start()
    for step in (1, 2, 3):
        answer = run.applied(StepOnce)
        assert (answer.step, answer.state) == (step, "paused")
        run.take(5)
        assert run.step == step
    assert len(run.of(Figures)) == 3, "who steps by hand wants to see the tensors of each step"


def test_a_pause_is_a_pause_however_often_it_is_asked_for(start: MakeRun) -> None:
    run = start()
    assert run.applied(Pause).state == "paused"
    assert run.applied(Pause).state == "paused"
    assert run.applied(Resume).state == "running"
    assert run.applied(Resume).state == "running"


def test_a_stop_rule_ends_the_run_once_and_at_its_step(start: MakeRun) -> None:
    run = start(RAVINE | {"stop": {"steps": 7}})
    run.to_the_end()
    run.to_the_end()
    (finished,) = run.of(Finished)
    assert (finished.step, finished.reason, run.session.state) == (7, "steps", "ended")
    assert finished.parameters == tuple(run.trainer.theta.tolist())
    assert finished.loss == pytest.approx(0.5 * finished.parameters[0] ** 2 + 5 * finished.parameters[1] ** 2)


def test_to_go_on_after_the_end_lifts_the_rule_that_ended_it_and_says_so(start: MakeRun) -> None:
    run = start(RAVINE | {"stop": {"steps": 5, "update_norm": 1e-30}})
    run.to_the_end()
    answer = run.applied(Resume)
    assert [(change.key, change.old, change.new) for change in answer.changes] == [("stop.steps", 5, None)]
    assert (answer.state, answer.step) == ("running", 5)
    run.take(3)
    assert run.step == 8
    assert run.spec["stop.update_norm"] == 1e-30


def test_a_later_limit_lets_a_run_that_has_ended_go_on_without_losing_the_rule(start: MakeRun) -> None:
    run = start(RAVINE | {"stop": {"steps": 5}})
    run.to_the_end()
    run.applied(SetFields, values={"stop.steps": 9})
    assert run.applied(Resume).changes == ()
    run.to_the_end()
    assert [finished.step for finished in run.of(Finished)] == [5, 9]


def test_no_step_is_made_by_hand_after_the_end(start: MakeRun) -> None:
    run = start(RAVINE | {"stop": {"steps": 2}})
    run.to_the_end()
    assert "has ended" in run.refused(StepOnce)


def test_the_last_step_made_by_hand_ends_the_run(start: MakeRun) -> None:
    run = start(RAVINE | {"stop": {"steps": 2}})
    run.applied(StepOnce)
    assert run.applied(StepOnce).state == "ended"
    assert [finished.step for finished in run.of(Finished)] == [2]


def test_the_end_of_a_run_counts_the_trials_of_its_searches(start: MakeRun) -> None:
    """On a quadratic an exact search takes two, and the step itself one."""
    run = start(spec={**RAVINE, "line_search": {"name": "exact"}, "stop": {"steps": 4}})
    run.take(9)
    assert run.of(Finished)[-1].evaluations == run.session.lanes[0].trainer.evaluations == 12


def test_an_averaged_run_ends_with_the_average_and_its_loss(start: MakeRun) -> None:
    """A rate of 0.05 takes x from 1 to 0.95 and y from 1 to ½: the average keeps half of the way."""
    run = start(spec={**RAVINE, "averaging": {"decay": 0.5}, "stop": {"steps": 1}})
    run.take(9)
    finished = run.of(Finished)[-1]
    assert finished.parameters == pytest.approx((0.975, 0.75), rel=1e-15)
    assert finished.loss == pytest.approx(0.5 * 0.975**2 + 5.0 * 0.75**2, rel=1e-15)


def test_a_run_of_no_steps_ends_before_the_first(start: MakeRun) -> None:
    run = start(RAVINE | {"stop": {"steps": 0}})
    run.to_the_end()
    assert [(finished.step, finished.loss) for finished in run.of(Finished)] == [(0, 5.5)]


def test_a_stopped_run_tells_where_it_stands_and_is_stopped_once(start: MakeRun) -> None:
    run = start()
    run.take(4)
    assert run.applied(Stop).state == "ended"
    assert run.applied(Stop).state == "ended"
    assert [(finished.step, finished.reason) for finished in run.of(Finished)] == [(4, "stopped")]


def test_a_pace_is_kept_and_can_be_lifted(start: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten steps a second: in one second of a clock that this test turns, ten or eleven steps."""
    now = [100.0]
    monkeypatch.setattr("engine.run.session.time.perf_counter", lambda: now[0])
    run = start(RAVINE | {"pace": {"steps_per_second": 10.0}})
    for _ in range(100):
        due_s = run.session.advance(now[0])
        assert 0.0 <= due_s <= 0.1
        now[0] += 0.01
    assert 10 <= run.step <= 12
    now[0] += 3600.0
    before = run.step
    for _ in range(5):
        run.session.advance(now[0] + 1e-9)
    assert run.step - before <= 2, "an hour of sleep is not made up for"
    run.applied(SetFields, values={"pace.steps_per_second": None})
    before = run.step
    for _ in range(5):
        assert run.session.advance(now[0]) == 0.0
    assert run.step == before + 5


# ---- reset


@pytest.mark.parametrize("spec", [RAVINE, MOONS], ids=["ravine", "moons"])
def test_after_a_reset_the_first_steps_are_the_first_steps_bit_for_bit(start: MakeRun, spec: dict[str, Any]) -> None:
    run = start(spec)
    run.take(17)
    answer = run.applied(Reset)
    assert (answer.step, answer.segment, answer.state) == (0, 2, "running")
    run.take(17)
    assert len(run.losses(1)) == 17
    assert run.losses(2) == run.losses(1)


def test_a_reset_takes_every_turned_field_back_and_says_which(start: MakeRun) -> None:
    run = start()
    run.applied(SetFields, values={"optimizer.lr": 0.01, "clip.norm": 1.0})
    run.take(3)
    answer = run.applied(Reset)
    assert {(c.key, c.old, c.new) for c in answer.changes} == {
        ("optimizer.lr", 0.01, 0.05),
        ("clip.norm", 1.0, None),
    }


def test_a_reset_that_keeps_starts_the_turned_rule_from_the_same_place(start: MakeRun) -> None:
    run = start()
    run.take(3)
    run.applied(SetFields, values={"optimizer.name": "adam"})
    run.take(3)
    assert run.applied(Reset, keep=True).changes == ()
    assert run.spec["optimizer.name"] == "adam"
    run.take(1)
    assert run.losses(2)[0] == run.losses(1)[0]


@pytest.mark.parametrize("end", [Pause, None], ids=["paused", "ended"])
def test_a_paused_run_stays_paused_over_a_reset_and_one_that_ended_runs_again(start: MakeRun, end: Any) -> None:
    run = start(RAVINE | {"stop": {"steps": 5}})
    if end is None:
        run.to_the_end()
    else:
        run.applied(end)
    assert run.applied(Reset).state == ("running" if end is None else "paused")


def test_a_reset_run_keeps_its_stop_rule_and_its_schedule(start: MakeRun) -> None:
    changes = (ScheduledChange(step=2, values={"optimizer.lr": 0.01}),)
    run = start(RAVINE | {"stop": {"steps": 4}}, changes=changes)
    run.to_the_end()
    run.applied(Reset)
    run.to_the_end()
    assert [finished.step for finished in run.of(Finished)] == [4, 4]
    assert [applied.step for applied in run.of(Applied) if applied.actor == "schedule"] == [2, 2]
    assert run.losses(2) == run.losses(1)


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
