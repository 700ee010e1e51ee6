"""One row per parameter tensor: how long it is, how long its gradient, and what the optimizer makes of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical

from engine.run.protocol import TensorShape
from engine.text import clean

from ..charts.axes import compact
from .text_rows import Row, TextRows

LARGE_RATIO, SMALL_RATIO = 1e-1, 1e-6
"""An update of a tenth of the weights in one step, or of a millionth, is worth a second look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of figures."""

    title: str
    narrow: str
    tooltip: str


COLUMNS = (
    Column(title="‖w‖", narrow="‖w‖", tooltip="length of the weights"),
    Column(title="‖g‖", narrow="‖g‖", tooltip="length of the gradient"),
    Column(title="RMS √v̂", narrow="√v̂", tooltip="root mean square of the optimizer's second moment"),
    Column(title="effective α", narrow="eff. α", tooltip="how far a step moves per unit of a constant gradient"),
    Column(title="‖Δw‖/‖w‖", narrow="Δw/w", tooltip="the update against the weights; about 0.001 is usual"),
)


MATTERS_MOST = (2, 1, 3, 4, 0)
"""The columns in the order in which a narrow table keeps them."""
NARROWEST = 10
"""Cells that the usual longest figure, 1.234e-10, and a blank need."""


class ParameterTable(Vertical):
    """The table, with a heading that stays while the rows scroll."""

    DEFAULT_CSS = """
    ParameterTable { height: auto; }
    ParameterTable #heading { height: 1; }
    ParameterTable #tensors { height: 1fr; overflow: hidden auto; scrollbar-size-vertical: 1; }
    """

    def __init__(self, tensors: Sequence[TensorShape], *, id: str | None = None) -> None:  # noqa: A002
        """Make a table of these tensors."""
        super().__init__(id=id)
        self._tensors = tuple(tensors)
        self._heading = TextRows(id="heading")
        self._body = TextRows(id="tensors")
        self._body.can_focus = True
        self.tooltip = "\n".join(f"{column.title}: {column.tooltip}" for column in COLUMNS)

    def compose(self) -> ComposeResult:
        """Put the heading over the rows."""
        yield self._heading
        yield self._body

    def show(self, figures: NDArray[np.float64] | np.ndarray[Any, Any] | None) -> int:
        """Bring the table up to date with (tensors, figures) and return how many rows changed."""
        names = [clean(tensor.name, 40) for tensor in self._tensors]
        shapes = ["×".join(str(size) for size in tensor.shape) or "1" for tensor in self._tensors]
        width = self.size.width
        name_width = max([len("parameter"), *map(cell_len, names)])
        shape_width = max([len("shape"), *map(len, shapes)])
        room = width - name_width - shape_width - 2
        shown = sorted(MATTERS_MOST[: max(1, min(len(COLUMNS), room // NARROWEST))])
        cell = max(NARROWEST, min(14, room // len(shown)))
        titles = [
            COLUMNS[index].title if cell_len(COLUMNS[index].title) < cell else COLUMNS[index].narrow for index in shown
        ]
        heading = f"{'parameter':<{name_width}}  {'shape':<{shape_width}}" + "".join(
            " " * (cell - cell_len(title)) + title for title in titles
        )
        rows: list[Row] = []
        for index, (name, shape) in enumerate(zip(names, shapes, strict=True)):
            padding = " " * (name_width - cell_len(name))
            first = (f"{name}{padding}", "bold foreground"), (f"  {shape:<{shape_width}}", "dim foreground")
            values = figures[index].tolist() if figures is not None else [math.nan] * len(COLUMNS)
            cells = tuple(
                (f"{_figure(values[column], cell - 1):>{cell}}", _look(column, values[column])) for column in shown
            )
            rows.append((*first, *cells))
        return self._heading.show([((heading, "bold primary"),)]) + self._body.show(rows)

    def export(self) -> str:
        """Return the table as plain text."""
        return f"{self._heading.export()}\n{self._body.export()}"


def _figure(value: float, room: int) -> str:
    text = "–" if math.isnan(value) else compact(value)
    # An exponent of three digits leaves room for two of the mantissa's.
    return text if len(text) <= room else f"{value:.1e}"


def _look(column: int, value: float) -> str:
    if math.isnan(value):
        return "dim foreground"
    if not math.isfinite(value):
        return "bold error"
    if column == len(COLUMNS) - 1 and value and not SMALL_RATIO < value < LARGE_RATIO:
        return "bold warning"
    return "bold accent" if column == 2 else "foreground"
