"""Formulas in cells: fractions and roots over several rows where there is room, else all in one row.

A formula comes as nested lists, as the engine writes them: an operation and its parts, or "is", a symbol and its value.
It is set twice, with symbols and with numbers, from the same lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len

from ..wording import in_words

Written = Sequence[Any]
_SUPERSCRIPTS = {"2": "²", "3": "³", "4": "⁴"}
_SUMS = ("+", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A set formula."""

    rows: tuple[str, ...]
    """All of one width in cells."""
    base: int
    """The row in which the text around it goes on."""

    @property
    def width(self) -> int:
        """Cells of a row."""
        return cell_len(self.rows[0])

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self.rows)


def typeset(formula: Written, *, numbers: bool, tall: bool) -> Block:
    """Return a formula in symbols or in numbers, with fractions over several rows or with a stroke."""
    return _Setting(numbers=numbers, tall=tall).block(formula)


def figure(value: float) -> str:
    """Return a number with four significant digits, and none more than it needs: 0.9, −1.235e−5."""
    return in_words(float(value)).replace("-", "−")


def text(words: str) -> Block:
    """Return one row of text."""
    return Block(rows=(words,), base=0)


def beside(*blocks: Block) -> Block:
    """Return blocks one beside the other on one line of writing."""
    if all(len(block.rows) == 1 for block in blocks):
        return text("".join(block.rows[0] for block in blocks))
    above = max(block.base for block in blocks)
    below = max(block.height - block.base for block in blocks)
    rows = []
    for row in range(-above, below):
        parts = []
        for block in blocks:
            place = block.base + row
            parts.append(block.rows[place] if 0 <= place < block.height else " " * block.width)
        rows.append("".join(parts))
    return Block(rows=tuple(rows), base=above)


class _Setting:
    """One way to set formulas."""

    def __init__(self, *, numbers: bool, tall: bool) -> None:
        self._numbers, self._tall = numbers, tall

    def block(self, formula: Written) -> Block:
        """Set a formula."""
        match formula[0]:
            case "is":
                return text(self._leaf(formula))
            case "+" | "-" as operation:
                left, right = formula[1:]
                second = self._in_brackets(right, right[0] in _SUMS or self._is_negative(right))
                return beside(self.block(left), text(f" {'+' if operation == '+' else '−'} "), second)
            case "*":
                left, right = formula[1:]
                first = self._in_brackets(left, left[0] in _SUMS)
                doubtful = right[0] in _SUMS or (right[0] == "/" and not self._tall) or self._is_negative(right)
                return beside(first, text("·"), self._in_brackets(right, doubtful))
            case "/":
                return self._fraction(*formula[1:])
            case "^":
                return self._power(*formula[1:])
            case "sqrt":
                return self._root(formula[1])
            case "abs":
                inner = self.block(formula[1])
                bar = Block(rows=("│" if inner.height > 1 else "|",) * inner.height, base=inner.base)
                return beside(bar, inner, bar)
            case name:
                inside = [self.block(formula[1])]
                for part in formula[2:]:
                    inside += [text(", "), self.block(part)]
                return beside(text(str(name)), _bracketed(beside(*inside)))

    def _leaf(self, formula: Written) -> str:
        _, symbol, value = formula
        # What is written as a number is one in both ways.
        is_numeral = symbol[:1].isdigit() or symbol[:1] == "-"
        return figure(value) if self._numbers and not is_numeral else str(symbol)

    def _is_negative(self, formula: Written) -> bool:
        return formula[0] == "is" and self._leaf(formula).startswith("−")

    def _in_brackets(self, formula: Written, wanted: bool) -> Block:
        block = self.block(formula)
        return _bracketed(block) if wanted else block

    def _fraction(self, above: Written, below: Written) -> Block:
        if not self._tall:
            first = self._in_brackets(above, above[0] in _SUMS)
            return beside(first, text("/"), self._in_brackets(below, below[0] in (*_SUMS, "*", "/")))
        over, under = self.block(above), self.block(below)
        width = max(over.width, under.width)
        rows = (*_centred(over, width), "─" * width, *_centred(under, width))
        return Block(rows=rows, base=over.height)

    def _power(self, base: Written, exponent: Written) -> Block:
        inner = self._in_brackets(base, base[0] != "is" or self._is_negative(base))
        raised = _SUPERSCRIPTS.get(self._leaf(exponent)) if exponent[0] == "is" else None
        if raised is not None:
            return beside(inner, Block(rows=(raised,), base=inner.base))
        return beside(inner, text("^"), self._in_brackets(exponent, exponent[0] != "is"))

    def _root(self, formula: Written) -> Block:
        inner = self.block(formula)
        if inner.height == 1:
            return beside(text("√"), inner if formula[0] == "is" else _bracketed(inner))
        last = inner.height - 1
        rows = [f"{'╲│' if place == last else ' │'}{row}" for place, row in enumerate(inner.rows)]
        return Block(rows=(" ┌" + "─" * inner.width, *rows), base=inner.base + 1)


def _centred(block: Block, width: int) -> list[str]:
    left = (width - block.width) // 2
    return [" " * left + row + " " * (width - block.width - left) for row in block.rows]


def _bracketed(block: Block) -> Block:
    if block.height == 1:
        return beside(text("("), block, text(")"))
    inner = block.height - 2
    left, right = ("⎛", *"⎜" * inner, "⎝"), ("⎞", *"⎟" * inner, "⎠")
    return beside(Block(rows=left, base=block.base), block, Block(rows=right, base=block.base))
