"""Numbers as levels: by hand, and whatever the numbers are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from tui.charts.heat import BROKEN, LEVELS, MIDDLE, Scale, Thermometer


def levels(values: list[float], scale: Scale = "linear") -> list[int]:
    found: list[int] = Thermometer().read(np.array([values]), scale, 0.0).levels[0].tolist()
    return found


def test_numbers_of_one_sign_rise_from_the_least_level_to_the_greatest() -> None:
    assert levels([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])[0] == 0
    assert levels([0.0, 4.5, 9.0]) == [0, MIDDLE, LEVELS - 1]
    assert levels([0.001, 0.0316, 1.0], "log") == [0, MIDDLE, LEVELS - 1]


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_where_there_are_both_signs_zero_is_in_the_middle_and_opposites_are_as_far_from_it(scale: Scale) -> None:
    found = levels([-4.0, -0.5, 0.0, 0.5, 4.0], scale)
    assert found[2] == MIDDLE
    assert [level - MIDDLE for level in found] == [MIDDLE - level for level in reversed(found)]
    assert (found[0], found[-1]) == (0, LEVELS - 1)


def test_what_is_not_finite_is_neither_hot_nor_cold() -> None:
    assert levels([math.nan, 1.0, math.inf, -math.inf])[0] == BROKEN
    assert levels([math.nan, 1.0, math.inf, 2.0])[2] == BROKEN


def test_a_few_enormous_rates_leave_the_others_apart_and_the_legend_says_so() -> None:
    heat = Thermometer().read(np.array([[0.1, 0.2, 0.4, 0.8, 1e5]]), "log", 0.0)
    found = heat.levels[0].tolist()
    assert sorted(set(found)) == found
    assert heat.labels[2].startswith("≥ ")


def test_levels_do_not_tremble_with_the_extremes() -> None:
    thermometer = Thermometer()
    first = thermometer.read(np.array([[0.0, 0.3, 1.0]]), "linear", 0.0)
    later = thermometer.read(np.array([[0.0, 0.3, 0.97]]), "linear", 0.1)
    assert later.levels.tolist() == first.levels.tolist()
    assert later.labels == first.labels


def test_other_blocks_of_a_matrix_look_as_if_none_had_been_seen_before() -> None:
    thermometer = Thermometer()
    thermometer.read(np.array([[5.0]]), "linear", 0.0)
    fine = np.array([[1.0, 9.0], [4.0, 6.0]])
    assert thermometer.read(fine, "linear", 0.1).labels == Thermometer().read(fine, "linear", 0.1).labels


@given(
    arrays(np.float64, array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=6), elements=st.floats()),
    st.sampled_from(["linear", "log"]),
)
def test_every_number_has_a_level(values: NDArray[Any], scale: Scale) -> None:
    heat = Thermometer().read(values, scale, 0.0)
    assert heat.levels.shape == values.shape
    assert np.array_equal(heat.levels == BROKEN, ~np.isfinite(values))
    assert ((heat.levels >= BROKEN) & (heat.levels < LEVELS)).all()
