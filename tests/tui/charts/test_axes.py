"""Ticks that can be read, and limits that do not tremble."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tui.charts.axes import (
    LARGEST,
    StickyEnd,
    StickyLimits,
    Tick,
    cell,
    compact,
    compact_step,
    fractions,
    linear_ticks,
    log_ticks,
    padded,
    step_ticks,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)
RANGES = st.tuples(FINITE, FINITE).map(lambda pair: (min(pair), max(pair)))


def labels(ticks: tuple[Tick, ...]) -> list[str]:
    return [tick.label for tick in ticks]


def assert_readable(ticks: tuple[Tick, ...], low: float, high: float, most: int) -> None:
    assert len(set(labels(ticks))) == len(ticks)
    assert len(ticks) <= most + 1
    positions = [tick.position for tick in ticks]
    assert positions == sorted(positions)
    slack = 1e-6 * (high / 2 - low / 2)
    assert all(low / 2 - slack <= position / 2 <= high / 2 + slack for position in positions)


@given(one=FINITE, other=FINITE, most=st.integers(1, 40))
def test_linear_ticks_are_few_inside_and_never_labelled_alike(one: float, other: float, most: int) -> None:
    low, high = min(one, other), max(one, other)
    assume(low < high)
    assert_readable(linear_ticks(low, high, most), low, high, most)
    assert_readable(step_ticks(low, high, most), low, high, most)


@given(low=FINITE, span=st.floats(0.0, 1e3), most=st.integers(2, 12))
def test_a_linear_label_says_where_its_tick_stands(low: float, span: float, most: int) -> None:
    low, high = padded(low, low + span * max(abs(low), 1e-200), 0.05, log=False)
    ticks = linear_ticks(low, high, most)
    for tick in ticks:
        assert float(tick.label) / 2 == pytest.approx(tick.position / 2, rel=1e-6, abs=1e-3 * (high / 2 - low / 2))


@given(low=st.floats(-324, 308), span=st.floats(1e-3, 632), most=st.integers(2, 20))
def test_log_ticks_are_few_inside_and_never_labelled_alike(low: float, span: float, most: int) -> None:
    ticks = log_ticks(low, low + span, most)
    assert_readable(ticks, low, low + span, most)
    for tick in ticks:
        mantissa, _, exponent = tick.label.partition("e")
        assert math.log10(float(mantissa)) + float(exponent or 0) == pytest.approx(tick.position, abs=1e-6)


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0.0, 2.3, 6, ["0", "0.5", "1.0", "1.5", "2.0"]),
        (-3.0, 1.0, 4, ["-3", "-2", "-1", "0", "1"]),
        (0.0, 1e-5, 5, ["0", "2e-6", "4e-6", "6e-6", "8e-6", "1e-5"]),
        (0.0, 0.004, 4, ["0", "0.001", "0.002", "0.003", "0.004"]),
        (0.69314, 0.69315, 4, ["0.693140", "0.693145", "0.693150"]),
        (0.0, 3e5, 3, ["0", "1e5", "2e5", "3e5"]),
        (-LARGEST, LARGEST, 4, ["-1e308", "0", "1e308"]),
    ],
)
def test_linear_labels(low: float, high: float, most: int, expected: list[str]) -> None:
    assert labels(linear_ticks(low, high, most)) == expected


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (-5.0, 1.0, 8, ["1e-5", "1e-4", "0.001", "0.01", "0.1", "1", "10"]),
        (-1.5, 0.1, 8, ["0.05", "0.1", "0.2", "0.5", "1"]),
        (-1.5, 1.2, 3, ["0.1", "1", "10"]),
        (-0.9, -0.7, 4, ["0.14", "0.16", "0.18"]),
        (2.5, 6.5, 6, ["1000", "1e4", "1e5", "1e6"]),
        (-330.2, -329.1, 5, ["1e-330", "2e-330", "5e-330"]),
        (-324.0, 308.0, 8, ["1e-300", "1e-200", "1e-100", "1", "1e100", "1e200", "1e300"]),
    ],
)
def test_log_labels(low: float, high: float, most: int, expected: list[str]) -> None:
    assert labels(log_ticks(low, high, most)) == expected


@pytest.mark.parametrize(
    ("high", "most", "expected"),
    [
        (1.0, 6, ["0", "1"]),
        (950.0, 6, ["0", "200", "400", "600", "800"]),
        (25_000.0, 4, ["0", "10k", "20k"]),
        (1.25e6, 6, ["0", "500k", "1M"]),
        (3e9, 4, ["0", "1G", "2G", "3G"]),
    ],
)
def test_step_labels(high: float, most: int, expected: list[str]) -> None:
    assert labels(step_ticks(0.0, high, most)) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.12345, "0.1235"),
        (12.345, "12.35"),
        (54321.0, "54321"),
        (1.2345e-5, "1.234e-5"),
        (1e-5, "1e-5"),
        (-2.5, "-2.500"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (1e308, "1e308"),
        (5e-324, "4.941e-324"),
    ],
)
def test_compact_values(value: float, text: str) -> None:
    assert compact(value) == text


@pytest.mark.parametrize(("step", "text"), [(0, "0"), (950, "950"), (12_000, "12k"), (1_500_000, "1.5M"), (2e9, "2G")])
def test_compact_steps(step: float, text: str) -> None:
    assert compact_step(step) == text


@given(bounds=RANGES, log=st.booleans())
def test_padded_limits_hold_the_data_and_can_be_drawn(bounds: tuple[float, float], log: bool) -> None:
    low, high = np.log10(np.maximum(np.abs(bounds), 5e-324)).tolist() if log else bounds
    low, high = min(low, high), max(low, high)
    bottom, top = padded(low, high, 0.05, log=log)
    assert bottom <= low <= high <= top
    assert bottom < top
    assert np.isfinite([bottom, top]).all()
    assert np.isfinite(fractions([low, high], (bottom, top))).all()


def test_limits_without_data_can_be_drawn() -> None:
    for log in (False, True):
        low, high = StickyLimits(log=log).update(math.nan, math.nan, 0.0)
        assert low < high


def test_padding_never_takes_a_positive_axis_below_zero() -> None:
    assert padded(0.01, 2.0, 0.05, log=False)[0] == 0.0


def test_limits_widen_at_once_and_stay_while_the_data_are_inside() -> None:
    limits = StickyLimits()
    first = limits.update(1.0, 2.0, 0.0)
    assert limits.update(1.1, 1.9, 0.1) == first
    low, high = limits.update(1.0, 5.0, 0.2)
    assert low == first[0]
    assert high >= 5.0
    assert limits.update(1.0, 5.01, 0.3) == (low, high)


def test_limits_shrink_only_after_two_seconds_without_a_break() -> None:
    limits = StickyLimits()
    wide = limits.update(0.0, 100.0, 0.0)
    assert limits.update(0.0, 10.0, 1.0) == wide
    assert limits.waiting
    assert limits.update(0.0, 90.0, 2.0) == wide
    assert limits.update(0.0, 10.0, 2.5) == wide
    assert limits.update(0.0, 10.0, 4.4) == wide
    assert limits.update(0.0, 10.0, 4.6)[1] < 20.0


def test_a_little_slack_is_left_alone_while_the_data_move() -> None:
    limits = StickyLimits()
    wide = limits.update(0.0, 100.0, 0.0)
    assert [limits.update(0.0, 80.0 + now, now) for now in (1.0, 2.0, 3.0, 4.0, 5.0)] == [wide] * 5


def test_data_that_rest_have_the_limits_that_they_would_have_alone() -> None:
    limits = StickyLimits()
    wide = limits.update(0.0, 100.0, 0.0)
    assert [limits.update(0.0, 80.0, now) for now in (1.0, 2.0, 2.9)] == [wide] * 3
    assert limits.waiting
    assert limits.update(0.0, 80.0, 4.1) == StickyLimits().update(0.0, 80.0, 0.0) != wide
    assert not limits.waiting


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0, 1e308, -1e308, 5e-324, LARGEST])
def test_a_constant_settles(value: float) -> None:
    limits = StickyLimits()
    first = limits.update(value, value, 0.0)
    assert first[0] < first[1]
    assert [limits.update(value, value, now) for now in (1.0, 4.0, 8.0)] == [first] * 3


@given(ranges=st.lists(RANGES, min_size=1, max_size=30))
def test_the_data_never_lie_outside_the_limits(ranges: list[tuple[float, float]]) -> None:
    limits = StickyLimits()
    for now, (low, high) in enumerate(ranges):
        bottom, top = limits.update(low, high, float(now))
        assert bottom <= low <= high <= top
        assert bottom < top


def test_the_step_axis_grows_by_a_quarter_and_shrinks_after_two_seconds() -> None:
    end = StickyEnd()
    assert end.update(1000.0, 0.0) == 1000.0
    assert end.update(1001.0, 0.1) == 1251.25
    assert end.update(1250.0, 0.2) == 1251.25
    assert end.update(10.0, 1.0) == 1251.25
    assert end.waiting
    assert end.update(20.0, 3.1) == 20.0


@given(position=st.floats(0, 1), cells=st.integers(1, 300))
def test_a_cell_is_on_the_canvas(position: float, cells: int) -> None:
    assert 0 <= cell(position, (0.0, 1.0), cells, 4) < cells
