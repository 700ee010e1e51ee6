"""Samples that stay on disk: which file, what is in it, and which part of it is trained on.

Rows are read with `preadv` into arrays that are used again and again. A memory map would hold as little and be no
faster (reading shuffled blocks of a megabyte that are not in memory yet: 0.9 GB/s against 1.1, and 1.6 with what comes
next announced to the kernel), but a process that looks at a map of a file that someone has cut short is killed on
the spot; a read comes back short, and the run can pause and say so.
"""

from __future__ import annotations

import math
import os
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MisfitError, RunError
from ..text import clean
from .datasets import MAXIMUM_FEATURES, MINIMUM_SAMPLES, Task
from .formats import FORMATS, FormatError, Source
from .formats.arrays import INPUT_NAMES, TARGET_NAMES, StoredArray, stored_arrays, unpacked
from .formats.opening import image_shape
from .targets import purpose_of

Raw = tuple[NDArray[Any], ...]
"""Rows as they are in the file: one array (rows, columns) for each of its tables."""

SCAN_BYTES = 8 << 20
"""Read at once on the one pass over the targets."""
SAMPLED_BYTES = 8 << 20
"""How much is looked at before a run begins, evenly spread: numbers that are not finite are looked for in there."""
READ_AHEAD = 128 << 10
"""What one hint to the kernel may name; of a longer stretch it may drop the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """An array in the file seen as rows, one a sample."""

    offset: int
    dtype: np.dtype[Any]
    columns: int

    @property
    def row_bytes(self) -> int:
        """The length of a row."""
        return self.dtype.itemsize * self.columns


class DataFile:
    """A file of samples, open for reading: nothing of it is in memory.

    Attributes:
        count: How many samples are used: all of them, or as many as were asked for from the beginning on.
        features: How many numbers a sample has beside its target.
        image_shape: (rows, columns) where these are a picture, row by row.
        input_dtype: The type of those in the file.
        row_bytes: The bytes of a sample in the file.
    """

    def __init__(self, path: str, *, target: int | str | None = None, samples: int | None = None) -> None:
        """Open the file and read its headers.

        Args:
            path: Of a regular file.
            target: The column of the target in a single array, counted from 0; None is the last one.
            samples: How many samples to use; None for all.

        Raises:
            MisfitError: It cannot be opened, is none of the formats, or does not hold what is asked for.
        """
        self.path = path
        self.image_shape: tuple[int, int] | None = None
        try:
            source = Source(path)
            self._file = source.descriptor
            weakref.finalize(self, os.close, self._file)
            if source.is_folder:
                raise FormatError("this is not a regular file")
            copy = unpacked(self._file)
            if copy is not None:
                self._file = copy
                weakref.finalize(self, os.close, copy)
            arrays = stored_arrays(self._file)
        except FormatError as error:
            raise self._refused(str(error)) from None
        except OSError as error:
            raise self._refused(str(error.strerror)) from None
        self._size = os.fstat(self._file).st_size
        found = self._lay_out(arrays, target)
        if samples is not None and samples > found:
            raise MisfitError("data.samples", samples, f"at most the {found:,} that the file has")
        if found < MINIMUM_SAMPLES:
            raise self._refused(f"at least {MINIMUM_SAMPLES} samples; it has {found}")
        self.count = found if samples is None else samples
        self.row_bytes = sum(table.row_bytes for table in self._tables)

    def empty(self, rows: int) -> Raw:
        """Return arrays for so many rows."""
        return tuple(np.empty((rows, table.columns), dtype=table.dtype) for table in self._tables)

    def read(self, first: int, into: Raw) -> None:
        """Fill `into` with the rows from `first` on.

        Raises:
            RunError: They are not there any more, or the disk does not give them.
        """
        for table, rows in zip(self._tables, into, strict=True):
            self._read_table(table, first, rows)

    def expect(self, first: int, rows: int) -> None:
        """Tell the kernel that these rows are wanted soon, so that it reads them while others are trained on."""
        if not hasattr(os, "posix_fadvise"):
            return  # macOS reads ahead by itself alone
        for table in self._tables:
            start = table.offset + first * table.row_bytes
            for offset in range(start, start + rows * table.row_bytes, READ_AHEAD):
                os.posix_fadvise(self._file, offset, READ_AHEAD, os.POSIX_FADV_WILLNEED)

    def inputs(self, raw: Raw) -> Iterator[tuple[slice, NDArray[Any]]]:
        """Return the inputs among raw rows as views, each with the features that it holds."""
        start = 0
        for columns in self._input_columns:
            view = raw[0][:, columns]
            yield slice(start, start + view.shape[1]), view
            start += view.shape[1]

    def labels(self, raw: Raw) -> NDArray[Any]:
        """Return the targets among raw rows as a view, (rows,)."""
        return raw[-1][:, self._target_column]

    def examine(self, task: Task | None, classes: int | None) -> tuple[Task, int]:
        """Return what the targets are for, and how many classes there are, 0 for a regression.

        All targets are read once, unless all is said already. Of the rest of the file a bounded part is looked at.

        Raises:
            MisfitError: The targets do not fit, or there are numbers that are not finite.
        """
        self._look_for_broken_numbers()
        if task == "regression":
            return "regression", 0
        if classes is not None:
            return "classification", classes
        return self._scanned(task)

    # ---- the file

    def _refused(self, reason: str) -> MisfitError:
        return MisfitError("data.file", self.path, f"{FORMATS[0].title}; {reason}")

    def _lay_out(self, arrays: dict[str, StoredArray], target: int | str | None) -> int:
        """Find inputs and targets among the arrays, and return how many samples they have."""
        if "" in arrays:
            table = arrays[""]
            if len(table.shape) != 2 or table.shape[1] < 2:
                raise self._refused(f"this array is {table.shape}")
            found, columns = table.shape
            if isinstance(target, str) or (target is not None and target >= columns):
                raise MisfitError("data.target", target, f"a column from 0 to {columns - 1}")
            self._target_column = columns - 1 if target is None else target
            self._tables: tuple[Table, ...] = (_table(table, columns),)
            parts = (slice(0, self._target_column), slice(self._target_column + 1, columns))
            self._input_columns = tuple(part for part in parts if part.start < part.stop)
            self.features = columns - 1
        else:
            if target is not None:
                raise MisfitError(
                    "data.target", target, "nothing: the targets of a .npz file are an array of their own"
                )
            inputs, targets = self._one_of(arrays, INPUT_NAMES), self._one_of(arrays, TARGET_NAMES)
            found, self.features = inputs.shape[0], math.prod(inputs.shape[1:])
            if targets.shape[0] != found or math.prod(targets.shape) != found or not self.features:
                raise self._refused(f"its inputs are {inputs.shape} and its targets {targets.shape}")
            self.image_shape = image_shape(inputs.shape)
            self._target_column = 0
            self._tables = (_table(inputs, self.features), _table(targets, 1))
            self._input_columns = (slice(0, self.features),)
        if self.features > MAXIMUM_FEATURES:
            raise self._refused(f"its samples have {self.features:,} numbers, more than {MAXIMUM_FEATURES:,}")
        self.input_dtype = self._tables[0].dtype
        return found

    def _one_of(self, arrays: dict[str, StoredArray], names: tuple[str, ...]) -> StoredArray:
        found = [arrays[name] for name in names if name in arrays]
        if len(found) != 1:
            raise self._refused(f"it has {len(found)} arrays named {', '.join(names[:-1])} or {names[-1]}")
        return found[0]

    def _read_table(self, table: Table, first: int, rows: NDArray[Any]) -> None:
        place = table.offset + first * table.row_bytes
        left = rows.reshape(-1).view(np.uint8).data
        try:
            while left:
                done = os.preadv(self._file, [left], place)
                if done == 0:
                    now = os.fstat(self._file).st_size
                    raise RunError(f"{clean(self.path)}: has {now:,} bytes, and had {self._size:,} when the run began")
                left, place = left[done:], place + done
        except OSError as error:
            raise RunError(f"{clean(self.path)}: cannot be read at byte {place:,}: {error.strerror}") from None

    # ---- what is in it

    def _look_for_broken_numbers(self) -> None:
        rows = max(1, SCAN_BYTES // 64 // self.row_bytes)
        stretches = max(1, min(SAMPLED_BYTES // (rows * self.row_bytes), self.count // rows))
        rows = min(rows, self.count)
        raw = self.empty(rows)
        for number in range(stretches):
            first = number * (self.count - rows) // max(1, stretches - 1)
            self._read_at_start(first, raw)
            for values in (*(view for _, view in self.inputs(raw)), self.labels(raw)):
                if values.dtype.kind == "f" and not np.isfinite(values).all():
                    broken = np.flatnonzero(~np.isfinite(values.reshape(rows, -1)).all(axis=1))
                    raise self._refused(f"sample {first + int(broken[0])}, counted from 0, has a nan or an infinity")

    def _read_at_start(self, first: int, raw: Raw) -> None:
        try:
            self.read(first, raw)
        except RunError as error:
            raise self._refused(str(error)) from None

    def _scanned(self, task: Task | None) -> tuple[Task, int]:
        """Read all targets once, and return what they are for and how many classes they name."""
        try:
            return purpose_of(self._targets_in_turn(), self._tables[-1].dtype, task)
        except FormatError as error:
            raise self._refused(str(error)) from None

    def _targets_in_turn(self) -> Iterator[tuple[int, NDArray[Any]]]:
        table = self._tables[-1]
        rows = max(1, min(self.count, SCAN_BYTES // table.row_bytes))
        part = np.empty((rows, table.columns), dtype=table.dtype)
        for first in range(0, self.count, rows):
            chunk = part[: min(rows, self.count - first)]
            try:
                self._read_table(table, first, chunk)
            except RunError as error:
                raise self._refused(str(error)) from None
            yield first, chunk[:, self._target_column]


def _table(array: StoredArray, columns: int) -> Table:
    return Table(offset=array.offset, dtype=array.dtype, columns=columns)
