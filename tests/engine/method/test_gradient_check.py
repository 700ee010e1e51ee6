"""The gradient check: it passes what is right, and finds what is wrong."""

from __future__ import annotations

import dataclasses
import math
from functools import partial
from itertools import count
from typing import Any

import numpy as np
import pytest

from engine.method.gradient_check import THRESHOLD, GradientCheck, check_gradient
from engine.method.spec import RunSpec
from engine.subject import landscapes
from engine.subject.activations import ACTIVATIONS, Tanh
from engine.subject.dropout import Masks
from engine.subject.expression.graph import OPERATIONS
from engine.subject.landscapes import LANDSCAPES, Point
from engine.subject.losses import MeanSquaredError, Measure, Reduction
from engine.subject.network import BoundNetwork
from engine.subject.objective import Matrix, Operations
from engine.subject.penalty import Penalty


def landscape(function: str, **sections: Any) -> RunSpec:
    return RunSpec.model_validate({"problem": {"kind": "landscape", "function": function}, **sections})


def network(activation: str = "tanh", **sections: Any) -> RunSpec:
    return RunSpec.model_validate(
        {
            "problem": {"kind": "dataset"},
            "data": {"name": "moons", "samples": 64},
            "model": {"hidden": [6, 5], "activation": activation},
            "optimizer": {"name": "sgd", "lr": 0.1},
            **sections,
        }
    )


@pytest.mark.parametrize("function", LANDSCAPES)
def test_every_landscape_passes_at_the_start_and_after_training(function: str) -> None:
    check = check_gradient(landscape(function, optimizer={"name": "sgd", "lr": 1e-5}))
    assert check.passed
    size = LANDSCAPES[function].dimension
    assert [(tensor.name, tensor.steps, tensor.checked) for tensor in check.tensors] == [
        ("point", 0, size),
        ("point", 20, size),
    ]
    assert check.worst.relative_error < 1e-9


@pytest.mark.parametrize(
    "problem",
    [
        {"function": "rosenbrock", "rotation": 30.0},
        {"function": "ravine", "condition": 1000.0, "rotation": -45.0},
        {"function": "parabola", "curvature": 50.0},
        *({"function": name, "dimension": 1} for name, kind in LANDSCAPES.items() if "dimension" in kind.knobs),
    ],
    ids=str,
)
def test_a_landscape_with_other_knobs_passes_as_well(problem: dict[str, Any]) -> None:
    check = check_gradient(RunSpec.model_validate({"problem": {"kind": "landscape", **problem}}))
    assert check.passed
    assert check.tensors[0].relative_error < 1e-9


def expression(text: str, *start: float, **sections: Any) -> RunSpec:
    return RunSpec.model_validate({"problem": {"kind": "expression", "expression": text, "start": start}, **sections})


def test_a_typed_in_function_passes_variable_by_variable() -> None:
    check = check_gradient(expression("exp(-x*y)*sin(z)/(1 + x**2) + log(z)", 0.3, -0.7, 2.0))
    assert check.passed
    assert [(tensor.name, tensor.steps) for tensor in check.tensors] == [
        (name, steps) for steps in (0, 20) for name in ("x", "y", "z")
    ]
    assert check.worst.relative_error < 1e-9


def test_a_typed_in_function_is_not_compared_across_its_corners_and_edges() -> None:
    """At 0 the rectifier bends and the root ends; the square beside them is smooth."""
    check = check_gradient(expression("relu(x) + sqrt(y) + z**2", 0.0, 0.0, 1.0, optimizer={"name": "sgd", "lr": 1e-3}))
    assert [tensor.skipped for tensor in check.tensors[:3]] == [1, 1, 0]
    assert check.passed


def test_a_typed_in_function_whose_derivative_is_wrong_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """1 − v instead of 1 − v², in one operation of several."""
    wrong = dataclasses.replace(OPERATIONS["tanh"], slopes=(lambda _operand, value: 1.0 - value,))
    monkeypatch.setitem(OPERATIONS, "tanh", wrong)
    check = check_gradient(expression("tanh(x) + y**2", 0.5, 0.5))
    assert {tensor.name for tensor in check.tensors if not tensor.passed} == {"x"}


