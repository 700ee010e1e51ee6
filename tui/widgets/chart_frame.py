"""What stands on the screen where a chart is, and which of its cells differ from those before."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.style import Style
from textual.geometry import Size

from ..charts.picture import Picture
from .chart_title import Span

WORTH_SKIPPING = 16
"""Columns between two changed cells of a row from which on what lies between them is not sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What stands on the screen."""

    size: Size
    title: tuple[Span, ...]
    picture: Picture
    styles: tuple[Style, ...]

    def spans(self, row: int) -> list[Span]:
        """Return one row, 0 being the title, cut where the style changes."""
        if row == 0:
            return list(self.title)
        inks = self.picture.inks[row - 1]
        text = self.picture.characters[row - 1].astype("<u4").tobytes().decode("utf-32-le")
        cuts = [0, *(np.flatnonzero(np.diff(inks)) + 1).tolist(), len(text)]
        return [(text[start:stop], self.styles[int(inks[start])]) for start, stop in pairwise(cuts) if stop > start]

    def changes(self, before: Frame | None) -> dict[int, list[tuple[int, int]]]:
        """Return the rows that look different from `before`, each with the columns from and up to which they do."""
        width = self.size.width
        if before is None or before.size != self.size or before.styles != self.styles:
            return {row: [(0, width)] for row in range(self.size.height)}
        changed = (self.picture.characters != before.picture.characters) | (self.picture.inks != before.picture.inks)
        rows = np.flatnonzero(changed.any(axis=1))
        title = {0: [_span_of(self.title, before.title)]} if self.title != before.title else {}
        return title | {int(row) + 1: _spans_of(changed[row]) for row in rows}


def _spans_of(changed: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return from and up to which columns a row has changed: in two parts where most of what lies between has not."""
    places = np.flatnonzero(changed)
    gaps = np.diff(places)
    widest = int(gaps.argmax()) if gaps.size else 0
    first, last = int(places[0]), int(places[-1]) + 1
    if gaps.size and int(gaps[widest]) > WORTH_SKIPPING:
        return [(first, int(places[widest]) + 1), (int(places[widest + 1]), last)]
    return [(first, last)]


def _span_of(title: tuple[Span, ...], before: tuple[Span, ...]) -> tuple[int, int]:
    """Return from and up to which columns two titles of the same width differ, to a whole piece of one style."""
    same = 0
    while same < min(len(title), len(before)) and title[same] == before[same]:
        same += 1
    rest = 0
    while rest < min(len(title), len(before)) - same and title[-1 - rest] == before[-1 - rest]:
        rest += 1
    cells = [cell_len(text) for text, _ in title]
    return sum(cells[:same]), sum(cells[: len(cells) - rest])
