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

from .charts.axes import compact
from .charts.rate_curve import Mark, is_wide, rate_curve
from .wording import in_words

CHART_ROWS = 16
WIDEST = 100
TABLE_ROWS = 10
NOTHING_TO_LEARN = "the loss is not finite at the very first step: there is nothing to learn from"


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
    said = [f"{each.name:<12}{in_words(each.lr):>12}   {each.why}" for each in found.suggestions]
    if said:
        said.append(f"to begin with the first: --set optimizer.lr={in_words(found.suggestions[0].lr)}")
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
    marks = [Mark(lr=suggestion.lr, letter=suggestion.name[0]) for suggestion in found.suggestions]
    rows = rate_curve(found.lr, found.smoothed, marks, width, CHART_ROWS)
    scale = " (log)" if is_wide(found.smoothed) else ""
    texts = ("".join(text for text, _ in row).rstrip() for row in rows)
    return [f"smoothed loss{scale} against the learning rate", *texts]
