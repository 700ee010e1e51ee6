"""What eigenvalues predict: figures that are known, and the recursions themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.method.diagnostics import theory


def contraction(eigenvalue: float, lr: float, momentum: float) -> float:
    """By how much a step shrinks the distance, measured on the recursion itself over 40,000 steps.

    The state is scaled back to length 1 at every step, so that nothing underflows. An oscillation, or the polynomial
    factor k of a double root, is worth ln(4·10⁴)/4·10⁴ at most.
    """
    x, velocity, total = 1.0, 0.0, 0.0
    for _ in range(40_000):
        velocity = momentum * velocity + eigenvalue * x
        x -= lr * velocity
        size = math.hypot(x, velocity)
        x, velocity, total = x / size, velocity / size, total + math.log(size)
    return math.exp(total / 40_000)


@pytest.mark.parametrize("lr", [0.1, 0.5, 1.9])
@pytest.mark.parametrize("momentum", [0.0, 0.2, 0.5, 0.9])
def test_the_rate_is_how_fast_the_recursion_shrinks(lr: float, momentum: float) -> None:
    assert theory.rate([1.0], lr, momentum) == pytest.approx(contraction(1.0, lr, momentum), rel=3e-4)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.99])
def test_beyond_the_largest_stable_rate_the_distance_grows_and_below_it_shrinks(momentum: float) -> None:
    limit = theory.largest_stable_lr(4.0, momentum)
    assert limit == pytest.approx((1.0 + momentum) / 2.0)
    assert theory.rate([4.0], 0.999 * limit, momentum) < 1.0 < theory.rate([4.0], 1.001 * limit, momentum)


@pytest.mark.parametrize("curvature", [0.0, -1.0])
def test_where_nothing_curves_upwards_no_rate_is_too_high(curvature: float) -> None:
    assert theory.largest_stable_lr(curvature) == math.inf


def test_the_best_settings_for_a_condition_number_of_100_are_those_of_the_lecture() -> None:
    """α = 2/101 and 99/101 = 0.980; with momentum (2/11)², (9/11)² and 9/11."""
    plain, heavy = theory.best_descent(1.0, 100.0), theory.best_momentum(1.0, 100.0)
    assert plain.lr == pytest.approx(2 / 101)
    assert plain.momentum == 0.0
    assert plain.rate == pytest.approx(99 / 101)
    assert round(plain.rate, 3) == 0.980
    assert heavy.lr == pytest.approx((2 / 11) ** 2)
    assert heavy.momentum == pytest.approx((9 / 11) ** 2)
    assert heavy.rate == pytest.approx(9 / 11)


def test_exact_line_search_for_a_condition_number_of_10_lowers_the_loss_by_a_third() -> None:
    assert theory.exact_search_ratio(1.0, 10.0) == pytest.approx(81 / 121)


@pytest.mark.parametrize("condition", [1.5, 10.0, 1000.0])
def test_no_other_settings_are_better_than_the_best(condition: float) -> None:
    plain, heavy = theory.best_descent(1.0, condition), theory.best_momentum(1.0, condition)
    ends = (1.0, condition)
    assert theory.rate(ends, plain.lr) == pytest.approx(plain.rate)
    # A double root is known to the square root of the rounding.
    assert theory.rate(ends, heavy.lr, heavy.momentum) == pytest.approx(heavy.rate, abs=1e-7)
    for share in (0.9, 0.99, 1.01, 1.1):
        assert theory.rate(ends, share * plain.lr) > plain.rate
        assert theory.rate(ends, share * heavy.lr, heavy.momentum) > heavy.rate
        assert theory.rate(ends, heavy.lr, min(share * heavy.momentum, 0.999)) > heavy.rate


@pytest.mark.parametrize("lr", [0.01, 0.3, 0.9, 2.5])
def test_critical_momentum_is_the_fastest_for_its_direction(lr: float) -> None:
    """Below it the slower of two real roots rules, above it √β."""
    critical = theory.critical_momentum(1.0, lr)
    at = theory.rate([1.0], lr, critical)
    assert at == pytest.approx(math.sqrt(critical), abs=1e-7)
    assert theory.rate([1.0], lr, critical + 0.02) > at + 1e-4
    assert theory.rate([1.0], lr, critical - 0.01) > at + 1e-4


@pytest.mark.parametrize(("lr", "expected"), [(0.1, 0.0526), (0.5, 0.333)])
def test_the_noise_ball_of_the_lecture(lr: float, expected: float) -> None:
    assert theory.noise_ball(1.0, lr, 1.0) == pytest.approx(expected, abs=5e-4)
    assert theory.noise_ball(1.0, lr, 3.0) == pytest.approx(9.0 * theory.noise_ball(1.0, lr, 1.0))


@pytest.mark.parametrize(("lr", "momentum"), [(0.1, 0.0), (0.5, 0.0), (0.1, 0.9), (1.4, 0.5)])
def test_the_noise_ball_is_where_the_variance_of_the_recursion_comes_to_rest(lr: float, momentum: float) -> None:
    """The covariance C of (x, b) obeys C ← A·C·Aᵀ + noise, carried on until it no longer changes."""
    curvature, deviation = 2.0, 0.7
    a = np.array([[1.0 - lr * curvature, -lr * momentum], [curvature, momentum]])
    kick = np.array([-lr, 1.0]) * deviation
    covariance = np.zeros((2, 2))
    for _ in range(5000):
        covariance = a @ covariance @ a.T + np.outer(kick, kick)
    assert theory.noise_ball(curvature, lr, deviation, momentum) == pytest.approx(covariance[0, 0], rel=1e-9)


@pytest.mark.parametrize(("curvature", "lr"), [(1.0, 2.0), (1.0, 3.0), (0.0, 0.1), (-1.0, 0.1)])
def test_where_nothing_pulls_back_noise_leads_ever_further_away(curvature: float, lr: float) -> None:
    assert theory.noise_ball(curvature, lr, 1.0) == math.inf
