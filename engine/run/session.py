"""A run without its sockets: a trainer, and the state that people steer."""

from __future__ import annotations

import json
import math
import os
import time
from collections import deque
from collections.abc import Callable
from typing import Any, assert_never

import numpy as np

from ..errors import InputError, RunError
from ..method.file_spec import examined
from ..method.goal import Judge
from ..method.spec import checked_spec, shown
from ..method.trainer import Change, Trainer, build_objective, flat
from ..subject.objective import Evaluation
from ..text import clean
from . import actors, protocol
from .directory import RunDirectory
from .launch import Launch, ScheduledChange
from .outbox import LANE, Outbox
from .protocol import Applied, ChangedField, RunState, framed
from .record import RecordWriter

WATCHED_SAMPLES = 8192
"""An evaluation while a run goes on uses at most so many: the next step and the next key wait for it."""
STOPPED_SAMPLES = 65_536
"""The last evaluation of a run that someone stops uses at most so many: a set on disk may take minutes to read."""
RATE_WINDOW_S = 1.0
CATCH_UP_S = 0.1
"""A run with a pace makes up for this much lost time and no more: nobody wants a leap after a pause."""
FAR = 1 << 62
"""A step that no run reaches."""
A_POINT = 4
SMALL = 64
"""A parameter vector of at most this many entries is told in full when a run ends."""


