"""What happened in a run, in words: for the message at the bottom of a dashboard and for the log."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from heapq import merge
from typing import Literal

from engine.method.locks import BY_LESSON, NONE, Locks
from engine.method.spec import RunSpec
from engine.method.stopping import StopSpec
from engine.run import events
from engine.text import clean

from .charts.axes import compact
from .key_names import with_keys
from .outcomes import after, verdict_in_words, warning_in_words
from .wording import in_words, reason_in_words, symbol_of

Severity = Literal["information", "warning", "error"]
NoticeKind = Literal["command", "refusal", "warning", "evaluation", "goal", "run"]
"""command: what took effect; refusal: what did not; warning: a sign that training goes wrong; run: all else."""
MAXIMUM_LOG = 500
"""How many notices are kept, and beside them how many evaluations."""
EVALUATIONS_EVERY_S = 1.0
"""An evaluation that followed another one sooner than this makes room for the next: short epochs make many a second."""

IN_FORCE = ", in force"
"""What the words about a field end with."""
WHOLE_RUN = {
    "pause": "paused",
    "resume": "going on",
    "step": "one step made",
    "epoch": "going on to the end of the epoch",
}

REDONE = "a number was not finite again: the last update was taken back and made anew, and none was added"

KEYS_FOR = {
    "rising": (("optimizer.lr", "lr.tenth"), ("reset", "run.reset")),
    "crawling": (("optimizer.lr", "lr.tenfold"),),
    "leaping": (("optimizer.lr", "lr.tenth"),),
}
"""Of the warnings whose advice a key follows at once: what each of the keys needs, and its command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that a person should read."""

    text: str
    severity: Severity = "information"
    kind: NoticeKind = "run"
    step: int | None = None
    """It happened after this many steps; None where that is not known."""
    lane: int | None = None
    """The lane of a race that it is about; None for the run as a whole."""
    at: float | None = field(default=None, compare=False)
    """Seconds since 1970; None where nobody knows any more."""
    before: str = ""
    """What stands before the text where there are no columns for lane and step."""
    advice: str = ""
    """What to try, as a sentence without its full stop."""
    stops: bool = False
    """Whether it says what its lane stopped at, and how it goes on."""
    is_past: bool = False
    """Whether it was over before this dashboard came."""
    number: int = field(default=0, compare=False)
    """Counts all notices in the order in which they came."""

    @property
    def words(self) -> str:
        """All of it as one line."""
        return self.before + self.sentences

    @property
    def sentences(self) -> str:
        """What happened, and what to try."""
        return f"{self.text}. {self.advice[:1].upper()}{self.advice[1:]}" if self.advice else self.text


class Log:
    """The newest notices and the newest evaluations; the many of these push none of those out."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.notices: deque[Notice] = deque(maxlen=MAXIMUM_LOG)
        self.evaluations: deque[Notice] = deque(maxlen=MAXIMUM_LOG)
        self.count = 0
        """How many there have been; another number means that there is something new."""

    def __iter__(self) -> Iterator[Notice]:
        """All of them in the order in which they came."""
        return merge(self.notices, self.evaluations, key=lambda notice: notice.number)

    @property
    def newest(self) -> Notice | None:
        """The last that happened while someone watched, evaluations apart.

        What a lane stopped at is not pushed off by the lesser warnings that come after it.
        """
        present = (notice for notice in reversed(self.notices) if not notice.is_past)
        last = before = next(present, None)
        while before is not None and before.kind == "warning" and not before.stops:
            before = next(present, None)
        return before if before is not None and last is not None and _outlives(before, last) else last

    def next_number(self) -> int:
        """Return the number of the next notice."""
        self.count += 1
        return self.count

    def add(self, notice: Notice) -> None:
        """Add a notice; an evaluation that came right after another one of its lane makes room for it."""
        if notice.kind != "evaluation":
            self.notices.append(notice)
            return
        mine = [other for other in list(self.evaluations)[-64:] if other.lane == notice.lane][-2:]
        if len(mine) == 2 and _follows(*mine):
            self.evaluations.remove(mine[1])
        self.evaluations.append(notice)


def _follows(earlier: Notice, later: Notice) -> bool:
    return earlier.at is not None and later.at is not None and later.at - earlier.at < EVALUATIONS_EVERY_S


def _outlives(stop: Notice, later: Notice) -> bool:
    return stop.stops and stop.lane == later.lane


def of_warning(warned: events.Warned, whose: str, *, locks: Locks = NONE) -> Notice:
    """Return a sign that training goes wrong, or that it does so no longer; with the keys for what is to be tried."""
    advice = clean(warned.advice, 400)
    if advice and warned.about in KEYS_FOR:
        advice += f": {' or '.join(_key_or_lock(*each, locks) for each in KEYS_FOR[warned.about])}"
    return Notice(
        text=warning_in_words(warned),
        severity="information" if warned.over else "warning",
        kind="warning",
        step=warned.step,
        lane=warned.lane,
        before=f"{whose}step {warned.step:,}: ",
        advice=advice,
    )


def _key_or_lock(control: str, command: str, locks: Locks) -> str:
    return f"{control} is {BY_LESSON}" if locks.holds(control) else with_keys(f"<{command}>")


