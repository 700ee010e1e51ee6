"""What a person has chosen about the curves, as it is remembered from one start to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..charts.abscissa import Abscissa
from ..charts.milestones import MEASURES, Measure
from .chart_grid import MOST
from .lines import STRONGEST

MOST_SCALES = 64
"""Charts whose scale is remembered: the latest of them."""
LONGEST_NAME = 80


@dataclass(slots=True)
class CurveChoices:
    """What is shown of a run, and how; without a choice it is as it comes."""

    charts: list[str] = field(default_factory=list)
    """In the order of choosing; also those that this run does not have."""
    log_y: dict[str, bool] = field(default_factory=dict)
    """Whether the values of a chart are on a logarithmic scale, where somebody has said so."""
    log_x: dict[str, bool] = field(default_factory=dict)
    """The same of what its axis counts."""
    measure: Measure = "step"
    strength: int = 0
    """By how many powers of two smoothing is stronger than usual."""

    def measure_of(self, measures: Sequence[Measure]) -> Measure:
        """Return what the axes of a run count that has these measures: steps where it lacks what was chosen."""
        return self.measure if self.measure in measures else "step"

    def abscissa(self, chart: str, measures: Sequence[Measure] = MEASURES) -> Abscissa:
        """Return how the axis of a chart is laid out; the measure is the same for all."""
        return Abscissa(measure=self.measure_of(measures), log=self.log_x.get(chart, False))

    def kept(self, usual: Mapping[str, bool]) -> dict[str, Any]:
        """Return what is to be remembered; `usual` says which charts are logarithmic by themselves."""
        log_y = {name: log for name, log in self.log_y.items() if log != usual.get(name)}
        log_x = {name: log for name, log in self.log_x.items() if log}
        return {
            "charts": self.charts,
            "log_y": dict(list(log_y.items())[-MOST_SCALES:]),
            "log_x": dict(list(log_x.items())[-MOST_SCALES:]),
            "measure": self.measure,
            "smoothing": self.strength,
        }

    @classmethod
    def recalled(cls, kept: Any) -> CurveChoices:
        """Return what was remembered, as far as it is something that can be chosen."""
        found = cls()
        if not isinstance(kept, dict):
            return found
        charts, measure, strength = kept.get("charts"), kept.get("measure"), kept.get("smoothing")
        if isinstance(charts, list):
            found.charts = list(dict.fromkeys(name for name in charts if _is_name(name)))[:MOST]
        found.log_y, found.log_x = _scales(kept.get("log_y")), _scales(kept.get("log_x"))
        found.measure = next((each for each in MEASURES if each == measure), found.measure)
        if isinstance(strength, int) and not isinstance(strength, bool):
            found.strength = min(max(strength, -STRONGEST), STRONGEST)
        return found


def _scales(kept: Any) -> dict[str, bool]:
    if not isinstance(kept, dict):
        return {}
    scales = {name: log for name, log in kept.items() if _is_name(name) and isinstance(log, bool)}
    return dict(list(scales.items())[-MOST_SCALES:])


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and 0 < len(name) <= LONGEST_NAME
