"""One lane of a run: a trainer, what it still has to do, and what there is to tell about it."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from ..errors import InputError, RunError
from ..method.alarms.kinds import KINDS
from ..method.alarms.watch import Watch
from ..method.changes import flat
from ..method.goal import Judge, Verdict
from ..method.ladder import is_rung, next_rung
from ..method.path import FAR, Path
from ..method.path import SMALL as A_POINT
from ..method.race import LaneSpec
from ..method.spec import RunSpec
from ..method.standing import standing_of
from ..method.telemetry import StepBlock
from ..method.trainer import Trainer
from ..subject.objective import Evaluation, Objective
from . import events
from .launch import Launch, ScheduledChange
from .outbox import Outbox

WATCHED_SAMPLES = 8192
"""An evaluation while a run goes on uses at most so many: the next step and the next key wait for it."""
RATE_WINDOW_S = 1.0
SMALL = 64
"""A parameter vector of at most this many entries is told in full when a run ends."""
_UNREADABLE = Evaluation(loss=math.nan, accuracy=None)


class Lane:
    """One trainer of a run.

    Attributes:
        halt: Why it makes no steps while the others may: a stop rule holds, or a number was not finite.
        rests: Whether it has come to the end of its epoch and waits for the others to do so.
        finished: How it ended last, for clients that come later.
        steps_made: All steps that were ever made, also before a reset.
        has_redone: Whether the last single step was the update before it once more, see `Applied.redone`.
        measure_next: Whether the tensors are to be measured at the next step whatever its number, for who looks now.
        scheduled: The changes that were ordered in advance and are still to come.
        path: Where the parameters have been.
        verdict: Whether the goal was reached; None while that is open, or where there is no goal for this lane.
    """

    def __init__(
        self,
        number: int,
        given: LaneSpec,
        objective: Objective,
        launch: Launch,
        outbox: Outbox,
        report: Callable[[str], None],
    ) -> None:
        """Make the trainer; `report` takes a sentence about samples that can no longer be read."""
        self.number, self.title = number, given.title
        self.trainer = Trainer(given.spec, objective)
        self.halt: Literal["ended", "diverged"] | None = None
        self.rests = False
        self.finished: events.Finished | None = None
        self.steps_made = 0
        self.measure_next = False
        self.has_redone = False
        self.path = Path(self.trainer.theta.size)
        self._launch, self._outbox, self._report = launch, outbox, report
        self._recent: deque[tuple[float, int]] = deque()
        self.begin_again()

    def begin_again(self) -> None:
        """Forget all that was done, as the trainer is at its start, and tell how good it is there."""
        self.scheduled: deque[ScheduledChange] = deque(self._launch.changes)
        self._evaluated: tuple[int, int | None] | None = None
        self._planned: RunSpec | None = None
        """That for which the last step is known."""
        self._last_step = FAR
        self._recent.clear()
        self._began = time.monotonic()
        self.path.clear()
        self.path.add(0, self.trainer.theta)
        goal, batches = self._launch.goal, self.trainer.batches
        self.watch = Watch(self.trainer)
        self.judge = None if goal is None else Judge(goal, sees_all=batches.size == batches.count)
        self._watcher = self.judge
        self.verdict: Verdict | None = None
        self.evaluate(WATCHED_SAMPLES)

    @property
    def called(self) -> str:
        """What a message about this lane of a race begins with; nothing where it is alone."""
        return f"lane {self.number} ({self.title}): " if self.title else ""

    def turned(self, key: str, factor: float) -> float | int:
        """Return what a field's value becomes when it is multiplied by `factor`; `InputError` if it is no number."""
        value = flat(self.trainer.spec).get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{self.called}{key} is {value!r}: only a number can be turned")
        if isinstance(value, int):
            # A small number moves by one where its share rounds to nothing.
            turned = round(value * factor)
            return max(1, turned if turned != value else value + (1 if factor > 1.0 else -1))
        # Twelve digits are more than anyone turns by, and keep 0.001·1.1 from becoming 0.0011000000000000001.
        return float(f"{value * factor:.12g}")

    # ---- steps

    def take_steps(self, until: float) -> None:
        """Take a step, and more until the clock says `until` or there is something to do between two steps."""
        trainer, before = self.trainer, self.trainer.step_count
        due = self._step_to_measure()
        kept = due == before + 1 and self._is_kept(due)
        measure = self.measure_next or due == before + 1
        try:
            usual = trainer.step(measure=measure, spread=kept)
            if measure and trainer.non_finite is None and trainer.figures is not None:
                self.measure_next = False
                self._outbox.add_figures(self.number, trainer.figures, kept=kept)
                due = self._step_to_measure()
            stop = min(due - 1, self.scheduled[0].step if self.scheduled else FAR, self.path.next_step)
            if self.judge is not None and self.judge.needs_point:
                self.judge.see_point(trainer.step_count, trainer.theta)
                stop = 0
            while usual and trainer.step_count < stop and time.perf_counter() < until:
                usual = trainer.step()
        finally:
            self.steps_made += trainer.step_count - before
        if trainer.non_finite is not None:
            if trainer.figures is not None:
                self._outbox.add_figures(self.number, trainer.figures, kept=True)
            return
        self.path.add(trainer.step_count, trainer.theta)
        if trainer.batches.epoch_is_over:
            self._look_at_epoch()

    def _step_to_measure(self) -> int:
        """Return the next step whose tensors are to be measured because of its number."""
        step, every = self.trainer.step_count, self._launch.measure_every
        if every is not None:
            return (step // every + 1) * every
        if self.trainer.spec is not self._planned:
            left, self._planned = self._steps_left(), self.trainer.spec
            self._last_step = FAR if left is None else step + round(left)
        rung = next_rung(step)
        # What the run comes to belongs to its past as well.
        return self._last_step if step < self._last_step < rung else rung

    def _is_kept(self, due: int) -> bool:
        """Return whether the figures of a step that was due are kept: of those ordered in advance as few as of all."""
        every = self._launch.measure_every
        return every is None or is_rung(due // every)

    def _look_at_epoch(self) -> None:
        trainer = self.trainer
        if trainer.batches.epoch % trainer.spec.evaluation.every:
            return
        self.evaluate(WATCHED_SAMPLES)
        if self.judge is not None and self.judge.needs_full_loss:
            self.judge.see_full_loss(trainer.step_count, self.evaluation("train", WATCHED_SAMPLES).loss)

    def see(self, block: StepBlock | None) -> None:
        """Look at the steps that were just told: is the goal reached, and does something go wrong?"""
        if self.judge is not None and block is not None:
            self.judge.see_steps(block)
        for alarm in self.watch.see(block):
            warned = events.Warned(
                lane=self.number,
                segment=self._outbox.segment,
                step=alarm.step,
                about=alarm.about,
                tensor=alarm.tensor,
                text=alarm.text,
                advice="" if alarm.over else KINDS[alarm.about].advice,
                over=alarm.over,
            )
            self._outbox.tell_event(warned, lane=self.number, step=alarm.step, kind="warned")

    # ---- how good it is

    def evaluate(self, at_most: int | None) -> None:
        """Evaluate the held-out samples, where there are any, unless as many were evaluated at this very step."""
        step = self.trainer.step_count
        if "held_out" not in self.trainer.objective.splits or self._evaluated in ((step, at_most), (step, None)):
            return
        result = self.evaluation("held_out", at_most)
        self._evaluated = (step, None if result.complete else at_most)
        self._outbox.add_evaluation(self.number, step, "held_out", result)
        self.watch.see_evaluation(step, result.loss)
        if self.judge is not None and result.accuracy is not None:
            self.judge.see_accuracy(step, result.accuracy)

    def evaluation(self, split: str, at_most: int | None) -> Evaluation:
        """Return an evaluation; of samples that can no longer be read, one that is not a number."""
        try:
            return self.trainer.evaluate(split, at_most)
        except RunError as error:
            self._report(str(error))
            return _UNREADABLE

    def final_evaluation(self, at_most: int | None) -> tuple[float, bool]:
        """Return the loss over the training set, and whether it was finite; tell both splits' where there are two.

        Where it is not, though that of the last minibatch was, the update since then is taken back before.
        """
        result = self.evaluation("train", at_most)
        is_finite = math.isfinite(result.loss)
        if not is_finite and result is not _UNREADABLE and self.trainer.take_back():
            self._evaluated = None
            result = self.evaluation("train", at_most)
        if "held_out" in self.trainer.objective.splits:
            self._outbox.add_evaluation(self.number, self.trainer.step_count, "train", result)
            self.evaluate(at_most)
        return result.loss, is_finite

    # ---- where it is

    def status(self, state: events.RunState) -> events.LaneStatus:
        """Return what a new client needs to know of this lane."""
        trainer = self.trainer
        return events.LaneStatus(title=self.title, state=state, step=trainer.step_count, spec=trainer.spec.as_given())

    def progress(self, state: events.RunState, segment: int, *, threads: int) -> events.Progressed:
        """Return where the lane is."""
        now, batches, theta = time.perf_counter(), self.trainer.batches, self.trainer.theta
        self._recent.append((now, self.steps_made))
        while len(self._recent) > 2 and now - self._recent[0][0] > RATE_WINDOW_S:
            self._recent.popleft()
        seconds = now - self._recent[0][0]
        moving = state == "running" and seconds > 0.0
        rate = (self.steps_made - self._recent[0][1]) / seconds if moving else 0.0
        left = self._steps_left()
        rate_sum, rate_squares = self.trainer.steps.rates
        return events.Progressed(
            lane=self.number,
            state=state,
            segment=segment,
            step=self.trainer.step_count,
            epochs=batches.epochs,
            batches_per_epoch=batches.batches_per_epoch,
            steps_per_second=rate,
            seconds_left=left / rate if rate > 0.0 and left is not None else None,
            point=tuple(theta.tolist()) if theta.size <= A_POINT else None,
            threads=threads,
            lr=self.trainer.dials.lr,
            rate_sum=rate_sum,
            rate_squares=rate_squares,
            evaluations=self.trainer.evaluations,
            seconds=time.monotonic() - self._began,
            astray=self.trainer.astray,
            goal=None if self._watcher is None else standing_of(self._watcher, self.verdict),
        )

    def divergence(self, segment: int) -> events.Diverged:
        """Return what was not finite in the last step, and let the judge know."""
        fault = self.trainer.non_finite
        assert fault is not None, "only called after such a step"
        if self.judge is not None:
            self.judge.see_divergence(fault.step)
        return events.Diverged(
            lane=self.number,
            segment=segment,
            step=fault.step,
            quantity=fault.quantity,
            tensor=fault.tensor,
            updates=self.trainer.steps.updates,
        )

    def result(self, reason: str, loss: float, segment: int, running_s: float) -> events.Finished:
        """Return how the lane ended: with the loss of its training set, after so many seconds of the whole run."""
        trainer = self.trainer
        rate_sum, rate_squares = trainer.steps.rates
        return events.Finished(
            lane=self.number,
            segment=segment,
            step=trainer.step_count,
            reason=reason,
            loss=loss,
            steps_per_second=self.steps_made / running_s if running_s > 0.0 else 0.0,
            parameters=tuple(trainer.evaluated_theta.tolist()) if trainer.theta.size <= SMALL else None,
            evaluations=trainer.evaluations,
            updates=trainer.steps.updates,
            rate_sum=rate_sum,
            rate_squares=rate_squares,
        )

    def _steps_left(self) -> float | None:
        stop, batches = self.trainer.spec.stop, self.trainer.batches
        left: list[float] = []
        if stop.steps is not None:
            left.append(stop.steps - self.trainer.step_count)
        if stop.epochs is not None:
            left.append((stop.epochs - batches.epochs) * batches.batches_per_epoch)
        return max(0.0, min(left)) if left else None
