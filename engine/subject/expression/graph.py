"""The graph of a function: its nodes, the pass forward for the values, and the pass backward for the gradients.

Backpropagation as the lecture draws it: forward, each node works out its value from those of its operands; backward,
each node hands its gradient ∂f/∂node on to every operand, times the local gradient ∂node/∂operand, and an operand that
is used more than once adds up what comes in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

from .operations import FUNCTIONS, SIGNS, Function

VARIABLE, CONSTANT = "variable", "constant"
OPERATIONS = {**SIGNS, **FUNCTIONS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A variable, a constant, or an operation on nodes before it."""

    name: str
    """Of a variable and of `pi` as it was typed; f is the function itself, v1, v2, … are the nodes on the way to it."""
    operation: str
    """A key of `OPERATIONS`, "variable" or "constant"."""
    operands: tuple[int, ...] = ()
    """Places of the operands in the graph, all smaller than the node's own."""
    constant: float = math.nan
    """The value of a constant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What can be read off a node after a pass forward and backward."""

    name: str
    operation: str
    """A key of `OPERATIONS`, or "variable"."""
    operands: tuple[str, ...]
    formula: str
    """The operation on its operands as people write it: "x + y", "exp(v1)"."""
    value: float
    gradient: float
    """∂f/∂node: how fast the function grows with this node."""
    local_gradients: tuple[float | None, ...]
    """∂node/∂operand, one for each operand; None for a constant, which nothing can move."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A function of some variables: first the constants, then the variables, then the operations.

    An operation comes after its operands, so the last node is the function. Equal subexpressions are one node, and a
    subexpression without variables is one constant.
    """

    nodes: tuple[Node, ...]
    first_variable: int
    first_operation: int

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables, in the order of a point."""
        return tuple(node.name for node in self.nodes[self.first_variable : self.first_operation])

    def at(self, point: Sequence[float]) -> tuple[Reading, ...]:
        """Return every node but the constants at a point, the variables first and the function last."""
        tape = Tape(self)
        tape.forward(point)
        tape.backward()
        return tape.readings()


class Tape:
    """A graph with the numbers of one point on its nodes.

    Attributes:
        values: One float a node, as of the last pass forward.
        gradients: ∂f/∂node for every node as of the last pass backward; of a constant, 0.
        local_gradients: ∂node/∂operand for every edge that does not come from a constant, in the order of the nodes.
    """

    __slots__ = ("_backward", "_forward", "_graph", "_variables", "_zeros", "gradients", "local_gradients", "values")

    def __init__(self, graph: Graph) -> None:
        """Lay out the passes; there is no number on the nodes but the constants' own."""
        self._graph = graph
        self._variables = slice(graph.first_variable, graph.first_operation)
        self.values = [node.constant for node in graph.nodes]
        self._zeros = [0.0] * len(graph.nodes)
        self.gradients = self._zeros.copy()
        forward: list[tuple[Function, int, int, int | None]] = []
        backward: list[tuple[Function, int, int, int, int, int | None]] = []
        for place, node in enumerate(graph.nodes):
            if not node.operands:
                continue
            operation = OPERATIONS[node.operation]
            first, second = node.operands[0], node.operands[1] if len(node.operands) == 2 else None
            forward.append((operation.value, place, first, second))
            for operand, slope in zip(node.operands, operation.slopes, strict=True):
                if operand >= graph.first_variable:
                    backward.append((slope, len(backward), place, operand, first, second))
        self.local_gradients = [0.0] * len(backward)
        self._forward, self._backward = tuple(forward), tuple(reversed(backward))

    def forward(self, point: Sequence[float]) -> float:
        """Put the values at a point, one float a variable, on the nodes and return the function's.

        It is inf where it is too large and nan where there is none; nothing is raised.
        """
        values = self.values
        values[self._variables] = point
        for value, place, first, second in self._forward:
            values[place] = value(values[first]) if second is None else value(values[first], values[second])
        return values[-1]

    def backward(self) -> list[float]:
        """Put the gradient on every node, after a pass forward, and return those of the variables."""
        values, gradients, local_gradients = self.values, self.gradients, self.local_gradients
        gradients[:] = self._zeros
        gradients[-1] = 1.0
        for slope, edge, place, operand, first, second in self._backward:
            if second is None:
                local = slope(values[first], values[place])
            else:
                local = slope(values[first], values[second], values[place])
            local_gradients[edge] = local
            gradients[operand] += gradients[place] * local
        return gradients[self._variables]

    def sides(self) -> list[bool]:
        """Return for every operation with a corner, a pole or an edge on which side of it the operands are."""
        found = []
        for node in self._graph.nodes:
            side = OPERATIONS[node.operation].side if node.operands else None
            if side is not None:
                found.append(side(*(self.values[operand] for operand in node.operands)))
        return found

    def readings(self) -> tuple[Reading, ...]:
        """Return what is on every node but the constants, as of the last passes forward and backward."""
        graph, edges = self._graph, iter(self.local_gradients)
        found = []
        for place, node in enumerate(graph.nodes[graph.first_variable :], start=graph.first_variable):
            names = tuple(graph.nodes[operand].name for operand in node.operands)
            found.append(
                Reading(
                    name=node.name,
                    operation=node.operation,
                    operands=names,
                    formula=_formula(node.operation, names),
                    value=self.values[place],
                    gradient=self.gradients[place],
                    local_gradients=tuple(
                        next(edges) if operand >= graph.first_variable else None for operand in node.operands
                    ),
                )
            )
        return tuple(found)


