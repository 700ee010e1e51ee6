"""What the landscape view knows of a network: its loss over a plane, once a person has asked for it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.run.events import Rejected, Seen
from engine.text import counted

from ..charts.bands import Heights
from ..charts.window import Window, covering
from ..run_view import RunView
from .function_sight import TOPIC


class PlaneSight:
    """A plane as the engine tells it.

    Attributes:
        heights: The newest that were told; None before.
        seen: The newest answer.
        refusal: Why there is none.
        has_no_path: Why no path is kept, so that there are random directions alone, or nothing.
        is_waiting: Whether the engine is at it.
        directions: "random" or "path", as they will be asked for.
        count: How often something was told that looks different.
    """

    def __init__(self, run: RunView) -> None:
        """Look at this run."""
        self._run = run
        self.heights: Heights | None = None
        self.seen: Seen | None = None
        self.refusal = self.has_no_path = ""
        self.is_waiting = False
        self.directions = "random"
        self._seed = 0
        self._keeps = False
        self._trail = np.zeros((0, 2))
        self.count = 0

    def keep_path(self) -> None:
        """Let the engine keep the path from now on, so that there is one to be seen on a plane."""
        if not self._keeps:
            self._keeps = True
            self._run.looks.ask("path", {"only_keep": True}, self._take_path, topic=TOPIC)

    def ask(self, window: Window | None) -> None:
        """Let the engine compute it, over this window or one that suits the directions."""
        settings: dict[str, Any] = {"directions": self.directions, "seed": self._seed}
        if window is not None:
            settings |= {"x": list(window.x), "y": list(window.y)}
        self.refusal, self.is_waiting = "", True
        self.count += 1
        self._run.looks.ask("plane", settings, self._take, topic=TOPIC)

    def cancel(self) -> None:
        """Let it be: what was computed so far stays."""
        self._run.looks.ask("plane", None, self._take, topic=TOPIC)
        self.is_waiting = False
        self.count += 1

    def choose_directions(self) -> None:
        """Take the other kind of directions: the path's, if it is kept, or two random ones that were not seen yet."""
        if self.directions == "random" and not self.has_no_path:
            self.directions = "path"
        else:
            self.directions, self._seed = "random", self._seed + 1
        self.count += 1

    @property
    def wanted(self) -> str:
        """The directions that would be asked for, in words."""
        if self.directions == "path":
            return "the plane of the recent path"
        return f"two random directions, filter-normalised (seed {self._seed})"

    def title(self) -> str:
        """Return what is seen, in words."""
        seen = self.seen
        if seen is None:
            return "loss of the network over a plane"
        facts = seen.facts
        if facts["variance"] is not None:
            first, second = facts["variance"]
            what = f"loss over the path's plane, {first:.1%} + {second:.1%} of its variance"
        else:
            what = "loss over two random directions, filter-normalised"
        part = "" if facts["samples"] == facts["of"] else f", first {facts['samples']:,} of {facts['of']:,} samples"
        whose = f", {self._run.lanes[seen.lane].title}" if self._run.is_race else ""
        stale = " of before the reset" if seen.segment != self._run.lanes[seen.lane].segment else ""
        return f"{what} · step {seen.step:,}{stale}{whose}{part}"

    def progress(self) -> str:
        """Return how far the engine is, or why it does nothing, in words."""
        if self.refusal:
            return self.refusal
        if not self.is_waiting:
            return ""
        if self.seen is None or self.seen.share >= 1.0 or self.heights is None:
            return "computing … esc stops"
        size = len(self.heights.x)
        return f"{size}×{size} points, finer ones follow: {self.seen.share:.0%} · esc stops"

    @property
    def trail(self) -> NDArray[np.float64]:
        """Where the parameters were, seen on the plane, (points, 2)."""
        return self._trail

    @property
    def window(self) -> Window | None:
        """The part of the plane over which the loss was computed."""
        return None if self.seen is None else covering([self.seen.facts["x"], self.seen.facts["y"]])

    @property
    def steps_since(self) -> str:
        """How far the run has gone since, in words; nothing where it stands."""
        seen = self.seen
        if seen is None or seen.segment != self._run.lanes[seen.lane].segment:
            return ""
        since = self._run.lanes[seen.lane].step - seen.step
        return f"{counted(since, 'step')} ago" if since > 0 else ""

    def _take_path(self, sight: Seen | Rejected) -> None:
        self.has_no_path = sight.reason if isinstance(sight, Rejected) else ""

    def _take(self, sight: Seen | Rejected) -> None:
        self.count += 1
        if isinstance(sight, Rejected):
            self.refusal, self.is_waiting = sight.reason, False
            return
        values, facts = sight.arrays["values"], sight.facts
        self._trail = sight.arrays["path"].astype(np.float64)
        self.seen, self.refusal, self.is_waiting = sight, "", sight.share < 1.0
        x, y = ([float(end) for end in facts[name]] for name in ("x", "y"))
        across, up = np.linspace(x[0], x[1], values.shape[1]), np.linspace(y[0], y[1], values.shape[0])
        self.heights = Heights(x=across, y=up, values=values.astype(np.float64))
