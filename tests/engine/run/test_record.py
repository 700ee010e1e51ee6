"""What goes into a record comes out of it: exact, in order, in few rows, and cheaply enough to be forgotten."""

from __future__ import annotations

import contextlib
import itertools
import math
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.errors import RunError
from engine.method.telemetry import SERIES, StepBlock, TensorFigures
from engine.run.history import RecordedEvaluation, RecordReader, Segment
from engine.run.record import MAXIMUM_CHUNK, MINIMUM_CHUNK, RecordWriter


def recorded(path: Path, precision: str = "float64", **meta: str) -> RecordWriter:
    return RecordWriter(path, precision=precision, meta=meta)


def random_block(first: int, count: int, seed: int = 0) -> StepBlock:
    values = np.random.default_rng((seed, first)).standard_normal((len(SERIES), count))
    return StepBlock(first_step=first, values=values)


def all_steps(path: Path, segment: int = 1) -> NDArray[np.float64]:
    """Every step of a segment, (series, steps), after checking that none is missing or twice."""
    blocks = list(RecordReader(path).steps(segment, 1))
    for before, after in itertools.pairwise(blocks):
        assert after.first_step == before.last_step + 1
    return np.concatenate([block.values for block in blocks], axis=1) if blocks else np.empty((len(SERIES), 0))


def chunk_lengths(path: Path) -> list[int]:
    connection = sqlite3.connect(path)
    try:
        return [length for (length,) in connection.execute("SELECT n FROM chunk ORDER BY segment, step0")]
    finally:
        connection.close()


def test_float64_steps_come_back_bit_for_bit(tmp_path: Path) -> None:
    block = random_block(1, 10_000)
    block.values[1, [3, 5000, 9999]] = [math.nan, math.inf, -math.inf]
    block.values[3, 7] = 5e-324
    writer = recorded(tmp_path / "run.db")
    writer.append(block)
    writer.close()
    assert all_steps(tmp_path / "run.db").tobytes() == block.values.tobytes()


def test_a_float32_run_keeps_float32_numbers_and_what_is_too_large_for_them_is_inf(tmp_path: Path) -> None:
    values = np.zeros((len(SERIES), 3))
    values[1] = [0.1, 1e300, math.nan]
    writer = recorded(tmp_path / "run.db", "float32")
    writer.append(StepBlock(first_step=1, values=values))
    writer.close()
    read = all_steps(tmp_path / "run.db")[1]
    assert read[0] == float(np.float32(0.1))
    assert read[1] == math.inf
    assert math.isnan(read[2])


def test_the_block_may_be_overwritten_after_it_was_appended(tmp_path: Path) -> None:
    writer = recorded(tmp_path / "run.db")
    block = StepBlock(first_step=1, values=np.ones((len(SERIES), 5)))
    writer.append(block)
    block.values[:] = 2.0
    writer.close()
    assert (all_steps(tmp_path / "run.db") == 1.0).all()


