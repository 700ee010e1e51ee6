"""The arithmetic of a rule for one parameter, as data: what is written down is what is worked out.

A rule says line by line how it comes from a gradient to a step, and the same lines are typeset, have their numbers put
in, and are compared with the step that is really made. Numbers are double precision here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ...subject.objective import Tensor, Vector

Written = list[Any]
"""A formula as nested lists, for JSON: the operation, then its parts; of a quantity "is", its symbol, its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A quantity with a symbol, or an operation on formulas; its value is worked out when it is made."""

    operation: str
    """ "is" for a quantity, "+", "-", "*", "/", "^", "sqrt", or the name of a function."""
    parts: tuple[Formula, ...] = ()
    symbol: str = ""
    value: float

    def written(self) -> Written:
        """Return the formula as nested lists."""
        if self.operation == "is":
            return ["is", self.symbol, self.value]
        return [self.operation, *(part.written() for part in self.parts)]

    def __add__(self, other: Formula | float) -> Formula:
        return _made("+", self, other)

    def __radd__(self, other: float) -> Formula:
        return _made("+", other, self)

    def __sub__(self, other: Formula | float) -> Formula:
        return _made("-", self, other)

    def __rsub__(self, other: float) -> Formula:
        return _made("-", other, self)

    def __mul__(self, other: Formula | float) -> Formula:
        return _made("*", self, other)

    def __rmul__(self, other: float) -> Formula:
        return _made("*", other, self)

    def __truediv__(self, other: Formula | float) -> Formula:
        return _made("/", self, other)

    def __rtruediv__(self, other: float) -> Formula:
        return _made("/", other, self)

    def __pow__(self, other: Formula | float) -> Formula:
        return _made("^", self, other)


def quantity(symbol: str, value: float) -> Formula:
    """Return something that has a symbol and a value."""
    return Formula(operation="is", symbol=symbol, value=float(value))


def number(value: float) -> Formula:
    """Return a number that is written as itself."""
    return quantity(f"{value:g}", value)


def root(formula: Formula) -> Formula:
    """Return √formula."""
    return _made("sqrt", formula)


def largest(*formulas: Formula | float) -> Formula:
    """Return the largest of some formulas."""
    return _made("max", *formulas)


def smallest(*formulas: Formula | float) -> Formula:
    """Return the smallest of some formulas."""
    return _made("min", *formulas)


def size(formula: Formula) -> Formula:
    """Return |formula|."""
    return _made("abs", formula)


def sign(formula: Formula) -> Formula:
    """Return −1, 0 or 1."""
    return _made("sign", formula)


def _made(operation: str, *parts: Formula | float) -> Formula:
    formulas = tuple(part if isinstance(part, Formula) else number(part) for part in parts)
    return Formula(operation=operation, parts=formulas, value=_worked_out(operation, [each.value for each in formulas]))


def _worked_out(operation: str, values: Sequence[float]) -> float:
    """Return what an operation makes of numbers, as IEEE 754 has it: nothing is raised."""
    first, last = values[0], values[-1]
    try:
        match operation:
            case "+":
                return first + last
            case "-":
                return first - last
            case "*":
                return first * last
            case "/":
                return first / last
            case "^":
                return float(first**last)
            case "sqrt":
                return math.sqrt(first)
            case "max":
                return max(values)
            case "min":
                return min(values)
            case "abs":
                return abs(first)
            case _:
                return math.copysign(1.0, first) if first else first
    except ZeroDivisionError:
        return math.copysign(math.inf, first) if first else math.nan
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the arithmetic."""

    symbol: str
    """What it gives."""
    formula: Formula
    words: str
    """What that is, in a few words."""
    replaces: bool = False
    """Whether the symbol stands for something that was there before, and has a new value from here on."""


@dataclass(slots=True, kw_only=True)
class WorkingOut:
    """A rule's arithmetic for one parameter, line by line, from what it is given for the coming update.

    Attributes:
        lines: What was worked out so far.
        update: Δ, what is to be subtracted from the parameter; set by the last line of a rule.
    """

    index: int
    """The parameter, by its place in the vectors."""
    state: Any
    """What the rule remembers before the update; only read."""
    grad: Vector
    """The whole gradient as the rule is given it; only read."""
    tensors: Sequence[Tensor]
    lr: Formula
    """α of the update."""
    inertia: float
    """What a schedule may turn against α: the momentum, or β₁."""
    g: Formula
    """The parameter's own gradient."""
    lines: list[Line] = field(default_factory=list)
    update: Formula = field(default_factory=lambda: quantity("Δ", 0.0))

    def remembered(self, name: str, symbol: str = "") -> Formula:
        """Return the parameter's entry of a vector of the state, before the update."""
        return quantity(symbol or name, float(getattr(self.state, name)[self.index]))

    def line(self, symbol: str, formula: Formula, words: str, *, replaces: bool = False) -> Formula:
        """Write a line, and return what it gives, to be used in those after it."""
        self.lines.append(Line(symbol=symbol, formula=formula, words=words, replaces=replaces))
        return quantity(symbol, formula.value)

    def mean(self, symbol: str, old: Formula, kept: Formula, new: Formula, words: str) -> Formula:
        """Write the line of a decaying mean, old ← kept·old + (1 − kept)·new."""
        return self.line(symbol, kept * old + (1.0 - kept) * new, words, replaces=True)

    def weight(self, symbol: str, old: float, kept: Formula, of: str) -> Formula:
        """Write the line of a running weight, c ← kept·c + (1 − kept); it is 1 − β₁·β₂·…·βₜ."""
        words = f"the weight that {of} has gathered"
        return self.line(symbol, kept * quantity(symbol, old) + (1.0 - kept), words, replaces=True)

    def corrected(self, symbol: str, formula: Formula) -> Formula:
        """Write the line of a mean divided by its weight; the symbol gets a hat."""
        return self.line(f"{symbol}\u0302", formula, f"{symbol} without the pull of its start at 0")

    def step(self, formula: Formula, words: str = "what is taken off the parameter") -> None:
        """Write the line of the update."""
        self.update = self.line("Δ", formula, words)
