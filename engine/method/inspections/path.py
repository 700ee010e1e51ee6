"""Where the parameters have been: the trail of a point over its landscape."""

from __future__ import annotations

from collections.abc import Iterator

from ..path import Path
from ..trainer import Trainer
from .inspection import Finding, Inspection


class PathInspection(Inspection):
    """The points that were kept, and the present one last.

    Facts: `stride`, the steps between two of them. Arrays: `steps` (points,) and `points` (points, parameters).
    """

    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding]:
        """Yield the path at once; `InputError` where none is kept."""
        steps, points = path.up_to(trainer.step_count, trainer.theta)
        yield Finding(facts={"stride": path.stride}, arrays={"steps": steps, "points": points})
