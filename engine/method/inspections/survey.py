"""A window over two directions, and values on a grid over it that come coarse first."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from .inspection import Inspection

STRETCH_S = 0.002
"""How long values are computed before a step may be made."""

Span = tuple[float, float]


class WindowInspection(Inspection):
    """What is looked at over a window, which the inspection chooses where nobody has."""

    x: Span | None = None
    y: Span | None = None

    @model_validator(mode="after")
    def _spans_are_spans(self) -> Self:
        for name, span in (("x", self.x), ("y", self.y)):
            if span is not None and not span[0] < span[1]:
                raise ValueError(f"{name} = {list(span)}: the first has to be less than the second")
        return self


def coarse_to_fine(
    value: Callable[[int, int], Generator[None, None, float]], shape: tuple[int, int], strides: Sequence[int]
) -> Iterator[tuple[int, NDArray[np.float64]] | None]:
    """Yield None after every stretch of work, and each stride with the values that lie so far apart.

    Args:
        value: Of a row and a column of the grid; it is asked for once, and yields where it takes long itself.
        shape: Rows and columns.
        strides: The last is 1, and each is a multiple of the next, so that coarse grids lie in finer ones.
    """
    values, known = np.full(shape, np.nan), np.zeros(shape, np.bool_)
    due = time.perf_counter() + STRETCH_S
    for stride in strides:
        for row in range(0, shape[0], stride):
            for column in (np.flatnonzero(~known[row, ::stride]) * stride).tolist():
                values[row, column] = yield from value(row, column)
                if time.perf_counter() > due:
                    yield None
                    due = time.perf_counter() + STRETCH_S
            known[row, ::stride] = True
        yield stride, values[::stride, ::stride].copy()