@given(st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_recorded_through_is_exactly_what_a_reader_finds(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """After any sequence of calls: no step more, none less, and the order of the segments."""
    path = tmp_path_factory.mktemp("run") / "run.db"
    # Hypothesis may break off between two draws.
    with contextlib.closing(recorded(path)) as writer:
        expected: dict[int, list[NDArray[np.float64]]] = {1: []}
        starts = {1: 0}
        step = 0
        for _ in range(data.draw(st.integers(1, 8))):
            match data.draw(st.sampled_from(["append", "append", "commit", "event", "segment"])):
                case "append":
                    block = random_block(step + 1, data.draw(st.sampled_from([1, 20, 1023, 1024, 4096, 9000])))
                    writer.append(block)
                    expected[writer.segment].append(block.values)
                    step = block.last_step
                case "event":
                    assert writer.add_event(step=step, kind="note", actor="test", payload={})
                    assert writer.recorded_through == (writer.segment, step)
                case "segment":
                    step = data.draw(st.sampled_from([0, step]))
                    starts[writer.new_segment(step)] = step
                    expected[writer.segment] = []
                case _:
                    assert writer.commit() == step
            segment, last = writer.recorded_through
            assert RecordReader(path).last_step(segment) == last
        writer.commit()
        assert writer.recorded_through == (writer.segment, step)
        reader = RecordReader(path)
        assert [(found.id, found.from_step) for found in reader.segments()] == list(starts.items())
        for segment, blocks in expected.items():
            read = [block.values for block in reader.steps(segment, 1)]
            empty = np.empty((len(SERIES), 0))
            np.testing.assert_array_equal(np.concatenate([empty, *read], 1), np.concatenate([empty, *blocks], 1))


@given(first=st.integers(-3, 6000), length=st.integers(1, 6000))
@settings(max_examples=50, deadline=None)
def test_a_range_is_cropped_to_the_step(tmp_path_factory: pytest.TempPathFactory, first: int, length: int) -> None:
    path = tmp_path_factory.getbasetemp() / "cropped.db"
    if not path.exists():
        writer = recorded(path)
        for start in range(1, 5001, 500):
            writer.append(random_block(start, 500))
            writer.commit()
        writer.close()
    blocks = list(RecordReader(path).steps(1, first, first + length - 1))
    steps = [step for block in blocks for step in range(block.first_step, block.last_step + 1)]
    assert steps == [step for step in range(1, 5001) if first <= step < first + length]
    assert all(block.values.flags.c_contiguous for block in blocks)
    for block in blocks:
        start = (block.first_step - 1) // 500 * 500 + 1
        expected = random_block(start, 500).values[:, block.first_step - start]
        np.testing.assert_array_equal(block.values[:, 0], expected)


def test_a_slow_run_leaves_few_rows(tmp_path: Path) -> None:
    writer = recorded(tmp_path / "run.db")
    for step in range(1, 2501):
        writer.append(random_block(step, 1))
        assert writer.commit() == step
    writer.close()
    assert chunk_lengths(tmp_path / "run.db") == [MINIMUM_CHUNK, MINIMUM_CHUNK, 2500 - 2 * MINIMUM_CHUNK]


def test_a_fast_run_rewrites_no_long_chunk(tmp_path: Path) -> None:
    """What a commit finds at the minimum length is closed, so that only shorter rows are ever written again."""
    writer = recorded(tmp_path / "run.db")
    writer.append(random_block(1, 12_500))
    writer.commit()
    before = chunk_lengths(tmp_path / "run.db")
    assert before == [MAXIMUM_CHUNK] * 3 + [212]
    writer.append(random_block(12_501, 2000))
    writer.commit()
    writer.append(random_block(14_501, 10))
    writer.commit()
    assert chunk_lengths(tmp_path / "run.db") == [MAXIMUM_CHUNK] * 3 + [2212, 10]
    writer.close()


def test_steps_out_of_order_are_refused(tmp_path: Path) -> None:
    writer = recorded(tmp_path / "run.db")
    writer.append(random_block(1, 10))
    for first in (10, 12):
        with pytest.raises(ValueError, match="step 11 comes next"):
            writer.append(random_block(first, 3))
    writer.new_segment(5)
    with pytest.raises(ValueError, match="step 6 comes next"):
        writer.append(random_block(11, 1))
    writer.append(random_block(6, 1))
    writer.close()


def test_a_segment_knows_where_it_comes_from(tmp_path: Path) -> None:
    writer = recorded(tmp_path / "run.db")
    writer.append(random_block(1, 100))
    assert writer.new_segment(0) == 2
    writer.append(random_block(1, 30))
    assert writer.new_segment(20) == 3
    writer.commit()
    reader = RecordReader(tmp_path / "run.db")
    assert reader.segments() == [
        Segment(id=1, parent=None, from_step=0),
        Segment(id=2, parent=1, from_step=0),
        Segment(id=3, parent=2, from_step=20),
    ]
    assert [reader.last_step(segment) for segment in (1, 2, 3)] == [100, 30, 20]
    assert list(reader.steps(3, 1)) == []
    with pytest.raises(RunError, match="no segment 4"):
        reader.last_step(4)
    writer.close()


def test_an_event_is_on_disk_with_all_steps_before_it_when_the_call_returns(tmp_path: Path) -> None:
    writer = recorded(tmp_path / "run.db")
    writer.append(random_block(1, 40))
    assert writer.add_event(
        step=40, kind="applied", actor="keyboard", payload={"lr": 0.5, "old": math.nan, "all": [math.inf, -math.inf]}
    )
    reader = RecordReader(tmp_path / "run.db")
    assert reader.last_step(1) == 40
    (event,) = reader.events()
    assert (event.id, event.segment, event.step, event.kind, event.actor) == (1, 1, 40, "applied", "keyboard")
    assert event.payload == {"lr": 0.5, "old": "nan", "all": ["inf", "-inf"]}
    writer.close()


def test_events_come_back_in_the_order_in_which_they_happened_and_by_segment(tmp_path: Path) -> None:
    writer = recorded(tmp_path / "run.db")
    for number in range(5):
        if number == 3:
            writer.new_segment(0)
        writer.add_event(step=0, kind=f"kind {number}", actor="test", payload={"number": number})
    writer.close()
    reader = RecordReader(tmp_path / "run.db")
    assert [event.payload["number"] for event in reader.events()] == [0, 1, 2, 3, 4]
    assert [event.kind for event in reader.events(2)] == ["kind 3", "kind 4"]
    stamps = [event.mono_ns for event in reader.events()]
    assert stamps == sorted(stamps)


def test_what_json_does_not_have_is_refused_and_leaves_no_trace(tmp_path: Path) -> None:
    writer = recorded(tmp_path / "run.db")
    with pytest.raises(TypeError):
        writer.add_event(step=0, kind="note", actor="test", payload={"what": object()})
    writer.close()
    assert RecordReader(tmp_path / "run.db").events() == []


def test_telemetry_comes_back_with_its_undefined_figures(tmp_path: Path) -> None:
    writer = recorded(tmp_path / "run.db", "float32")
    figures = np.random.default_rng(1).standard_normal((3, 5))
    figures[1, 2] = math.nan
    spread = np.random.default_rng(2).standard_normal((3, 4, 5)).astype(np.float32)
    writer.add_telemetry(TensorFigures(step=10, values=figures))
    writer.add_telemetry(TensorFigures(step=20, values=2.0 * figures, spread=spread))
    writer.commit()
    reader = RecordReader(tmp_path / "run.db")
    first, second = reader.telemetry(1)
    assert (first.step, second.step) == (10, 20)
    np.testing.assert_array_equal(first.values, figures)
    assert first.spread is not None
    assert np.isnan(first.spread).all()
    np.testing.assert_array_equal(second.spread, spread)
    (last,) = reader.telemetry(1, last_only=True)
    np.testing.assert_array_equal(last.values, second.values)
    assert reader.telemetry(2) == []
    writer.close()


def test_evaluations_keep_nan_inf_and_a_missing_accuracy_and_take_numpy_numbers(tmp_path: Path) -> None:
    writer = recorded(tmp_path / "run.db")
    writer.add_evaluation(1, "train", 0.25, None)
    writer.add_evaluation(1, "held_out", math.inf, 0.5)
    writer.add_evaluation(2, "train", np.float32(math.nan), np.float32(0.75))  # type: ignore[arg-type]
    writer.commit()
    assert writer.problem is None
    one, two, three = RecordReader(tmp_path / "run.db").evaluations(1)
    assert one == RecordedEvaluation(step=1, split="held_out", loss=math.inf, accuracy=0.5)
    assert two == RecordedEvaluation(step=1, split="train", loss=0.25, accuracy=None)
    assert (three.step, math.isnan(three.loss), three.accuracy) == (2, True, 0.75)
    writer.close()


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_overview_holds_the_finite_extremes_of_every_chunk(tmp_path: Path, precision: str) -> None:
    values = np.zeros((len(SERIES), MAXIMUM_CHUNK + 2))
    values[1, :3] = [8.0, -4.0, math.nan]
    values[2, 5] = math.inf
    values[3, MAXIMUM_CHUNK:] = math.nan
    values[4, -1] = 16.0
    writer = recorded(tmp_path / "run.db", precision)
    writer.append(StepBlock(first_step=1, values=values))
    writer.close()
    overview = RecordReader(tmp_path / "run.db").overview(1)
    assert overview.first_steps.tolist() == [1, MAXIMUM_CHUNK + 1]
    assert overview.last_steps.tolist() == [MAXIMUM_CHUNK, MAXIMUM_CHUNK + 2]
    assert overview.low.tolist() == [[0, 0], [-4, 0], [0, 0], [0, math.inf], [0, 0]]
    assert overview.high.tolist() == [[0, 0], [8, 0], [0, 0], [0, -math.inf], [0, 16]]


def test_a_closed_record_is_one_private_file_that_can_be_copied(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    writer = recorded(tmp_path / "run" / "run.db", title="zigzag")
    writer.append(random_block(1, 5000))
    writer.close()
    writer.close()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["run.db"]
    assert (tmp_path / "run" / "run.db").stat().st_mode & 0o077 == 0
    copy = tmp_path / "odd ?mode=rw#name% é.db"
    copy.write_bytes((tmp_path / "run" / "run.db").read_bytes())
    # The file format's mark of a file without a log; with a log, a reader would make two more files beside it.
    assert copy.read_bytes()[18:20] == b"\x01\x01"
    reader = RecordReader(copy)
    assert reader.meta == {"title": "zigzag", "precision": "float64"}
    assert reader.last_step(1) == 5000


def test_a_record_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    path.write_bytes(b"precious")
    with pytest.raises(RunError, match="exists already"):
        recorded(path)
    assert path.read_bytes() == b"precious"


def test_a_record_that_cannot_be_created_says_why_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be created: No such file") as caught:
        recorded(tmp_path / "missing" / "run.db")
    assert "\n" not in str(caught.value)
