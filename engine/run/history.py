"""The record of a run as it is read: by a dashboard beside the running engine, or long after it.

A reader never changes a byte of the record, and never holds it: each call opens the file, reads in short
transactions, and lets go, so that the engine's log stays short and its last act, making one file of it, is not blocked.
"""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from ..method.race import MAXIMUM_LANES
from ..method.telemetry import FIGURES, SERIES, StepBlock, TensorFigures
from ..text import clean
from .record import APPLICATION_ID, MAXIMUM_CHUNK, SCHEMA_VERSION, STORED, checksum, sealed

_CHUNKS_AT_ONCE = 32
"""Chunks read per opening of the file, 5 MB: to open the log of a killed run costs milliseconds."""
_VALUE_BYTES = 16 << 20
"""No text or blob of an honest record is longer."""
_META_CHARACTERS = 200_000
_LATEST_S = 1e11
"""No clock of an honest record is later; the calendar ends soon after it."""
_TEXT_CHARACTERS = 2000
_FOREVER = (1 << 63) - 1

_Kind = type | tuple[type, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of a run between resets or rewinds; its steps count from `from_step` + 1."""

    id: int
    parent: int | None
    """The segment it left, None for the first."""
    from_step: int
    """The step after which it begins; 0 after a reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvaluation:
    """Loss and accuracy over a whole split after a step."""

    step: int
    split: str
    loss: float
    accuracy: float | None
    """0 to 1; None where there are no classes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """Something that happened between two steps."""

    id: int
    """Counted from 1 in the order of happening."""
    segment: int
    lane: int
    step: int
    """It happened after this many updates of its lane."""
    wall_s: float
    """Seconds since 1970, for a label only: clocks jump."""
    mono_ns: int
    """Nanoseconds of the engine's monotonic clock: only differences mean something."""
    actor: str
    kind: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The extremes of every chunk, for a view in which a chunk is narrower than a column of the screen."""

    first_steps: NDArray[np.int64]
    """(chunks,), ascending."""
    last_steps: NDArray[np.int64]
    """(chunks,)"""
    low: NDArray[np.float64]
    """(series, chunks): the smallest finite value, inf where there is none; rows in the order of `SERIES`."""
    high: NDArray[np.float64]
    """(series, chunks): the largest finite value, -inf where there is none."""


class RecordReader:
    """Reads a record, finished or still being written, and what a kill left of it.

    Every text that it returns is cleaned; lines stay lines only in the values of `meta`. Lanes are numbered from 0; a
    record of the first format has that one alone.

    Raises:
        RunError: from every method: the file is missing, no record, newer than this program, or damaged in a place
            without which nothing can be shown. Damaged chunks are skipped and counted instead.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._shown = clean(str(path))
        self._damaged: set[tuple[str, int, int, int]] = set()
        self._lane = ""
        if not path.is_file():
            raise RunError(f"{self._shown}: there is no such file")
        with self._opened() as connection:
            self._version = self._check_kind(connection)
            # A record of the first format has no column for the lane.
            self._lane = "lane" if self._version > 1 else "0"
            stored = self._rows(connection, "SELECT key, value FROM meta", (str, str))
            names = self._rows(connection, "SELECT name, id FROM series ORDER BY id", (str, int))
        self.meta = {
            clean(key): "\n".join(clean(line, _META_CHARACTERS) for line in value[:_META_CHARACTERS].split("\n"))
            for key, value in stored
        }
        self.precision = self.meta.get("precision", "")
        if self.precision not in STORED:
            raise RunError(f"{self._shown} is damaged: it does not say its precision")
        self._dtype = STORED[self.precision]
        self._stored_series = len(names)
        self._places = [(SERIES.index(name), row) for row, (name, _) in enumerate(names) if name in SERIES]

    @property
    def lanes(self) -> int:
        """How many lanes the run has."""
        try:
            return max(1, min(len(json.loads(self.meta.get("lanes", "[]"))), MAXIMUM_LANES))
        except (ValueError, TypeError, RecursionError):
            raise RunError(f"{self._shown} is damaged: it does not say its lanes") from None

    @property
    def damaged(self) -> int:
        """How many chunks and rows of telemetry were skipped so far because their checksum was wrong."""
        return len(self._damaged)

    def begun_s(self, segment: int) -> float | None:
        """Return when a segment began, in seconds since 1970 for a label only; None where the record does not say."""
        if segment == 1:
            said = [self.meta.get("begun", "")]
        else:
            # It begins with the answer to a reset.
            rows = self._read("SELECT wall FROM event WHERE segment = ? ORDER BY id LIMIT 1", (float,), segment)
            said = [wall for (wall,) in rows]
        try:
            return next((found for found in map(float, said) if 0.0 < found < _LATEST_S), None)
        except ValueError:
            return None

    def segments(self) -> list[Segment]:
        """Return all segments, oldest first."""
        rows = self._read("SELECT id, parent, from_step FROM segment ORDER BY id", (int, (int, NoneType), int))
        return [Segment(id=number, parent=parent, from_step=step) for number, parent, step in rows]

    def last_step(self, segment: int, *, lane: int = 0) -> int:
        """Return the last step that is recorded in `segment`, or the step from which it starts when there is none."""
        rows = self._read(
            "SELECT coalesce((SELECT step0 + n - 1 FROM chunk WHERE segment = ? AND :lane = ? ORDER BY step0 DESC"
            " LIMIT 1), from_step) FROM segment WHERE id = ?",
            (int,),
            segment,
            lane,
            segment,
        )
        if not rows:
            raise RunError(f"{self._shown} has no segment {segment}")
        return int(rows[0][0])

    def step_count(self, segment: int, *, lane: int = 0) -> int:
        """Return how many steps of `segment` are recorded."""
        query = "SELECT coalesce(sum(n), 0) FROM chunk WHERE segment = ? AND :lane = ?"
        return int(self._read(query, (int,), segment, lane)[0][0])

    def steps(self, segment: int, first: int, last: int | None = None, *, lane: int = 0) -> Iterator[StepBlock]:
        """Yield a lane's steps `first` to `last` of `segment`, both included, in order and in blocks as stored.

        Steps that are missing or damaged make a gap between two blocks.
        """
        last = _FOREVER if last is None else last
        starts = self._read(
            "SELECT step0 FROM chunk WHERE segment = ? AND :lane = ? AND step0 <= ? AND step0 >="
            " coalesce((SELECT max(step0) FROM chunk WHERE segment = ? AND :lane = ? AND step0 <= ?), 0)"
            " ORDER BY step0",
            (int,),
            segment,
            lane,
            last,
            segment,
            lane,
            first,
        )
        for index in range(0, len(starts), _CHUNKS_AT_ONCE):
            with self._opened() as connection:
                blocks = [
                    self._block(connection, segment, lane, step0)
                    for (step0,) in starts[index : index + _CHUNKS_AT_ONCE]
                ]
            for block in blocks:
                if block is None or block.last_step < first or block.first_step > last:
                    continue
                wanted = slice(max(first - block.first_step, 0), last - block.first_step + 1)
                yield StepBlock(
                    first_step=max(first, block.first_step), values=np.ascontiguousarray(block.values[:, wanted])
                )

    def overview(self, segment: int, *, lane: int = 0) -> Overview:
        """Return the extremes of every chunk of a lane in `segment`, without reading the steps."""
        rows = self._read(
            "SELECT step0, n, minmax FROM chunk WHERE segment = ? AND :lane = ? ORDER BY step0",
            (int, int, bytes),
            segment,
            lane,
        )
        size = 2 * self._stored_series * self._dtype.itemsize
        good = []
        for step0, count, content in rows:
            if len(content) == size + 4 and sealed(content[:-4], *self._key(segment, lane, step0, count)) == content:
                good.append((step0, step0 + count - 1, content))
            else:
                self._damaged.add(("chunk", segment, lane, step0))
        extremes = np.full((2, len(SERIES), len(good)), np.nan)
        for index, (_, _, content) in enumerate(good):
            bounds = np.frombuffer(content, self._dtype, 2 * self._stored_series).reshape(2, -1)
            for place, row in self._places:
                extremes[:, place, index] = bounds[:, row]
        return Overview(
            first_steps=np.array([first for first, _, _ in good], np.int64),
            last_steps=np.array([last for _, last, _ in good], np.int64),
            low=extremes[0],
            high=extremes[1],
        )

    def moments(self, segment: int, *, lane: int = 0) -> list[tuple[int, float]]:
        """Return when a lane had made how many steps, in ascending order: (step, seconds since the segment began)."""
        rows = self._read(
            "SELECT step0 + n - 1, mono_ns FROM chunk WHERE segment = ? AND :lane = ? ORDER BY step0",
            (int, int),
            segment,
            lane,
        )
        begin = self._read("SELECT mono_ns FROM event WHERE segment = ? ORDER BY id LIMIT 1", (int,), segment)
        first_ns = min([mono_ns for (mono_ns,) in begin] + [mono_ns for _, mono_ns in rows], default=0)
        return [(step, (mono_ns - first_ns) / 1e9) for step, mono_ns in rows]

    def telemetry(self, segment: int, *, lane: int = 0, last_only: bool = False) -> list[TensorFigures]:
        """Return the figures of all tensors that were kept, in the order of steps; with `last_only` one at most."""
        order = "DESC LIMIT 1" if last_only else "ASC"
        rows = self._read(
            f"SELECT step, data FROM telemetry WHERE segment = ? AND :lane = ? ORDER BY step {order}",  # noqa: S608 - two constants
            (int, bytes),
            segment,
            lane,
        )
        found = []
        for step, content in rows:
            kept = content[:-4]
            try:
                if sealed(kept, *self._key(segment, lane, step)) != content:
                    raise ValueError
                found.append(TensorFigures.from_kept(step, kept) if self._version > 2 else _without_spread(step, kept))
            except ValueError:
                self._damaged.add(("telemetry", segment, lane, step))
        return found

    def evaluations(self, segment: int, *, lane: int = 0) -> list[RecordedEvaluation]:
        """Return all evaluations of a lane, in the order of steps."""
        rows = self._read(
            "SELECT step, split, loss, accuracy FROM evaluation WHERE segment = ? AND :lane = ? ORDER BY step, split",
            (int, str, (float, NoneType), (float, NoneType)),
            segment,
            lane,
        )
        # SQLite keeps a nan as NULL.
        return [
            RecordedEvaluation(
                step=step, split=clean(split), loss=math.nan if loss is None else loss, accuracy=accuracy
            )
            for step, split, loss, accuracy in rows
        ]

    def events(self, segment: int | None = None) -> list[RecordedEvent]:
        """Return the events of one segment or of all, of every lane, in the order in which they happened."""
        rows = self._read(
            "SELECT id, segment, :lane, step, wall, mono_ns, actor, kind, json FROM event"
            " WHERE ? IS NULL OR segment = ? ORDER BY id",
            (int, int, int, int, float, int, str, str, str),
            segment,
            segment,
        )
        return [
            RecordedEvent(
                id=number,
                segment=of_segment,
                lane=lane,
                step=step,
                wall_s=wall,
                mono_ns=mono_ns,
                actor=clean(actor),
                kind=clean(kind),
                payload=self._payload(number, text),
            )
            for number, of_segment, lane, step, wall, mono_ns, actor, kind, text in rows
        ]

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
            connection.text_factory = lambda content: content.decode(errors="replace")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _VALUE_BYTES)
            connection.execute("PRAGMA trusted_schema = OFF")
            yield connection
        except sqlite3.Error as error:
            raise RunError(f"{self._shown} cannot be read: {clean(str(error))}") from None
        finally:
            if connection is not None:
                connection.close()

    def _check_kind(self, connection: sqlite3.Connection) -> int:
        """Return the format of the record, if it is one that can be read."""
        ((application,),) = connection.execute("PRAGMA application_id").fetchall()
        ((version,),) = connection.execute("PRAGMA user_version").fetchall()
        # A view or a trigger in the place of a table would be someone else's program.
        foreign = connection.execute("SELECT 1 FROM sqlite_master WHERE type NOT IN ('table', 'index')").fetchall()
        if application != APPLICATION_ID or foreign or version < 1:
            raise RunError(f"{self._shown} is not the record of a run")
        if version > SCHEMA_VERSION:
            raise RunError(
                f"{self._shown} was written by a newer gdtui (format {version}, this one reads up to "
                f"{SCHEMA_VERSION}): update gdtui"
            )
        return int(version)

    def _key(self, segment: int, lane: int, *others: int) -> tuple[int, ...]:
        """Return the place of a row as its checksum knows it."""
        return (segment, lane, *others) if self._version > 1 else (segment, *others)

    def _read(self, query: str, types: Sequence[_Kind], *parameters: int | None) -> list[tuple[Any, ...]]:
        with self._opened() as connection:
            return self._rows(connection, query, types, *parameters)

    def _rows(
        self, connection: sqlite3.Connection, query: str, types: Sequence[_Kind], *parameters: int | None
    ) -> list[tuple[Any, ...]]:
        """Return all rows at once, which also ends the read transaction; SQLite itself holds no column to its type.

        In the query, `:lane` stands for the lane's column.
        """
        rows = connection.execute(query.replace(":lane", self._lane), parameters).fetchall()
        for row in rows:
            if not all(isinstance(value, kind) for value, kind in zip(row, types, strict=True)):
                raise RunError(f"{self._shown} is damaged: a value has the wrong type")
        return rows

    def _block(self, connection: sqlite3.Connection, segment: int, lane: int, step0: int) -> StepBlock | None:
        query = f"SELECT n, crc32, data FROM chunk WHERE segment = ? AND {self._lane} = ? AND step0 = ?"  # noqa: S608 - two constants
        try:
            ((count, crc, data),) = connection.execute(query, (segment, lane, step0)).fetchall()
            if not isinstance(count, int) or not 1 <= count <= MAXIMUM_CHUNK or not isinstance(data, bytes):
                raise ValueError
            if len(data) != count * self._stored_series * self._dtype.itemsize:
                raise ValueError
            if checksum(data, *self._key(segment, lane, step0, count)) != crc:
                raise ValueError
        except sqlite3.OperationalError:
            raise
        except (sqlite3.DatabaseError, ValueError):
            self._damaged.add(("chunk", segment, lane, step0))
            return None
        stored = np.frombuffer(data, self._dtype).reshape(self._stored_series, count)
        values = np.full((len(SERIES), count), np.nan)
        for place, row in self._places:
            values[place] = stored[row]
        return StepBlock(first_step=step0, values=values)

    def _payload(self, number: int, text: str) -> dict[str, Any]:
        try:
            payload = _cleaned(
                json.loads(text, object_pairs_hook=_without_duplicates, parse_float=_finite, parse_constant=_finite)
            )
        except RecursionError:
            raise RunError(f"{self._shown}: event {number} is damaged: it is nested too deeply") from None
        except ValueError as error:
            raise RunError(f"{self._shown}: event {number} is damaged: {clean(str(error))}") from None
        if not isinstance(payload, dict):
            raise RunError(f"{self._shown}: event {number} is damaged: it is not an object")
        return payload


def _without_spread(step: int, content: bytes) -> TensorFigures:
    values = np.frombuffer(content, "<f8").astype(np.float64).reshape(-1, len(FIGURES))
    return TensorFigures(step=step, values=values)


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a finite number")
    return value


def _cleaned(value: object) -> object:
    match value:
        case str():
            return clean(value, _TEXT_CHARACTERS)
        case dict():
            return {clean(key): _cleaned(item) for key, item in value.items()}
        case list():
            return [_cleaned(item) for item in value]
        case _:
            return value
