"""When the next frame is drawn, and what the last ones took: one clock, which everything on the screen obeys."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

SHARE = 0.5
"""How much of one processor core frames may take: keys and the engine's answers have the rest."""
AWAKE_S = 0.4
"""How long the clock goes on at its full rate after the last change; an engine that rests speaks once a second."""
RESTING_PERIOD_S = 0.25
"""Between two frames while nothing changes: what depends on the time alone is still drawn."""
STUCK_S = 2.0
"""A terminal that has taken nothing for so long gets one more frame, in case it was miscounted."""
WINDOW_S = 2.0
"""How much of the past counts for the rate and the cost of the frames."""


class _Drawn(NamedTuple):
    at: float
    cost_s: float
    displayed: int
    written: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What the frames of the last two seconds were like."""

    frames_per_second: float
    """Frames that reached the terminal."""
    mean_ms: float
    """Processor time from one frame to the next, of everything that the screen does."""
    worst_ms: float
    bytes_a_frame: float


class FrameClock:
    """Says when a frame is due: no more often than wanted, and less often where it must be.

    A frame is left out while the terminal has not taken the one before, so that a key's answer never waits behind a
    queue of old frames; and while frames take more than their share of a core, on the mean.
    """

    def __init__(self, frames_per_second: float) -> None:
        """Draw so many frames a second at most."""
        self.frames_per_second = frames_per_second
        self._credit_s = 0.0
        self._spent_s = 0.0
        self._changed_at = 0.0
        self._state: object = None
        self._drawn: deque[_Drawn] = deque()

    def is_due(self, now: float, state: object, *, is_congested: bool) -> bool:
        """Return whether a frame is to be drawn at this tick.

        Args:
            now: Monotonic seconds.
            state: Equal to that of the frame before where nothing has happened that could be seen.
            is_congested: Whether the terminal has not taken the last frame yet.
        """
        if not self._drawn:
            return True
        since = now - self._drawn[-1].at
        if is_congested:
            return since > STUCK_S
        if state != self._state:
            self._changed_at = now
        if now - self._changed_at > AWAKE_S and since < RESTING_PERIOD_S:
            return False
        return self._credit_s + SHARE * since > 0.0

    def draws(self, now: float, state: object, *, spent_s: float, displayed: int, written: int) -> None:
        """Note that a frame is drawn.

        Args:
            now: Monotonic seconds.
            state: As for `is_due`.
            spent_s: Processor seconds that all frames have taken so far.
            displayed: How many frames have reached the terminal so far.
            written: How many bytes have.
        """
        since, cost_s = (now - self._drawn[-1].at, spent_s - self._spent_s) if self._drawn else (0.0, 0.0)
        self._spent_s = spent_s
        # A share that was not used is not saved up: after a pause the first frames would take the whole core.
        self._credit_s = min(self._credit_s + SHARE * since - cost_s, 1.0 / self.frames_per_second)
        # What one slow frame took must not hold up the next ones for long.
        self._credit_s = max(self._credit_s, -SHARE * STUCK_S)
        if state != self._state:
            self._changed_at = now
        self._state = state
        self._drawn.append(_Drawn(now, cost_s, displayed, written))
        while len(self._drawn) > 2 and now - self._drawn[0].at > WINDOW_S:
            self._drawn.popleft()

    @property
    def pace(self) -> Pace:
        """What the last frames were like; all 0 before there are two."""
        if len(self._drawn) < 2:
            return Pace(frames_per_second=0.0, mean_ms=0.0, worst_ms=0.0, bytes_a_frame=0.0)
        first, last = self._drawn[0], self._drawn[-1]
        costs = [1e3 * frame.cost_s for frame in list(self._drawn)[1:]]
        displayed = last.displayed - first.displayed
        return Pace(
            frames_per_second=displayed / max(last.at - first.at, 1e-9),
            mean_ms=sum(costs) / len(costs),
            worst_ms=max(costs),
            bytes_a_frame=(last.written - first.written) / max(displayed, 1),
        )
