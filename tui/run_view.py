"""What a dashboard knows about its run: kept up to date from the engine's events, and from the record for the past.

There is no widget in here, and nothing is taken for done that the engine has not said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from engine.errors import GdtuiError
from engine.method.spec import RunSpec
from engine.run import commands, events
from engine.run.client import Client
from engine.run.history import RecordReader
from engine.text import clean

from .charts.axes import compact
from .chronicle import Chronicle
from .lane_view import LaneView
from .looks import Looks, unanswered
from .notices import Log, Notice, way_anew
from .undo import Undoing
from .wording import found_rates

Answer = events.Applied | events.Rejected
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
        looks: What it looks at more closely.
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
        self._chronicle = Chronicle(self)
        self.asked: dict[int, str] = {}
        self.swept: events.RatesSwept | None = None
        self._then: dict[int, Callable[[Answer], None]] = {}
        self.looks = Looks(self)
        self.undoing = Undoing(self)
        self.changes = 0
        """Counts everything that a screen would show differently."""
        self._heard = time.monotonic()
        self.lanes = tuple(
            LaneView(number, self.welcome, self._reader, self._chronicle.note)
            for number in range(len(self.welcome.lanes))
        )
        self.lane = self.lanes[0]
        self.steers_all = False
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
    def scope(self) -> str:
        """How far a change reaches, in words after a title; nothing where it is one lane's."""
        return f" · all {len(self.lanes)} lanes" if self.is_race and self.steers_all else ""

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
        self._chronicle.note(text)

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

    def send(self, command: commands.Steering, words: str, then: Callable[[Answer], None] | None = None) -> None:
        """Ask the engine for something; `words` say what until it answers, and `then` takes the answer."""
        if self.is_gone:
            self._chronicle.note(f"there is no engine any more. {way_anew()}", "warning")
            if then is not None:
                then(unanswered(command.seq))
            return
        self.asked[command.seq] = words
        if then is not None:
            self._then[command.seq] = then
        self.changes += 1
        self.client.send(command)

    def next_sequence(self) -> int:
        """Return a number for the next command."""
        return self.client.next_sequence()

    # ---- messages

    def _take(self, message: events.Heard) -> bool:
        self.changes += 1
        match message:
            case events.Steps():
                self.lanes[message.lane].take_steps(message)
            case events.Figures():
                self.lanes[message.lane].take_figures(message)
            case events.Progressed():
                self.lanes[message.lane].take_progress(message)
            case events.Evaluated():
                self.lanes[message.lane].take_evaluation(message)
                self._chronicle.tell_evaluation(message)
            case events.Applied():
                self._apply(message)
                return True
            case events.Seen(seq=seq):
                self.looks.show(seq, message)
            case events.Rejected(seq=seq) if seq in self.looks:
                self.looks.show(seq, message)
            case events.Rejected(seq=seq, reason=reason):
                self.undoing.refuse(seq)
                words = f"refused: {self.asked.pop(seq, 'a command')}: {reason}"
                self._chronicle.say(Notice(text=words, severity="warning", kind="refusal", step=self.step))
                self._pass_on(seq, message)
                return True
            case events.RatesSwept(seq=seq):
                self.asked.pop(seq, None)
                self.swept = message
                self._chronicle.say(Notice(text=found_rates(message), kind="command", step=self.step))
                return True
            case events.Diverged():
                self.lanes[message.lane].set_state("diverged")
                self.lanes[message.lane].diverged = message
                self._chronicle.tell_divergence(message)
                return True
            case events.Finished():
                # Who comes after the end reads it in the journal and is told it once more.
                known = self.lanes[message.lane].finished == message
                self.lanes[message.lane].set_state("ended")
                self.lanes[message.lane].finished = message
                if not known:
                    self._chronicle.tell_end(message)
                return True
            case events.Judged():
                self._chronicle.tell_verdict(message)
                return True
            case events.Warned():
                self._chronicle.tell_warning(message)
                return True
            case events.Failed(text=text):
                self._chronicle.note(f"the engine failed: {text}", "error")
                return True
            case _:
                pass
        return False

    def _apply(self, applied: events.Applied) -> None:
        # Another dashboard counts its commands from 1 as well: only its name tells them apart.
        mine = applied.actor == self.client.name
        waited_for = mine and self.asked.pop(applied.seq, None) is not None
        lane = self.lanes[applied.lane]
        before = lane.spec
        lane.take_answer(applied)
        how = self.undoing.take(applied, before, lane.spec) if mine else ""
        self._chronicle.tell_answer(applied, how=how)
        if waited_for:
            self._pass_on(applied.seq, applied)

    def _pass_on(self, sequence: int, answer: Answer) -> None:
        then = self._then.pop(sequence, None)
        if then is not None:
            then(answer)

    def _lose_engine(self) -> None:
        self.changes += 1
        for sequence in list(self.asked):
            self._pass_on(sequence, unanswered(sequence))
        self.asked.clear()
        self.looks.end()
        self.has_broken_off = self.state != "ended" and not all(lane.finished for lane in self.lanes)
        self.is_gone = True
        if not self.has_broken_off:
            self._chronicle.note("the run has ended and its engine has left")
            return
        death = self.client.engine.death() if self.client.engine is not None else None
        where = f"; the record is in {clean(self.welcome.directory)}" if self.welcome.recorded else ""
        told = f"the engine is gone at step {self.step:,} ({death or 'it says no more'}){where}. "
        self._chronicle.note(told + way_anew(), "error")

    # ---- the past

    def _reader(self) -> RecordReader:
        return RecordReader(self.client.run.record)

    def _open_history(self) -> None:
        """Begin to read what happened before this dashboard came."""
        welcome = self.welcome
        if not welcome.recorded:
            if welcome.step:
                self._chronicle.note(f"this run is not recorded: its history begins here, at step {welcome.step:,}")
            return
        try:
            reader = self._reader()
            for lane, status in zip(self.lanes, welcome.lanes, strict=True):
                lane.open_history(reader, status.step)
            self._chronicle.read(reader)
        except GdtuiError as error:
            self._chronicle.note(f"the record cannot be read: {error}", "warning")
