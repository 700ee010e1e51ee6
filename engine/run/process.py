"""Engines as processes: how one is started, and how its end is noticed.

Nothing heavy is imported here: a dashboard starts its engine first, and loads everything else meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from ..errors import RunError
from .threads import THREAD_VARIABLES

DEATH_S = 0.2
END_S = 2.0
"""How long an engine may take to end in order when it is told to."""
LAUNCHER = Path(__file__).resolve().parents[2] / "gdtui.py"
"""The launcher in a checkout; an installed copy has it one folder further up."""


class EngineProcess:
    """An engine that this process has started: not its master, but the one who learns how it died."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def death(self) -> str | None:
        """Return how the engine died, in words; None while it lives or if it left in order."""
        # The kernel closes a dying process's sockets a moment before it can be waited for.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(DEATH_S)
        code = self._process.poll()
        if code is None or code == 0:
            return None
        return f"killed by signal {-code}" if code < 0 else f"exit code {code}"

    def is_over(self) -> bool:
        """Return whether the process has ended."""
        return self._process.poll() is not None

    def order(self, words: str) -> None:
        """Tell the process, which must have been started with `takes_order`, what it is to do; once."""
        order = self._process.stdin
        assert order is not None, "started with takes_order"
        # A process that has died says why in its first words, or by its exit code.
        with contextlib.suppress(OSError):
            order.write(words.encode())
            order.close()

    def first_words(self) -> str:
        """Return all that the process writes until it lets go of its output, which must be a pipe; once."""
        output = self._process.stdout
        assert output is not None, "started with output=PIPE"
        if output.closed:
            return ""
        words = output.read()
        output.close()
        return words.decode(errors="replace")

    def end(self) -> None:
        """End the process: SIGTERM, then SIGKILL."""
        self._process.terminate()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


_ENGINES: list[EngineProcess] = []
"""Keeps what is still running from being collected, which would warn about a child left behind on purpose."""


def one_thread_to_begin_with(environment: dict[str, str]) -> None:
    """Let an engine with this environment start with one thread a product, unless someone has chosen otherwise."""
    for name in THREAD_VARIABLES:
        environment.setdefault(name, "1")


def spawned(
    arguments: Sequence[str], *, output: int | IO[bytes], folder: Path | None = None, takes_order: bool = False
) -> EngineProcess:
    """Start the launcher in a session of its own, so that it outlives the terminal and this process.

    Args:
        arguments: The launcher's.
        output: Where stdout and stderr go: a file, or `subprocess.PIPE`.
        folder: Where it works; without one, where this process does.
        takes_order: Whether `EngineProcess.order` is going to tell it what to do; it ends if nobody ever does.

    Raises:
        RunError: The system does not give another process.
    """
    launcher = LAUNCHER if LAUNCHER.exists() else LAUNCHER.parents[1] / "gdtui.py"
    environment = dict(os.environ)
    one_thread_to_begin_with(environment)
    try:
        # Every descriptor is named: under Textual, sys.stderr has none that could be inherited.
        process = subprocess.Popen(  # noqa: S603  our own launcher, by its full path
            [sys.executable, str(launcher), *arguments],
            stdin=subprocess.PIPE if takes_order else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise RunError(f"the engine cannot be started: {error.strerror or error}") from None
    engine = EngineProcess(process)
    _ENGINES.append(engine)
    return engine


def prepare() -> None:
    """Start an engine for the first order to come, which loads what it needs meanwhile; it ends if none comes."""
    # What is wrong here is said when the engine is wanted.
    with contextlib.suppress(RunError):
        _PREPARED.append(_waiting())


def waiting_engine() -> EngineProcess:
    """Return an engine that waits for its order, see `presets.start`: the prepared one, or else a new one.

    Raises:
        RunError: The system does not give another process.
    """
    return _PREPARED.pop() if _PREPARED else _waiting()


_PREPARED: list[EngineProcess] = []
"""The engine that waits for its order, if there is one."""


def _waiting() -> EngineProcess:
    return spawned(["_start"], output=subprocess.PIPE, takes_order=True)
