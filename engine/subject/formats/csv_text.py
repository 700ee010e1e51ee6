"""Tables as text: CSV with commas, semicolons or tabs, with names in the first line or without.

Nothing is guessed about a number: a cell that is missing, no number or not finite is refused with its line. The column
that is to be learned may hold texts, which become classes in sorted order.
"""

from __future__ import annotations

import csv
import io
import math
from array import array
from collections.abc import Iterator, Sequence
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from ...errors import MisfitError
from ...text import clean, counted
from .opening import MAXIMUM_BYTES, MAXIMUM_COLUMNS, TOO_LARGE, FormatError, Loaded, Source, Wanted

MAXIMUM_LINE = 4 << 20
"""Bytes of a line: 65,536 columns of 60 characters."""
MAXIMUM_NAMES = 1 << 16
"""Different texts that a target may have."""
SNIFFED_LINES = 10
"""From so many lines the delimiter is told."""
DELIMITERS = "\t;,"
"""The first that cuts all of them alike is taken: a comma in a number is more common than a tab."""
MISSING = frozenset(("", "?", "na", "n/a", "nan", "null"))
SHOWN_NAMES = 8


def is_text(start: bytes) -> bool:
    """Return whether a file that begins so can be a text."""
    return bool(start.strip()) and b"\0" not in start


def read_csv(source: Source, wanted: Wanted) -> Loaded:
    """Return the samples of a table; `FormatError` or `MisfitError` say what is wrong with it, and where."""
    if source.size > MAXIMUM_BYTES:
        raise FormatError(f"it has {source.size:,} bytes, {TOO_LARGE}")
    with open(source.descriptor, "rb", closefd=False) as file:
        lines = _lines(file)
        head = list(islice(lines, SNIFFED_LINES))
        return _Table(chain(head, lines), _delimiter(head), wanted).read()


