"""The learning rate to go on with when plain gradient descent takes over from an adaptive rule."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from .aside import aside
from .trainer import Trainer

STEPS = 20
"""So many steps of the old rule are looked at."""
MOST_S = 0.1
"""Of a large model fewer, as the run waits for it; at least one."""
PLAIN = ("sgd", "momentum", "nesterov")


def suggested_rate(trainer: Trainer, successor: str, momentum: float) -> float | None:
    """Return the rate at which a plain rule goes as far along the present rule's steps as that rule does.

    Of a step p against the gradient g it is λ = ‖p‖²/(−pᵀg): then −λg, projected onto p, is p itself. With momentum μ
    gradients add up to 1/(1 − μ) of one, so the rate is (1 − μ)·λ. The steps are those that the present rule would make
    next, and none of them is made: the trainer stands where it stood, bit for bit.

    By hand: Adam's first step from a fresh start has length α in every coordinate, p = −α·sign(g), so that
    λ = α·n/Σ|gᵢ|, the mean of |gᵢ| below α.

    Deviation: the paper's mean over all steps so far, with β₂, needs a product at every step; this is the plain mean
    over the coming ones, which costs nothing before somebody switches.

    Source: N. S. Keskar, R. Socher, "Improving Generalization Performance by Switching from Adam to SGD",
    arXiv:1712.07628, section 3.

    Args:
        trainer: Before the switch.
        successor: The name of the rule that takes over.
        momentum: Its μ.

    Returns:
        None where the present rule or the next one is of another kind, or where its steps lead uphill.
    """
    adapts = trainer.rule.name not in PLAIN and trainer.rule.second_moment(trainer.state) is not None
    if successor not in PLAIN or not adapts or trainer.search is not None:
        return None
    rates: list[float] = []
    gradient: Any = np.empty_like(trainer.theta)
    end = time.perf_counter() + MOST_S
    with aside(trainer), np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        trainer.before_update(lambda: np.copyto(gradient, trainer.gradient))
        for number in range(STEPS):
            before = trainer.theta.copy()
            trainer.step()
            if trainer.non_finite is not None or (number and time.perf_counter() > end):
                break
            step = np.subtract(trainer.theta, before, dtype=np.float64)
            slope = float(step.dot(gradient))
            if slope < 0.0:
                rates.append(float(step.dot(step)) / -slope)
    rate = (1.0 - momentum) * sum(rates) / len(rates) if rates else math.nan
    return rate if math.isfinite(rate) and rate > 0.0 else None
