"""What clients have asked to look at: worked on in small stretches between two steps, and answered as it is found."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from ..errors import GdtuiError, InputError
from ..method.inspections import INSPECTIONS, Finding, Inspection
from ..text import clean
from .commands import Inspect
from .connections import Connection
from .encoding import framed, framed_seen
from .events import Rejected, Seen
from .lane import Lane

Answer = tuple[Connection, bytes]
"""A frame, and who is to have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One inspection under way."""

    client: Connection
    command: Inspect
    lane: Lane
    segment: int
    step: int
    findings: Iterator[Finding | None]

    def framed(self, finding: Finding) -> bytes:
        """Return what was found as a frame."""
        seen = Seen(
            seq=self.command.seq,
            lane=self.lane.number,
            segment=self.segment,
            step=self.step,
            about=self.command.about,
            share=finding.share,
            facts=dict(finding.facts),
            arrays=dict(finding.arrays),
        )
        return framed_seen(seen)


class Desk:
    """The inspections under way, taken in turn; one that someone no longer waits for is dropped."""

    def __init__(self) -> None:
        self._tasks: dict[tuple[int, str, str], Task] = {}

    @property
    def is_busy(self) -> bool:
        """Whether there is something to work on."""
        return bool(self._tasks)

    def ask(self, client: Connection, command: Inspect, lane: Lane, segment: int) -> list[Answer]:
        """Take an order, in place of an earlier one about the same, and begin; return what is to be sent.

        What is quickly found is found at once, and belongs to the step at which it was asked for.
        """
        place = id(client), command.about, command.topic
        self._tasks.pop(place, None)
        if command.settings is None:
            return []
        try:
            findings = _inspection(command).findings(lane.trainer, lane.path)
        except InputError as error:
            return [(client, framed(Rejected(seq=command.seq, reason=str(error))))]
        task = self._tasks[place] = Task(
            client=client,
            command=command,
            lane=lane,
            segment=segment,
            step=lane.trainer.step_count,
            findings=findings,
        )
        return self._advance(place, task)

    def work(self, until: float) -> list[Answer]:
        """Work on all of them in turn until `time.perf_counter` has reached `until`; return what is to be sent."""
        answers: list[Answer] = []
        while self._tasks and time.perf_counter() < until:
            place, task = next(iter(self._tasks.items()))
            answers += self._advance(place, task)
            if place in self._tasks:
                # It goes to the end of the queue.
                self._tasks[place] = self._tasks.pop(place)
        return answers

    def _advance(self, place: tuple[int, str, str], task: Task) -> list[Answer]:
        """Work on one for a stretch, and drop it when it is done; return what is to be sent."""
        answer: bytes | None = None
        done = not task.client.open
        if not done:
            try:
                finding = next(task.findings)
            except StopIteration:
                done = True
            except (GdtuiError, MemoryError) as error:
                answer, done = framed(Rejected(seq=task.command.seq, reason=str(error) or "out of memory")), True
            except Exception as error:
                traceback.print_exc()
                answer, done = framed(Rejected(seq=task.command.seq, reason=f"cannot be shown: {error!r}")), True
            else:
                answer = None if finding is None else task.framed(finding)
                done = finding is not None and finding.share >= 1.0
        if done:
            del self._tasks[place]
        return [] if answer is None else [(task.client, answer)]


def _inspection(command: Inspect) -> Inspection:
    if command.about not in INSPECTIONS:
        raise InputError(f"about = {clean(command.about)!r}; allowed: {', '.join(INSPECTIONS)}")
    try:
        return INSPECTIONS[command.about].model_validate(command.settings)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in fault["loc"])
        raise InputError(clean(f"{command.about}: {field}: {fault['msg']}")) from None
