"""Whether a run goes on: what people want of it, and which of its lanes can."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal

from .events import RunState
from .lane import Lane


class Course:
    """What a run does, as it follows from what people want and from the lanes' halts.

    Attributes:
        wish: What people want of the lanes that go on.
        epoch_of: Who wants the run to pause at the end of the epoch, and under which number; None while nobody does.
        going: The lanes that take the next step.
        running_s: Seconds that the run was running, up to when it was last settled.
    """

    def __init__(self, lanes: Sequence[Lane], *, waits: bool) -> None:
        """Begin at once, or wait for a client or for a word."""
        self._lanes = lanes
        self.wish: Literal["waiting", "running", "paused"] = "waiting" if waits else "running"
        self.epoch_of: tuple[str, int] | None = None
        self.going = list(lanes)
        self.running_s = 0.0
        self._running_since: float | None = None
        self.settle()

    @property
    def state(self) -> RunState:
        """What the run is doing."""
        if any(lane.halt is None for lane in self._lanes):
            return self.wish
        return "ended" if any(lane.halt == "ended" for lane in self._lanes) else "diverged"

    def state_of(self, lane: Lane) -> RunState:
        """Return what a lane is doing."""
        return lane.halt or self.wish

    def settle(self) -> None:
        """Bring what follows from the lanes' halts and from what people want in line with them."""
        now = time.perf_counter()
        if self._running_since is not None:
            self.running_s += now - self._running_since
        if self.epoch_of is None:
            for lane in self._lanes:
                lane.rests = False
        self.going = [lane for lane in self._lanes if lane.halt is None and not lane.rests]
        self._running_since = now if self.state == "running" else None

    def pause(self) -> None:
        """Take no more steps; nobody waits for the end of an epoch any more."""
        self.epoch_of, self.wish = None, "paused"
        self.settle()
