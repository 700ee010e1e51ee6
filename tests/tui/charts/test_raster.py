"""Pictures of curves, as text that a person can check."""

from __future__ import annotations

import math
import time
import unicodedata
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.charts.axes import padded
from tui.charts.glyphs import Glyphs, suitable_glyphs
from tui.charts.history import Series
from tui.charts.raster import NOBODY, Shape, Stroke, characters_of, codes_at, raster, stroke


def drawn(
    values: Sequence[float],
    width: int = 10,
    height: int = 3,
    *,
    ylim: tuple[float, float] | None = None,
    log_y: bool = False,
    shape: Shape = "line",
    glyphs: Glyphs = "braille",
) -> list[str]:
    """Return the rows of a chart over x = 0 … n - 1, blanks at their ends cut off."""
    series = Series()
    series.append(np.arange(len(values), dtype=np.float64), values)
    end = max(len(values) - 1.0, 1.0)
    curve = stroke(series.window(0.0, end, 2 * width), shape, log_y=log_y)
    limits = ylim or padded(
        float(np.fmin.reduce(curve.low, initial=math.nan)),
        float(np.fmax.reduce(curve.high, initial=math.nan)),
        0.0,
        log=log_y,
    )
    return [row.rstrip() for row in raster([curve], width, height, (0.0, end), limits).rows(glyphs)]


def test_nothing_gives_an_empty_picture() -> None:
    assert drawn([]) == ["", "", ""]


def test_one_point_is_one_dot() -> None:
    assert drawn([1.0], ylim=(0.0, 2.0)) == ["", "⠂", ""]


def test_a_constant_is_a_level_line() -> None:
    assert drawn([5.0] * 7) == ["", "⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒", ""]


def test_a_level_line_stays_level_where_rounding_moves_its_entries() -> None:
    """A mean of equal numbers is off by a unit in the last place, now up, now down; half-way it shows."""
    wobbling = [1.0 + sign * 1e-15 for sign in (1, -1, 0, -1, 1, 0, 1, -1, -1, 1)]
    assert drawn(wobbling, ylim=(0.0, 2.0)) == drawn([1.0] * 10, ylim=(0.0, 2.0))


def test_fewer_points_than_columns_are_joined_by_straight_lines() -> None:
    assert drawn([0.0, 1.0]) == ["      ⢀⡠⠔⠊", "   ⢀⠤⠒⠁", "⡠⠔⠊⠁"]
    assert drawn([0.0, 1.0, 0.0]) == ["   ⢀⠔⠱⡀", " ⢀⠔⠁  ⠈⠢⡀", "⡠⠊      ⠑⢄"]


def test_a_jump_is_an_unbroken_vertical() -> None:
    assert drawn([0.0] * 10 + [1.0] * 10) == ["     ⡏⠉⠉⠉⠉", "    ⢠⠃", "⣀⣀⣀⣀⣸"]


def test_an_envelope_covers_from_the_least_to_the_greatest() -> None:
    values = [0.0, 1.0] * 50_000
    assert drawn(values, shape="envelope") == ["⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿"] * 3
    assert drawn(values, ylim=(0.0, 1.0)) == ["", "⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒", ""]


def test_a_spike_shows_among_a_million_points() -> None:
    values = np.zeros(1_000_000)
    values[500_000] = 1.0
    rows = drawn(values.tolist(), shape="envelope")
    assert rows[0].strip() in ("⡇", "⢸")
    assert rows[2].count("⣀") == 9


def test_nan_is_a_gap_with_a_cross_above() -> None:
    values = [0.0] * 8 + [math.nan] * 4 + [0.0] * 8
    assert drawn(values, ylim=(0.0, 1.0)) == ["    ××", "", "⣀⣀⣀⣀  ⣀⣀⣀⣀"]


