"""The last part of a step: from the parameters along the update, and back into the bounds where it leads out of them.

Source: M. Zinkevich, Online Convex Programming and Generalized Infinitesimal Gradient Ascent, 2003: projection onto the
feasible set after every step; onto a box it is a clip of every coordinate.
"""

from __future__ import annotations

import numpy as np

from ..subject.objective import Vector
from .passes import Passes, numbers


def way(origin: Vector, update: Vector, target: Vector, bounds: tuple[float, float] | None) -> Passes:
    """Return the passes that go from `origin` against `update` and leave the new parameters in `target`.

    With bounds, `update` then holds the way really made, so that all that is told of a step is true of it.

    Args:
        origin: The parameters.
        update: What the rule takes from them.
        target: Where the new ones go, beside `origin`.
        bounds: (lowest, highest) that every parameter may have; None without.
    """
    straight = (np.subtract, origin, update, target)
    if bounds is None:
        return [straight]
    lowest, highest = numbers(target.dtype, *bounds)
    return [
        straight,
        (np.minimum, target, highest, target),
        (np.maximum, target, lowest, target),
        (np.subtract, origin, target, update),
    ]
