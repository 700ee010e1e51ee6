"""A landscape as an objective: a point, its slope, and silence where it runs away."""

from __future__ import annotations

import math
import tracemalloc
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.subject.landscapes import LANDSCAPES, Landscape, LandscapeKind, Minimum, Point, ackley, ravine
from engine.subject.objective import Batch, Objective, Vector

DTYPES = [np.float32, np.float64]
HOSTILE = (math.inf, -math.inf, math.nan, 1e308, -1e308, 1e200, 1e17, -0.0, 5e-324)
FAR = (1.7e308, -1e308, 1e200, -1e17, 3e4)

every_kind = pytest.mark.parametrize("kind", LANDSCAPES.values(), ids=LANDSCAPES)
every_dtype = pytest.mark.parametrize("dtype", DTYPES)


def the_sample(objective: Objective) -> Batch:
    return objective.samples().batch(0, 1)


@every_dtype
@every_kind
def test_a_landscape_is_an_objective_with_one_named_point(kind: LandscapeKind, dtype: Any) -> None:
    objective: Objective = Landscape(kind, dtype=dtype)
    (tensor,) = objective.tensors
    size = kind.dimension
    assert (tensor.name, tensor.shape, tensor.start, tensor.stop) == ("point", (size,), 0, size)
    assert kind.coordinates == ("x", "y")[:size]
    assert objective.splits == ("train",)
    assert objective.bounds == kind.bounds
    batch = the_sample(objective)
    assert batch.inputs.tolist() == [[1.0]]
    assert {batch.inputs.dtype, batch.targets.dtype, objective.start().dtype} == {np.dtype(dtype)}


def test_a_function_has_one_sample_and_a_mean_of_lines_one_for_each() -> None:
    counts = {name: Landscape(kind).samples().count for name, kind in LANDSCAPES.items()}
    assert {name: count for name, count in counts.items() if count != 1} == {"reddi": 101, "outlier": 10_000}
    assert Landscape(LANDSCAPES["ravine"]).samples().batch(0, 1).targets.shape == (1, 0)


def test_every_start_is_a_fresh_array() -> None:
    objective = Landscape(LANDSCAPES["ravine"], start=(0.5, -0.25))
    objective.start()[:] = 7.0
    assert objective.start().tolist() == [0.5, -0.25]


def test_without_a_start_the_kinds_own_is_taken() -> None:
    assert Landscape(LANDSCAPES["rosenbrock"]).start().tolist() == [-1.5, 2.0]


def test_a_start_too_far_out_for_float32_is_infinitely_far_out() -> None:
    assert Landscape(LANDSCAPES["ravine"], start=(1e200, 0.0), dtype=np.float32).start().tolist() == [math.inf, 0.0]


def test_the_condition_number_steepens_one_side_of_the_ravine() -> None:
    objective = Landscape(ravine(10.0), start=(2.0, 2.0))
    theta, grad = objective.start(), np.zeros(2)
    assert objective.bind(theta, grad).loss_and_gradient(the_sample(objective)) == 22.0
    assert grad.tolist() == [2.0, 20.0]
    assert objective.kind.knobs == {"condition": 10.0}


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
    point = data.draw(st.one_of([st.tuples(*(choice,) * kind.dimension) for choice in (anything, near(dtype))]))
    see_that_nothing_raises(kind, np.array(point, dtype))


def near(dtype: Any) -> st.SearchStrategy[float]:
    return st.floats(-10.0, 10.0, width=np.dtype(dtype).itemsize * 8)


@every_kind
def test_no_hostile_point_raises_or_warns(kind: LandscapeKind) -> None:
    for point in product(HOSTILE, repeat=kind.dimension):
        see_that_nothing_raises(kind, np.array(point))


def see_that_nothing_raises(kind: LandscapeKind, theta: Vector) -> None:
    """Only what is not finite itself may have a height that is not a number."""
    # No landscape has a slope of this size at a point that anyone draws.
    untouched = theta.dtype.type(12.3456789)
    grad = np.full_like(theta, untouched)
    objective = Landscape(kind, dtype=theta.dtype)
    bound = objective.bind(theta, grad)
    loss = bound.loss_and_gradient(the_sample(objective))
    assert type(loss) is float
    evaluation = bound.evaluate("train")
    assert type(evaluation.loss) is float
    assert not (grad == untouched).any()
    if np.isfinite(theta).all():
        assert not math.isnan(loss)
        assert not math.isnan(evaluation.loss)
    if np.isnan(theta).any():
        assert math.isnan(loss)


