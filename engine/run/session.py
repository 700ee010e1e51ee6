"""A run without its sockets: its lanes, stepped in turn, and the state that people steer.

A turn is one step of every lane that goes on, so that a race is fair by steps, whatever a step of each costs; a lane
that has ended or diverged waits. A lane that is alone takes many steps in a row.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, assert_never

from ..errors import InputError, RunError
from ..method.changes import Change
from ..method.file_spec import examined
from ..method.race import LaneSpec, build_objectives, checked_lanes
from ..method.range_test import sweep
from ..method.spec import checked_spec
from . import commands, events
from .controls import Changes, Controls
from .directory import RunDirectory
from .encoding import framed, framed_figures
from .events import Applied, ChangedField, RunState
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
        self._problem: str | None = None
        self.lanes = tuple(
            Lane(number, lane, objective, launch, self._outbox, self._report)
            for number, (lane, objective) in enumerate(zip(given, objectives, strict=True))
        )
        self._going = list(self.lanes)
        self._wish: Literal["waiting", "running", "paused"] = "running"
        """What people want of the lanes that go on."""
        if launch.await_client or launch.await_word:
            self._wish = "waiting"
        self._jury = Jury(launch.goal, self.lanes)
        self._controls = Controls(self.lanes, launch.locks)
        self._epoch_of: tuple[str, int] | None = None
        """Who wants the run to pause at the end of the epoch, and under which number; None while nobody does."""
        self.threads = 1
        """How many threads a matrix product uses, as the process around the session has set it."""
        self._running_s = 0.0
        self._running_since: float | None = None
        self._next_due = 0.0
        self._settle()

    @property
    def state(self) -> RunState:
        """What the run is doing."""
        if any(lane.halt is None for lane in self.lanes):
            return self._wish
        return "ended" if any(lane.halt == "ended" for lane in self.lanes) else "diverged"

    def _state_of(self, lane: Lane) -> RunState:
        return lane.halt or self._wish

    def _settle(self) -> None:
        """Bring what follows from the lanes' halts and from what people want in line with them."""
        now = time.perf_counter()
        if self._running_since is not None:
            self._running_s += now - self._running_since
        if self._epoch_of is None:
            for lane in self.lanes:
                lane.rests = False
        self._going = [lane for lane in self.lanes if lane.halt is None and not lane.rests]
        self._running_since = now if self.state == "running" else None

    # ---- steps

    def advance(self, until: float) -> float:
        """Take the steps that are due, and stop when `time.perf_counter` has reached `until`.

        Returns:
            Seconds until the next step is due; 0 at full speed.
        """
        now = time.perf_counter()
        pace = self.lanes[0].trainer.spec.pace.steps_per_second
        if pace is not None:
            self._next_due = max(self._next_due, now - CATCH_UP_S)
        try:
            while self._wish == "running" and (self._going or self._epoch_of is not None):
                if self._prepare_turn():
                    continue
                if not self._going:
                    self._end_epoch()
                    break
                if pace is not None:
                    if self._next_due > now:
                        break
                    self._next_due += 1.0 / pace
                self._take_turn(until if pace is None and len(self._going) == 1 else 0.0)
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
        for lane in self._going:
            if lane.scheduled and lane.scheduled[0].step <= lane.trainer.step_count:
                self._apply_scheduled(lane)
            ended = ended or lane.trainer.ended is not None
        for lane in [lane for lane in self._going if lane.trainer.ended is not None] if ended else ():
            self._finish(lane, str(lane.trainer.ended))
        return ended

    def _take_turn(self, until: float) -> None:
        diverged = False
        for lane in self._going:
            lane.take_steps(until)
            diverged = diverged or lane.trainer.non_finite is not None
            # One that ends with its epoch does not wait for anyone.
            over = lane.trainer.batches.epoch_is_over and lane.trainer.ended is None
            lane.rests = over and self._epoch_of is not None
        for lane in [lane for lane in self._going if lane.trainer.non_finite is not None] if diverged else ():
            self._diverge(lane)
        if self._epoch_of is not None:
            self._settle()

    def _pause_for(self, problem: str) -> None:
        self._report(f"{problem}. The run is paused.")
        self._epoch_of = None
        self._wish = "paused"
        self._settle()

    def _report(self, problem: str) -> None:
        self._problem = problem

    def _apply_scheduled(self, lane: Lane) -> None:
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
                self._confirm("set", lane, changes, actor="schedule")

    def _diverge(self, lane: Lane) -> None:
        diverged = lane.divergence(self._outbox.segment)
        if self._launch.on_non_finite == "pause":
            lane.evaluate(WATCHED_SAMPLES)
        self.flush()
        self._outbox.tell_event(diverged, lane=lane.number, step=diverged.step, kind="diverged")
        lane.halt = "diverged"
        self._settle()
        if self._launch.on_non_finite == "finish":
            self._finish(lane, "diverged")

    # ---- telling

    @property
    def segment(self) -> int:
        """The stretch of the run to which the steps belong: a reset begins a new one."""
        return self._outbox.segment

    def flush(self) -> None:
        """Tell the clients, and the record, all that has happened, in its order."""
        if self._wish == "waiting":
            return  # what there is to tell waits for the first client, as the steps do
        blocks = self._outbox.flush([lane.trainer.steps for lane in self.lanes])
        for lane, block in zip(self.lanes, blocks, strict=True):
            lane.see(block)
            # Someone may be looking: measure the tensors as often as there is something to show.
            lane.measure_next = self._launch.measure_every is None
        self._tell_verdicts()

    def tell_progress(self) -> None:
        """Tell where every lane is."""
        of_all = {"problem": self._problem or self._outbox.problem, "unrecorded": self._outbox.unrecorded}
        now = [lane.progress(self._state_of(lane), self.segment, threads=self.threads) for lane in self.lanes]
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
                self._finish(lane, reason)

    def _finish(self, lane: Lane, reason: str) -> None:
        """End a lane: evaluate it in full, or as much as there is patience for, and tell the result."""
        if self._wish == "waiting":
            self._wish = "paused"
        lane.halt = "ended"
        self._settle()
        self.flush()
        trainer = lane.trainer
        loss, was_finite = lane.final_evaluation(STOPPED_SAMPLES if reason in ("stopped", "terminated") else None)
        self.flush()
        if not was_finite and reason not in ("stopped", "terminated") and self._problem is None:
            # Every minibatch of the last steps was finite, and the whole is not.
            reason = "diverged"
        if lane.judge is not None:
            lane.judge.conclude(trainer.step_count, loss)
            self._tell_verdicts()
        lane.finished = lane.result(reason, loss, self._outbox.segment, self._running_s)
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

    # ---- commands

    def welcome(self) -> events.Welcomed:
        """Return all that a new client needs; it finds every step so far in the record."""
        self.flush()
        self.commit()
        return welcome_to(
            self._run,
            self._launch,
            self.lanes,
            state=self.state,
            states=[self._state_of(lane) for lane in self.lanes],
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
        if self._wish == "waiting" and not self._launch.await_word:
            self._wish = "running"
            self._settle()

    def carry_out(
        self, command: commands.Changing | commands.FindRate, actor: str
    ) -> list[Applied] | events.Rejected | events.RatesSwept:
        """Do what a person asks between two steps; everyone hears of it, and of a refusal only who asked.

        Returns:
            One answer for every lane that it concerns, or what a sweep has found.
        """
        try:
            meant = self.meant(command)
            self._controls.check_command(command)
            if isinstance(command, commands.FindRate):
                found = sweep(meant[0].trainer, low=command.low, high=command.high, steps=command.steps)
                return events.RatesSwept.of(command.seq, found)
            changes = self._changes(command, meant, actor)
        except (InputError, RunError) as error:
            return events.Rejected(seq=command.seq, reason=str(error))
        return [self._confirm(command.kind, lane, found, actor=actor, seq=command.seq) for lane, found in changes]

    def meant(self, command: commands.Steering) -> list[Lane]:
        """Return the lanes that a command is for; `InputError` if there is no such lane."""
        number = command.lane
        if number is None:
            return list(self.lanes)
        if number >= len(self.lanes):
            raise InputError(f"lane {number}: this run has {'lanes 0 to ' if number else 'lane '}{len(self.lanes) - 1}")
        whole = commands.Pause | commands.FinishEpoch | commands.Reset | commands.Stop
        if len(self.lanes) > 1 and isinstance(command, whole):
            raise InputError(f"lane {number}: a race pauses, stops and is reset as a whole, so that it stays fair")
        return [self.lanes[number]]

    def _changes(self, command: commands.Changing, lanes: list[Lane], actor: str) -> Changes:
        """Carry a command out and return what it changed."""
        match command:
            case commands.SetFields():
                for lane in lanes:
                    self._controls.check_expected(lane, command.expected, actor)
                return self._controls.set_fields(
                    {lane.number: dict(command.values) for lane in lanes}, carry=command.carry
                )
            case commands.Turn():
                turned = {lane.number: {command.key: lane.turned(command.key, command.factor)} for lane in lanes}
                return self._controls.set_fields(turned, carry=True)
            case commands.Pause():
                self._epoch_of = None
                self._wish = "paused"
                self._settle()
                return [(lane, []) for lane in lanes]
            case commands.Resume():
                return self._resume(lanes)
            case commands.StepOnce():
                return self._step_once(lanes)
            case commands.FinishEpoch():
                return self._finish_epoch(lanes, (actor, command.seq))
            case commands.Reset():
                return self._reset(command)
            case commands.Stop():
                self.finish("stopped")
                return [(lane, []) for lane in lanes]
            case _:
                assert_never(command)

    def _confirm(self, command: str, lane: Lane, changes: list[Change], *, actor: str, seq: int = 0) -> Applied:
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
            state=self._state_of(lane),
            changes=tuple(ChangedField(key=change.key, old=change.old, new=change.new) for change in changes),
            spec=lane.trainer.spec.as_given(),
            redone=command == "step" and lane.has_redone,
            advice=self._controls.advice(lane) if any(change.key == "optimizer.name" for change in changes) else "",
        )
        self._outbox.tell_event(applied, lane=lane.number, step=step, kind="applied", actor=actor)
        return applied

    def _resume(self, lanes: list[Lane]) -> Changes:
        self._epoch_of = None
        # While some of a race can go on, those that have ended or diverged go on only when they are named.
        awake = [lane for lane in self.lanes if lane.halt is None]
        waking = lanes if len(lanes) == 1 or not awake else awake
        changes: Changes = []
        for lane in waking:
            # To go on after the end is to lift the rule that ended it.
            lifted = self._controls.lift_stops(lane)
            lane.halt = None
            changes.append((lane, lifted))
        self._problem = None
        self._wish = "running"
        self._settle()
        return changes

    def _step_once(self, lanes: list[Lane]) -> Changes:
        stepping = [lane for lane in lanes if lane.halt is None] or lanes
        stepping = [lane for lane in stepping if lane.trainer.ended is None]
        if not stepping:
            raise InputError(f"the run has ended: {self._controls.ways_on(lanes)}")
        self._epoch_of = None
        self._wish = "paused"
        for lane in stepping:
            lane.halt = None
            self._apply_scheduled(lane)
            lane.measure_next = True
            updates = lane.trainer.steps.updates
            lane.take_steps(0.0)
            lane.has_redone = lane.trainer.non_finite is None and lane.trainer.steps.updates == updates
        self._settle()
        for lane in stepping:
            if lane.trainer.non_finite is not None:
                self._diverge(lane)
            elif lane.trainer.ended is not None:
                self._finish(lane, lane.trainer.ended)
        return [(lane, []) for lane in stepping]

    def _finish_epoch(self, lanes: list[Lane], whose: tuple[str, int]) -> Changes:
        going = [lane for lane in lanes if lane.halt is None]
        if not going:
            raise InputError(f"the run goes on no longer: {self._controls.ways_on(lanes)}")
        self._epoch_of = whose
        self._wish = "running"
        self._settle()
        return [(lane, []) for lane in going]

    def _end_epoch(self) -> None:
        """Pause, as every lane that goes on has come to the end of its epoch."""
        assert self._epoch_of is not None, "someone wants that"
        actor, seq = self._epoch_of
        self._epoch_of = None
        self._wish = "paused"
        self._settle()
        # Those that are left, where some have ended or diverged meanwhile.
        for lane in self._going:
            self._confirm("pause", lane, [], actor=actor, seq=seq)

    def _reset(self, command: commands.Reset) -> Changes:
        keep, start = command.keep, command.start
        seeds = [None] * len(self.lanes) if command.seed is None else self._controls.seeds(command.seed)
        self.flush()
        # Of one function all lanes can begin at the same places: the first one refuses for all.
        changes = [
            (lane, lane.trainer.reset(keep=keep, seeds=new, start=start))
            for lane, new in zip(self.lanes, seeds, strict=True)
        ]
        self._epoch_of = None
        if not any(lane.halt is None for lane in self.lanes):
            self._wish = "running"
        self._outbox.new_segment()
        self._problem = None
        for lane in self.lanes:
            lane.halt = None
            lane.begin_again()
        self._settle()
        return changes
