"""The figures of every tensor at one point of training, one row each, and how its entries are spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..subject.objective import Tensor, Vector
from .optimizers import Rule, State
from .telemetry import DRAWN, FIGURES, LEVELS, QUANTITIES, length_of


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
    values = np.empty((len(tensors), len(FIGURES)))
    for row, tensor in enumerate(tensors):
        own, rms = rule.within(tensor.shape), None
        moment = own.second_moment(state)
        if moment is not None:
            # The square root of the mean of v̂ is the root mean square of √v̂.
            rms = math.sqrt(float(np.add.reduce(moment[0][tensor.start : tensor.stop])) / tensor.size / moment[1])
        weight_norm, update_norm = weight_norms[row], update_norms[row]
        ratio = update_norm / weight_norm if weight_norm else (math.inf if update_norm else 0.0)
        effective = own.effective_lr(state, rms, lr)
        values[row] = (weight_norm, grad_norms[row], math.nan if rms is None else rms, effective, ratio)
    return values


class Entries:
    """Some entries of every tensor, drawn once, so that what moves from one look to the next has been trained.

    Of a tensor with no more than `DRAWN` entries they are all of them, as often as there is room for.
    """

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        """Draw nothing before the first look."""
        self._tensors = tensors

    @cached_property
    def _places(self) -> NDArray[np.intp]:
        """Where they are in the vector of the parameters, (tensors, drawn)."""
        rows = [
            np.arange(DRAWN) * tensor.size // DRAWN
            if tensor.size <= DRAWN
            else np.random.default_rng(0).integers(tensor.size, size=DRAWN)
            for tensor in self._tensors
        ]
        return np.array([tensor.start + row for tensor, row in zip(self._tensors, rows, strict=True)], np.intp)

    def of(self, vector: Vector) -> Vector:
        """Return these entries of a vector, (tensors, drawn)."""
        return vector[self._places]

    def spread(self, rule: Rule, state: State, lr: float, theta: Vector, gradients: Vector) -> NDArray[np.float32]:
        """Return how the entries of every tensor are spread, as `TensorFigures.spread` has it.

        Args:
            rule: The rule in force.
            state: What it remembers.
            lr: The learning rate of the step.
            theta: The parameters.
            gradients: The entries of the gradient.
        """
        entries = np.full((len(QUANTITIES), *self._places.shape), np.nan, theta.dtype)
        rules = [rule.within(tensor.shape) for tensor in self._tensors]
        alike = all(own is rule for own in rules)
        for own, rows in (
            [(rule, slice(None))] if alike else [(own, slice(row, row + 1)) for row, own in enumerate(rules)]
        ):
            # Asked of no parameter at all: what is not there need not be gathered.
            if own.rates(state.part(0, 0), lr) is None:
                continue
            some = state.at(self._places[rows])
            roots = own.roots(some)
            if roots is not None:
                entries[0, rows] = roots
            entries[1, rows] = own.rates(some, lr)
        entries[2], entries[3] = gradients, self.of(theta)
        entries.sort(axis=-1)
        levels = entries[..., :: (DRAWN - 1) // (len(LEVELS) - 1)]
        with np.errstate(over="ignore"):
            return levels.swapaxes(0, 1).astype(np.float32)
