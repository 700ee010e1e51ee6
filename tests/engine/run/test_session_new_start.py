"""A run that begins elsewhere from now on: told to everyone, written into the journal, the same for all lanes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from engine.run.commands import Reset
from engine.run.events import Applied
from engine.run.history import RecordReader

MakeRun = Callable[..., Any]
RAVINE = {
    "problem": {"kind": "landscape", "function": "ravine", "start": [1.0, 1.0], "condition": 10},
    "optimizer": {"name": "sgd", "lr": 0.05},
    "precision": "float64",
}
TWO = ({"title": "here"}, {"title": "there", "problem": {"start": [-1.0, 1.0]}})


def test_all_lanes_of_a_race_begin_at_the_new_start_and_everyone_hears_from_where(start: MakeRun) -> None:
    run = start(RAVINE, lanes=TWO)
    run.take(3)
    run.ask(Reset, start=(0.5, 2.0))
    assert [lane.trainer.theta.tolist() for lane in run.session.lanes] == [[0.5, 2.0]] * 2
    told = [applied for applied in run.of(Applied) if applied.command == "reset"]
    assert [[(change.key, change.old, change.new) for change in applied.changes] for applied in told] == [
        [("problem.start", "1, 1", "0.5, 2")],
        [("problem.start", "-1, 1", "0.5, 2")],
    ]
    assert [applied.spec["problem"]["start"] for applied in told] == [[0.5, 2.0]] * 2
    run.take(2)
    run.applied(Reset)
    assert [lane.trainer.theta.tolist() for lane in run.session.lanes] == [[0.5, 2.0]] * 2


def test_the_journal_and_a_client_that_comes_later_know_the_new_start(start: MakeRun) -> None:
    run = start(RAVINE, recorded=True)
    run.take(2)
    run.applied(Reset, start=(0.5, 2.0))
    run.session.commit()
    (event,) = [event for event in RecordReader(run.directory.record).events(2) if event.kind == "applied"]
    assert event.payload["spec"]["problem"]["start"] == [0.5, 2.0]
    assert json.dumps(event.payload["changes"][0]["new"]) == '"0.5, 2"'
    assert run.session.welcome().lanes[0].spec["problem"]["start"] == [0.5, 2.0]


@pytest.mark.parametrize("lanes", [(), TWO])
def test_a_start_that_is_refused_leaves_an_ended_run_ended(start: MakeRun, lanes: Any) -> None:
    run = start({**RAVINE, "stop": {"steps": 2}}, lanes=lanes)
    run.to_the_end()
    assert run.session.state == "ended"
    assert "allowed: 2 numbers" in run.refused(Reset, start=(1.0, 2.0, 3.0))
    run.applied(Reset, start=(0.5, 2.0))
    assert run.session.state == "running"
