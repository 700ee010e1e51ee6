"""A run on its way to who shows it: started anew, or found again.

Nothing heavy is imported here, so that an engine is started before anything else and the first paint waits for nothing.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import GdtuiError, InputError, RunError
from engine.run import directory
from engine.run.directory import RunDirectory
from engine.run.greeting import Watch, greeted
from engine.run.process import EngineProcess, waiting_engine
from engine.text import clean

from . import remembered

if TYPE_CHECKING:
    from engine.run.client import Client
    from engine.run.launch import Launch


class Opening:
    """A run that someone is about to show; it may be waited for in a thread and abandoned in another."""

    def __init__(self, *, run: RunDirectory | None = None, engine: EngineProcess | None = None) -> None:
        """Take a run that is known, or an engine that will say what its run is."""
        self._run = run
        self._engine = engine
        self._reading = threading.Lock()
        self._greeting: Greeting | None = None

    def run(self) -> RunDirectory:
        """Return the run, as soon as its engine has checked what it is to train.

        Raises:
            InputError: The preset or an option is wrong.
            RunError: There is no run, for whatever reason.
        """
        with self._reading:
            if self._run is None:
                assert self._engine is not None, "a run is known, or its engine is"
                self._run = _announced(self._engine)
            return self._run

    def introduction(self) -> tuple[str, str]:
        """Return the title and what there is to see, as the engine was told them."""
        run = self.run()
        try:
            launch = json.loads(run.launch.read_bytes())
            return clean(str(launch["title"]), 120), clean(str(launch["see"]), 2000)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return run.name, ""

    def greet(self, *, watch: Watch, name: str) -> None:
        """Begin to say hello to the engine, in a thread: it does not wait until `connect` has loaded what it needs."""
        self._greeting = Greeting(self, watch=watch, name=name)
        self._greeting.start()

    def connect(self, *, watch: Watch = "live", name: str = "dashboard") -> Client:
        """Return a connection to the engine, as soon as it listens; raises as `run` does, and if it never listens.

        After `greet` it has to be with the same words.
        """
        from engine.run.client import Client

        channel = self._greeting.channel() if self._greeting is not None else None
        self._greeting = None
        return Client(self.run(), watch=watch, name=name, engine=self._engine, channel=channel)

    def channel(self, *, watch: Watch, name: str) -> socket.socket:
        """Return a connection to the engine on which hello is said; raises as `connect` does."""
        return greeted(self.run(), self._engine, watch=watch, name=name)

    def abandon(self) -> str:
        """End an engine that was started for nothing, and leave no trace of its run; a run found again stays.

        Returns:
            What became of the run; nothing where there never was one.
        """
        if self._engine is None:
            return goes_on(self.run())
        self._engine.end()
        try:
            run = self.run()
        except GdtuiError:
            return ""
        with contextlib.suppress(GdtuiError):
            directory.forget(run)
        # Steps may have been made, and nobody has seen them.
        return f"{run.name} has ended before its first step was shown; nothing of it is kept"


class Greeting(threading.Thread):
    """Waits for an engine and says hello to it, while another thread loads what it takes to understand the answer."""

    def __init__(self, opening: Opening, *, watch: Watch, name: str) -> None:
        """Make the thread; see `greeting.greeted`."""
        super().__init__(daemon=True)
        self._opening, self._watch, self._client = opening, watch, name
        self._channel: socket.socket | None = None
        self._error: GdtuiError | None = None

    def run(self) -> None:
        """Say hello; what goes wrong is for who asks."""
        try:
            self._channel = self._opening.channel(watch=self._watch, name=self._client)
        except GdtuiError as error:
            self._error = error

    def channel(self) -> socket.socket:
        """Return the connection, as soon as it is there; raises what `Opening.connect` raises."""
        self.join()
        if self._error is not None:
            raise self._error
        assert self._channel is not None, "there is a connection, or an error"
        return self._channel


def goes_on(run: RunDirectory) -> str:
    """Return what is said to who leaves a run under way."""
    return f"{run.name} goes on; come back with: gdtui attach {run.name}"


def started(name: str, options: Mapping[str, Any], **order: Any) -> Opening:
    """Start an engine that checks a preset and then trains it.

    Args:
        name: The preset's name or path.
        options: Those of `presets.chosen_preset`.
        order: More of what `presets.start` takes.
    """
    engine = waiting_engine()
    engine.order(json.dumps({"name": name, "options": options, **order}))
    return Opening(engine=engine)


def shown(name: str, options: Mapping[str, Any]) -> Opening:
    """Start an engine for a dashboard; where the tour is going to stand over it, the first step waits."""
    return started(name, options, waits=remembered.recall("tour") is None)


def launched(launch: Launch) -> Opening:
    """Start an engine as another one was told to."""
    from engine.run import client

    run = directory.create(launch.preset)
    return Opening(run=run, engine=client.start(run, launch))


def _announced(engine: EngineProcess) -> RunDirectory:
    """Return the run that an engine announces; see `presets.start` for its words."""
    line = (engine.first_words().strip().splitlines() or [""])[-1]
    try:
        words = json.loads(line)
    except ValueError:
        words = None
    match words:
        case {"name": str(name), "path": str(path)}:
            return RunDirectory(name=name, path=Path(path))
        case {"wrong_input": str(text)}:
            raise InputError(text)
        case {"failure": str(text)}:
            raise RunError(text)
        case _:
            raise RunError(f"the engine did not start: {clean(line) or engine.death() or 'no reason given'}")
