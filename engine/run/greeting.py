"""The first words to an engine: connect to it, and say hello.

Nothing heavy is imported here: an engine that waits for its first client begins while that client is still loading
what it needs to understand the answer.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from typing import Literal

from ..errors import RunError
from .actors import own_name
from .directory import RunDirectory, forget
from .frames import KIND_JSON, VERSION, frame
from .process import EngineProcess

START_S = 20.0
"""How long an engine may take until it listens."""
ANSWER_S = 10.0
HELLO = 1
"""The number of the first command."""

Watch = Literal["live", "all", "nothing"]


def greeted(run: RunDirectory, engine: EngineProcess | None, *, watch: Watch, name: str) -> socket.socket:
    """Return a connection on which hello is said; an `engine` that was just started is waited for.

    Args:
        run: Whose engine it is.
        engine: Its process, if this process has started it.
        watch: What the client wants to hear; see `commands.Hello`.
        name: What kind of client it is.

    Raises:
        RunError: There is no engine, or it died while starting.
    """
    channel = connected(run, engine)
    hello = {"kind": "hello", "seq": HELLO, "version": VERSION, "name": own_name(name), "watch": watch}
    channel.settimeout(ANSWER_S)
    # An engine that has gone meanwhile shows when the answer is read.
    with contextlib.suppress(OSError):
        channel.sendall(frame(KIND_JSON, json.dumps(hello).encode()))
    return channel


def connected(run: RunDirectory, engine: EngineProcess | None) -> socket.socket:
    """Return a connection on which nothing is said yet; see `greeted`."""
    end = time.monotonic() + (START_S if engine is not None else 0.0)
    while True:
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            channel.connect(str(run.socket))
        except OSError as error:
            channel.close()
            if engine is None:
                raise RunError(f"run {run.name}: no engine is at work on it") from error
            if engine.is_over() or time.monotonic() > end:
                reason = run.last_words() or run.lack_of_room() or engine.death() or "no reason given"
                if engine.is_over() and (run.is_temporary or run.is_empty()):
                    forget(run)
                raise RunError(f"run {run.name}: the engine did not start: {reason}") from error
            time.sleep(0.005)
        else:
            return channel
