"""The losses and activations by themselves: known values, no overflow, and slopes that fit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.subject.activations import ACTIVATIONS, Activation
from engine.subject.losses import LOSSES, Huber, Loss
from engine.subject.objective import Matrix

DTYPES = [np.float32, np.float64]

every_dtype = pytest.mark.parametrize("dtype", DTYPES)
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


def value_and_delta(
    loss: Loss, outputs: list[list[float]], targets: list[list[float]], dtype: Any = np.float64
) -> tuple[float, NDArray[Any]]:
    """Return loss and gradient for rows of outputs, each row one output of all samples."""
    given_outputs = np.array(outputs, dtype)
    delta = np.full_like(given_outputs, np.nan)
    value = loss.bind(given_outputs, delta)(np.array(targets, dtype))
    assert delta.dtype == np.dtype(dtype)
    return value, delta


def through_and_back(activation: Activation, values: Matrix, delta: Matrix) -> None:
    """Replace the sums in `values` by their activations and multiply `delta` by the derivative there."""
    slopes = np.full_like(values, np.nan)
    for operation in (
        *activation.forward(values, slopes),
        *activation.slopes(values, slopes),
        *activation.chain(delta, slopes),
    ):
        operation()


def test_the_mean_squared_error_is_a_mean_over_samples_and_a_sum_over_outputs() -> None:
    """Two samples with errors (1, 2) and (0, −3): (1 + 4 + 9)/2 = 7, slope 2·error/2."""
    value, delta = value_and_delta(LOSSES["mean_squared_error"], [[2.0, 5.0], [2.0, 0.0]], [[1.0, 5.0], [0.0, 3.0]])
    assert value == 7.0
    assert delta.tolist() == [[1.0, 0.0], [2.0, -3.0]]


def test_huber_by_hand() -> None:
    """δ = 2, errors 1, −2, 3, −6: ½, 2, 2·(3 − 1), 2·(6 − 1) in two samples: 16.5/2; slopes 1, −2, 2, −2 over 2."""
    value, delta = value_and_delta(Huber(2.0), [[1.0, 3.0], [-2.0, -6.0]], [[0.0, 0.0], [0.0, 0.0]])
    assert value == 8.25
    assert delta.tolist() == [[0.5, 1.0], [-1.0, -1.0]]


def test_huber_tells_on_which_side_of_its_bends_an_error_is() -> None:
    loss, targets = Huber(0.5), np.array([[1.0]])
    sides = {float(output): loss.sides(np.array([[output]]), targets).tolist() for output in (0.4, 0.6, 1.4, 1.6)}
    assert sides[0.6] == sides[1.4]
    assert sides[0.4] != sides[1.4] != sides[1.6] != sides[0.4]


@every_loss
@every_dtype
def test_a_sum_over_the_samples_is_their_number_times_the_mean(loss: Loss, dtype: Any) -> None:
    outputs, targets = [[0.5, -1.0, 3.0, 0.25]], [[1.0, 0.0, 1.0, 0.0]]
    if loss.name == "cross_entropy":
        outputs, targets = [*outputs, [0.25, 0.5, -0.5, 1.0]], [*targets, [0.0, 1.0, 0.0, 1.0]]
    mean, slopes = value_and_delta(loss, outputs, targets, dtype)
    given_outputs = np.array(outputs, dtype)
    delta = np.empty_like(given_outputs)
    # Four is a power of two: scaling by it rounds nothing.
    assert loss.bind(given_outputs, delta, "sum")(np.array(targets, dtype)) == 4.0 * mean
    assert delta.tolist() == (4.0 * slopes).tolist()


def test_binary_cross_entropy_by_hand() -> None:
    """σ(log 3) = ¾, so the classes 1 and 0 cost −log ¾ and −log ¼ nats."""
    logit = math.log(3.0)
    value, delta = value_and_delta(LOSSES["binary_cross_entropy"], [[logit, logit]], [[1.0, 0.0]])
    assert value == pytest.approx(-0.5 * (math.log(0.75) + math.log(0.25)), rel=1e-15)
    assert delta == pytest.approx(np.array([[-0.125, 0.375]]), rel=1e-14)


def test_cross_entropy_by_hand() -> None:
    """Logits log 1, log 2, log 5 are probabilities ⅛, ¼, ⅝."""
    logits = [[math.log(weight), math.log(weight)] for weight in (1.0, 2.0, 5.0)]
    value, delta = value_and_delta(LOSSES["cross_entropy"], logits, [[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    assert value == pytest.approx(0.5 * (math.log(8.0) + math.log(1.6)), rel=1e-15)
    assert delta == pytest.approx(np.array([[-0.4375, 0.0625], [0.125, 0.125], [0.3125, -0.1875]]), rel=1e-14)


@given(logit=st.floats(-30.0, 30.0), hit=st.booleans())
def test_one_logit_is_a_softmax_over_that_logit_and_zero(logit: float, hit: bool) -> None:
    one, slope = value_and_delta(LOSSES["binary_cross_entropy"], [[logit]], [[float(hit)]])
    two, slopes = value_and_delta(LOSSES["cross_entropy"], [[0.0], [logit]], [[float(not hit)], [float(hit)]])
    # A sure and right answer costs the difference of two numbers as large as the logit.
    assert one == pytest.approx(two, rel=1e-12, abs=1e-14)
    assert slope[0, 0] == pytest.approx(slopes[1, 0], rel=1e-9, abs=1e-15)


@given(logits=st.lists(st.floats(-20.0, 20.0), min_size=2, max_size=6), shift=st.floats(-1e3, 1e3), data=st.data())
def test_a_shift_of_all_logits_changes_nothing(logits: list[float], shift: float, data: st.DataObject) -> None:
    hit = data.draw(st.integers(0, len(logits) - 1))
    targets = [[float(index == hit)] for index in range(len(logits))]
    value, delta = value_and_delta(LOSSES["cross_entropy"], [[logit] for logit in logits], targets)
    moved, slope = value_and_delta(LOSSES["cross_entropy"], [[logit + shift] for logit in logits], targets)
    assert moved == pytest.approx(value, abs=1e-11)
    assert slope == pytest.approx(delta, abs=1e-11)
    assert abs(float(delta.sum())) < 1e-14


@every_dtype
@pytest.mark.parametrize("size", [1e3, 1e30])
def test_large_logits_overflow_neither_way(dtype: Any, size: float) -> None:
    """A right answer that sure costs nothing, a wrong one costs the logit itself.

    Warnings are errors here; the softmax may look how long all its logits are together, which may be inf.
    """
    binary, softmax = LOSSES["binary_cross_entropy"], LOSSES["cross_entropy"]
    size = float(dtype(size))
    for logit, target, cost, slope in ((size, 1.0, 0.0, 0.0), (size, 0.0, size, 1.0), (-size, 1.0, size, -1.0)):
        value, delta = value_and_delta(binary, [[logit]], [[target]], dtype)
        assert (value, float(delta[0, 0])) == (cost, slope)
        with np.errstate(over="ignore"):
            value, delta = value_and_delta(softmax, [[0.0], [logit]], [[1.0 - target], [target]], dtype)
        assert (value, float(delta[1, 0])) == (cost, slope)


@every_dtype
@every_loss
def test_a_mean_loss_does_not_depend_on_how_often_the_samples_are_repeated(loss: Loss, dtype: Any) -> None:
    outputs, targets = [[0.5, -1.0, 2.0]], [[1.0, 0.0, 1.0]]
    if loss.name == "cross_entropy":
        outputs, targets = [*outputs, [0.25, 0.5, -0.5]], [*targets, [0.0, 1.0, 0.0]]
    value, delta = value_and_delta(loss, outputs, targets, dtype)
    twice, slopes = value_and_delta(loss, [row * 2 for row in outputs], [row * 2 for row in targets], dtype)
    epsilon = float(np.finfo(dtype).eps)
    assert twice == pytest.approx(value, rel=4.0 * epsilon)
    assert 2.0 * slopes[:, :3] == pytest.approx(delta, rel=4.0 * epsilon)


def test_targets_and_what_counts_as_right() -> None:
    """Two classes are ∓1 for the squared error, a number for one logit, a column for a softmax."""
    labels = np.array([0, 1, 1])
    squared, binary, softmax = (
        LOSSES[name] for name in ("mean_squared_error", "binary_cross_entropy", "cross_entropy")
    )
    assert squared.targets(labels, 2).tolist() == [[-1.0], [1.0], [1.0]]
    assert squared.targets(np.array([0.5, -2.0]), 0).tolist() == [[0.5], [-2.0]]
    assert squared.targets(np.array([2, 0]), 3).tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    assert binary.targets(labels, 2).tolist() == [[0.0], [1.0], [1.0]]
    assert softmax.targets(labels, 2).tolist() == [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
    outputs = np.array([[-0.1, 0.2, -3.0]])
    assert squared.correct(outputs, squared.targets(labels, 2).T) == 2
    assert binary.correct(outputs, binary.targets(labels, 2).T) == 2
    two = np.array([[0.3, 5.0, -1.0], [0.2, 6.0, -2.0]])
    assert softmax.correct(two, softmax.targets(labels, 2).T) == 2
    assert squared.correct(two, softmax.targets(labels, 2).T) == 2


KNOWN = {
    "relu": {-2.0: (0.0, 0.0), 0.5: (0.5, 1.0), 3.0: (3.0, 1.0)},
    "tanh": {0.0: (0.0, 1.0), math.atanh(0.5): (0.5, 0.75), math.atanh(-0.8): (-0.8, 0.36)},
    "sigmoid": {0.0: (0.5, 0.25), math.log(3.0): (0.75, 0.1875), -math.log(3.0): (0.25, 0.1875)},
    "identity": {-7.0: (-7.0, 1.0), 0.25: (0.25, 1.0)},
    "leaky_relu": {-3.0: (-0.03, 0.01), 0.5: (0.5, 1.0), 3.0: (3.0, 1.0)},
    "elu": {-math.log(4.0): (-0.75, 0.25), 0.0: (0.0, 1.0), 2.0: (2.0, 1.0)},
    "softplus": {
        0.0: (math.log(2.0), 0.5),
        math.log(3.0): (math.log(4.0), 0.75),
        -20.0: (math.log1p(math.exp(-20.0)), 1.0 / (1.0 + math.exp(20.0))),
    },
    "silu": {
        0.0: (0.0, 0.5),
        math.log(3.0): (0.75 * math.log(3.0), 0.75 + 0.1875 * math.log(3.0)),
        -math.log(3.0): (-0.25 * math.log(3.0), 0.25 - 0.1875 * math.log(3.0)),
    },
    "gelu": {
        0.0: (0.0, 0.5),
        1.0: (0.8413447460685429, 1.0833154705876864),
        -1.0: (-0.15865525393145707, -0.08331547058768629),
        3.0: (2.99595030590511, 1.011945647204184),
    },
}
"""For each activation sums, with value and slope there."""


@every_dtype
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_and_its_slope_have_the_known_values(name: str, dtype: Any) -> None:
    values = np.array([list(KNOWN[name])], dtype)
    delta = np.full_like(values, 2.0)
    through_and_back(ACTIVATIONS[name], values, delta)
    epsilon = 4.0 * float(np.finfo(dtype).eps)
    assert values[0] == pytest.approx([value for value, _ in KNOWN[name].values()], rel=epsilon, abs=0.0)
    assert delta[0] == pytest.approx([2.0 * slope for _, slope in KNOWN[name].values()], rel=2.0 * epsilon, abs=0.0)
    assert {values.dtype, delta.dtype} == {np.dtype(dtype)}


@every_dtype
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_sums_however_large_overflow_nothing(name: str, dtype: Any) -> None:
    values = np.array([[-1e30, -1e3, 1e3, 1e30]], dtype)
    delta = np.ones_like(values)
    through_and_back(ACTIVATIONS[name], values, delta)
    assert np.isfinite(values).all()
    assert np.isfinite(delta).all()
    assert (np.diff(values[0]) >= 0.0).all()


@every_dtype
def test_gelu_is_the_normal_distribution_itself_and_no_approximation_of_it(dtype: Any) -> None:
    """Against the error function of the C library; the usual form by tanh is off by 5e-4."""
    sums = np.linspace(-9.0, 9.0, 20_001).astype(dtype)
    values, delta = sums.reshape(1, -1).copy(), np.ones((1, sums.size), dtype)
    through_and_back(ACTIVATIONS["gelu"], values, delta)
    exact = sums.astype(np.float64)
    below = np.array([0.5 * math.erfc(-z / math.sqrt(2.0)) for z in exact])
    bell = np.exp(-0.5 * exact**2) / math.sqrt(2.0 * math.pi)
    epsilon = float(np.finfo(dtype).eps)
    # Φ and z·φ are off by a few roundings of numbers up to 1, and z·Φ by |z| times as much.
    assert np.abs(values[0] - exact * below).max() < 4.0 * 9.0 * epsilon
    assert np.abs(delta[0] - (below + exact * bell)).max() < 8.0 * epsilon


def test_a_layer_longer_than_the_stretch_that_gelu_works_on_at_once_is_done_to_its_end() -> None:
    sums = np.linspace(-4.0, 4.0, 3 * 9000).reshape(3, -1)
    values, delta = sums.copy(), np.ones_like(sums)
    through_and_back(ACTIVATIONS["gelu"], values, delta)
    for row, column in ((0, 0), (0, 8191), (0, 8192), (1, 7384), (2, 8999)):
        one, slope = sums[row : row + 1, column : column + 1].copy(), np.ones((1, 1))
        through_and_back(ACTIVATIONS["gelu"], one, slope)
        assert (values[row, column], delta[row, column]) == (one[0, 0], slope[0, 0])


def test_a_rectifier_at_its_kink_has_slope_zero() -> None:
    values, delta = np.zeros((1, 1)), np.ones((1, 1))
    through_and_back(ACTIVATIONS["relu"], values, delta)
    assert delta[0, 0] == 0.0


@pytest.mark.parametrize(
    ("name", "outputs", "shares"),
    [
        ("mean_squared_error", [[-1.0, 0.5, 3.0]], [[1.0, 0.25, 0.0], [0.0, 0.75, 1.0]]),
        ("mean_squared_error", [[0.2], [1.5], [-1.0]], [[0.2], [1.0], [0.0]]),
        ("binary_cross_entropy", [[0.0, math.log(3.0), 800.0]], [[0.5, 0.25, 0.0], [0.5, 0.75, 1.0]]),
        ("cross_entropy", [[0.0, 900.0], [math.log(4.0), 0.0]], [[0.2, 1.0], [0.8, 0.0]]),
    ],
)
def test_how_sure_outputs_are_of_each_class(name: str, outputs: list[list[float]], shares: list[list[float]]) -> None:
    assert LOSSES[name].shares(np.array(outputs)) == pytest.approx(np.array(shares))
