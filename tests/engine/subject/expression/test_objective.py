"""A typed-in function as something that can be trained: one named scalar a variable, and silence where it runs away."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.subject.expression.objective import BoundExpression, Expression
from engine.subject.expression.parse import parse
from engine.subject.objective import Batch, Objective, Vector

every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def the_sample(objective: Objective) -> Batch:
    return objective.samples().batch(0, 1)


def bound(text: str, *start: float, dtype: Any = np.float64) -> tuple[BoundExpression, Vector, Vector, Batch]:
    objective = Expression(parse(text), start=start, dtype=dtype)
    theta = objective.start()
    grad = np.full_like(theta, 7.0)
    return objective.bind(theta, grad), theta, grad, the_sample(objective)


@every_dtype
def test_every_variable_is_a_scalar_of_its_own_by_its_name(dtype: Any) -> None:
    objective: Objective = Expression(parse("b*a"), start=(2.0, 3.0), dtype=dtype)
    found = [(tensor.name, tensor.shape, tensor.start, tensor.stop) for tensor in objective.tensors]
    assert found == [("b", (), 0, 1), ("a", (), 1, 2)]
    assert objective.tensors[1].of(objective.start()) == 3.0
    assert objective.splits == ("train",)
    batch = the_sample(objective)
    assert batch.inputs.tolist() == [[1.0]]
    assert {batch.inputs.dtype, batch.targets.dtype, objective.start().dtype} == {np.dtype(dtype)}


def test_value_and_gradient_of_a_step_and_of_the_nodes() -> None:
    function, theta, grad, batch = bound("(x + y)*z", 1.0, -3.0, 4.0)
    assert function.loss_and_gradient(batch) == -8.0
    assert grad.tolist() == [4.0, 4.0, -2.0]
    assert [reading.gradient for reading in function.tape.readings()] == [4.0, 4.0, -2.0, 4.0, 1.0]
    theta[:] = 1.0, 1.0, 1.0
    assert function.loss_and_gradient(batch) == 2.0
    assert grad.tolist() == [1.0, 1.0, 2.0]


@every_dtype
def test_evaluating_says_what_a_step_would_and_leaves_the_gradient_alone(dtype: Any) -> None:
    function, _, grad, batch = bound("exp(x)*y", 0.3, 2.0, dtype=dtype)
    evaluation = function.evaluate("train")
    assert grad.tolist() == [7.0, 7.0]
    assert evaluation.loss == function.loss_and_gradient(batch)
    assert evaluation.accuracy is None


def test_single_precision_rounds_the_point_and_the_gradient_and_nothing_between() -> None:
    """1e-9 is lost beside 1 in single precision, and the square of 1e30 is beyond it."""
    function, theta, grad, batch = bound("(x + 1e-9 - 1)*1e9 + (y*1e-20)**2", 1.0, 1e30, dtype=np.float32)
    assert function.loss_and_gradient(batch) == pytest.approx(1.0 + (float(theta[1]) * 1e-20) ** 2, rel=1e-6)
    assert grad.tolist() == [1e9, np.float32(2e-40 * float(theta[1]))]


def test_a_start_or_a_slope_too_large_for_float32_is_infinite_there() -> None:
    function, theta, grad, batch = bound("x + 1e300*y", 1e200, 1.0, dtype=np.float32)
    assert theta.tolist() == [math.inf, 1.0]
    function.loss_and_gradient(batch)
    assert grad.tolist() == [1.0, math.inf]


TEXTS = ["x**2/y", "log(x)*sqrt(y)", "x**y", "exp(x) - tan(y)", "max(abs(x), 1/y)", "acos(x) + sinh(y)"]


@every_dtype
@pytest.mark.parametrize("text", TEXTS)
@given(data=st.data())
def test_no_point_however_far_out_raises_or_warns(text: str, dtype: Any, data: st.DataObject) -> None:
    """Warnings are errors in these tests, so a cast that overflows would be seen here."""
    anything = st.floats(width=np.dtype(dtype).itemsize * 8)
    function, theta, _, batch = bound(text, 1.0, 1.0, dtype=dtype)
    theta[:] = data.draw(anything), data.draw(anything)
    assert type(function.loss_and_gradient(batch)) is float
    assert type(function.evaluate("train").loss) is float


@every_dtype
def test_a_step_keeps_no_memory(dtype: Any) -> None:
    """Scalars come and go; an array of two would already show as more than a hundred bytes."""
    function, _, _, batch = bound("(x**2 + y - 11)**2 + (x + y**2 - 7)**2", 1.0, 1.0, dtype=dtype)
    function.loss_and_gradient(batch)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(1000):
        function.loss_and_gradient(batch)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 1000
