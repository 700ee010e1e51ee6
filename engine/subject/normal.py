"""The tail of the normal distribution, as operations on arrays: NumPy has no error function."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from .objective import Operations, Vector

DENSITY_AT_0 = 1.0 / math.sqrt(2.0 * math.pi)
FAR = 40.0
"""From here on the tail is 0 in double precision."""
MIDDLE = 5.0
"""Where (u − 5)/(u + 5), which maps all distances u to −1..1, is 0."""
COEFFICIENTS = (
    1.0849974311281507,
    -0.9451212330235238,
    0.3395428248397067,
    -0.10080114900127923,
    0.02434161739194819,
    -0.0045780677530837645,
    0.0005962634793872587,
    -3.0034572403998326e-05,
    -6.9582080289731465e-06,
    1.6616222750752958e-06,
    -4.290591277534993e-08,
    -3.778472668407595e-08,
    4.656555405437076e-09,
    7.26731898119583e-10,
    -1.876070956044788e-10,
    -1.3548475355194436e-11,
    6.754835393421318e-12,
    2.8389774843955563e-13,
    -2.470501242837e-13,
    -9.045031546724195e-15,
    9.451160470487844e-15,
    4.824922073332497e-16,
    -3.7452977100599564e-16,
    -3.1738537383334686e-17,
    1.4864637431208072e-17,
)
"""Of (u + 5)·e^(u²/2)·Φ(−u) in Chebyshev polynomials of (u − 5)/(u + 5), computed with 40 digits by interpolation in
60 Chebyshev points; what is cut off is 1e-17."""
DEGREE_IN_SINGLE = 11
"""So many are enough for float32: the others add up to 2e-8 of the largest value."""


def tail(distances: Vector, bell: Vector, tail: Vector, below: Vector, places: Vector) -> Operations:
    """Return what leaves in `tail` the probability Φ(−u) of a normal number below −u, for every u ≥ 0.

    The relative error is that of a few roundings, and far out that of e^(−u²/2): u² of them. One formula for all
    distances, so that a vector needs no case by case.

    Args:
        distances: The u, contiguous, none of them beyond `FAR`: its square must not overflow.
        bell: Gets e^(−u²/2).
        tail: Gets Φ(−u).
        below: Space for the passes between.
        places: The same.

    Source: M. M. Shepherd, J. G. Laframboise, "Chebyshev Approximation of (1 + 2x) exp(x²) erfc x in 0 ≤ x < ∞",
    Mathematics of Computation 36 (1981). Deviations: for Φ in place of erfc, and the denominator of the place serves
    as the factor as well.
    """
    dtype = distances.dtype
    kept = COEFFICIENTS if dtype == np.float64 else COEFFICIENTS[: DEGREE_IN_SINGLE + 1]
    *lower, second, first = (np.array(value, dtype) for value in np.polynomial.chebyshev.cheb2poly(kept))
    minus_half, middle = np.array(-0.5, dtype), np.array(MIDDLE, dtype)
    operations: list[Callable[[], object]] = [
        partial(np.multiply, distances, distances, bell),
        partial(np.multiply, bell, minus_half, bell),
        partial(np.exp, bell, bell),
        partial(np.add, distances, middle, below),
        partial(np.subtract, distances, middle, places),
        partial(np.divide, places, below, places),
        partial(np.multiply, places, first, tail),
        partial(np.add, tail, second, tail),
    ]
    for coefficient in reversed(lower):
        operations += [partial(np.multiply, tail, places, tail), partial(np.add, tail, coefficient, tail)]
    return [*operations, partial(np.divide, tail, below, tail), partial(np.multiply, tail, bell, tail)]