def of_divergence(diverged: events.Diverged, whose: str, *, locks: Locks = NONE) -> Notice:
    """Return that a number was not finite, and what can be done about it that is not locked."""
    changes = [
        words
        for key, words in (
            ("optimizer.lr", "<lr.tenth> or <lr.down> for a smaller rate"),
            ("optimizer.name", "<run.optimizer> for another optimizer"),
        )
        if not locks.holds(key)
    ][:1]
    ways = [f"{words} and then <run.pause>" for words in changes]
    ways += [] if locks.holds("reset") else ["<run.reset> to reset"]
    advice = with_keys(f"Try {', or '.join(ways)}" if ways else "The lesson has locked what could help; <quit> leaves")
    return Notice(
        text=f"the {diverged.quantity} is not finite (first in {diverged.tensor}): paused with the last finite "
        f"parameters{after(diverged)}. {advice}",
        severity="error",
        kind="warning",
        stops=True,
        step=diverged.step,
        lane=diverged.lane,
        before=f"{whose}step {diverged.step:,}: ",
    )


def way_anew() -> str:
    """Return what can be done where the engine has gone."""
    return with_keys("Press <run.reset> to start the same run anew")


def of_verdict(judged: events.Judged, whose: str) -> Notice:
    """Return whether the goal was reached."""
    return Notice(
        text=f"goal: {judged.text}: {verdict_in_words(judged)}",
        kind="goal",
        step=judged.step,
        lane=judged.lane,
        before=whose,
    )


def of_evaluation(step: int, split: str, loss: float, accuracy: float | None, lane: int) -> Notice:
    """Return how good the parameters are on a split."""
    right = "" if accuracy is None else f", {accuracy:.1%} right"
    text = f"{split.replace('_', '-')} loss {compact(loss)}{right}"
    return Notice(text=text, kind="evaluation", step=step, lane=lane)


def of_end(finished: events.Finished, spec: RunSpec, whose: str, *, is_race: bool, locks: Locks = NONE) -> Notice:
    """Return why a lane, or the run that has no others, has ended, and what can be done that is not locked."""
    what = "the lane" if is_race else "the run"
    goes_on = "" if is_end_locked(finished, locks) else "<run.pause> trains on, "
    again = "" if locks.holds("reset") else "<run.reset> starts again, "
    return Notice(
        text=f"{what} has ended: {reason_in_words(finished.reason, spec)}. "
        f"{with_keys(f'{goes_on}{again}<quit> leaves')}",
        stops=True,
        step=finished.step,
        lane=finished.lane,
        before=f"{whose}step {finished.step:,}: ",
    )


def is_end_locked(finished: events.Finished, locks: Locks) -> bool:
    """Return whether the lesson keeps the stop rule that has ended a lane: to go on is to lift it."""
    return finished.reason in StopSpec.model_fields and locks.holds(f"stop.{finished.reason}")


def of_answer(applied: events.Applied, spec: RunSpec, whose: str, *, how: str, by: str, repeated: bool) -> list[Notice]:
    """Return what came into force.

    Args:
        applied: The engine's answer.
        spec: Of the lane that it is about.
        whose: That lane's name as a beginning, where there are others.
        how: What made it come about, as a beginning: "undone: ".
        by: Whom else it came from, as an end.
        repeated: Whether another lane has answered the same before: of the run as a whole nothing is said again.
    """
    step, at = applied.step, f"step {applied.step:,}: "
    if applied.changes and applied.command != "reset":
        changed = [_change_in_words(change, spec) for change in applied.changes]
        before = f"{whose}{how}{at}"
        found = [
            Notice(text=f"{text}{by}", kind="command", step=step, lane=applied.lane, before=before) for text in changed
        ]
        return [*found[:-1], replace(found[-1], advice=clean(applied.advice, 200))]
    if repeated:
        return []
    if applied.command == "reset":
        return [Notice(text=f"{how}{_reset_in_words(applied, by)}", kind="command", step=step)]
    if applied.command == "step" and applied.state == "diverged":
        return []  # no step was made, and what is not finite has been told just before
    if applied.command in WHOLE_RUN:
        words = "the run begins" if applied.command == "resume" and not step else WHOLE_RUN[applied.command]
        words = REDONE if applied.redone else words
        return [Notice(text=f"{words}{by}", kind="command", step=step, before=at)]
    return []


def _change_in_words(change: events.ChangedField, spec: RunSpec) -> str:
    symbol = symbol_of(change.key, spec)
    if change.key.startswith("stop.") and change.new is None:
        return f"stops no longer at {symbol[:1].lower()}{symbol[1:]} {in_words(change.old)}"
    return f"{symbol} {in_words(change.old)} → {in_words(change.new)}{IN_FORCE}"


def _reset_in_words(applied: events.Applied, by: str) -> str:
    for change in applied.changes:
        if change.key == "problem.start":
            return f"reset: from ({change.new}) on, where {with_keys('<run.reset>')} leads from now on too{by}"
        if change.key.startswith("seed."):
            return f"reset: seed {change.new}: other parameters and batches from step 0{by}"
    return f"reset: the same parameters and batches from step 0{by}"
