"""The record of a run: every step on disk while the run goes on, in one SQLite file with one writer.

A step that was reported as recorded survives a `kill -9` of the engine; a change of a hyperparameter survives a power
cut as well. A full disk never stops the training. How to read a record is in `history`.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sqlite3
import struct
import time
import zlib
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from ..method.telemetry import SERIES, StepBlock, TensorFigures
from ..text import clean, counted

APPLICATION_ID = 0x67647475
""""gdtu" in the file's header says that a SQLite file is a record of ours."""
SCHEMA_VERSION = 3
"""Kept in the header's `user_version`; a reader refuses a larger one and reads a smaller one.

1: one lane alone, and no column that says so. 2: telemetry without the spread of the entries. 3: as now.
"""

STORED: dict[str, np.dtype[np.floating[Any]]] = {"float32": np.dtype("<f4"), "float64": np.dtype("<f8")}
"""How the numbers of a run of each precision lie on disk."""

MAXIMUM_CHUNK = 4096
"""Steps in one row at most: 160 kB in float64, about 1 ms to read for a zoom."""
MINIMUM_CHUNK = 1024
"""A commit closes a chunk of this many steps and rewrites a shorter one: a slow run leaves few rows, and none ever
rewrites more than 40 kB."""

_TRANSACTION_BYTES = 1 << 20
"""What one transaction holds at most, so that a backlog is written as far as the disk has room."""
_MEASUREMENT_BYTES = 64 << 20
"""Steps, telemetry and evaluations that wait for a full disk: half a minute at 50,000 steps a second."""
_EVENT_BYTES = 16 << 20
"""Events have room of their own: steps lost are a gap in a curve, an event lost spoils the replay of the whole run."""
_ROW_BYTES = 200
"""What Python needs for a row besides its blobs and texts, roughly."""

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE series (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE segment (id INTEGER PRIMARY KEY, parent INTEGER, from_step INTEGER NOT NULL);
CREATE TABLE chunk (
    segment INTEGER NOT NULL, lane INTEGER NOT NULL, step0 INTEGER NOT NULL, n INTEGER NOT NULL,
    mono_ns INTEGER NOT NULL, crc32 INTEGER NOT NULL, minmax BLOB NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (segment, lane, step0));
CREATE TABLE telemetry (
    segment INTEGER NOT NULL, lane INTEGER NOT NULL, step INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (segment, lane, step));
CREATE TABLE evaluation (
    segment INTEGER NOT NULL, lane INTEGER NOT NULL, step INTEGER NOT NULL, split TEXT NOT NULL, loss REAL,
    accuracy REAL, PRIMARY KEY (segment, lane, step, split));
CREATE TABLE event (
    id INTEGER PRIMARY KEY, segment INTEGER NOT NULL, lane INTEGER NOT NULL, step INTEGER NOT NULL, wall REAL NOT NULL,
    mono_ns INTEGER NOT NULL, actor TEXT NOT NULL, kind TEXT NOT NULL, json TEXT NOT NULL);
"""

# A commit whose error came after its bytes were on disk is tried again: every row names its key, so that writing it
# twice is writing it once.
_INSERT_SEGMENT = "INSERT OR REPLACE INTO segment VALUES (?, ?, ?)"
_INSERT_CHUNK = "INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_TELEMETRY = "INSERT OR REPLACE INTO telemetry VALUES (?, ?, ?, ?)"
_INSERT_EVALUATION = "INSERT OR REPLACE INTO evaluation VALUES (?, ?, ?, ?, ?, ?)"
_INSERT_EVENT = "INSERT OR REPLACE INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


def checksum(content: bytes, *key: int) -> int:
    """Return the CRC-32 of `content` and of the place it belongs to, so that neither can change unnoticed."""
    return zlib.crc32(content, zlib.crc32(struct.pack(f"<{len(key)}q", *key)))


def sealed(content: bytes, *key: int) -> bytes:
    """Return `content` with its checksum in the last four bytes."""
    return content + checksum(content, *key).to_bytes(4, "little")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One row that waits to be written."""

    statement: str
    parameters: tuple[int | float | str | bytes | None, ...]
    size: int
    """Bytes that it takes in memory, roughly."""
    steps: int = 0
    """How many steps are lost with it."""
    through: tuple[int, int, int] | None = None
    """Of a chunk its lane, its segment and its last step."""


class _Backlog:
    """Rows that wait to be written, oldest first; beyond the capacity the oldest are dropped."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self.rows: deque[_Row] = deque()
        self.size = 0
        self.dropped_rows = 0
        self.dropped_steps = 0

    def add(self, row: _Row) -> None:
        self.rows.append(row)
        self.size += row.size
        while self.size > self._capacity:
            lost = self.rows[0]
            self.remove(1)
            self.dropped_rows += 1
            self.dropped_steps += lost.steps

    def oldest(self, limit: int) -> list[_Row]:
        """Return the oldest rows of together `limit` bytes or little more."""
        found: list[_Row] = []
        size = 0
        for row in self.rows:
            if size >= limit:
                break
            found.append(row)
            size += row.size
        return found

    def remove(self, count: int) -> None:
        for _ in range(count):
            self.size -= self.rows.popleft().size


class _Lane:
    """The newest steps of one lane, not yet in a chunk that is full."""

    def __init__(self, number: int, dtype: np.dtype[np.floating[Any]]) -> None:
        self.number = number
        self.last_step = 0
        self.values = np.empty((len(SERIES), MAXIMUM_CHUNK), dtype)
        self.steps = 0
        """How many of them are in use."""
        self.written = 0
        """How many of these are on disk."""
        self.mono_ns = 0
        self.recorded_through = (1, 0)

    def take(self, values: NDArray[np.float64]) -> int:
        """Take in as many of (series, steps) as there is room for and return how many."""
        count = min(int(values.shape[1]), MAXIMUM_CHUNK - self.steps)
        with np.errstate(over="ignore", under="ignore"):
            self.values[:, self.steps : self.steps + count] = values[:, :count]
        self.steps += count
        self.last_step += count
        self.mono_ns = time.monotonic_ns()
        return count

    def chunk(self, segment: int) -> _Row:
        """Return the row that holds all of the steps in use."""
        values = self.values[:, : self.steps]
        key = (segment, self.number, self.last_step - self.steps + 1, self.steps)
        finite = np.isfinite(values)
        bounds = np.stack([values.min(1, initial=np.inf, where=finite), values.max(1, initial=-np.inf, where=finite)])
        data = values.tobytes()
        return _Row(
            statement=_INSERT_CHUNK,
            parameters=(*key, self.mono_ns, checksum(data, *key), sealed(bounds.tobytes(), *key), data),
            size=len(data) + _ROW_BYTES,
            steps=self.steps - self.written,
            through=(self.number, segment, self.last_step),
        )


class RecordWriter:
    """Writes the record of one run; the engine's process has the only one, and uses it from one thread.

    What is added waits in memory until `commit`. Neither `commit` nor `add_event` raises when the disk is full or
    broken: `problem` says it, what could not be written waits in bounded memory, and each later commit tries again.

    Raises:
        RunError: from the constructor: the file exists, or cannot be created here.
    """

    def __init__(self, path: Path, *, precision: str, meta: Mapping[str, str], lanes: int = 1) -> None:
        stored = STORED[precision]
        self.path = path
        self.segment = 1
        """The current segment; the first is 1."""
        self.problem: str | None = None
        """Why the record is behind, as a sentence for the screen; None while all is well."""
        self._segments: list[_Row] = []
        self._measurements = _Backlog(_MEASUREMENT_BYTES)
        self._events = _Backlog(_EVENT_BYTES)
        self._last_event = 0
        self._lanes = [_Lane(number, stored) for number in range(lanes)]
        self._connection = _create(path, {**meta, "precision": precision})

    @property
    def recorded_through(self) -> tuple[int, int]:
        """Segment and step of the first lane up to which everything that was not dropped survives a kill.

        The others are written in the same transactions.
        """
        return self._lanes[0].recorded_through

    @property
    def dropped_steps(self) -> int:
        """How many steps are not in the record because the disk was full for too long."""
        return self._measurements.dropped_steps

    @property
    def unrecorded_steps(self) -> int | None:
        """How many steps of all lanes it lacks, as it could not be written; None where there was never such trouble."""
        if self.problem is not None:
            return self.dropped_steps + self._waiting_steps()
        return self.dropped_steps or None

    def new_segment(self, from_step: int) -> int:
        """Begin a segment of all lanes after step `from_step` and return its number; its parent is the one before."""
        for lane in self._lanes:
            self._close_chunk(lane)
            lane.last_step = int(from_step)
        parent, self.segment = self.segment, self.segment + 1
        parameters = (self.segment, parent, int(from_step))
        self._segments.append(_Row(statement=_INSERT_SEGMENT, parameters=parameters, size=_ROW_BYTES))
        return self.segment

    def append(self, block: StepBlock, *, lane: int = 0) -> None:
        """Add the next steps of a lane in the current segment; `block` may be overwritten afterwards.

        A float32 run keeps float32 numbers; what is too large for them becomes inf.

        Raises:
            ValueError: the block does not begin where the last one ended.
        """
        open_chunk = self._lanes[lane]
        if block.first_step != open_chunk.last_step + 1:
            raise ValueError(f"step {open_chunk.last_step + 1} comes next in the record, not step {block.first_step}")
        taken = 0
        while taken < block.values.shape[1]:
            taken += open_chunk.take(block.values[:, taken:])
            if open_chunk.steps == MAXIMUM_CHUNK:
                self._close_chunk(open_chunk)
        if self._measurements.size > _TRANSACTION_BYTES and self.problem is None:
            self.commit()

    def add_telemetry(self, figures: TensorFigures, *, lane: int = 0) -> None:
        """Add the figures of every tensor after a step, nan where one is not defined."""
        key = (self.segment, lane, figures.step)
        data = sealed(figures.kept(), *key)
        self._measurements.add(_Row(statement=_INSERT_TELEMETRY, parameters=(*key, data), size=len(data) + _ROW_BYTES))

    def add_evaluation(self, step: int, split: str, loss: float, accuracy: float | None, *, lane: int = 0) -> None:
        """Add loss and accuracy over a whole split after `step`."""
        # SQLite does not take NumPy's numbers, and would say so at every later commit.
        share = None if accuracy is None else float(accuracy)
        parameters = (self.segment, lane, int(step), clean(split), float(loss), share)
        self._measurements.add(_Row(statement=_INSERT_EVALUATION, parameters=parameters, size=_ROW_BYTES))

    def add_event(self, *, step: int, kind: str, actor: str, payload: Mapping[str, object], lane: int = 0) -> bool:
        """Write an event and all steps before it, and return whether both now survive a power cut.

        The last steps and the event are one transaction. Non-finite numbers in `payload` become the strings "nan",
        "inf" and "-inf". False means that the disk refused (`problem` says why) and that the event waits.

        Raises:
            TypeError: `payload` holds something that JSON does not have.
        """
        text = json.dumps(_portable(payload), allow_nan=False)
        self._last_event += 1
        wall, mono_ns = time.time(), time.monotonic_ns()
        parameters = (self._last_event, self.segment, lane, int(step), wall, mono_ns, clean(actor), clean(kind), text)
        self._events.add(_Row(statement=_INSERT_EVENT, parameters=parameters, size=len(text) + _ROW_BYTES))
        self._flush(synced=True)
        return self.problem is None

    def commit(self) -> int:
        """Write everything that waits, and return the last step on disk: the second half of `recorded_through`."""
        self._flush(synced=False)
        return self.recorded_through[1]

    def close(self) -> None:
        """Commit, and leave one file that can be copied; on a full disk what could be written stays readable."""
        self._flush(synced=False)
        with contextlib.suppress(sqlite3.DatabaseError):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            # Leaving WAL mode rewrites the header. A rollback journal on disk, left by a kill just then, would shut
            # out every read-only reader; the rewritten bytes lie in one disk sector, so nothing is lost without it.
            self._connection.execute("PRAGMA journal_mode = MEMORY").fetchall()
        self._connection.close()

    def _waiting_steps(self) -> int:
        waiting = sum(row.steps for row in self._measurements.rows)
        return waiting + sum(lane.steps - lane.written for lane in self._lanes)

    def _close_chunk(self, lane: _Lane) -> None:
        if lane.steps > lane.written:
            self._measurements.add(lane.chunk(self.segment))
        lane.steps = lane.written = 0

    def _flush(self, *, synced: bool) -> None:
        for lane in self._lanes:
            if lane.steps >= MINIMUM_CHUNK:
                self._close_chunk(lane)
        try:
            while not self._write_oldest(synced=synced):
                pass
        except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
            raise  # a mistake of this program, not of a disk
        except sqlite3.DatabaseError as error:
            kept = counted(self._waiting_steps(), "step")
            self.problem = (
                f"The record cannot be written ({error}): training goes on, {kept} kept in memory, "
                f"{self.dropped_steps:,} lost. Make room on the disk of {clean(str(self.path))}, or repair it."
            )
        else:
            self.problem = None

    def _write_oldest(self, *, synced: bool) -> bool:
        """Write one transaction and return whether nothing waits any longer."""
        measurements = self._measurements.oldest(_TRANSACTION_BYTES)
        last = len(measurements) == len(self._measurements.rows)
        rows = [*self._segments, *measurements]
        if last:
            rows += self._events.rows
            rows += [lane.chunk(self.segment) for lane in self._lanes if lane.steps > lane.written]
        if rows:
            self._transact(rows, synced=synced and last)
        self._segments.clear()
        self._measurements.remove(len(measurements))
        if last:
            self._events.remove(len(self._events.rows))
            for lane in self._lanes:
                lane.written = lane.steps
                lane.recorded_through = (self.segment, lane.last_step)
        else:
            for number, *through in (row.through for row in rows if row.through):
                self._lanes[number].recorded_through = (through[0], through[1])
        return last

    def _transact(self, rows: Sequence[_Row], *, synced: bool) -> None:
        # FULL syncs the log at this commit whatever readers do; a passive checkpoint syncs nothing while one of them
        # stands in its way.
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for row in rows:
                self._connection.execute(row.statement, row.parameters)
            self._connection.execute("COMMIT")
        finally:
            # SQLite has rolled back by itself after some errors and not after others.
            if self._connection.in_transaction:
                with contextlib.suppress(sqlite3.DatabaseError):
                    self._connection.execute("ROLLBACK")


def _create(path: Path, meta: Mapping[str, str]) -> sqlite3.Connection:
    shown = clean(str(path))
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise RunError(f"{shown} exists already: a record is never written over, choose another folder") from None
    except OSError as error:
        raise RunError(f"{shown} cannot be created: {error.strerror}") from None
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        if connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            raise RunError(f"{shown}: this file system cannot hold a record that is read while it is written")
        # macOS answers a plain fsync before the bytes are on the disk; nothing changes elsewhere.
        connection.execute("PRAGMA fullfsync = ON")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("BEGIN IMMEDIATE")
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        connection.executemany(
            "INSERT INTO meta VALUES (?, ?)", [(key, _encodable(value)) for key, value in meta.items()]
        )
        connection.executemany("INSERT INTO series VALUES (?, ?)", list(enumerate(SERIES)))
        connection.execute(_INSERT_SEGMENT, (1, None, 0))
        connection.execute("COMMIT")
    except (sqlite3.DatabaseError, RunError) as error:
        if connection is not None:
            connection.close()
        for suffix in ("", "-wal", "-shm", "-journal"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        if isinstance(error, RunError):
            raise
        raise RunError(f"{shown} cannot be created: {error}") from None
    return connection


def _portable(value: object) -> object:
    match value:
        case float() if not math.isfinite(value):
            return str(float(value))
        case Mapping():
            return {key: _portable(item) for key, item in value.items()}
        case list() | tuple():
            return [_portable(item) for item in value]
        case _:
            return value


def _encodable(text: str) -> str:
    """Return `text` without the lone surrogates that a file's name may hold and UTF-8 may not."""
    return text.encode("utf-8", "replace").decode()
