"""What the judges of all lanes say together: of each lane by itself, or of the one that was to be the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..method.goal import GoalSpec, Verdict, verdict_on_first
from .lane import Lane


class Jury:
    """Collects the verdicts on a goal; a judge who has given one watches no longer."""

    def __init__(self, goal: GoalSpec | None, lanes: Sequence[Lane]) -> None:
        """Judge these lanes by `goal`, if there is one."""
        self._lanes = lanes
        self._first = goal.first_of([lane.title for lane in lanes]) if goal is not None else None

    def new_verdicts(self) -> list[tuple[Lane, Verdict]]:
        """Return what is settled by now and was not told before."""
        if self._first is not None:
            return self._on_the_first(self._lanes[self._first])
        found: list[tuple[Lane, Verdict]] = []
        for lane in self._lanes:
            if lane.judge is not None and lane.judge.verdict is not None:
                lane.verdict = lane.judge.verdict
                found.append((lane, lane.judge.verdict))
                lane.judge = None
        return found

    def _on_the_first(self, favourite: Lane) -> list[tuple[Lane, Verdict]]:
        if favourite.judge is None:
            return []
        others = {lane.title: lane.judge for lane in self._lanes if lane is not favourite and lane.judge is not None}
        verdict = verdict_on_first(favourite.judge, others)
        if verdict is None:
            return []
        # What is settled for the favourite is settled for the race.
        about_another = replace(verdict, by=favourite.title)
        for lane in self._lanes:
            lane.judge = None
            lane.verdict = verdict if lane is favourite else about_another
        return [(favourite, verdict)]
