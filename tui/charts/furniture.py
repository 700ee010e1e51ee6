"""The box, the axes and the labels around a canvas.

This is the one module that names plotext, and the reason why plotext only ever sees a few finite whole numbers: it
raises on infinity, and its figure is global state. It takes some milliseconds, so its box is remembered: it is the
same whatever the limits, and the marks of the ticks are put into it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from .axes import Limits, Tick, cell
from .raster import DOTS_ACROSS, DOTS_DOWN

SMALLEST_CANVAS = (8, 2)
"""Columns and rows below which the canvas stands alone."""
GUTTER = 5
"""Columns for the labels at the left, at least: charts on top of each other stay aligned when limits change."""
NARROW = 40
"""Below this width the gutter is only as wide as its labels."""
MARKS = "┤┬"
"""Of a tick at the left edge of the box, and at its bottom."""
_COLOUR_CODE = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Furniture:
    """A chart without its curves."""

    rows: tuple[str, ...]
    """Text of the chart's width, row 0 at the top; blank where the canvas is."""
    left: int
    """The canvas's first column."""
    top: int
    """The canvas's first row."""
    width: int
    """The canvas's columns."""
    height: int
    """The canvas's rows."""
    grid_rows: tuple[int, ...]
    """The canvas rows with a tick, counted from the canvas's top."""
    grid_columns: tuple[int, ...]
    """The canvas columns with a tick."""


@lru_cache(maxsize=128)
def furniture(
    width: int, height: int, xlim: Limits, ylim: Limits, xticks: tuple[Tick, ...], yticks: tuple[Tick, ...]
) -> Furniture:
    """Return the furniture of a chart of `width` x `height` cells; limits and ticks in axis coordinates.

    Ticks whose label would touch another are left out, and a chart too small for a box has none.
    """
    gutter = max((len(tick.label) for tick in yticks), default=0)
    if width >= NARROW:
        gutter = max(gutter, GUTTER)
    columns, rows = width - gutter - 2, height - 3
    if columns < SMALLEST_CANVAS[0] or rows < SMALLEST_CANVAS[1]:
        return _bare(max(width, 0), max(height, 0))
    at_row = _rows_of(yticks, ylim, rows)
    at_column, label_row = _columns_of(xticks, xlim, columns, gutter + 1, width)
    lines = list(_box(width, height - 1, gutter))
    for row, tick in at_row.items():
        lines[1 + row] = f"{tick.label.rjust(gutter)}{MARKS[0]}{lines[1 + row][gutter + 1 :]}"
    bottom = list(lines[-1])
    for column in at_column:
        bottom[gutter + 1 + column] = MARKS[1]
    lines[-1] = "".join(bottom)
    return Furniture(
        rows=(*lines, label_row),
        left=gutter + 1,
        top=1,
        width=columns,
        height=rows,
        grid_rows=tuple(at_row),
        grid_columns=tuple(at_column),
    )


def _bare(width: int, height: int) -> Furniture:
    blank = (" " * width,) * height
    return Furniture(rows=blank, left=0, top=0, width=width, height=height, grid_rows=(), grid_columns=())


def _rows_of(ticks: Sequence[Tick], limits: Limits, rows: int) -> dict[int, Tick]:
    """Return the ticks by canvas row, counted from the top."""
    placed: dict[int, Tick] = {}
    for tick in ticks:
        placed.setdefault(rows - 1 - cell(tick.position, limits, rows, DOTS_DOWN), tick)
    return placed


def _columns_of(
    ticks: Sequence[Tick], limits: Limits, columns: int, left: int, width: int
) -> tuple[dict[int, Tick], str]:
    """Return the ticks by canvas column, and the row of their labels: centred, two blanks apart, none cut off."""
    placed: dict[int, Tick] = {}
    row, free = [" "] * width, 0
    for tick in ticks:
        column = cell(tick.position, limits, columns, DOTS_ACROSS)
        start = min(max(left + column - len(tick.label) // 2, 0), width - len(tick.label))
        if start < free or column in placed:
            continue
        placed[column] = tick
        row[start : start + len(tick.label)] = tick.label
        free = start + len(tick.label) + 2
    return placed, "".join(row)


@lru_cache(maxsize=64)
def _box(width: int, height: int, gutter: int) -> tuple[str, ...]:
    """Return the box with room for labels at its left: without ticks, of which plotext drops or shifts some."""
    # The import takes 50 to 80 ms: a program that draws no chart does not pay for it.
    import plotext

    plotext.clear_figure()
    plotext.limit_size(False, False)
    plotext.theme("clear")
    plotext.xlim(0, width - gutter - 3)
    plotext.ylim(0, height - 3)
    # A box has a row of labels, which is cut off again below, and room at its left only where there is a tick.
    plotext.xticks([0], [" "])
    plotext.yticks([0], [" " * gutter])
    plotext.plot_size(width, height + 1)
    plotext.scatter([0], [0], marker=" ")
    lines = [_COLOUR_CODE.sub("", line).ljust(width)[:width] for line in plotext.build().splitlines()[:height]]
    plotext.clear_figure()
    corner = gutter + 1
    return (*lines[:-2], lines[-2].replace("┤", "│"), lines[-1][:corner] + lines[-1][corner:].replace("┬", "─"))
