"""Products with the Hessian, and λmax, against Hessians that are known."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.errors import NotFiniteError
from engine.method.diagnostics import curvature as curvature_module
from engine.method.diagnostics.curvature import MOST_EXACT, PRECISION, curvature, hessian, hessian_product
from engine.method.diagnostics.point import Point
from engine.subject import landscapes
from engine.subject.landscapes import LANDSCAPES
from engine.subject.landscapes import Point as Place

MakePoint = Callable[..., Point]

EXACT = 1e-9
"""A central difference of width 1e-5 is off by about 1e-11 of the gradient, and of the third derivative."""


def on_diagonal(monkeypatch: pytest.MonkeyPatch, make: MakePoint, values: list[float], start: float = 1.0) -> Point:
    """Return a point on ½·Σ λᵢxᵢ²."""

    def value(place: Place) -> float:
        return 0.5 * sum(size * x * x for size, x in zip(values, place, strict=True))

    def gradient(place: Place) -> Place:
        return tuple(size * x for size, x in zip(values, place, strict=True))

    kind = dataclasses.replace(
        LANDSCAPES["rosenbrock"],
        coordinates=tuple(f"x{number}" for number in range(len(values))),
        box=((-2.0, 2.0),) * len(values),
        start=(start,) * len(values),
        minima=(),
        value=value,
        gradient=gradient,
    )
    monkeypatch.setitem(landscapes.LANDSCAPES, "rosenbrock", kind)
    return make("rosenbrock")


# ---- products


def test_the_hessian_of_the_ravine_is_its_two_curvatures(on_landscape: MakePoint) -> None:
    point = on_landscape("ravine", condition=100.0, start=[0.3, -0.7])
    assert hessian(point) == pytest.approx(np.diag([1.0, 100.0]), abs=100 * EXACT)


@pytest.mark.parametrize(
    ("start", "matrix"),
    [
        ([-1.5, 2.0], [[1902.0, 600.0], [600.0, 200.0]]),
        ([1.0, 1.0], [[802.0, -400.0], [-400.0, 200.0]]),
        ([0.0, 1.0], [[-398.0, 0.0], [0.0, 200.0]]),
    ],
)
def test_the_hessian_of_rosenbrocks_valley(
    on_landscape: MakePoint, start: list[float], matrix: list[list[float]]
) -> None:
    """By hand: [2 − 400(y − x²) + 800x², −400x; −400x, 200]."""
    assert hessian(on_landscape("rosenbrock", start=start)) == pytest.approx(np.array(matrix), abs=2000 * EXACT)


def test_a_product_is_linear_in_the_direction_whatever_its_length(on_landscape: MakePoint) -> None:
    """H at (1, 1) by hand; (3, −4)·10⁶ has the product (802·3 + 400·4, −400·3 − 200·4)·10⁶."""
    point = on_landscape("rosenbrock", start=[1.0, 1.0])
    assert hessian_product(point, np.array([3e6, -4e6])) == pytest.approx([4006e6, -2000e6], rel=EXACT)
    assert hessian_product(point, np.zeros(2)).tolist() == [0.0, 0.0]


def test_a_rectifier_that_switches_within_the_difference_makes_no_curvature_of_its_own(
    of_network: MakePoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a wide difference many switch; what is left differs by their samples' share, and is no jump over a width."""
    relu = of_network(model={"hidden": [16, 16], "activation": "relu", "loss": "binary_cross_entropy"}, after=20)
    direction = np.random.default_rng(1).normal(size=relu.theta.size)
    narrow = hessian_product(relu, direction)
    monkeypatch.setattr(curvature_module, "WIDTH_AT_KINKS", 3e-3)
    switched = hessian_product(relu, direction)
    monkeypatch.setattr(Point, "bends_smoothly", True)
    monkeypatch.setattr(curvature_module, "WIDTH", 3e-3)
    with_jumps = hessian_product(relu, direction)
    error = np.linalg.norm(switched - narrow) / np.linalg.norm(narrow)
    assert 0.0 < error < 0.3
    assert np.linalg.norm(with_jumps - narrow) > 3.0 * np.linalg.norm(switched - narrow)


# ---- the largest eigenvalue

AT_MINIMA = {
    "sphere": 2.0,
    "ravine": 100.0,
    "booth": 18.0,
    "matyas": 1.0,
    "rosenbrock": 1001.6,
    "beale": 49.0,
    "three_hump_camel": 4.41,
    "six_hump_camel": 16.5,
    "goldstein_price": 965.0,
    "mccormick": 4.0,
    "styblinski_tang": 34.6,
    "rastrigin": 396.8,
    "levy": 2.24,
    "easom": 3.0,
    "himmelblau": 82.3,
    "griewank": 1.0,
    "dupont_bowl": 31.4,
    "schwefel": 0.252,
}
"""λmax at the first minimum of each function that there is, computed elsewhere, to the digits given here."""


