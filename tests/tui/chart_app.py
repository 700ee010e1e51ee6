"""A screen with nothing but one chart, and what to show in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from textual.app import App, ComposeResult

from tui.charts.glyphs import Glyphs
from tui.charts.history import Series
from tui.charts.raster import Shape
from tui.widgets.chart import Curve, LiveChart


class ChartApp(App[None]):
    """Nothing but one chart."""

    def __init__(
        self, title: str = "Loss", *, short: str | None = None, log_y: bool = False, glyphs: Glyphs = "braille"
    ) -> None:
        super().__init__()
        self.chart = LiveChart(title, short=short, log_y=log_y, glyphs=glyphs)

    def compose(self) -> ComposeResult:
        """Yield the chart."""
        yield self.chart


def curve(
    label: str,
    values: Sequence[float] | NDArray[np.float64],
    colour: str = "primary",
    *,
    faint: bool = False,
    shape: Shape = "line",
) -> Curve:
    series = Series()
    series.append(np.arange(1.0, len(values) + 1.0), values)
    return Curve(label=label, series=series, colour=colour, faint=faint, shape=shape)


def falling(count: int, noise: float = 0.0) -> NDArray[np.float64]:
    steps = np.arange(1.0, count + 1.0)
    wobble = np.random.default_rng(2).standard_normal(count)
    return np.asarray(np.exp(-3.0 * steps / count) * np.exp(noise * wobble))


def screen_cells(app: ChartApp) -> list[list[tuple[str, Style | None]]]:
    """Return what the compositor holds, cell by cell."""
    return [
        [(character, segment.style) for segment in strip for character in segment.text]
        for strip in app.screen._compositor.render_strips()
    ]
