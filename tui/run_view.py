"""What a dashboard knows about its run: kept up to date from the engine's events, and from the record for the past.

There is no widget in here, and nothing is taken for done that the engine has not said.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from engine.errors import GdtuiError, RunError
from engine.method.spec import RunSpec, checked_spec
from engine.method.telemetry import SERIES, StepBlock
from engine.run import actors, protocol
from engine.run.client import Client
from engine.run.history import RecordReader
from engine.text import clean

from .charts.axes import compact
from .charts.history import Series, Smoother
from .charts.markers import Marker
from .wording import in_words, label_of, reason_in_words, symbol_of, verdict_in_words

Answer = protocol.Applied | protocol.Rejected
Severity = Literal["information", "warning", "error"]
MAXIMUM_LOG = 500
SILENCE_S = 3.0
"""The engine speaks at least once a second; after this much silence the dashboard says so."""
GAP_PATIENCE_S = 0.6
"""How long a stretch that was left out for a slow client takes to be in the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that a person should read."""

    text: str
    severity: Severity = "information"


class RunView:
    """One run as seen through one connection.

    Attributes:
        spec: As the engine last confirmed it.
        state: As the engine last told it, or "gone" when there is no engine any more.
        has_broken_off: Whether the engine has gone before the run had ended.
        loss, smoothed, held_out, accuracy, grad_norm, lr: What the charts draw, against the step.
        before: The smoothed loss of the stretch before the last reset.
        markers: One for every live change of this stretch.
        notices: What happened, the newest last.
        asked: The commands that the engine has not answered yet, by their number, in words.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.welcome = client.welcome
        self.spec: RunSpec = checked_spec(self.welcome.lanes[0].spec, "the engine")
        self.state: str = self.welcome.state
        self.has_broken_off = False
        self.step = self.welcome.step
        self.progress: protocol.Progressed | None = None
        self.figures: np.ndarray[Any, Any] | None
        self.finished: protocol.Finished | None = None
        self.diverged: protocol.Diverged | None = None
        self.notices: deque[Notice] = deque(maxlen=MAXIMUM_LOG)
        self.asked: dict[int, str] = {}
        self._then: dict[int, Callable[[Answer], None]] = {}
        self.changes = 0
        """Counts everything that a screen would show differently."""
        self.before: Series | None = None
        self._heard = time.monotonic()
        self._waiting: deque[protocol.Steps] = deque()
        self._evaluated: list[protocol.Evaluated] = []
        self._early: list[protocol.Evaluated] = []
        self._recalled: list[protocol.Applied] = []
        self._gap_since: float | None = None
        self._looked_up_to = 0
        """The step up to which the record was asked for what was left out."""
        self._history: Iterator[StepBlock] | None = None
        self._begin_segment(self.welcome.segment)
        self._open_history()

    # ---- what a screen asks

    @property
    def is_gone(self) -> bool:
        """Whether there is no engine any more."""
        return self.state == "gone"

    @property
    def is_deterministic(self) -> bool:
        """Whether every step sees the whole objective, so that there is nothing to smooth."""
        return self.welcome.samples <= 1

    @property
    def reads_history(self) -> bool:
        """Whether the past is still being read from the record."""
        return self._history is not None

    @property
    def silence_s(self) -> float:
        """Seconds since the engine last spoke, 0 while that is as it should be."""
        silent = time.monotonic() - self._heard
        return silent if silent > SILENCE_S and not self.is_gone else 0.0

    @property
    def x_end(self) -> float:
        """The newest step, at least 1."""
        return float(max(1, self.step))

    def held_out_text(self) -> str:
        """Return the newest evaluation on the held-out samples in words, or nothing."""
        if self.accuracy.count:
            return f"held-out {self.accuracy.last:.1%} right"
        return f"held-out loss {compact(self.held_out.last)}" if self.held_out.count else ""

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
        self._add_evaluations(self._evaluated)
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
                self._append(block)
        while self._history is None and self._waiting:
            if not self._fits(self._waiting[0].block.first_step):
                break
            self._append(self._next_stretch())
        # The last block before a pause or the end may have been left out as well, and none comes after it.
        behind = self._history is None and not self._waiting and self.loss.last_x < self.step
        if behind and self._looked_up_to < self.step and self._fits(self.step + 1):
            self._looked_up_to = self.step

    # ---- commands: sent, not done

    def send(self, command: protocol.Steering, words: str, then: Callable[[Answer], None] | None = None) -> None:
        """Ask the engine for something; `words` say what until it answers, and `then` takes the answer."""
        if self.is_gone:
            self._note("there is no engine any more: press r to start the same run anew", "warning")
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

    # ---- messages

    def _take(self, message: protocol.Event | protocol.Steps | protocol.Figures) -> bool:
        self.changes += 1
        match message:
            case protocol.Steps():
                if message.segment == self._segment:
                    self._waiting.append(message)
            case protocol.Figures(segment=segment, figures=figures):
                if segment == self._segment:
                    self.figures = figures.values
            case protocol.Progressed():
                self.progress, self.step = message, message.step
                self._set_state(message.state)
            case protocol.Evaluated(segment=segment):
                # That of step 0 comes just before the reset it belongs to.
                (self._evaluated if segment == self._segment else self._early).append(message)
            case protocol.Applied():
                # What came before it belongs to the curves as they were until then.
                self.catch_up(0.0)
                self._apply(message)
                return True
            case protocol.Rejected(seq=seq, reason=reason):
                self._note(f"refused: {self.asked.pop(seq, 'a command')}: {reason}", "warning")
                self._pass_on(seq, message)
                return True
            case protocol.Diverged():
                self._set_state("diverged")
                self._note_divergence(message)
                return True
            case protocol.Finished():
                self._note_end(message)
                return True
            case protocol.Judged(text=text):
                self._note(f"goal: {text}: {verdict_in_words(message)}")
                return True
            case protocol.Failed(text=text):
                self._note(f"the engine failed: {text}", "error")
                return True
            case _:
                pass
        return False

    def _note_divergence(self, diverged: protocol.Diverged) -> None:
        self.diverged = diverged
        self._note(
            f"step {diverged.step:,}: the {diverged.quantity} is not finite (first in {diverged.tensor}): paused "
            "with the last finite parameters. Try { or [ for a smaller rate and then space, or r to reset",
            "error",
        )

    def _note_end(self, finished: protocol.Finished) -> None:
        self.finished = finished
        why = reason_in_words(finished.reason, self.spec)
        self._note(f"step {finished.step:,}: the run has ended: {why}. space trains on, r starts again, q leaves")

    def _apply(self, applied: protocol.Applied) -> None:
        # Another dashboard counts its commands from 1 as well: only its name tells them apart.
        mine = self.asked.pop(applied.seq, None) if applied.actor == self.client.name else None
        if applied.command == "reset":
            self.before = self.smoothed if self.smoothed.count else self.before
            self._begin_segment(applied.segment)
        self.spec = checked_spec(applied.spec, "the engine")
        self.step = applied.step
        self._set_state(applied.state)
        by = "" if mine is not None else f" by {actors.in_words(applied.actor, to=self.client.name)}"
        if applied.changes and applied.command != "reset":
            self._mark(applied)
            for change in applied.changes:
                name = symbol_of(change.key, self.spec)
                self._note(
                    f"step {applied.step:,}: {name} {in_words(change.old)} → {in_words(change.new)}, in force{by}"
                )
        elif applied.command == "reset":
            self._note(f"reset: the same parameters and batches from step 0{by}")
        elif applied.command in ("pause", "resume", "step"):
            words = {"pause": "paused", "resume": "going on", "step": "one step made"}[applied.command]
            self._note(f"step {applied.step:,}: {words}{by}")
        if mine is not None:
            self._pass_on(applied.seq, applied)

    def _mark(self, applied: protocol.Applied) -> None:
        # How fast it goes changes nothing about the training, so it leaves no mark on the curves.
        changes = tuple(change for change in applied.changes if not change.key.startswith(("pace.", "compute.")))
        # What happened between the welcome and the reading of the journal is told as well.
        if changes and applied not in self._recalled:
            # Who goes on after the end lifts a stop rule: what counts on a curve is that the run goes on.
            label = "goes on" if applied.command == "resume" else label_of(changes)
            self.markers.append(Marker(step=float(applied.step), label=label))

    def _pass_on(self, sequence: int, answer: Answer) -> None:
        then = self._then.pop(sequence, None)
        if then is not None:
            then(answer)

    def _add_evaluations(self, evaluations: Iterable[protocol.Evaluated | Any]) -> None:
        """Append evaluations of the present stretch to their curves, all at once: short epochs make many a second."""
        last, loss = self.held_out.last_x, self.held_out.last
        fresh = []
        for evaluation in evaluations:
            if evaluation.split != "held_out" or evaluation.step < last:
                continue
            # At the end of a run a part is followed by the whole at the same step; the record repeats what was told.
            if evaluation.step == last and evaluation.loss == loss:
                continue
            last, loss = evaluation.step, evaluation.loss
            fresh.append(evaluation)
        if fresh:
            steps = [float(evaluation.step) for evaluation in fresh]
            self.held_out.append(steps, [evaluation.loss for evaluation in fresh])
            if fresh[0].accuracy is not None:
                self.accuracy.append(steps, np.array([evaluation.accuracy for evaluation in fresh], np.float64))

    def _set_state(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.changes += 1
        if state == "running":
            self.finished = self.diverged = None

    def _lose_engine(self) -> None:
        self.changes += 1
        for sequence in list(self.asked):
            self._pass_on(sequence, _unanswered(sequence))
        self.asked.clear()
        self.has_broken_off = self.finished is None and self.state != "ended"
        self.state = "gone"
        if not self.has_broken_off:
            self._note("the run has ended and its engine has left")
            return
        death = self.client.engine.death() if self.client.engine is not None else None
        where = f"; the record is in {clean(self.welcome.directory)}" if self.welcome.recorded else ""
        self._note(
            f"the engine is gone at step {self.step:,} ({death or 'it says no more'}){where}. "
            "Press r to start the same run anew",
            "error",
        )

    # ---- curves

    def _begin_segment(self, segment: int) -> None:
        self._segment = segment
        self.loss, self.smoothed, self.held_out, self.accuracy = Series(), Series(), Series(), Series()
        self.grad_norm, self.lr = Series(), Series()
        self.markers: list[Marker] = []
        batches = self.progress.batches_per_epoch if self.progress is not None else self._batches_per_epoch()
        # One epoch is what a person takes for the present; less than ten steps smooth nothing.
        self._smoother = Smoother(1.0 - 1.0 / min(max(batches, 10), 1000))
        self._waiting.clear()
        self._evaluated.clear()
        self._history = None
        self._looked_up_to = 0
        self.finished = self.diverged = None
        self.figures = None
        self.step = 0
        self._add_evaluations([evaluation for evaluation in self._early if evaluation.segment == segment])
        self._early.clear()

    def _batches_per_epoch(self) -> int:
        size = self.spec.batch.size
        return 1 if size == "full" else -(-self.welcome.samples // size)

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

    def _append(self, block: StepBlock) -> None:
        values = block.values
        # A part that is known already, because it was read from the record and sent as well, is left out.
        known = max(0, int(self.loss.last_x) + 1 - block.first_step) if self.loss.count else 0
        if known >= values.shape[1]:
            return
        values = values[:, known:]
        steps = np.arange(block.first_step + known, block.last_step + 1, dtype=np.float64)
        self.loss.append(steps, values[SERIES.index("loss")])
        self.smoothed.append(steps, self._smoother.extend(values[SERIES.index("loss")]))
        self.grad_norm.append(steps, values[SERIES.index("grad_norm")])
        self.lr.append(steps, values[SERIES.index("lr")])
        self.step = max(self.step, block.last_step)

    def _fits(self, first_step: int) -> bool:
        """Return whether a block can be appended; what was left out before it is read from the record first."""
        expected = int(self.loss.last_x) + 1 if self.loss.count else 1
        if first_step <= expected or not self.welcome.recorded:
            self._gap_since = None
            return True
        now = time.monotonic()
        if self._gap_since is None:
            self._gap_since = now
        if now - self._gap_since < GAP_PATIENCE_S:
            return False
        self._gap_since = None
        try:
            for block in self._reader().steps(self._segment, expected, first_step - 1):
                self._append(block)
        except GdtuiError as error:
            missing = (
                f"step {expected:,} is"
                if first_step - 1 == expected
                else f"steps {expected:,} to {first_step - 1:,} are"
            )
            self._note(f"{missing} missing: {error}", "warning")
        return True

    def _reader(self) -> RecordReader:
        return RecordReader(self.client.run.record)

    def _open_history(self) -> None:
        """Begin to read what happened before this dashboard came."""
        if not self.welcome.recorded:
            if self.welcome.step:
                self._note(f"this run is not recorded: its history begins here, at step {self.welcome.step:,}")
            return
        self.step = self.welcome.step
        try:
            reader = self._reader()
            self._history = reader.steps(self._segment, 1, self.welcome.step)
            self._add_evaluations(reader.evaluations(self._segment))
            telemetry = reader.telemetry(self._segment, last_only=True)
            self.figures = telemetry[-1].values if telemetry else None
            for event in reader.events(self._segment):
                self._recall(event.kind, event.payload)
        except GdtuiError as error:
            self._note(f"the record cannot be read: {error}", "warning")

    def _recall(self, kind: str, payload: dict[str, Any]) -> None:
        try:
            match kind:
                case "applied":
                    applied = protocol.Applied.model_validate({**payload, "kind": "applied"})
                    if applied.command != "reset":
                        self._mark(applied)
                        self._recalled.append(applied)
                case "diverged" if self.state == "diverged":
                    self._note_divergence(protocol.Diverged.model_validate({**payload, "kind": "diverged"}))
                case "finished" if self.state == "ended":
                    self._note_end(protocol.Finished.model_validate({**payload, "kind": "finished"}))
                case _:
                    pass
        except ValueError as error:
            raise RunError(
                f"an event in the record cannot be understood: {clean(str(error).splitlines()[0])}"
            ) from None

    def _note(self, text: str, severity: Severity = "information") -> None:
        self.notices.append(Notice(text=text, severity=severity))
        self.changes += 1


def _unanswered(sequence: int) -> protocol.Rejected:
    return protocol.Rejected(seq=sequence, reason="the engine is gone")
