"""A run with a goal: when it tells that the goal is reached, and that it does so once."""

from __future__ import annotations

from typing import Any

import pytest

from engine.method.goal import GoalSpec
from engine.run.commands import Reset, Resume, Stop
from engine.run.events import Finished, Judged
from engine.run.history import RecordReader
from engine.run.launch import Launch
from tests.engine.run.specs import RAVINE, MakeRun

LINEAR = {
    "problem": {"kind": "dataset"},
    "data": {"name": "line", "samples": 40, "noise": 0.0},
    "optimizer": {"name": "sgd", "lr": 0.1},
    "batch": {"size": 8},
    "precision": "float64",
}


def goal(**conditions: Any) -> GoalSpec:
    return GoalSpec(text="a goal", **conditions)


def verdicts(run: Any) -> list[tuple[bool, int]]:
    return [(judged.reached, judged.step) for judged in run.of(Judged)]


def test_a_goal_is_told_once_at_the_step_at_which_it_was_reached(start: MakeRun) -> None:
    run = start(RAVINE, goal=goal(loss=1.8))
    run.take(1)
    assert verdicts(run) == []
    run.take(20)
    assert verdicts(run) == [(True, 1)]


def test_a_goal_is_judged_at_every_step_whatever_is_told(start: MakeRun) -> None:
    """1 − 0.05 is x after one step, and (0.95, 0.5) its place: no other step is so near."""
    run = start(RAVINE | {"stop": {"steps": 500}}, goal=goal(near=(0.95, 0.5), distance=1e-9))
    run.to_the_end()
    assert verdicts(run) == [(True, 1)]


def test_the_verdict_comes_before_the_end_and_the_last_update_counts(start: MakeRun) -> None:
    run = start(RAVINE | {"stop": {"steps": 1}}, goal=goal(loss=1.8))
    run.to_the_end()
    assert [type(message) for message in run.of(Judged, Finished)] == [Judged, Finished]
    assert verdicts(run) == [(True, 1)]


def test_a_run_that_is_stopped_has_missed_its_goal(start: MakeRun) -> None:
    run = start(RAVINE, goal=goal(loss=1e-9))
    run.take(3)
    run.applied(Stop)
    assert verdicts(run) == [(False, 3)]


def test_a_reset_gives_the_goal_another_chance_and_going_on_does_not(start: MakeRun) -> None:
    run = start(RAVINE | {"stop": {"steps": 2}}, goal=goal(loss=1e-9, within=2))
    run.to_the_end()
    run.applied(Resume)
    run.take(1000)
    assert verdicts(run) == [(False, 2)]
    run.applied(Reset)
    run.take(3)
    assert verdicts(run) == [(False, 2), (False, 2)]
    assert [judged.segment for judged in run.of(Judged)] == [1, 2]


def test_the_loss_over_the_training_set_is_tried_at_the_end_of_an_epoch(start: MakeRun) -> None:
    """32 samples in batches of 8 make four steps an epoch."""
    run = start(LINEAR, goal=goal(loss=0.1, of="full"))
    run.take(400)
    ((reached, step),) = verdicts(run)
    assert reached
    assert step % 4 == 0


def test_a_divergence_is_told_as_the_goal(start: MakeRun) -> None:
    run = start(RAVINE | {"optimizer": {"name": "sgd", "lr": 1e6}}, goal=goal(diverges=True), on_non_finite="finish")
    run.to_the_end()
    ((reached, step),) = verdicts(run)
    assert (reached, step) == (True, run.step)


def test_the_verdict_is_in_the_record(start: MakeRun) -> None:
    run = start(RAVINE, recorded=True, goal=goal(loss=1.8))
    run.take(5)
    run.session.flush()
    (event,) = RecordReader(run.directory.record).events()
    assert (event.kind, event.payload["reached"], event.payload["step"]) == ("judged", True, 1)


@pytest.mark.parametrize(
    "conditions",
    [
        {"loss": 1.0},
        {"loss": 1.0, "of": "full"},
        {"accuracy": 0.9},
        {"update_norm": 1e-3},
        {"near": (0.0, 0.0), "distance": 0.1},
        {"diverges": True},
    ],
    ids=lambda conditions: "-".join(conditions),
)
def test_a_goal_of_any_kind_reaches_the_engine(conditions: dict[str, Any]) -> None:
    """An engine reads its launch from a file, in which every field stands."""
    told = Launch(preset="x", title="x", spec=RAVINE, goal=goal(**conditions))
    read = Launch.model_validate_json(told.model_dump_json())
    assert read.model_dump() == told.model_dump()
