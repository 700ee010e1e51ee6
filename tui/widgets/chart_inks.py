"""The colours of a chart: those of its furniture, and one for each curve."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from textual.color import Color, ColorParseError
from textual.widget import Widget

from .curve import Curve

FAINT = 0.3
"""How much of the background is in a curve that lies behind another one."""


class Inks:
    """The styles that a theme has for a chart, each worked out once."""

    def __init__(self, chart: Widget) -> None:
        """Take the theme and the background from where this widget is, once it is asked."""
        self._chart = chart
        self.forget()

    def forget(self) -> None:
        """Take them anew: the theme is another one."""
        self._furniture: tuple[Style, ...] = ()
        self._curves: dict[tuple[str, bool], Style] = {}

    def of(self, curves: Sequence[Curve]) -> tuple[Style, ...]:
        """Return the style of each ink of a picture with these curves, in the order of `charts.picture`."""
        if not self._furniture:
            # Box, text, grid, lines and labels; then errors and the crosshair.
            inks = [self._style("foreground", softness) for softness in (0.7, 0.35, 0.75, 0.45, 0.0)]
            self._furniture = (*inks, self._style("error", 0.0) + Style(bold=True), self._style("foreground", 0.2))
        return *self._furniture, *(self._curve(curve.colour, curve.faint) for curve in curves)

    def _curve(self, colour: str, faint: bool) -> Style:
        ink = self._curves.get((colour, faint))
        if ink is None:
            ink = self._style(colour, FAINT if faint else 0.0) + (Style(dim=True) if faint else Style())
            self._curves[colour, faint] = ink
        return ink

    def _style(self, name: str, softness: float) -> Style:
        """Return the theme's colour `name`, in its variant for text if it has one, mixed with the background."""
        variables, background = self._chart.app.theme_variables, self._chart.background_colors[1]
        try:
            colour = Color.parse(variables.get(f"text-{name}") or variables.get(name, name))
        except ColorParseError:
            colour = self._chart.colors[3]
        if colour.ansi is not None or background.ansi is not None:
            # The terminal's own colours cannot be mixed.
            dim = Style(dim=True) if softness >= FAINT else Style()
            return Style(color=colour.rich_color, bgcolor=background.rich_color) + dim
        mixed = (background + colour).blend(background, softness)
        return Style(color=mixed.rich_color, bgcolor=background.rich_color)
