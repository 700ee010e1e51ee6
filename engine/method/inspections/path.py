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

    only_keep: bool = False
    """Keep the path from now on, also that of a larger vector, and tell no points yet."""

    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding]:
        """Yield the path at once; `InputError` where none is kept."""
        if self.only_keep:
            path.begin()
            yield Finding(facts={"stride": path.stride})
            return
        steps, points = path.up_to(trainer.step_count, trainer.theta)
        yield Finding(facts={"stride": path.stride}, arrays={"steps": steps, "points": points})
