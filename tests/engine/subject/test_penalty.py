"""The penalty for large weights: known values, every weight and no bias."""

from __future__ import annotations

import numpy as np
import pytest

from engine.subject import penalty as penalty_module
from engine.subject.penalty import Penalty
from engine.subject.regularisation import Regularisation


def test_both_penalties_by_hand() -> None:
    """0.5·(2 + 0 + 4) + ½·3·(4 + 0 + 16) = 33; slopes 0.5·(1, 0, −1) + 3·(2, 0, −4), on top of what is there."""
    values, grad = np.array([2.0, 0.0, -4.0]), np.array([10.0, 20.0, 30.0])
    penalty = Penalty([(values, grad)], Regularisation(l1=0.5, l2=3.0))
    assert penalty.value() == 33.0
    assert grad.tolist() == [10.0, 20.0, 30.0]
    assert penalty.add_gradient() == 33.0
    assert grad.tolist() == [16.5, 20.0, 17.5]


@pytest.mark.parametrize(("l1", "l2", "value"), [(2.0, 0.0, 12.0), (0.0, 2.0, 20.0)])
def test_one_penalty_comes_without_the_other(l1: float, l2: float, value: float) -> None:
    values, grad = np.array([2.0, 0.0, -4.0]), np.zeros(3)
    assert Penalty([(values, grad)], Regularisation(l1=l1, l2=l2)).add_gradient() == value
    assert grad.tolist() == ([2.0, 0.0, -2.0] if l1 else [4.0, 0.0, -8.0])


def test_in_stretches_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=(2, 100))
    results = []
    for stretch in (1 << 20, 7):
        monkeypatch.setattr(penalty_module, "STRETCH", stretch)
        grads = np.zeros_like(values)
        penalty = Penalty(list(zip(values, grads, strict=True)), Regularisation(l1=0.1, l2=0.2))
        results.append((penalty.add_gradient(), penalty.value(), grads))
    (whole, same, grads), (pieces, also, others) = results
    assert (whole, pieces) == (same, also)
    assert pieces == pytest.approx(whole, rel=1e-14)
    assert np.array_equal(grads, others)
