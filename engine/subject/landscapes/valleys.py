"""Landscapes with curved valleys, a few basins or one needle: where a descent goes depends on where it starts."""

from __future__ import annotations

import math

from .kind import LandscapeKind, Minimum, Point


def _rosenbrock(point: Point) -> float:
    """Return (1 − x)² + 100(y − x²)²: into the valley is easy, along its floor is not."""
    x, y = point
    ahead = 1.0 - x
    above = y - x * x
    return ahead * ahead + 100.0 * above * above


def _rosenbrock_gradient(point: Point) -> Point:
    x, y = point
    above = y - x * x
    return -2.0 * (1.0 - x) - 400.0 * x * above, 200.0 * above


def _beale(point: Point) -> float:
    """Return (1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²: plains, and walls in the corners."""
    x, y = point
    first = 1.5 - x * (1.0 - y)
    second = 2.25 - x * (1.0 - y * y)
    third = 2.625 - x * (1.0 - y * y * y)
    return first * first + second * second + third * third


def _beale_gradient(point: Point) -> Point:
    x, y = point
    first = 1.5 - x * (1.0 - y)
    second = 2.25 - x * (1.0 - y * y)
    third = 2.625 - x * (1.0 - y * y * y)
    along_x = -2.0 * (first * (1.0 - y) + second * (1.0 - y * y) + third * (1.0 - y * y * y))
    return along_x, 2.0 * x * (first + 2.0 * y * second + 3.0 * y * y * third)


def _himmelblau(point: Point) -> float:
    """Return (x² + y − 11)² + (x + y² − 7)²: four basins of the same depth."""
    x, y = point
    first = x * x + y - 11.0
    second = x + y * y - 7.0
    return first * first + second * second


def _himmelblau_gradient(point: Point) -> Point:
    x, y = point
    first = x * x + y - 11.0
    second = x + y * y - 7.0
    return 4.0 * x * first + 2.0 * second, 2.0 * first + 4.0 * y * second


def _three_hump_camel(point: Point) -> float:
    """Return 2x² − 1.05x⁴ + x⁶/6 + xy + y²: a basin in the middle and a higher one on each side."""
    x, y = point
    square = x * x
    return square * (2.0 + square * (square / 6.0 - 1.05)) + y * (x + y)


def _three_hump_camel_gradient(point: Point) -> Point:
    x, y = point
    square = x * x
    return x * (4.0 + square * (square - 4.2)) + y, x + 2.0 * y


def _six_hump_camel(point: Point) -> float:
    """Return (4 − 2.1x² + x⁴/3)x² + xy + (4y² − 4)y²: six basins, two of them the deepest."""
    x, y = point
    across, along = x * x, y * y
    return across * (4.0 + across * (across / 3.0 - 2.1)) + x * y + 4.0 * along * (along - 1.0)


def _six_hump_camel_gradient(point: Point) -> Point:
    x, y = point
    across, along = x * x, y * y
    return x * (8.0 + across * (2.0 * across - 8.4)) + y, x + y * (16.0 * along - 8.0)


def _goldstein_price(point: Point) -> float:
    """Return a product of two polynomials of degree four that spans six powers of ten in its box."""
    x, y = point
    first, _, second, _ = _goldstein_price_factors(x, y)
    return first * second


def _goldstein_price_gradient(point: Point) -> Point:
    x, y = point
    first, first_slope, second, (second_x, second_y) = _goldstein_price_factors(x, y)
    return first_slope * second + first * second_x, first_slope * second + first * second_y


def _goldstein_price_factors(x: float, y: float) -> tuple[float, float, float, Point]:
    """Return the two factors, each with its slope.

    The first is a function of s = x + y alone: with 3x² + 6xy + 3y² = 3s² it is 1 + (s + 1)²(19 − 14s + 3s²), so its
    slope is the same along both coordinates. The second is one of d = 2x − 3y alone: 30 + d²(18 − 16d + 3d²).
    """
    both = x + y
    over = both + 1.0
    inner = 19.0 + both * (3.0 * both - 14.0)
    first = 1.0 + over * over * inner
    first_slope = over * (2.0 * inner + over * (6.0 * both - 14.0))
    apart = 2.0 * x - 3.0 * y
    second = 30.0 + apart * apart * (18.0 + apart * (3.0 * apart - 16.0))
    slope = apart * (36.0 + apart * (12.0 * apart - 48.0))
    return first, first_slope, second, (2.0 * slope, -3.0 * slope)


def _mccormick(point: Point) -> float:
    """Return sin(x + y) + (x − y)² − 1.5x + 2.5y + 1: a slanting plane with a wave, bent along one diagonal."""
    x, y = point
    apart = x - y
    return math.sin(x + y) + apart * apart - 1.5 * x + 2.5 * y + 1.0


