"""What stands on the screen where a chart is, and which of its cells differ from those before."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from rich.cells import cell_len
from rich.style import Style
from textual.geometry import Size

from ..charts.picture import Picture
from .changed_cells import Parts, changed_parts, every_part
from .chart_title import Span


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

    def changes(self, before: Frame | None) -> Parts:
        """Return what looks different from `before`."""
        if before is None or before.size != self.size or before.styles != self.styles:
            return every_part(self.size.height, self.size.width)
        changed = (self.picture.characters != before.picture.characters) | (self.picture.inks != before.picture.inks)
        title = {0: [_span_of(self.title, before.title)]} if self.title != before.title else {}
        return title | changed_parts(changed, top=1)


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
