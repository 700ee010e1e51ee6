"""A terminal in memory: what a person would see of the command, and how to type."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyte

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20.0
"""How long an event may take on a machine that is busy with something else; when all is well nothing takes so long."""

IN_A_SESSION_OF_ITS_OWN = """
import fcntl, os, sys, termios
os.setsid()
if sys.argv[1] == "controlling":
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


class Terminal:
    """A pseudo-terminal with the command in it, and an emulator that shows what a person would see."""

    def __init__(
        self,
        *arguments: str,
        size: tuple[int, int] = (120, 36),
        controlling: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.master, slave = os.openpty()
        self._columns, self._rows = size
        self._emulator = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._emulator)
        self.raw = bytearray()
        self.size = size
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.modes = termios.tcgetattr(slave)
        self.slave = slave
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                IN_A_SESSION_OF_ITS_OWN,
                "controlling" if controlling else "no",
                str(ROOT / "gdtui.py"),
                *arguments,
            ],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(environment or {})},
        )

    @property
    def lines(self) -> list[str]:
        """What stands on the screen."""
        return list(self._emulator.display)

    @property
    def text(self) -> str:
        """What stands on the screen, as one text."""
        return "\n".join(line.rstrip() for line in self.lines)

    @property
    def cells(self) -> list[list[Any]]:
        """What stands on the screen, with its colours."""
        return [[self._emulator.buffer[row][column] for column in range(self.size[0])] for row in range(self.size[1])]

    def read(self, timeout_s: float = 0.05, most: int = 1 << 16) -> bytes:
        """Show what the command writes next, if it does so within `timeout_s`."""
        ready, _, _ = select.select([self.master], [], [], timeout_s)
        if not ready:
            return b""
        try:
            data = os.read(self.master, most)
        except OSError:
            return b""
        self.raw += data
        self._stream.feed(data)
        return data

    def until(self, condition: Callable[[], object]) -> None:
        """Show what the command writes until a condition holds."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, f"waited in vain; the screen shows\n{self.text}"
            assert self.process.poll() is None or self.read(0.0), f"the command has left; it said\n{self.text}"
            self.read()

    def rest(self, seconds: float) -> None:
        """Show what the command writes until it has written nothing for so long."""
        end = time.monotonic() + PATIENCE_S
        while self.read(seconds):
            assert time.monotonic() < end, f"the screen never comes to rest; it shows\n{self.text}"

    def sees(self, *words: str) -> None:
        """Wait until all these words are on the screen."""
        self.until(lambda: all(word in self.text for word in words))

    def type(self, keys: str | bytes) -> None:
        """Type as on a keyboard."""
        os.write(self.master, keys.encode() if isinstance(keys, str) else keys)

    def resize(self, columns: int, rows: int) -> None:
        """Resize the terminal; the kernel tells the command."""
        self.size = columns, rows
        self._emulator.resize(rows, columns)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if self.process.poll() is None:
            # Without a controlling terminal nobody would tell it.
            os.kill(self.process.pid, signal.SIGWINCH)

    def exit_code(self, patience_s: float = PATIENCE_S) -> int:
        """Show the last words, and return the exit code as a shell gives it."""
        end = time.monotonic() + patience_s
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it does not leave; the screen shows\n{self.text}"
            self.read()
        while self.read(0.0):
            pass
        code = self.process.returncode
        return 128 - code if code < 0 else code

    def hang_up(self) -> None:
        """Close the terminal's own end, as a window that is closed."""
        for descriptor in (self.slave, self.master):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self.slave = self.master = -1
