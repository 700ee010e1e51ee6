"""The shapes of the made sets: those that they are named for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.subject.datasets import generate


def test_the_spirals_arms_are_each_others_mirror_image_and_turn_one_and_three_quarters() -> None:
    data = generate("spiral", samples=2000, noise=0.0, seed=0)
    arm, other = data.inputs[data.labels == 0], data.inputs[data.labels == 1]
    np.testing.assert_allclose(arm, -other, rtol=0, atol=1e-12)
    radius = np.hypot(*arm.T)
    assert (np.diff(radius) > 0.0).all()
    assert radius[-1] == pytest.approx(1.0)
    turned = np.unwrap(np.arctan2(*arm.T))
    assert (turned[-1] - turned[0]) / (2.0 * np.pi) == pytest.approx(1.75, abs=0.002)


@given(samples=st.integers(2, 300))
def test_the_spirals_arms_never_share_a_point(samples: int) -> None:
    data = generate("spiral", samples=samples, noise=0.0, seed=0)
    arm, other = data.inputs[data.labels == 0], data.inputs[data.labels == 1]
    assert np.hypot(*(arm[:, None] - other).transpose(2, 0, 1)).min() > 1e-3


def test_moons_are_two_half_circles_that_reach_into_each_other() -> None:
    """scikit-learn's corners: the upper moon spans (−1, 0) to (1, 0), the lower one (0, ½) to (2, ½)."""
    data = generate("moons", samples=201, noise=0.0, seed=0)
    for label, middle, side in ((0, (0.0, 0.0), 1.0), (1, (1.0, 0.5), -1.0)):
        points = data.inputs[data.labels == label] * 1.5 + (0.5, 0.25) - middle
        np.testing.assert_allclose(np.hypot(*points.T), 1.0, rtol=1e-12)
        assert (points[:, 1] * side > -1e-12).all()
        np.testing.assert_allclose(np.abs(points[[0, -1]]), [[1.0, 0.0], [1.0, 0.0]], rtol=0, atol=1e-12)


def test_circles_are_a_disc_and_a_ring_with_a_gap_between() -> None:
    data = generate("circles", samples=1000, noise=0.0, seed=0)
    radius = np.hypot(*data.inputs.T)
    inner, outer = radius[data.labels == 0], radius[data.labels == 1]
    assert 0.45 < inner.max() <= 0.5
    assert 0.7 <= outer.min() < 0.75
    assert 0.95 < outer.max() <= 1.0


def test_xor_is_one_where_the_signs_differ_and_empty_along_the_axes() -> None:
    inputs, labels = (data := generate("xor", samples=1000, noise=0.0, seed=0)).inputs, data.labels
    assert np.array_equal(np.signbit(inputs[:, 0]) ^ np.signbit(inputs[:, 1]), labels == 1)
    assert np.abs(inputs).min() >= 0.3 / 5.3
    assert np.abs(inputs).max() <= 1.0
    quadrants = np.bincount(np.signbit(inputs) @ [1, 2])
    assert quadrants.min() > 200


def test_blobs_without_noise_are_the_corners_of_an_equilateral_triangle() -> None:
    data = generate("blobs", samples=30, noise=0.0, seed=0)
    corners = np.array([np.unique(data.inputs[data.labels == label].round(12), axis=0) for label in range(3)])
    assert corners.shape == (3, 1, 2)
    first, second, third = corners[:, 0]
    sides = [float(np.hypot(*(one - other))) for one, other in ((first, second), (second, third), (third, first))]
    assert sides == pytest.approx([sides[0]] * 3)
    assert sides[0] > 1.0
    np.testing.assert_allclose(first + second + third, 0.0, atol=1e-11)


def test_the_line_is_two_x_minus_one_with_noise_of_the_stated_size() -> None:
    """With n = 10,000 the slope's standard error is 0.5/√(n/3) = 0.009, the intercept's 0.005, the noise's 0.0035."""
    data = generate("line", samples=10_000, noise=0.5, seed=0)
    x = data.inputs[:, 0]
    slope, intercept = np.polyfit(x, data.labels, 1)
    assert slope == pytest.approx(2.0, abs=0.045)
    assert intercept == pytest.approx(-1.0, abs=0.025)
    assert float(np.std(data.labels - 2.0 * x + 1.0)) == pytest.approx(0.5, abs=0.018)
    assert -1.0 <= x.min() < -0.99
    assert 0.99 < x.max() < 1.0


