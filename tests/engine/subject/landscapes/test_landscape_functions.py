"""The test functions: right heights, right slopes, right minima with the right curvature, also when they are turned."""

from __future__ import annotations

import math
import sys
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.subject.landscapes import LANDSCAPES, LandscapeKind, Point, outlier, parabola, ravine, rotated

E5 = math.exp(-5.0)


def points_in(kind: LandscapeKind, count: int) -> list[Point]:
    """Points drawn evenly from the box, always the same."""
    lows, highs = np.array(kind.box).T
    drawn = np.random.default_rng(0).uniform(lows, highs, (count, kind.dimension))
    return [tuple(point) for point in drawn.tolist()]


def on_a_line(name: str) -> LandscapeKind:
    """The form of a landscape that has one coordinate."""
    make = LANDSCAPES[name].make
    assert make is not None
    return make(dimension=1)


def curvatures(kind: LandscapeKind, point: Point) -> NDArray[np.float64]:
    """The Hessian's eigenvalues, ascending, by central differences of the gradient."""
    rows = []
    for index, x in enumerate(point):
        width = 1e-6 * max(1.0, abs(x))
        ahead, behind = list(point), list(point)
        ahead[index], behind[index] = x + width, x - width
        difference = np.subtract(kind.gradient(tuple(ahead)), kind.gradient(tuple(behind)))
        rows.append(difference / (ahead[index] - behind[index]))
    hessian = np.array(rows)
    return np.linalg.eigvalsh(0.5 * (hessian + hessian.T))


def slope_and_tolerance(kind: LandscapeKind, point: Point, index: int, highest: float) -> tuple[float, float]:
    """A derivative by central differences, and how far from the truth it can be.

    The truncation error grows with the square of the step, so two steps h and 2h differ by three times the error of
    the shorter one; a whole difference leaves room for the next order. Each value is a sum of terms no larger than
    `highest`, each rounded a few times, and the difference divides that by 2h.
    """
    width = 1e-6 * max(1.0, abs(point[index]))

    def difference(step: float) -> float:
        ahead, behind = list(point), list(point)
        ahead[index] += step
        behind[index] -= step
        return (kind.value(tuple(ahead)) - kind.value(tuple(behind))) / (ahead[index] - behind[index])

    short, long = difference(width), difference(2.0 * width)
    return short, abs(long - short) + 32.0 * sys.float_info.epsilon * highest / width


def test_the_gradient_is_the_slope_that_central_differences_find(form: LandscapeKind) -> None:
    corners = list(product(*form.box))
    drawn = points_in(form, 200)
    highest = max(1.0, *(abs(form.value(point)) for point in corners + drawn))
    steepest = max(abs(component) for point in corners + drawn for component in form.gradient(point))
    for point in drawn:
        for index, component in enumerate(form.gradient(point)):
            slope, tolerance = slope_and_tolerance(form, point, index, highest)
            assert tolerance < 1e-5 * steepest, "a tolerance this wide would let a wrong gradient pass"
            assert abs(component - slope) <= tolerance


def test_no_point_in_the_box_lies_lower_than_the_first_minimum(form: LandscapeKind) -> None:
    lowest = form.minima[0].value if form.minima else -math.inf
    assert all(minimum.value >= lowest for minimum in form.minima)
    assert min(form.value(point) for point in points_in(form, 500)) >= lowest


def test_box_start_and_minima_have_the_landscapes_dimension(form: LandscapeKind) -> None:
    assert form.dimension == len(form.box)
    for point in (form.start, *(minimum.point for minimum in form.minima)):
        assert len(point) == form.dimension


@pytest.mark.parametrize("kind", LANDSCAPES.values(), ids=LANDSCAPES)
def test_start_and_minima_lie_in_the_box_and_the_start_is_no_minimum(kind: LandscapeKind) -> None:
    for point in (kind.start, *(minimum.point for minimum in kind.minima)):
        assert all(low <= number <= high for number, (low, high) in zip(point, kind.box, strict=True))
    assert kind.start not in [minimum.point for minimum in kind.minima]
    assert any(kind.gradient(kind.start))


