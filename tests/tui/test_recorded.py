"""An earlier run beside this one: where its record puts it on every axis, and where nobody knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.method.objectives import build_objective
from engine.method.spec import checked_spec
from engine.method.telemetry import FIGURES, TensorFigures
from engine.method.trainer import Trainer
from engine.run.directory import RunDirectory
from engine.run.record import RecordWriter
from tui.charts.viewport import Viewport
from tui.recorded import EarlierRun
from tui.views.reading import at_rest

SEARCHING = {
    "problem": {"kind": "landscape", "function": "rosenbrock", "start": [-1.2, 1.0]},
    "optimizer": {"name": "sgd", "lr": 1.0},
    "line_search": {"name": "armijo"},
}


def read(path: Path) -> EarlierRun:
    earlier = EarlierRun(RunDirectory(name="early", path=path), window=10, samples=1)
    while earlier.read(0.01):
        pass
    assert earlier.problem == ""
    return earlier


def test_an_earlier_run_lies_where_it_was_after_so_many_evaluations_of_the_gradient(tmp_path: Path) -> None:
    """A line search makes several trials a step, and not always as many."""
    spec = checked_spec(SEARCHING, "a test")
    trainer, run = Trainer(spec, build_objective(spec)), RunDirectory(name="early", path=tmp_path)
    writer = RecordWriter(run.record, precision="float64", meta={})
    made = [0]
    for _ in range(40):
        trainer.step(measure=True, spread=True)
        assert trainer.figures is not None
        writer.add_telemetry(trainer.figures)
        made.append(trainer.evaluations)
    block = trainer.steps.take()
    assert block is not None
    writer.append(block)
    writer.close()
    assert made[-1] > 80
    assert len(set(np.diff(made))) > 1
    ((_, track),) = read(tmp_path).tracks
    assert track.loss.count == 40
    assert track.milestones.at("evaluations", np.arange(41.0)).tolist() == made


@pytest.mark.parametrize(("evaluations", "words"), [(0, "with early (gradient evaluations not known)"), (5, "early")])
def test_what_the_record_does_not_know_is_said(tmp_path: Path, evaluations: int, words: str) -> None:
    run = RunDirectory(name="early", path=tmp_path)
    writer = RecordWriter(run.record, precision="float64", meta={})
    writer.add_telemetry(TensorFigures(step=3, values=np.ones((1, len(FIGURES))), evaluations=evaluations))
    writer.close()
    earlier = read(tmp_path)
    said = "".join(text for text, _, _ in at_rest(Viewport(), "evaluations", 1, [earlier], [])[0])
    assert said.endswith(words)
    assert "".join(text for text, _, _ in at_rest(Viewport(), "step", 1, [earlier], [])[0]).endswith("with early")
