"""Levels of a map: round numbers, few of them, and nothing that is no number taken for a height."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tui.charts.bands import ABOVE_ALL, BELOW_ALL, MOST_LEVELS, NO_NUMBER, Heights, levels, spread_out


def test_a_logarithmic_scale_has_powers_of_ten_for_levels() -> None:
    found = levels(np.logspace(-2, 4, 300), log=True, floor=0.0)
    assert found.edges == pytest.approx([0.1, 1.0, 10.0, 100.0, 1e3, 1e4], rel=1e-9)
    assert found.labels() == ("0.1", "1", "10", "100", "1000", "1e4")


def test_heights_are_measured_from_the_known_minimum() -> None:
    """Himmelblau's cousin with a minimum of −78: a height of −77 is 1 above it."""
    found = levels(np.linspace(-70.0, 100.0, 50), log=True, floor=-78.0)
    assert found.floor == -78.0
    band = found.of([-78.0 + 0.99 * found.edges[0], -78.0 + 1.01 * found.edges[0]])
    assert band.tolist() == [0, 1]


def test_a_linear_scale_has_round_levels_between_the_lowest_and_the_highest() -> None:
    found = levels(np.array([0.3, 9.7]), log=False)
    assert found.edges == pytest.approx([1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert found.of([0.5, 1.5, 9.5]).tolist() == [0, 1, 9]


def test_what_is_no_number_is_no_band() -> None:
    found = levels(np.array([0.0, 1.0, math.nan, math.inf, -math.inf]), log=False)
    assert found.of([math.nan, math.inf, -math.inf]).tolist() == [NO_NUMBER, ABOVE_ALL, BELOW_ALL]


@pytest.mark.parametrize("values", [[], [math.nan, math.inf], [3.0, 3.0], [0.0], [5e-324, 0.0], [1e308, -1e308]])
@pytest.mark.parametrize("log", [False, True])
def test_few_or_strange_heights_have_few_levels(values: list[float], log: bool) -> None:
    found = levels(np.array(values), log=log)
    assert len(found.edges) <= MOST_LEVELS
    assert len(found.labels()) == len(found.edges)
    assert found.of(values).shape == (len(values),)


@given(
    hnp.arrays(np.float64, st.integers(0, 40), elements=st.floats(allow_nan=True, allow_infinity=True)),
    st.booleans(),
    st.none() | st.floats(-1e300, 1e300),
)
def test_levels_rise_and_are_never_too_many(values: np.ndarray, log: bool, floor: float | None) -> None:
    found = levels(values, log=log, floor=floor)
    assert len(found.edges) <= MOST_LEVELS
    assert list(found.edges) == sorted(set(found.edges))
    bands = found.of(values)
    assert ((bands >= 0) == np.isfinite(values)).all()
    assert (bands < found.bands).all()


def test_only_heights_of_very_different_size_ask_for_a_logarithm() -> None:
    assert spread_out(np.linspace(-1.0, 1.0, 101) ** 2 * 50.0)
    assert not spread_out(np.linspace(0.0, 10.0, 50))
    assert not spread_out(np.array([math.nan]))


def test_between_the_points_of_a_grid_heights_are_between_theirs() -> None:
    """The plane x + 10y is what bilinear interpolation has right everywhere."""
    grid = Heights(x=np.array([0.0, 1.0, 2.0]), y=np.array([0.0, 1.0]), values=np.array([[0.0, 1, 2], [10, 11, 12]]))
    np.testing.assert_allclose(grid.at(np.array([0.25, 1.5]), np.array([0.5])), [[5.25, 6.5]])


def test_beside_what_is_not_finite_the_nearest_height_counts_and_a_hole_stays_a_hole() -> None:
    grid = Heights(x=np.array([0.0, 1.0]), y=np.array([0.0]), values=np.array([[3.0, math.inf]]))
    assert grid.at(np.array([0.2, 0.8]), np.array([0.0])).tolist() == [[3.0, math.inf]]


def test_a_grid_reaches_half_a_mesh_beyond_its_ends() -> None:
    grid = Heights(x=np.array([0.0, 1.0]), y=np.array([0.0, 4.0]), values=np.zeros((2, 2)))
    assert grid.covers(np.array([-0.6, -0.4, 1.4]), np.array([5.9, 6.1])).tolist() == [
        [False, True, True],
        [False, False, False],
    ]
