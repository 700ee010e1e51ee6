"""Where a network starts: weights of the variance that its rule says, the same whenever they are drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.engine.subject.networks import network


@pytest.mark.parametrize(
    ("init", "activation", "variance"),
    [
        ("he", "tanh", 2.0 / 200),
        ("xavier", "relu", 2.0 / (200 + 100)),
        (None, "relu", 2.0 / 200),
        (None, "tanh", 2.0 / (200 + 100)),
        (None, "sigmoid", 2.0 / (200 + 100)),
    ],
)
def test_the_initial_weights_have_the_variance_of_their_rule(
    init: str | None, activation: str, variance: float
) -> None:
    """Layer 2 is 200 × 100: of n normal numbers the sample variance is off by √(2/n), 1 %, and five times that at most.

    The mean is off by √(variance/n), and the biases are zero.
    """
    trained = network(hidden=(200, 100), activation=activation, init=init)
    theta = trained.start()
    weights = trained.tensors[2].of(theta)
    assert weights.shape == (200, 100)
    assert float(np.var(weights)) == pytest.approx(variance, rel=5.0 * math.sqrt(2.0 / weights.size))
    assert abs(float(weights.mean())) < 5.0 * math.sqrt(variance / weights.size)
    for tensor in trained.tensors[1::2]:
        assert not tensor.of(theta).any()


def test_both_precisions_start_from_the_same_numbers() -> None:
    single, double = network(dtype=np.float32).start(), network(dtype=np.float64).start()
    assert single.dtype == np.float32
    assert np.array_equal(single, double.astype(np.float32))


def test_every_start_is_the_same_and_an_array_of_its_own() -> None:
    trained = network()
    first = trained.start()
    first[:] = 7.0
    assert np.array_equal(trained.start(), network().start())
    assert not np.array_equal(trained.start(), network(seed=1).start())


def test_the_first_layers_do_not_change_when_a_layer_is_added() -> None:
    shallow, deep = network(hidden=(5,)), network(hidden=(5, 3))
    assert np.array_equal(shallow.tensors[0].of(shallow.start()), deep.tensors[0].of(deep.start()))


def test_standard_weights_have_variance_one() -> None:
    trained = network(hidden=(200, 100), init="standard")
    assert float(np.var(trained.weights[1].of(trained.start()))) == pytest.approx(1.0, rel=0.05)
