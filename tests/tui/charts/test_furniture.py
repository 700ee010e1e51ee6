"""The box around the canvas, and labels where they belong."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.charts.axes import Tick, cell, linear_ticks, log_ticks, step_ticks
from tui.charts.furniture import Furniture, furniture


def made(width: int, height: int, end: float, low: float, high: float, *, log: bool = False) -> Furniture:
    ticks = log_ticks if log else linear_ticks
    return furniture(
        width, height, (0.0, end), (low, high), step_ticks(0.0, end, 5), ticks(low, high, max(2, height // 3))
    )


def test_the_whole_chart_without_its_curves() -> None:
    assert made(42, 9, 1250.0, 0.0, 2.2).rows == (
        "     ┌───────────────────────────────────┐",
        "    2┤                                   │",
        "     │                                   │",
        "     │                                   │",
        "    1┤                                   │",
        "     │                                   │",
        "    0┤                                   │",
        "     └┬─────────────┬────────────┬───────┘",
        "      0            500         1000       ",
    )


def test_a_label_at_the_right_end_is_moved_in_not_dropped() -> None:
    assert made(42, 9, 1000.0, 0.0, 2.2).rows[-1].endswith("800   1000")


def test_long_labels_widen_the_gutter() -> None:
    chart = made(42, 9, 1000.0, 0.69314, 0.69315)
    assert chart.left == len("0.693140") + 1
    assert chart.left + chart.width + 1 == 42


def test_without_ticks_there_is_still_a_box() -> None:
    chart = furniture(42, 9, (0.0, 1.0), (0.0, 1.0), (), ())
    assert [len(row) for row in chart.rows] == [42] * 9
    assert chart.rows[0].strip() == "┌" + "─" * 35 + "┐"


def test_labels_that_would_touch_are_left_out() -> None:
    crowd = tuple(Tick(position=step / 50.0, label=f"{step}000") for step in range(51))
    row = furniture(42, 9, (0.0, 1.0), (0.0, 1.0), crowd, ()).rows[-1]
    assert set(row.split()) <= {tick.label for tick in crowd}
    assert len(row.split()) >= 3


@pytest.mark.parametrize(("width", "height"), [(0, 0), (1, 1), (9, 5), (12, 4), (300, 1)])
def test_a_chart_too_small_for_a_box_is_all_canvas(width: int, height: int) -> None:
    chart = made(width, height, 10.0, 0.0, 1.0)
    assert (chart.left, chart.top, chart.width, chart.height) == (0, 0, width, height)
    assert chart.rows == (" " * width,) * height


@settings(max_examples=60)
@given(
    width=st.integers(0, 200),
    height=st.integers(0, 60),
    end=st.floats(1.0, 1e9),
    low=st.floats(-12.0, 5.0),
    span=st.floats(1e-3, 20.0),
    log=st.booleans(),
)
def test_every_mark_bears_its_label_and_the_canvas_is_blank(
    width: int, height: int, end: float, low: float, span: float, log: bool
) -> None:
    chart = made(width, height, end, low, low + span, log=log)
    assert [len(row) for row in chart.rows] == [width] * height
    for row in chart.rows[chart.top : chart.top + chart.height]:
        assert row[chart.left : chart.left + chart.width].isspace() or chart.width == 0
    if chart.top == 0:
        return
    ticks = (log_ticks if log else linear_ticks)(low, low + span, max(2, height // 3))
    expected = {
        chart.height - 1 - cell(tick.position, (low, low + span), chart.height, 4): tick.label for tick in ticks
    }
    for canvas_row in range(chart.height):
        text = chart.rows[chart.top + canvas_row][: chart.left]
        assert text[-1] == ("┤" if canvas_row in expected else "│")
        if canvas_row in expected:
            assert text[:-1].strip() in {tick.label for tick in ticks}
        else:
            assert not text[:-1].strip()
    bottom = chart.rows[chart.top + chart.height]
    marks = [column for column, character in enumerate(bottom) if character == "┬"]
    assert marks == [chart.left + column for column in chart.grid_columns]
    assert len(chart.rows[-1].split()) == len(marks)


def test_plotext_is_loaded_only_when_a_box_is_drawn() -> None:
    code = "import sys, tui.widgets.chart; sys.exit('plotext' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_chart_that_is_moved_is_drawn_without_plotext(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it draws takes tens of milliseconds, which no key may wait for."""
    first = furniture(101, 31, (0.0, 1.0), (0.0, 1.0), linear_ticks(0.0, 1.0, 10), linear_ticks(0.0, 1.0, 9))
    monkeypatch.setitem(sys.modules, "plotext", None)  # whoever imports it now fails
    moved = furniture(101, 31, (0.04, 1.04), (0.1, 1.1), linear_ticks(0.04, 1.04, 10), linear_ticks(0.1, 1.1, 9))
    assert moved.rows != first.rows
    assert moved.rows[0] == first.rows[0]
    assert [len(row) for row in moved.rows] == [101] * 31


def test_an_axis_without_ticks_has_no_marks() -> None:
    bare = furniture(60, 12, (0.0, 1.0), (0.0, 1.0), (), ())
    assert not set("┤┬") & set("".join(bare.rows))
