"""One row per parameter tensor: how long it is, how long its gradient, and what the optimizer makes of it."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Click, Resize
from textual.message import Message

from engine.run.events import TensorShape
from engine.text import clean

from ..charts.axes import compact
from ..charts.glyphs import spelled
from ..wording import in_words
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


RATE = 3
"""The column with the learning rate that is in effect."""
MATTERS_MOST = (2, 1, 3, 4, 0)
"""The columns in the order in which a narrow table keeps them."""
NARROWEST = 10
"""Cells that the usual longest figure, 1.234e-10, and a blank need."""
NAME, SHAPE = -2, -1
"""What stands before the columns of figures, to sort by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the rows are sorted by."""

    column: int | None = None
    """A column of `COLUMNS`, `NAME` or `SHAPE`; None for the order in the model."""
    falls: bool = False
    """Whether the largest comes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Where things stand in a table of this width."""

    width: int
    starts: tuple[str, ...]
    """What every tensor's row begins with: its name, padded."""
    shapes: tuple[str, ...]
    """Its shape, padded."""
    shown: tuple[int, ...]
    """The columns of figures there is room for."""
    cell: int
    """Cells of each."""
    margin: int
    """Cells before the names."""

    @property
    def first(self) -> int:
        """Where the columns of figures begin."""
        return self.margin + cell_len(self.starts[0]) + len(self.shapes[0]) if self.starts else self.margin