def _mccormick_gradient(point: Point) -> Point:
    x, y = point
    wave = math.cos(x + y)
    apart = 2.0 * (x - y)
    return wave + apart - 1.5, wave - apart + 2.5


def _dupont_bowl(point: Point) -> float:
    """Return x² + y² − 2e^(−((x − 1)² + y²)/0.2) − 3e^(−((x + 1)² + y²)/0.2): a bowl with two pits, one deeper."""
    x, y = point
    right, left = _dupont_pits(x, y)
    return x * x + y * y - right - left


def _dupont_bowl_gradient(point: Point) -> Point:
    x, y = point
    right, left = _dupont_pits(x, y)
    return 2.0 * x + 10.0 * ((x - 1.0) * right + (x + 1.0) * left), 2.0 * y + 10.0 * y * (right + left)


def _dupont_pits(x: float, y: float) -> tuple[float, float]:
    """Return the depths of the right pit and of the left one at a point."""
    right, left = x - 1.0, x + 1.0
    return 2.0 * math.exp(-5.0 * (right * right + y * y)), 3.0 * math.exp(-5.0 * (left * left + y * y))


def _easom(point: Point) -> float:
    """Return −cos x cos y e^(−((x − π)² + (y − π)²)): one needle's eye in a plain."""
    x, y = point
    right, above = x - math.pi, y - math.pi
    return -math.cos(x) * math.cos(y) * math.exp(-(right * right + above * above))


def _easom_gradient(point: Point) -> Point:
    x, y = point
    right, above = x - math.pi, y - math.pi
    across, along = math.cos(x), math.cos(y)
    bell = math.exp(-(right * right + above * above))
    # The bell comes first: far out it is 0, and a product that begins with it cannot overflow.
    return (
        bell * along * math.sin(x) + bell * right * (2.0 * across * along),
        bell * across * math.sin(y) + bell * above * (2.0 * across * along),
    )


