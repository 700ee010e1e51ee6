"""What a horizontal axis counts, and how: its measure, its scale, its ticks, and what of a series lies on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .axes import Limits, Tick, compact, linear_ticks, log_ticks, step_ticks
from .history import Envelope, Series
from .milestones import Measure, Milestones

PIECES = 8
"""A window on a logarithmic axis is asked for in so many pieces, each with the resolution that it needs."""
DECADES = 9.0
"""A logarithmic axis that would begin at 0 shows no more than this."""

NAMES: dict[Measure, str] = {
    "step": "steps",
    "epoch": "epochs",
    "samples": "samples seen",
    "evaluations": "gradient evaluations",
    "time": "seconds",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Abscissa:
    """A way to lay out the horizontal axis. A coordinate is the measure itself, or log10 of it."""

    measure: Measure = "step"
    log: bool = False

    def limits(self, shown: Limits, first: float) -> Limits:
        """Return the limits in coordinates of a window in the measure; `first` is what it counts at the first step."""
        if not self.log:
            return shown
        high = math.log10(max(shown[1], 1e-12))
        low = math.log10(shown[0]) if shown[0] > 0.0 else max(math.log10(max(first, 1e-12)), high - DECADES)
        return (low, high) if low < high - 1e-3 else (high - 1.0, high)

    def coordinate(self, value: float) -> float:
        """Return where a value of the measure lies; minus infinity for 0 on a logarithmic axis."""
        return (math.log10(value) if value > 0.0 else -math.inf) if self.log else value

    def value(self, coordinate: float) -> float:
        """Return the value of the measure at a coordinate."""
        return 10.0 ** min(coordinate, 300.0) if self.log else coordinate

    def ticks(self, limits: Limits, most: int) -> tuple[Tick, ...]:
        """Return about `most` labelled ticks at the most."""
        if self.log:
            return log_ticks(*limits, most)
        if self.measure in ("epoch", "time") and limits[1] - limits[0] < 20.0:
            return linear_ticks(*limits, most)
        return step_ticks(*limits, most)

    def text(self, value: float) -> str:
        """Return a value of the measure in words: "step 1,200", "12.35 s"."""
        match self.measure:
            case "time":
                return f"{compact(value)} s"
            case "epoch":
                return f"epoch {value:.2f}"
            case "step":
                return f"step {value:,.0f}"
            case _:
                return f"{value:,.0f} {NAMES[self.measure]}"

    def envelope(self, series: Series, milestones: Milestones, limits: Limits, columns: int) -> Envelope:
        """Return what a series does between these limits, for a picture `columns` wide; its x in coordinates."""
        if not self.log:
            low, high = milestones.steps_at(self.measure, limits).tolist()
            found = series.window(low, high, columns)
        else:
            edges = milestones.steps_at(self.measure, np.power(10.0, np.linspace(*limits, PIECES + 1))).tolist()
            found = _joined([series.window(low, high, -(-columns // PIECES)) for low, high in pairwise(edges)])
        if self.measure == "step" and not self.log:
            return found
        x = milestones.at(self.measure, found.x)
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                x = np.where(x > 0.0, np.log10(x), limits[0] - 1.0)
        return Envelope(
            x=x, low=found.low, high=found.high, positive=found.positive, mean=found.mean, broken=found.broken
        )


def _joined(pieces: list[Envelope]) -> Envelope:
    """Return windows that follow each other as one: what an earlier one has told already is left out."""
    reached, kept = -math.inf, []
    for piece in pieces:
        new = piece.x > reached
        kept.append(new)
        if piece.x.size:
            reached = max(reached, float(piece.x[-1]))
    return Envelope(
        **{
            name: np.concatenate([getattr(piece, name)[new] for piece, new in zip(pieces, kept, strict=True)])
            for name in ("x", "low", "high", "positive", "mean", "broken")
        }
    )