class Session:
    """One run from its start to its end; only in the state "running" does it take steps."""

    def __init__(self, run: RunDirectory, launch: Launch, tell: Callable[[bytes, bool], None]) -> None:
        """Make the trainer and the record; `tell` takes frames, and whether a client that lags may miss them."""
        spec = examined(checked_spec(launch.spec, "launch.json"), "launch.json")
        self.trainer = Trainer(spec, build_objective(spec))
        self._state: RunState = "waiting" if launch.await_client else "running"
        self._run, self._launch, self._tell = run, launch, tell
        self._outbox = Outbox(tell, self._new_record() if launch.recorded else None)
        self._scheduled: deque[ScheduledChange] = deque(launch.changes)
        self._measure_next = True
        self._evaluated: tuple[int, int | None] | None = None
        self._judge = self._new_judge()
        self._changed_by: dict[str, str] = {}
        self.threads = 1
        """How many threads a matrix product uses, as the process around the session has set it."""
        self.finished: protocol.Finished | None = None
        """How the run ended last, for clients that come later."""
        self._problem: str | None = None
        self._running_s = 0.0
        self._running_since = time.perf_counter()
        self._steps_made = 0
        self._recent: deque[tuple[float, int]] = deque()
        self._next_due = 0.0
        self._evaluate(WATCHED_SAMPLES)

    @property
    def state(self) -> RunState:
        """What the run is doing."""
        return self._state

    @state.setter
    def state(self, state: RunState) -> None:
        now = time.perf_counter()
        if self._state == "running":
            self._running_s += now - self._running_since
        self._state, self._running_since = state, now

    # ---- steps

    def advance(self, until: float) -> float:
        """Take the steps that are due, and stop when `time.perf_counter` has reached `until`.

        Returns:
            Seconds until the next step is due; 0 at full speed.
        """
        now = time.perf_counter()
        pace = self.trainer.spec.pace.steps_per_second
        if pace is not None:
            self._next_due = max(self._next_due, now - CATCH_UP_S)
        try:
            while self.state == "running":
                self._apply_scheduled()
                if self.trainer.ended is not None:
                    self.finish(self.trainer.ended)
                    break
                if pace is not None:
                    if self._next_due > now:
                        break
                    self._next_due += 1.0 / pace
                self._take_steps(until if pace is None else 0.0)
                now = time.perf_counter()
                if now >= until:
                    break
        except MemoryError as error:
            self._problem = f"Out of memory in step {self.trainer.step_count + 1}: {error}. The run is paused."
            self.state = "paused"
        except RunError as error:
            if self._launch.on_non_finite == "finish":
                raise
            self._problem = f"{error}. The run is paused."
            self.state = "paused"
        return max(0.0, self._next_due - now) if pace is not None else 0.0

    def _take_steps(self, until: float) -> None:
        """Take a step, and more until the clock says `until` or there is something to do between two steps."""
        trainer, before = self.trainer, self.trainer.step_count
        due = self._step_to_measure()
        measure = self._measure_next or due == before + 1
        try:
            usual = trainer.step(measure=measure)
            if measure and trainer.non_finite is None and trainer.figures is not None:
                self._measure_next = False
                self._outbox.add_figures(trainer.figures)
                due = self._step_to_measure()
            stop = min(due - 1, self._scheduled[0].step if self._scheduled else FAR)
            if self._judge is not None and self._judge.needs_point:
                self._judge.see_point(trainer.step_count, trainer.theta)
                stop = 0
            while usual and trainer.step_count < stop and time.perf_counter() < until:
                usual = trainer.step()
        finally:
            self._steps_made += trainer.step_count - before
        if trainer.non_finite is not None:
            self._diverge()
        elif trainer.batches.epoch_is_over and trainer.batches.epoch % trainer.spec.evaluation.every == 0:
            self._evaluate(WATCHED_SAMPLES)
            if self._judge is not None and self._judge.needs_full_loss:
                self._judge.see_full_loss(trainer.step_count, self._evaluation("train", WATCHED_SAMPLES).loss)

    def _step_to_measure(self) -> int:
        """Return the next step whose tensors are to be measured, where that was ordered by number."""
        every = self._launch.measure_every
        return FAR if every is None else (self.trainer.step_count // every + 1) * every

    def _apply_scheduled(self) -> None:
        while self._scheduled and self._scheduled[0].step <= self.trainer.step_count:
            values = dict(self._scheduled.popleft().values)
            try:
                changes = self.trainer.apply(values)
            except InputError as error:
                # It fitted when it was ordered; someone has switched the rule meanwhile.
                self.flush()
                refused = protocol.Rejected(seq=0, reason=f"scheduled for step {self.trainer.step_count}: {error}")
                self._outbox.tell_event(refused, step=self.trainer.step_count, kind="rejected", actor="schedule")
            else:
                self._confirm("set", changes, actor="schedule")

    def _evaluate(self, at_most: int | None) -> None:
        """Evaluate the held-out samples, where there are any, unless as many were evaluated at this very step."""
        step = self.trainer.step_count
        if "held_out" not in self.trainer.objective.splits or self._evaluated in ((step, at_most), (step, None)):
            return
        result = self._evaluation("held_out", at_most)
        self._evaluated = (step, None if result.complete else at_most)
        self._outbox.add_evaluation(step, "held_out", result)
        if self._judge is not None and result.accuracy is not None:
            self._judge.see_accuracy(step, result.accuracy)

    def _evaluation(self, split: str, at_most: int | None) -> Evaluation:
        """Return an evaluation; of samples that can no longer be read, one that is not a number."""
        try:
            return self.trainer.evaluate(split, at_most)
        except RunError as error:
            self._problem = str(error)
            return Evaluation(loss=math.nan, accuracy=None)

    def _diverge(self) -> None:
        fault = self.trainer.non_finite
        assert fault is not None, "only called after such a step"
        if self._judge is not None:
            self._judge.see_divergence(fault.step)
        self.flush()
        diverged = protocol.Diverged(
            lane=LANE, segment=self._outbox.segment, step=fault.step, quantity=fault.quantity, tensor=fault.tensor
        )
        self._outbox.tell_event(diverged, step=fault.step, kind="diverged")
        self.state = "diverged"
        if self._launch.on_non_finite == "finish":
            self.finish("diverged")

    # ---- telling

    def flush(self) -> None:
        """Tell the clients, and the record, all that has happened, in its order."""
        if self.state == "waiting":
            return  # what there is to tell waits for the first client, as the steps do
        block = self._outbox.flush(self.trainer.steps)
        if self._judge is not None and block is not None:
            self._judge.see_steps(block)
            self._tell_verdict()
        # Someone may be looking: measure the tensors as often as there is something to show.
        self._measure_next = self._launch.measure_every is None

    def tell_progress(self) -> None:
        """Tell where the run is."""
        now, batches = time.perf_counter(), self.trainer.batches
        self._recent.append((now, self._steps_made))
        while len(self._recent) > 2 and now - self._recent[0][0] > RATE_WINDOW_S:
            self._recent.popleft()
        seconds = now - self._recent[0][0]
        moving = self.state == "running" and seconds > 0.0
        rate = (self._steps_made - self._recent[0][1]) / seconds if moving else 0.0
        left = self._steps_left()
        progress = protocol.Progressed(
            lane=LANE,
            state=self.state,
            segment=self._outbox.segment,
            step=self.trainer.step_count,
            epochs=batches.epochs,
            batches_per_epoch=batches.batches_per_epoch,
            steps_per_second=rate,
            seconds_left=left / rate if rate > 0.0 and left is not None else None,
            point=tuple(self.trainer.theta.tolist()) if self.trainer.theta.size <= A_POINT else None,
            threads=self.threads,
            problem=self._problem or self._outbox.problem,
        )
        self._tell(framed(progress), True)

    def commit(self) -> None:
        """Make what was flushed durable."""
        self._outbox.commit()

    def close(self) -> None:
        """Tell and record what is left, and close the record."""
        self.flush()
        self._outbox.close()

    def finish(self, reason: str) -> None:
        """End the run: evaluate it in full, or as much as there is patience for, and tell the result."""
        self.state = "ended"
        self.flush()
        trainer = self.trainer
        at_most = STOPPED_SAMPLES if reason in ("stopped", "terminated") else None
        result = self._evaluation("train", at_most)
        if "held_out" in trainer.objective.splits:
            self._outbox.add_evaluation(trainer.step_count, "train", result)
            self._evaluate(at_most)
        self.flush()
        if self._judge is not None:
            self._judge.conclude(trainer.step_count, result.loss)
            self._tell_verdict()
        finished = protocol.Finished(
            lane=LANE,
            segment=self._outbox.segment,
            step=trainer.step_count,
            reason=reason,
            loss=result.loss,
            steps_per_second=self._steps_made / self._running_s if self._running_s > 0.0 else 0.0,
            parameters=tuple(trainer.theta.tolist()) if trainer.theta.size <= SMALL else None,
        )
        self._outbox.tell_event(finished, step=trainer.step_count, kind="finished")
        self.finished = finished
        self.commit()

    def _new_judge(self) -> Judge | None:
        goal, batches = self._launch.goal, self.trainer.batches
        return None if goal is None else Judge(goal, sees_all=batches.size == batches.count)

    def _tell_verdict(self) -> None:
        """Tell whether the goal was reached, once that is settled, and watch no longer."""
        if self._judge is None or self._judge.verdict is None:
            return
        goal, verdict, self._judge = self._judge.goal, self._judge.verdict, None
        judged = protocol.Judged(
            lane=LANE,
            segment=self._outbox.segment,
            reached=verdict.reached,
            step=verdict.step,
            text=goal.text,
            reason=verdict.reason,
        )
        self._outbox.tell_event(judged, step=self.trainer.step_count, kind="judged")

    def _steps_left(self) -> float | None:
        stop, batches = self.trainer.spec.stop, self.trainer.batches
        left: list[float] = []
        if stop.steps is not None:
            left.append(stop.steps - self.trainer.step_count)
        if stop.epochs is not None:
            left.append((stop.epochs - batches.epochs) * batches.batches_per_epoch)
        return max(0.0, min(left)) if left else None

    # ---- commands

    def welcome(self) -> protocol.Welcomed:
        """Return all that a new client needs; it finds every step so far in the record."""
        self.flush()
        self.commit()
        trainer, launch = self.trainer, self._launch
        return protocol.Welcomed(
            version=protocol.VERSION,
            run=self._run.name,
            preset=launch.preset,
            title=launch.title,
            see=launch.see,
            try_=launch.try_,
            directory=clean(str(self._run.path), 4000),
            recorded=self._outbox.recorded,
            pid=os.getpid(),
            state=self.state,
            spec=trainer.spec.as_given(),
            segment=self._outbox.segment,
            step=trainer.step_count,
            tensors=tuple(protocol.TensorShape(name=tensor.name, shape=tensor.shape) for tensor in trainer.tensors),
            splits=trainer.objective.splits,
            samples=trainer.batches.count,
        )

    def begin(self) -> None:
        """Start a run that has waited for its first client."""
        if self.state == "waiting":
            self.state = "running"

    def carry_out(self, command: protocol.Steering, actor: str) -> protocol.Applied | protocol.Rejected:
        """Do what a person asks between two steps; everyone hears of it, and of a refusal only who asked."""
        try:
            if command.lane != LANE:
                raise InputError(f"lane {command.lane}: this run has lane {LANE} alone")
            changes = self._changes(command, actor)
        except (InputError, RunError) as error:
            return protocol.Rejected(seq=command.seq, reason=str(error))
        return self._confirm(command.kind, changes, actor=actor, seq=command.seq)

    def _changes(self, command: protocol.Steering, actor: str) -> list[Change]:
        """Carry a command out and return what it changed in the spec."""
        match command:
            case protocol.SetFields():
                self._check_expected(command.expected, actor)
                return self.trainer.apply(dict(command.values), carry=command.carry)
            case protocol.Turn():
                return self.trainer.apply({command.key: self._turned(command.key, command.factor)})
            case protocol.Pause():
                if self.state in ("running", "waiting"):
                    self.state = "paused"
                return []
            case protocol.Resume():
                return self._resume()
            case protocol.StepOnce():
                self._step_once()
                return []
            case protocol.Reset():
                return self._reset(keep=command.keep)
            case protocol.Stop():
                if self.state != "ended":
                    self.finish("stopped")
                return []
            case _:
                assert_never(command)

    def _confirm(self, command: str, changes: list[Change], *, actor: str, seq: int = 0) -> Applied:
        """Write what took effect into the journal and tell everyone."""
        self._changed_by |= dict.fromkeys((change.key for change in changes), actor)
        self.flush()
        step = self.trainer.step_count
        applied = Applied(
            seq=seq,
            actor=actor,
            lane=LANE,
            command=command,
            segment=self._outbox.segment,
            step=step,
            state=self.state,
            changes=tuple(ChangedField(key=change.key, old=change.old, new=change.new) for change in changes),
            spec=self.trainer.spec.as_given(),
        )
        self._outbox.tell_event(applied, step=step, kind="applied", actor=actor)
        return applied

    def _check_expected(self, expected: dict[str, Any], actor: str) -> None:
        present = flat(self.trainer.spec)
        for key, value in expected.items():
            if key not in present or present[key] != value:
                now = shown(present[key]) if key in present else "gone"
                who = actors.in_words(self._changed_by.get(key, ""), to=actor)
                raise InputError(f"{key} is {now} by now, not {shown(value)}: changed by {who}; look again")

    def _turned(self, key: str, factor: float) -> float | int:
        value = flat(self.trainer.spec).get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{key} is {value!r}: only a number can be turned")
        if isinstance(value, int):
            # A small number moves by one where its share rounds to nothing.
            turned = round(value * factor)
            return max(1, turned if turned != value else value + (1 if factor > 1.0 else -1))
        # Twelve digits are more than anyone turns by, and keep 0.001·1.1 from becoming 0.0011000000000000001.
        return float(f"{value * factor:.12g}")

    def _resume(self) -> list[Change]:
        changes: list[Change] = []
        while self.trainer.ended is not None:
            # To go on after the end is to lift the rule that ended it.
            changes += self.trainer.apply({f"stop.{self.trainer.ended}": None})
        self._problem = None
        self.state = "running"
        return changes

    def _step_once(self) -> None:
        if self.trainer.ended is not None:
            raise InputError("the run has ended: resume it to train on, or reset it to start again")
        if self.state in ("running", "waiting", "diverged"):
            self.state = "paused"
        self._apply_scheduled()
        self._measure_next = True
        self._take_steps(0.0)
        if self.trainer.ended is not None:
            self.finish(self.trainer.ended)

    def _reset(self, *, keep: bool) -> list[Change]:
        self.flush()
        changes = self.trainer.reset(keep=keep)
        self._outbox.new_segment()
        self._judge = self._new_judge()
        self._scheduled = deque(self._launch.changes)
        self._evaluated = None
        self._recent.clear()
        self._problem = None
        if self.state in ("ended", "diverged"):
            self.state = "running"
        self._evaluate(WATCHED_SAMPLES)
        return changes

    def _new_record(self) -> RecordWriter:
        launch, spec = self._launch, self.trainer.spec
        return RecordWriter(
            self._run.record,
            precision=spec.precision,
            meta={
                "run": self._run.name,
                "preset": launch.preset,
                "title": launch.title,
                "spec": json.dumps(launch.spec),
                "tensors": json.dumps([[tensor.name, list(tensor.shape)] for tensor in self.trainer.tensors]),
                "numpy": np.__version__,
            },
        )
