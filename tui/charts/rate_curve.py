"""The curve of a learning-rate range test: the loss against the rate, with a mark at every suggestion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .axes import cell, linear_ticks, log_ticks, padded
from .furniture import furniture
from .glyphs import suitable_glyphs
from .raster import DOTS_ACROSS, NOBODY, Stroke, raster

WIDE_RANGE = 50.0
"""Losses that differ by more than this factor are drawn on a logarithmic axis."""
Spans = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A rate that stands out."""

    lr: float
    letter: str
    """Stands at the top of its line."""
    look: str = "accent"


def is_wide(smoothed: ArrayLike) -> bool:
    """Return whether these losses are drawn on a logarithmic axis."""
    values = np.asarray(smoothed, np.float64)
    return float(values.min()) > 0.0 and float(values.max()) > WIDE_RANGE * float(values.min())


def rate_curve(
    lr: ArrayLike, smoothed: ArrayLike, marks: Sequence[Mark], width: int, height: int, *, loss: ArrayLike | None = None
) -> list[Spans]:
    """Return the chart as rows of text with looks, `width` cells each.

    Args:
        lr: The rates, rising.
        smoothed: The smoothed loss at each.
        marks: Where a dotted line stands.
        width: Columns.
        height: Rows.
        loss: The loss of each step, drawn behind and cut off where it leaves the axis of the smoothed one.
    """
    log_y = is_wide(smoothed)
    x = np.log10(np.asarray(lr, np.float64))
    curves = [_heights(values, log_y=log_y) for values in ((loss, smoothed) if loss is not None else (smoothed,))]
    xlim = padded(float(x[0]), float(x[-1]), 0.0, log=True)
    ylim = padded(float(np.nanmin(curves[-1])), float(np.nanmax(curves[-1])), 0.05, log=log_y)
    ticks = log_ticks if log_y else linear_ticks
    box = furniture(width, height, xlim, ylim, log_ticks(*xlim, width // 12), ticks(*ylim, max(2, round(height / 2.6))))
    smooth = np.zeros(len(x), dtype=np.bool_)
    strokes = [Stroke(x=x, low=values, high=values, broken=smooth) for values in curves]
    canvas = raster(strokes, box.width, box.height, xlim, ylim)
    text = [list(row) for row in canvas.rows(suitable_glyphs())]
    inks = ["dim primary", "bold primary"] if loss is not None else ["bold primary"]
    looks = [[inks[owner] if owner != NOBODY else "plain" for owner in row] for row in canvas.owner.tolist()]
    for mark in marks:
        column = cell(float(np.log10(mark.lr)), xlim, box.width, DOTS_ACROSS)
        for place in range(box.height):
            if text[place][column] == " " or place == 0:
                text[place][column], looks[place][column] = mark.letter if place == 0 else "·", mark.look
    rows: list[Spans] = []
    for number, row in enumerate(box.rows):
        place = number - box.top
        if not 0 <= place < box.height:
            rows.append(((row, "dim foreground"),))
            continue
        cells = tuple(zip(text[place], looks[place], strict=True))
        after = box.left + box.width
        rows.append(((row[: box.left], "dim foreground"), *_joined(cells), (row[after:], "dim foreground")))
    return rows


def _heights(values: ArrayLike, *, log_y: bool) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found = np.asarray(values, np.float64)
    if not log_y:
        return found
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(found > 0.0, np.log10(found), np.nan)


def _joined(cells: Sequence[tuple[str, str]]) -> Spans:
    spans: list[tuple[str, str]] = []
    for character, look in cells:
        if spans and spans[-1][1] == look:
            spans[-1] = spans[-1][0] + character, look
        else:
            spans.append((character, look))
    return tuple(spans)
