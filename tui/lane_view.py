"""What a dashboard knows about one lane of its run: its curves, its figures, and how it stands."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from engine.errors import GdtuiError
from engine.method.spec import RunSpec, checked_spec
from engine.method.telemetry import StepBlock
from engine.run import events
from engine.run.history import RecordReader
from engine.text import clean, counted

from .charts.history import Series
from .charts.markers import Marker
from .notices import Severity
from .track import Track
from .wording import label_of

GAP_PATIENCE_S = 0.6
"""How long a stretch that was left out for a slow client takes to be in the record."""


class LaneView(Track):
    """One lane of a run as seen through one connection.

    Attributes:
        title: Empty where the lane is the only one.
        spec: As the engine last confirmed it.
        state: As the engine last told it.
        before: The smoothed loss of the stretch before the last reset.
        markers: One for every live change of this stretch.
    """

    def __init__(
        self,
        number: int,
        welcome: events.Welcomed,
        record: Callable[[], RecordReader],
        note: Callable[[str, Severity], None],
    ) -> None:
        """Begin with what a welcome says; `record` opens the run's record, and `note` takes what people should read."""
        super().__init__()
        status = welcome.lanes[number]
        self.number, self.title = number, clean(status.title, 40)
        self.spec: RunSpec = checked_spec(status.spec, "the engine")
        self.state: str = status.state
        self.progress: events.Progressed | None = None
        self.finished: events.Finished | None = None
        self.diverged: events.Diverged | None = None
        self.before: Series | None = None
        self._welcome, self._record, self._note = welcome, record, note
        self._waiting: deque[events.Steps] = deque()
        self._evaluated: list[events.Evaluated] = []
        self._early: list[events.Evaluated] = []
        self._recalled: list[events.Applied] = []
        self._gap_since: float | None = None
        self._history: Iterator[StepBlock] | None = None
        self._looked_up_to = 0
        """The step up to which the record was asked for what was left out."""
        self.begin_segment(welcome.segment)
        self.step = status.step if welcome.recorded else 0

    @property
    def reads_history(self) -> bool:
        """Whether the past is still being read from the record."""
        return self._history is not None

    @property
    def figures(self) -> NDArray[np.float64] | None:
        """The figures of the tensors, (tensors, figures), as they were measured last."""
        newest = self.past_figures.newest
        return None if newest is None else newest.values

    # ---- what it is told

    def take_steps(self, steps: events.Steps) -> None:
        """Take a block of steps, for the next `catch_up`."""
        if steps.segment == self.segment:
            self._waiting.append(steps)

    def take_figures(self, figures: events.Figures) -> None:
        """Take the figures of the tensors."""
        if figures.segment == self.segment:
            self.past_figures.add(figures.figures, kept=figures.kept)

    def take_evaluation(self, evaluated: events.Evaluated) -> None:
        """Take an evaluation, for the next `catch_up`."""
        # That of step 0 comes just before the reset it belongs to.
        (self._evaluated if evaluated.segment == self.segment else self._early).append(evaluated)

    def take_progress(self, progress: events.Progressed) -> None:
        """Take where the lane is."""
        if self.number == 0:
            # The record is that of the whole run, and every lane tells the same.
            self._note_problem(progress)
        self.progress, self.step = progress, progress.step
        if progress.segment == self.segment:
            self.milestones.epochs.add(progress.step, progress.epochs)
            self.milestones.evaluations.add(progress.step, progress.evaluations)
            self.milestones.seconds.add(progress.step, progress.seconds)
        self.set_state(progress.state)

    def _note_problem(self, now: events.Progressed) -> None:
        """Let the log tell when something begins to be wrong with the record, and when it is over."""
        before = self.progress
        had_problem = before is not None and before.problem is not None
        if now.problem is not None and not had_problem:
            self._note(clean(now.problem, 1000), "error")
        elif had_problem and now.problem is None and before is not None and before.unrecorded is not None:
            lacks = f"; it lacks {counted(now.unrecorded, 'step')}" if now.unrecorded else ", and lacks no step"
            self._note(f"the record is written again{lacks}", "information")

    def take_answer(self, applied: events.Applied) -> None:
        """Take what has come into force."""
        # What came before it belongs to the curves as they were until then.
        self.catch_up(0.0)
        if applied.command == "reset":
            self.before = self.smoothed if self.smoothed.count else self.before
            self.begin_segment(applied.segment)
        self.spec = checked_spec(applied.spec, "the engine")
        self.step = applied.step
        self.set_state(applied.state)
        if applied.changes and applied.command != "reset":
            self._mark(applied)

    def set_state(self, state: str) -> None:
        """Take the state that the engine tells."""
        self.state = state
        if state == "running":
            self.finished = self.diverged = None

    # ---- curves

    def catch_up(self, budget_s: float) -> None:
        """Read the past from the record for about this long, and then what has come in meanwhile."""
        self.extend_evaluations(self._evaluated)
        self._evaluated.clear()
        end = time.perf_counter() + budget_s
        while self._history is not None and time.perf_counter() < end:
            try:
                block = next(self._history, None)
            except GdtuiError as error:
                self._note(f"the record cannot be read: {error}", "warning")
                block = None
            if block is None:
                self._history = None
            else:
                self.extend(block)
        while self._history is None and self._waiting:
            if not self._fits(self._waiting[0].block.first_step):
                break
            self.extend(self._next_stretch())
        # The last block before a pause or the end may have been left out as well, and none comes after it.
        behind = self._history is None and not self._waiting and self.loss.last_x < self.step
        if behind and self._looked_up_to < self.step and self._fits(self.step + 1):
            self._looked_up_to = self.step

    def recorded_steps(self) -> int:
        """Return how many steps of this stretch are in the record; `RunError` where it cannot be read."""
        return self._record().step_count(self.segment, lane=self.number)

    def open_history(self, reader: RecordReader, last_step: int) -> None:
        """Begin to read what happened before this dashboard came."""
        self._history = reader.steps(self.segment, 1, last_step, lane=self.number)
        self.extend_evaluations(reader.evaluations(self.segment, lane=self.number))
        self.recall_figures(reader.telemetry(self.segment, lane=self.number))
        for step, seconds in reader.moments(self.segment, lane=self.number):
            self.milestones.seconds.add(step, seconds)

    def recall(self, applied: events.Applied) -> None:
        """Mark a change that the journal tells of."""
        if applied.command != "reset":
            self._mark(applied)
            self._recalled.append(applied)

    def begin_segment(self, segment: int) -> None:
        """Begin with empty curves."""
        self.segment = segment
        self.markers: list[Marker] = []
        batches = self.progress.batches_per_epoch if self.progress is not None else self._batches_per_epoch()
        # One epoch is what a person takes for the present; less than ten steps smooth nothing. A point that moves over
        # lines is elsewhere long before it has seen them all.
        window = 10 if self.spec.problem.kind == "landscape" else min(max(batches, 10), 1000)
        self.begin(window=window, samples=self._welcome.samples)
        self._waiting.clear()
        self._evaluated.clear()
        self._history = None
        self._looked_up_to = 0
        self.finished = self.diverged = None
        self.step = 0
        self.extend_evaluations([evaluation for evaluation in self._early if evaluation.segment == segment])
        self._early.clear()

    def _mark(self, applied: events.Applied) -> None:
        # How fast it goes changes nothing about the training, so it leaves no mark on the curves.
        changes = tuple(change for change in applied.changes if not change.key.startswith(("pace.", "compute.")))
        # What happened between the welcome and the reading of the journal is told as well.
        if changes and applied not in self._recalled:
            # Who goes on after the end lifts a stop rule: what counts on a curve is that the run goes on.
            label = "goes on" if applied.command == "resume" else label_of(changes)
            self.markers.append(Marker(step=float(applied.step), label=label))

    def _batches_per_epoch(self) -> int:
        size = self.spec.batch.size
        return 1 if size == "full" else -(-self._welcome.samples // size)

    def _next_stretch(self) -> StepBlock:
        """Return the blocks that wait and lie end to end as one: a curve takes one long block far faster than many."""
        blocks = [self._waiting.popleft().block]
        while self._waiting and self._waiting[0].block.first_step == blocks[-1].last_step + 1:
            blocks.append(self._waiting.popleft().block)
        if len(blocks) == 1:
            return blocks[0]
        return StepBlock(
            first_step=blocks[0].first_step, values=np.concatenate([block.values for block in blocks], axis=1)
        )

    def extend(self, block: StepBlock) -> None:
        """Append a block of steps."""
        super().extend(block)
        self.step = max(self.step, block.last_step)

    def _fits(self, first_step: int) -> bool:
        """Return whether a block can be appended; what was left out before it is read from the record first."""
        expected = int(self.loss.last_x) + 1 if self.loss.count else 1
        if first_step <= expected or not self._welcome.recorded:
            self._gap_since = None
            return True
        now = time.monotonic()
        if self._gap_since is None:
            self._gap_since = now
        if now - self._gap_since < GAP_PATIENCE_S:
            return False
        self._gap_since = None
        try:
            record = self._record()
            for block in record.steps(self.segment, expected, first_step - 1, lane=self.number):
                self.extend(block)
            self.recall_figures(record.telemetry(self.segment, lane=self.number))
        except GdtuiError as error:
            missing = (
                f"step {expected:,} is"
                if first_step - 1 == expected
                else f"steps {expected:,} to {first_step - 1:,} are"
            )
            self._note(f"{missing} missing: {error}", "warning")
        return True
