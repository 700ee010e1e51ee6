"""Test functions of one or two variables with analytic gradients: the shortest objectives.

Read in this order:

kind         what a landscape is: formula, box, minima, value and gradient; and how one is turned
quadratic    one curvature everywhere: parabola, sphere, ravine, Booth, Matyas
valleys      curved valleys and a few basins, from Rosenbrock to Easom
many_minima  waves on a bowl, in one coordinate and in two: Rastrigin, Ackley, Griewank, Lévy, Schwefel …
saddles      no minimum at all
lines        lessons about memory: one straight line a step
objective    a landscape as something to train
"""

from __future__ import annotations

from .kind import LandscapeKind, Minimum, Point, rotated
from .lines import OUTLIER_PASS, outlier, reddi
from .many_minima import ackley, griewank, levy, rastrigin, schwefel, styblinski_tang
from .objective import BoundLandscape, Landscape
from .quadratic import BOOTH, MATYAS, parabola, ravine, sphere
from .saddles import MONKEY_SADDLE, SADDLE
from .valleys import (
    BEALE,
    DUPONT_BOWL,
    EASOM,
    GOLDSTEIN_PRICE,
    HIMMELBLAU,
    MCCORMICK,
    ROSENBROCK,
    SIX_HUMP_CAMEL,
    THREE_HUMP_CAMEL,
)

LANDSCAPES: dict[str, LandscapeKind] = {
    "ravine": ravine(100.0),
    "rosenbrock": ROSENBROCK,
    "parabola": parabola(1.0),
    "sphere": sphere(2),
    "booth": BOOTH,
    "matyas": MATYAS,
    "beale": BEALE,
    "himmelblau": HIMMELBLAU,
    "three_hump_camel": THREE_HUMP_CAMEL,
    "six_hump_camel": SIX_HUMP_CAMEL,
    "goldstein_price": GOLDSTEIN_PRICE,
    "mccormick": MCCORMICK,
    "dupont_bowl": DUPONT_BOWL,
    "easom": EASOM,
    "styblinski_tang": styblinski_tang(2),
    "rastrigin": rastrigin(2),
    "ackley": ackley(2),
    "griewank": griewank(2),
    "levy": levy(2),
    "schwefel": schwefel(2),
    "saddle": SADDLE,
    "monkey_saddle": MONKEY_SADDLE,
    "reddi": reddi(),
    "outlier": outlier(100),
}
"""Every landscape by its name, with its usual knobs."""

__all__ = [
    "LANDSCAPES",
    "OUTLIER_PASS",
    "BoundLandscape",
    "Landscape",
    "LandscapeKind",
    "Minimum",
    "Point",
    "ackley",
    "griewank",
    "levy",
    "outlier",
    "parabola",
    "rastrigin",
    "ravine",
    "reddi",
    "rotated",
    "schwefel",
    "sphere",
    "styblinski_tang",
]
