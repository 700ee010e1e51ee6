"""Which cells of a picture are to be sent again: all widgets that draw cell by cell send no more than what changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from textual.geometry import Region

WORTH_SKIPPING = 16
"""Columns between two changed cells of a row from which on what lies between them is not sent again."""

Parts = dict[int, list[tuple[int, int]]]
"""Rows that look different, each with the columns from and up to which they do, in one part or in two."""


def changed_parts(changed: NDArray[np.bool_], *, top: int = 0) -> Parts:
    """Return the rows with a cell that has changed, (rows, columns), the first one numbered `top`.

    A row is in two parts where most of what lies between them has not changed.
    """
    rows = np.flatnonzero(changed.any(axis=1))
    if not rows.size:
        return {}
    there = changed[rows]
    first, last = there.argmax(axis=1), changed.shape[1] - there[:, ::-1].argmax(axis=1)
    idle = last - first - there.sum(axis=1)
    return {
        row + top: _parts(there[number], start, stop) if rest >= WORTH_SKIPPING else [(start, stop)]
        for number, (row, start, stop, rest) in enumerate(
            zip(rows.tolist(), first.tolist(), last.tolist(), idle.tolist(), strict=True)
        )
    }


def every_part(rows: int, columns: int) -> Parts:
    """Return all rows in full."""
    return {row: [(0, columns)] for row in range(rows)}


def regions_of(parts: Parts) -> list[Region]:
    """Return the parts as regions of a widget."""
    return [Region(start, row, stop - start, 1) for row, spans in parts.items() for start, stop in spans]


def _parts(changed: NDArray[np.bool_], start: int, stop: int) -> list[tuple[int, int]]:
    places = np.flatnonzero(changed)
    gaps = np.diff(places)
    widest = int(gaps.argmax())
    if int(gaps[widest]) <= WORTH_SKIPPING:
        return [(start, stop)]
    return [(start, int(places[widest]) + 1), (int(places[widest + 1]), stop)]
