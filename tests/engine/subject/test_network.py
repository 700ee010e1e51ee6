"""Networks: a gradient that central differences confirm, and means that are means."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from engine.method.gradient_check import check_gradient
from engine.method.spec import RunSpec
from engine.subject import network as network_module
from engine.subject.activations import ACTIVATIONS
from engine.subject.datasets import DataSet, Split, generate, split
from engine.subject.losses import LOSSES, Reduction
from engine.subject.network import Network
from engine.subject.objective import Batch, Objective
from engine.subject.regularisation import Regularisation
from tests.engine.subject.networks import every_dtype, everything, first_samples, loss_and_gradient, network

REDUCTIONS: tuple[Reduction, ...] = ("mean", "sum")


@pytest.mark.parametrize("depth", range(4))
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_gradient_is_what_central_differences_find(activation: str, loss: str, depth: int) -> None:
    spec = RunSpec.model_validate(
        {
            "problem": {"kind": "dataset"},
            "data": {"name": "moons", "samples": 64},
            "model": {"hidden": [6, 4, 5][:depth], "activation": activation, "loss": loss},
            "optimizer": {"name": "sgd", "lr": 0.1},
        }
    )
    check = check_gradient(spec, coordinates_per_tensor=16)
    assert check.worst.relative_error < 1e-7
    assert check.passed
    assert sum(tensor.checked for tensor in check.tensors) > 5 * sum(tensor.skipped for tensor in check.tensors)


@pytest.mark.parametrize("data", ["blobs", "digits"])
@pytest.mark.parametrize("loss", ["cross_entropy", "mean_squared_error"])
def test_the_gradient_holds_for_more_than_two_classes(data: str, loss: str) -> None:
    spec = RunSpec.model_validate(
        {
            "problem": {"kind": "dataset"},
            "data": {"name": data, "samples": 64},
            "model": {"hidden": [6], "loss": loss},
        }
    )
    check = check_gradient(spec, coordinates_per_tensor=16)
    assert check.worst.relative_error < 1e-7


def test_a_network_is_an_objective_with_two_tensors_a_layer_and_no_gaps() -> None:
    objective: Objective = network("blobs", hidden=(5, 4))
    assert [(tensor.name, tensor.shape) for tensor in objective.tensors] == [
        ("layer1.weight", (2, 5)),
        ("layer1.bias", (5,)),
        ("layer2.weight", (5, 4)),
        ("layer2.bias", (4,)),
        ("layer3.weight", (4, 3)),
        ("layer3.bias", (3,)),
    ]
    assert objective.tensors[0].start == 0
    assert all(before.stop == after.start for before, after in pairwise(objective.tensors))
    assert all(tensor.size == math.prod(tensor.shape) for tensor in objective.tensors)
    assert objective.start().shape == (objective.tensors[-1].stop,)


def test_one_hidden_unit_by_hand() -> None:
    """X = 2, w = 0.5, b = 1, relu: h = 2; output 3h − 1 = 5 against y = 4: loss 1, slope 2 at the output.

    So ∂L/∂v = 2·h = 4, ∂L/∂c = 2, and through the unit ∂L/∂w = 2·3·x = 12, ∂L/∂b = 6.
    """
    one = DataSet(name="one", task="regression", classes=0, inputs=np.array([[2.0]]), labels=np.array([4.0]))
    trained = Network(
        Split(train=one, held_out=one),
        hidden=(1,),
        activation="relu",
        loss="mean_squared_error",
        init=None,
        seed=0,
        dtype=np.float64,
    )
    value, grad = loss_and_gradient(trained, np.array([0.5, 1.0, 3.0, -1.0]), everything(trained))
    assert value == 1.0
    assert grad.tolist() == [12.0, 6.0, 4.0, 2.0]


@every_dtype
@pytest.mark.parametrize("loss", LOSSES)
def test_a_batch_repeated_twice_has_the_same_loss_and_gradient(loss: str, dtype: Any) -> None:
    """Each is a mean over the batch's own samples: 5 of them, or the same 5 twice."""
    trained = network(loss=loss, dtype=dtype)
    once = first_samples(trained, 5)
    twice = Batch(inputs=np.tile(once.inputs, (2, 1)), targets=np.tile(once.targets, (2, 1)))
    theta = trained.start()
    value, grad = loss_and_gradient(trained, theta, once)
    again, same = loss_and_gradient(trained, theta, twice)
    epsilon = float(np.finfo(dtype).eps)
    assert again == pytest.approx(value, rel=16.0 * epsilon)
    assert same == pytest.approx(grad, rel=0.0, abs=64.0 * epsilon * float(np.abs(grad).max()))