def test_a_minimum_is_flat_bends_upwards_and_has_the_stated_value(form: LandscapeKind) -> None:
    for minimum in form.minima:
        assert form.value(minimum.point) == pytest.approx(minimum.value, abs=1e-12, rel=1e-12)
        slope = form.gradient(minimum.point)
        if form.bounds is not None:
            assert minimum.point == (form.bounds[0],)
            assert slope[0] > 0.0
            continue
        # A point is rounded to half a unit in its last place, which the curvature turns into a slope.
        bend = curvatures(form, minimum.point)
        error = 4.0 * sys.float_info.epsilon * (1.0 + math.hypot(*minimum.point)) * max(1.0, bend[-1])
        assert slope == pytest.approx((0.0,) * form.dimension, abs=error)
        assert bend[0] > 0.0


def test_no_known_minimum_is_named_twice(form: LandscapeKind) -> None:
    points = {tuple(round(number, 6) for number in minimum.point) for minimum in form.minima}
    assert len(points) == len(form.minima)


@pytest.mark.parametrize("name", [name for name, kind in LANDSCAPES.items() if "dimension" in kind.knobs])
def test_on_a_line_every_minimum_of_the_box_is_known(name: str) -> None:
    """Between two points a little apart, the slope turns from down to up where a minimum lies, and nowhere else."""
    kind = on_a_line(name)
    ((low, high),) = kind.box
    grid = np.linspace(low, high, 4001) + 1e-9
    slopes = np.array([kind.gradient((x,))[0] for x in grid.tolist()])
    turns = np.flatnonzero((slopes[:-1] < 0.0) & (slopes[1:] > 0.0))
    known = sorted(minimum.point[0] for minimum in kind.minima)
    assert len(turns) == len(known)
    for place, number in zip(turns, known, strict=True):
        assert grid[place] < number < grid[place + 1]


def test_in_the_plane_a_sum_has_a_minimum_wherever_both_parts_have_one() -> None:
    counts = {name: len(LANDSCAPES[name].minima) for name in ("rastrigin", "schwefel", "styblinski_tang", "levy")}
    assert counts == {"rastrigin": 11 * 11, "schwefel": 7 * 7, "styblinski_tang": 2 * 2, "levy": 5 * 8}


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("ackley", 11 * 11),
        ("griewank", 17),
        ("six_hump_camel", 6),
        ("three_hump_camel", 3),
        ("himmelblau", 4),
        ("goldstein_price", 4),
        ("dupont_bowl", 2),
    ],
)
def test_in_the_plane_a_descent_from_anywhere_ends_at_a_known_minimum(name: str, count: int) -> None:
    kind = LANDSCAPES[name]
    assert len(kind.minima) == count
    width = kind.box[0][1] - kind.box[0][0]
    steepest = max(float(curvatures(kind, minimum.point)[-1]) for minimum in kind.minima if any(minimum.point))
    ended = 0
    for start in points_in(kind, 20):
        point = start
        for _ in range(4000):
            slope = kind.gradient(point)
            length = math.hypot(*slope)
            if length < 1e-9:
                break
            # Far from a minimum the curvature may be greater than at one: no step is longer than a part of the box.
            reach = min(0.3 / steepest, 1e-3 * width / length)
            point = tuple(x - reach * part for x, part in zip(point, slope, strict=True))
        if all(low < x < high for x, (low, high) in zip(point, kind.box, strict=True)):
            ended += 1
            assert min(math.dist(point, minimum.point) for minimum in kind.minima) < 1e-3 * width
    assert ended >= 10


