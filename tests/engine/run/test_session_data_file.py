"""A session on a data file: how much of it an evaluation reads, and what happens when it goes away."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import RunError
from engine.run.commands import Resume, StepOnce, Stop
from engine.run.events import Evaluated
from engine.subject import file_samples
from engine.subject.objective import Evaluation

Run = Any


@pytest.fixture
def table(places: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of 4,000 samples of which 80 are loaded at once; what is gathered at once makes 40 batches."""
    monkeypatch.setattr(file_samples, "WINDOW_BYTES", 64_000)
    np.save(places / "data.npy", np.random.default_rng(0).normal(size=(4000, 200)).astype(np.float32))
    return places / "data.npy"


def spec_of(table: Path) -> dict[str, Any]:
    return {"problem": {"kind": "dataset"}, "data": {"file": str(table)}, "optimizer": {"name": "sgd", "lr": 1e-3}}


def test_a_run_whose_data_file_is_cut_short_pauses_and_goes_on_when_it_is_back(
    start: Callable[..., Run], table: Path
) -> None:
    run = start(spec_of(table))
    run.take(3)
    whole = table.read_bytes()
    os.truncate(table, 1000)
    run.take(60)
    assert run.session.state == "paused"
    assert run.step == 40  # what was gathered before is trained on
    run.session.tell_progress()
    why = f"{table}: has 1,000 bytes, and had 3,200,128 when the run began. The run is paused."
    assert run.told[-1].problem == why
    assert "has 1,000 bytes" in run.refused(StepOnce)
    table.write_bytes(whole)
    run.applied(Resume)
    run.take(5)
    assert run.step == 45
    run.session.tell_progress()
    assert run.told[-1].problem is None


def test_a_run_that_nobody_looks_after_fails_with_its_data_file(start: Callable[..., Run], table: Path) -> None:
    run = start(spec_of(table), on_non_finite="finish")
    os.truncate(table, 1000)
    with pytest.raises(RunError, match="has 1,000 bytes"):
        run.take(100)


def test_a_run_can_be_stopped_when_its_data_file_is_gone(start: Callable[..., Run], table: Path) -> None:
    run = start(spec_of(table))
    run.take(3)
    os.truncate(table, 1000)
    run.applied(Stop)
    assert run.session.lanes[0].finished is not None
    assert math.isnan(run.session.lanes[0].finished.loss)


def test_a_run_is_evaluated_on_a_part_while_it_goes_on_and_in_full_at_its_end(
    start: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, table: Path
) -> None:
    monkeypatch.setattr("engine.run.lane.WATCHED_SAMPLES", 50)
    asked: list[tuple[str, int | None]] = []
    run = start({**spec_of(table), "stop": {"epochs": 2}})
    evaluate = run.trainer.evaluate

    def noted(split: str, at_most: int | None = None) -> Evaluation:
        asked.append((split, at_most))
        result: Evaluation = evaluate(split, at_most)
        return result

    monkeypatch.setattr(run.trainer, "evaluate", noted)
    run.to_the_end()
    assert asked == [("held_out", 50), ("held_out", 50), ("train", None), ("held_out", None)]
    assert run.session.lanes[0].finished is not None
    assert run.session.lanes[0].finished.loss == evaluate("train").loss
    last = [told for told in run.of(Evaluated) if told.split == "held_out"][-1]
    assert last.loss == evaluate("held_out").loss


def test_a_run_that_someone_stops_is_evaluated_on_no_more_than_there_is_patience_for(
    start: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, table: Path
) -> None:
    monkeypatch.setattr("engine.run.session.STOPPED_SAMPLES", 60)
    run = start(spec_of(table))
    run.take(3)
    run.applied(Stop)
    assert run.session.lanes[0].finished is not None
    trainer = run.trainer
    assert run.session.lanes[0].finished.loss == trainer.evaluate("train", 60).loss != trainer.evaluate("train").loss