def test_the_gradient_of_a_batch_is_the_weighted_mean_of_its_parts() -> None:
    """A batch of 11 in parts of 7 and 4, as a short last batch weighs its own samples alone."""
    trained = network("blobs")
    theta = trained.start()
    whole = first_samples(trained, 11)
    parts = [Batch(inputs=whole.inputs[part], targets=whole.targets[part]) for part in (slice(7), slice(7, None))]
    value, grad = loss_and_gradient(trained, theta, whole)
    (first, slope), (second, other) = (loss_and_gradient(trained, theta, part) for part in parts)
    assert value == pytest.approx((7.0 * first + 4.0 * second) / 11.0, rel=1e-14)
    assert grad == pytest.approx((7.0 * slope + 4.0 * other) / 11.0, rel=0.0, abs=1e-15 * 64.0)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("chunk", [1, 7, 30, 31])
def test_an_evaluation_in_chunks_is_one_over_all(loss: str, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The training split has 30 samples; its loss is also what a step over all of them would report."""
    trained = network(loss=loss)
    theta = trained.start()
    bound = trained.bind(theta, np.empty_like(theta))
    whole = bound.evaluate("train")
    monkeypatch.setattr(network_module, "EVALUATION_CHUNK", chunk)
    pieces = bound.evaluate("train")
    assert pieces.loss == pytest.approx(whole.loss, rel=1e-14)
    assert pieces.accuracy == whole.accuracy
    assert whole.loss == pytest.approx(loss_and_gradient(trained, theta, everything(trained))[0], rel=1e-14)


def test_an_evaluation_leaves_parameters_and_gradient_alone() -> None:
    trained = network()
    theta, grad = trained.start(), np.full(trained.tensors[-1].stop, 7.0)
    trained.bind(theta, grad).evaluate("held_out")
    assert (grad == 7.0).all()
    assert np.array_equal(theta, trained.start())


def test_accuracy_counts_the_samples_that_are_put_into_their_class() -> None:
    """A constant answer of class 1 is right for class 1 alone; a regression has no accuracy."""
    trained = network(hidden=())
    theta = np.zeros(trained.tensors[-1].stop)
    trained.tensors[1].of(theta)[:] = 0.0, 1.0
    share = float(everything(trained).targets[:, 1].mean())
    assert 0.0 < share < 1.0
    assert trained.bind(theta, theta.copy()).evaluate("train").accuracy == pytest.approx(share, rel=1e-15)
    line = network("line", hidden=(), loss="mean_squared_error")
    assert line.bind(line.start(), line.start()).evaluate("train").accuracy is None


def test_without_held_out_samples_there_is_one_split() -> None:
    assert network(held_out=0.0).splits == ("train",)
    assert network().splits == ("train", "held_out")


def test_linear_regression_stands_still_where_the_normal_equations_put_it() -> None:
    """XᵀXw = Xᵀy is where the gradient is 0; elsewhere it is 2/n·(XᵀXw − Xᵀy)."""
    trained = network("line", samples=256, hidden=(), loss="mean_squared_error")
    inputs, targets = everything(trained).inputs, everything(trained).targets
    left, right = inputs.T @ inputs, inputs.T @ targets
    solution = np.linalg.solve(left, right).ravel()
    _, flat = loss_and_gradient(trained, solution, everything(trained))
    assert np.abs(flat).max() < 1e-14
    away = solution + np.array([0.5, -2.0])
    _, grad = loss_and_gradient(trained, away, everything(trained))
    assert grad == pytest.approx(2.0 / len(inputs) * (left @ np.array([0.5, -2.0])), rel=1e-12)


def test_logistic_regression_at_zero_points_from_the_middle_to_the_classes() -> None:
    """With all weights 0, every sample has p = ½: the loss is log 2 and the gradient the mean of (½ − y)·x."""
    trained = network(hidden=(), loss="binary_cross_entropy")
    inputs, labels = everything(trained).inputs, everything(trained).targets
    value, grad = loss_and_gradient(trained, np.zeros(3), everything(trained))
    assert value == pytest.approx(math.log(2.0), rel=1e-15)
    assert grad == pytest.approx(((0.5 - labels) * inputs).mean(axis=0), rel=1e-12)


def test_logistic_regression_with_one_logit_is_a_softmax_of_two_with_half_the_step_each() -> None:
    """Weights (−w/2, w/2) of a softmax are the weight w of one logit; the slope splits in two halves."""
    one, two = network(hidden=(), loss="binary_cross_entropy"), network(hidden=(), loss="cross_entropy")
    weights = np.array([0.75, -1.5, 0.25])
    value, grad = loss_and_gradient(one, weights, everything(one))
    pairs = np.stack([-0.5 * weights, 0.5 * weights], axis=1).ravel()
    same, slopes = loss_and_gradient(two, pairs, everything(two))
    assert same == pytest.approx(value, rel=1e-14)
    assert slopes.reshape(3, 2) == pytest.approx(np.stack([-grad, grad], axis=1), rel=1e-12)


@every_dtype
@pytest.mark.parametrize("loss", ["binary_cross_entropy", "cross_entropy"])
def test_logits_of_a_thousand_do_not_overflow(loss: str, dtype: Any) -> None:
    trained = network(hidden=(), loss=loss, dtype=dtype)
    theta = np.zeros(trained.tensors[-1].stop, dtype)
    trained.tensors[1].of(theta)[:] = 1000.0 if loss == "binary_cross_entropy" else (-500.0, 500.0)
    value, grad = loss_and_gradient(trained, theta, everything(trained))
    wrong = 1.0 - float(everything(trained).targets[:, -1].mean())
    assert value == pytest.approx(1000.0 * wrong, rel=1e-5)
    assert np.isfinite(grad).all()


def test_the_piece_changes_exactly_when_a_rectifier_switches() -> None:
    """One input x, hidden sums x − ½ and −x: below 0 the second is on, between 0 and ½ none, above ½ the first."""
    one = DataSet(name="one", task="regression", classes=0, inputs=np.array([[1.0]]), labels=np.array([0.0]))
    trained = Network(
        Split(train=one, held_out=one),
        hidden=(2,),
        activation="relu",
        loss="mean_squared_error",
        init=None,
        seed=0,
        dtype=np.float64,
    )
    theta = np.array([1.0, -1.0, -0.5, 0.0, 1.0, 1.0, 0.0])
    bound = trained.bind(theta, theta.copy())

    def pattern(value: float) -> bytes:
        return bound.pieces(Batch(inputs=np.array([[value, 1.0]]), targets=np.zeros((1, 1))))

    assert pattern(-2.0) == pattern(-0.1) != pattern(0.1)
    assert pattern(0.1) == pattern(0.4) != pattern(0.6)
    assert pattern(0.6) == pattern(9.0) != pattern(-0.1)


def test_a_network_without_biases_has_one_tensor_a_layer_and_no_row_of_ones() -> None:
    """X = (2, −1) gives the units sums 0, −3 and 5, so only the third speaks: 2·5 = 10 against 4."""
    one = DataSet(name="one", task="regression", classes=0, inputs=np.array([[2.0, -1.0]]), labels=np.array([4.0]))
    trained = Network(
        Split(train=one, held_out=one),
        hidden=(3,),
        activation="relu",
        loss="mean_squared_error",
        init=None,
        seed=0,
        dtype=np.float64,
        bias=False,
    )
    assert [(tensor.name, tensor.shape) for tensor in trained.tensors] == [
        ("layer1.weight", (2, 3)),
        ("layer2.weight", (3, 1)),
    ]
    assert everything(trained).inputs.tolist() == [[2.0, -1.0]]
    theta = np.array([0.5, -1.0, 2.0, 1.0, 1.0, -1.0, 7.0, 7.0, 2.0])
    value, grad = loss_and_gradient(trained, theta, everything(trained))
    assert value == 36.0
    # Slope 12 at the output: 12·5 for the third unit's weight out, 12·2·x for those into it.
    assert grad.tolist() == [0.0, 0.0, 48.0, 0.0, 0.0, -24.0, 0.0, 0.0, 60.0]
    assert trained.bind(theta, grad).evaluate("held_out").loss == 36.0


def test_a_sum_over_the_samples_is_a_sum_in_a_step_and_over_a_split(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a part of a split it is the whole split's as far as that part tells."""
    data = split(generate("moons", samples=40, seed=0), held_out=0.25, seed=0)
    mean, total = (
        Network(
            data,
            hidden=(5,),
            activation="tanh",
            loss="binary_cross_entropy",
            init=None,
            seed=0,
            dtype=np.float64,
            reduction=reduction,
        )
        for reduction in REDUCTIONS
    )
    theta = mean.start()
    value, grad = loss_and_gradient(mean, theta, first_samples(mean, 8))
    assert loss_and_gradient(total, theta, first_samples(total, 8))[0] == 8.0 * value
    assert np.array_equal(loss_and_gradient(total, theta, first_samples(total, 8))[1], 8.0 * grad)
    monkeypatch.setattr(network_module, "EVALUATION_CHUNK", 7)
    for name, samples in (("train", 30), ("held_out", 10)):
        for at_most in (None, 5):
            one, all_of_them = (net.bind(theta, grad).evaluate(name, at_most) for net in (mean, total))
            assert all_of_them.loss == pytest.approx(samples * one.loss, rel=1e-14)
            assert all_of_them.accuracy == one.accuracy


def test_a_penalty_is_on_the_weights_alone_and_in_the_training_loss_alone() -> None:
    trained = network()
    theta = np.arange(1.0, trained.tensors[-1].stop + 1.0) / 100.0
    batch = everything(trained)
    plain, grad = loss_and_gradient(trained, theta, batch)
    more = np.full_like(theta, np.nan)
    bound = trained.bind(theta, more, Regularisation(l2=2.0))
    value = bound.loss_and_gradient(batch)
    weights = np.concatenate([weight.of(theta).ravel() for weight in trained.weights])
    assert value - plain == pytest.approx(float(weights @ weights), rel=1e-13)
    for tensor in trained.tensors:
        slope = 2.0 * tensor.of(theta) if tensor.name.endswith("weight") else 0.0 * tensor.of(theta)
        assert tensor.of(more) - tensor.of(grad) == pytest.approx(slope, rel=1e-12, abs=1e-15)
    free = trained.bind(theta, grad)
    assert bound.evaluate("train").loss == pytest.approx(value, rel=1e-14)
    assert bound.evaluate("held_out") == free.evaluate("held_out")


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dropout_takes_part_in_steps_and_never_in_an_evaluation(activation: str) -> None:
    trained = network(activation=activation, hidden=(20, 10))
    theta = trained.start()
    free = trained.bind(theta, np.empty_like(theta))
    bound = trained.bind(theta, np.empty_like(theta), Regularisation(dropout=0.5))
    batch = everything(trained)
    losses = []
    for step in (0, 1, 0):
        trained.draw(step)
        losses.append(bound.loss_and_gradient(batch))
        assert bound.evaluate("train") == free.evaluate("train")
    assert losses[0] == losses[2] != losses[1]
    assert free.loss_and_gradient(batch) not in losses


def test_a_unit_that_is_left_out_has_no_gradient_and_the_others_twice_the_say() -> None:
    """One sample and linear units: without the half that is left out, the output is twice the sum of the others."""
    one = DataSet(name="one", task="regression", classes=0, inputs=np.array([[1.0]]), labels=np.array([0.0]))
    trained = Network(
        Split(train=one, held_out=one),
        hidden=(64,),
        activation="identity",
        loss="mean_squared_error",
        init=None,
        seed=0,
        dtype=np.float64,
        bias=False,
    )
    theta, grad = np.ones(128), np.empty(128)
    value = trained.bind(theta, grad, Regularisation(dropout=0.5)).loss_and_gradient(everything(trained))
    output = math.sqrt(value)
    there = grad[:64] != 0.0
    assert 16 < there.sum() < 48
    assert output == 2.0 * there.sum()
    assert grad.reshape(2, 64).tolist() == np.tile(np.where(there, 2.0 * output * 2.0, 0.0), (2, 1)).tolist()


def test_several_numbers_are_fitted_to_a_sample() -> None:
    """64 samples of 10 numbers each: with all weights 0 the loss is the mean of their squared lengths."""
    trained = network("random_numbers", samples=64, held_out=0.0, hidden=(3,), loss="mean_squared_error")
    assert trained.widths == (1000, 3, 10)
    theta = np.zeros(trained.tensors[-1].stop)
    result = trained.bind(theta, theta.copy()).evaluate("train")
    assert result.loss == pytest.approx(float(np.square(everything(trained).targets).sum()) / 64.0, rel=1e-14)
    assert result.accuracy is None
