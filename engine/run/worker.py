"""The engine's process: it moves bytes around a session, which knows nothing of them.

One thread, one loop: commands are carried out between two steps and while nothing moves, so everything that happens
has a step at which it happened.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from types import FrameType

import numpy as np

from ..errors import GdtuiError, InputError
from ..method import passes
from ..method.denormals import flush_denormals
from . import commands, directory, events
from .connections import Connection, Connections
from .desk import Desk
from .directory import RunDirectory
from .encoding import framed
from .launch import Launch
from .session import Session
from .threads import ProductThreads, suitable_threads

SLICE_S = 0.002
"""How long steps go on before commands are looked at: a key waits no longer than this, or than one step."""
LOOK_S = 0.001
"""How long inspections are worked on after such a slice: a third of the time, and never for longer than one stretch."""
FLUSH_S = 1 / 32
"""Seconds between two blocks to the clients: a screen of 30 frames a second has something new for each."""
COMMIT_S = 0.25
"""Seconds between two commits of the record: no more than this is lost when the engine is killed."""
HEARTBEAT_S = 1.0
FIRST_CLIENT_S = 15.0
"""How long an engine waits for the client that started it."""
LINGER_S = 1.0
"""How long an ended run without clients waits for one that may be about to come back."""
DIVERGED_LINGER_S = 60.0
"""How long a run that paused itself waits for someone to look after it."""
GOODBYE_S = 2.0
"""How long the last words to a client may take."""


class Worker:
    """Steps, clients and clocks around one session."""

    def __init__(self, run: RunDirectory, launch: Launch) -> None:
        # Who can connect can be answered: a run that cannot be made never listens.
        self._session = Session(
            run, launch, lambda frame, droppable: self._connections.broadcast(frame, droppable=droppable)
        )
        self._connections = Connections(run.socket)
        self._desk = Desk()
        self._threads = ProductThreads()
        self._compiler: threading.Thread | None = None
        self._compiler_is_used = False
        self._leaving = False
        self._had_client = False
        self._alone_since = time.monotonic()
        self._next_flush = 0.0

    def leave(self, signal_number: int = 0, frame: FrameType | None = None) -> None:
        """Come to an end at the next turn of the loop; also a signal handler."""
        self._leaving = True

    def run(self) -> None:
        """Train, listen and answer until the run is over and nobody needs it any longer."""
        session, wait_s = self._session, 0.0
        next_commit = next_beat = 0.0
        while not self._leaving:
            for client, command in self._connections.poll(wait_s):
                self._answer(client, command)
            until = time.perf_counter() + SLICE_S
            due_s = HEARTBEAT_S
            if session.state == "running":
                # A client that wants every step and does not keep up makes the run wait, and nothing else.
                due_s = FLUSH_S if self._connections.must_wait else session.advance(until)
            if self._desk.is_busy:
                # Whoever looks gets a share of the time while steps are made, and all of it while none are due.
                looks_until = time.perf_counter() + (LOOK_S if due_s <= 0.0 else min(due_s, SLICE_S))
                for answer in self._desk.work(looks_until):
                    self._connections.send(*answer)
                due_s = 0.0
            now = time.monotonic()
            if now >= self._next_flush and (session.state == "running" or now >= next_beat):
                self._choose_threads()
                session.flush()
                self._load_compiler()
                session.tell_progress()
                self._next_flush, next_beat = now + FLUSH_S, now + HEARTBEAT_S
            if now >= next_commit:
                session.commit()
                next_commit = now + COMMIT_S
            wait_s = max(0.0, min(due_s, (self._next_flush if session.state == "running" else next_beat) - now))
            self._leave_if_alone(now)

    def close(self, last_words: str | None = None) -> None:
        """Finish the record and the connections; `last_words` tell the clients what went wrong."""
        with contextlib.suppress(Exception):
            if last_words is not None:
                self._connections.broadcast(framed(events.Failed(text=last_words)))
            elif self._session.state != "ended":
                self._session.finish("terminated")
        try:
            self._session.close()
        finally:
            self._connections.close(GOODBYE_S)

    def _answer(self, client: Connection, command: commands.Hello | commands.Steering) -> None:
        if isinstance(command, commands.Hello):
            # The welcome comes before the first block, and says which steps came before it.
            client.watch = "nothing"
            welcomed = self._session.welcome()
            self._connections.send(client, framed(welcomed))
            client.watch = command.watch
            if command.watch != "nothing":
                for figures in self._session.newest_figures():
                    self._connections.send(client, figures)
                self._had_client = True
                self._session.begin()
                # Who has just come sees the first steps at once.
                self._next_flush = 0.0
                for lane in self._session.lanes:
                    if lane.halt == "ended" and lane.finished is not None:
                        self._connections.send(client, framed(lane.finished))
            return
        if isinstance(command, commands.Inspect):
            self._look(client, command)
            return
        answer = self._session.helm.carry_out(command, client.name)
        if isinstance(answer, events.Rejected | events.RatesSwept):
            self._connections.send(client, framed(answer))
        elif client.watch == "nothing":
            self._connections.send(client, b"".join(framed(applied) for applied in answer))
        if isinstance(command, commands.Stop):
            self._leaving = True
        self._session.tell_progress()

    def _look(self, client: Connection, command: commands.Inspect) -> None:
        try:
            lane = self._session.helm.meant(command)[0]
        except InputError as error:
            self._connections.send(client, framed(events.Rejected(seq=command.seq, reason=str(error))))
            return
        for frame in self._desk.ask(client, command, lane, self._session.segment):
            self._connections.send(*frame)

    def _choose_threads(self) -> None:
        trainers = [lane.trainer for lane in self._session.lanes]
        # What the processor is asked for is the same for all lanes; the largest product decides.
        count = suitable_threads(
            trainers[0].spec,
            largest_product=max(trainer.largest_product for trainer in trainers),
            watched=self._connections.are_live,
        )
        self._threads.use(count)
        self._session.threads = self._threads.count

    def _load_compiler(self) -> None:
        """Load the compiled update beside the first steps, which need not wait for it, and use it once it is there."""
        trainer = self._session.lanes[0].trainer
        if self._compiler is None:
            wanted = trainer.spec.compute.update == "auto" and passes.is_compiler_installed()
            if wanted and self._session.state == "running":
                self._compiler = threading.Thread(target=passes.load_compiled, args=(trainer.theta.dtype,))
                self._compiler.start()
        elif not self._compiler_is_used and not self._compiler.is_alive():
            self._compiler_is_used = True
            for lane in self._session.lanes:
                lane.trainer.prepare()

    def _leave_if_alone(self, now: float) -> None:
        """Leave when the run is over and nobody watches: no engine is left behind by accident."""
        if self._connections.watchers:
            self._alone_since = now
            return
        match self._session.state:
            case "ended":
                patience_s = LINGER_S if self._had_client else FIRST_CLIENT_S
            case "diverged":
                patience_s = DIVERGED_LINGER_S
            case "waiting":
                patience_s = FIRST_CLIENT_S
            case _:
                return
        if now - self._alone_since > patience_s:
            self._leaving = True


def main(arguments: list[str]) -> int:
    """Run the engine of the run named by its directory and its name; return the exit code."""
    path, name = Path(arguments[0]), arguments[1]
    run = RunDirectory(name=name, path=path)
    faulthandler.enable()
    # The terminal that started the engine may go away, and its Ctrl-C is not for the engine.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What is not finite is looked for at every step and told; NumPy need not warn as well.
    np.seterr(all="ignore")
    flush_denormals()
    worker: Worker | None = None
    try:
        run.take_lock()
    except GdtuiError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        run.pointer.write_bytes(os.fsencode(path) + b"\n")
        worker = Worker(run, Launch.model_validate_json(run.launch.read_bytes()))
        signal.signal(signal.SIGTERM, worker.leave)
        # All that stands now stays to the end; the launcher has switched the collector off until here.
        gc.freeze()
        gc.enable()
        worker.run()
        worker.close()
        code = 0
    except GdtuiError as error:
        print(error, file=sys.stderr)
        code = _told(worker, str(error))
    except Exception as error:
        traceback.print_exc()
        code = _told(worker, f"{type(error).__name__}: {error}")
    finally:
        sys.stderr.flush()
        with contextlib.suppress(OSError):
            run.pointer.unlink()
    # Where nobody could be told, the client that waits reads the log and clears up.
    if run.is_temporary and worker is not None:
        directory.forget(run)
    return code


def _told(worker: Worker | None, problem: str) -> int:
    """Tell the clients why the engine ends, and return its exit code."""
    if worker is not None:
        worker.close(problem)
    return 1
