"""A race without sockets: its lanes go in step, each by itself to its end, and commands reach one of them or all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.method.goal import GoalSpec
from engine.run.commands import Pause, Reset, Resume, SetFields, StepOnce, Stop, Turn
from engine.run.events import Applied, Diverged, Finished, Judged, Progressed, Steps
from engine.run.history import RecordReader
from engine.run.launch import ScheduledChange
from tests.engine.run import specs
from tests.engine.run.specs import RAVINE, MakeRun

MOONS = specs.MOONS | {"precision": "float64"}
TWO = ({"title": "slow", "optimizer": {"lr": 0.01}}, {"title": "fast", "optimizer": {"lr": 0.05}})
EXPLODING = ({"title": "calm"}, {"title": "wild", "optimizer": {"lr": 1e6}})


@pytest.fixture
def race(start: MakeRun) -> MakeRun:
    """Start a race on the ravine, of two rates unless other lanes are given."""
    return lambda spec=RAVINE, lanes=TWO, **launch: start(spec, lanes=lanes, **launch)


def losses(run: Any, lane: int) -> list[float]:
    return [loss for steps in run.of(Steps) if steps.lane == lane for loss in steps.block.values[1].tolist()]


def states(run: Any) -> list[str]:
    """The state of every lane as it is told."""
    run.session.tell_progress()
    return [progress.state for progress in run.of(Progressed)[-len(run.session.lanes) :]]


def test_the_lanes_of_a_race_go_in_step(race: MakeRun) -> None:
    run = race(lanes=(*TWO, {}))
    for turns in (1, 5):
        run.take(turns)
        assert len(set(run.all_steps)) == 1
    assert run.all_steps == [6, 6, 6]


def test_a_lane_does_what_it_would_do_alone(start: MakeRun, race: MakeRun) -> None:
    """Bit for bit, on the same minibatches: the others cannot be felt."""
    raced = race(MOONS, ({}, {"optimizer": {"lr": 0.1}}, {"optimizer": {"name": "sgd"}, "batch": {"size": 3}}))
    raced.take(23)
    for lane, own in enumerate(({}, {"optimizer": {"name": "adam", "lr": 0.1}}, None)):
        alone = start(
            {**MOONS, "optimizer": {"name": "sgd", "lr": 0.01}, "batch": {"size": 3}}
            if own is None
            else {**MOONS, **own}
        )
        alone.take(23)
        assert losses(raced, lane) == losses(alone, 0)


def test_a_lane_that_ends_waits_and_the_others_go_on(race: MakeRun) -> None:
    run = race(lanes=({"stop": {"steps": 3}}, {"stop": {"steps": 7}}))
    run.to_the_end()
    assert run.all_steps == [3, 7]
    assert [(end.lane, end.step, end.reason) for end in run.of(Finished)] == [(0, 3, "steps"), (1, 7, "steps")]
    assert run.session.state == "ended"


def test_a_lane_that_diverges_stops_alone(race: MakeRun) -> None:
    run = race(lanes=EXPLODING)
    run.take(100)
    (diverged,) = run.of(Diverged)
    assert diverged.lane == 1
    assert run.all_steps == [100, diverged.step]
    assert run.session.state == "running"
    assert states(run) == ["running", "diverged"]


def test_a_race_without_a_screen_finishes_a_lane_that_diverges_and_goes_on(race: MakeRun) -> None:
    run = race(RAVINE | {"stop": {"steps": 100}}, EXPLODING, on_non_finite="finish")
    run.to_the_end()
    assert [(end.lane, end.reason) for end in run.of(Finished)] == [(1, "diverged"), (0, "steps")]


def test_a_race_whose_lanes_have_all_diverged_is_a_run_that_has(race: MakeRun) -> None:
    run = race(lanes=({"optimizer": {"lr": 1e6}}, {"optimizer": {"lr": 5e5}}))
    run.take(100)
    assert run.session.state == "diverged"


# ---- commands


def test_a_change_is_of_one_lane_or_of_all(race: MakeRun) -> None:
    run = race()
    run.take(1)
    run.applied(SetFields, lane=1, values={"optimizer.lr": 0.02})
    run.applied(SetFields, values={"clip.norm": 3.0})
    told = [(applied.lane, [change.key for change in applied.changes]) for applied in run.of(Applied)]
    assert told == [(1, ["optimizer.lr"]), (0, ["clip.norm"]), (1, ["clip.norm"])]
    assert [lane.trainer.spec.optimizer.lr for lane in run.session.lanes] == [0.01, 0.02]


def test_a_turn_of_all_lanes_turns_each_from_where_it_is(race: MakeRun) -> None:
    run = race()
    run.applied(Turn, key="optimizer.lr", factor=2.0)
    assert [lane.trainer.spec.optimizer.lr for lane in run.session.lanes] == [0.02, 0.1]


def test_a_change_that_one_lane_cannot_make_is_made_by_none(race: MakeRun) -> None:
    run = race(lanes=({"optimizer": {"name": "momentum"}}, {"title": "plain"}))
    before = [lane.trainer.spec for lane in run.session.lanes]
    assert run.refused(SetFields, values={"optimizer.momentum": 0.5}).startswith("lane 1 (plain): optimizer.momentum")
    assert [lane.trainer.spec for lane in run.session.lanes] == before


def test_the_pace_is_that_of_the_race_whoever_is_named(race: MakeRun) -> None:
    run = race()
    run.applied(SetFields, lane=1, values={"pace.steps_per_second": 50.0, "optimizer.lr": 0.02})
    specs = [lane.trainer.spec for lane in run.session.lanes]
    assert [spec.pace.steps_per_second for spec in specs] == [50.0, 50.0]
    assert [spec.optimizer.lr for spec in specs] == [0.01, 0.02]


@pytest.mark.parametrize("kind", [Pause, Reset, Stop])
def test_a_race_is_paused_reset_and_stopped_as_a_whole(race: MakeRun, kind: Any) -> None:
    assert "as a whole" in race().refused(kind, lane=1)


@pytest.mark.parametrize("kind", [Pause, Resume, StepOnce])
def test_a_lane_that_does_not_exist_is_refused(race: MakeRun, kind: Any) -> None:
    assert race().refused(kind, lane=2) == "lane 2: this run has lanes 0 to 1"


def test_a_step_by_hand_is_one_of_every_lane_or_of_the_one_that_is_named(race: MakeRun) -> None:
    run = race()
    run.applied(Pause)
    run.applied(StepOnce)
    assert run.all_steps == [1, 1]
    run.applied(StepOnce, lane=1)
    assert run.all_steps == [1, 2]
    assert run.session.state == "paused"


def test_going_on_wakes_a_lane_that_has_ended_only_when_it_is_named(race: MakeRun) -> None:
    run = race(lanes=({"stop": {"steps": 3}}, {}))
    run.take(5)
    run.applied(Pause)
    run.applied(Resume)
    assert states(run) == ["ended", "running"]
    assert run.applied(Resume, lane=0).changes[0].key == "stop.steps"
    run.take(2)
    assert run.all_steps == [5, 7]


def test_going_on_after_all_have_ended_wakes_all(race: MakeRun) -> None:
    run = race(RAVINE | {"stop": {"steps": 3}})
    run.to_the_end()
    run.applied(Resume)
    run.take(2)
    assert run.all_steps == [5, 5]


def test_a_lane_that_has_diverged_goes_on_with_a_smaller_rate(race: MakeRun) -> None:
    run = race(lanes=EXPLODING)
    run.take(100)
    run.applied(SetFields, lane=1, values={"optimizer.lr": 1e-3})
    run.applied(Resume, lane=1)
    before = run.all_steps
    run.take(3)
    assert run.all_steps == [before[0] + 3, before[1] + 3]


def test_a_reset_takes_all_lanes_back_to_the_same_start(race: MakeRun) -> None:
    run = race(lanes=EXPLODING)
    run.take(50)
    run.applied(Reset)
    assert run.all_steps == [0, 0]
    run.take(2)
    assert states(run) == ["running", "running"]
    assert losses(run, 0)[-2] == losses(run, 1)[-2] == 5.5


def test_stopping_finishes_every_lane_once(race: MakeRun) -> None:
    run = race(lanes=({"stop": {"steps": 3}}, {}, {}))
    run.take(5)
    run.applied(Stop)
    assert [(end.lane, end.reason) for end in run.of(Finished)] == [(0, "steps"), (1, "stopped"), (2, "stopped")]


def test_a_race_that_waits_for_its_first_client_can_be_stopped(race: MakeRun) -> None:
    run = race(await_client=True)
    run.applied(Stop)
    assert [end.step for end in run.of(Finished)] == [0, 0]


def test_a_scheduled_change_reaches_every_lane_at_its_own_step(race: MakeRun) -> None:
    run = race(changes=(ScheduledChange(step=2, values={"optimizer.lr": 0.03}),))
    run.take(4)
    for lane, first in ((0, 0.01), (1, 0.05)):
        rates = [rate for steps in run.of(Steps) if steps.lane == lane for rate in steps.block.values[2].tolist()]
        assert rates == [first, first, 0.03, 0.03]


def test_what_a_client_saw_is_compared_with_the_lane_it_means(race: MakeRun) -> None:
    run = race()
    run.applied(SetFields, lane=1, values={"optimizer.lr": 0.02}, expected={"optimizer.lr": 0.05})
    reason = run.refused(SetFields, lane=0, values={"optimizer.lr": 0.02}, expected={"optimizer.lr": 0.05})
    assert "0.01 by now" in reason


# ---- telling


def test_a_new_client_hears_of_every_lane(race: MakeRun) -> None:
    run = race(lanes=EXPLODING)
    run.take(100)
    welcome = run.session.welcome()
    assert [(lane.title, lane.state) for lane in welcome.lanes] == [("calm", "running"), ("wild", "diverged")]
    assert [lane.step for lane in welcome.lanes] == run.all_steps
    assert welcome.step == 100
    assert welcome.lanes[1].spec["optimizer"] == {"name": "sgd", "lr": 1e6}


def test_the_record_keeps_the_lanes_apart(race: MakeRun) -> None:
    run = race(MOONS, ({"title": "a"}, {"title": "b", "optimizer": {"lr": 0.1}}), recorded=True)
    run.take(12)
    run.applied(Turn, lane=1, key="optimizer.lr", factor=2.0)
    run.session.commit()
    reader = RecordReader(run.directory.record)
    assert reader.lanes == 2
    for lane in (0, 1):
        blocks = [block.values[1] for block in reader.steps(1, 1, lane=lane)]
        assert np.concatenate(blocks).tolist() == losses(run, lane)
        assert [found.step for found in reader.evaluations(1, lane=lane)] == [0, 5, 10]
    assert [(event.kind, event.lane) for event in reader.events()] == [("applied", 1)]
    assert [lane["title"] for lane in json.loads(reader.meta["lanes"])] == ["a", "b"]


# ---- goals


def verdicts(run: Any) -> list[tuple[int, bool, int]]:
    return [(judged.lane, judged.reached, judged.step) for judged in run.of(Judged)]


def test_every_lane_is_judged_by_itself(race: MakeRun) -> None:
    run = race(goal=GoalSpec(text="falls", loss=1.8, within=3))
    run.take(10)
    assert sorted(verdicts(run)) == [(0, False, 3), (1, True, 1)]


@pytest.mark.parametrize(("first", "expected"), [("fast", (1, True, 1)), (0, (0, False, 1))])
def test_a_goal_may_be_that_one_lane_is_the_first(race: MakeRun, first: str | int, expected: tuple[Any, ...]) -> None:
    run = race(goal=GoalSpec(text="is first", loss=1.8, first=first))
    run.take(10)
    assert verdicts(run) == [expected]
    if not expected[1]:
        assert run.of(Judged)[0].reason == "fast was there first"


def test_lanes_of_a_data_file_read_it_each_at_its_own_place(race: MakeRun, start: MakeRun, tmp_path: Path) -> None:
    """Of a batch size each, so that no two are at the same place for long."""
    rows = np.random.default_rng(0).normal(size=(5000, 4)).astype(np.float32)
    np.save(tmp_path / "rows.npy", rows)
    spec = {
        "problem": {"kind": "dataset"},
        "data": {"file": str(tmp_path / "rows.npy"), "task": "regression"},
        "optimizer": {"name": "sgd", "lr": 0.01},
    }
    sizes = (7, 512)
    run = race(spec, tuple({"batch": {"size": size}} for size in sizes))
    run.take(30)
    for lane, size in enumerate(sizes):
        alone = start(spec | {"batch": {"size": size}})
        alone.take(30)
        assert losses(run, lane) == losses(alone, 0)


def test_a_goal_for_the_first_is_settled_for_every_lane_as_soon_as_it_is_for_the_race(race: MakeRun) -> None:
    run = race(goal=GoalSpec(text="the fast one", loss=1.5, first="fast"))
    run.take(200)
    (judged,) = run.of(Judged)
    assert judged.reached
    run.session.tell_progress()
    slow, fast = [progress.goal for progress in run.of(Progressed)[-2:]]
    assert slow is not None
    assert fast is not None
    assert (slow.reached, slow.step, slow.by) == (True, judged.step, "fast")
    assert (fast.reached, fast.step, fast.by) == (True, judged.step, "")
