"""What a dashboard looks at more closely: what it has asked for, and who takes what the engine finds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.run import commands, events

if TYPE_CHECKING:
    from .run_view import RunView

Sight = events.Seen | events.Rejected
"""What comes of looking closer."""
MOST_LOOKS = 1000
"""A refusal comes before a dashboard has asked for so many other looks."""


class Looks:
    """The looks of one connection that are still to be answered."""

    def __init__(self, run: RunView) -> None:
        """Look at the lanes of this run."""
        self._run = run
        self._awaited: dict[int, tuple[tuple[str, str], Callable[[Sight], None]]] = {}
        """What is being looked at, by the number of the command."""
        self._newest: deque[int] = deque(maxlen=MOST_LOOKS)
        """The newest of these commands, also those that were replaced since: their refusals are of no interest."""

    def __contains__(self, sequence: int) -> bool:
        """Whether this is the number of a look."""
        return sequence in self._newest

    @property
    def are_awaited(self) -> bool:
        """Whether there is one that is not answered to the end."""
        return bool(self._awaited)

    def ask(
        self,
        about: str,
        settings: dict[str, Any] | None,
        then: Callable[[Sight], None],
        *,
        topic: str = "",
        lane: int | None = None,
    ) -> None:
        """Ask to look at a lane more closely; `then` takes every answer, and a refusal.

        Args:
            about: The name of an inspection; see `engine.method.inspections`.
            settings: Its fields; None to look no longer.
            then: Called with what is found, several times where it comes coarse first, or with why it cannot be.
            topic: Tells apart what is wanted of the same kind at the same time; a second one replaces the first.
            lane: The number of the lane; None for the one that the keys speak of.
        """
        run, place = self._run, (about, topic)
        sequence = run.next_sequence()
        self._newest.append(sequence)
        self._awaited = {seq: kept for seq, kept in self._awaited.items() if kept[0] != place}
        if run.is_gone:
            then(unanswered(sequence))
            return
        if settings is not None:
            self._awaited[sequence] = (place, then)
        number = run.lane.number if lane is None else lane
        run.client.send(commands.Inspect(seq=sequence, lane=number, about=about, settings=settings, topic=topic))

    def show(self, sequence: int, sight: Sight) -> None:
        """Pass on what was found, or why nothing can be, to who waits for it."""
        _, then = self._awaited.get(sequence, (None, None))
        if then is None:
            return  # it was asked for before something else of the same kind was
        if isinstance(sight, events.Rejected) or sight.share >= 1.0:
            del self._awaited[sequence]
        then(sight)

    def end(self) -> None:
        """Tell everyone who still waits that the engine is gone."""
        for sequence in list(self._awaited):
            self.show(sequence, unanswered(sequence))


def unanswered(sequence: int) -> events.Rejected:
    """Return what stands for the answer to a command when there is no engine any more."""
    return events.Rejected(seq=sequence, reason="the engine is gone")
