"""A function that someone typed in, as something that can be trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import DTypeLike

from ..objective import Batch, Evaluation, Samples, Tensor, Vector
from ..regularisation import NONE, Regularisation
from ..samples import MemorySamples
from .graph import Graph, Tape


class Expression:
    """An objective over one scalar a variable, whose training set is one sample without features.

    Every variable is a tensor of its own, by the name it was typed with: so the table of parameters has a row for each,
    and its gradient there is the number that the pass backward has put on the variable's node.

    It computes in double precision whatever the dtype: only the point and the gradient are rounded to it.
    """

    splits = ("train",)
    bounds = None

    def __init__(self, graph: Graph, start: Sequence[float], dtype: DTypeLike = np.float64) -> None:
        """Make the objective.

        Args:
            graph: The function.
            start: The initial point, one number per variable.
            dtype: Of the parameters, float32 or float64.
        """
        assert len(start) == len(graph.variables)
        self.graph = graph
        self.tensors = tuple(
            Tensor(name=name, shape=(), start=place, stop=place + 1) for place, name in enumerate(graph.variables)
        )
        self._start = tuple(start)
        self._dtype = dtype

    def samples(self) -> Samples:
        """Return the one sample: a constant input, and nothing to fit."""
        return MemorySamples(inputs=np.ones((1, 1), self._dtype), targets=np.zeros((1, 0), self._dtype))

    def start(self) -> Vector:
        """Return the initial point, (variables,), in an array of its own; inf where the dtype is too small for it."""
        with np.errstate(over="ignore"):
            return np.array(self._start, self._dtype)

    def largest_product(self, samples: int) -> int:
        """Return 0: a typed-in function multiplies no matrices."""
        return 0

    def bind(self, theta: Vector, grad: Vector, regularisation: Regularisation = NONE) -> BoundExpression:
        """Return this function tied to a point and a place for its gradient; there are no weights."""
        return BoundExpression(self.graph, theta, grad)

    def draw(self, step: int) -> None:
        """Do nothing: there is no chance in it."""

    def reseed(self, *, seed: int, dropout_seed: int) -> None:
        """Do nothing: there is no chance in it."""


class BoundExpression:
    """A function at a point that moves.

    Attributes:
        tape: The numbers on the nodes of the graph, as of the last step.
    """

    def __init__(self, graph: Graph, theta: Vector, grad: Vector) -> None:
        self.tape = Tape(graph)
        # An array warns when a large double does not fit into float32; a view of its memory stores inf, and is faster.
        self._theta = cast("memoryview[float]", theta.data)
        self._grad = cast("memoryview[float]", grad.data)

    def loss_and_gradient(self, batch: Batch) -> float:
        """Return the function's value and leave its gradient in the bound vector; inf or nan where there is none."""
        tape, grad = self.tape, self._grad
        value = tape.forward(self._theta.tolist())
        for place, component in enumerate(tape.backward()):
            grad[place] = component
        return value

    def evaluate(self, split: str, at_most: int | None = None) -> Evaluation:
        """Return the value as the loss over "train"; the gradient is left alone."""
        assert split in Expression.splits
        return Evaluation(loss=self.tape.forward(self._theta.tolist()), accuracy=None)

    def sides(self) -> list[bool]:
        """Return on which side of every corner, pole or edge of its domain the function is at the bound point."""
        self.tape.forward(self._theta.tolist())
        return self.tape.sides()
