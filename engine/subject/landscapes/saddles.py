"""Landscapes without a minimum: their middle is flat, and every step away from it leads further."""

from __future__ import annotations

from .kind import LandscapeKind, Point


def _saddle(point: Point) -> float:
    """Return x² − y²: up along x, down along y, and nothing to tell the two apart but the curvature's sign."""
    x, y = point
    return (x - y) * (x + y)


def _saddle_gradient(point: Point) -> Point:
    x, y = point
    return 2.0 * x, -2.0 * y


def _monkey_saddle(point: Point) -> float:
    """Return x³ − 3xy²: three ways down and three up, and no curvature at all in the middle."""
    x, y = point
    return x * (x * x - 3.0 * y * y)


def _monkey_saddle_gradient(point: Point) -> Point:
    x, y = point
    return 3.0 * (x - y) * (x + y), -6.0 * x * y


SADDLE = LandscapeKind(
    title="Saddle",
    formula="x² − y²",
    source=(
        "Y. Dauphin et al., Identifying and attacking the saddle point problem in high-dimensional non-convex "
        "optimization, 2014, arXiv:1406.2572"
    ),
    box=((-2.0, 2.0), (-2.0, 2.0)),
    minima=(),
    start=(1.0, 1e-4),
    value=_saddle,
    gradient=_saddle_gradient,
)
MONKEY_SADDLE = LandscapeKind(
    title="Monkey saddle",
    formula="x³ − 3xy²",
    source="D. Hilbert, S. Cohn-Vossen, Geometry and the Imagination, 1952",
    box=((-2.0, 2.0), (-2.0, 2.0)),
    minima=(),
    start=(1.0, 0.01),
    value=_monkey_saddle,
    gradient=_monkey_saddle_gradient,
)
