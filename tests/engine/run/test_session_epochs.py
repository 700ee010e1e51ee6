"""One epoch and then a pause, and a reset with another seed: both are told, and leave everything else as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.method.goal import GoalSpec
from engine.run.commands import FinishEpoch, Pause, Reset, Resume, SetFields, StepOnce
from engine.run.events import Applied
from engine.run.history import RecordReader

MOONS: dict[str, Any] = {
    "problem": {"kind": "dataset"},
    "data": {"name": "moons", "samples": 50},
    "model": {"hidden": [4], "activation": "tanh"},
    "optimizer": {"name": "adam", "lr": 0.01},
    "batch": {"size": 8},
    "precision": "float64",
}
"""40 samples to train on make five batches an epoch."""
MakeRun = Callable[..., Any]


def test_an_epoch_ends_at_its_last_batch_and_the_next_one_is_a_whole_one(start: MakeRun) -> None:
    run = start(MOONS)
    run.take(3)
    run.applied(FinishEpoch)
    assert run.session.state == "running"
    run.to_the_end()
    assert (run.step, run.session.state) == (5, "paused")
    run.applied(FinishEpoch)
    run.to_the_end()
    assert (run.step, run.session.state) == (10, "paused")


def test_the_pause_at_the_end_of_an_epoch_is_told_as_that_of_who_asked(start: MakeRun) -> None:
    run = start(MOONS)
    asked = run.applied(FinishEpoch)
    run.to_the_end()
    told = run.of(Applied)
    assert [(each.command, each.step, each.state) for each in told] == [
        ("epoch", 0, "running"),
        ("pause", 5, "paused"),
    ]
    assert {(each.actor, each.seq) for each in told} == {("tester", asked.seq)}


def test_who_wants_one_epoch_trains_as_who_lets_it_run(start: MakeRun) -> None:
    one, other = start(MOONS), start(MOONS)
    for _ in range(3):
        one.applied(FinishEpoch)
        one.to_the_end()
    other.take(15)
    assert one.trainer.theta.tobytes() == other.trainer.theta.tobytes()


def test_of_a_race_every_lane_ends_its_own_epoch(start: MakeRun) -> None:
    """40 samples are five batches of eight, and two of twenty."""
    run = start(MOONS, lanes=({"title": "short"}, {"title": "long", "batch": {"size": 20}}))
    run.applied(FinishEpoch)
    run.to_the_end()
    assert run.all_steps == [5, 2]
    assert run.session.state == "paused"
    run.applied(FinishEpoch)
    run.to_the_end()
    assert run.all_steps == [10, 4]


def test_a_lane_that_ends_with_its_epoch_keeps_nobody_waiting(start: MakeRun) -> None:
    run = start(
        MOONS,
        lanes=({"title": "whole"}, {"title": "ends", "stop": {"steps": 5}}, {"title": "at 3", "stop": {"steps": 3}}),
    )
    run.applied(FinishEpoch)
    run.to_the_end()
    assert run.all_steps == [5, 5, 3]
    assert run.session.state == "paused"
    assert [lane.halt for lane in run.session.lanes] == [None, "ended", "ended"]


@pytest.mark.parametrize("command", [Resume, Pause, StepOnce, Reset])
def test_what_is_asked_later_counts_instead(start: MakeRun, command: Any) -> None:
    run = start(MOONS)
    run.applied(FinishEpoch)
    run.take(1)
    run.applied(command)
    if command in (Pause, StepOnce):
        run.applied(Resume)
    run.take(20)
    assert run.session.state == "running"
    assert run.step > 10


def test_a_run_that_has_ended_has_no_epoch_left(start: MakeRun) -> None:
    run = start(MOONS | {"stop": {"steps": 1}})
    run.to_the_end()
    assert "resume it" in run.refused(FinishEpoch)


def test_another_seed_is_another_start_and_the_same_seed_is_the_same(start: MakeRun) -> None:
    run = start(MOONS)
    first = run.trainer.theta.copy()
    run.take(7)
    done = run.applied(Reset, seed=11)
    assert [(change.key, change.old, change.new) for change in done.changes] == [
        ("seed.init", 0, 11),
        ("seed.batches", 0, 11),
        ("seed.dropout", 0, 11),
    ]
    assert done.spec["seed"] == {"data": 0, "init": 11, "batches": 11, "dropout": 11}
    assert not np.array_equal(run.trainer.theta, first)
    run.take(7)
    # From the command line: --set seed.init=11 and so on.
    other = start(MOONS | {"seed": {"init": 11, "batches": 11, "dropout": 11}})
    other.take(7)
    assert run.trainer.theta.tobytes() == other.trainer.theta.tobytes()
    run.applied(Reset)
    run.take(7)
    assert run.trainer.theta.tobytes() == other.trainer.theta.tobytes(), "a reset goes back to the new start"
    run.applied(Reset, seed=0)
    assert np.array_equal(run.trainer.theta, first)


def test_another_seed_draws_other_dropout(start: MakeRun) -> None:
    spec = MOONS | {"regularisation": {"dropout": 0.5}}
    run, other = start(spec), start(spec | {"seed": {"init": 11, "batches": 11, "dropout": 11}})
    run.take(2)
    run.applied(Reset, seed=11)
    run.take(3)
    other.take(3)
    assert run.trainer.theta.tobytes() == other.trainer.theta.tobytes()


def test_a_trainer_goes_back_over_a_new_seed(start: MakeRun) -> None:
    run = start(MOONS)
    run.take(3)
    kept = run.trainer.snapshot()
    run.take(4)
    expected = run.trainer.theta.copy()
    run.applied(Reset, seed=5)
    run.trainer.restore(kept)
    for _ in range(4):
        run.trainer.step()
    assert np.array_equal(run.trainer.theta, expected)


def test_settings_stay_or_go_back_with_a_new_seed_as_with_any_reset(start: MakeRun) -> None:
    run = start(MOONS)
    run.applied(SetFields, values={"optimizer.lr": 0.5})
    run.applied(Reset, seed=3, keep=True)
    assert run.spec["optimizer.lr"] == 0.5
    run.applied(Reset, seed=4)
    assert run.spec["optimizer.lr"] == 0.01


def test_lanes_that_had_the_same_seed_have_the_same_again(start: MakeRun) -> None:
    lanes = ({"title": "a"}, {"title": "b"}, {"title": "c", "seed": {"init": 9}})
    run = start(MOONS, lanes=lanes)
    run.applied(Reset, seed=20)
    assert [lane.trainer.spec.seed.init for lane in run.session.lanes] == [20, 20, 21]
    assert [lane.trainer.spec.seed.batches for lane in run.session.lanes] == [20, 20, 20]
    a, b, c = (lane.trainer.theta for lane in run.session.lanes)
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_the_journal_tells_the_seeds(start: MakeRun) -> None:
    run = start(MOONS, recorded=True)
    run.applied(Reset, seed=77)
    run.session.commit()
    reader = RecordReader(run.directory.record)
    (event,) = [event for event in reader.events() if event.kind == "applied"]
    assert {"key": "seed.init", "old": 0, "new": 77} in event.payload["changes"]


def test_where_nothing_is_drawn_there_is_no_other_seed(start: MakeRun) -> None:
    assert "another seed changes nothing" in start().refused(Reset, seed=1)


def test_the_way_to_a_goal_is_told_while_it_is_open_and_the_verdict_after_it(start: MakeRun) -> None:
    """Losses of 100, 10 and 1 are a way of two powers of ten: 10 is half of it.

    One parameter w with ∂L/∂w = w and L = ½w²: a rate of 1 − √0.1 leaves √0.1 of it, and a tenth of the loss.
    """
    spec = {
        "problem": {"kind": "expression", "expression": "w**2/2", "start": [200**0.5]},
        "optimizer": {"name": "sgd", "lr": 1 - 0.1**0.5},
        "precision": "float64",
    }
    run = start(spec, goal=GoalSpec(text="small", loss=1.0 + 1e-9, within=50))

    def standing() -> Any:
        run.session.flush()
        return run.session.lanes[0].progress("running", 1, threads=1).goal

    assert standing().conditions[0].best is None
    run.take(2)
    at_two = standing()
    assert (at_two.reached, at_two.within) == (None, 50)
    assert at_two.conditions[0].words == "loss ≤ 1"
    assert at_two.conditions[0].best == pytest.approx(10.0)
    assert at_two.conditions[0].share == pytest.approx(0.5, abs=1e-6)
    run.take(1)
    assert (standing().reached, standing().step, standing().conditions[0].share) == (True, 2, 1.0)
    run.applied(Reset)
    assert standing().reached is None
