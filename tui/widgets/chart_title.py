"""The first row of a chart: its title, what is not drawn, and the newest values, or those under the crosshair."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.style import Style

Span = tuple[str, Style]


def title_row(
    title: Span, short: Span, note: Sequence[Span], values: Sequence[tuple[bool, list[Span]]], width: int, plain: Style
) -> tuple[Span, ...]:
    """Return as much as fits into exactly `width` cells.

    What a person looks for is the newest value: everything else makes room for it, the least important first.

    Args:
        title: The title.
        short: Stands in its place where it is too long.
        note: What is not drawn.
        values: Of each curve, whether it is more than the raw one behind another, and its name and value.
        width: Cells of the row.
        plain: The style of what lies between.
    """
    every = [spans for _, spans in values]
    solid = [spans for is_solid, spans in values if is_solid]
    whole, brief = [title, *note], [short]
    for head, kept in (
        (whole, every),
        (whole, solid),
        ([short, *note], solid),
        *((brief, solid[:count]) for count in range(len(solid), 0, -1)),
    ):
        spans = _joined(head, kept, plain)
        if _width(spans) <= width:
            return fitted(spans, width, plain)
    return fitted(_joined(brief, [spans[1:] for spans in solid[:1]], plain), width, plain)


def fitted(spans: Sequence[Span], width: int, blank: Style) -> tuple[Span, ...]:
    """Return `spans` in exactly `width` cells: cut off with an ellipsis, or filled with blanks."""
    total = _width(spans)
    if total <= width:
        return *spans, (" " * (width - total), blank)
    kept: list[Span] = []
    room = width - 1
    for text, style in spans:
        cells = min(cell_len(text), room)
        kept.append((text if cells == cell_len(text) else set_cell_size(text, cells), style))
        room -= cells
    return *kept, ("…", blank)


def _joined(head: Sequence[Span], parts: Sequence[Sequence[Span]], plain: Style) -> list[Span]:
    spans = [*head]
    for number, part in enumerate(parts):
        spans += [("   " if number == 0 else " · ", plain), *part]
    return spans


def _width(spans: Sequence[Span]) -> int:
    return sum(cell_len(text) for text, _ in spans)
