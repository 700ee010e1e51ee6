"""What the eigenvalues of a quadratic say of gradient descent on it, with momentum and without (momentum 0).

The rule is θₖ₊₁ = θₖ − α·bₖ, bₖ = β·bₖ₋₁ + gₖ; along an eigenvector with eigenvalue λ the distance from the minimum
obeys xₖ₊₁ = (1 + β − αλ)·xₖ − β·xₖ₋₁.

Source: G. Goh, "Why Momentum Really Works", Distill (2017), whose printed modulus in the complex regime lacks a factor
½ (it is √β); B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Comput. Math. 4
(1964). For the noise ball without momentum, L. Bottou, F. Curtis, J. Nocedal, "Optimization Methods for Large-Scale
Machine Learning", SIAM Review 60 (2018), section 4; with it, the variance of the recursion as an autoregression of
order 2, G. Box, G. Jenkins, "Time Series Analysis" (1970), section 3.2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The settings that bring the slowest direction of a quadratic down fastest."""

    lr: float
    momentum: float
    rate: float
    """By which a step shrinks the distance at worst, in the long run."""


def rate(eigenvalues: Sequence[float], lr: float, momentum: float = 0.0) -> float:
    """Return by which a step multiplies the distance at worst, in the long run; over 1 it diverges.

    It is the largest modulus of the roots of z² − (1 + β − αλ)z + β, which without momentum is |1 − αλ|.
    """
    return max(_modulus(1.0 + momentum - lr * value, momentum) for value in eigenvalues)


def largest_stable_lr(largest: float, momentum: float = 0.0) -> float:
    """Return (2 + 2β)/λmax; inf without a curvature that could throw anything out."""
    return (2.0 + 2.0 * momentum) / largest if largest > 0.0 else math.inf


def critical_momentum(value: float, lr: float) -> float:
    """Return (1 − √(αλ))²: below it this direction creeps without momentum's help, above it it oscillates."""
    return (1.0 - math.sqrt(lr * value)) ** 2


def best_descent(smallest: float, largest: float) -> Best:
    """Return the best settings without momentum: α = 2/(λ₁ + λₙ), rate (κ − 1)/(κ + 1)."""
    total = smallest + largest
    return Best(lr=2.0 / total, momentum=0.0, rate=(largest - smallest) / total)


def best_momentum(smallest: float, largest: float) -> Best:
    """Return α = (2/(√λ₁ + √λₙ))², β = ((√λₙ − √λ₁)/(√λₙ + √λ₁))², rate √β = (√κ − 1)/(√κ + 1)."""
    low, high = math.sqrt(smallest), math.sqrt(largest)
    root = (high - low) / (high + low)
    return Best(lr=(2.0 / (low + high)) ** 2, momentum=root**2, rate=root)


def exact_search_ratio(smallest: float, largest: float) -> float:
    """Return ((κ − 1)/(κ + 1))²: by which steepest descent with exact line search lowers f at a step, at worst."""
    return best_descent(smallest, largest).rate ** 2


def noise_ball(value: float, lr: float, deviation: float, momentum: float = 0.0) -> float:
    """Return E[x²] where noise of this standard deviation on the gradient keeps x moving; inf where nothing rests.

    ασ²(1 + β)/(λ(1 − β)(2 + 2β − αλ)), which without momentum is ασ²/(λ(2 − αλ)).
    """
    if not 0.0 < lr * value < 2.0 + 2.0 * momentum:
        return math.inf
    spread = lr * deviation**2 / (value * (2.0 + 2.0 * momentum - lr * value))
    return spread * (1.0 + momentum) / (1.0 - momentum)


def _modulus(trace: float, determinant: float) -> float:
    """Return the larger modulus of the roots of z² − trace·z + determinant."""
    discriminant = trace * trace - 4.0 * determinant
    if discriminant <= 0.0:
        return math.sqrt(determinant)
    return (abs(trace) + math.sqrt(discriminant)) / 2.0
