"""Where the lines and the labels of live changes go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from .axes import Limits, cell
from .labels import UNDONE, net_label
from .raster import DOTS_ACROSS

LABEL_ROWS = 3
"""How many labels may stand on top of each other before they are merged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A live change: a line over the whole height of a chart, with a label at its top."""

    step: float
    """The number of updates after which the change took effect."""
    label: str
    """For example "α 0.0011" or "adam → sgd"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLabel:
    """The text beside one marker line, or beside the last of several that have no room for their own."""

    column: int
    """The canvas column of the line."""
    row: int
    """The canvas row of the text, 0 at the top."""
    start: int
    """The canvas column of the text's first character."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    column: int
    labels: tuple[str, ...]
    """Of all its markers that have one, in their order."""

    def text(self, room: int) -> str:
        """Return the label in at most `room` columns; the count is what must not be cut off."""
        number = len(self.labels)
        count = f" ({number} changes)" if number > 1 else ""
        if len(count) > room // 2:
            count = f" ({number})"
        label = narrowed(net_label(self.labels))
        if label == UNDONE and count:
            label = "undone"
        whole = label + count
        if len(whole) <= room:
            return whole
        kept = room - len(count) - 1
        return f"{label[:kept]}…{count}" if kept >= 1 else count.strip()[:room]

    def after(self, earlier: _Group) -> _Group:
        """Return this group with the changes of an earlier one."""
        return _Group(column=self.column, labels=earlier.labels + self.labels)


def marker_columns(markers: Iterable[Marker], xlim: Limits, width: int) -> list[int]:
    """Return the canvas columns that bear a marker line, in order, for a canvas `width` columns wide."""
    return [group.column for group in _groups(markers, xlim, width)]


def marker_labels(markers: Iterable[Marker], xlim: Limits, width: int, rows: int = LABEL_ROWS) -> list[PlacedLabel]:
    """Return the labels, none over another, on the first `rows` rows of a canvas `width` columns wide.

    A label stands to the right of its line, to the left where the right has no room. Where all rows are taken it
    merges with the one before it: what the changes of both came to, with their number behind it.
    """
    placed: list[PlacedLabel] = []
    groups: list[_Group] = []
    for group in _groups(markers, xlim, width):
        if not group.labels:
            continue
        merged = group
        spot = _spot(merged, placed, width, rows)
        while spot is None and placed:
            merged = merged.after(groups.pop())
            placed.pop()
            spot = _spot(merged, placed, width, rows)
        if spot is not None:
            placed.append(spot)
            groups.append(merged)
    return placed


def _groups(markers: Iterable[Marker], xlim: Limits, width: int) -> list[_Group]:
    """Return one group for each column with markers, with the labels of all of them."""
    groups: dict[int, _Group] = {}
    for marker in sorted(markers, key=lambda marker: marker.step):
        if width > 0 and xlim[0] <= marker.step <= xlim[1]:
            column = cell(marker.step, xlim, width, DOTS_ACROSS)
            group = _Group(column=column, labels=(marker.label,) if marker.label else ())
            groups[column] = group.after(groups[column]) if column in groups else group
    return list(groups.values())


def narrowed(text: str) -> str:
    """Return `text` with one cell a character: what is wider, or has no width, is replaced."""
    return "".join(character if cell_len(character) == 1 else "\N{REPLACEMENT CHARACTER}" for character in text)


def _spot(group: _Group, placed: Sequence[PlacedLabel], width: int, rows: int) -> PlacedLabel | None:
    """Return where the label of `group` has room beside those `placed`; None for nowhere."""
    right, left = width - group.column - 1, group.column
    text = group.text(max(right, left))
    if not text:
        return None
    start = group.column + 1 if len(text) <= right else group.column - len(text)
    for row in range(rows):
        if all(other.row != row or other.start + len(other.text) < start for other in placed):
            return PlacedLabel(column=group.column, row=row, start=start, text=text)
    return None
