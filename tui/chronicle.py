"""What has happened in a run, told in the log of a dashboard: by the engine now, by the record of what was before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.errors import RunError
from engine.run import actors, events
from engine.run.history import RecordedEvent, RecordReader
from engine.text import clean

from . import notices
from .notices import Notice, Severity

if TYPE_CHECKING:
    from .run_view import RunView


class Chronicle:
    """Puts what happens in one run into its log."""

    def __init__(self, run: RunView) -> None:
        """Tell of this run."""
        self._run = run
        self._answered: tuple[str, int, str] = ("", 0, "")
        """Who asked last, under which number, and for what: a race answers once for every lane."""
        self._read: set[Notice] = set()
        """The evaluations that the record told of."""

    # ---- what happens now

    def note(self, text: str, severity: Severity = "information") -> None:
        """Say something that no event is about."""
        self.say(Notice(text=text, severity=severity))

    def say(self, notice: Notice) -> None:
        """Put a notice into the log; what happens now has the time of now, unless nobody knows when it was."""
        log = self._run.log
        at = time.time() if notice.at is None and not notice.is_past else notice.at
        log.add(replace(notice, number=log.next_number(), at=at))
        self._run.changes += 1

    def tell_answer(self, applied: events.Applied, *, how: str) -> None:
        """Tell what came into force, and `how` that came about."""
        for notice in self._answer(applied, how=how):
            self.say(notice)

    def tell_evaluation(self, evaluated: events.Evaluated) -> None:
        """Tell how good the parameters are, unless the record has told so."""
        told = notices.of_evaluation(
            evaluated.step, evaluated.split, evaluated.loss, evaluated.accuracy, evaluated.lane
        )
        # What came between the welcome and the reading of the record is told as well.
        if evaluated.segment != self._run.welcome.segment or told not in self._read:
            self.say(told)

    def tell_divergence(self, diverged: events.Diverged) -> None:
        """Tell what was not finite."""
        self.say(self._divergence(diverged))

    def tell_end(self, finished: events.Finished) -> None:
        """Tell why a lane has ended."""
        self.say(self._end(finished))

    def tell_verdict(self, judged: events.Judged) -> None:
        """Tell whether the goal was reached."""
        self.say(self._verdict(judged))

    def tell_warning(self, warned: events.Warned) -> None:
        """Tell that training goes wrong, or that it does so no longer."""
        self.say(self._warning(warned))

    # ---- what was before

    def read(self, reader: RecordReader) -> None:
        """Tell what happened before this dashboard came."""
        run = self._run
        segment = run.welcome.segment
        past = [notice for event in reader.events(segment) for notice in self._recalled(event)]
        begun = reader.begun_s(segment)
        for lane in run.lanes:
            for each in reader.evaluations(segment, lane=lane.number)[-notices.MAXIMUM_LOG :]:
                told = notices.of_evaluation(each.step, each.split, each.loss, each.accuracy, lane.number)
                past.append(replace(told, is_past=True, at=None if each.step else begun))
                self._read.add(told)
        # What happened after the same step stays in the order of the journal.
        for notice in sorted(past, key=lambda notice: notice.step or 0):
            self.say(notice)

    def _recalled(self, event: RecordedEvent) -> list[Notice]:
        """Take what the journal tells, and return it in words."""
        try:
            found = list(self._recall(event.kind, {**event.payload, "kind": event.kind}))
        except (ValueError, IndexError) as error:
            cause = clean(str(error).splitlines()[0])
            raise RunError(f"an event in the record cannot be understood: {cause}") from None
        return [replace(notice, at=event.wall_s) for notice in found]

    def _recall(self, kind: str, payload: dict[str, Any]) -> Iterator[Notice]:
        lanes = self._run.lanes
        match kind:
            case "applied":
                applied = events.Applied.model_validate(payload)
                lanes[applied.lane].recall(applied)
                yield from (replace(each, is_past=True) for each in self._answer(applied))
            case "rejected":
                reason = events.Rejected.model_validate(payload).reason
                yield Notice(text=f"refused: {reason}", severity="warning", kind="refusal", is_past=True)
            case "diverged":
                diverged = events.Diverged.model_validate(payload)
                is_past = lanes[diverged.lane].state != "diverged"
                if not is_past:
                    lanes[diverged.lane].diverged = diverged
                yield replace(self._divergence(diverged), is_past=is_past)
            case "finished":
                finished = events.Finished.model_validate(payload)
                is_past = lanes[finished.lane].state != "ended"
                if not is_past:
                    lanes[finished.lane].finished = finished
                yield replace(self._end(finished), is_past=is_past)
            case "judged":
                yield replace(self._verdict(events.Judged.model_validate(payload)), is_past=True)
            case "warned":
                yield replace(self._warning(events.Warned.model_validate(payload)), is_past=True)
            case _:
                pass

    # ---- in words

    def _answer(self, applied: events.Applied, *, how: str = "") -> list[Notice]:
        """Return what came into force, `how` that came about, and by whom where that was someone else."""
        own_name = self._run.client.name
        by = "" if applied.actor == own_name else f" by {actors.in_words(applied.actor, to=own_name)}"
        spec, whose = self._run.lanes[applied.lane].spec, self._name(applied.lane)
        return notices.of_answer(applied, spec, whose, how=how, by=by, repeated=self._repeats(applied))

    def _repeats(self, applied: events.Applied) -> bool:
        """Return whether another lane of a race has answered the same command just before."""
        answered, before = (applied.actor, applied.seq, applied.command), self._answered
        self._answered = answered
        return self._run.is_race and applied.seq > 0 and before == answered

    def _divergence(self, diverged: events.Diverged) -> Notice:
        return notices.of_divergence(diverged, self._name(diverged.lane), locks=self._run.welcome.locks)

    def _end(self, finished: events.Finished) -> Notice:
        run = self._run
        return notices.of_end(
            finished,
            run.lanes[finished.lane].spec,
            self._name(finished.lane),
            is_race=run.is_race,
            locks=run.welcome.locks,
        )

    def _verdict(self, judged: events.Judged) -> Notice:
        return notices.of_verdict(judged, self._name(judged.lane))

    def _warning(self, warned: events.Warned) -> Notice:
        return notices.of_warning(warned, self._name(warned.lane), locks=self._run.welcome.locks)

    def _name(self, lane: int) -> str:
        return f"{self._run.lanes[lane].title}: " if self._run.is_race else ""
