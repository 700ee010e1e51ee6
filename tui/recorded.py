"""What the record still knows: earlier runs beside this one, and old steps of this one that are held in buckets."""

from __future__ import annotations

import time
from collections.abc import Iterator

from engine.errors import GdtuiError
from engine.method.telemetry import StepBlock
from engine.run.directory import RunDirectory, all_runs
from engine.run.history import RecordReader
from engine.text import clean

from .charts.axes import Limits
from .run_view import RunView
from .track import Track

MOST_LANES = 4
"""An earlier race brings no more than its first lanes: more lines nobody can tell apart."""
WIDEST_DETAIL = 400_000
"""A window of more steps than this is as good from the buckets."""
MARGIN = 0.5
"""How much more than the window is read on either side, as a share of it, so that a small move needs no reading."""


class EarlierRun:
    """The last stretch of a recorded run, read little by little.

    Attributes:
        name: The run's.
        tracks: Title and curves of each lane.
        is_read: Whether all of it is here.
        problem: Why it cannot be read, as a sentence.
    """

    def __init__(self, run: RunDirectory, *, window: int, samples: int) -> None:
        """Begin to read; smoothing and samples are counted as those of the run beside which it is shown."""
        self.name = run.name
        self.tracks: list[tuple[str, Track]] = []
        self.is_read, self.problem = False, ""
        self._pieces = self._read(run, window, samples)

    def read(self, budget_s: float) -> bool:
        """Read on for about this long; return whether there was something to read."""
        if self.is_read:
            return False
        end = time.perf_counter() + budget_s
        try:
            while time.perf_counter() < end:
                if next(self._pieces, None) is None:
                    self.is_read = True
                    break
        except GdtuiError as error:
            self.is_read, self.problem = True, str(error)
        return True

    def _read(self, run: RunDirectory, window: int, samples: int) -> Iterator[bool]:
        reader = RecordReader(run.record)
        segment = reader.segments()[-1].id
        lanes = min(reader.lanes, MOST_LANES)
        for lane in range(lanes):
            track = Track()
            track.begin(window=window, samples=samples)
            self.tracks.append((clean(run.name, 24) + (f" lane {lane + 1}" if lanes > 1 else ""), track))
            for step, seconds in reader.moments(segment, lane=lane):
                track.milestones.seconds.add(step, seconds)
            track.extend_evaluations(reader.evaluations(segment, lane=lane))
            yield True
            track.recall_figures(reader.telemetry(segment, lane=lane))
            yield True
            for block in reader.steps(segment, 1, lane=lane):
                track.extend(block)
                yield True


def earlier_runs(view: RunView) -> list[RunDirectory]:
    """Return every recorded run but this one, the newest first."""
    return [run for run in all_runs() if run.path != view.client.run.path and run.record.is_file()]


class Detail:
    """Old steps of one lane one by one, read anew while somebody looks at them."""

    def __init__(self, view: RunView, lane: int) -> None:
        """Know nothing yet."""
        self._view, self._lane = view, lane
        self._span: Limits = (0.0, 0.0)
        self._segment = -1
        self._blocks: Iterator[StepBlock] | None = None
        self._track: Track | None = None

    def of(self, low: float, high: float, columns: int, budget_s: float) -> Track | None:
        """Return the steps between `low` and `high` where they are needed and here; read on for about `budget_s`."""
        lane = self._view.lanes[self._lane]
        if not self._view.welcome.recorded or high - low > WIDEST_DETAIL or not lane.loss.is_coarse(low, high, columns):
            return None
        if self._track is None or self._segment != lane.segment or not self._span[0] <= low < high <= self._span[1]:
            self._open(low, high)
        end = time.perf_counter() + budget_s
        while self._blocks is not None and time.perf_counter() < end:
            try:
                block = next(self._blocks, None)
            except GdtuiError:
                block = None
            if block is None:
                self._blocks = None
            elif self._track is not None:
                self._track.extend(block)
        if self._blocks is not None or self._track is None:
            return None
        if not self._track.loss.count:
            # It has not been written yet: the next frame asks again.
            self._track = None
        return self._track

    def _open(self, low: float, high: float) -> None:
        lane, room = self._view.lanes[self._lane], MARGIN * (high - low)
        self._span = max(low - room, 0.0), high + room
        self._segment = lane.segment
        self._track = Track()
        self._track.begin(window=lane.window, samples=1)
        # A smoothed value remembers some windows of what came before.
        first = max(1, int(self._span[0]) - 5 * lane.window)
        try:
            reader = RecordReader(self._view.client.run.record)
            self._blocks = reader.steps(lane.segment, first, int(self._span[1]) + 1, lane=self._lane)
        except GdtuiError:
            self._blocks = None
