"""Landscapes of one curvature everywhere: what theory knows all about."""

from __future__ import annotations

from .kind import LandscapeKind, Minimum, Point


def parabola(curvature: float) -> LandscapeKind:
    """Return f = ½λx²: a step of gradient descent multiplies x by 1 − αλ, so it diverges above α = 2/λ."""

    def value(point: Point) -> float:
        (x,) = point
        return 0.5 * curvature * x * x

    def gradient(point: Point) -> Point:
        (x,) = point
        return (curvature * x,)

    return LandscapeKind(
        title="Parabola",
        formula="½λx²",
        source="B. T. Polyak, Introduction to Optimization, 1987, section 1.4",
        coordinates=("x",),
        box=((-2.0, 2.0),),
        minima=(Minimum(point=(0.0,), value=0.0),),
        start=(1.0,),
        value=value,
        gradient=gradient,
        knobs={"curvature": curvature},
        make=parabola,
    )


def sphere(dimension: int) -> LandscapeKind:
    """Return f = Σx²: the same curvature 2 in every direction, so the gradient points straight at the minimum."""

    def value(point: Point) -> float:
        total = 0.0
        for x in point:
            total += x * x
        return total

    def gradient(point: Point) -> Point:
        return tuple([2.0 * x for x in point])

    return LandscapeKind(
        title="Sphere",
        formula=("x²", "x² + y²")[dimension - 1],
        source="K. A. De Jong, An Analysis of the Behavior of a Class of Genetic Adaptive Systems, 1975, function F1",
        coordinates=("x", "y")[:dimension],
        box=((-5.12, 5.12),) * dimension,
        minima=(Minimum(point=(0.0,) * dimension, value=0.0),),
        start=(4.0, 3.0)[:dimension],
        value=value,
        gradient=gradient,
        knobs={"dimension": dimension},
        make=sphere,
    )


def ravine(condition: float) -> LandscapeKind:
    """Return f = ½(x² + κy²): a valley along x whose sides are κ times as steep as its floor.

    The curvatures are 1 and κ, so gradient descent needs a learning rate below 2/κ and then creeps along x; with
    the best one, 2/(1 + κ), a step shrinks the distance by (κ − 1)/(κ + 1).
    """

    def value(point: Point) -> float:
        x, y = point
        return 0.5 * (x * x + condition * y * y)

    def gradient(point: Point) -> Point:
        x, y = point
        return x, condition * y

    return LandscapeKind(
        title="Ravine",
        formula="½(x² + κy²)",
        source="B. T. Polyak, Introduction to Optimization, 1987, section 1.4",
        box=((-2.0, 2.0), (-2.0, 2.0)),
        minima=(Minimum(point=(0.0, 0.0), value=0.0),),
        start=(1.0, 1.0),
        value=value,
        gradient=gradient,
        knobs={"condition": condition},
        make=ravine,
    )


def _booth(point: Point) -> float:
    """Return (x + 2y − 7)² + (2x + y − 5)²: curvatures 2 and 18, along the diagonals."""
    x, y = point
    first = x + 2.0 * y - 7.0
    second = 2.0 * x + y - 5.0
    return first * first + second * second


def _booth_gradient(point: Point) -> Point:
    x, y = point
    first = x + 2.0 * y - 7.0
    second = 2.0 * x + y - 5.0
    return 2.0 * first + 4.0 * second, 4.0 * first + 2.0 * second


def _matyas(point: Point) -> float:
    """Return 0.26(x² + y²) − 0.48xy: curvatures 1 and 0.04, along the diagonals.

    It is written as 0.02(x² + y²) + 0.24(x − y)², which subtracts no large numbers from each other.
    """
    x, y = point
    apart = x - y
    return 0.02 * (x * x + y * y) + 0.24 * apart * apart


def _matyas_gradient(point: Point) -> Point:
    x, y = point
    apart = 0.48 * (x - y)
    return 0.04 * x + apart, 0.04 * y - apart


BOOTH = LandscapeKind(
    title="Booth's function",
    formula="(x + 2y − 7)² + (2x + y − 5)²",
    source=(
        "M. Jamil, X.-S. Yang, A literature survey of benchmark functions for global optimisation problems, 2013, "
        "arXiv:1308.4008"
    ),
    box=((-10.0, 10.0), (-10.0, 10.0)),
    minima=(Minimum(point=(1.0, 3.0), value=0.0),),
    start=(-8.0, -6.0),
    value=_booth,
    gradient=_booth_gradient,
)
MATYAS = LandscapeKind(
    title="Matyas' function",
    formula="0.26(x² + y²) − 0.48xy",
    source=(
        "M. Jamil, X.-S. Yang, A literature survey of benchmark functions for global optimisation problems, 2013, "
        "arXiv:1308.4008"
    ),
    box=((-10.0, 10.0), (-10.0, 10.0)),
    minima=(Minimum(point=(0.0, 0.0), value=0.0),),
    start=(8.0, -2.0),
    value=_matyas,
    gradient=_matyas_gradient,
)
