"""How several charts share a space: how many of them have room, and in how many columns they stand."""

from __future__ import annotations

from collections.abc import Sequence

from textual.containers import Container

from ..widgets.chart import LiveChart

MOST = 6
COLUMNS, ROWS = 30, 8
"""A chart that is smaller than this shows little."""
MOST_COLUMNS = 3


class ChartGrid(Container):
    """The charts, the first of them the largest where they do not fill a rectangle."""

    DEFAULT_CSS = """
    ChartGrid { layout: grid; grid-size: 1; grid-gutter: 0 1; height: 1fr; overflow: hidden; }
    """

    def lay_out(self, charts: Sequence[LiveChart], width: int, height: int, *, only: int | None) -> int:
        """Show as many of `charts` as a space of this size has room for, or `only` one; return how many."""
        across, down = max(1, min(MOST_COLUMNS, width // COLUMNS)), max(1, height // ROWS)
        count = 1 if only is not None else min(len(charts), across * down, MOST)
        shown = [charts[only]] if only is not None and only < len(charts) else list(charts[:count])
        columns = columns_for(len(shown), across, down)
        rows = -(-len(shown) // columns) if shown else 1
        self.styles.grid_size_columns = columns
        self.styles.grid_size_rows = rows
        spare = columns * rows - len(shown)
        for chart in charts:
            chart.display = chart in shown
            chart.styles.row_span = chart.styles.column_span = 1
        if shown and spare == 1:
            # Three charts leave a column, five a row.
            if columns == 2 and rows == 2:
                shown[0].styles.row_span = 2
            else:
                shown[0].styles.column_span = 2
        return len(shown)


def columns_for(count: int, across: int, down: int) -> int:
    """Return in how many columns so many charts stand, at most `across`, on at most `down` rows."""
    return min(
        range(1, across + 1),
        key=lambda columns: (
            -(-count // columns) > down,
            max(0, columns * -(-count // columns) - count - 1),
            abs(columns - -(-count // columns) - 0.5),
        ),
    )
