"""A run without its sockets: its lanes, stepped in turn, and what is told of them.

A turn is one step of every lane that goes on, so that a race is fair by steps, whatever a step of each costs; a lane
that has ended or diverged waits. A lane that is alone takes many steps in a row.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ..errors import InputError, RunError
from ..method.changes import Change
from ..method.file_spec import examined
from ..method.race import LaneSpec, build_objectives, checked_lanes
from ..method.spec import checked_spec
from . import events
from .controls import Controls
from .course import Course
from .directory import RunDirectory
from .encoding import framed, framed_figures
from .events import Applied, ChangedField, RunState
from .helm import Helm
from .jury import Jury
from .lane import WATCHED_SAMPLES, Lane
from .launch import Launch
from .outbox import Outbox
from .particulars import new_record, welcome_to

STOPPED_SAMPLES = 65_536
"""The last evaluation of a run that someone stops uses at most so many: a set on disk may take minutes to read."""
CATCH_UP_S = 0.1
"""A run with a pace makes up for this much lost time and no more: nobody wants a leap after a pause."""


class Session:
    """One run from its start to its end; only in the state "running" does it take steps."""

    def __init__(self, run: RunDirectory, launch: Launch, tell: Callable[[bytes, bool], None]) -> None:
        """Make the trainers and the record; `tell` takes frames, and whether a client that lags may miss them."""
        spec = examined(checked_spec(launch.spec, "launch.json"), "launch.json")
        given = checked_lanes(spec, launch.lanes, "launch.json") or (LaneSpec(title="", own={}, spec=spec),)
        objectives = build_objectives([lane.spec for lane in given])
        self._run, self._launch, self._tell = run, launch, tell
        record = new_record(run, launch, given, objectives[0].tensors) if launch.recorded else None
        self._outbox = Outbox(tell, record, lanes=len(given))
        self.problem: str | None = None
        """What has gone wrong, as a sentence."""
        self.lanes = tuple(
            Lane(number, lane, objective, launch, self._outbox, self._report)
            for number, (lane, objective) in enumerate(zip(given, objectives, strict=True))
        )
        self._course = Course(self.lanes, waits=launch.await_client or launch.await_word)
        self._jury = Jury(launch.goal, self.lanes)
        self._controls = Controls(self.lanes, launch.locks)
        self.helm = Helm(self, self._course, self._controls)
        """Carries out what people ask."""
        self.threads = 1
        """How many threads a matrix product uses, as the process around the session has set it."""
        self._next_due = 0.0

    @property
    def state(self) -> RunState:
        """What the run is doing."""
        return self._course.state

    # ---- steps

    def advance(self, until: float) -> float:
        """Take the steps that are due, and stop when `time.perf_counter` has reached `until`.

        Returns:
            Seconds until the next step is due; 0 at full speed.
        """
        now, course = time.perf_counter(), self._course
        pace = self.lanes[0].trainer.spec.pace.steps_per_second
        if pace is not None:
            self._next_due = max(self._next_due, now - CATCH_UP_S)
        try:
            while course.wish == "running" and (course.going or course.epoch_of is not None):
                if self._prepare_turn():
                    continue
                if not course.going:
                    self._end_epoch()
                    break
                if pace is not None:
                    if self._next_due > now:
                        break
                    self._next_due += 1.0 / pace
                self._take_turn(until if pace is None and len(course.going) == 1 else 0.0)
                now = time.perf_counter()
                if now >= until:
                    break
        except MemoryError as error:
            step = max(lane.trainer.step_count for lane in self.lanes) + 1
            self._pause_for(f"Out of memory in step {step}: {error}")
        except RunError as error:
            if self._launch.on_non_finite == "finish":
                raise
            self._pause_for(str(error))
        return max(0.0, self._next_due - now) if pace is not None else 0.0

    def _prepare_turn(self) -> bool:
        """Do what is due before the next step; return whether a lane has ended by that."""
        ended = False
        for lane in self._course.going:
            if lane.scheduled and lane.scheduled[0].step <= lane.trainer.step_count:
                self.apply_scheduled(lane)
            ended = ended or lane.trainer.ended is not None
        for lane in [lane for lane in self._course.going if lane.trainer.ended is not None] if ended else ():
            self.end(lane, str(lane.trainer.ended))
        return ended

    def _take_turn(self, until: float) -> None:
        course, diverged = self._course, False
        for lane in course.going:
            lane.take_steps(until)
            diverged = diverged or lane.trainer.non_finite is not None
            # One that ends with its epoch does not wait for anyone.
            over = lane.trainer.batches.epoch_is_over and lane.trainer.ended is None
            lane.rests = over and course.epoch_of is not None
        for lane in [lane for lane in course.going if lane.trainer.non_finite is not None] if diverged else ():
            self.diverge(lane)
        if course.epoch_of is not None:
            course.settle()

    def _pause_for(self, problem: str) -> None:
        self._report(f"{problem}. The run is paused.")
        self._course.pause()

    def _report(self, problem: str) -> None:
        self.problem = problem

    def apply_scheduled(self, lane: Lane) -> None:
        """Make the changes of a lane that were ordered in advance and are due."""
        while lane.scheduled and lane.scheduled[0].step <= lane.trainer.step_count:
            values = dict(lane.scheduled.popleft().values)
            try:
                changes = lane.trainer.apply(values)
            except InputError as error:
                # It fitted when it was ordered; someone has switched the rule meanwhile.
                self.flush()
                step = lane.trainer.step_count
                refused = events.Rejected(seq=0, reason=f"{lane.called}scheduled for step {step}: {error}")
                self._outbox.tell_event(refused, lane=lane.number, step=step, kind="rejected", actor="schedule")
            else:
                self.confirm("set", lane, changes, actor="schedule")

    def diverge(self, lane: Lane) -> None:
        """Stop a lane whose last step was not finite, and tell what was not."""
        diverged = lane.divergence(self._outbox.segment)
        if self._launch.on_non_finite == "pause":
            lane.evaluate(WATCHED_SAMPLES)
        self.flush()
        self._outbox.tell_event(diverged, lane=lane.number, step=diverged.step, kind="diverged")
        lane.halt = "diverged"
        self._course.settle()
        if self._launch.on_non_finite == "finish":
            self.end(lane, "diverged")

    # ---- telling

    @property
    def segment(self) -> int:
        """The stretch of the run to which the steps belong: a reset begins a new one."""
        return self._outbox.segment

    def begin_segment(self) -> None:
        """Begin another stretch of the run: what was wrong before it is no more."""
        self._outbox.new_segment()
        self.problem = None

    def flush(self) -> None:
        """Tell the clients, and the record, all that has happened, in its order."""
        if self._course.wish == "waiting":
            return  # what there is to tell waits for the first client, as the steps do
        blocks = self._outbox.flush([lane.trainer.steps for lane in self.lanes])
        for lane, block in zip(self.lanes, blocks, strict=True):
            lane.see(block)
            # Someone may be looking: measure the tensors as often as there is something to show.
            lane.measure_next = self._launch.measure_every is None
        self._tell_verdicts()

    def tell_progress(self) -> None:
        """Tell where every lane is."""
        of_all = {"problem": self.problem or self._outbox.problem, "unrecorded": self._outbox.unrecorded}
        now = [lane.progress(self._course.state_of(lane), self.segment, threads=self.threads) for lane in self.lanes]
        self._tell(b"".join(framed(progress.model_copy(update=of_all)) for progress in now), True)

    def commit(self) -> None:
        """Make what was flushed durable."""
        self._outbox.commit()

    def close(self) -> None:
        """Tell and record what is left, and close the record."""
        self.flush()
        self._outbox.close()

    def finish(self, reason: str) -> None:
        """End every lane that has not ended."""
        for lane in self.lanes:
            if lane.halt != "ended":
                self.end(lane, reason)

    def end(self, lane: Lane, reason: str) -> None:
        """End a lane: evaluate it in full, or as much as there is patience for, and tell the result."""
        if self._course.wish == "waiting":
            self._course.wish = "paused"
        lane.halt = "ended"
        self._course.settle()
        self.flush()
        trainer = lane.trainer
        loss, was_finite = lane.final_evaluation(STOPPED_SAMPLES if reason in ("stopped", "terminated") else None)
        self.flush()
        if not was_finite and reason not in ("stopped", "terminated") and self.problem is None:
            # Every minibatch of the last steps was finite, and the whole is not.
            reason = "diverged"
        if lane.judge is not None:
            lane.judge.conclude(trainer.step_count, loss)
            self._tell_verdicts()
        lane.finished = lane.result(reason, loss, self._outbox.segment, self._course.running_s)
        self._outbox.tell_event(lane.finished, lane=lane.number, step=trainer.step_count, kind="finished")
        self.commit()

    def _tell_verdicts(self) -> None:
        """Tell whether the goal was reached, once that is settled."""
        for lane, verdict in self._jury.new_verdicts():
            judged = events.Judged(
                lane=lane.number,
                segment=self._outbox.segment,
                reached=verdict.reached,
                step=verdict.step,
                text=self._launch.goal.text if self._launch.goal is not None else "",
                reason=verdict.reason,
            )
            self._outbox.tell_event(judged, lane=lane.number, step=lane.trainer.step_count, kind="judged")

    # ---- answering clients

    def welcome(self) -> events.Welcomed:
        """Return all that a new client needs; it finds every step so far in the record."""
        self.flush()
        self.commit()
        return welcome_to(
            self._run,
            self._launch,
            self.lanes,
            state=self.state,
            states=[self._course.state_of(lane) for lane in self.lanes],
            segment=self._outbox.segment,
            recorded=self._outbox.recorded,
        )

    def newest_figures(self) -> list[bytes]:
        """Return the figures of every lane's tensors as they were measured last, for a new client."""
        return [
            framed_figures(lane.number, self.segment, lane.trainer.figures, kept=False)
            for lane in self.lanes
            if lane.trainer.figures is not None
        ]

    def begin(self) -> None:
        """Start a run that has waited for its first client, and for nothing more."""
        if self._course.wish == "waiting" and not self._launch.await_word:
            self._course.wish = "running"
            self._course.settle()

    def confirm(self, command: str, lane: Lane, changes: list[Change], *, actor: str, seq: int = 0) -> Applied:
        """Write what took effect into the journal and tell everyone."""
        self._controls.note(lane, changes, actor)
        self.flush()
        step = lane.trainer.step_count
        applied = Applied(
            seq=seq,
            actor=actor,
            lane=lane.number,
            command=command,
            segment=self._outbox.segment,
            step=step,
            state=self._course.state_of(lane),
            changes=tuple(ChangedField(key=change.key, old=change.old, new=change.new) for change in changes),
            spec=lane.trainer.spec.as_given(),
            redone=command == "step" and lane.has_redone,
            advice=self._controls.advice(lane) if any(change.key == "optimizer.name" for change in changes) else "",
        )
        self._outbox.tell_event(applied, lane=lane.number, step=step, kind="applied", actor=actor)
        return applied

    def _end_epoch(self) -> None:
        """Pause, as every lane that goes on has come to the end of its epoch."""
        assert self._course.epoch_of is not None, "someone wants that"
        actor, seq = self._course.epoch_of
        self._course.pause()
        # Those that are left, where some have ended or diverged meanwhile.
        for lane in self._course.going:
            self.confirm("pause", lane, [], actor=actor, seq=seq)
