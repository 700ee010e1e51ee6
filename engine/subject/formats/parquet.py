"""Parquet files, read by pyarrow where it is installed."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import MisfitError
from ...text import clean
from .opening import MAXIMUM_BYTES, MAXIMUM_COLUMNS, TOO_LARGE, FormatError, Loaded, Source, Wanted

MAGIC = b"PAR1"
BATCH_ROWS = 1 << 15
SHOWN_NAMES = 8


def is_parquet(start: bytes) -> bool:
    """Return whether a file that begins so is of this format."""
    return start.startswith(MAGIC)


def read_parquet(source: Source, wanted: Wanted) -> Loaded:
    """Return the samples of a table of numbers; `FormatError` or `MisfitError` say what is wrong with it."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise MisfitError(
            "data.file", str(source.path), 'a Parquet file where pyarrow is installed: pip install "gdtui[parquet]"'
        ) from None
    try:
        with os.fdopen(os.dup(source.descriptor), "rb") as file, parquet.ParquetFile(file) as table:
            return _Table(pa.types, table, wanted).read()
    except (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError) as error:
        if isinstance(error, MisfitError):
            raise
        raise FormatError(f"pyarrow cannot read it ({clean(str(error), 120)})") from None


class _Table:
    """A table whose columns become one array, batch by batch."""

    def __init__(self, types: Any, table: Any, wanted: Wanted) -> None:
        self._types, self._table = types, table
        schema = table.schema_arrow
        self._names, self._kinds = list(schema.names), list(schema.types)
        if not 2 <= len(self._names) <= MAXIMUM_COLUMNS:
            raise FormatError(f"it has {len(self._names):,} columns; a table of samples has 2 to {MAXIMUM_COLUMNS:,}")
        self._target = self._target_column(wanted.target)
        rows = table.metadata.num_rows
        self._count = rows if wanted.samples is None else min(rows, wanted.samples)

    def read(self) -> Loaded:
        """Return all of it."""
        features = [number for number in range(len(self._names)) if number != self._target]
        dtype: np.dtype[Any] = np.result_type(*(self._number_type(number) for number in features))
        if self._count * len(features) * dtype.itemsize > MAXIMUM_BYTES:
            raise FormatError(f"it has {self._count:,} × {len(features):,} numbers of {dtype}, {TOO_LARGE}")
        inputs = np.empty((self._count, len(features)), dtype)
        targets: list[NDArray[Any]] = []
        done = 0
        for batch in self._table.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
            rows = min(batch.num_rows, self._count - done)
            if rows <= 0:
                break
            for place, number in enumerate(features):
                inputs[done : done + rows, place] = self._values(batch, number, done)[:rows]
            targets.append(self._values(batch, self._target, done)[:rows])
            done += rows
        if done < self._count:
            raise FormatError(f"it promises {self._count:,} rows and has {done:,}")
        labels = np.concatenate(targets) if targets else np.empty(0)
        if labels.dtype.kind != "O":
            return Loaded(inputs=inputs, targets=labels)
        names, places = np.unique(labels.astype(str), return_inverse=True)
        return Loaded(inputs=inputs, targets=places.astype(np.int64), names=tuple(names.tolist()))

    def _target_column(self, target: int | str | None) -> int:
        names = self._names
        if target is None:
            return len(names) - 1
        if isinstance(target, int):
            if target >= len(names):
                raise MisfitError("data.target", target, f"a column from 0 to {len(names) - 1}")
            return target
        if names.count(target) != 1:
            shown = ", ".join(clean(name, 60) for name in names[:SHOWN_NAMES]) + (", …" * (len(names) > SHOWN_NAMES))
            raise MisfitError("data.target", target, f"the name of one column of {shown}, or its number")
        return names.index(target)

    def _column(self, number: int) -> str:
        return f"column {number} ({clean(self._names[number], 60)})"

    def _is_number(self, kind: Any) -> bool:
        types = self._types
        return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind))

    def _number_type(self, number: int) -> np.dtype[Any]:
        kind = self._kinds[number]
        if not self._is_number(kind):
            raise FormatError(f"its {self._column(number)} holds {clean(str(kind), 60)}: only the target may be text")
        found: np.dtype[Any] = np.dtype(kind.to_pandas_dtype())
        return found

    def _values(self, batch: Any, number: int, first: int) -> NDArray[Any]:
        """Return a column of a batch whose first row is the file's `first`; texts as objects."""
        types, kind, column = self._types, self._kinds[number], batch.column(number)
        if column.null_count:
            missing = int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
            raise FormatError(f"its {self._column(number)} is missing in row {first + missing}, counted from 0")
        if types.is_dictionary(kind):
            column, kind = column.dictionary_decode(), kind.value_type
        if not self._is_number(kind) and not (types.is_string(kind) or types.is_large_string(kind)):
            raise FormatError(f"its {self._column(number)} holds {clean(str(kind), 60)}: neither numbers nor text")
        values: NDArray[Any] = column.to_numpy(zero_copy_only=False)
        return values
