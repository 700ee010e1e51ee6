"""The live changes of a lane, and what each of them did to the slope of the loss."""

from __future__ import annotations

from collections.abc import Sequence

from ..charts.slopes import Group, Turn, turns
from ..lane_view import LaneView

EVERY_S = 0.5
"""Between two looks at the slopes: nobody reads them faster, and they are fitted to thousands of steps."""
LEAST, WINDOWS = 50.0, 10.0
"""A slope is taken over this many steps at least, or as many times what the loss is smoothed over."""


class LiveChanges:
    """Follows the changes of the lane that is looked at.

    Attributes:
        turns: The changes with the slopes around them, the newest last.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.turns: Sequence[Turn] = ()
        self._settled: dict[tuple[int, int], dict[Group, Turn]] = {}
        """What is told for good, by lane and segment."""
        self._looked_at = -1e9

    def follow(self, lane: LaneView, now: float) -> None:
        """Look at a lane again, if the last look was long enough ago; `now` in monotonic seconds."""
        if now - self._looked_at > EVERY_S:
            self._looked_at = now
            settled = self._settled.setdefault((lane.number, lane.segment), {})
            self.turns = turns(lane.markers, lane.loss, max(LEAST, WINDOWS * lane.window), settled)


def neighbour(lane: LaneView, step: float | None, by: int) -> float | None:
    """Return the step of the next change after `step`, or with `by` < 0 of the one before; None where there is none.

    Behind the last comes the first. From nowhere it is the first, or the last.
    """
    places = sorted({marker.step for marker in lane.markers})
    if not places:
        return None
    if step is None:
        return places[-1] if by < 0 else places[0]
    if by > 0:
        return next((place for place in places if place > step + 0.5), places[0])
    return next((place for place in reversed(places) if place < step - 0.5), places[-1])