class GraphBuilder:
    """A graph as it grows, from the leaves to the function."""

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._places: dict[object, int] = {}

    def variable(self, name: str) -> int:
        """Return the number of a variable's node."""
        return self._place((VARIABLE, name), Node(name=name, operation=VARIABLE))

    def constant(self, value: float, name: str = "") -> int:
        """Return the number of a constant's node; without a name it is called by its value."""
        name = name or repr(value).removesuffix(".0")
        return self._place((CONSTANT, name), Node(name=name, operation=CONSTANT, constant=value))

    def operation(self, name: str, operands: tuple[int, ...]) -> int:
        """Return the number of the node of an operation, one of `OPERATIONS`, on nodes that are there already."""
        nodes = [self._nodes[operand] for operand in operands]
        if all(node.operation == CONSTANT for node in nodes):
            return self.constant(OPERATIONS[name].value(*(node.constant for node in nodes)))
        return self._place((name, operands), Node(name="", operation=name, operands=operands))

    def value_of(self, number: int) -> float | None:
        """Return the value of a constant, None for a node that depends on a variable."""
        node = self._nodes[number]
        return node.constant if node.operation == CONSTANT else None

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables so far, in the order in which they came."""
        return tuple(node.name for node in self._nodes if node.operation == VARIABLE)

    def graph(self, order: Sequence[str]) -> Graph:
        """Return the graph, its variables in this order; the node made last is the function and no constant."""
        used = {operand for node in self._nodes for operand in node.operands}
        constants = [number for number in sorted(used) if self._nodes[number].operation == CONSTANT]
        variables = [self._places[VARIABLE, name] for name in order]
        operations = [number for number, node in enumerate(self._nodes) if node.operands]
        places = {number: place for place, number in enumerate([*constants, *variables, *operations])}
        free = (name for index in count(1) if (name := f"v{index}") not in order)
        names = [next(free) for _ in operations[:-1]] + [next(free) if "f" in order else "f"]
        return Graph(
            nodes=(
                *(self._nodes[number] for number in (*constants, *variables)),
                *(
                    replace(node, name=name, operands=tuple(places[operand] for operand in node.operands))
                    for name, node in zip(names, (self._nodes[number] for number in operations), strict=False)
                ),
            ),
            first_variable=len(constants),
            first_operation=len(constants) + len(variables),
        )

    def _place(self, key: object, node: Node) -> int:
        if key not in self._places:
            self._places[key] = len(self._nodes)
            self._nodes.append(node)
        return self._places[key]


def _formula(operation: str, operands: tuple[str, ...]) -> str:
    if operation == "neg":
        return f"-{operands[0]}"
    if operation in SIGNS:
        return f" {operation} ".join(operands)
    return f"{operation}({', '.join(operands)})" if operands else operation
