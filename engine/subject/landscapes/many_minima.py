"""Landscapes with many minima: where a descent ends says little about where it should.

Those of one coordinate are what one learns from first: the same waves, drawn as one curve.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

from .kind import LandscapeKind, Minimum, Point, combined

Term = Callable[[float], float]
"""A function of one coordinate."""
Row = tuple[Point, float]
"""A minimum and its value, as a table holds them."""


def _sum_of(term: Term) -> Callable[[Point], float]:
    """Return f(x, …) = Σ term(x)."""

    def value(point: Point) -> float:
        total = 0.0
        for x in point:
            total += term(x)
        return total

    return value


def _each(slope: Term) -> Callable[[Point], Point]:
    """Return the gradient of Σ term(x), from the slope of one term."""
    return lambda point: tuple([slope(x) for x in point])


def _turned(x: float) -> float:
    """Return the angle of x full turns, the whole ones left out, so that none overflows."""
    return 2.0 * math.pi * math.remainder(x, 1.0)


def _squared_sine(angle: float) -> float:
    sine = math.sin(angle)
    return sine * sine


def _known(*rows: Row) -> tuple[Minimum, ...]:
    return tuple(Minimum(point=point, value=value) for point, value in rows)


def _mirrored(*rows: Row) -> tuple[Minimum, ...]:
    """Return the minima on both sides of every axis, the lowest first, from those without a negative coordinate."""
    values: dict[Point, float] = {}
    for point, value in rows:
        for signs in product((1.0, -1.0), repeat=len(point)):
            values.setdefault(tuple(sign * x for sign, x in zip(signs, point, strict=True)), value)
    return tuple(sorted(_known(*values.items()), key=lambda minimum: minimum.value))


def _swapped(rows: tuple[Row, ...]) -> list[Row]:
    return [((y, x), value) for (x, y), value in rows]


def rastrigin(dimension: int) -> LandscapeKind:
    """Return f = Σ(10 + x² − 10cos 2πx): a bowl with a dent at every whole number.

    10(1 − cos 2πx) is computed as 20sin²πx, which is exact near the minimum.
    """

    def term(x: float) -> float:
        return x * x + 20.0 * _squared_sine(0.5 * _turned(x))

    def slope(x: float) -> float:
        return 2.0 * x + 20.0 * math.pi * math.sin(_turned(x))

    return LandscapeKind(
        title="Rastrigin's function",
        formula=("10 + x² − 10cos 2πx", "20 + Σ(x² − 10cos 2πx)")[dimension - 1],
        source=(
            "L. A. Rastrigin, Systems of Extremal Control, 1974; for n variables as in H. Mühlenbein, D. Schomisch, J. "
            "Born, The parallel genetic algorithm as function optimizer, Parallel Computing 17, 1991"
        ),
        coordinates=("x", "y")[:dimension],
        box=((-5.12, 5.12),) * dimension,
        minima=combined(*(_mirrored(*_RASTRIGIN),) * dimension),
        start=(-2.3, 3.4)[-dimension:],
        value=_sum_of(term),
        gradient=_each(slope),
        knobs={"dimension": dimension},
        make=rastrigin,
    )


def ackley(dimension: int) -> LandscapeKind:
    """Return f = −20e^(−0.2r) − e^c + e + 20, r the root mean square of the coordinates, c the mean of cos 2πx.

    A plain of small dents with a funnel in the middle. At 0 it has a kink; the gradient there is given as 0, which is
    a subgradient.
    """
    share = 1.0 / dimension

    def value(point: Point) -> float:
        waves = share * math.fsum([math.cos(_turned(x)) for x in point])
        return -20.0 * math.expm1(-0.2 * math.sqrt(share) * math.hypot(*point)) + (math.e - math.exp(waves))

    def gradient(point: Point) -> Point:
        waves = math.exp(share * math.fsum([math.cos(_turned(x)) for x in point]))
        length = math.hypot(*point)
        # The funnel is as steep everywhere on a circle, and its slope points straight away from the middle.
        steepness = 4.0 * math.sqrt(share) * math.exp(-0.2 * math.sqrt(share) * length)
        return tuple(
            [
                steepness * (x / length if length else 0.0) + 2.0 * math.pi * share * math.sin(_turned(x)) * waves
                for x in point
            ]
        )

    return LandscapeKind(
        title="Ackley's function",
        formula=(
            "−20e^(−0.2|x|) − e^(cos 2πx) + e + 20",
            "−20e^(−0.2√(½(x² + y²))) − e^(½(cos 2πx + cos 2πy)) + e + 20",
        )[dimension - 1],
        source=(
            "D. H. Ackley, A Connectionist Machine for Genetic Hillclimbing, 1987; for n variables as in T. Bäck, "
            "Evolutionary Algorithms in Theory and Practice, 1996"
        ),
        coordinates=("x", "y")[:dimension],
        box=((-5.0, 5.0),) * dimension,
        minima=_mirrored(*_ACKLEY) if dimension == 1 else _mirrored(*_ACKLEY_PLANE, *_swapped(_ACKLEY_PLANE)),
        start=(-2.3, 3.4)[-dimension:],
        value=value,
        gradient=gradient,
        knobs={"dimension": dimension},
        make=ackley,
    )


def griewank(dimension: int) -> LandscapeKind:
    """Return f = Σx²/4000 − Π cos(xᵢ/√i) + 1: waves on a very wide bowl; the box shows the middle of ±600."""
    scales = tuple(1.0 / math.sqrt(number) for number in range(1, dimension + 1))

    def value(point: Point) -> float:
        bowl, waves = 0.0, 1.0
        for x, scale in zip(point, scales, strict=True):
            bowl += x * (x / 4000.0)
            waves *= math.cos(x * scale)
        return bowl + (1.0 - waves)

    def gradient(point: Point) -> Point:
        slopes = []
        for index, x in enumerate(point):
            others = 1.0
            for other, scale in enumerate(scales):
                others *= math.sin(point[other] * scale) * scale if other == index else math.cos(point[other] * scale)
            slopes.append(x / 2000.0 + others)
        return tuple(slopes)

    return LandscapeKind(
        title="Griewank's function",
        formula=("x²/4000 − cos x + 1", "(x² + y²)/4000 − cos x·cos(y/√2) + 1")[dimension - 1],
        source=(
            "A. O. Griewank, Generalized descent for global optimization, Journal of Optimization Theory and "
            "Applications 34, 1981, p. 11-39"
        ),
        coordinates=("x", "y")[:dimension],
        box=((-10.0, 10.0),) * dimension,
        minima=_mirrored(*_GRIEWANK) if dimension == 1 else _mirrored(*_GRIEWANK_PLANE),
        start=(-8.0, 7.0)[-dimension:],
        value=value,
        gradient=gradient,
        knobs={"dimension": dimension},
        make=griewank,
    )


def levy(dimension: int) -> LandscapeKind:
    """Return f = sin²πw₁ + Σ(w − 1)²(1 + 10sin²(πw + 1)) + (wₙ − 1)²(1 + sin²2πwₙ), w = 1 + (x − 1)/4.

    The sum goes over all coordinates but the last.
    """

    def first(x: float) -> float:
        return _squared_sine(math.pi * _levy_part(x))

    def first_slope(x: float) -> float:
        return 0.25 * math.pi * math.sin(2.0 * math.pi * _levy_part(x))

    def inner(x: float) -> float:
        ahead = 0.25 * (x - 1.0)
        return ahead * ahead * (1.0 + 10.0 * _squared_sine(math.pi * _levy_part(x) + 1.0))

    def inner_slope(x: float) -> float:
        ahead, angle = 0.25 * (x - 1.0), math.pi * _levy_part(x) + 1.0
        return 0.5 * ahead * (1.0 + 10.0 * _squared_sine(angle) + 5.0 * math.pi * ahead * math.sin(2.0 * angle))

    def last(x: float) -> float:
        ahead = 0.25 * (x - 1.0)
        return ahead * ahead * (1.0 + _squared_sine(2.0 * math.pi * _levy_part(x)))

    def last_slope(x: float) -> float:
        ahead, angle = 0.25 * (x - 1.0), 2.0 * math.pi * _levy_part(x)
        return 0.5 * ahead * (1.0 + _squared_sine(angle) + math.pi * ahead * math.sin(2.0 * angle))

    def value(point: Point) -> float:
        total = first(point[0]) + last(point[-1])
        for x in point[:-1]:
            total += inner(x)
        return total

    def gradient(point: Point) -> Point:
        slopes = [inner_slope(x) for x in point[:-1]] + [last_slope(point[-1])]
        slopes[0] += first_slope(point[0])
        return tuple(slopes)

    return LandscapeKind(
        title="Lévy's function",
        formula=(
            "sin²πw + (w − 1)²(1 + sin²2πw), w = 1 + (x − 1)/4",
            "sin²πw + (w − 1)²(1 + 10sin²(πw + 1)) + (v − 1)²(1 + sin²2πv), w = 1 + (x − 1)/4, v = 1 + (y − 1)/4",
        )[dimension - 1],
        source=(
            "A. V. Levy, A. Montalvo, The tunneling algorithm for the global minimization of functions, SIAM Journal "
            "on Scientific and Statistical Computing 6(1), 1985; for n variables as in M. Laguna, R. Martí, 2002"
        ),
        coordinates=("x", "y")[:dimension],
        box=((-10.0, 10.0),) * dimension,
        minima=_known(*_LEVY) if dimension == 1 else combined(_known(*_LEVY_FIRST), _known(*_LEVY_LAST)),
        start=(-7.0, 8.0)[-dimension:],
        value=value,
        gradient=gradient,
        knobs={"dimension": dimension},
        make=levy,
    )


def _levy_part(x: float) -> float:
    """Return w less a whole number: all waves of w repeat with it, and so no angle overflows."""
    return math.remainder(0.25 * (x - 1.0), 1.0)


def styblinski_tang(dimension: int) -> LandscapeKind:
    """Return f = ½Σ(x⁴ − 16x² + 5x): two basins along each coordinate, the left one deeper."""

    def term(x: float) -> float:
        square = x * x
        return 0.5 * (square * (square - 16.0) + 5.0 * x)

    def slope(x: float) -> float:
        return x * (2.0 * x * x - 16.0) + 2.5

    return LandscapeKind(
        title="Styblinski and Tang's function",
        formula=("½(x⁴ − 16x² + 5x)", "½Σ(x⁴ − 16x² + 5x)")[dimension - 1],
        source=(
            "M. A. Styblinski, T.-S. Tang, Experiments in nonconvex optimization: stochastic approximation with "
            "function smoothing and simulated annealing, Neural Networks 3(4), 1990"
        ),
        coordinates=("x", "y")[:dimension],
        box=((-5.0, 5.0),) * dimension,
        minima=combined(*(_known(*_STYBLINSKI_TANG),) * dimension),
        start=(-0.5, 4.5)[-dimension:],
        value=_sum_of(term),
        gradient=_each(slope),
        knobs={"dimension": dimension},
        make=styblinski_tang,
    )


def schwefel(dimension: int) -> LandscapeKind:
    """Return f = Σ(418.98… − x sin √|x|): the deepest basin lies in a corner, far from the next deepest.

    Beyond ±500 it goes lower still: the minima are those of the box.
    """

    def term(x: float) -> float:
        return _SCHWEFEL_DEPTH - x * math.sin(math.sqrt(abs(x)))

    def slope(x: float) -> float:
        root = math.sqrt(abs(x))
        return -(math.sin(root) + 0.5 * root * math.cos(root))

    return LandscapeKind(
        title="Schwefel's function",
        formula=("418.9829 − x sin √|x|", "837.9658 − Σx sin √|x|")[dimension - 1],
        source="H.-P. Schwefel, Numerical Optimization of Computer Models, 1981, problem 2.26",
        coordinates=("x", "y")[:dimension],
        box=((-500.0, 500.0),) * dimension,
        minima=combined(*(_known(*_SCHWEFEL),) * dimension),
        start=(-60.0, 300.0)[-dimension:],
        value=_sum_of(term),
        gradient=_each(slope),
        knobs={"dimension": dimension},
        make=schwefel,
    )


_SCHWEFEL_DEPTH = 418.98288727243380
"""The greatest value of x sin √|x| in the box."""
# Found by Newton's method from a grid of starts, to the last place; the tests look at slope and curvature.
_RASTRIGIN: tuple[Row, ...] = (
    ((0.0,), 0.0),
    ((0.9949586376523348,), 0.9949590570932916),
    ((1.9899122337085495,), 3.979831190554087),
    ((2.984855701039481,), 8.954601241487012),
    ((3.979783860300754,), 15.919243792461534),
    ((4.974691390895051,), 24.87372293454223),
)
_ACKLEY: tuple[Row, ...] = (
    ((0.0,), 0.0),
    ((0.9684776587077244,), 3.5744518772576797),
    ((1.9744519864841168,), 6.559645375627879),
    ((2.979223954691144,), 9.001093478292008),
    ((3.983067699689763,), 10.998262102599448),
    ((4.986180456997876,), 12.632268991516),
)
_ACKLEY_PLANE: tuple[Row, ...] = (
    ((0.0, 0.0), 0.0),
    ((0.9521665459501717, 0.0), 2.5799275570298725),
    ((0.9684776587077244, 0.9684776587077244), 3.57445187725768),
    ((1.9589197181217175, 0.0), 4.884065258091156),
    ((1.9646166628629862, 0.9824160350791392), 5.3818641874901925),
    ((1.9744519864841168, 1.9744519864841168), 6.559645375627879),
    ((2.964619443112052, 0.0), 6.8825826468012945),
    ((2.9672595287625643, 0.9891541864816626), 7.180951647715366),
    ((2.973139419924383, 1.9821399503814776), 7.961711274689828),
    ((3.9694667433517576, 0.0), 8.6162500440488),
    ((3.9709183150642833, 0.9927672061700448), 8.813151774046894),
    ((2.9792239546911445, 2.9792239546911445), 9.00109347829201),
    ((3.9745401784682053, 1.9873106146274968), 9.353039239137805),
    ((4.973611257996986, 0.0), 10.120331273799986),
    ((3.978924750768195, 2.9842137381272384), 10.120350743632674),
    ((4.974497722176982, 0.9949203738218392), 10.257974372149423),
    ((4.976843849330102, 1.9907648757355256), 10.645027483714344),
    ((3.983067699689763, 3.983067699689763), 10.998262102599448),
    ((4.97995793948682, 2.987995058852837), 11.217549480016737),
    ((4.983198896760883, 3.986568097953945), 11.901256635114166),
    ((4.986180456997876, 4.986180456997876), 12.632268991516003),
)
_GRIEWANK: tuple[Row, ...] = (
    ((0.0,), 0.0),
    ((6.280045279379904,), 0.0098646720610062),
)
_GRIEWANK_PLANE: tuple[Row, ...] = (
    ((0.0, 0.0), 0.0),
    ((3.1400226338955397, 4.438444480920714), 0.007396040334115084),
    ((6.280045279379904, 0.0), 0.0098646720610062),
    ((0.0, 8.876888929095657), 0.019719489248184785),
    ((9.420067886213593, 4.438444437201062), 0.027125384395415585),
    ((6.280045217550294, 8.876888885374552), 0.029584161212069963),
)
_LEVY: tuple[Row, ...] = (
    ((1.0,), 0.0),
    ((-2.9156478400714683,), 0.979376670996895),
    ((4.915647840071468,), 0.979376670996895),
    ((-4.920636299881217,), 3.2208632906518333),
    ((6.920636299881217,), 3.2208632906518337),
    ((-6.9516093953632545,), 3.975987981240537),
    ((8.951609395363256,), 3.975987981240538),
    ((-8.957263265377007,), 7.223450693853458),
)
_LEVY_FIRST: tuple[Row, ...] = (
    ((1.0,), 0.0),
    ((3.7910821904505094,), 1.1604532106739114),
    ((-4.205434985718203,), 2.400079408180246),
    ((7.723082150790463,), 3.5359222019961907),
    ((-8.244554665464946,), 6.0558514249730795),
)
_LEVY_LAST: tuple[Row, ...] = (
    ((1.0,), 0.0),
    ((-2.8906496084617133,), 0.9737115955768498),
    ((4.890649608461713,), 0.9737115955768498),
    ((-4.930286250610244,), 2.224270977408809),
    ((6.930286250610244,), 2.224270977408809),
    ((8.948452278487519,), 3.9744501432753827),
    ((-6.948452278487519,), 3.9744501432753836),
    ((-8.959023320607939,), 6.22453052571356),
)
_STYBLINSKI_TANG: tuple[Row, ...] = (
    ((-2.903534027771177,), -39.16616570377141),
    ((2.746802770990837,), -25.029446655283945),
)
_SCHWEFEL: tuple[Row, ...] = (
    ((420.96874635998205,), 0.0),
    ((-302.5249356119118,), 118.43833461443796),
    ((203.81425264889447,), 217.139669390573),
    ((-124.82935642021526,), 296.10671375851797),
    ((65.54786509015155,), 355.34790532087936),
    ((-25.87741734761868,), 394.8999270493655),
    ((5.239199300195525,), 415.03758564714946),
)
