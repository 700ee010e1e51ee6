"""How the entries of an array are spread, found in stretches: against counting by hand and against NumPy in one go."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from engine.method import distribution
from engine.method.distribution import Histogram, extent, histogram, quartiles, reduced

ANY = st.floats(allow_nan=True, allow_infinity=True, allow_subnormal=True)
TAME = st.floats(-1e6, 1e6)


def done(work: Generator[None, None, Any]) -> Any:
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def counted(values: NDArray[Any], bins: int, scale: str) -> Histogram:
    found: Histogram = done(histogram(values, done(extent(values)), bins, scale))
    return found


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few entries are several stretches."""
    monkeypatch.setattr(distribution, "STRETCH", 5)


def test_zeros_and_what_is_not_finite_are_counted_apart() -> None:
    found = done(extent(np.array([0.0, -3.0, math.nan, 4.0, 0.0, math.inf, -0.0, -math.inf])))
    assert (found.count, found.finite, found.zeros) == (8, 5, 3)
    assert (found.low, found.high, found.least, found.size) == (-3.0, 4.0, 3.0, 4.0)
    assert found.rms == pytest.approx(math.sqrt((9 + 16) / 5), rel=1e-12)


@pytest.mark.parametrize("values", [[], [math.nan, math.inf]])
def test_nothing_finite_has_no_extremes_and_an_empty_histogram(values: list[float]) -> None:
    found = done(extent(np.array(values)))
    assert found.finite == 0
    assert all(math.isnan(value) for value in (found.low, found.high, found.least, found.rms))
    assert all(math.isnan(value) for value in quartiles(np.array(values)))
    for scale in ("linear", "log"):
        assert counted(np.array(values), 4, scale).counts.tolist() == [0, 0, 0, 0]


@given(arrays(np.float64, st.integers(1, 40), elements=TAME), st.integers(2, 12))
def test_a_linear_histogram_counts_every_entry_in_the_bin_that_holds_it(values: NDArray[Any], bins: int) -> None:
    found = counted(values, bins, "linear")
    assert found.counts.sum() == values.size
    assert np.all(found.left[1:] == found.right[:-1])
    # Rounding may move an entry that lies on an edge, and by no more than a billionth of a bin.
    room = 1e-9 * (found.right - found.left)
    least = [
        np.count_nonzero((values > low + by) & (values < high - by))
        for low, high, by in zip(found.left, found.right, room, strict=True)
    ]
    most = [
        np.count_nonzero((values >= low - by) & (values <= high + by))
        for low, high, by in zip(found.left, found.right, room, strict=True)
    ]
    assert np.all((found.counts >= least) & (found.counts <= most))


def test_sizes_of_both_signs_are_counted_in_decades_on_either_side_of_zero() -> None:
    values = np.array([-50.0, -5.0, -5.0, 0.0, 0.002, 0.5, 5.0, 100.0, math.nan])
    values[4] = 0.01
    found = counted(values, 8, "log")
    assert found.scale == "log"
    assert found.left == pytest.approx([-100, -10, -1, -0.1, 0.01, 0.1, 1, 10])
    assert found.right == pytest.approx([-10, -1, -0.1, -0.01, 0.1, 1, 10, 100])
    assert found.counts.tolist() == [1, 2, 0, 0, 1, 1, 1, 1]


def test_a_few_tiny_entries_do_not_stretch_a_logarithmic_histogram() -> None:
    values = np.concatenate([np.full(3, 1e-30), np.geomspace(1e-3, 1.0, 997)])
    found = counted(values, 30, "log")
    assert found.left[0] == pytest.approx(1e-3, rel=0.1)
    assert found.counts.sum() == 1000


def test_zeros_alone_have_a_linear_histogram_in_any_scale() -> None:
    found = counted(np.zeros(7), 4, "log")
    assert found.scale == "linear"
    assert found.counts.sum() == 7


@given(arrays(np.float64, st.integers(0, 30), elements=ANY), st.integers(2, 9), st.sampled_from(["linear", "log"]))
def test_no_entry_is_lost_whatever_it_is(values: NDArray[Any], bins: int, scale: str) -> None:
    found, all_of_it = counted(values, bins, scale), done(extent(values))
    apart = all_of_it.zeros if found.scale == "log" else 0
    assert found.counts.sum() == all_of_it.finite - apart
    assert np.isfinite(found.left).all()
    assert np.isfinite(found.right).all()
    assert np.all(found.left <= found.right)


@given(
    arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=TAME),
    st.integers(1, 6),
    st.integers(1, 6),
)
def test_a_cell_is_the_mean_of_its_block_or_its_largest_entry(matrix: NDArray[Any], rows: int, columns: int) -> None:
    mean, largest = (done(reduced(matrix, rows, columns, block)) for block in ("mean", "largest"))
    height, width = min(rows, len(matrix)), min(columns, matrix.shape[1])
    assert mean.shape == largest.shape == (height, width)
    for row in range(height):
        for column in range(width):
            part = matrix[
                row * len(matrix) // height : (row + 1) * len(matrix) // height,
                column * matrix.shape[1] // width : (column + 1) * matrix.shape[1] // width,
            ]
            assert mean[row, column] == pytest.approx(np.float32(part.mean()), rel=1e-6, abs=1e-3)
            assert abs(largest[row, column]) == np.float32(np.abs(part).max())
            assert largest[row, column] in part.astype(np.float32)


@pytest.mark.parametrize("block", ["mean", "largest"])
def test_a_block_with_an_entry_that_is_not_finite_shows_it(block: str) -> None:
    matrix = np.ones((4, 6))
    matrix[3, 0], matrix[0, 5] = math.nan, -math.inf
    cells = done(reduced(matrix, 2, 3, block))
    assert np.isfinite(cells).tolist() == [[True, True, False], [False, True, True]]


def test_quartiles_of_many_entries_are_those_of_some_of_them_and_nearly_right() -> None:
    values = np.arange(4.0 * distribution.DRAWN)
    assert np.array(quartiles(values)) / values.size == pytest.approx([0.25, 0.5, 0.75], abs=0.01)
    assert quartiles(np.arange(5.0)) == (1.0, 2.0, 3.0)
