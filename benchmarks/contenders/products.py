"""The matrix products of a step and nothing else: no step that multiplies with this library can be faster.

The shapes are those of a step with activations of (units, samples) and each bias a row of its weight matrix: for every
layer one product forward, one for its weights' gradient, and one for the layer before unless it is the first.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from ..workloads import Float32, Workload


class Products:
    """The operands of every product, and where its result goes; no optimizer changes them."""

    def __init__(self, workload: Workload, optimizer: str) -> None:
        generator = np.random.default_rng(22)

        def filled(rows: int, columns: int) -> Float32:
            return generator.standard_normal((rows, columns), dtype=np.float32)

        batch = workload.batch
        activations = [filled(batch, workload.widths[0] + 1).T]
        activations += [filled(units + 1, batch) for units in workload.widths[1:]]
        self.products: list[tuple[Float32, Float32, Float32]] = []
        """(left, right, result)"""
        backward: list[tuple[Float32, Float32, Float32]] = []
        for number, (inputs, units) in enumerate(pairwise(workload.widths)):
            weights, delta = filled(inputs + 1, units), filled(units, batch)
            before = activations[number]
            self.products.append((weights.T, before, activations[number + 1][:-1]))
            if number:
                backward.append((weights[:-1], delta, filled(inputs, batch)))
            backward.append((before, delta.T, filled(inputs + 1, units)))
        self.products += reversed(backward)
        # What is multiplied must stay finite and away from zero, so no result is an operand.
        self.products = [(left, right, np.empty_like(result)) for left, right, result in self.products]

    def restart(self) -> None:
        """Nothing is trained, so nothing goes back."""

    def run(self, steps: int) -> int:
        """Carry out the products of so many steps."""
        products = self.products
        for _ in range(steps):
            for left, right, result in products:
                left.dot(right, result)
        return steps

    def loss(self) -> float:
        """Return nan: there is none."""
        return math.nan
