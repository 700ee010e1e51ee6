"""How fast a loss falls: against curves whose slope is known, and against NumPy's own fit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.method.trend import trend

STEPS = np.arange(100.0, 200.0)


def test_a_loss_that_halves_every_fifty_steps_does_so_and_one_below_zero_has_a_slope() -> None:
    falling = trend(STEPS, 3.0 * 0.5 ** (STEPS / 50.0))
    assert falling is not None
    assert (falling.is_relative, falling.is_level, falling.slope < 0.0) == (True, False, True)
    assert falling.factor_two_steps == pytest.approx(50.0, rel=1e-12)
    below = trend(STEPS, 2.0 - 0.25 * STEPS)
    assert below is not None
    assert (below.is_relative, below.is_level) == (False, False)
    assert below.slope == pytest.approx(-0.25, rel=1e-12)


def test_a_noisy_loss_has_the_slope_of_numpys_fit() -> None:
    losses = np.exp(np.random.default_rng(3).normal(-STEPS / 70.0, 0.4))
    losses[[5, 60]] = [math.nan, math.inf]
    found, known = trend(STEPS, losses), np.isfinite(losses)
    assert found is not None
    expected = np.polynomial.Polynomial.fit(STEPS[known], np.log(losses[known]), 1).convert().coef[1]
    assert found.slope == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("height", [1e-300, 3.0, 1e308, -1e308])
def test_a_loss_that_stays_where_it_is_is_level_at_any_height(height: float) -> None:
    found = trend(STEPS, np.full(STEPS.size, height))
    assert found is not None
    assert found.is_level


def test_of_too_few_values_and_of_one_step_nothing_is_said() -> None:
    assert trend(STEPS[:3], [3.0, 2.0, 1.0]) is None
    assert trend(STEPS, np.full(STEPS.size, math.nan)) is None
    assert trend(np.full(9, 4.0), np.arange(9.0)) is None


def test_a_slope_that_may_be_the_noise_of_minibatches_is_level() -> None:
    noise = np.random.default_rng(7).normal(0.0, 0.3, STEPS.size)
    level, falling = trend(STEPS, np.exp(noise)), trend(STEPS, np.exp(noise - STEPS / 50.0))
    assert level is not None
    assert falling is not None
    # The change of the fitted line alone would not be called level: it is its own standard error that says so.
    assert abs(level.slope) * (STEPS[-1] - STEPS[0]) > 0.02
    assert (level.is_level, falling.is_level) == (True, False)
