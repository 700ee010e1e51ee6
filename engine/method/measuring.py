"""The figures of every tensor at one point of training, one row each."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..subject.objective import Tensor, Vector
from .optimizers import Rule, State
from .telemetry import FIGURES, length_of


def norms_of(vector: Vector, tensors: Sequence[Tensor]) -> list[float]:
    """Return the Euclidean length of every tensor's part of a vector."""
    return [length_of(vector[tensor.start : tensor.stop]) for tensor in tensors]


def measured(
    rule: Rule,
    state: State,
    lr: float,
    theta: Vector,
    tensors: Sequence[Tensor],
    grad_norms: Sequence[float],
    update_norms: Sequence[float],
) -> NDArray[np.float64]:
    """Return the figures (tensors, figures), columns in the order of `telemetry.FIGURES`.

    Args:
        rule: The rule in force.
        state: What it remembers.
        lr: The learning rate of the step.
        theta: The parameters.
        tensors: Their parts.
        grad_norms: ‖g‖ of every tensor, before clipping and decay.
        update_norms: ‖Δw‖ of every tensor.
    """
    weight_norms = norms_of(theta, tensors)
    moment = rule.second_moment(state)
    values = np.empty((len(tensors), len(FIGURES)))
    for row, tensor in enumerate(tensors):
        rms = None
        if moment is not None:
            # The square root of the mean of v̂ is the root mean square of √v̂.
            rms = math.sqrt(float(np.add.reduce(moment[0][tensor.start : tensor.stop])) / tensor.size / moment[1])
        weight_norm, update_norm = weight_norms[row], update_norms[row]
        ratio = update_norm / weight_norm if weight_norm else (math.inf if update_norm else 0.0)
        effective = rule.effective_lr(state, rms, lr)
        values[row] = (weight_norm, grad_norms[row], math.nan if rms is None else rms, effective, ratio)
    return values
