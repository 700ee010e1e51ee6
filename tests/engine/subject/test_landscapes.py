"""The test functions: right slopes, right minima, and silence where a point runs away."""

from __future__ import annotations

import math
import sys
import tracemalloc
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.subject.landscapes import LANDSCAPES, Landscape, LandscapeKind, Minimum, Point, ravine
from engine.subject.objective import Batch, Objective, Vector

DTYPES = [np.float32, np.float64]
KINDS = [*LANDSCAPES.values(), ravine(1.0), ravine(1e6)]

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.title}-{kind.condition}")
every_dtype = pytest.mark.parametrize("dtype", DTYPES)


def the_sample(objective: Objective) -> Batch:
    return objective.samples().batch(0, 1)


def slope_and_tolerance(kind: LandscapeKind, point: Point, index: int) -> tuple[float, float]:
    """Return a derivative by central differences, and how far from the truth it can be.

    The truncation error grows with the square of the step, so two steps h and 2h differ by three times the error of
    the shorter one; a whole difference leaves room for the next order. Each value is a sum of terms no larger than
    the largest value in a corner of the box, each rounded a few times, and the difference divides that by 2h.
    """
    width = 1e-4 * max(1.0, abs(point[index]))

    def difference(step: float) -> float:
        ahead, behind = list(point), list(point)
        ahead[index] += step
        behind[index] -= step
        return (kind.value(tuple(ahead)) - kind.value(tuple(behind))) / (ahead[index] - behind[index])

    short, long = difference(width), difference(2.0 * width)
    highest = max(abs(kind.value(corner)) for corner in product(*kind.box))
    rounding = 16.0 * sys.float_info.epsilon * highest / width
    return short, abs(long - short) + rounding


@every_kind
@given(data=st.data())
def test_the_gradient_is_the_slope_that_central_differences_find(kind: LandscapeKind, data: st.DataObject) -> None:
    point = tuple(data.draw(st.floats(*side)) for side in kind.box)
    steepest = max(abs(component) for corner in product(*kind.box) for component in kind.gradient(corner))
    for index, component in enumerate(kind.gradient(point)):
        slope, tolerance = slope_and_tolerance(kind, point, index)
        assert tolerance < 1e-5 * steepest, "a tolerance this wide would let a wrong gradient pass"
        assert abs(component - slope) <= tolerance


@every_kind
def test_a_minimum_is_flat_and_has_the_stated_value(kind: LandscapeKind) -> None:
    assert kind.minima
    for minimum in kind.minima:
        assert kind.gradient(minimum.point) == pytest.approx((0.0,) * kind.dimension, abs=1e-12)
        assert kind.value(minimum.point) == pytest.approx(minimum.value, abs=1e-12)


@every_kind
@given(data=st.data())
def test_no_point_in_the_box_lies_lower_than_the_lowest_minimum(kind: LandscapeKind, data: st.DataObject) -> None:
    point = tuple(data.draw(st.floats(*side)) for side in kind.box)
    assert kind.value(point) >= min(minimum.value for minimum in kind.minima)


@every_kind
def test_box_start_and_minima_have_the_landscapes_dimension_and_lie_in_the_box(kind: LandscapeKind) -> None:
    assert kind.dimension == len(kind.box)
    for point in (kind.start, *(minimum.point for minimum in kind.minima)):
        assert len(point) == kind.dimension
        assert all(low <= number <= high for number, (low, high) in zip(point, kind.box, strict=True))


@pytest.mark.parametrize(
    ("name", "point", "value", "slope"),
    [
        ("ravine", (2.0, 3.0), 452.0, (2.0, 300.0)),
        ("rosenbrock", (0.0, 0.0), 1.0, (-2.0, 0.0)),
        ("rosenbrock", (-1.0, 3.0), 404.0, (796.0, 400.0)),
    ],
)
def test_values_and_slopes_worked_out_by_hand(name: str, point: Point, value: float, slope: Point) -> None:
    """½(2² + 100·3²) = 452; (1 − 0)² = 1; 2² + 100·(3 − 1)² = 404 with −2·2 + 400·2 = 796 along x."""
    objective = Landscape(LANDSCAPES[name], start=point)
    theta, grad = objective.start(), np.zeros(2)
    assert objective.bind(theta, grad).loss_and_gradient(the_sample(objective)) == value
    assert tuple(grad) == slope