@pytest.mark.parametrize(
    ("name", "point", "value", "slope"),
    [
        ("ravine", (2.0, 3.0), 452.0, (2.0, 300.0)),
        ("parabola", (3.0,), 4.5, (3.0,)),
        ("sphere", (1.0, -2.0), 5.0, (2.0, -4.0)),
        ("booth", (0.0, 0.0), 74.0, (-34.0, -38.0)),
        ("matyas", (1.0, 0.0), 0.26, (0.52, -0.48)),
        ("matyas", (1.0, 1.0), 0.04, (0.04, 0.04)),
        ("rosenbrock", (0.0, 0.0), 1.0, (-2.0, 0.0)),
        ("rosenbrock", (-1.0, 3.0), 404.0, (796.0, 400.0)),
        ("beale", (0.0, 0.0), 14.203125, (-12.75, 0.0)),
        ("beale", (1.0, 2.0), 6.25 + 27.5625 + 92.640625, (5.0 + 31.5 + 134.75, 5.0 + 42.0 + 231.0)),
        ("himmelblau", (0.0, 0.0), 170.0, (-14.0, -22.0)),
        ("himmelblau", (1.0, 2.0), 68.0, (-36.0, -32.0)),
        ("three_hump_camel", (1.0, 1.0), 2.0 - 1.05 + 1.0 / 6.0 + 2.0, (1.8, 3.0)),
        ("six_hump_camel", (1.0, 1.0), 4.0 - 2.1 + 1.0 / 3.0 + 1.0, (2.6, 9.0)),
        ("goldstein_price", (0.0, 0.0), 600.0, (720.0, 720.0)),
        ("goldstein_price", (1.0, 1.0), 28.0 * 67.0, (-28.0 * 192.0, 28.0 * 288.0)),
        ("mccormick", (0.0, 0.0), 1.0, (-0.5, 3.5)),
        ("dupont_bowl", (0.0, 0.0), -5.0 * E5, (10.0 * E5, 0.0)),
        ("easom", (math.pi, 0.0), math.exp(-math.pi * math.pi), (0.0, 2.0 * math.pi * math.exp(-math.pi * math.pi))),
        ("styblinski_tang", (1.0, 2.0), -24.0, (-11.5, -13.5)),
        ("rastrigin", (0.5, 0.0), 20.25, (1.0, 0.0)),
        ("rastrigin", (0.25, 1.0), 11.0625, (0.5 + 20.0 * math.pi, 2.0)),
        ("ackley", (1.0, 1.0), 20.0 - 20.0 * math.exp(-0.2), (2.0 * math.exp(-0.2), 2.0 * math.exp(-0.2))),
        ("griewank", (math.pi, 0.0), 2.0 + math.pi * math.pi / 4000.0, (math.pi / 2000.0, 0.0)),
        ("levy", (5.0, 1.0), 1.0 + 10.0 * math.sin(1.0) ** 2, None),
        ("levy", (1.0, 5.0), 1.0, (0.0, 0.5)),
        ("levy", (3.0, 1.0), 1.0 + 0.25 * (1.0 + 10.0 * math.cos(1.0) ** 2), None),
        ("schwefel", (0.0, 0.0), 837.9657745448674, (0.0, 0.0)),
        (
            "schwefel",
            (math.pi**2, 0.0),
            837.9657745448674,
            (math.pi / 2.0, 0.0),
        ),
        ("saddle", (2.0, 1.0), 3.0, (4.0, -2.0)),
        ("monkey_saddle", (2.0, 1.0), 2.0, (9.0, -12.0)),
        ("reddi", (1.0,), 10.0 / 101.0, (10.0 / 101.0,)),
        ("outlier", (2.0,), 2.0 * 1.0099, (1.0099,)),
    ],
)
def test_heights_and_slopes_worked_out_by_hand(name: str, point: Point, value: float, slope: Point | None) -> None:
    """Such as Rosenbrock's 2² + 100·(3 − 1)² = 404 at (−1, 3), with −2·2 + 400·2 = 796 along x."""
    kind = LANDSCAPES[name]
    assert kind.value(point) == pytest.approx(value, rel=1e-12)
    if slope is not None:
        assert kind.gradient(point) == pytest.approx(slope, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "point", "value", "slope"),
    [
        ("sphere", 3.0, 9.0, 6.0),
        ("rastrigin", 0.25, 10.0625, 0.5 + 20.0 * math.pi),
        ("ackley", 1.0, 20.0 - 20.0 * math.exp(-0.2), 4.0 * math.exp(-0.2)),
        ("ackley", -2.0, 20.0 - 20.0 * math.exp(-0.4), -4.0 * math.exp(-0.4)),
        ("griewank", math.pi, 2.0 + math.pi * math.pi / 4000.0, math.pi / 2000.0),
        ("levy", 3.0, 1.25, 0.25),
        ("levy", 5.0, 1.0, 0.5),
        ("styblinski_tang", 1.0, -5.0, -11.5),
        ("schwefel", math.pi**2, 418.9828872724338, math.pi / 2.0),
    ],
)
def test_heights_and_slopes_on_a_line_worked_out_by_hand(name: str, point: float, value: float, slope: float) -> None:
    """Such as Lévy's function at 3: w = 1.5, sin²1.5π = 1, ½²·(1 + sin²3π) = ¼."""
    kind = on_a_line(name)
    assert kind.value((point,)) == pytest.approx(value, rel=1e-12)
    assert kind.gradient((point,)) == pytest.approx((slope,), rel=1e-12)


