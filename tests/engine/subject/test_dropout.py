"""The masks of dropout: a function of seed and step alone, with the right share of units left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.subject.dropout import Masks

UNITS = (40, 25)


def drawn(step: int, *, rate: float = 0.3, seed: int = 0, samples: int = 32, dtype: Any = np.float64) -> NDArray[Any]:
    masks = Masks(UNITS, samples, rate=rate, seed=seed, dtype=dtype)
    masks.draw(step)
    assert [layer.shape for layer in masks.layers] == [(units, samples) for units in UNITS]
    return np.concatenate(masks.layers)


def test_a_mask_does_not_depend_on_what_was_drawn_before() -> None:
    masks = Masks(UNITS, 32, rate=0.3, seed=0, dtype=np.float64)
    for step in (5, 0, 6, 5, 1 << 40, 5):
        masks.draw(step)
        assert np.array_equal(np.concatenate(masks.layers), drawn(step))


@pytest.mark.parametrize("other", [{"step": 4}, {"step": 3 + (1 << 32)}, {"step": 3, "seed": 1}])
def test_another_step_or_seed_leaves_out_other_units(other: dict[str, int]) -> None:
    """Two masks that have nothing to do with each other agree on 0.7² + 0.3² = 58 %, within 1 %, of 2080 entries."""
    agreed = float(np.mean(drawn(3) == drawn(**other)))
    assert agreed == pytest.approx(0.58, abs=5.0 * 0.011)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", [0.05, 0.5, 0.95])
def test_units_drop_out_at_their_rate_and_the_others_make_up_for_them(rate: float, dtype: Any) -> None:
    """Of n units the share has a standard deviation of √(p(1 − p)/n), and five of them are allowed."""
    values = np.concatenate([drawn(step, rate=rate, dtype=dtype) for step in range(20)])
    assert values.dtype == dtype
    assert set(np.unique(values).tolist()) == {0.0, float(dtype(1.0 / (1.0 - rate)))}
    share = float(np.mean(values == 0.0))
    assert share == pytest.approx(rate, abs=5.0 * (rate * (1.0 - rate) / values.size) ** 0.5)
    for part in (values.mean(axis=0), values.mean(axis=1)):
        assert float(np.std(part)) < 2.0 * (rate / (1.0 - rate) / min(values.shape)) ** 0.5


def test_both_precisions_leave_out_the_same_units() -> None:
    assert np.array_equal(drawn(3, dtype=np.float32) > 0.0, drawn(3, dtype=np.float64) > 0.0)


def test_the_largest_seed_and_the_largest_step_are_as_good_as_any() -> None:
    assert 0.6 < float(np.mean(drawn((1 << 53), seed=(1 << 63) - 1) > 0.0)) < 0.8
