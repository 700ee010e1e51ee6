"""A command on a pseudo-terminal of 120 x 36, and when it drew what.

It answers the question whether frames may be framed, as today's terminals do: each frame then ends with a mark of its
own, and frames can be counted.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from engine.errors import RunError

COLUMNS, ROWS = 120, 36
FRAME_END = b"\x1b[?2026l"
_QUESTION, _ANSWER = b"\x1b[?2026$p", b"\x1b[?2026;2$y"
PATIENCE_S = 30.0


class Terminal:
    """A process whose keyboard and screen are ours.

    Attributes:
        started: `time.perf_counter` at its start.
        written: Bytes that it has written.
        frames: Frames that it has drawn in full.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._master, slave = os.openpty()
        # The size is there before the command asks for it.
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
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
        self._tail = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def read(self, timeout_s: float) -> bytes:
        """Return what is written next, if anything is within so many seconds; `RunError` when the command has left."""
        ready, _, _ = select.select([self._master], [], [], max(timeout_s, 0.0))
        if not ready:
            return b""
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:
            raise RunError("the command has left its terminal") from None
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

    def type(self, keys: bytes) -> None:
        """Type as on a keyboard."""
        os.write(self._master, keys)

    def kill(self) -> None:
        """End the command as a lost connection would not: at once."""
        self._process.kill()
        self._process.wait()
        os.close(self._master)