@pytest.mark.parametrize("name", ["ravine", "rosenbrock"])
@pytest.mark.parametrize("point", [(1e200, 1e200), (-1e200, 0.0), (math.inf, 1.0), (1.0, -math.inf)])
def test_a_point_that_has_run_away_is_infinitely_high(name: str, point: Point) -> None:
    objective = Landscape(LANDSCAPES[name], start=point)
    theta, grad = objective.start(), np.zeros(2)
    assert objective.bind(theta, grad).loss_and_gradient(the_sample(objective)) == math.inf


@pytest.mark.parametrize("name", ["ackley", "easom"])
@pytest.mark.parametrize("point", [(0.0, 0.0), (-0.0, 1e-300), *product(FAR, repeat=2)])
def test_a_flat_landscape_has_a_height_and_a_slope_wherever_a_point_lies(name: str, point: Point) -> None:
    """Ackley's kink at 0 and Easom's plain, where inf times 0 would lie near."""
    objective = Landscape(LANDSCAPES[name], start=point)
    theta, grad = objective.start(), np.zeros(2)
    assert math.isfinite(objective.bind(theta, grad).loss_and_gradient(the_sample(objective)))
    assert np.isfinite(grad).all()


@pytest.mark.parametrize("dimension", [1, 2])
def test_the_kink_at_the_minimum_of_ackleys_function_is_flat_and_0(dimension: int) -> None:
    objective = Landscape(ackley(dimension), start=(0.0,) * dimension)
    theta, grad = objective.start(), np.ones(dimension)
    assert objective.bind(theta, grad).loss_and_gradient(the_sample(objective)) == 0.0
    assert not grad.any()


def test_a_slope_too_steep_for_float32_is_infinite_there() -> None:
    objective = Landscape(LANDSCAPES["ravine"], start=(-1.0, 3e38), dtype=np.float32)
    theta, grad = objective.start(), np.zeros(2, np.float32)
    objective.bind(theta, grad).loss_and_gradient(the_sample(objective))
    assert grad.tolist() == [-1.0, math.inf]


@pytest.mark.parametrize(("away", "height"), [(1e4, math.inf), (math.inf, math.nan)])
def test_what_a_math_function_refuses_is_infinite_at_a_finite_point_and_else_not_a_number(
    away: float, height: float
) -> None:
    """exp(1e4) overflows, cos(inf) has no value: `math` raises for both."""
    kind = LandscapeKind(
        title="Bell and wave",
        source="nowhere",
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
    assert bound.loss_and_gradient(the_sample(objective)) == pytest.approx(height, nan_ok=True)
    assert math.isnan(grad[0])
    assert bound.evaluate("train").loss == pytest.approx(height, nan_ok=True)


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


@every_dtype
def test_a_batch_of_lines_has_their_mean_height_and_slope(dtype: Any) -> None:
    """Slopes 1010, −10, −10 at x = ½: mean slope 330."""
    objective = Landscape(LANDSCAPES["reddi"], start=(0.5,), dtype=dtype)
    theta, grad = objective.start(), np.zeros(1, dtype)
    bound, samples = objective.bind(theta, grad), objective.samples()
    assert bound.loss_and_gradient(samples.batch(0, 1)) == 505.0
    assert grad.tolist() == [1010.0]
    assert bound.loss_and_gradient(samples.batch(7, 8)) == -5.0
    assert grad.tolist() == [-10.0]
    assert bound.loss_and_gradient(samples.batch(0, 3)) == 165.0
    assert grad.tolist() == [330.0]


def test_lines_are_evaluated_together_or_the_first_of_them() -> None:
    """All 101 slopes add up to 10; the first two to 1000."""
    objective = Landscape(LANDSCAPES["reddi"], start=(0.5,))
    grad = np.full(1, 7.0)
    bound = objective.bind(objective.start(), grad)
    whole, part = bound.evaluate("train"), bound.evaluate("train", 2)
    assert whole.loss == pytest.approx(5.0 / 101.0, rel=1e-12)
    assert part.loss == 250.0
    assert [whole.complete, part.complete] == [True, False]
    assert grad.tolist() == [7.0]
