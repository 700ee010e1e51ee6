"""The pyramid against the plain list of samples, and the smoother against its definition."""

from __future__ import annotations

import math
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tui.charts import history
from tui.charts.history import FACTOR, Series, Smoothed, Smoother

VALUES = st.lists(
    st.one_of(
        st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.0, math.nan, math.inf, 1e308, 5e-324])
    ),
    min_size=1,
    max_size=1500,
)


def filled(values: NDArray[np.float64], block: int) -> Series:
    series = Series()
    for start in range(0, values.size, block):
        piece = values[start : start + block]
        series.append(np.arange(start, start + piece.size, dtype=np.float64), piece)
    return series


def assert_describes(series: Series, values: NDArray[np.float64], x0: float, columns: int) -> None:
    """Every entry of the window says what the samples from its x up to the next entry's x are like."""
    envelope = series.window(x0, float(values.size), columns)
    edges = [*envelope.x.astype(int).tolist(), values.size]
    assert edges == sorted(set(edges))
    for index, (start, stop) in enumerate(pairwise(edges)):
        samples = values[start:stop]
        finite = samples[np.isfinite(samples)]
        assert envelope.broken[index] == (finite.size < samples.size)
        if finite.size == 0:
            assert np.isnan(envelope.low[index])
            assert np.isnan(envelope.high[index])
            assert np.isnan(envelope.mean[index])
            continue
        assert envelope.low[index] == finite.min()
        assert envelope.high[index] == finite.max()
        # The sum of the samples may be no float, and the smallest floats have hardly any digits.
        size = float(np.abs(finite).max()) or 1.0
        expected = (finite / size).mean() * size
        assert envelope.mean[index] == pytest.approx(expected, rel=1e-9, abs=1e-12 * size + 1e-321)
        positive = finite[finite > 0.0]
        assert np.array_equal(envelope.positive[index], positive.min() if positive.size else np.nan, equal_nan=True)


@given(values=VALUES, block=st.integers(1, 700), columns=st.integers(1, 120))
def test_a_window_tells_of_every_sample_once_however_the_stream_was_cut(
    values: list[float], block: int, columns: int
) -> None:
    array = np.array(values)
    series = filled(array, block)
    assert_describes(series, array, 0.0, columns)
    envelope = series.window(0.0, array.size, columns)
    assert envelope.x[0] == 0.0
    assert envelope.x.size <= 4 * columns + 1