@pytest.mark.parametrize("wrong", [1.0 + 1e-5, -1.0, 0.5])
def test_a_landscape_whose_gradient_is_wrong_in_one_coordinate_fails(
    wrong: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = LANDSCAPES["rosenbrock"]

    def gradient(point: Point) -> Point:
        x, y = right.gradient(point)
        return x, wrong * y

    monkeypatch.setitem(
        landscapes.LANDSCAPES,
        "rosenbrock",
        dataclasses.replace(right, gradient=gradient),
    )
    check = check_gradient(landscape("rosenbrock"))
    assert not check.passed
    assert check.worst.relative_error > THRESHOLD


def test_a_wrong_derivative_of_the_activation_fails_in_every_tensor_that_it_reaches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """1 − h instead of 1 − h²: the last layer's gradient stays right, the hidden ones' does not."""

    def slopes(self: Tanh, values: Matrix, slopes: Matrix) -> Operations:
        return [partial(np.subtract, 1.0, values, slopes)]

    monkeypatch.setattr(Tanh, "slopes", slopes)
    failed = {tensor.name for tensor in check_gradient(network()).tensors if not tensor.passed}
    assert failed == {"layer1.weight", "layer1.bias", "layer2.weight", "layer2.bias"}


REGULARISED = [{"l1": 0.1}, {"l2": 0.1}, {"dropout": 0.4}, {"l1": 0.01, "l2": 0.1, "dropout": 0.2}]


@pytest.mark.parametrize("regularisation", REGULARISED, ids=str)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_penalties_and_dropout_are_part_of_what_is_checked(activation: str, regularisation: dict[str, float]) -> None:
    check = check_gradient(network(activation, regularisation=regularisation), coordinates_per_tensor=16)
    assert check.passed
    assert check.worst.relative_error < THRESHOLD
    assert sum(tensor.checked for tensor in check.tensors) > 5 * sum(tensor.skipped for tensor in check.tensors)


def test_a_penalty_that_is_not_in_the_gradient_fails_in_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Penalty, "add_gradient", Penalty.value)
    check = check_gradient(network(regularisation={"l2": 0.1}))
    failed = {tensor.name for tensor in check.tensors if not tensor.passed}
    assert failed == {"layer1.weight", "layer2.weight", "layer3.weight"}


def test_masks_that_change_from_one_loss_to_the_next_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each loss of a stencil has to be that of the same network."""
    drawn = Masks.draw
    steps = count()
    monkeypatch.setattr(Masks, "draw", lambda self, _: drawn(self, next(steps)))
    assert not check_gradient(network(regularisation={"dropout": 0.4})).passed


def test_a_mask_that_the_backward_pass_forgets_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what lies behind the last hidden layer is right."""
    backward = BoundNetwork._backward_operations
    monkeypatch.setattr(BoundNetwork, "_backward_operations", lambda self, space, _: backward(self, space, None))
    check = check_gradient(network(regularisation={"dropout": 0.4}))
    failed = {tensor.name for tensor in check.tensors if not tensor.passed}
    assert failed == {"layer1.weight", "layer1.bias", "layer2.weight", "layer2.bias"}


@pytest.mark.parametrize("delta", [0.01, 1.0])
def test_huber_passes_and_leaves_out_what_its_bends_would_spoil(delta: float) -> None:
    check = check_gradient(network(model={"hidden": [6], "loss": "huber", "huber_delta": delta, "activation": "tanh"}))
    assert check.passed
    assert check.worst.relative_error < THRESHOLD


def test_a_loss_that_forgets_its_factor_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = MeanSquaredError.bind

    def halved(self: MeanSquaredError, outputs: Matrix, delta: Matrix, reduction: Reduction) -> Measure:
        measure = whole(self, outputs, delta, reduction)
        return lambda targets: 0.5 * measure(targets)

    monkeypatch.setattr(MeanSquaredError, "bind", halved)
    check = check_gradient(network(model={"hidden": [4], "loss": "mean_squared_error"}))
    assert not any(tensor.passed for tensor in check.tensors)


def test_coordinates_whose_stencil_crosses_a_kink_are_counted_and_left_out() -> None:
    """Wide rectifier layers over 32 samples always have a few; smooth activations have none."""
    kinked = check_gradient(network("relu", model={"hidden": [40, 40], "activation": "relu"}))
    smooth = check_gradient(network("tanh", model={"hidden": [40, 40], "activation": "tanh"}))
    assert kinked.passed
    assert sum(tensor.skipped for tensor in kinked.tensors) > 0
    assert sum(tensor.skipped for tensor in smooth.tensors) == 0
    for tensor in (*kinked.tensors, *smooth.tensors):
        assert tensor.checked + tensor.skipped == min(
            64, {"layer3.bias": 2, "layer1.bias": 40, "layer2.bias": 40}.get(tensor.name, 64)
        )


def test_a_gradient_that_has_all_but_vanished_does_not_fail() -> None:
    """Behind eight layers of sigmoids it is smaller than what the rounding of the loss makes of the differences."""
    check = check_gradient(network(model={"hidden": [8] * 8, "activation": "sigmoid"}))
    assert check.passed
    assert check.worst.relative_error > THRESHOLD
    assert check.worst.difference <= check.worst.rounding


def test_no_more_coordinates_are_drawn_than_asked_for_and_the_seed_decides_which() -> None:
    few = check_gradient(network(), coordinates_per_tensor=3)
    assert max(tensor.checked for tensor in few.tensors) == 3
    assert few == check_gradient(network(), coordinates_per_tensor=3)
    assert few != check_gradient(network(), coordinates_per_tensor=3, seed=1)


def test_it_is_done_in_double_precision_whatever_the_spec_says() -> None:
    single, double = (check_gradient(network(precision=precision)) for precision in ("float32", "float64"))
    assert single == double
    assert single.worst.relative_error < 1e-8


def test_a_training_that_diverges_is_checked_where_its_loss_was_last_finite() -> None:
    check = check_gradient(landscape("rosenbrock", optimizer={"name": "sgd", "lr": 1.0}))
    steps = {tensor.steps for tensor in check.tensors} - {0}
    assert len(steps) == 1
    assert 0 < min(steps) < 20
    assert math.isfinite(check.worst.relative_error)
    assert check.passed


def test_a_check_that_compared_nothing_has_not_passed() -> None:
    assert not GradientCheck(tensors=()).passed
