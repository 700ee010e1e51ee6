"""From text to a graph, sign by sign: what is typed is read here and nowhere else, and never evaluated as code.

The grammar is Python's for arithmetic: `-x**2` is −(x²), `2**-x` and `x**y**z` = `x**(y**z)` are right, and a blank,
a tab or a new line may stand between two signs. All numbers are floats, so `9**9**9` is inf at once and not a number of
370 million digits. Names are ASCII: a letter of another alphabet that looks like an x would be another variable. There
are no texts, attributes, lists, comparisons or assignments to refuse, as nothing here could make any of them.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...text import counted
from .graph import Graph, GraphBuilder
from .operations import FUNCTIONS

MAXIMUM_LENGTH = 2000
"""Of a text, in characters."""
MAXIMUM_DEPTH = 100
"""Of parentheses, powers and signs within each other."""
MAXIMUM_NAME = 40
"""Of a variable's name, in characters."""

CONSTANTS: Mapping[str, float] = {"pi": math.pi, "e": math.e}
PRECEDENCE: Mapping[str, int] = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 4}
NEGATION = 3
"""A minus in front binds closer than a product and looser than a power."""
TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>\*\*|[-+*/(),])"
    r"|(?P<blank>[ \t\r\n]+)"
)


class ExpressionError(ValueError):
    """A text is no function; the message says what is allowed, and where."""


def parse(text: str, order: Sequence[str] = ()) -> Graph:
    """Return the graph of the function that `text` is.

    Args:
        text: Such as "(x + y)*z".
        order: Its variables, each once; without them they are in the order in which they first appear.

    Raises:
        ExpressionError: It is none.
    """
    if len(text) > MAXIMUM_LENGTH:
        raise ExpressionError(f"at most {MAXIMUM_LENGTH:,} characters, these are {len(text):,}")
    reader = _Reader(text)
    reader.read_all()
    variables = reader.builder.variables
    if not variables:
        raise ExpressionError("at least one variable, such as x: this is a constant")
    return reader.builder.graph(order or variables)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    kind: str
    """ "number", "name", "sign" or "end"."""
    text: str
    position: int
    """Of its first character, counted from 1."""


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text):
        found = TOKEN.match(text, place)
        if found is None:
            raise ExpressionError(_foreign(text[place], place + 1))
        if found.lastgroup is not None and found.lastgroup != "blank":
            yield _Token(kind=found.lastgroup, text=found.group(), position=place + 1)
        place = found.end()
    yield _Token(kind="end", text="", position=place + 1)


def _foreign(character: str, position: int) -> str:
    """Return what is allowed instead of a character that no function has."""
    if character == "^":
        return f"a power as x**2: no ^, as at character {position}"
    name = unicodedata.name(character, "a control character")
    return (
        f"numbers, ASCII names, + - * / ** ( ) and commas: no U+{ord(character):04X} ({name}) at character {position}"
    )


class _Reader:
    """Reads signs from left to right and makes the nodes as it goes; each method starts at `_token` and moves on."""

    def __init__(self, text: str) -> None:
        self.builder = GraphBuilder()
        self._tokens = _tokens(text)
        self._token = next(self._tokens)
        self._depth = 0

    def read_all(self) -> None:
        """Read the whole text."""
        self._term(min(PRECEDENCE.values()))
        if self._token.kind != "end":
            raise self._misplaced("an operator or the end")

    def _take(self) -> _Token:
        token, self._token = self._token, next(self._tokens, self._token)
        return token

    def _take_sign(self, sign: str, allowed: str) -> None:
        if self._token.text != sign:
            raise self._misplaced(allowed)
        self._take()

    def _misplaced(self, allowed: str) -> ExpressionError:
        token = self._token
        found = "the text ends" if token.kind == "end" else f"there is {token.text[:MAXIMUM_NAME]}"
        return ExpressionError(f"{allowed} at character {token.position}, where {found}")

    def _term(self, precedence: int) -> int:
        """Read as far as the operators bind at least this closely."""
        self._depth += 1
        if self._depth > MAXIMUM_DEPTH:
            raise ExpressionError(f"at most {MAXIMUM_DEPTH} levels of parentheses, powers and signs in front")
        node = self._signed()
        while PRECEDENCE.get(self._token.text, 0) >= precedence:
            operator = self._take()
            bound = PRECEDENCE[operator.text]
            # What follows a power is read as a sign in front would read it: 2**-x, and x**y**z from the right.
            other = self._term(NEGATION if operator.text == "**" else bound + 1)
            node = self._made(operator, operator.text, node, other)
        self._depth -= 1
        return node

    def _signed(self) -> int:
        if self._token.text not in ("+", "-"):
            return self._leaf()
        sign = self._take()
        node = self._term(NEGATION)
        return node if sign.text == "+" else self._made(sign, "neg", node)

    def _leaf(self) -> int:
        token = self._token
        match token.kind:
            case "number":
                self._take()
                return self._finite(token, self.builder.constant(float(token.text)))
            case "name":
                self._take()
                return self._call(token) if self._token.text == "(" else self._named(token)
            case "sign" if token.text == "(":
                self._take()
                node = self._term(min(PRECEDENCE.values()))
                self._take_sign(")", "an operator or )")
                return node
            case _:
                raise self._misplaced("a number, a name or (")

    def _named(self, token: _Token) -> int:
        name = token.text
        if name in CONSTANTS:
            return self.builder.constant(CONSTANTS[name], name)
        if name in FUNCTIONS:
            raise ExpressionError(f"{name}(…), as {name} is a function, at character {token.position}")
        if len(name) > MAXIMUM_NAME:
            raise ExpressionError(f"names of at most {MAXIMUM_NAME} characters, at character {token.position}")
        return self.builder.variable(name)

    def _call(self, token: _Token) -> int:
        operation = FUNCTIONS.get(token.text)
        if operation is None:
            known = ", ".join(FUNCTIONS)
            raise ExpressionError(
                f"the functions {known}: no {token.text[:MAXIMUM_NAME]}, as at character {token.position}"
            )
        self._take()
        operands = [self._term(min(PRECEDENCE.values()))]
        while len(operands) < len(operation.slopes):
            self._take_sign(",", f"{len(operation.slopes)} operands for {token.text}: a comma")
            operands.append(self._term(min(PRECEDENCE.values())))
        self._take_sign(")", f"an operator or ) after {counted(len(operands), 'operand')} of {token.text}")
        return self._made(token, token.text, *operands)

    def _made(self, token: _Token, operation: str, *operands: int) -> int:
        return self._finite(token, self.builder.operation(operation, operands))

    def _finite(self, token: _Token, node: int) -> int:
        """Return the node, if it is not a constant that is not finite: then nothing could be trained."""
        value = self.builder.value_of(node)
        if value is not None and not math.isfinite(value):
            shown = token.text[:MAXIMUM_NAME]
            raise ExpressionError(f"constants that are finite: {shown} at character {token.position} makes {value}")
        return node