KNOWN = [
    ("sphere", (0.0, 0.0), 0.0, 2.0, 1.0),
    ("ravine", (0.0, 0.0), 0.0, 100.0, 100.0),
    ("booth", (1.0, 3.0), 0.0, 18.0, 9.0),
    ("matyas", (0.0, 0.0), 0.0, 1.0, 25.0),
    ("rosenbrock", (1.0, 1.0), 0.0, 1001.6, 2508.0),
    ("beale", (3.0, 0.5), 0.0, 49.0, 162.0),
    ("himmelblau", (3.0, 2.0), 0.0, 82.3, None),
    ("himmelblau", (-2.805118, 3.131312), 0.0, 80.6, None),
    ("himmelblau", (-3.779310, -3.283186), 0.0, 133.8, None),
    ("himmelblau", (3.584428, -1.848126), 0.0, 105.4, None),
    ("three_hump_camel", (0.0, 0.0), 0.0, 4.41, 2.8),
    ("six_hump_camel", (0.0898420, -0.7126564), -1.0316285, 16.5, 2.1),
    ("six_hump_camel", (-0.0898420, 0.7126564), -1.0316285, 16.5, 2.1),
    ("goldstein_price", (0.0, -1.0), 3.0, 965.0, None),
    ("mccormick", (-0.5471976, -1.5471976), -1.9132230, 4.0, 2.3),
    ("styblinski_tang", (-2.9035340, -2.9035340), -78.332331, 34.6, 1.0),
    ("rastrigin", (0.0, 0.0), 0.0, 396.8, 1.0),
    ("griewank", (0.0, 0.0), 0.0, 1.0, 2.0),
    ("levy", (1.0, 1.0), 0.0, 2.24, 18.0),
    ("easom", (math.pi, math.pi), -1.0, 3.0, 1.0),
    ("schwefel", (420.968746, 420.968746), 0.0, 0.252, 1.0),
    ("dupont_bowl", (-0.936301, 0.0), -2.063090, 31.4, None),
    ("dupont_bowl", (0.905318, 0.0), -1.092732, 21.1, None),
]
"""Name, minimum, height, greatest curvature and its ratio to the least: published figures, and a check of their own."""


