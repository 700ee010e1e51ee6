"""The first row of a chart: its title, what is not drawn, and the newest values, or those under the crosshair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.style import Style

Span = tuple[str, Style]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the row tells of one curve."""

    name: str
    brief: str
    """The name where there is little room; nothing where it is clear without one."""
    value: str
    look: Style
    """Of the name."""
    number: Style
    """Of the value."""
    is_solid: bool
    """Whether it is more than the raw curve behind another one."""

    @property
    def whole(self) -> list[Span]:
        """The name and the value."""
        return self._named(self.name)

    @property
    def shortest(self) -> list[Span]:
        """The same with as little of the name as is clear."""
        return self._named(self.brief)

    def _named(self, name: str) -> list[Span]:
        return [(f"{name} " if name else "", self.look), (self.value, self.number)]


def title_row(
    title: Span, short: Span, note: Sequence[Span], told: Sequence[Told], width: int, plain: Style, *, counts: bool
) -> tuple[Span, ...]:
    """Return as much as fits into exactly `width` cells.

    What a person looks for is the newest value: everything else makes room for it, the least important first.

    Args:
        title: The title.
        short: Stands in its place where it is too long.
        note: What is not drawn.
        told: What there is to tell of the curves.
        width: Cells of the row.
        plain: The style of what lies between.
        counts: Whether each of the values is looked for: names become short before one is left out, and how many are
            left out is said.
    """
    every = [each.whole for each in told]
    solid = [each.whole for each in told if each.is_solid]
    shortest = [each.shortest for each in told if each.is_solid]
    whole, brief = [title, *note], [short]
    fewer = range(len(solid) - 1, 0, -1)
    for head, kept in (
        (whole, every),
        (whole, solid),
        ([short, *note], solid),
        (brief, solid),
        *([(brief, shortest)] if counts else []),
        *((brief, [*shortest[:count], [(f"… +{len(solid) - count}", plain)]]) for count in fewer if counts),
        *((brief, solid[:count]) for count in fewer if not counts),
        *([(brief, shortest[:1])] if counts else []),
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
