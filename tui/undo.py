"""The live changes of this dashboard in their order, to be taken back and made again.

Only what the engine has confirmed is in here. A change is taken back by sending the values from before it, together
with those that it left: where someone has changed one of them since, the engine refuses, and nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from engine.errors import InputError
from engine.method.changes import changed_spec, flat
from engine.method.race import SHARED_SECTIONS
from engine.method.spec import RunSpec
from engine.run import commands, events
from engine.subject.spec import DatasetProblem

from .wording import in_words, symbol_of

if TYPE_CHECKING:
    from .run_view import RunView

MAXIMUM_CHANGES = 500
Way = Literal["undo", "redo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneChange:
    """What a change did to one lane."""

    lane: int
    before: RunSpec
    after: RunSpec

    def turned(self) -> LaneChange:
        """Return the way back."""
        return LaneChange(lane=self.lane, before=self.after, after=self.before)

    def fields(self) -> list[str]:
        """Return the fields that are others, or that are there no longer or not before."""
        old, new = flat(self.before), flat(self.after)
        return [key for key in {**old, **new} if old.get(key, ...) != new.get(key, ...)]

    @property
    def moves_start(self) -> bool:
        """Whether the function begins elsewhere by it."""
        return _start(self.before) != _start(self.after)


@dataclass(slots=True, kw_only=True)
class LiveChange:
    """One thing that a person did, to all lanes that it concerned."""

    mark: object
    """What tells it apart: the number of its command, or the drag of a slider that sent many."""
    lanes: list[LaneChange] = field(default_factory=list)

    @property
    def moves_start(self) -> bool:
        """Whether it was a reset to another start."""
        return any(change.moves_start for change in self.lanes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """A change on its way from one list to the other."""

    way: Way
    mark: object
    lanes: tuple[LaneChange, ...]
    """As they were made, and not as they are sent."""


class Undoing:
    """What can be undone and redone."""

    def __init__(self, run: RunView) -> None:
        """Watch this dashboard's changes of a run."""
        self._run = run
        self._done: list[LiveChange] = []
        self._undone: list[LiveChange] = []
        self._journeys: dict[int, Journey] = {}
        self._drags: dict[int, object] = {}
        """The drag of a slider to which a command belongs, by the command's number."""

    def begin_drag(self, sequence: int, drag: object) -> None:
        """Take a command for a part of a drag, which is undone as a whole."""
        self._drags[sequence] = drag

    def take(self, applied: events.Applied, before: RunSpec, after: RunSpec) -> str:
        """Note what this dashboard's command has done to a lane, and return what a notice about it begins with."""
        if applied.command == "reset" and flat(before) != flat(after):
            # What was turned is as at first: there is nothing left to take back but where the function begins.
            self._done = [change for change in self._done if change.moves_start]
            self._undone.clear()
        journey = self._journeys.get(applied.seq)
        if journey is not None:
            # What all lanes share is answered by each of them, under the one number.
            if journey.lanes[0].lane == applied.lane:
                goal = self._undone if journey.way == "undo" else self._done
                for change in journey.lanes:
                    _put(goal, journey.mark, change)
            return "undone: " if journey.way == "undo" else "redone: "
        moved = applied.command == "reset" and _start(before) != _start(after)
        if moved or (applied.command in ("set", "turn") and applied.changes):
            # Of a race all lanes answer under one number; they come one right after the other.
            mark = self._drags.get(applied.seq, applied.seq)
            _put(self._done, mark, LaneChange(lane=applied.lane, before=before, after=after))
            del self._done[:-MAXIMUM_CHANGES]
            self._undone.clear()
        return ""

    def refuse(self, sequence: int) -> None:
        """Forget a change that the engine does not take back: someone else has the last word on it."""
        self._journeys.pop(sequence, None)

    def travel(self, way: Way, send: Callable[[commands.SetFields | commands.Reset, str], None]) -> str:
        """Ask the engine to take the last change back, or to make the last one taken back again.

        Returns:
            Why nothing was asked; empty where something was.
        """
        source = self._done if way == "undo" else self._undone
        if not source:
            return f"nothing to {way}: " + (
                "no live change of this dashboard is in force" if way == "undo" else "nothing was undone last"
            )
        change = source.pop()
        if change.moves_start:
            return self._move_start(change, way, send)
        # What all lanes share is sent once, with the first of them.
        mark, shared_sent = object(), False
        for made in change.lanes:
            step = made.turned() if way == "undo" else made
            keys = [key for key in step.fields() if not (shared_sent and _is_shared(key))]
            shared_sent = shared_sent or any(map(_is_shared, keys))
            if not keys:
                continue
            now = self._run.lanes[made.lane].spec
            old = flat(step.before)
            command = commands.SetFields(
                seq=self._run.next_sequence(),
                lane=made.lane,
                values=_values(now, step.after, keys),
                expected={key: old[key] for key in keys if key in old},
            )
            others = tuple(other for other in change.lanes if other is not made and _only_shared(other))
            first = made is change.lanes[0]
            self._journeys[command.seq] = Journey(way=way, mark=mark, lanes=(made, *(others if first else ())))
            send(command, f"{way} {_in_words(step, keys)}")
        return ""

    def _move_start(
        self, change: LiveChange, way: Way, send: Callable[[commands.SetFields | commands.Reset, str], None]
    ) -> str:
        starts = {lane.number: _start(lane.spec) for lane in self._run.lanes}
        ways = [made.turned() if way == "undo" else made for made in change.lanes]
        if any(_start(made.before) != starts[made.lane] for made in ways):
            return "the start was moved by someone else since: that stays as it is"
        starts |= {made.lane: _start(made.after) for made in ways}
        if len(set(starts.values())) > 1:
            return "the lanes began at places of their own, and a reset moves them all to one: that stays as it is"
        start = starts[change.lanes[0].lane]
        command = commands.Reset(seq=self._run.next_sequence(), keep=True, start=start)
        self._journeys[command.seq] = Journey(way=way, mark=object(), lanes=tuple(change.lanes))
        send(command, f"{way} the start: reset to ({', '.join(map(in_words, start))})")
        return ""