@every_dtype
@every_kind
def test_a_landscape_is_an_objective_with_one_named_point_and_one_sample(kind: LandscapeKind, dtype: Any) -> None:
    objective: Objective = Landscape(kind, dtype=dtype)
    (tensor,) = objective.tensors
    assert (tensor.name, tensor.shape, tensor.start, tensor.stop) == ("point", (2,), 0, 2)
    assert kind.coordinates == ("x", "y")
    assert objective.splits == ("train",)
    batch = the_sample(objective)
    assert batch.inputs.tolist() == [[1.0]]
    assert batch.targets.shape == (1, 0)
    assert {batch.inputs.dtype, batch.targets.dtype, objective.start().dtype} == {np.dtype(dtype)}


def test_every_start_is_a_fresh_array() -> None:
    objective = Landscape(LANDSCAPES["ravine"], start=(0.5, -0.25))
    objective.start()[:] = 7.0
    assert objective.start().tolist() == [0.5, -0.25]


def test_without_a_start_the_kinds_own_is_taken() -> None:
    assert Landscape(LANDSCAPES["rosenbrock"]).start().tolist() == [-1.5, 2.0]


def test_a_start_too_far_out_for_float32_is_infinitely_far_out() -> None:
    assert Landscape(LANDSCAPES["ravine"], start=(1e200, 0.0), dtype=np.float32).start().tolist() == [math.inf, 0.0]


def test_the_condition_number_steepens_one_side_of_the_ravine() -> None:
    objective = Landscape(LANDSCAPES["ravine"], start=(2.0, 2.0), condition=10.0)
    theta, grad = objective.start(), np.zeros(2)
    assert objective.bind(theta, grad).loss_and_gradient(the_sample(objective)) == 22.0
    assert grad.tolist() == [2.0, 20.0]
    assert objective.kind.condition == 10.0


@every_dtype
def test_evaluating_says_what_a_step_would_and_leaves_the_gradient_alone(dtype: Any) -> None:
    objective = Landscape(LANDSCAPES["rosenbrock"], dtype=dtype)
    theta, grad = objective.start(), np.full(2, 7.0, dtype)
    bound = objective.bind(theta, grad)
    evaluation = bound.evaluate("train")
    assert grad.tolist() == [7.0, 7.0]
    assert evaluation.loss == bound.loss_and_gradient(the_sample(objective))
    assert evaluation.accuracy is None


def test_a_bound_landscape_follows_its_point() -> None:
    objective = Landscape(LANDSCAPES["ravine"])
    theta, grad = objective.start(), np.zeros(2)
    bound = objective.bind(theta, grad)
    theta[:] = 0.0, 0.5
    assert bound.loss_and_gradient(the_sample(objective)) == 12.5
    assert grad.tolist() == [0.0, 50.0]


@every_dtype
@every_kind
@given(data=st.data())
def test_no_point_however_far_out_raises_or_warns(kind: LandscapeKind, dtype: Any, data: st.DataObject) -> None:
    """Warnings are errors in these tests, so a cast that overflows would be seen here."""
    anything = st.floats(width=np.dtype(dtype).itemsize * 8)
    theta = np.array([data.draw(anything), data.draw(anything)], dtype)
    grad = np.full(2, 7.0, dtype)
    bound = Landscape(kind, dtype=dtype).bind(theta, grad)
    loss = bound.loss_and_gradient(the_sample(Landscape(kind)))
    assert type(loss) is float
    assert type(bound.evaluate("train").loss) is float
    assert loss >= 0.0 or math.isnan(loss)
    if np.isnan(theta).any():
        assert math.isnan(loss)


