"""How the gradient changes along a direction, and the steepest curvature there is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import NotFiniteError
from .point import MOST_WORK, Parameters, Point

WIDTH = 1e-5
"""How far a direction is followed to both sides, for parameters of size 1 or less: truncation and rounding of the
difference are then both about 1e-11 of the gradient."""
WIDTH_AT_KINKS = 1e-7
"""The same for rectifiers, which have no truncation to speak of: a hundred times fewer of them switch on the way, and
a rounding of 1e-9 is far below what the iteration leaves."""
MOST_EXACT = 64
"""Up to so many parameters the whole Hessian is made, and its eigenvalues are exact."""
ROUNDS = 200
"""Products with the Hessian that an iteration makes at most."""
LEAST_ROUNDS = 8
WORK = LEAST_ROUNDS * MOST_WORK
"""Parameters times samples that may go into an iteration, the least rounds apart: a minute on a few cores."""
PRECISION = 1e-4
"""The residual, as a share of λ, at which an iteration ends: the error of λ is its square over the relative gap."""
MIXED = 0.1
"""A residual, as a share of λ, that is left where eigenvalues of both signs and of about one size mix for long."""
OVERFLOW = "the curvature is not finite here: the gradient overflows close by"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curvature:
    """The ends of the Hessian's spectrum at a point, of the mean loss over all samples."""

    largest: float
    """λmax, the largest eigenvalue, which may be negative."""
    smallest: float | None
    """λmin; None where only the largest was looked for."""
    eigenvalues: tuple[float, ...]
    """All of them, rising; empty where there are too many parameters."""
    products: int
    """How many products with the Hessian it took, two gradients each."""
    residual: float
    """‖Hv − λv‖ of the unit vector that was found: an eigenvalue lies no further than this from `largest`, and λmax
    is not below it. 0 where all eigenvalues are known."""
    is_settled: bool
    """Whether the iteration came to its end; if not, λmax may be larger."""

    @property
    def largest_stable_lr(self) -> float:
        """2/λmax: plain gradient descent with a larger learning rate is thrown out of here. inf without curvature."""
        return 2.0 / self.largest if self.largest > 0.0 else math.inf


def hessian_product(point: Point, direction: Parameters) -> Parameters:
    """Return Hv, the derivative of the full gradient along `direction`, by a central difference of gradients.

    Source: B. Pearlmutter, "Fast Exact Multiplication by the Hessian", Neural Computation 6 (1994), section 2.
    """
    length = float(np.linalg.norm(direction))
    if length == 0.0:
        return np.zeros_like(direction)
    width = WIDTH if point.bends_smoothly else WIDTH_AT_KINKS
    # Only as wide as the coordinates that move are large: another one may be a thousand times as large.
    moved = float(np.linalg.norm(direction * point.theta)) / length
    step = width * max(1.0, moved) / length
    return point.gradient_change(point.theta - step * direction, point.theta + step * direction) / (2.0 * step)


def hessian(point: Point) -> NDArray[np.float64]:
    """Return the whole Hessian, (parameters, parameters), made symmetric."""
    matrix = np.stack([hessian_product(point, axis) for axis in np.eye(point.theta.size)])
    symmetric: NDArray[np.float64] = (matrix + matrix.T) / 2.0
    return symmetric


@np.errstate(all="ignore")
def curvature(point: Point) -> Curvature:
    """Return λmax: exactly for few parameters, else by power iteration with Hessian-vector products.

    The iteration finds the eigenvalue of the largest size. Where that is a negative one, or one of each sign is about
    as large, a second iteration with H + ρI, ρ that size, finds the largest: of that matrix it is the largest in size.

    Raises:
        NotFiniteError: The gradient nearby is not.
    """
    count = point.theta.size
    if count <= MOST_EXACT:
        matrix = hessian(point)
        if not np.isfinite(matrix).all():
            raise NotFiniteError(OVERFLOW)
        eigenvalues = np.linalg.eigvalsh(matrix)
        return Curvature(
            largest=float(eigenvalues[-1]),
            smallest=float(eigenvalues[0]),
            eigenvalues=tuple(eigenvalues.tolist()),
            products=count,
            residual=0.0,
            is_settled=True,
        )
    rounds = min(ROUNDS, max(LEAST_ROUNDS, WORK // (count * point.whole.count)))
    found = _iterate(point, 0.0, rounds)
    smallest, products = None, found.products
    if found.value <= 0.0 or found.residual > MIXED * found.value:
        if found.value < 0.0 and found.is_settled:
            smallest = found.value
        # Neither is above λmax: the larger is the better.
        shifted = _iterate(point, found.size, rounds)
        found = max(found, shifted, key=lambda end: end.value)
        products += shifted.products
    return Curvature(
        largest=found.value,
        smallest=smallest,
        eigenvalues=(),
        products=products,
        residual=found.residual,
        is_settled=found.is_settled,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Where a power iteration ended."""

    value: float
    """The eigenvalue of H."""
    size: float
    """How long the last product was: about the largest size of an eigenvalue, and never more."""
    residual: float
    products: int
    is_settled: bool


def _iterate(point: Point, shift: float, rounds: int) -> _Found:
    """Return the eigenvalue of H for which λ + shift has the largest size, by power iteration.

    Source: G. Golub, C. Van Loan, "Matrix Computations", 4th ed. (2013), sections 7.3.1 and 8.1 (the residual).
    """
    # Any direction that is not special will do, and the same one gives the same figures every time.
    direction = np.random.default_rng(0).normal(size=point.theta.size)
    direction /= np.linalg.norm(direction)
    products, is_settled = 0, False
    while products < rounds and not is_settled:
        product = hessian_product(point, direction) + shift * direction
        value, size = float(direction @ product), float(np.linalg.norm(product))
        if not math.isfinite(size):
            raise NotFiniteError(OVERFLOW)
        residual = float(np.linalg.norm(product - value * direction))
        is_settled = residual <= PRECISION * abs(value)
        if size > 0.0:
            direction = product / size
        products += 1
    return _Found(value=value - shift, size=size, residual=residual, products=products, is_settled=is_settled)