@pytest.mark.parametrize("columns", [5, 40, 300])
def test_a_window_on_old_samples_comes_from_a_level_that_still_has_them(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setattr(history, "RAW_LIMIT", 64)
    monkeypatch.setattr(history, "BUCKET_LIMIT", 128)
    values = np.random.default_rng(5).standard_normal(30_001)
    values[[7, 20_000, 30_000]] = math.nan, math.inf, 3.0
    for block in (1_777, 9_999):
        series = filled(values, block)
        for x0 in (0.0, 15_000.0, 29_980.0):
            assert_describes(series, values, x0, columns)
            assert series.window(x0, 30_001.0, columns).x[0] <= x0


def test_the_newest_samples_come_one_by_one() -> None:
    values = np.random.default_rng(1).standard_normal(100_000)
    envelope = filled(values, 4_000).window(99_900.0, 100_000.0, 50)
    assert envelope.x.tolist() == list(range(99_900, 100_000))
    assert np.array_equal(envelope.mean, values[99_900:])


@pytest.mark.parametrize("count", [1, 3, 4, 5, 1023, 1024, 70_001])
def test_the_newest_sample_is_always_in_the_window(count: int) -> None:
    values = np.zeros(count)
    values[-1] = 7.0
    envelope = filled(values, 1000).window(0.0, count, 10)
    assert envelope.high[-1] == 7.0
    assert filled(values, 1000).last == 7.0


def test_a_long_window_has_an_entry_for_every_column() -> None:
    series = filled(np.zeros(500_000), 5_000)
    for columns in (10, 60, 200, 400):
        assert columns <= series.window(0.0, 500_000.0, columns).x.size <= 4 * columns + 1


def test_memory_stays_bounded_and_begins_small() -> None:
    tracemalloc.start()
    try:
        series = Series()
        before = tracemalloc.get_traced_memory()[0]
        series.append([1.0], [1.0])
        assert tracemalloc.get_traced_memory()[0] - before < 20_000
        held = []
        for start in range(0, 10_000_000, 20_000):
            series.append(np.arange(start + 1.0, start + 20_001.0), np.ones(20_000))
            if start % 2_000_000 == 0:
                held.append(tracemalloc.get_traced_memory()[0])
        assert series.count == 10_000_001
        assert max(held) < 10_000_000
        # Four times the samples are one more level, of at most 16,384 · 5/4 buckets of 56 bytes.
        assert held[-1] - held[1] < 2 * 1_200_000
    finally:
        tracemalloc.stop()


def test_bounds_are_of_finite_samples_and_know_the_least_above_zero() -> None:
    series = Series()
    assert all(math.isnan(bound) for bound in series.bounds(0.0, 10.0))
    series.append([1, 2, 3, 4, 5], [math.nan, -2.0, 0.5, 8.0, math.inf])
    assert series.bounds(0.0, 10.0) == (-2.0, 8.0, 0.5)
    assert series.bounds(3.0, 3.0) == (0.5, 0.5, 0.5)
    assert series.nonpositive == 1
    low, high, positive = series.bounds(2.0, 2.0)
    assert (low, high) == (-2.0, -2.0)
    assert math.isnan(positive)


def test_clearing_forgets_everything() -> None:
    series = filled(np.zeros(1000), 100)
    series.clear()
    assert (series.count, series.nonpositive) == (0, 0)
    assert math.isnan(series.last)
    assert series.window(0.0, 1000.0, 10).x.size == 0
    series.append([1.0], [2.0])
    assert series.window(0.0, 1000.0, 10).mean.tolist() == [2.0]


@pytest.mark.parametrize(
    ("x", "y"), [([4.0], [1.0]), ([6.0, 5.5], [1.0, 1.0]), ([math.nan], [1.0]), ([6.0], [1.0, 2.0])]
)
def test_a_block_out_of_order_is_refused_and_changes_nothing(x: list[float], y: list[float]) -> None:
    series = Series()
    series.append([5.0], [1.0])
    with pytest.raises(ValueError, match="must"):
        series.append(x, y)
    assert (series.count, series.last_x) == (1, 5.0)


def test_the_first_two_smoothed_values_by_hand() -> None:
    """With weight 1/2: 2 stays 2; then (2 + 2 * 5) / 3 = 4, for the older value weighs half of the newer."""
    assert Smoother(0.5).extend([2.0, 5.0]).tolist() == pytest.approx([2.0, 4.0], rel=1e-15)


@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), weight=st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.999])
)
def test_a_smoothed_value_is_the_average_with_weights_that_fall_with_age(values: list[float], weight: float) -> None:
    smoothed = Smoother(weight).extend(values)
    for newest in range(len(values)):
        weights = [weight**age for age in range(newest, -1, -1)]
        expected = np.average(values[: newest + 1], weights=weights)
        assert smoothed[newest] == pytest.approx(expected, rel=1e-9, abs=1e-6 * 1e-3)


@given(
    values=st.lists(st.floats(-1e300, 1e300) | st.just(math.nan) | st.just(math.inf), min_size=1, max_size=400),
    cuts=st.lists(st.integers(0, 400), max_size=8),
    weight=st.sampled_from([0.0, 0.01, 0.3, 0.9, 0.98, 0.9999]),
)
def test_smoothing_does_not_depend_on_how_the_stream_is_cut(
    values: list[float], cuts: list[int], weight: float
) -> None:
    whole = Smoother(weight).extend(values)
    smoother = Smoother(weight)
    edges = [0, *sorted(min(cut, len(values)) for cut in cuts), len(values)]
    pieces = np.concatenate([smoother.extend(values[start:stop]) for start, stop in pairwise(edges)])
    size = np.nanmax(np.abs(np.where(np.isfinite(values), values, 0.0)))
    np.testing.assert_allclose(pieces, whole, rtol=1e-9, atol=1e-12 * size)