@pytest.mark.parametrize("name", LANDSCAPES)
@pytest.mark.parametrize("point", [(1e200, 1e200), (-1e200, 0.0), (math.inf, 1.0), (1.0, -math.inf)])
def test_a_point_that_has_run_away_is_infinitely_high(name: str, point: Point) -> None:
    objective = Landscape(LANDSCAPES[name], start=point)
    theta, grad = objective.start(), np.zeros(2)
    assert objective.bind(theta, grad).loss_and_gradient(the_sample(objective)) == math.inf


def test_a_slope_too_steep_for_float32_is_infinite_there() -> None:
    objective = Landscape(LANDSCAPES["ravine"], start=(-1.0, 3e38), dtype=np.float32)
    theta, grad = objective.start(), np.zeros(2, np.float32)
    objective.bind(theta, grad).loss_and_gradient(the_sample(objective))
    assert grad.tolist() == [-1.0, math.inf]


@pytest.mark.parametrize("away", [1e4, math.inf])
def test_what_a_math_function_refuses_is_not_a_number(away: float) -> None:
    """exp(1e4) overflows, cos(inf) has no value: `math` raises for both."""
    kind = LandscapeKind(
        title="Bell and wave",
        formula="eˣ + cos x",
        coordinates=("x",),
        box=((-1.0, 1.0),),
        minima=(Minimum(point=(0.0,), value=0.0),),
        start=(away,),
        value=lambda point: math.exp(point[0]) + math.cos(point[0]),
        gradient=lambda point: (math.exp(point[0]) - math.sin(point[0]),),
    )
    objective = Landscape(kind)
    theta, grad = objective.start(), np.zeros(1)
    bound = objective.bind(theta, grad)
    assert math.isnan(bound.loss_and_gradient(the_sample(objective)))
    assert math.isnan(grad[0])
    assert math.isnan(bound.evaluate("train").loss)


@every_dtype
def test_a_step_keeps_no_memory(dtype: Any) -> None:
    """Scalars come and go; an array of two would already show as more than a hundred bytes."""
    objective = Landscape(LANDSCAPES["rosenbrock"], dtype=dtype)
    theta, grad, batch = objective.start(), np.zeros(2, dtype), the_sample(objective)
    bound = objective.bind(theta, grad)
    bound.loss_and_gradient(batch)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(1000):
        bound.loss_and_gradient(batch)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 1000


def updates_until(objective: Landscape, lr: float, goal: float, limit: int) -> tuple[int, Vector]:
    """Return after how many updates of gradient descent the value is below `goal` first, and the point there."""
    theta, grad = objective.start(), np.zeros(2)
    bound, batch = objective.bind(theta, grad), the_sample(objective)
    for updates in range(limit):
        if bound.loss_and_gradient(batch) < goal:
            return updates, theta
        theta -= lr * grad
    return limit, theta


@pytest.mark.parametrize(("lr", "updates"), [(0.0198, 440), (0.01, 653)])
def test_gradient_descent_crosses_the_ravine_in_the_known_number_of_updates(lr: float, updates: int) -> None:
    """From (1, 1) with κ = 100, x shrinks by 1 − lr and y by 1 − 100·lr: below 1e-6 first after that many updates."""
    assert updates_until(Landscape(LANDSCAPES["ravine"]), lr, goal=1e-6, limit=1000)[0] == updates


def test_gradient_descent_leaves_the_ravine_just_above_two_over_the_curvature() -> None:
    """At 0.0201 the steep coordinate grows by 1.01 in size and turns its sign at every update."""
    updates, theta = updates_until(Landscape(LANDSCAPES["ravine"]), 0.0201, goal=1e-6, limit=1000)
    assert updates == 1000
    assert theta[1] == pytest.approx(1.01**1000, rel=1e-9)