@pytest.mark.parametrize(("name", "point", "value", "greatest", "ratio"), KNOWN)
def test_the_published_minima_and_their_curvatures(
    name: str, point: Point, value: float, greatest: float, ratio: float | None
) -> None:
    kind = LANDSCAPES[name]
    minimum = min(kind.minima, key=lambda known: math.dist(known.point, point))
    assert minimum.point == pytest.approx(point, abs=6e-7)
    assert minimum.value == pytest.approx(value, abs=6e-7)
    found = curvatures(kind, minimum.point)
    assert found[-1] == pytest.approx(greatest, rel=6e-3)
    if ratio is not None:
        assert found[-1] / found[0] == pytest.approx(ratio, rel=3e-2)


def test_curvature_and_condition_number_are_what_they_are_called() -> None:
    assert curvatures(parabola(7.0), (0.3,)) == pytest.approx([7.0])
    assert curvatures(ravine(1000.0), (0.3, 0.4)) == pytest.approx([1.0, 1000.0], rel=1e-6)


@pytest.mark.parametrize("name", [name for name, kind in LANDSCAPES.items() if kind.dimension == 2])
@given(degrees=st.floats(-360.0, 360.0), data=st.data())
def test_what_was_at_a_point_is_as_high_where_the_point_is_turned_to(
    name: str, degrees: float, data: st.DataObject
) -> None:
    kind = LANDSCAPES[name]
    x, y = (data.draw(st.floats(*side)) for side in kind.box)
    (left, right), (low, high) = kind.box
    around = complex(0.5 * (left + right), 0.5 * (low + high))
    turn = complex(math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
    moved = around + turn * (complex(x, y) - around)
    turned = rotated(kind, degrees)
    # The turned point is rounded, which the slope turns into a height, and the curvature into a slope.
    size = 1e-15 * (abs(x) + abs(y) + abs(around))
    slope = complex(*kind.gradient((x, y)))
    highest = max(1.0, *(abs(kind.value(corner)) for corner in product(*kind.box)))
    assert turned.value((moved.real, moved.imag)) == pytest.approx(
        kind.value((x, y)), rel=1e-12, abs=4.0 * size * abs(slope) + 1e-14 * highest
    )
    if name not in ("ackley", "schwefel"):
        bend = 3e4 if name == "goldstein_price" else float(np.abs(curvatures(kind, (x, y))).max())
        found = complex(*turned.gradient((moved.real, moved.imag)))
        assert abs(found - turn * slope) <= 1e-9 * (1.0 + abs(slope)) + 10.0 * size * bend


def test_a_quarter_turn_of_the_ravine_swaps_its_axes() -> None:
    turned = rotated(LANDSCAPES["ravine"], 90.0)
    assert turned.value((3.0, 2.0)) == pytest.approx(452.0)
    assert turned.gradient((3.0, 2.0)) == pytest.approx((300.0, 2.0))
    assert turned.start == pytest.approx((-1.0, 1.0))
    assert turned.formula == "½(x² + κy²), turned by 90° about (0, 0)"
    assert turned.box == LANDSCAPES["ravine"].box


def test_a_turn_is_about_the_middle_of_the_box() -> None:
    """Rosenbrock's box is [−2, 2] × [−1, 3]: half a turn takes (1, 1) to (−1, 1)."""
    turned = rotated(LANDSCAPES["rosenbrock"], 180.0)
    assert turned.minima[0].point == pytest.approx((-1.0, 1.0))
    assert turned.value((-1.0, 1.0)) == pytest.approx(0.0, abs=1e-25)


@pytest.mark.parametrize("step", [1, 100, 10_000])
def test_one_line_in_ten_thousand_is_a_hundred_times_as_steep(step: int) -> None:
    slopes = outlier(step).slopes
    assert slopes is not None
    assert [slopes.index(100.0) + 1, slopes.count(1.0), len(slopes)] == [step, 9_999, 10_000]


def test_the_counterexample_has_one_steep_line_and_a_hundred_that_nearly_outweigh_it() -> None:
    assert LANDSCAPES["reddi"].slopes == (1010.0,) + (-10.0,) * 100