@pytest.mark.parametrize("infinity", [math.inf, -math.inf])
def test_infinity_is_drawn_as_a_cross_not_as_a_value(infinity: float) -> None:
    assert drawn([0.0] * 10 + [infinity] * 10, ylim=(0.0, 1.0)) == ["     ×××××", "", "⣀⣀⣀⣀⣀"]


def test_all_nan_is_all_crosses() -> None:
    assert drawn([math.nan] * 20) == ["××××××××××", "", ""]


def test_a_gap_of_a_single_sample_is_not_bridged() -> None:
    assert drawn([0.0, 0.0, math.nan, 1.0, 1.0], width=5, ylim=(0.0, 1.0)) == ["  ×⠈⠉", "", "⣀⡀"]


def test_the_largest_floats_of_both_signs_fit_on_one_axis() -> None:
    assert drawn([-1e308, 1e308]) == drawn([0.0, 1.0])


def test_the_smallest_floats_are_told_apart() -> None:
    assert drawn([0.0, 5e-324], ylim=(0.0, 5e-324)) == drawn([0.0, 1.0])


def test_a_logarithmic_axis_makes_equal_ratios_equal_steps() -> None:
    assert drawn([1e-300, 1.0, 1e300], log_y=True) == drawn([-1.0, 0.0, 1.0])


def test_a_logarithmic_axis_leaves_a_gap_where_nothing_is_above_zero() -> None:
    assert drawn([1.0] * 8 + [0.0, -1.0, 0.0, -3.0] + [1.0] * 8, log_y=True) == ["", "⠒⠒⠒⠒  ⠒⠒⠒⠒", ""]


def test_later_curves_own_the_cells_they_touch() -> None:
    x, gap = np.array([0.0, 1.0]), np.zeros(2, dtype=np.bool_)
    below = Stroke(x=x, low=np.zeros(2), high=np.ones(2), broken=gap)
    above = Stroke(x=x, low=np.zeros(2), high=np.zeros(2), broken=gap)
    canvas = raster([below, above], 4, 2, (0.0, 1.0), (0.0, 1.0))
    assert canvas.owner.tolist() == [[0] * 4, [1] * 4]
    assert canvas.rows() == ["⣿⣿⣿⣿", "⣀⣀⣀⣀"]


def test_what_lies_outside_the_limits_is_cut_off() -> None:
    assert drawn([5.0] * 5, ylim=(0.0, 1.0)) == ["", "", ""]
    curve = Stroke(x=np.array([-5.0, 50.0]), low=np.zeros(2), high=np.zeros(2), broken=np.ones(2, dtype=np.bool_))
    canvas = raster([curve], 4, 1, (0.0, 1.0), (0.0, 1.0))
    assert canvas.rows() == ["⣀⣀⣀⣀"]
    assert not canvas.diverged.any()


def test_the_other_glyphs_come_from_the_same_dots() -> None:
    assert drawn([0.0, 1.0, 0.0], glyphs="quadrant") == ["   ▗▞▜▖", " ▗▞▘  ▝▚▖", "▄▀      ▀▄"]
    assert drawn([0.0, 1.0, 0.0], glyphs="half") == ["   ▄██▄", " ▄█▀  ▀█▄", "▄▀      ▀▄"]
    assert drawn([0.0, 1.0, 0.0], glyphs="ascii") == ["   .-|.", " .-'  '-.", ".'      '."]


