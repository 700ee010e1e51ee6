"""What `gdtui find-lr` prints: a curve, a few of its figures and rates to begin with, or JSON lines for programs."""

from __future__ import annotations

import json
import shutil
import sys
from typing import Any

import click
import numpy as np

from engine.method.objectives import build_objective
from engine.method.range_test import RangeTest, sweep
from engine.method.trainer import Trainer
from engine.text import clean
from presets import Preset

from .charts.axes import cell, compact, linear_ticks, log_ticks, padded
from .charts.furniture import furniture
from .charts.raster import DOTS_ACROSS, Stroke, raster, suitable_glyphs

CHART_ROWS = 16
WIDEST = 100
TABLE_ROWS = 10
NOTHING_TO_LEARN = "the loss is not finite at the very first step: there is nothing to learn from"
WIDE_RANGE = 50.0
"""Losses that differ by more than this factor are drawn on a logarithmic axis."""


def print_rate_search(preset: Preset, *, as_json: bool, **bounds: Any) -> int:
    """Sweep the learning rate on a preset and print what came out; `bounds` are those of `sweep`."""
    found = sweep(Trainer(preset.spec, build_objective(preset.spec)), **bounds)
    if not as_json and not len(found.lr):
        print(f"gdtui: {clean(preset.name)}: {NOTHING_TO_LEARN}", file=sys.stderr)
        return 1
    for line in json_lines(found) if as_json else lines(found, min(WIDEST, shutil.get_terminal_size().columns)):
        click.echo(line)
    return 0 if len(found.lr) else 1


def json_lines(found: RangeTest) -> list[str]:
    """Return a line for every rate, for every suggestion, and one for the end."""
    curve = zip(found.lr.tolist(), found.loss.tolist(), found.smoothed.tolist(), strict=True)
    objects: list[dict[str, Any]] = [
        {"event": "rate", "step": step, "lr": lr, "loss": loss, "smoothed": smoothed}
        for step, (lr, loss, smoothed) in enumerate(curve, start=1)
    ]
    objects += [{"event": "suggested", "name": each.name, "lr": each.lr, "why": each.why} for each in found.suggestions]
    reason = "divergence" if found.has_exploded else "steps"
    objects.append({"event": "finished", "step": len(found.lr), "reason": reason})
    return [json.dumps(each, ensure_ascii=False, allow_nan=False) for each in objects]


def lines(found: RangeTest, width: int) -> list[str]:
    """Return chart, table and suggestions in `width` columns."""
    count = len(found.lr)
    if not count:
        return [NOTHING_TO_LEARN]
    end = "where the loss exploded" if found.has_exploded else "and the loss did not explode: try a higher --to"
    table = [f"{'rate':>12}  {'loss':>12}  {'smoothed':>12}"]
    for place in np.unique(np.linspace(0, count - 1, TABLE_ROWS).round().astype(int)).tolist():
        figures = (found.lr[place], found.loss[place], found.smoothed[place])
        table.append("  ".join(f"{compact(float(value)):>12}" for value in figures))
    said = [f"{each.name:<12}{compact(each.lr):>12}   {each.why}" for each in found.suggestions]
    if said:
        said.append(f"to begin with the first: --set optimizer.lr={found.suggestions[0].lr:.2g}")
    return [
        *_chart(found, width),
        "",
        *table,
        "",
        f"{count} rates up to {compact(float(found.lr[-1]))}, {end}",
        *(said or ["no suggestion: the loss does not fall; try another --from and --to, or more --steps"]),
    ]


def _chart(found: RangeTest, width: int) -> list[str]:
    """Return the smoothed loss against the rate, with a dotted line at each suggestion."""
    lowest, highest = float(found.smoothed.min()), float(found.smoothed.max())
    log_y = lowest > 0.0 and highest > WIDE_RANGE * lowest
    x, y = np.log10(found.lr), np.log10(found.smoothed) if log_y else found.smoothed
    xlim = padded(float(x[0]), float(x[-1]), 0.0, log=True)
    ylim = padded(float(y.min()), float(y.max()), 0.05, log=log_y)
    ticks = log_ticks if log_y else linear_ticks
    box = furniture(width, CHART_ROWS, xlim, ylim, log_ticks(*xlim, width // 12), ticks(*ylim, 6))
    curve = Stroke(x=x, low=y, high=y, broken=np.zeros(len(x), dtype=np.bool_))
    canvas = raster([curve], box.width, box.height, xlim, ylim).rows(suitable_glyphs())
    for suggestion in found.suggestions:
        column = cell(float(np.log10(suggestion.lr)), xlim, box.width, DOTS_ACROSS)
        for row, text in enumerate(canvas):
            mark = suggestion.name[0] if row == 0 else "·"
            if text[column] == " ":
                canvas[row] = text[:column] + mark + text[column + 1 :]
    rows = list(box.rows)
    for row, text in enumerate(canvas, start=box.top):
        rows[row] = rows[row][: box.left] + text + rows[row][box.left + box.width :]
    scale = " (log)" if log_y else ""
    return [f"smoothed loss{scale} against the learning rate", *(row.rstrip() for row in rows)]
