"""What a dashboard knows about its run: kept up to date from the engine's events, and from the record for the past.

There is no widget in here, and nothing is taken for done that the engine has not said.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from engine.errors import GdtuiError, RunError
from engine.method.spec import RunSpec
from engine.run import actors, protocol
from engine.run.client import Client
from engine.run.history import RecordedEvent, RecordReader
from engine.text import clean

from . import notices
from .charts.axes import compact
from .lane_view import LaneView
from .notices import Log, Notice, Severity
from .undo import Undoing
from .wording import found_rates

Answer = protocol.Applied | protocol.Rejected
Sight = protocol.Seen | protocol.Rejected
"""What comes of looking closer."""
MOST_LOOKS = 1000
"""A refusal comes before a dashboard has asked for so many other looks."""
SILENCE_S = 1.5
"""The engine speaks at least once a second; after this much silence the dashboard says so."""


class RunView:
    """One run as seen through one connection.

    Attributes:
        lanes: What is known of each of its lanes.
        lane: The one that the table, the rows of status and the keys speak of.
        steers_all: Whether the keys steer all lanes of a race.
        is_gone: Whether there is no engine any more.
        has_broken_off: Whether the engine has gone before the run had ended.
        log: What happened, the newest last.
        asked: The commands that the engine has not answered yet, by their number, in words.
        undoing: The live changes of this dashboard, to be taken back.
        swept: What the last sweep of the learning rate has found.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.welcome = client.welcome
        self.is_gone = False
        self.has_broken_off = False
        self.log = Log()
        self.asked: dict[int, str] = {}
        self.swept: protocol.RatesSwept | None = None
        self._then: dict[int, Callable[[Answer], None]] = {}
        self._looking: dict[int, tuple[tuple[str, str], Callable[[Sight], None]]] = {}
        """What is being looked at, by the number of the command."""
        self._looks: deque[int] = deque(maxlen=MOST_LOOKS)
        """The newest of these commands, also those that were replaced since: their refusals are of no interest."""
        self._answered: tuple[str, int, str] = ("", 0, "")
        """Who asked last, under which number, and for what: a race answers once for every lane."""
        self.undoing = Undoing(self)
        self.changes = 0
        """Counts everything that a screen would show differently."""
        self._heard = time.monotonic()
        self.lanes = tuple(
            LaneView(number, self.welcome, self._reader, self._note) for number in range(len(self.welcome.lanes))
        )
        self.lane = self.lanes[0]
        self.steers_all = False
        self._read: set[Notice] = set()
        """The evaluations that the record told of."""
        self._open_history()

    # ---- what a screen asks

    @property
    def is_race(self) -> bool:
        """Whether there is more than one lane."""
        return len(self.lanes) > 1

    @property
    def notices(self) -> Sequence[Notice]:
        """What happened, the newest last, without the evaluations."""
        return self.log.notices

    @property
    def spec(self) -> RunSpec:
        """The lane's spec, as the engine last confirmed it."""
        return self.lane.spec

    @property
    def step(self) -> int:
        """How many updates the lane has made."""
        return self.lane.step

    @property
    def state(self) -> str:
        """What the run is doing, as the engine last told it, or "gone" when there is no engine any more."""
        if self.is_gone:
            return "gone"
        states = [lane.state for lane in self.lanes]
        return next(state for state in ("running", "paused", "waiting", "ended", "diverged") if state in states)

    @property
    def lane_state(self) -> str:
        """What the lane is doing, or "gone"."""
        return "gone" if self.is_gone else self.lane.state

    @property
    def meant(self) -> int | None:
        """The lane that a command is for; None for all."""
        return None if self.steers_all or not self.is_race else self.lane.number

    @property
    def whom(self) -> str:
        """Whom a command is for, in words before it; nothing where there is one lane."""
        if not self.is_race:
            return ""
        return "all lanes: " if self.steers_all else f"{self.lane.title}: "

    @property
    def is_deterministic(self) -> bool:
        """Whether every step sees the whole objective, so that there is nothing to smooth."""
        return self.welcome.samples <= 1

    @property
    def reads_history(self) -> bool:
        """Whether the past is still being read from the record."""
        return any(lane.reads_history for lane in self.lanes)

    @property
    def silence_s(self) -> float:
        """Seconds since the engine last spoke, 0 while that is as it should be."""
        silent = time.monotonic() - self._heard
        return silent if silent > SILENCE_S and not self.is_gone else 0.0

    @property
    def unrecorded(self) -> int:
        """How many steps of all lanes the record lacks, as it could not be written."""
        return (self.lanes[0].progress.unrecorded or 0) if self.lanes[0].progress is not None else 0

    @property
    def x_end(self) -> float:
        """The newest step of any lane, at least 1."""
        return float(max(1, *(lane.step for lane in self.lanes)))

    def held_out_text(self) -> str:
        """Return the newest evaluation on the held-out samples in words, or nothing."""
        lane = self.lane
        if lane.accuracy.count:
            return f"held-out {lane.accuracy.last:.1%} right"
        return f"held-out loss {compact(lane.held_out.last)}" if lane.held_out.count else ""

    def choose_lane(self, number: int) -> None:
        """Speak of another lane from now on."""
        self.lane = self.lanes[number % len(self.lanes)]
        self.changes += 1

    def say(self, text: str) -> None:
        """Tell the person in front of this dashboard something."""
        self._note(text)

    # ---- what keeps it up to date

    def receive(self) -> bool:
        """Take what the engine has sent; return whether something happened that should be seen at once."""
        if self.is_gone:
            return False
        urgent = False
        for message in self.client.receive():
            self._heard = time.monotonic()
            urgent = self._take(message) or urgent
        self.catch_up(0.0)
        if not self.client.open:
            self._lose_engine()
            urgent = True
        return urgent

    def catch_up(self, budget_s: float) -> None:
        """Read the past from the record for about this long, and then what has come in meanwhile."""
        end = time.perf_counter() + budget_s
        for lane in self.lanes:
            lane.catch_up(end - time.perf_counter())

    # ---- commands: sent, not done

    def send(self, command: protocol.Steering, words: str, then: Callable[[Answer], None] | None = None) -> None:
        """Ask the engine for something; `words` say what until it answers, and `then` takes the answer."""
        if self.is_gone:
            self._note(f"there is no engine any more. {notices.way_anew()}", "warning")
            if then is not None:
                then(_unanswered(command.seq))
            return
        self.asked[command.seq] = words
        if then is not None:
            self._then[command.seq] = then
        self.changes += 1
        self.client.send(command)

    def next_sequence(self) -> int:
        """Return a number for the next command."""
        return self.client.next_sequence()

    def look(
        self,
        about: str,
        settings: dict[str, Any] | None,
        then: Callable[[Sight], None],
        *,
        topic: str = "",
        lane: int | None = None,
    ) -> None:
        """Ask to look at a lane more closely; `then` takes every answer, and a refusal.

        Args:
            about: The name of an inspection; see `engine.method.inspections`.
            settings: Its fields; None to look no longer.
            then: Called with what is found, several times where it comes coarse first, or with why it cannot be.
            topic: Tells apart what is wanted of the same kind at the same time; a second one replaces the first.
            lane: The number of the lane; None for the one that the keys speak of.
        """
        sequence = self.next_sequence()
        place = (about, topic)
        self._looks.append(sequence)
        self._looking = {seq: kept for seq, kept in self._looking.items() if kept[0] != place}
        if self.is_gone:
            then(protocol.Rejected(seq=sequence, reason="the engine is gone"))
            return
        if settings is not None:
            self._looking[sequence] = (place, then)
        number = self.lane.number if lane is None else lane
        self.client.send(protocol.Inspect(seq=sequence, lane=number, about=about, settings=settings, topic=topic))

    # ---- messages

    def _show_seen(self, sequence: int, sight: Sight) -> None:
        _, then = self._looking.get(sequence, (None, None))
        if then is None:
            return  # it was asked for before something else of the same kind was
        if isinstance(sight, protocol.Rejected) or sight.share >= 1.0:
            del self._looking[sequence]
        then(sight)

    def _take(self, message: protocol.Heard) -> bool:
        self.changes += 1
        match message:
            case protocol.Steps():
                self.lanes[message.lane].take_steps(message)
            case protocol.Figures():
                self.lanes[message.lane].take_figures(message)
            case protocol.Progressed():
                self.lanes[message.lane].take_progress(message)
            case protocol.Evaluated():
                self.lanes[message.lane].take_evaluation(message)
                told = notices.of_evaluation(message.step, message.split, message.loss, message.accuracy, message.lane)
                # What came between the welcome and the reading of the record is told as well.
                if message.segment != self.welcome.segment or told not in self._read:
                    self._say(told)
            case protocol.Applied():
                self._apply(message)
                return True
            case protocol.Seen(seq=seq):
                self._show_seen(seq, message)
            case protocol.Rejected(seq=seq) if seq in self._looks:
                self._show_seen(seq, message)
            case protocol.Rejected(seq=seq, reason=reason):
                self.undoing.refuse(seq)
                words = f"refused: {self.asked.pop(seq, 'a command')}: {reason}"
                self._say(Notice(text=words, severity="warning", kind="refusal", step=self.step))
                self._pass_on(seq, message)
                return True
            case protocol.RatesSwept(seq=seq):
                self.asked.pop(seq, None)
                self.swept = message
                self._say(Notice(text=found_rates(message), kind="command", step=self.step))
                return True
            case protocol.Diverged():
                self.lanes[message.lane].set_state("diverged")
                self.lanes[message.lane].diverged = message
                self._say(self._divergence(message))
                return True
            case protocol.Finished():
                # Who comes after the end reads it in the journal and is told it once more.
                known = self.lanes[message.lane].finished == message
                self.lanes[message.lane].set_state("ended")
                self.lanes[message.lane].finished = message
                if not known:
                    self._say(self._end(message))
                return True
            case protocol.Judged():
                self._say(notices.of_verdict(message, self._name(message.lane)))
                return True
            case protocol.Warned():
                self._say(notices.of_warning(message, self._name(message.lane), locks=self.welcome.locks))
                return True
            case protocol.Failed(text=text):
                self._note(f"the engine failed: {text}", "error")
                return True
            case _:
                pass
        return False

    def _divergence(self, diverged: protocol.Diverged) -> Notice:
        return notices.of_divergence(diverged, self._name(diverged.lane), locks=self.welcome.locks)

    def _end(self, finished: protocol.Finished) -> Notice:
        lane = self.lanes[finished.lane]
        return notices.of_end(
            finished, lane.spec, self._name(finished.lane), is_race=self.is_race, locks=self.welcome.locks
        )

    def _apply(self, applied: protocol.Applied) -> None:
        # Another dashboard counts its commands from 1 as well: only its name tells them apart.
        mine = applied.actor == self.client.name
        waited_for = mine and self.asked.pop(applied.seq, None) is not None
        repeated = self._repeats(applied)
        lane = self.lanes[applied.lane]
        before = lane.spec
        lane.take_answer(applied)
        how = self.undoing.take(applied, before, lane.spec) if mine else ""
        for notice in self._answers(applied, repeated=repeated, how=how):
            self._say(notice)
        if waited_for:
            self._pass_on(applied.seq, applied)

    def _repeats(self, applied: protocol.Applied) -> bool:
        """Return whether another lane of a race has answered the same command just before."""
        answered, before = (applied.actor, applied.seq, applied.command), self._answered
        self._answered = answered
        return self.is_race and applied.seq > 0 and before == answered

    def _answers(self, applied: protocol.Applied, *, repeated: bool, how: str = "") -> list[Notice]:
        """Return what came into force, `how` that came about, and by whom where that was someone else."""
        mine = applied.actor == self.client.name
        by = "" if mine else f" by {actors.in_words(applied.actor, to=self.client.name)}"
        spec, whose = self.lanes[applied.lane].spec, self._name(applied.lane)
        return notices.of_answer(applied, spec, whose, how=how, by=by, repeated=repeated)

    def _pass_on(self, sequence: int, answer: Answer) -> None:
        then = self._then.pop(sequence, None)
        if then is not None:
            then(answer)

    def _lose_engine(self) -> None:
        self.changes += 1
        for sequence in list(self.asked):
            self._pass_on(sequence, _unanswered(sequence))
        self.asked.clear()
        for sequence in list(self._looking):
            self._show_seen(sequence, _unanswered(sequence))
        self.has_broken_off = self.state != "ended" and not all(lane.finished for lane in self.lanes)
        self.is_gone = True
        if not self.has_broken_off:
            self._note("the run has ended and its engine has left")
            return
        death = self.client.engine.death() if self.client.engine is not None else None
        where = f"; the record is in {clean(self.welcome.directory)}" if self.welcome.recorded else ""
        told = f"the engine is gone at step {self.step:,} ({death or 'it says no more'}){where}. "
        self._note(told + notices.way_anew(), "error")

    # ---- the past

    def _reader(self) -> RecordReader:
        return RecordReader(self.client.run.record)

    def _open_history(self) -> None:
        """Begin to read what happened before this dashboard came."""
        welcome = self.welcome
        if not welcome.recorded:
            if welcome.step:
                self._note(f"this run is not recorded: its history begins here, at step {welcome.step:,}")
            return
        try:
            reader = self._reader()
            for lane, status in zip(self.lanes, welcome.lanes, strict=True):
                lane.open_history(reader, status.step)
            past = [notice for event in reader.events(welcome.segment) for notice in self._recalled(event)]
            begun = reader.begun_s(welcome.segment)
            for lane in self.lanes:
                for each in reader.evaluations(welcome.segment, lane=lane.number)[-notices.MAXIMUM_LOG :]:
                    told = notices.of_evaluation(each.step, each.split, each.loss, each.accuracy, lane.number)
                    past.append(replace(told, is_past=True, at=None if each.step else begun))
                    self._read.add(told)
            # What happened after the same step stays in the order of the journal.
            for notice in sorted(past, key=lambda notice: notice.step or 0):
                self._say(notice)
        except GdtuiError as error:
            self._note(f"the record cannot be read: {error}", "warning")

    def _recalled(self, event: RecordedEvent) -> list[Notice]:
        """Take what the journal tells, and return it in words."""
        try:
            found = list(self._recall(event.kind, {**event.payload, "kind": event.kind}))
        except (ValueError, IndexError) as error:
            cause = clean(str(error).splitlines()[0])
            raise RunError(f"an event in the record cannot be understood: {cause}") from None
        return [replace(notice, at=event.wall_s) for notice in found]

    def _recall(self, kind: str, payload: dict[str, Any]) -> Iterator[Notice]:
        match kind:
            case "applied":
                applied = protocol.Applied.model_validate(payload)
                self.lanes[applied.lane].recall(applied)
                told = self._answers(applied, repeated=self._repeats(applied))
                yield from (replace(each, is_past=True) for each in told)
            case "rejected":
                reason = protocol.Rejected.model_validate(payload).reason
                yield Notice(text=f"refused: {reason}", severity="warning", kind="refusal", is_past=True)
            case "diverged":
                diverged = protocol.Diverged.model_validate(payload)
                is_past = self.lanes[diverged.lane].state != "diverged"
                if not is_past:
                    self.lanes[diverged.lane].diverged = diverged
                yield replace(self._divergence(diverged), is_past=is_past)
            case "finished":
                finished = protocol.Finished.model_validate(payload)
                is_past = self.lanes[finished.lane].state != "ended"
                if not is_past:
                    self.lanes[finished.lane].finished = finished
                yield replace(self._end(finished), is_past=is_past)
            case "judged":
                judged = protocol.Judged.model_validate(payload)
                yield replace(notices.of_verdict(judged, self._name(judged.lane)), is_past=True)
            case "warned":
                warned = protocol.Warned.model_validate(payload)
                yield replace(notices.of_warning(warned, self._name(warned.lane)), is_past=True)
            case _:
                pass

    def _name(self, lane: int) -> str:
        return f"{self.lanes[lane].title}: " if self.is_race else ""

    def _note(self, text: str, severity: Severity = "information") -> None:
        self._say(Notice(text=text, severity=severity))

    def _say(self, notice: Notice) -> None:
        """Put a notice into the log; what happens now has the time of now, unless nobody knows when it was."""
        at = time.time() if notice.at is None and not notice.is_past else notice.at
        self.log.add(replace(notice, number=self.log.next_number(), at=at))
        self.changes += 1


def _unanswered(sequence: int) -> protocol.Rejected:
    return protocol.Rejected(seq=sequence, reason="the engine is gone")
