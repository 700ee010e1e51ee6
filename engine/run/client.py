"""The other end of the socket: start an engine, find one again, talk to it."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from typing import TYPE_CHECKING, TypeGuard

from ..errors import RunError
from ..text import clean
from .actors import own_name
from .commands import Steering, Stop
from .directory import RunDirectory, put_in
from .encoding import framed, parsed_event
from .events import Applied, Event, Heard, RatesSwept, Rejected, Seen, Welcomed
from .frames import MAXIMUM_EVENT, FrameReader
from .greeting import ANSWER_S, HELLO, START_S, Watch, greeted
from .process import EngineProcess, spawned

if TYPE_CHECKING:
    # It brings all that a spec is made of, which a client need not know.
    from .launch import Launch

_READ = 256 * 1024


def start(run: RunDirectory, launch: Launch) -> EngineProcess:
    """Start the engine of a run that exists on disk."""
    put_in(run, launch.model_dump_json())
    with run.log.open("ab") as log:
        return spawned(["_engine", str(run.path), run.name], output=log, folder=run.path)


class Client:
    """One connection to an engine.

    `receive` never blocks, so that it fits under any event loop; `wait` blocks for those who have none.
    """

    def __init__(
        self,
        run: RunDirectory,
        *,
        watch: Watch,
        name: str = "gdtui",
        engine: EngineProcess | None = None,
        patience_s: float = ANSWER_S,
        channel: socket.socket | None = None,
    ) -> None:
        """Connect and say hello; an `engine` that was just started is waited for, one at work for `patience_s`.

        A `channel` is one on which `greeting.greeted` has said hello already, with the same words.

        Raises:
            RunError: There is no engine, or it died while starting.
        """
        self.run = run
        self.engine = engine
        self.open = True
        self._channel = channel if channel is not None else greeted(run, engine, watch=watch, name=name)
        self._reader = FrameReader(MAXIMUM_EVENT)
        self._sequence = HELLO
        self._ready: list[Heard] = []
        self.name = own_name(name)
        """How the engine tells others who has done something."""
        self.welcome = self._welcome(START_S if engine is not None else patience_s)

    def fileno(self) -> int:
        """Return the socket's descriptor, for an event loop."""
        return self._channel.fileno()

    def next_sequence(self) -> int:
        """Return a number for the next command."""
        self._sequence += 1
        return self._sequence

    def send(self, command: Steering) -> None:
        """Send a command; a connection that is gone shows in `open`."""
        try:
            self._channel.settimeout(ANSWER_S)
            self._channel.sendall(framed(command))
        except OSError:
            self.open = False

    def receive(self) -> list[Heard]:
        """Return what has arrived; `open` turns False when the engine has gone."""
        messages, self._ready = self._ready, []
        self._channel.setblocking(False)
        try:
            data = self._channel.recv(_READ)
        except BlockingIOError:
            return messages
        except OSError:
            data = b""
        if not data:
            self.open = False
            return messages
        return messages + [parsed_event(kind, body) for kind, body in self._reader.feed(data)]

    def wait(self, timeout_s: float) -> list[Heard]:
        """Return what arrives within `timeout_s`, as soon as there is something."""
        if not self._ready and self.open:
            select.select([self._channel], [], [], timeout_s)
        return self.receive()

    def ask(self, command: Steering, timeout_s: float = ANSWER_S) -> Event | Seen | None:
        """Send a command and return the answer to it; None if the engine goes away or is silent."""
        self.send(command)
        end = time.monotonic() + timeout_s
        others: list[Heard] = []
        answer: Event | Seen | None = None
        while answer is None and self.open and time.monotonic() < end:
            for message in self.wait(max(0.0, end - time.monotonic())):
                if answer is None and self._answers(message, command):
                    answer = message
                else:
                    others.append(message)
        self._ready = others + self._ready
        return answer

    def _answers(self, message: Heard, command: Steering) -> TypeGuard[Applied | Rejected | RatesSwept | Seen]:
        """Return whether a message is the answer to a command of ours: every client numbers its own from 1."""
        match message:
            case Applied(seq=seq, actor=actor):
                return seq == command.seq and actor == self.name
            case Rejected(seq=seq) | RatesSwept(seq=seq) | Seen(seq=seq):
                return seq == command.seq
            case _:
                return False

    def close(self) -> None:
        """Hang up."""
        self.open = False
        self._channel.close()

    def _welcome(self, patience_s: float) -> Welcomed:
        end = time.monotonic() + patience_s
        while self.open and time.monotonic() < end:
            messages = self.wait(max(0.0, end - time.monotonic()))
            for index, message in enumerate(messages):
                if isinstance(message, Welcomed):
                    self._ready = messages[index + 1 :]
                    return message
                if isinstance(message, Rejected):
                    self.close()
                    raise RunError(f"run {self.run.name}: {clean(message.reason)}")
        self.close()
        reason = self.run.last_words() or f"its log is {clean(str(self.run.log))}"
        raise RunError(f"run {self.run.name}: the engine does not answer: {reason}")


def stop(run: RunDirectory, timeout_s: float = ANSWER_S) -> bool:
    """End a run: ask, then SIGTERM, then SIGKILL, in one time budget.

    Returns:
        Whether it ended by itself, and was not killed.

    Raises:
        RunError: It could not even be killed.
    """
    end = time.monotonic() + timeout_s
    with contextlib.suppress(RunError):
        client = Client(run, watch="nothing", name="stop", patience_s=timeout_s / 3)
        client.ask(Stop(seq=client.next_sequence()), timeout_s / 3)
        client.close()
    for signal_number in (0, 15, 9):
        if signal_number:
            with contextlib.suppress(OSError, ValueError):
                os.kill(int(run.lock.read_text()), signal_number)
        patience = time.monotonic() + max(0.5, (end - time.monotonic()) / 2)
        while time.monotonic() < patience:
            if not run.is_live():
                return signal_number != 9
            time.sleep(0.02)
    raise RunError(f"run {run.name}: does not end, not even by SIGKILL")
