"""Nothing that was reported as recorded is lost: not to kill -9, not to a full disk, not to a reader."""

from __future__ import annotations

import inspect
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.method.telemetry import SERIES, StepBlock
from engine.run.history import RecordReader
from engine.run.record import RecordWriter

ROOT = Path(__file__).resolve().parents[3]


def stretch(segment: int, first: int, count: int) -> NDArray[np.float64]:
    """Numbers that only these steps of this segment have, (series, steps), some of them not finite."""
    steps = np.arange(first, first + count)
    values = np.stack([(steps * (2 * row + 3) + 1000003 * segment) % 999983 / 7.0 for row in range(len(SERIES))])
    values[1, steps % 97 == 0] = np.nan
    values[3, steps % 89 == 0] = np.inf
    return values


PRELUDE = f"""
import json, os, random, resource, signal, sys
from pathlib import Path
import numpy as np
from numpy.typing import NDArray
from engine.method.telemetry import SERIES, StepBlock
from engine.run.record import RecordWriter

{inspect.getsource(stretch)}

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def block(segment, first, count):
    return StepBlock(first_step=first, values=stretch(segment, first, count))
"""

BUSY_WRITER = """
choose = random.Random(int(sys.argv[2]))
writer = RecordWriter(Path(sys.argv[1]), precision="float64", meta={})
step = events = 0
while True:
    count = choose.choice([1, 7, 100, 700, 5000])
    writer.append(block(writer.segment, step + 1, count))
    step += count
    say("commits")
    if choose.random() < 0.1:
        writer.add_event(step=step, kind="note", actor="test", payload={"step": step})
        events += 1
    else:
        writer.commit()
    assert writer.recorded_through == (writer.segment, step)
    say("acknowledged", writer.segment, step, events)
    if choose.random() < 0.05:
        step = 0
        writer.new_segment(step)
"""

OPENING_AND_CLOSING = """
number = 0
while True:
    number += 1
    writer = RecordWriter(Path(sys.argv[1]) / f"{number}.db", precision="float32", meta={})
    writer.append(block(1, 1, 300))
    writer.commit()
    say("recorded", number)
    writer.close()
    say("closed", number)
"""

KILLED_BETWEEN_STEPS_AND_EVENT = """
writer = RecordWriter(Path(sys.argv[1]), precision="float64", meta={})
writer.append(block(1, 1, 50))
writer.add_event(step=50, kind="first", actor="test", payload={})
def watch(statement):
    if statement.startswith(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
writer._connection.set_trace_callback(watch)
writer.append(block(1, 51, 50))
writer.add_event(step=100, kind="second", actor="test", payload={})
"""

FULL_DISK = """
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
writer = RecordWriter(Path(sys.argv[1]), precision="float64", meta={})
step = 0
def train(steps):
    global step
    for _ in range(steps // 5000):
        writer.append(block(1, step + 1, 5000))
        step += 5000
        writer.commit()
train(50_000)
report = {"problem": writer.problem, "through": writer.recorded_through}
report["event"] = writer.add_event(step=step, kind="note", actor="test", payload={})
train(int(sys.argv[2]))
report["memory"] = sum(len(row.parameters[-1]) for row in writer._measurements.rows)
if sys.argv[3] == "freed":
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
train(10_000)
report |= {"after": writer.problem, "through_after": writer.recorded_through}
report |= {"last": step, "lost": writer.dropped_steps}
writer.close()
print(json.dumps(report))
"""


