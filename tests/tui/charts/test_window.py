"""The part of a plane that is seen: moved, zoomed, and points of any size put where they belong."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tui.charts.raster import codes_at
from tui.charts.window import Window, arrow_head, way_codes

BIT = [[0, 3], [1, 4], [2, 5], [6, 7]]
"""Unicode's numbers of the dots of a braille cell, row by row."""


def dots(points: object, window: Window, columns: int, rows: int) -> np.ndarray:
    """Which dots are lit, (4 x rows, 2 x columns), read from the codes."""
    codes = way_codes(points, window, columns, rows)  # type: ignore[arg-type]
    assert codes.shape == (rows, columns)
    y, x = np.indices((4 * rows, 2 * columns))
    return np.asarray((codes[y // 4, x // 2] >> np.array(BIT)[y % 4, x % 2]) & 1 == 1)


WINDOW = Window(x=(-1.0, 3.0), y=(0.0, 2.0))


def test_a_cell_and_its_place_belong_together() -> None:
    for column, row in ((0, 0), (7, 3), (9, 4)):
        assert WINDOW.cell_of(WINDOW.place_of(column, row, 10, 5), 10, 5) == (column, row)
    assert WINDOW.place_of(0, 0, 4, 2) == (-0.5, 1.5)
    assert WINDOW.cell_of((-1.0, 2.0), 4, 2) == (0, 0)
    assert WINDOW.cell_of((3.0, 0.0), 4, 2) == (3, 1)
    assert WINDOW.cell_of((3.1, 1.0), 4, 2) is None


def test_zooming_keeps_a_point_where_it_is() -> None:
    near = WINDOW.zoomed(0.5, (0.0, 0.5))
    assert (near.x, near.y) == ((-0.5, 1.5), (0.25, 1.25))
    np.testing.assert_allclose(near.shares((0.0, 0.5)), WINDOW.shares((0.0, 0.5)))


def test_windows_end_where_floats_do() -> None:
    window = WINDOW
    for _ in range(400):
        window = window.zoomed(0.5)
    assert window.x[0] < window.x[1]
    for _ in range(4000):
        window = window.zoomed(2.0).moved(0.5, 0.5)
    assert math.isfinite(window.x[1] - window.x[0])


def test_a_point_outside_is_told_by_an_arrow_at_the_edge() -> None:
    assert WINDOW.edge_of((10.0, 1.0), 11, 5) == (10, 2, "→")
    assert WINDOW.edge_of((1.0, -math.inf), 11, 5) == (5, 4, "↓")
    assert WINDOW.edge_of((-9.0, 1e300), 11, 5) == (0, 0, "↖")
    assert WINDOW.edge_of((math.nan, 0.0), 11, 5) is None


@pytest.mark.parametrize(
    ("across", "down", "head"), [(1, 0, "→"), (1, -1, "↗"), (0, -1, "↑"), (-1, 0, "←"), (0, 1, "↓"), (3, 1, "→")]
)
def test_arrows_point_where_they_lead(across: float, down: float, head: str) -> None:
    assert arrow_head(across, down) == head


def test_a_single_dot_is_unicodes_own() -> None:
    """U+2801 is the dot at the top left, U+2880 the one at the bottom right."""
    assert codes_at(np.array([2]), np.array([4]), 3, 2).tolist() == [[0, 0, 0], [0, 0x01, 0]]
    assert codes_at(np.array([3]), np.array([7]), 3, 2)[1, 1] == 0x80


def test_a_way_lights_the_dots_between_its_points() -> None:
    lit = dots([(-1.0, 1.01), (3.0, 1.01)], WINDOW, 4, 2)
    assert lit.shape == (8, 8)
    assert lit[3].all()
    assert lit.sum() == 8


def test_a_way_through_the_window_from_far_outside_is_drawn_where_it_passes() -> None:
    lit = dots([(-1e12, 1.01), (1e12, 1.01)], WINDOW, 4, 2)
    assert lit[3].all()
    assert not dots([(-5.0, 5.0), (5.0, 5.0)], WINDOW, 4, 2).any()


def test_what_is_not_finite_is_a_gap() -> None:
    lit = dots([(-1.0, 1.01), (0.0, 1.01), (math.nan, 1.0), (2.0, 1.01), (3.0, 1.01)], WINDOW, 8, 2)
    assert lit[3, 0:3].all()
    assert not lit[:, 6:11].any()
    assert lit[3, 13:].all()


def test_of_a_way_that_leaps_without_end_the_latest_part_is_drawn() -> None:
    leaps = np.tile([[-1.0, 0.1], [3.0, 0.1]], (4000, 1))
    lit = dots(np.concatenate([[[-1.0, 1.9], [3.0, 1.9]], leaps]), WINDOW, 100, 10)
    assert lit[38].all()
    assert not lit[:3].any()


@given(
    hnp.arrays(np.float64, st.tuples(st.integers(0, 20), st.just(2)), elements=st.floats(width=64)),
    st.integers(0, 30),
    st.integers(0, 20),
)
def test_no_way_is_too_strange_to_draw(points: np.ndarray, columns: int, rows: int) -> None:
    assert dots(points, WINDOW, columns, rows).shape == (4 * rows, 2 * columns)
