"""The arithmetic of a step on the screen: its lines in symbols, and each with its numbers put in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len

from ..charts.typeset import Block, beside, figure, text, typeset
from ..widgets.text_rows import Row

LineFacts = Mapping[str, Any]
GAP = 3
"""Cells between symbols and numbers."""
INDENT = 4
"""Cells before numbers that stand below their symbols."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLines:
    """Lines as rows."""

    rows: tuple[Row, ...]
    tops: tuple[int, ...]
    """The first row of every line, and at last the number of rows."""


def set_lines(lines: Sequence[LineFacts], width: int, height: int, place: int | None) -> SetLines:
    """Return the lines in rows that `width` has room for, over several rows each where `height` has room as well.

    Args:
        lines: As the engine tells them.
        width: Cells of a row.
        height: Rows that can be seen.
        place: The line at hand: it stands out, and those after it have no numbers yet; None for all with numbers.
    """
    found = [_set(lines, width, place, tall=tall, spread=spread) for tall, spread in ((True, 1), (True, 0), (False, 0))]
    return next((each for each in found if len(each.rows) <= height), found[-1])


def _set(lines: Sequence[LineFacts], width: int, place: int | None, *, tall: bool, spread: int) -> SetLines:
    both = [(_symbols(line, tall=tall), _numbers(line, tall=tall)) for line in lines]
    # What is very long in symbols does not push the numbers of all the others to the right.
    left = max((symbols.width for symbols, _ in both if symbols.width <= width // 2), default=0)
    rows: list[Row] = []
    tops: list[int] = []
    for number, (line, (symbols, numbers)) in enumerate(zip(lines, both, strict=True)):
        tops.append(len(rows))
        is_at_hand, is_known = number == place, place is None or number <= place
        look = "bold accent" if is_at_hand else "foreground" if is_known else "dim foreground"
        mark = "▸ " if is_at_hand else "  "
        known = numbers if is_known else text("")
        if symbols.width <= left and left + GAP + numbers.width <= width - 2:
            whole = _joined(mark, beside(symbols, text(" " * (left - symbols.width + GAP))), known, look)
            if spread and 2 + left + GAP + numbers.width + GAP + cell_len(line["words"]) <= width:
                base = max(symbols.base, known.base)
                whole[base] = (*whole[base], (" " * GAP + line["words"], "dim foreground"))
            rows += whole
        else:
            rows += _joined(mark, symbols, text(""), look)
            rows += _joined("  ", text(" " * INDENT), known, look) if is_known else []
        rows += [()] * spread
    return SetLines(rows=tuple(rows), tops=(*tops, len(rows)))


def _joined(mark: str, first: Block, second: Block, look: str) -> list[Row]:
    """Return two blocks beside each other, the second one in the colour of numbers, with a mark before the line."""
    whole = beside(first, second)
    split = first.width
    found: list[Row] = []
    for place, row in enumerate(whole.rows):
        head, tail = _cut(row, split)
        before = mark if place == whole.base else "  "
        found.append(((before, look), (head, look), (tail.rstrip(), _numbers_look(look))))
    return found


def _numbers_look(look: str) -> str:
    return look if look != "foreground" else "primary"


def _cut(row: str, cells: int) -> tuple[str, str]:
    """Return a row in two parts, the first one of so many cells; what has no width of its own stays with its letter."""
    taken = 0
    for place, character in enumerate(row):
        if taken == cells and cell_len(character):
            return row[:place], row[place:]
        taken += cell_len(character)
    return row, ""


def _symbols(line: LineFacts, *, tall: bool) -> Block:
    arrow = "←" if line["replaces"] else "="
    return beside(text(f"{line['symbol']} {arrow} "), typeset(line["formula"], numbers=False, tall=tall))


def _numbers(line: LineFacts, *, tall: bool) -> Block:
    value = text(figure(line["value"]))
    if line["formula"][0] == "is":
        return beside(text("= "), value)
    return beside(text("= "), typeset(line["formula"], numbers=True, tall=tall), text(" = "), value)