ROSENBROCK = LandscapeKind(
    title="Rosenbrock's valley",
    formula="(1 − x)² + 100(y − x²)²",
    source=(
        "H. H. Rosenbrock, An automatic method for finding the greatest or least value of a function, The Computer "
        "Journal 3(3), 1960, p. 175-184"
    ),
    box=((-2.0, 2.0), (-1.0, 3.0)),
    minima=(Minimum(point=(1.0, 1.0), value=0.0),),
    start=(-1.5, 2.0),
    value=_rosenbrock,
    gradient=_rosenbrock_gradient,
)
BEALE = LandscapeKind(
    title="Beale's function",
    formula="(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²",
    source=(
        "E. M. L. Beale, On an iterative method for finding a local minimum of a function of more than one variable, "
        "1958; box as in M. Jamil, X.-S. Yang, 2013, arXiv:1308.4008"
    ),
    box=((-4.5, 4.5), (-4.5, 4.5)),
    minima=(Minimum(point=(3.0, 0.5), value=0.0),),
    start=(1.0, 1.0),
    value=_beale,
    gradient=_beale_gradient,
)
HIMMELBLAU = LandscapeKind(
    title="Himmelblau's function",
    formula="(x² + y − 11)² + (x + y² − 7)²",
    source="D. M. Himmelblau, Applied Nonlinear Programming, 1972",
    box=((-5.0, 5.0), (-5.0, 5.0)),
    minima=(
        Minimum(point=(3.0, 2.0), value=0.0),
        Minimum(point=(-2.805118086952745, 3.131312518250573), value=0.0),
        Minimum(point=(-3.779310253377747, -3.283185991286169), value=0.0),
        Minimum(point=(3.5844283403304917, -1.8481265269644034), value=0.0),
    ),
    start=(-0.5, -1.5),
    value=_himmelblau,
    gradient=_himmelblau_gradient,
)
THREE_HUMP_CAMEL = LandscapeKind(
    title="Three-hump camel",
    formula="2x² − 1.05x⁴ + x⁶/6 + xy + y²",
    source=(
        "F. H. Branin, Widely convergent method for finding multiple solutions of simultaneous nonlinear equations, "
        "IBM Journal of Research and Development 16(5), 1972"
    ),
    box=((-5.0, 5.0), (-5.0, 5.0)),
    minima=(
        Minimum(point=(0.0, 0.0), value=0.0),
        Minimum(point=(-1.7475523458302888, 0.8737761729151444), value=0.298638442236859),
        Minimum(point=(1.7475523458302888, -0.8737761729151444), value=0.298638442236859),
    ),
    start=(-2.0, 3.0),
    value=_three_hump_camel,
    gradient=_three_hump_camel_gradient,
)
SIX_HUMP_CAMEL = LandscapeKind(
    title="Six-hump camel",
    formula="(4 − 2.1x² + x⁴/3)x² + xy + (4y² − 4)y²",
    source="L. C. W. Dixon, G. P. Szegö, Towards Global Optimisation 2, 1978",
    box=((-3.0, 3.0), (-2.0, 2.0)),
    minima=(
        Minimum(point=(0.08984201310031807, -0.7126564030207396), value=-1.0316284534898774),
        Minimum(point=(-0.08984201310031807, 0.7126564030207396), value=-1.0316284534898774),
        Minimum(point=(-1.703606714969981, 0.7960835686726252), value=-0.21546382438371836),
        Minimum(point=(1.703606714969981, -0.7960835686726252), value=-0.21546382438371836),
        Minimum(point=(-1.6071047529201974, -0.5686514548841314), value=2.1042503103112575),
        Minimum(point=(1.6071047529201974, 0.5686514548841314), value=2.1042503103112575),
    ),
    start=(-2.0, 1.5),
    value=_six_hump_camel,
    gradient=_six_hump_camel_gradient,
)
GOLDSTEIN_PRICE = LandscapeKind(
    title="Goldstein and Price's function",
    formula=(
        "[1 + (x + y + 1)²(19 − 14x + 3x² − 14y + 6xy + 3y²)]·[30 + (2x − 3y)²(18 − 32x + 12x² + 48y − 36xy + 27y²)]"
    ),
    source=(
        "A. A. Goldstein, J. F. Price, On descent from local minima, Mathematics of Computation 25, 1971, p. 569-574"
    ),
    box=((-2.0, 2.0), (-2.0, 2.0)),
    minima=(
        Minimum(point=(0.0, -1.0), value=3.0),
        Minimum(point=(-0.6, -0.4), value=30.0),
        Minimum(point=(1.8, 0.2), value=84.0),
        Minimum(point=(1.2, 0.8), value=840.0),
    ),
    start=(0.5, -0.5),
    value=_goldstein_price,
    gradient=_goldstein_price_gradient,
)
MCCORMICK = LandscapeKind(
    title="McCormick's function",
    formula="sin(x + y) + (x − y)² − 1.5x + 2.5y + 1",
    source=(
        "G. P. McCormick, Computability of global solutions to factorable nonconvex programs: part I, Mathematical "
        "Programming 10, 1976, p. 147-175; box and minimum as in NLopt, test/testfuncs.c"
    ),
    box=((-1.5, 4.0), (-3.0, 4.0)),
    minima=(
        Minimum(point=(-0.5471975511965977, -1.5471975511965977), value=-1.913222954981037),
        Minimum(point=(2.5943951023931953, 1.5943951023931953), value=1.2283696986087564),
    ),
    start=(0.0, 3.0),
    value=_mccormick,
    gradient=_mccormick_gradient,
)
DUPONT_BOWL = LandscapeKind(
    title="Dupont's bowl",
    formula="x² + y² − 2e^(−((x − 1)² + y²)/0.2) − 3e^(−((x + 1)² + y²)/0.2)",
    source="E. Dupont, an interactive visualization of optimization algorithms, 2018",
    box=((-2.0, 2.0), (-2.0, 2.0)),
    minima=(
        Minimum(point=(-0.9363006340109187, 0.0), value=-2.0630902517681946),
        Minimum(point=(0.905317899160115, 0.0), value=-1.0927319992017408),
    ),
    start=(0.3, 1.6),
    value=_dupont_bowl,
    gradient=_dupont_bowl_gradient,
)
EASOM = LandscapeKind(
    title="Easom's function",
    formula="−cos x cos y e^(−((x − π)² + (y − π)²))",
    source="E. E. Easom, A Survey of Global Optimization Techniques, 1990",
    box=((-10.0, 10.0), (-10.0, 10.0)),
    # The ripples further out are shallower than 1e-10.
    minima=(
        Minimum(point=(math.pi, math.pi), value=-1.0),
        Minimum(point=(1.3049954504376675, 1.3049954504376675), value=-8.110223891570075e-05),
        Minimum(point=(1.3049954504376675, 4.978189856741919), value=-8.110223891570068e-05),
        Minimum(point=(4.978189856741919, 1.3049954504376675), value=-8.110223891570068e-05),
        Minimum(point=(4.978189856741919, 4.978189856741919), value=-8.11022389157006e-05),
    ),
    start=(4.0, 2.0),
    value=_easom,
    gradient=_easom_gradient,
)