def _put(goal: list[LiveChange], mark: object, change: LaneChange) -> None:
    """Add a lane's change to the last thing that was done if it is a part of it, and else as a thing of its own."""
    if not goal or goal[-1].mark != mark:
        goal.append(LiveChange(mark=mark))
    lanes = goal[-1].lanes
    for place, known in enumerate(lanes):
        if known.lane == change.lane:
            lanes[place] = LaneChange(lane=change.lane, before=known.before, after=change.after)
            return
    lanes.append(change)


def _values(now: RunSpec, goal: RunSpec, keys: Iterable[str]) -> dict[str, Any]:
    """Return the values that make these fields of `now` those of `goal`.

    Of another rule or schedule only what was set on purpose is sent, as far as the rest comes by itself: so a default
    stays one.
    """
    wanted = {key: value for key, value in flat(goal).items() if key in keys}
    if not any(key.endswith(".name") for key in wanted):
        return wanted
    given = {
        key: value
        for key, value in wanted.items()
        if key.endswith(".name") or key.partition(".")[2] in getattr(goal, key.partition(".")[0]).model_fields_set
    }
    try:
        found = flat(changed_spec(now, given))
    except InputError:
        return wanted
    return given | {key: value for key, value in wanted.items() if found.get(key, ...) != value}


def _in_words(step: LaneChange, keys: Iterable[str]) -> str:
    old, new = flat(step.before), flat(step.after)
    names = [key for key in keys if key.endswith(".name") and key in old and key in new]
    if "optimizer.name" in names:
        return f"{old['optimizer.name']} → {new['optimizer.name']}, its state carried over and not restored"
    told = names or [key for key in keys if key in old and key in new]
    return ", ".join(f"{symbol_of(key, step.after)} {in_words(old[key])} → {in_words(new[key])}" for key in told)


def _start(spec: RunSpec) -> tuple[float, ...]:
    """Return where a function begins; nothing of a network."""
    return () if isinstance(spec.problem, DatasetProblem) else tuple(spec.problem.begins)


def _is_shared(key: str) -> bool:
    return key.partition(".")[0] in SHARED_SECTIONS


def _only_shared(change: LaneChange) -> bool:
    return all(map(_is_shared, change.fields()))
