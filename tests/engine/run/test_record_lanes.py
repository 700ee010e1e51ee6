"""The record of a race keeps its lanes apart, and a record from before there were lanes is still read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.method.telemetry import FIGURES, SERIES, StepBlock, TensorFigures
from engine.run.history import RecordReader
from engine.run.record import MAXIMUM_CHUNK, RecordWriter

FIRST_FORMAT = Path(__file__).parent / "records" / "format-1.db"
"""Written by a gdtui whose runs had no lanes: 20 steps with a change after 12, a reset, 7 steps and a stop."""


def block(first: int, count: int, loss: float) -> StepBlock:
    values = np.zeros((len(SERIES), count))
    values[SERIES.index("loss")] = loss
    return StepBlock(first_step=first, values=values)


def losses(reader: RecordReader, segment: int, lane: int) -> list[float]:
    return [loss for part in reader.steps(segment, 1, lane=lane) for loss in part.values[SERIES.index("loss")].tolist()]


def test_every_lane_has_steps_of_its_own(tmp_path: Path) -> None:
    """Also where one of them fills its chunks while another has hardly begun."""
    writer = RecordWriter(tmp_path / "run.db", precision="float64", meta={}, lanes=3)
    writer.append(block(1, 5, 1.0), lane=0)
    writer.append(block(1, MAXIMUM_CHUNK + 10, 2.0), lane=2)
    writer.commit()
    writer.append(block(6, 2, 3.0), lane=0)
    writer.new_segment(0)
    writer.append(block(1, 4, 4.0), lane=1)
    writer.close()
    reader = RecordReader(tmp_path / "run.db")
    assert losses(reader, 1, 0) == [1.0] * 5 + [3.0] * 2
    assert losses(reader, 1, 1) == []
    assert losses(reader, 1, 2) == [2.0] * (MAXIMUM_CHUNK + 10)
    assert losses(reader, 2, 1) == [4.0] * 4
    assert [reader.last_step(1, lane=lane) for lane in range(3)] == [7, 0, MAXIMUM_CHUNK + 10]
    assert reader.overview(1, lane=2).last_steps.tolist() == [MAXIMUM_CHUNK, MAXIMUM_CHUNK + 10]
    assert reader.overview(1, lane=0).high[SERIES.index("loss")].tolist() == [3.0]
    assert reader.damaged == 0


def test_figures_evaluations_and_events_say_whose_they_are(tmp_path: Path) -> None:
    writer = RecordWriter(tmp_path / "run.db", precision="float64", meta={}, lanes=2)
    for lane in (0, 1):
        writer.add_telemetry(TensorFigures(step=3, values=np.full((2, len(FIGURES)), float(lane))), lane=lane)
        writer.add_evaluation(3, "held_out", float(lane), None, lane=lane)
        writer.add_event(step=3, kind="note", actor="test", payload={}, lane=lane)
    writer.close()
    reader = RecordReader(tmp_path / "run.db")
    for lane in (0, 1):
        (telemetry,) = reader.telemetry(1, lane=lane)
        assert telemetry.values.tolist() == [[float(lane)] * len(FIGURES)] * 2
        assert [evaluation.loss for evaluation in reader.evaluations(1, lane=lane)] == [float(lane)]
    assert [event.lane for event in reader.events()] == [0, 1]


def test_a_lane_whose_steps_do_not_follow_each_other_is_a_mistake(tmp_path: Path) -> None:
    writer = RecordWriter(tmp_path / "run.db", precision="float64", meta={}, lanes=2)
    writer.append(block(1, 5, 1.0), lane=0)
    with pytest.raises(ValueError, match="step 1 comes next"):
        writer.append(block(6, 5, 1.0), lane=1)
    writer.close()


def test_a_record_of_the_first_format_is_read_as_one_lane() -> None:
    reader = RecordReader(FIRST_FORMAT)
    assert [segment.id for segment in reader.segments()] == [1, 2]
    assert [reader.last_step(segment) for segment in (1, 2)] == [20, 7]
    found = losses(reader, 1, 0)
    assert len(found) == 20
    assert found[0] == 0.7814991561870588
    assert found[19] == 0.7416789875935087
    assert losses(reader, 2, 0) == found[:7], "a reset begins with the same steps"
    assert reader.overview(1).low[SERIES.index("loss")].tolist() == [0.6347535251544919]
    (telemetry,) = reader.telemetry(1)
    assert telemetry.step == 13
    assert telemetry.values[0, 0] == 0.9509575722017236
    last = reader.evaluations(2)[-1]
    assert (last.step, last.split, last.loss, last.accuracy) == (7, "train", 0.7290529940894082, 0.4)
    assert [(event.kind, event.step, event.lane) for event in reader.events()] == [
        ("applied", 12, 0),
        ("applied", 0, 0),
        ("finished", 7, 0),
        ("applied", 7, 0),
    ]
    assert reader.damaged == 0


def test_a_record_of_the_first_format_has_no_other_lane() -> None:
    reader = RecordReader(FIRST_FORMAT)
    assert losses(reader, 1, 1) == []
    assert reader.last_step(1, lane=1) == 0
    assert reader.evaluations(1, lane=1) == []
