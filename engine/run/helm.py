"""What people ask of a run as a whole: each command is carried out between two steps, and answered.

Fields and their locks are `controls`, and whether the run goes on is its `course`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from ..errors import InputError, RunError
from ..method.range_test import sweep
from . import commands, events
from .controls import Changes, Controls
from .course import Course
from .lane import Lane

if TYPE_CHECKING:
    from .session import Session


class Helm:
    """The commands that a session knows."""

    def __init__(self, session: Session, course: Course, controls: Controls) -> None:
        """Steer this session."""
        self._session, self._course, self._controls = session, course, controls
        self._lanes = session.lanes

    def carry_out(
        self, command: commands.Changing | commands.FindRate, actor: str
    ) -> list[events.Applied] | events.Rejected | events.RatesSwept:
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
        return [
            self._session.confirm(command.kind, lane, found, actor=actor, seq=command.seq) for lane, found in changes
        ]

    def meant(self, command: commands.Steering) -> list[Lane]:
        """Return the lanes that a command is for; `InputError` if there is no such lane."""
        number = command.lane
        if number is None:
            return list(self._lanes)
        if number >= len(self._lanes):
            raise InputError(
                f"lane {number}: this run has {'lanes 0 to ' if number else 'lane '}{len(self._lanes) - 1}"
            )
        whole = commands.Pause | commands.FinishEpoch | commands.Reset | commands.Stop
        if len(self._lanes) > 1 and isinstance(command, whole):
            raise InputError(f"lane {number}: a race pauses, stops and is reset as a whole, so that it stays fair")
        return [self._lanes[number]]

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
                self._course.pause()
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
                self._session.finish("stopped")
                return [(lane, []) for lane in lanes]
            case _:
                assert_never(command)

    def _resume(self, lanes: list[Lane]) -> Changes:
        self._course.epoch_of = None
        # While some of a race can go on, those that have ended or diverged go on only when they are named.
        awake = [lane for lane in self._lanes if lane.halt is None]
        waking = lanes if len(lanes) == 1 or not awake else awake
        changes: Changes = []
        for lane in waking:
            # To go on after the end is to lift the rule that ended it.
            lifted = self._controls.lift_stops(lane)
            lane.halt = None
            changes.append((lane, lifted))
        self._session.problem = None
        self._course.wish = "running"
        self._course.settle()
        return changes

    def _step_once(self, lanes: list[Lane]) -> Changes:
        stepping = [lane for lane in lanes if lane.halt is None] or lanes
        stepping = [lane for lane in stepping if lane.trainer.ended is None]
        if not stepping:
            raise InputError(f"the run has ended: {self._controls.ways_on(lanes)}")
        self._course.epoch_of = None
        self._course.wish = "paused"
        for lane in stepping:
            lane.halt = None
            self._session.apply_scheduled(lane)
            lane.measure_next = True
            updates = lane.trainer.steps.updates
            lane.take_steps(0.0)
            lane.has_redone = lane.trainer.non_finite is None and lane.trainer.steps.updates == updates
        self._course.settle()
        for lane in stepping:
            if lane.trainer.non_finite is not None:
                self._session.diverge(lane)
            elif lane.trainer.ended is not None:
                self._session.end(lane, lane.trainer.ended)
        return [(lane, []) for lane in stepping]

    def _finish_epoch(self, lanes: list[Lane], whose: tuple[str, int]) -> Changes:
        going = [lane for lane in lanes if lane.halt is None]
        if not going:
            raise InputError(f"the run goes on no longer: {self._controls.ways_on(lanes)}")
        self._course.epoch_of = whose
        self._course.wish = "running"
        self._course.settle()
        return [(lane, []) for lane in going]

    def _reset(self, command: commands.Reset) -> Changes:
        keep, start = command.keep, command.start
        seeds = [None] * len(self._lanes) if command.seed is None else self._controls.seeds(command.seed)
        self._session.flush()
        # Of one function all lanes can begin at the same places: the first one refuses for all.
        changes = [
            (lane, lane.trainer.reset(keep=keep, seeds=new, start=start))
            for lane, new in zip(self._lanes, seeds, strict=True)
        ]
        self._course.epoch_of = None
        if not any(lane.halt is None for lane in self._lanes):
            self._course.wish = "running"
        self._session.begin_segment()
        for lane in self._lanes:
            lane.halt = None
            lane.begin_again()
        self._course.settle()
        return changes