@pytest.mark.parametrize("function", [name for name in AT_MINIMA if name in LANDSCAPES])
def test_the_largest_curvature_at_a_minimum_is_that_of_the_table(on_landscape: MakePoint, function: str) -> None:
    (minimum, *_) = LANDSCAPES[function].minima
    known = AT_MINIMA[function]
    digits = max(0, 2 - math.floor(math.log10(known))) if known != 1001.6 else 1
    found = curvature(on_landscape(function, start=list(minimum.point)))
    assert found.largest == pytest.approx(known, abs=0.51 * 10.0**-digits)
    assert found.largest_stable_lr == pytest.approx(2.0 / found.largest)
    assert found.residual == 0.0


def test_beyond_two_over_the_largest_curvature_descent_explodes_and_below_it_does_not(on_landscape: MakePoint) -> None:
    """The line is exact on a quadratic: a part in a thousand decides over 5,000 steps."""
    limit = curvature(on_landscape("ravine")).largest_stable_lr
    below, above = (
        on_landscape("ravine", after=5000, optimizer={"name": "sgd", "lr": share * limit}) for share in (0.999, 1.001)
    )
    assert below.loss < 1e-6
    assert above.loss > 1e6


@pytest.mark.parametrize("after", [0, 60])
def test_power_iteration_finds_the_largest_eigenvalue_of_a_network(of_network: MakePoint, after: int) -> None:
    """The error of a Rayleigh quotient is the square of its residual over the gap to the next eigenvalue at most.

    Source: B. Parlett, "The Symmetric Eigenvalue Problem" (1980), theorem 11.7.1.
    """
    point = of_network(after=after)
    assert point.theta.size > MOST_EXACT
    found = curvature(point)
    eigenvalues = np.linalg.eigvalsh(hessian(point))
    assert found.eigenvalues == ()
    assert found.is_settled
    # A residual is measured against λ + shift, and the shift is no larger than the spectrum.
    assert found.residual <= 2.0 * PRECISION * np.abs(eigenvalues).max()
    gap = eigenvalues[-1] - eigenvalues[-2] - found.residual
    assert gap > 0.0
    assert found.largest == pytest.approx(eigenvalues[-1], abs=found.residual**2 / gap + EXACT)


@pytest.mark.parametrize(
    ("ends", "smallest"),
    [
        pytest.param((-9.0, 4.0), -9.0, id="a negative one is larger in size"),
        pytest.param((-4.0, 4.0), None, id="one of each sign is as large"),
        pytest.param((-4.0, 4.0001), None, id="nearly"),
        pytest.param((-3.0, -0.5), -3.0, id="all are negative"),
        pytest.param((0.0, 4.0), None, id="none is negative"),
    ],
)
def test_power_iteration_finds_the_largest_also_beside_larger_negative_ones(
    monkeypatch: pytest.MonkeyPatch, on_landscape: MakePoint, ends: tuple[float, float], smallest: float | None
) -> None:
    """80 curvatures: the two ends, and all others between, so that there is a gap at both ends."""
    low, high = ends
    between = np.linspace(0.75 * low + 0.25 * high, 0.25 * low + 0.75 * high, 78)
    found = curvature(on_diagonal(monkeypatch, on_landscape, [low, *between.tolist(), high]))
    # The gap is a quarter of the spectrum, and the residual PRECISION of at most twice its larger end.
    assert found.is_settled
    error = (2.0 * PRECISION * max(map(abs, ends))) ** 2 / (0.25 * (high - low))
    assert found.largest == pytest.approx(high, abs=error + EXACT)
    assert found.smallest == (None if smallest is None else pytest.approx(smallest, abs=error + EXACT))


def test_an_iteration_that_has_not_settled_says_so_and_is_never_above(
    monkeypatch: pytest.MonkeyPatch, on_landscape: MakePoint
) -> None:
    """Eighty eigenvalues close to one another need hundreds of products; a second iteration would bring nothing."""
    monkeypatch.setattr(curvature_module, "ROUNDS", 5)
    found = curvature(on_diagonal(monkeypatch, on_landscape, np.linspace(3.0, 4.0, 80).tolist()))
    assert not found.is_settled
    assert found.products == 5
    assert 3.5 < found.largest < 4.0


def test_a_plane_of_many_parameters_has_no_curvature(monkeypatch: pytest.MonkeyPatch, on_landscape: MakePoint) -> None:
    found = curvature(on_diagonal(monkeypatch, on_landscape, [0.0] * 80))
    assert (found.largest, found.largest_stable_lr) == (0.0, math.inf)


@pytest.mark.parametrize("count", [2, 80])
def test_where_the_gradient_overflows_close_by_there_is_no_curvature(
    monkeypatch: pytest.MonkeyPatch, on_landscape: MakePoint, count: int
) -> None:
    point = on_diagonal(monkeypatch, on_landscape, [1.0] * count, start=1e-3)

    def nowhere(self: Point, start: Any, end: Any) -> Any:
        return np.full(count, np.inf)

    monkeypatch.setattr(Point, "gradient_change", nowhere)
    with pytest.raises(NotFiniteError, match="curvature is not finite"):
        curvature(point)