@contextmanager
def started(program: str, *arguments: object, output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `program` until the block ends, and kill it there."""
    with output.open("wb") as file:
        command = [sys.executable, "-c", PRELUDE + program, *map(str, arguments)]
        process = subprocess.Popen(command, stdout=file, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def lines(output: Path) -> list[list[str]]:
    """What the program said so far, without a line that the kill tore."""
    return [line.split() for line in output.read_text().split("\n")[:-1]]


def wait_for(output: Path, word: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while not any(line[0] == word for line in lines(output)):
        assert process.poll() is None, "the writer ended by itself"
        assert time.monotonic() < deadline, "the writer does not begin"
        time.sleep(0.005)


def check_segment(reader: RecordReader, segment: int) -> int:
    """Check every recorded step of a segment and return the last."""
    last = 0
    for block in reader.steps(segment, 1):
        assert block.first_step == last + 1
        np.testing.assert_array_equal(block.values, stretch(segment, block.first_step, block.values.shape[1]))
        last = block.last_step
    return last


def contents(folder: Path) -> dict[str, bytes]:
    """The files that hold the record; the -shm beside them is an index in shared memory."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}


def test_kill_9_at_any_moment_loses_no_acknowledged_step(tmp_path: Path) -> None:
    """Of 20 writers that do little but commit, several die inside one; a reader changes no byte of what they left."""
    choose = np.random.default_rng(20)
    inside = 0
    for trial in range(20):
        folder = tmp_path / str(trial)
        folder.mkdir()
        output = tmp_path / f"{trial}.txt"
        with started(BUSY_WRITER, folder / "run.db", trial, output=output) as process:
            wait_for(output, "acknowledged", process)
            time.sleep(choose.uniform(0.0, 0.2))
        said = lines(output)
        inside += said[-1] == ["commits"]
        left = contents(folder)
        reader = RecordReader(folder / "run.db")
        acknowledged = {}
        events = 0
        for segment, step, count in (map(int, line[1:]) for line in said if line[0] == "acknowledged"):
            acknowledged[segment] = step
            events = count
        for segment, step in acknowledged.items():
            assert step <= check_segment(reader, segment) == reader.last_step(segment)
        noted = reader.events()
        assert len(noted) >= events
        assert [event.id for event in noted] == list(range(1, len(noted) + 1))
        assert all(event.step == event.payload["step"] <= reader.last_step(event.segment) for event in noted)
        reader.overview(1)
        assert reader.damaged == 0
        assert contents(folder) == left
    assert inside > 0


def test_kill_9_while_a_record_is_created_or_closed_loses_nothing(tmp_path: Path) -> None:
    choose = np.random.default_rng(8)
    for trial in range(8):
        folder = tmp_path / str(trial)
        folder.mkdir()
        output = tmp_path / f"{trial}.txt"
        with started(OPENING_AND_CLOSING, folder, output=output) as process:
            wait_for(output, "closed", process)
            time.sleep(choose.uniform(0.0, 0.1))
        recorded = [int(number) for word, number in lines(output) if word == "recorded"]
        for number in recorded[-20:]:
            reader = RecordReader(folder / f"{number}.db")
            (block,) = reader.steps(1, 1)
            np.testing.assert_array_equal(block.values, stretch(1, 1, 300).astype(np.float32))


@pytest.mark.parametrize("moment", ["INSERT OR REPLACE INTO event", "COMMIT"])
def test_an_event_and_the_steps_before_it_are_there_together_or_not_at_all(tmp_path: Path, moment: str) -> None:
    with started(KILLED_BETWEEN_STEPS_AND_EVENT, tmp_path / "run.db", moment, output=tmp_path / "out") as process:
        assert process.wait(20) == -signal.SIGKILL
    reader = RecordReader(tmp_path / "run.db")
    assert check_segment(reader, 1) == 50
    assert [event.kind for event in reader.events()] == ["first"]


def test_a_reader_beside_the_writer_sees_whole_commits_in_order(tmp_path: Path) -> None:
    output = tmp_path / "out"
    with started(BUSY_WRITER, tmp_path / "run.db", 1, output=output) as process:
        wait_for(output, "acknowledged", process)
        seen = (0, 0)
        for _ in range(15):
            reader = RecordReader(tmp_path / "run.db")
            acknowledged = [line for line in lines(output) if line[0] == "acknowledged"][-1]
            segment = reader.segments()[-1].id
            found = (segment, check_segment(reader, segment))
            assert found >= (int(acknowledged[1]), int(acknowledged[2])) or segment > int(acknowledged[1])
            assert found >= seen
            seen = found
        assert process.poll() is None


def test_a_reader_that_stops_half_way_keeps_neither_the_log_nor_the_last_commit_waiting(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    writer = RecordWriter(path, precision="float64", meta={})
    writer.append(StepBlock(first_step=1, values=stretch(1, 1, 200_000)))
    writer.commit()
    blocks = RecordReader(path).steps(1, 1)
    next(blocks)
    for first in range(200_001, 800_001, 10_000):
        writer.append(StepBlock(first_step=first, values=stretch(1, first, 10_000)))
        writer.commit()
    assert path.with_name("run.db-wal").stat().st_size < 8 << 20
    writer.close()
    assert [found.name for found in tmp_path.iterdir()] == ["run.db"]
    assert sum(block.values.shape[1] for block in blocks) > 0


def full_disk(folder: Path, steps: int, ending: str) -> dict[str, object]:
    command = [sys.executable, "-c", PRELUDE + FULL_DISK, str(folder / "run.db"), str(steps), ending]
    done = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    report = json.loads(done.stdout)
    assert isinstance(report, dict)
    return report


def test_on_a_full_disk_training_goes_on_and_the_record_catches_up_when_there_is_room(tmp_path: Path) -> None:
    report = full_disk(tmp_path, 50_000, "freed")
    assert "cannot be written" in str(report["problem"])
    assert "\n" not in str(report["problem"])
    assert report["event"] is False
    assert report["through"] < [1, 50_000]  # type: ignore[operator]
    assert (report["after"], report["lost"], report["through_after"]) == (None, 0, [1, 110_000])
    reader = RecordReader(tmp_path / "run.db")
    assert check_segment(reader, 1) == reader.last_step(1) == 110_000
    assert [event.step for event in reader.events()] == [50_000]


def test_a_disk_that_stays_full_costs_bounded_memory_and_then_the_oldest_steps(tmp_path: Path) -> None:
    """Two and a half million steps are 100 MB: what does not fit into memory is a gap that a reader sees."""
    report = full_disk(tmp_path, 2_500_000, "freed")
    lost = report["lost"]
    assert isinstance(lost, int)
    assert lost > 500_000
    assert report["memory"] <= 64 << 20  # type: ignore[operator]
    assert (report["after"], report["through_after"]) == (None, [1, report["last"]])
    reader = RecordReader(tmp_path / "run.db")
    steps = last = gaps = 0
    for block in reader.steps(1, 1):
        gaps += block.first_step != last + 1
        count = block.values.shape[1]
        np.testing.assert_array_equal(block.values, stretch(1, block.first_step, count))
        steps += count
        last = block.last_step
    assert (gaps, last, last - steps) == (1, report["last"], lost)
    assert len(reader.events()) == 1


def test_a_disk_that_is_full_to_the_end_leaves_what_was_recorded_readable(tmp_path: Path) -> None:
    report = full_disk(tmp_path, 50_000, "still full")
    assert report["after"] is not None
    recorded = report["through_after"]
    reader = RecordReader(tmp_path / "run.db")
    assert [1, check_segment(reader, 1)] == recorded
    assert reader.damaged == 0


def test_the_same_holds_for_the_error_that_a_full_file_system_gives(tmp_path: Path) -> None:
    """SQLITE_FULL, where a limit on the file's size gives an input/output error."""
    writer = RecordWriter(tmp_path / "run.db", precision="float64", meta={})
    connection: sqlite3.Connection = writer._connection
    connection.execute("PRAGMA max_page_count = 60").fetchall()
    for first in range(1, 20_001, 2000):
        writer.append(StepBlock(first_step=first, values=stretch(1, first, 2000)))
        writer.commit()
    assert "disk is full" in str(writer.problem)
    assert writer.recorded_through < (1, 20_000)
    assert RecordReader(tmp_path / "run.db").last_step(1) == writer.recorded_through[1]
    connection.execute("PRAGMA max_page_count = 1000000").fetchall()
    assert writer.commit() == 20_000
    assert writer.problem is None
    writer.close()
    assert check_segment(RecordReader(tmp_path / "run.db"), 1) == 20_000


def test_room_for_a_part_of_the_backlog_is_used_and_counted_exactly(tmp_path: Path) -> None:
    writer = RecordWriter(tmp_path / "run.db", precision="float64", meta={})
    connection: sqlite3.Connection = writer._connection
    connection.execute("PRAGMA max_page_count = 60").fetchall()
    writer.append(StepBlock(first_step=1, values=stretch(1, 1, 100_000)))
    writer.new_segment(50_000)
    writer.append(StepBlock(first_step=50_001, values=stretch(2, 50_001, 30_000)))
    writer.commit()
    assert writer.recorded_through == (1, 0)
    connection.execute("PRAGMA max_page_count = 800").fetchall()
    writer.commit()
    segment, step = writer.recorded_through
    assert segment == 1
    assert 0 < step < 100_000
    assert check_segment(RecordReader(tmp_path / "run.db"), 1) == step
    connection.execute("PRAGMA max_page_count = 1000000").fetchall()
    writer.commit()
    assert writer.recorded_through == (2, 80_000)
    writer.close()
    assert check_segment(RecordReader(tmp_path / "run.db"), 1) == 100_000
