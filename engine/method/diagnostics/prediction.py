"""What can be said beforehand: whether the loss is a quadratic, and how the run's own settings do on it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..optimizers.momentum import Momentum
from ..optimizers.sgd import Sgd
from . import theory
from .curvature import Curvature
from .point import Point

STRAIGHT = 1e-9
"""How much the gradient along a line may bend, as a share of its length, and still count as straight. Rounding makes
65,536·ε = 1.5e-11 of it at most, and a loss that is no quadratic makes a sizeable part of 1."""
FLAT = 1e-8
"""An eigenvalue below this share of the largest counts as 0: the Hessian is known to 1e-11 of its largest entries."""
REACHES = (0.5, 1.0, 2.0)
"""How far the lines go on which the gradient is compared, in lengths of the parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The run's own rule as gradient descent with momentum."""

    lr: float
    """With dampening taken in."""
    momentum: float
    weight_decay: float
    """What it adds to every eigenvalue."""

    def largest_stable_lr(self, largest: float) -> float:
        """Return the learning rate beyond which the steepest direction is thrown out."""
        return theory.largest_stable_lr(largest + self.weight_decay, self.momentum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the eigenvalues of a quadratic predict. Directions without curvature are left out: nothing moves there."""

    condition: float
    """κ, the largest eigenvalue over the smallest that is not 0; inf where one is negative: there is no minimum."""
    flat: int
    """How many directions have no curvature."""
    rate: float | None
    """By which a step of the run's own settings multiplies the distance from the minimum at worst, in the long run;
    over 1 it diverges. None for a rule that scales every coordinate by itself."""
    critical_momentum: float | None
    """The momentum above which the flattest direction oscillates at this learning rate; None as `rate`."""
    best: theory.Best | None
    """The best settings without momentum; None without a minimum."""
    best_momentum: theory.Best | None
    """The best settings with momentum; None without a minimum."""
    search_ratio: float | None
    """By which exact line search lowers the loss at a step, at worst; None without a minimum."""
    ball: float | None
    """E‖θ − θ*‖² where the noise on the gradient keeps the run moving; None without noise, or as `rate`."""


def settings_of(point: Point) -> Settings | None:
    """Return the run's rule as gradient descent with momentum; None where it is another one."""
    spec = point.spec
    decay = spec.optimizer.weight_decay
    match spec.optimizer:
        case Sgd():
            return Settings(lr=point.lr, momentum=0.0, weight_decay=decay)
        case Momentum(dampening=dampening):
            return Settings(lr=point.lr * (1.0 - dampening), momentum=point.momentum, weight_decay=decay)
        case _:
            return None


@np.errstate(all="ignore")
def is_quadratic(point: Point) -> bool:
    """Return whether the loss is a quadratic, which is whether its Hessian is the same everywhere.

    That is measured without the Hessian: then, and only then, the gradient is straight along every line,
    g(θ + 2d) − 2·g(θ + d) + g(θ) = 0. It is looked at on three lines of different lengths, far out, where what is not
    straight cannot hide in the rounding.
    """
    generator = np.random.default_rng(0)
    here = point.gradient(point.theta)
    reach = max(1.0, float(np.linalg.norm(point.theta)))
    size = 0.0
    for length in REACHES:
        line = generator.normal(size=point.theta.size)
        line *= length * reach / np.linalg.norm(line)
        middle, far = point.gradient(point.theta + line), point.gradient(point.theta + 2.0 * line)
        bend = float(np.linalg.norm(far - 2.0 * middle + here))
        size = float(np.linalg.norm(far) + 2.0 * np.linalg.norm(middle) + np.linalg.norm(here))
        if not bend <= STRAIGHT * size:
            return False
    return math.isfinite(size)


def predict(point: Point, found: Curvature, *, deviation: float = 0.0) -> Prediction | None:
    """Return what a quadratic's eigenvalues predict; None without any curvature.

    Args:
        point: Where a run is, on a loss for which `is_quadratic` holds.
        found: Its curvature, all eigenvalues.
        deviation: Standard deviation σ of the noise on every entry of the gradient.
    """
    assert found.eigenvalues, "all eigenvalues are known"
    settings = settings_of(point)
    decay = point.spec.optimizer.weight_decay if settings is not None else 0.0
    every = [value + decay for value in found.eigenvalues]
    top = max(abs(value) for value in every)
    curved = [value for value in every if abs(value) > FLAT * top]
    if not curved:
        return None
    low, high = curved[0], curved[-1]
    has_minimum = low > 0.0
    rate = critical = ball = None
    if settings is not None:
        lr, momentum = settings.lr, settings.momentum
        rate = theory.rate(curved, lr, momentum)
        critical = theory.critical_momentum(low, lr) if has_minimum else None
        if deviation > 0.0:
            # Where nothing pulls back, noise leads ever further away.
            ball = sum(theory.noise_ball(value, lr, deviation, momentum) for value in every)
    return Prediction(
        condition=high / low if has_minimum else math.inf,
        flat=len(every) - len(curved),
        rate=rate,
        critical_momentum=critical,
        best=theory.best_descent(low, high) if has_minimum else None,
        best_momentum=theory.best_momentum(low, high) if has_minimum else None,
        search_ratio=theory.exact_search_ratio(low, high) if has_minimum else None,
        ball=ball,
    )
