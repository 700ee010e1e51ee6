"""`python -m benchmarks.zoom STEPS`: what redraws cost after so many steps, and what memory the curves take, as JSON.

The steps come in blocks as from an engine, into the same curves as in a dashboard; a redraw is that of six charts on
a screen of 200 x 60, without what stands around them, which does not depend on the run's length.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np

from engine.method.telemetry import SERIES, StepBlock
from engine.run import events
from presets import load
from tui.charts.history import Series
from tui.charts.raster import DOTS_ACROSS, raster, stroke
from tui.lane_view import LaneView
from tui.widgets.debug_row import memory_bytes

BLOCK = 20_000
CHART = (56, 14)
"""Columns and rows within the axes of each of six charts."""
REPEATS = 40


def lane_after(steps: int) -> LaneView:
    """Return a lane that was told of so many steps of noisy, falling curves."""
    spec = load("digits").spec.as_given()
    status = events.LaneStatus(title="", step=0, state="running", spec=spec)
    welcome = events.Welcomed(
        version=1,
        run="zoom",
        preset="digits",
        title="",
        see="",
        try_="",
        directory="",
        recorded=False,
        pid=1,
        state="running",
        lanes=(status,),
        segment=1,
        tensors=(),
        splits=("train",),
        samples=1440,
    )

    def nothing(*_: Any) -> Any:
        raise AssertionError("no record is read here")

    lane = LaneView(0, welcome, nothing, nothing)
    generator = np.random.default_rng(1)
    noise = np.exp(0.3 * generator.standard_normal((len(SERIES), BLOCK)))
    for first in range(1, steps + 1, BLOCK):
        count = min(BLOCK, steps + 1 - first)
        fall = 10.0 * np.arange(first, first + count, dtype=np.float64) ** -0.3
        block = StepBlock(first_step=first, values=fall * noise[:, :count])
        lane.take_steps(events.Steps(lane=0, segment=1, block=block))
        lane.catch_up(0.0)
    return lane


def redraw(curves: tuple[Series, ...], begin: float, end: float) -> None:
    """Draw six charts of this stretch."""
    width, height = CHART
    for curve in curves:
        strokes = [stroke(curve.window(begin, end, width * DOTS_ACROSS), "envelope", log_y=True)]
        raster(strokes, width, height, (begin, end), (-3.0, 2.0))


def main(steps: int) -> None:
    """Print what was measured."""
    # Everything is loaded and every cache is filled before it counts.
    redraw((lane_after(1000).loss,), 0.0, 1000.0)
    before = memory_bytes()
    lane = lane_after(steps)
    grown = memory_bytes() - before
    curves = (lane.loss, lane.smoothed, lane.grad_norm, lane.lr, lane.loss, lane.grad_norm)
    levels = {
        "the whole run": (0.0, float(steps)),
        "its middle tenth": (0.45 * steps, 0.55 * steps),
        "its last tenth": (0.9 * steps, float(steps)),
        "its last 10,000 steps": (steps - 10_000.0, float(steps)),
        "its last 100 steps": (steps - 100.0, float(steps)),
    }
    taken: dict[str, list[float]] = {level: [] for level in levels}
    for _ in range(REPEATS):
        for level, (begin, end) in levels.items():
            began = time.perf_counter()
            redraw(curves, begin, end)
            taken[level].append(1e3 * (time.perf_counter() - began))
    print(json.dumps({"ms": taken, "megabytes": grown / 1e6}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