@pytest.mark.parametrize("quarters", range(16))
def test_a_quadrant_is_lit_where_one_of_its_two_dots_is(quarters: int) -> None:
    """Unicode's name of the character says which quarters it has."""
    lit = [bool(quarters >> place & 1) for place in range(4)]
    names = [
        name
        for name, is_lit in zip(("UPPER LEFT", "UPPER RIGHT", "LOWER LEFT", "LOWER RIGHT"), lit, strict=True)
        if is_lit
    ]
    halves = {
        ("UPPER LEFT", "UPPER RIGHT"): "UPPER HALF BLOCK",
        ("LOWER LEFT", "LOWER RIGHT"): "LOWER HALF BLOCK",
        ("UPPER LEFT", "LOWER LEFT"): "LEFT HALF BLOCK",
        ("UPPER RIGHT", "LOWER RIGHT"): "RIGHT HALF BLOCK",
        (): "SPACE",
    }
    named = "FULL BLOCK" if all(lit) else halves.get(tuple(names), f"QUADRANT {' AND '.join(names)}")
    for row in (0, 1):
        dots = np.zeros((4, 2), np.bool_)
        for place, is_lit in enumerate(lit):
            dots[2 * (place // 2) + row, place % 2] = is_lit
        down, across = np.nonzero(dots)
        (point,) = characters_of(codes_at(across, down, 1, 1), "quadrant").ravel().tolist()
        assert unicodedata.name(chr(point)) == named


def test_a_console_without_braille_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    assert suitable_glyphs() == "ascii"


@given(
    values=st.lists(st.floats(width=64), max_size=60),
    width=st.integers(0, 300),
    height=st.integers(0, 100),
    log_y=st.booleans(),
    shape=st.sampled_from(["line", "envelope"]),
)
def test_any_values_on_any_size_give_a_picture(
    values: list[float], width: int, height: int, log_y: bool, shape: Shape
) -> None:
    series = Series()
    series.append(np.arange(len(values), dtype=np.float64), values)
    end = max(len(values) - 1.0, 1.0)
    curve = stroke(series.window(0.0, end, max(2 * width, 1)), shape, log_y=log_y)
    low, high = np.fmin.reduce(curve.low, initial=math.nan), np.fmax.reduce(curve.high, initial=math.nan)
    limits = padded(float(low), float(high), 0.05, log=log_y)
    canvas = raster([curve], width, height, (0.0, end), limits)
    rows = canvas.rows()
    assert [len(row) for row in rows] == [width] * height
    assert ((canvas.owner == NOBODY) == (canvas.codes == 0)).all()
    if width and height:
        assert (canvas.codes.any()) == bool(np.isfinite(curve.low).any())
        assert canvas.diverged.any() == (not np.isfinite(values).all())


@given(
    values=st.lists(st.floats(-1.0, 1.0), min_size=2, max_size=200),
    width=st.integers(1, 60),
    height=st.integers(1, 20),
)
def test_a_curve_without_gaps_is_drawn_without_gaps(values: list[float], width: int, height: int) -> None:
    """In every dot column something is lit, and it touches what is lit in the next one."""
    series = Series()
    series.append(np.arange(len(values), dtype=np.float64), values)
    curve = stroke(series.window(0.0, len(values) - 1.0, 2 * width), "envelope", log_y=False)
    codes = raster([curve], width, height, (0.0, len(values) - 1.0), (-1.0, 1.0)).codes
    order = np.array([[0, 3], [1, 4], [2, 5], [6, 7]])
    dots = (codes[:, None, :, None] >> order[None, :, None, :] & 1).reshape(4 * height, 2 * width).astype(bool)
    reach = dots.copy()
    reach[1:] |= dots[:-1]
    reach[:-1] |= dots[1:]
    assert dots.any(axis=0)[: 2 * width - 1].all()
    joined = (reach[:, :-1] & dots[:, 1:]).any(axis=0)
    assert joined.all()


def test_the_cost_depends_on_the_canvas_not_on_the_samples() -> None:
    series = Series()
    values = np.random.default_rng(3).standard_normal(1_000_000)
    series.append(np.arange(1_000_000.0), values)
    durations = []
    for _ in range(20):
        begin = time.perf_counter()
        curve = stroke(series.window(0.0, 1e6, 200), "envelope", log_y=False)
        raster([curve], 100, 25, (0.0, 1e6), (-6.0, 6.0))
        durations.append(time.perf_counter() - begin)
    # Measured: 0.4 ms. The best of many, with room for a busy machine: a walk over all samples takes far longer.
    assert min(durations) < 0.005
