"""Lessons in one coordinate: means of straight lines, of which a step sees only the next one.

Every sample is one line, f(x) = slope·x, so a batch of one, taken in the order of the samples, makes the sequence of
gradients that a paper writes down; a batch of all of them sees the mean, and nothing of the lesson.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from .kind import LandscapeKind, Minimum, Point

OUTLIER_PASS = 10_000
"""Lines in a pass, after which the outlier comes again: longer than an average with β = 0.999 remembers."""
OUTLIER_SIZE = 100.0
"""How many times as steep as the others the outlier is."""


def reddi() -> LandscapeKind:
    """Return f_t = 1010x where t mod 101 = 1, else −10x, on −1 ≤ x ≤ 1: Adam walks to the worst point.

    The mean slope is 10/101, so the minimum is at −1. Adam divides the rare large gradient by its own size and forgets
    it before the next one comes; the many small ones push it to 1.
    """
    slopes = (1010.0, *(-10.0,) * 100)
    return LandscapeKind(
        title="Reddi, Kale and Kumar's counterexample",
        formula="1010x where t mod 101 = 1, else −10x, on −1 ≤ x ≤ 1",
        source=(
            "S. J. Reddi, S. Kale, S. Kumar, On the Convergence of Adam and Beyond, ICLR 2018, arXiv:1904.09237, in "
            "its synthetic experiments"
        ),
        coordinates=("x",),
        box=((-1.0, 1.0),),
        bounds=(-1.0, 1.0),
        minima=(Minimum(point=(-1.0,), value=-10.0 / 101.0),),
        start=(0.0,),
        value=_height(_mean(slopes)),
        gradient=_steepness(_mean(slopes)),
        slopes=slopes,
    )


def outlier(outlier_step: int) -> LandscapeKind:
    """Return f_t = x, but 100x once in 10,000 steps: how long does a rule remember one gradient?

    A mean with decay β₂ forgets its square as β₂ᵗ, a maximum its size as β₂ᵗ at once, and the update of a rule that
    divides by either is that much shorter meanwhile.

    Args:
        outlier_step: The step of a pass, counted from 1, that has the steep line.
    """
    slopes = [1.0] * OUTLIER_PASS
    slopes[outlier_step - 1] = OUTLIER_SIZE
    lines = tuple(slopes)
    return LandscapeKind(
        title="A constant gradient with an outlier",
        formula=f"x, but {OUTLIER_SIZE:g}x where t mod {OUTLIER_PASS:,} = {outlier_step % OUTLIER_PASS}",
        source="made for this program",
        coordinates=("x",),
        box=((-5.0, 5.0),),
        minima=(),
        start=(4.0,),
        value=_height(_mean(lines)),
        gradient=_steepness(_mean(lines)),
        slopes=lines,
        knobs={"outlier_step": outlier_step},
        make=outlier,
    )


def _mean(slopes: tuple[float, ...]) -> float:
    return math.fsum(slopes) / len(slopes)


def _height(slope: float) -> Callable[[Point], float]:
    return lambda point: slope * point[0]


def _steepness(slope: float) -> Callable[[Point], Point]:
    return lambda _: (slope,)
