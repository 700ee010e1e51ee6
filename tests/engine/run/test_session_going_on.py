"""A run without sockets goes on, pauses, ends and begins again as it is told, and neither a step earlier nor later."""

from __future__ import annotations

from typing import Any

import pytest

from engine.run.commands import Pause, Reset, Resume, SetFields, StepOnce, Stop
from engine.run.events import Applied, Figures, Finished
from engine.run.launch import ScheduledChange
from tests.engine.run.specs import MOONS, RAVINE, MakeRun

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
