"""A session for a test to steer, and a client of a real engine: all that they told is there to look at."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from engine.method.changes import flat
from engine.method.trainer import Trainer
from engine.run import directory
from engine.run.client import Client
from engine.run.commands import Steering
from engine.run.directory import RunDirectory
from engine.run.encoding import parsed_event
from engine.run.events import Applied, Finished, Progressed, Rejected, Steps
from engine.run.frames import MAXIMUM_EVENT, FrameReader
from engine.run.history import RecordReader
from engine.run.launch import Launch
from engine.run.process import EngineProcess
from engine.run.session import Session
from tests.engine.run.specs import RAVINE

PATIENCE_S = 20.0
"""How long anything may take on a busy machine; nothing here waits that long unless it is broken."""

NEVER = float("inf")


class Run:
    """A session and what it told."""

    def __init__(self, spec: dict[str, Any], **launch: Any) -> None:
        settings = Launch(preset="test", title="A test", spec=spec, **launch)
        self.directory = directory.create("test", recorded=settings.recorded)
        self.told: list[Any] = []
        self.on_disk_when_told: list[list[str]] = []
        self.session = Session(self.directory, settings, self._take)
        self._sequence = 0

    def _take(self, frame: bytes, droppable: bool) -> None:
        self.told += [parsed_event(*part) for part in FrameReader(MAXIMUM_EVENT).feed(frame)]
        if not droppable and self.directory.record.exists():
            # Another connection sees what survives a kill of the engine.
            reader = sqlite3.connect(f"file:{self.directory.record}?mode=ro", uri=True)
            self.on_disk_when_told.append([text for (text,) in reader.execute("SELECT json FROM event ORDER BY id")])
            reader.close()

    @property
    def trainer(self) -> Trainer:
        """The first lane's trainer, or the only one."""
        return self.session.lanes[0].trainer

    @property
    def step(self) -> int:
        """Updates made so far."""
        return self.trainer.step_count

    @property
    def all_steps(self) -> list[int]:
        """Updates that each lane has made so far."""
        return [lane.trainer.step_count for lane in self.session.lanes]

    @property
    def spec(self) -> dict[str, Any]:
        """What can be turned, as it stands now."""
        return flat(self.trainer.spec)

    def take(self, steps: int) -> None:
        """Let at most this many steps pass: a session whose time is up has made one."""
        for _ in range(steps):
            self.session.advance(0.0)

    def to_the_end(self) -> None:
        """Let the run go at full speed until it stops by itself."""
        self.session.advance(NEVER)

    def ask(self, kind: Any, **fields: Any) -> Any:
        """Carry a command out and return the answer; of a race that of the last lane."""
        self._sequence += 1
        answer = self.session.helm.carry_out(kind(seq=self._sequence, **fields), "tester")
        return answer[-1] if isinstance(answer, list) else answer

    def applied(self, kind: Any, **fields: Any) -> Applied:
        """Carry a command out that must not be refused."""
        answer = self.ask(kind, **fields)
        assert isinstance(answer, Applied), answer
        assert answer.seq == self._sequence
        return answer

    def refused(self, kind: Any, **fields: Any) -> str:
        """Carry a command out that must be refused, must change nothing and must be told to nobody."""
        self.session.flush()
        before = (self.spec, self.step, self.session.state, len(self.told))
        answer = self.ask(kind, **fields)
        assert isinstance(answer, Rejected), answer
        assert answer.seq == self._sequence
        assert (self.spec, self.step, self.session.state, len(self.told)) == before
        return answer.reason

    def of(self, *kinds: type) -> list[Any]:
        """What was told of these kinds, after a flush."""
        self.session.flush()
        return [message for message in self.told if isinstance(message, kinds)]

    def losses(self, segment: int = 1) -> list[float]:
        """The loss of every step told of a segment."""
        return [loss for steps in self.of(Steps) if steps.segment == segment for loss in steps.block.values[1].tolist()]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """NumPy keeps silent about numbers that are not finite, as it does in the engine's process."""
    with np.errstate(all="ignore"):
        yield


@pytest.fixture
def start() -> Iterator[Callable[..., Run]]:
    """Make runs that are not recorded unless that is asked for."""
    made: list[Run] = []

    def begin(spec: dict[str, Any] = RAVINE, *, recorded: bool = False, **launch: Any) -> Run:
        run = Run(spec, recorded=recorded, **launch)
        made.append(run)
        return run

    yield begin
    for run in made:
        run.session.close()


class Listener(Client):
    """A client that remembers what it hears while it waits for something."""

    def until(self, wanted: Callable[[Any], bool]) -> list[Any]:
        """Return what is heard until a message is as wanted; that one is the last."""
        end = time.monotonic() + PATIENCE_S
        heard: list[Any] = []
        while self.open and time.monotonic() < end:
            messages = self.wait(end - time.monotonic())
            for index, message in enumerate(messages):
                heard.append(message)
                if wanted(message):
                    self._ready = messages[index + 1 :] + self._ready
                    return heard
        raise AssertionError(f"not heard; the last of {len(heard)} messages was {heard[-1:]}")

    def until_finished(self) -> list[Any]:
        """Return what is heard until the run has finished."""
        return self.until(lambda message: isinstance(message, Finished))

    def until_under_way(self) -> list[Any]:
        """Return what is heard until there is progress."""
        return self.until(lambda message: isinstance(message, Progressed) and message.step > 0)

    def until_gone(self) -> list[Any]:
        """Return what is heard until the engine hangs up."""
        end = time.monotonic() + PATIENCE_S
        heard: list[Any] = []
        while self.open:
            assert time.monotonic() < end, "the engine does not leave"
            heard += self.wait(end - time.monotonic())
        return heard

    def answer(self, command: Steering) -> Any:
        """Return the engine's answer, for a test that does not mind what else it misses."""
        reply = self.ask(command, PATIENCE_S)
        assert reply is not None, "no answer"
        return reply


Connect = Callable[..., Listener]
StepsOf = Callable[[list[Any]], list[int]]
RecordedSteps = Callable[[RunDirectory], list[int]]
Ended = Callable[[EngineProcess], int]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connect a client, which hangs up after the test."""
    made: list[Listener] = []

    def opened(run: RunDirectory, engine: EngineProcess | None = None, **others: Any) -> Listener:
        connection = Listener(run, engine=engine, **{"watch": "live", **others})
        made.append(connection)
        return connection

    yield opened
    for connection in made:
        connection.close()


@pytest.fixture
def steps_of() -> StepsOf:
    """Return the steps that were heard of, in that order."""
    return lambda messages: [
        step
        for message in messages
        if isinstance(message, Steps)
        for step in range(message.block.first_step, message.block.last_step + 1)
    ]


@pytest.fixture
def recorded_steps() -> RecordedSteps:
    """Return the steps in the record of a run's first stretch."""
    return lambda run: [
        step for block in RecordReader(run.record).steps(1, 1) for step in range(block.first_step, block.last_step + 1)
    ]


@pytest.fixture
def ended() -> Ended:
    """Return the exit code of an engine that must leave by now."""
    return lambda engine: engine._process.wait(PATIENCE_S)