class ParameterTable(Vertical):
    """The table, with a heading that stays while the rows scroll; rows that cannot be seen are not made.

    Attributes:
        order: What the rows are sorted by.
        filter: What a tensor's name must contain, as plain text or as a regular expression.
        chosen: The number of the tensor with the cursor; it stays on the tensor wherever its row goes.
    """

    DEFAULT_CSS = """
    ParameterTable { height: auto; }
    ParameterTable #heading { height: 1; }
    ParameterTable #tensors { height: 1fr; overflow: hidden auto; scrollbar-size-vertical: 1; }
    """

    class Chosen(Message):
        """A person has put the cursor on a tensor."""

    def __init__(
        self,
        tensors: Sequence[TensorShape],
        *,
        cursor: bool = False,
        id: str | None = None,  # noqa: A002
    ) -> None:
        """Make a table of these tensors, one of which is chosen where there is a cursor."""
        super().__init__(id=id)
        self._names = tuple(clean(tensor.name, 40) for tensor in tensors)
        self._shapes = tuple("×".join(str(size) for size in tensor.shape) or "1" for tensor in tensors)
        self._sizes = np.array([math.prod(tensor.shape) for tensor in tensors], dtype=np.float64)
        self._has_cursor = cursor
        self._figures: NDArray[np.float64] | np.ndarray[Any, Any] | None = None
        self._layout: _Layout | None = None
        self.order, self.filter, self.chosen = Order(), "", 0
        self._rows_of = list(range(len(tensors)))
        self._heading = TextRows(id="heading")
        self._body = _Body(self._fill)
        # With a cursor the keys are those of the view, which moves it.
        self._body.can_focus = not cursor
        self.tooltip = "\n".join(f"{spelled(column.title)}: {column.tooltip}" for column in COLUMNS)

    def compose(self) -> ComposeResult:
        """Put the heading over the rows."""
        yield self._heading
        yield self._body

    # ---- what is shown

    def show(self, figures: NDArray[np.float64] | np.ndarray[Any, Any] | None) -> int:
        """Bring the table up to date with (tensors, figures) and return how many rows changed."""
        self._figures = figures
        return self._arrange()

    @property
    def tensors(self) -> list[int]:
        """The numbers of the tensors that are shown, in the order of their rows."""
        return self._rows_of

    def export(self) -> str:
        """Return the table as plain text."""
        layout = self._laid_out()
        rows = ["".join(text for text, _ in self._row(tensor, layout)).rstrip() for tensor in self._rows_of]
        return "\n".join([self._heading.export(), *rows])

    def exported(self) -> list[tuple[str, ...]]:
        """Return the table as rows of values, its head first, with all digits."""
        head = ("parameter", "shape", *(column.title for column in COLUMNS))
        return [head, *((self._names[at], self._shapes[at], *map(repr, self._values(at))) for at in self._rows_of)]

    # ---- what a person chooses

    def sort(self, order: Order) -> None:
        """Sort the rows from now on."""
        self.order = order
        self._arrange()
        self._show_chosen()

    def sort_by_next(self) -> None:
        """Sort by the next column that can be seen, and after the last one by none."""
        choices: list[int | None] = [None, NAME, SHAPE, *self._laid_out().shown]
        at = choices.index(self.order.column) if self.order.column in choices else 0
        column = choices[(at + 1) % len(choices)]
        self.sort(Order(column=column, falls=column is not None and column >= 0))

    def sort_by(self, column: int) -> None:
        """Sort by a column, then the other way round, then not at all."""
        falls = column >= 0
        if self.order.column != column:
            self.sort(Order(column=column, falls=falls))
        else:
            self.sort(Order(column=column, falls=not falls) if self.order.falls == falls else Order())

    def select(self, pattern: str) -> None:
        """Show only the tensors whose name contains the pattern; none for an empty one."""
        self.filter = pattern
        self._arrange()
        if self._rows_of and self.chosen not in self._rows_of:
            self.choose(self._rows_of[0])
        self._show_chosen()

    def choose(self, tensor: int) -> None:
        """Put the cursor on a tensor."""
        self.chosen = tensor
        self._arrange()
        self._show_chosen()
        self.post_message(self.Chosen())

    def move(self, rows: int) -> None:
        """Move the cursor down by so many rows, as far as there are any."""
        if self._rows_of:
            at = self._rows_of.index(self.chosen) if self.chosen in self._rows_of else 0
            self.choose(self._rows_of[max(0, min(len(self._rows_of) - 1, at + rows))])

    @property
    def page(self) -> int:
        """How many rows can be seen at once, at least one."""
        return max(1, self._body.size.height)

    def on_click(self, event: Click) -> None:
        """Choose the tensor whose row was clicked, or sort by the column whose heading was."""
        place = event.screen_offset
        if self._heading.region.contains_point(place):
            self._sort_at(place.x - self._heading.region.x)
        elif self._body.region.contains_point(place) and self._has_cursor:
            row = place.y - self._body.region.y + self._body.scroll_offset.y
            if row < len(self._rows_of):
                self.choose(self._rows_of[row])

    def _sort_at(self, x: int) -> None:
        layout = self._laid_out()
        names = layout.first - (len(layout.shapes[0]) if layout.shapes else 0)
        if x < layout.first:
            self.sort_by(NAME if x < names else SHAPE)
        elif (x - layout.first) // layout.cell < len(layout.shown):
            self.sort_by(layout.shown[(x - layout.first) // layout.cell])

    def _show_chosen(self) -> None:
        if self._has_cursor and self.chosen in self._rows_of:
            row, top = self._rows_of.index(self.chosen), self._body.scroll_offset.y
            if not top <= row < top + self.page:
                goal = row if row < top else row - self.page + 1
                self._body.scroll_to(y=goal, animate=False, immediate=True)

    # ---- rows

    def _arrange(self) -> int:
        """Put the rows in their order and return how many changed."""
        fits = _matcher(self.filter)
        kept = [tensor for tensor, name in enumerate(self._names) if fits(name)]
        column, sign = self.order.column, -1.0 if self.order.falls else 1.0
        if column == NAME:
            kept.sort(key=lambda tensor: _natural(self._names[tensor]), reverse=self.order.falls)
        elif column is not None and (column == SHAPE or self._figures is not None):
            keys = self._sizes if column == SHAPE or self._figures is None else self._figures[:, column]
            # What is not known comes last either way.
            kept = [kept[place] for place in np.argsort(sign * keys[kept], kind="stable")]
        self._rows_of = kept
        return self._fill()

    def _fill(self) -> int:
        """Make the rows that can be seen, and return how many changed."""
        layout, body = self._laid_out(), self._body
        rows: list[Row] = [()] * len(self._rows_of)
        top = body.scroll_offset.y
        for row in range(top, min(len(rows), top + max(1, body.size.height))):
            rows[row] = self._row(self._rows_of[row], layout)
        return self._heading.show([((self._title_row(layout), "bold primary"),)]) + body.show(rows)

    def _row(self, tensor: int, layout: _Layout) -> Row:
        here = self._has_cursor and tensor == self.chosen
        margin: Row = (("▸ " if here else "  ", "bold accent"),) if layout.margin else ()
        values = self._values(tensor)
        return (
            *margin,
            (layout.starts[tensor], "bold reverse primary" if here else "bold foreground"),
            (layout.shapes[tensor], "dim foreground"),
            *(
                (f"{_figure(column, values[column], layout.cell - 1):>{layout.cell}}", _look(column, values[column]))
                for column in layout.shown
            ),
        )

    def _values(self, tensor: int) -> list[float]:
        values: list[float] = [math.nan] * len(COLUMNS) if self._figures is None else self._figures[tensor].tolist()
        return values

    def _laid_out(self) -> _Layout:
        width = self.size.width
        if self._layout is None or self._layout.width != width:
            name_width = max([len("parameter"), *map(cell_len, self._names)])
            shape_width = max([len("shape"), *map(len, self._shapes)])
            margin = 2 if self._has_cursor else 0
            room = width - margin - name_width - shape_width - 2
            shown = sorted(MATTERS_MOST[: max(1, min(len(COLUMNS), room // NARROWEST))])
            self._layout = _Layout(
                width=width,
                starts=tuple(f"{name}{' ' * (name_width - cell_len(name))}" for name in self._names),
                shapes=tuple(f"  {shape:<{shape_width}}" for shape in self._shapes),
                shown=tuple(shown),
                cell=max(NARROWEST, min(14, room // len(shown))),
                margin=margin,
            )
        return self._layout

    def _title_row(self, layout: _Layout) -> str:
        order = self.order
        sign = "▼" if order.falls else "▲"
        name, shape = (
            f"{word}{sign if order.column == place else ''}" for word, place in (("parameter", NAME), ("shape", SHAPE))
        )
        names, shapes = cell_len(layout.starts[0]), len(layout.shapes[0]) - 2
        text = f"{'':{layout.margin}}{name:<{names + 2}}{shape:<{shapes}}"
        # The indicator of the shape may take the first blank of the column after it.
        over = len(shape) - shapes if len(shape) > shapes else 0
        for index in layout.shown:
            mark, column = sign if order.column == index else "", COLUMNS[index]
            wide = cell_len(spelled(column.title)) + len(mark) < layout.cell
            title = f"{spelled(column.title if wide else column.narrow)}{mark}"
            text += " " * (layout.cell - cell_len(title) - over) + title
            over = 0
        return text


class _Body(TextRows):
    """The rows; whoever fills them does it anew when others come into sight."""

    def __init__(self, fill: Callable[[], int]) -> None:
        super().__init__(id="tensors")
        self._fill = fill

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Show what has come into sight."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._fill()

    def on_resize(self, event: Resize) -> None:
        """Show what has come into sight."""
        self._fill()


def _matcher(pattern: str) -> Callable[[str], object]:
    """Return what tells whether a name contains the pattern; one that is no regular expression is plain text."""
    with contextlib.suppress(re.error):
        return re.compile(pattern, re.IGNORECASE).search
    return lambda name: pattern.lower() in name.lower()


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a key that puts layer10 after layer9."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]


def _figure(column: int, value: float, room: int) -> str:
    # A rate is written as it is everywhere, and what is measured with all of its four digits.
    text = "–" if math.isnan(value) else in_words(value) if column == RATE else compact(value)
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