@pytest.mark.parametrize("turns", [0.5, 1.75, 3.0])
def test_the_spiral_turns_as_often_as_it_is_told(turns: float) -> None:
    data = generate("spiral", samples=4000, noise=0.0, seed=0, turns=turns)
    turned = np.unwrap(np.arctan2(*data.inputs[data.labels == 0].T))
    assert (turned[-1] - turned[0]) / (2.0 * np.pi) == pytest.approx(turns, rel=0.002)


def test_the_gap_is_the_distance_between_the_classes() -> None:
    """Of the clusters between their centres, of disc and ring between their borders, of xor across an axis."""
    clusters = generate("gauss", samples=4, noise=0.0, seed=0, gap=1.5)
    centres = [clusters.inputs[clusters.labels == label][0] for label in (0, 1)]
    assert float(np.hypot(*(centres[0] - centres[1]))) == pytest.approx(1.5)
    rings = generate("circles", samples=4000, noise=0.0, seed=0, gap=0.4)
    radius = np.hypot(*rings.inputs.T)
    assert radius[rings.labels == 1].min() - radius[rings.labels == 0].max() == pytest.approx(0.4, abs=0.01)
    quadrants = generate("xor", samples=4000, noise=0.0, seed=0, gap=0.5)
    assert 0.25 <= np.abs(quadrants.inputs).min() < 0.26


def test_two_clusters_lie_where_the_playground_has_them() -> None:
    """In a square of ±6 their centres are (2, 2) and (−2, −2)."""
    data = generate("gauss", samples=2, noise=0.0, seed=0)
    np.testing.assert_allclose(6.0 * data.inputs, [[2.0, 2.0], [-2.0, -2.0]], rtol=1e-12)


def test_the_slope_is_the_playgrounds() -> None:
    """There the label is (x + y)/10 in a square of ±6."""
    data = generate("plane", samples=200, noise=0.0, seed=0)
    np.testing.assert_allclose(data.labels, (6.0 * data.inputs).sum(axis=1) / 10.0, rtol=1e-12, atol=1e-12)


def test_hills_and_hollows_are_where_the_playground_has_them() -> None:
    """In a square of ±6, half a unit from a middle is three quarters high or more; far from all of them is 0."""
    data = generate("multi_gauss", samples=20_000, noise=0.0, seed=0)
    points = 6.0 * data.inputs
    nearest = np.full(len(points), np.inf)
    for x, y, sign in ((-4, 2.5, 1), (0, 2.5, -1), (4, 2.5, 1), (-4, -2.5, -1), (0, -2.5, 1), (4, -2.5, -1)):
        distance = np.hypot(*(points - (x, y)).T)
        near = distance < 0.5
        assert near.sum() > 50
        assert (sign * data.labels[near]).min() >= 0.75
        nearest = np.minimum(nearest, distance)
    assert (data.labels[nearest > 2.0] == 0.0).all()
    assert np.abs(data.labels).max() <= 1.0


def test_each_rare_feature_is_half_as_common_as_the_one_before_and_says_as_much() -> None:
    """With 200,000 samples a frequency 2⁻ᵏ is off by √(2⁻ᵏ/n); four of them are allowed."""
    data = generate("sparse", samples=200_000, seed=0)
    expected = 0.5 ** np.arange(1, 21)
    frequency = data.inputs.mean(axis=0)
    assert (np.abs(frequency - expected) < 4.0 * np.sqrt(expected / 200_000)).all()
    assert set(np.unique(data.inputs)) == {0.0, 1.0}
    for feature, mean in ((0, 1.0 / (1.0 + np.exp(-4.0))), (1, 1.0 / (1.0 + np.exp(4.0)))):
        alone = (data.inputs[:, feature] == 1.0) & (data.inputs.sum(axis=1) == 1.0)
        assert data.labels[alone].mean() == pytest.approx(mean, abs=0.01)
