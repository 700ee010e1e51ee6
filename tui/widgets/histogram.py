"""How the entries of a tensor are spread: bars, the quartiles under them, and the values under those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from ..charts.bars import bars, box, labels
from ..charts.glyphs import suitable_glyphs
from .text_rows import Row, TextRows


class Histogram(TextRows):
    """A histogram that is told what to show by the screen's one clock."""

    DEFAULT_CSS = """
    Histogram { width: 1fr; height: 1fr; }
    """

    @property
    def most(self) -> int:
        """How many bins there is room for, at least two."""
        return max(2, self.size.width)

    def show_counts(
        self,
        counts: NDArray[Any],
        edges: tuple[NDArray[Any], NDArray[Any]],
        quartiles: Sequence[float],
        title: str,
        *,
        log: bool,
    ) -> int:
        """Show a histogram and return how many rows changed.

        Args:
            counts: (bins,), of which there is no more than `most`.
            edges: Where each bin begins and ends.
            quartiles: The least value, the three quartiles and the greatest.
            title: Stands above, before what the highest bar is.
            log: Whether the bins are logarithmic.
        """
        height, glyphs = self.size.height, suitable_glyphs()
        largest = int(counts.max(initial=0))
        rows: list[Row] = [((title, "bold primary"), (f"  highest bar {largest:,}", "dim foreground"))]
        room = height - 3
        if room > 0:
            rows += [((row, "primary"),) for row in bars(counts, room, glyphs)]
        if height >= 3:
            rows.append(((box(quartiles, *edges, glyphs, log=log), "accent"),))
        if height >= 2:
            rows.append(((labels(*edges, log=log), "foreground"),))
        return self.show(rows[:height])

    def say(self, words: str) -> int:
        """Show words instead."""
        return self.show([((words, "dim foreground"),)])
