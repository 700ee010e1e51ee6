"""What a landscape is: a row of the table, and the same landscape seen in turned coordinates."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product

Point = tuple[float, ...]
"""One plain Python float per coordinate: for two numbers faster than an array, and it overflows to inf in silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    """A place from which every way leads up; the gradient is 0 there, unless it lies on a bound or on a kink."""

    point: Point
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LandscapeKind:
    """One row of the table of landscapes.

    `value` and `gradient` take a point of any size, inf and nan too. They multiply instead of using `**`, which
    raises where a product overflows; what a function of `math` raises is dealt with in `Landscape`.
    """

    title: str
    formula: str
    """The function as people write it."""
    source: str
    """Who wrote it first, and where."""
    coordinates: tuple[str, ...] = ("x", "y")
    box: tuple[tuple[float, float], ...]
    """(lowest, highest) of every coordinate: the part that is worth seeing."""
    minima: tuple[Minimum, ...]
    """The global minima first, then the local ones that are known; empty where the function falls without end."""
    start: Point
    """Where a descent starts unless someone says otherwise."""
    value: Callable[[Point], float]
    gradient: Callable[[Point], Point]
    bounds: tuple[float, float] | None = None
    """(lowest, highest) that every coordinate may have: a step that leads out ends on the bound; None without."""
    slopes: tuple[float, ...] | None = None
    """Where the function is the mean of straight lines, one a sample: the slope of each; None elsewhere."""
    knobs: Mapping[str, float] = field(default_factory=dict)
    """What can be chosen, by the name of its field in a problem, and what is chosen here."""
    make: Callable[..., LandscapeKind] | None = None
    """Makes the same landscape with other knobs, which it takes by their names; None without knobs."""

    @property
    def dimension(self) -> int:
        """The number of coordinates."""
        return len(self.coordinates)

    @property
    def middle(self) -> Point:
        """The middle of the box."""
        return tuple(0.5 * (low + high) for low, high in self.box)


def combined(*alone: tuple[Minimum, ...]) -> tuple[Minimum, ...]:
    """Return the minima of a sum of functions of one coordinate each, the lowest first, from the minima of each."""
    chosen = [
        Minimum(
            point=tuple(number for part in parts for number in part.point),
            value=math.fsum(part.value for part in parts),
        )
        for parts in product(*alone)
    ]
    return tuple(sorted(chosen, key=lambda minimum: minimum.value))


def rotated(kind: LandscapeKind, degrees: float) -> LandscapeKind:
    """Return a landscape of two coordinates turned counterclockwise about the middle of its box.

    Its minima and its usual start turn along, so what was at p is at c + R(p − c) and has the same height; the box
    stays as it is, and a minimum near its edge may turn out of it.
    """
    assert kind.dimension == 2, "there is nothing to turn on a line"
    x_middle, y_middle = kind.middle
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    height, slope = kind.value, kind.gradient

    def turned(point: Point) -> Point:
        x, y = point[0] - x_middle, point[1] - y_middle
        return x_middle + (cosine * x - sine * y), y_middle + (sine * x + cosine * y)

    def turned_back(point: Point) -> Point:
        x, y = point[0] - x_middle, point[1] - y_middle
        return x_middle + (cosine * x + sine * y), y_middle + (cosine * y - sine * x)

    def value(point: Point) -> float:
        return height(turned_back(point))

    def gradient(point: Point) -> Point:
        x, y = slope(turned_back(point))
        return cosine * x - sine * y, sine * x + cosine * y

    return replace(
        kind,
        formula=f"{kind.formula}, turned by {degrees:g}° about ({x_middle:g}, {y_middle:g})",
        minima=tuple(replace(minimum, point=turned(minimum.point)) for minimum in kind.minima),
        start=turned(kind.start),
        value=value,
        gradient=gradient,
    )
