"""How a view asks the engine to look closer: never faster than it answers, and only for what has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.run.events import Rejected, Seen

from ..looks import Sight
from ..run_view import RunView

OFTEN_S = 0.1
"""Seconds between two questions about the same, while a run goes on."""


class Looking:
    """One thing that a view wants to see again and again, such as the histogram of a tensor.

    Attributes:
        seen: The newest answer; None before there is one, and after a refusal.
        refusal: Why there is none, in a sentence.
    """

    def __init__(
        self, run: RunView, about: str, *, topic: str = "", every_s: float = OFTEN_S, lane: int | None = None
    ) -> None:
        """Look at a lane, or at the one that `run` speaks of; see `Looks.ask` for `about` and `topic`."""
        self.seen: Seen | None = None
        self.refusal = ""
        self._run, self._about, self._topic, self._every_s = run, about, topic, every_s
        self._lane = lane
        self._asked: tuple[Any, ...] | None = None
        self._asked_at = -1e9
        self._waits = False

    @property
    def is_waiting(self) -> bool:
        """Whether the engine has not answered the last question in full."""
        return self._waits

    def want(self, settings: dict[str, Any], now: float, *, then: Callable[[], None] | None = None) -> None:
        """Ask, if something else is wanted than before or the lane has moved on since; called at every frame.

        Args:
            settings: The fields of the inspection.
            now: Monotonic seconds.
            then: Called after every answer.
        """
        lane = self._run.lane if self._lane is None else self._run.lanes[self._lane]
        question = (settings, lane.number, lane.segment, lane.step, lane.spec)
        # What a person chooses is asked for at once, in place of what was asked before.
        if self._asked is None or self._asked[:3] != question[:3]:
            if self._asked is not None and self._asked[1:3] != question[1:3]:
                self.seen = None
        elif question == self._asked or self._waits or now - self._asked_at < self._every_s or self._run.is_gone:
            return
        self._asked, self._asked_at, self._waits = question, now, True

        def answered(sight: Seen | Rejected) -> None:
            if isinstance(sight, Rejected):
                self.seen, self.refusal, self._waits = None, sight.reason, False
            else:
                self.seen, self.refusal, self._waits = sight, "", sight.share < 1.0
            if then is not None:
                then()

        self._run.looks.ask(self._about, settings, answered, topic=self._topic, lane=self._lane)

    def stop(self) -> None:
        """Look no longer: the engine works for nobody."""
        if self._waits:
            self._run.looks.ask(self._about, None, _nothing, topic=self._topic, lane=self._lane)
        self._asked, self._waits = None, False


def _nothing(sight: Sight) -> None:
    """Do nothing: what is looked at no longer is answered no longer."""