class _Table:
    """Rows on their way to arrays."""

    def __init__(self, lines: Iterator[str], delimiter: str, wanted: Wanted) -> None:
        self._cells = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
        self._wanted = wanted

    def read(self) -> Loaded:
        rows = self._rows()
        head = list(islice(rows, 2))
        if not head:
            raise FormatError("it has no lines")
        (self._first_line, first), second = head[0], head[-1][1]
        self._columns = len(first)
        if not 2 <= self._columns <= MAXIMUM_COLUMNS:
            raise FormatError(
                f"its first line has {counted(self._columns, 'cell')} between commas, semicolons or tabs; a table has "
                f"2 to {MAXIMUM_COLUMNS:,}"
            )
        has_names = _is_header(first, second) if self._wanted.header is None else self._wanted.header
        self._names = [clean(cell.strip(), 60) for cell in first] if has_names else []
        self._target = self._target_column()
        return self._samples(chain(head[1:] if has_names else head, rows))

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Return the rows that are not empty, each with the number of its line."""
        while True:
            try:
                row = next(self._cells)
            except StopIteration:
                return
            except csv.Error as error:
                raise FormatError(f"line {self._cells.line_num}: {error}") from None
            if row:
                yield self._cells.line_num, row

    def _target_column(self) -> int:
        target = self._wanted.target
        if target is None:
            return self._columns - 1
        if isinstance(target, int):
            if target >= self._columns:
                raise MisfitError("data.target", target, f"a column from 0 to {self._columns - 1}")
            return target
        if not self._names:
            raise MisfitError(
                "data.target", target, f"a number from 0 to {self._columns - 1}: the columns have no names"
            )
        found = self._names.count(clean(target.strip(), 60))
        if found != 1:
            names = ", ".join(self._names[:SHOWN_NAMES]) + (", …" * (self._columns > SHOWN_NAMES))
            raise MisfitError(
                "data.target",
                target,
                f"the name of one column of {names}, or its number; {found} have it",
            )
        return self._names.index(clean(target.strip(), 60))

    def _samples(self, rows: Iterator[tuple[int, list[str]]]) -> Loaded:
        values, labels = array("d"), _Labels()
        for line, row in islice(rows, self._wanted.samples):
            if len(row) != self._columns:
                raise FormatError(f"line {line} has {len(row)} cells, and line {self._first_line} has {self._columns}")
            label = row.pop(self._target).strip()
            if label.lower() in MISSING:
                raise FormatError(f"line {line}: the target, {self._column(self._target)}, is missing ({label!r})")
            try:
                numbers = array("d", map(float, row))
            except ValueError:
                raise self._wrong_cell(line, row) from None
            # A sum may overflow where its numbers do not.
            if not math.isfinite(sum(numbers)) and not all(map(math.isfinite, numbers)):
                raise self._wrong_cell(line, row)
            values.extend(numbers)
            if values.itemsize * len(values) > MAXIMUM_BYTES:
                raise FormatError(f"up to line {line} it has {TOO_LARGE}")
            labels.add(label, line)
        inputs = np.frombuffer(values, dtype=np.float64).reshape(-1, self._columns - 1)
        targets, names = labels.result()
        return Loaded(inputs=inputs, targets=targets, names=names)

    def _column(self, number: int) -> str:
        return f"column {number}" + (f" ({self._names[number]})" if self._names else "")

    def _wrong_cell(self, line: int, row: Sequence[str]) -> FormatError:
        """Return what to say about the first cell of a row, without its target, that is no finite number."""
        for place, cell in enumerate(row):
            if _number(cell) is not None:
                continue
            column = self._column(place + (place >= self._target))
            text = clean(repr(cell), 40)
            if cell.strip().lower() in MISSING:
                return FormatError(f"line {line}, {column} is missing ({text})")
            comma = " (a decimal comma?)" if _number(cell.replace(",", ".")) is not None else ""
            return FormatError(f"line {line}, {column} is {text}: no finite number{comma}; only the target may be text")
        raise AssertionError("a row was refused that has nothing wrong")


class _Labels:
    """The cells of the target: numbers if all of them are, and else names."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._places = array("q")
        self._numbers: array[float] | None = None

    def add(self, label: str, line: int) -> None:
        if self._numbers is None:
            self._places.append(self._known.setdefault(label, len(self._known)))
            if len(self._known) > MAXIMUM_NAMES:
                # So many are no classes: from here on they are taken for numbers.
                texts = [clean(repr(text), 40) for text in self._known if _number(text) is None]
                if texts:
                    raise FormatError(f"its target has more than {MAXIMUM_NAMES:,} different texts, such as {texts[0]}")
                known = [float(text) for text in self._known]
                self._numbers = array("d", (known[place] for place in self._places))
            return
        number = _number(label)
        if number is None:
            raise FormatError(f"line {line}: the target is {clean(repr(label), 40)}, and those before are numbers")
        self._numbers.append(number)

    def result(self) -> tuple[NDArray[np.generic], tuple[str, ...]]:
        """Return the targets, and the names of the classes where they are texts."""
        if self._numbers is not None:
            return np.frombuffer(self._numbers, dtype=np.float64), ()
        places = np.frombuffer(self._places, dtype=np.int64)
        numbers = [_number(text) for text in self._known]
        if all(number is not None for number in numbers):
            return np.array(numbers, dtype=np.float64)[places], ()
        names = sorted(self._known)
        ranks = {name: rank for rank, name in enumerate(names)}
        return np.array([ranks[name] for name in self._known], dtype=np.int64)[places], tuple(names)


def _lines(file: io.BufferedReader) -> Iterator[str]:
    number = 0
    while raw := file.readline(MAXIMUM_LINE + 1):
        number += 1
        if len(raw) > MAXIMUM_LINE:
            raise FormatError(f"line {number} has more than {MAXIMUM_LINE:,} bytes")
        try:
            yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise FormatError(f"line {number} is not UTF-8 (its byte {error.start + 1})") from None


def _delimiter(lines: Sequence[str]) -> str:
    best = ","
    for delimiter in DELIMITERS:
        try:
            widths = {len(row) for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True) if row}
        except csv.Error:
            continue  # said again, with its line, when the table is read
        if len(widths) == 1 and max(widths) > 1:
            return delimiter
        if max(widths, default=1) > 1:
            best = delimiter
    return best


def _is_header(first: Sequence[str], second: Sequence[str]) -> bool:
    """Return whether the first row names columns: some cell is a text where the next row has a number, or all are."""
    texts = [_number(cell) is None for cell in first]
    below = [_number(cell) is not None for cell in second]
    return all(texts) or any(text and number for text, number in zip(texts, below, strict=False))


def _number(text: str) -> float | None:
    """Return a finite number, or None."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
