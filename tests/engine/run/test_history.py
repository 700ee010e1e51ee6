"""A record from a stranger, or from a failing disk: the good parts are shown, nothing false is, and nothing runs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.errors import RunError
from engine.method.telemetry import SERIES, StepBlock, TensorFigures
from engine.run.history import RecordReader
from engine.run.record import MAXIMUM_CHUNK, RecordWriter, sealed

STEPS = 3 * MAXIMUM_CHUNK
VALUES = np.random.default_rng(7).standard_normal((len(SERIES), STEPS))
FIGURES = np.random.default_rng(8).standard_normal((4, 5))
SPREAD = np.random.default_rng(9).standard_normal((4, 4, 5)).astype(np.float32)


def good_record(path: Path) -> Path:
    writer = RecordWriter(path, precision="float64", meta={"preset": 'title = "a"\nlr = 0.1'})
    writer.append(StepBlock(first_step=1, values=VALUES))
    writer.add_telemetry(TensorFigures(step=9, values=FIGURES, spread=SPREAD))
    writer.add_evaluation(9, "train", 0.5, 0.25)
    writer.add_event(step=9, kind="note", actor="test", payload={"text": "fine"})
    writer.close()
    return path


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return good_record(tmp_path / "run.db")


@pytest.fixture(scope="module")
def record_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return good_record(tmp_path_factory.mktemp("good") / "run.db").read_bytes()


def edit(path: Path, statement: str, *parameters: object) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement, parameters)
    connection.close()


def read_all(path: Path) -> tuple[list[StepBlock], RecordReader]:
    """Call everything that a reader offers, and check that no number among the steps is false."""
    reader = RecordReader(path)
    blocks: list[StepBlock] = []
    for segment in reader.segments():
        blocks += list(reader.steps(segment.id, 1))
        reader.last_step(segment.id)
        overview = reader.overview(segment.id)
        for first, last, low, high in zip(
            overview.first_steps, overview.last_steps, overview.low.T, overview.high.T, strict=True
        ):
            np.testing.assert_array_equal(low, VALUES[:, first - 1 : last].min(1))
            np.testing.assert_array_equal(high, VALUES[:, first - 1 : last].max(1))
        for entry in reader.telemetry(segment.id):
            np.testing.assert_array_equal(entry.values, FIGURES)
            np.testing.assert_array_equal(entry.spread, SPREAD)
        reader.evaluations(segment.id)
    reader.events()
    for block in blocks:
        np.testing.assert_array_equal(block.values, VALUES[:, block.first_step - 1 : block.last_step])
    return blocks, reader


def test_telemetry_of_the_second_format_has_no_spread(record: Path) -> None:
    edit(record, "PRAGMA user_version = 2")
    edit(record, "UPDATE telemetry SET data = ?", sealed(FIGURES.astype("<f8").tobytes(), 1, 0, 9))
    (found,) = RecordReader(record).telemetry(1)
    assert (found.step, found.spread) == (9, None)
    np.testing.assert_array_equal(found.values, FIGURES)


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=300, deadline=None)
def test_no_flipped_bit_anywhere_shows_a_false_step(
    tmp_path_factory: pytest.TempPathFactory, record_bytes: bytes, place: float, bit: int
) -> None:
    """Wherever in the file it is, a reader returns true steps or one line that says what is wrong."""
    path = tmp_path_factory.getbasetemp() / "flipped.db"
    flipped = bytearray(record_bytes)
    flipped[int(place * len(flipped))] ^= 1 << bit
    path.write_bytes(flipped)
    try:
        read_all(path)
    except RunError as error:
        said = str(error)
    else:
        said = ""
    assert "\n" not in said


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=100, deadline=None)
def test_every_flipped_bit_in_the_steps_is_found_and_costs_one_chunk(
    tmp_path_factory: pytest.TempPathFactory, record_bytes: bytes, place: float, bit: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "flipped steps.db"
    flipped = bytearray(record_bytes)
    # Two neighbours, because a single value may also be found among the chunk's extremes.
    step = int(place * (STEPS - 1))
    at = record_bytes.find(VALUES[1, step : step + 2].tobytes())
    assume(at >= 0)  # or they lie across two pages or two chunks
    flipped[at + 3] ^= 1 << bit
    path.write_bytes(flipped)
    blocks, reader = read_all(path)
    assert reader.damaged == 1
    assert sum(block.values.shape[1] for block in blocks) == STEPS - MAXIMUM_CHUNK
    assert all(not block.first_step <= step + 1 <= block.last_step for block in blocks)
    list(reader.steps(1, 1))
    assert reader.damaged == 1


def test_a_chunk_moved_to_another_place_is_found(record: Path) -> None:
    edit(record, "UPDATE chunk SET step0 = step0 + 1000000 WHERE step0 = 1")
    blocks, reader = read_all(record)
    assert [block.first_step for block in blocks] == [MAXIMUM_CHUNK + 1, 2 * MAXIMUM_CHUNK + 1]
    assert reader.damaged == 1


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_truncated_record_is_an_error_or_shows_what_is_left(
    tmp_path: Path, record_bytes: bytes, share: float
) -> None:
    path = tmp_path / "short.db"
    path.write_bytes(record_bytes[: int(share * len(record_bytes))])
    try:
        blocks, _ = read_all(path)
    except RunError:
        return
    assert sum(block.values.shape[1] for block in blocks) < STEPS


def text_file(path: Path) -> None:
    path.write_text("a diary\n" * 1000)


def foreign_database(path: Path) -> None:
    edit(path, "CREATE TABLE meta (key, value)")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: None, "no such file"),
        (Path.mkdir, "no such file"),
        (Path.touch, "not the record of a run"),
        (text_file, "not a database"),
        (foreign_database, "not the record of a run"),
    ],
)
def test_what_is_no_record_is_refused_in_one_line(tmp_path: Path, make: Callable[[Path], None], message: str) -> None:
    path = tmp_path / "run\x1b[2J.db"
    make(path)
    with pytest.raises(RunError, match=message) as caught:
        RecordReader(path)
    assert str(caught.value).isprintable()


def test_a_record_of_a_newer_program_is_refused_and_says_what_to_do(record: Path) -> None:
    edit(record, "PRAGMA user_version = 4")
    with pytest.raises(RunError, match=r"newer gdtui.*update gdtui"):
        RecordReader(record)


def test_a_record_with_other_series_is_read_by_their_names(record: Path) -> None:
    """What this program does not know is left out, and what the record does not have is nan."""
    edit(record, "UPDATE series SET name = 'temperature' WHERE name = 'lr'")
    (first, *_) = RecordReader(record).steps(1, 1)
    lr = SERIES.index("lr")
    assert np.isnan(first.values[lr]).all()
    others = [row for row in range(len(SERIES)) if row != lr]
    np.testing.assert_array_equal(first.values[others], VALUES[others, :MAXIMUM_CHUNK])


def test_a_view_in_the_place_of_a_table_is_refused(record: Path) -> None:
    """It could run for ever, or look into what the reader may see."""
    edit(record, "DROP TABLE event")
    edit(record, "CREATE VIEW event AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n")
    with pytest.raises(RunError, match="not the record"):
        RecordReader(record)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '{"a": ' + "[" * 100_000,
        '{"a": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"a": ' + "9" * 5000 + "}",
        '{"a": NaN}',
        '{"a": 1e999}',
        "[1]",
        "{",
        "",
    ],
)
def test_a_payload_that_is_no_honest_object_is_an_error_of_the_run(record: Path, text: str) -> None:
    edit(record, "UPDATE event SET json = ?", text)
    with pytest.raises(RunError, match="event 1 is damaged"):
        RecordReader(record).events()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET step = 'soon'",
        "UPDATE event SET wall = x'00'",
        "UPDATE event SET json = 7.5, kind = x'61'",
        "UPDATE segment SET from_step = 'nowhere'",
        "UPDATE evaluation SET loss = 'low'",
        "UPDATE telemetry SET data = 'text'",
        "UPDATE chunk SET minmax = 'text'",
        "UPDATE event SET json = zeroblob(20000000)",
        "DROP TABLE evaluation",
    ],
)
def test_a_value_of_the_wrong_type_is_an_error_of_the_run(record: Path, statement: str) -> None:
    edit(record, statement)
    with pytest.raises(RunError):
        read_all(record)


def test_a_chunk_of_the_wrong_type_or_length_is_skipped(record: Path) -> None:
    edit(record, "UPDATE chunk SET data = 'text' WHERE step0 = 1")
    edit(record, "UPDATE chunk SET n = n + 1 WHERE step0 > 5000")
    reader = RecordReader(record)
    assert [block.first_step for block in reader.steps(1, 1)] == [MAXIMUM_CHUNK + 1]
    assert reader.damaged == 2


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_no_text_of_a_record_moves_the_cursor(
    tmp_path_factory: pytest.TempPathFactory, record_bytes: bytes, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile.db"
    path.write_bytes(record_bytes)
    hostile = (text + "\x1b]0;owned\x07\u202e").encode("utf-8", "replace").decode()
    edit(
        path,
        "UPDATE event SET actor = ?, kind = ?, json = ?",
        hostile,
        hostile,
        json.dumps({hostile: [{"k": hostile}]}),
    )
    edit(path, "UPDATE evaluation SET split = ?", hostile)
    edit(path, "INSERT INTO meta VALUES (?, ?)", hostile, hostile)
    reader = RecordReader(path)
    (event,) = reader.events()
    (evaluation,) = reader.evaluations(1)
    ((key, (inner,)),) = event.payload.items()
    shown = [event.actor, event.kind, key, inner["k"], evaluation.split, *reader.meta]
    shown += [line for value in reader.meta.values() for line in value.split("\n")]
    for found in shown:
        assert not any(
            ord(character) < 32 or 127 <= ord(character) < 160 or character == "\u202e" for character in found
        )


def test_bytes_that_are_no_text_are_replaced(record: Path) -> None:
    edit(record, "UPDATE event SET kind = CAST(x'61ff1b' AS TEXT)")
    (event,) = RecordReader(record).events()
    assert event.kind == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"


def test_the_lines_of_a_preset_stay_lines(record: Path) -> None:
    assert RecordReader(record).meta["preset"] == 'title = "a"\nlr = 0.1'


def test_moments_tell_when_each_stored_stretch_was_made(record: Path) -> None:
    """Two seconds between a segment's first event and its chunks, then one more for each chunk."""
    edit(record, "UPDATE event SET mono_ns = 5000000000")
    for number in range(3):
        edit(record, "UPDATE chunk SET mono_ns = ? WHERE step0 = ?", (7 + number) * 10**9, 1 + number * MAXIMUM_CHUNK)
    found = RecordReader(record).moments(1)
    assert found == [(MAXIMUM_CHUNK, 2.0), (2 * MAXIMUM_CHUNK, 3.0), (3 * MAXIMUM_CHUNK, 4.0)]
    assert RecordReader(record).moments(7) == []
