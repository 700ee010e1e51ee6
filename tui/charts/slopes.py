"""What a live change did to the loss: how fast it fell before, and how fast it falls after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.method.trend import trend

from .history import Series
from .markers import Marker

ENTRIES = 64
"""Into so many entries a stretch is cut; the steps within one are averaged before a line goes through them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A live change with the slope of the loss on both sides of it."""

    marker: Marker
    before: str
    """In words: "halves in 120 steps", "level", "–" where there are too few steps."""
    after: str

    @property
    def words(self) -> str:
        """The whole story: "α 0.01 at step 1,200: halves in 500 → halves in 120 steps"."""
        return f"{self.marker.label} at step {self.marker.step:,.0f}: loss {self.before} → {self.after}"


def turns(markers: Sequence[Marker], loss: Series, longest: float) -> list[Turn]:
    """Return every change with the slopes around it, each over at most `longest` steps and up to the next change."""
    places = [0.0, *(marker.step for marker in markers), max(loss.last_x, 0.0)]
    return [
        Turn(
            marker=marker,
            before=slope_in_words(loss, max(places[number - 1], marker.step - longest), marker.step),
            # The loss of a step is that before its update: the first that a change can move is one step later.
            after=slope_in_words(loss, marker.step + 1.0, min(places[number + 1], marker.step + 1.0 + longest)),
        )
        for number, marker in enumerate(markers, start=1)
    ]


def slope_in_words(series: Series, x0: float, x1: float) -> str:
    """Return how a series goes between two steps, "–" where there are too few."""
    found = series.window(x0, x1, ENTRIES // 4)
    inside = (found.x >= x0) & (found.x <= x1)
    line = trend(found.x[inside], found.mean[inside])
    if line is None:
        return "–"
    if line.is_level:
        return "level"
    if line.is_relative:
        return f"{'halves' if line.slope < 0.0 else 'doubles'} in {_count(line.factor_two_steps)}"
    return f"{'falls' if line.slope < 0.0 else 'rises'} {abs(line.slope):.2g} a step"


def _count(steps: float) -> str:
    return f"{steps:.1f} steps" if steps < 10.0 else f"{steps:,.0f} steps" if steps < 1e7 else f"{steps:.1e} steps"