def test_what_is_not_finite_comes_out_as_nan_and_leaves_the_mean_alone() -> None:
    smoother = Smoother(0.9)
    smoothed = smoother.extend([3.0, math.nan, 3.0, -math.inf, 3.0])
    assert np.isnan(smoothed).tolist() == [False, True, False, True, False]
    assert smoothed[[0, 2, 4]].tolist() == pytest.approx([3.0, 3.0, 3.0], rel=1e-12)


@pytest.mark.parametrize("value", [1e308, -1.7e308, 1e-270, 0.0])
@pytest.mark.parametrize("weight", [0.0, 0.5, 0.98, 0.99999])
def test_a_constant_stays_what_it_is_for_a_hundred_thousand_steps(value: float, weight: float) -> None:
    smoothed = Smoother(weight).extend(np.full(100_000, value))
    np.testing.assert_allclose(smoothed, value, rtol=1e-9)


@pytest.mark.parametrize("weight", [-0.1, 1.0, math.nan])
def test_an_impossible_weight_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="at least 0 and below 1"):
        Smoother(weight)


def test_the_value_at_a_place_is_that_of_the_sample_there_or_before() -> None:
    series = Series()
    series.append([1.0, 5.0, 9.0], [10.0, 50.0, math.nan])
    assert series.at(5.0) == series.at(8.9) == (50.0, 50.0, 50.0)
    assert all(math.isnan(value) for value in (*series.at(0.5), *series.at(9.0), *Series().at(1.0)))


def test_the_value_of_an_old_place_is_told_as_the_range_of_its_bucket() -> None:
    series = long_ramp()
    low, mean, high = series.at(1000.0)
    assert low <= 1000.0 <= high
    assert low < mean < high
    assert series.is_coarse(0.0, 2000.0, 1000)
    assert not series.is_coarse(series.last_x - 2000.0, series.last_x, 1000)
    assert not series.is_coarse(0.0, series.last_x, 100)


def long_ramp() -> Series:
    series = Series()
    x = np.arange(0.0, 400_000.0)
    series.append(x, x)
    return series


@pytest.mark.parametrize("number", [0, 1, 21, 22, 32_767, 99_999])
def test_everything_from_a_sample_on_is_told_once_and_in_order(number: int) -> None:
    series = long_ramp()
    told = list(series.held_from(number))
    starts = np.concatenate([x for _, x, _ in told])
    lengths = np.concatenate([np.full(x.size, each) for each, x, _ in told])
    assert (starts[1:] == starts[:-1] + lengths[:-1]).all(), "neither a gap nor a sample twice"
    assert starts[-1] + lengths[-1] == 400_000.0
    assert starts[0] < number + FACTOR**4
    means = np.concatenate([mean for _, _, mean in told])
    np.testing.assert_allclose(means, starts + (lengths - 1) / 2.0)


def test_a_smoothed_twin_that_comes_late_ends_where_one_from_the_start_does() -> None:
    values = np.exp(-np.arange(100_000.0) / 3e4) * (1.0 + 0.1 * np.random.default_rng(1).standard_normal(100_000))
    source = Series()
    twin = Smoothed(source, 500)
    for start in range(0, 100_000, 1000):
        source.append(np.arange(start, start + 1000.0), values[start : start + 1000])
        twin.follow()
    late = Smoothed(source, 500)
    late.follow()
    expected = Smoother(1.0 - 1.0 / 500).extend(values)
    assert twin.series.count == 100_000
    assert twin.series.last == pytest.approx(expected[-1], rel=1e-12)
    assert late.series.last == pytest.approx(expected[-1], rel=1e-6)
    assert late.series.at(20_000.0)[1] == pytest.approx(expected[20_000], rel=0.02)


def test_a_bucket_counts_for_as_many_samples_as_it_stands_for() -> None:
    """Four equal samples one by one, or once as four."""
    one, other = Smoother(0.9), Smoother(0.9)
    one.extend([1.0] * 4 + [3.0] * 4)
    other.extend([1.0, 3.0], each=4)
    assert other.extend([5.0])[0] == pytest.approx(one.extend([5.0])[0], rel=1e-12)
