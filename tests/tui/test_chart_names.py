"""The names and letters of curves inside a chart: at the end of their own line, whole, and the same everywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.chart_app import ChartApp, curve
from tui.charts.history import Series
from tui.charts.picture import Line, drawn
from tui.charts.raster import stroke
from tui.widgets.chart import Marker


async def test_lines_bear_their_names_at_their_ends() -> None:
    app = ChartApp(glyphs="braille")
    async with app.run_test(size=(60, 14)):
        curves = [curve("high", [8.0] * 9), curve("low", [1.0] * 9, "warning"), curve("raw", [4.0] * 9, faint=True)]
        app.chart.show(curves, [], x_end=9.0, now=0.0)
        rows = app.chart.export().splitlines()[1:]
        high, low = (next(number for number, row in enumerate(rows) if name in row) for name in ("high", "low"))
        assert high < low
        assert not any("raw" in row for row in rows)
        alone = [curves[0]]
        app.chart.show(alone, [], x_end=9.0, now=0.1)
        assert not any("high" in row for row in app.chart.export().splitlines()[1:]), "one line needs no name"


@given(
    ends=st.lists(st.floats(0.0, 100.0), min_size=2, max_size=6),
    steps=st.integers(2, 60),
    height=st.integers(6, 24),
)
def test_no_name_stands_nearer_to_the_end_of_another_line(ends: list[float], steps: int, height: int) -> None:
    """The last line drawn covers the ends of others; a name that finds no place of its own is left out."""
    size, limits = (60, height), ((0.0, 60.0), (0.0, 100.0))
    series = [Series() for _ in ends]
    for each, end in zip(series, ends, strict=True):
        each.append([1.0, float(steps)], [50.0, end])
    lines = [
        Line(stroke=stroke(each.window(0.0, 60.0, 200), "line", log_y=False), name=f"<{number}>")
        for number, each in enumerate(series)
    ]
    picture = drawn(lines, size, limits, ((), ()), [], glyphs="braille", is_empty=False)
    rows = [row.tobytes().decode("utf-32-le") for row in picture.characters]
    canvas = picture.height
    at = [(1.0 - end / 100.0) * (canvas - 1) for end in ends]
    for number in range(len(ends)):
        found = [row - picture.top for row, text in enumerate(rows) if f"<{number}>" in text]
        if found:
            own = abs(found[0] - at[number])
            # A row is four dots high: an end may lie anywhere in it.
            assert all(own <= abs(found[0] - other) + 1.0 for other in at)
            assert own <= 4.0


async def test_letters_are_those_of_the_lanes_whichever_lies_on_top() -> None:
    slow = replace(curve("slow", [1.0, 2.0, 3.0]), letter="A")
    fast = replace(curve("fast", [3.0, 2.0, 1.0], "accent"), letter="B")
    app = ChartApp()
    async with app.run_test(size=(60, 12)):
        app.no_color = True
        for curves in ([slow, fast], [fast, slow]):
            app.chart.show(curves, [], x_end=3.0, now=0.0)
            rows = app.chart.export().splitlines()[1:]
            ends = [next(number for number, row in enumerate(rows) if letter in row) for letter in "AB"]
            assert ends[0] < ends[1], "slow ends above fast"


async def test_a_name_is_not_cut_by_the_line_of_a_live_change() -> None:
    curves = [curve("held-out", [1.0, 0.9, 0.8]), curve("smoothed", [0.2, 0.1, 0.0], "accent")]
    app = ChartApp()
    async with app.run_test(size=(60, 12)):
        for place in np.linspace(2.0, 4.0, 30).tolist():
            app.chart.show(curves, [Marker(step=place, label="α 1")], x_end=4.0, now=0.0)
            below = "\n".join(app.chart.export().splitlines()[1:])
            assert "held-out" in below
            assert "smoothed" in below
