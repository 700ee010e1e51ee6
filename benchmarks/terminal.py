"""A command on a pseudo-terminal, and when it drew what.

It answers the question whether frames may be framed, as today's terminals do: each frame then ends with a mark of its
own, and frames can be counted.
"""

from __future__ import annotations

import fcntl
import math
import os
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.errors import RunError

COLUMNS, ROWS = 120, 36
FRAME_END = b"\x1b[?2026l"
_QUESTION, _ANSWER = b"\x1b[?2026$p", b"\x1b[?2026;2$y"
PATIENCE_S = 30.0
SLOW_PIECE = 1024
"""How many bytes a slow link lets through at once."""


class Terminal:
    """A process whose keyboard and screen are ours.

    Attributes:
        started: `time.perf_counter` at its start.
        rate: Bytes a second that its link lets through; None for as many as come.
        written: Bytes that it has written.
        frames: Frames that it has drawn in full.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], *, size: tuple[int, int] = (COLUMNS, ROWS)
    ) -> None:
        """Start the command on a screen of (columns, rows)."""
        self._master, slave = os.openpty()
        # The size is there before the command asks for it.
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            start_new_session=True,
        )
        os.close(slave)
        self.written = 0
        self.frames = 0
        self.rate: float | None = None
        self._tail = b""
        self._free_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def read(self, timeout_s: float) -> bytes:
        """Return what is written next, if anything is within so many seconds; `RunError` when the command has left."""
        if self.rate is not None:
            # What was read last is on its way for so long.
            pause = min(max(self._free_at - time.perf_counter(), 0.0), max(timeout_s, 0.0))
            time.sleep(pause)
            if time.perf_counter() < self._free_at:
                return b""
            timeout_s -= pause
        ready, _, _ = select.select([self._master], [], [], max(timeout_s, 0.0))
        if not ready:
            return b""
        try:
            data = os.read(self._master, 1 << 16 if self.rate is None else SLOW_PIECE)
        except OSError:
            raise RunError("the command has left its terminal") from None
        if self.rate is not None:
            self._free_at = max(self._free_at, time.perf_counter() - 0.1) + len(data) / self.rate
        seen = self._tail + data
        if _QUESTION in seen:
            os.write(self._master, _ANSWER)
            seen = seen.replace(_QUESTION, b"")
        self.frames += seen.count(FRAME_END)
        self._tail = seen[seen.rfind(FRAME_END) + len(FRAME_END) :][-16:] if FRAME_END in seen else seen[-16:]
        self.written += len(data)
        return data

    def watch(self, seconds: float) -> None:
        """Read for so long, and forget what is read."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0.0:
            self.read(left)

    def until(self, text: bytes) -> float:
        """Return when this is written next, in seconds since the start; `RunError` when it is not in time."""
        end = time.perf_counter() + PATIENCE_S
        seen = b""
        while text not in seen:
            # What was searched goes, but for what may be the text's beginning.
            seen = seen[-len(text) :] + self.read(end - time.perf_counter())
            if time.perf_counter() > end:
                raise RunError(f"waited in vain for {text.decode(errors='replace')!r} on the screen")
        return time.perf_counter() - self.started

    @property
    def processor_s(self) -> float:
        """The processor time that the command has taken so far, in seconds; nan where the system does not say."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except OSError:
            return math.nan
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def type(self, keys: bytes) -> None:
        """Type as on a keyboard."""
        os.write(self._master, keys)

    def kill(self) -> None:
        """End the command as a lost connection would not: at once."""
        self._process.kill()
        self._process.wait()
        os.close(self._master)
