"""A process that has loaded what an engine loads, and forks one whenever it is asked: a test need not wait for imports.

What it forks is an engine as the program starts it: a process in a session of its own, with the launcher's arguments,
environment, folder and descriptors. Run as a program, it is told what to start by lines of JSON on a socket, whose
number is its argument, with the descriptors beside them; it answers with the process, and later with its end.
"""

from __future__ import annotations

import array
import gc
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, TimeoutExpired
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 1 << 20
"""Bytes of an order; most of it is the environment."""


class Mother:
    """What starts engines in place of `subprocess`, for the module that starts them."""

    DEVNULL, PIPE, STDOUT, TimeoutExpired = DEVNULL, PIPE, STDOUT, TimeoutExpired

    def __init__(self) -> None:
        """Start nothing yet: most tests need no engine."""
        self._socket: socket.socket | None = None
        self._process = 0
        self._ends: dict[int, int] = {}
        self._unread = b""
        self._lock = threading.Lock()

    def Popen(  # noqa: N802  it stands for that of `subprocess`
        self,
        command: list[str],
        *,
        stdin: int,
        stdout: int | IO[bytes],
        stderr: int,
        cwd: Path | None,
        env: dict[str, str],
        start_new_session: bool,
    ) -> Forked:
        """Fork an engine; `subprocess` is asked for no more than this."""
        assert stderr == STDOUT
        assert start_new_session
        theirs: list[int] = []
        ours: list[IO[bytes] | None] = []
        for wanted, mode in ((stdin, "wb"), (stdout, "rb")):
            if wanted == PIPE:
                reading, writing = os.pipe()
                their, our = (reading, writing) if mode == "wb" else (writing, reading)
                ours.append(open(our, mode))  # noqa: PTH123, SIM115  it is given to the caller
            else:
                their = os.open(os.devnull, os.O_RDWR) if wanted == DEVNULL else os.dup(_number(wanted))
                ours.append(None)
            theirs.append(their)
        order = {"arguments": command[1:], "environment": env, "folder": str(cwd) if cwd is not None else os.getcwd()}  # noqa: PTH109
        try:
            with self._lock:
                process = self._fork(json.dumps(order).encode(), theirs)
        finally:
            for number in theirs:
                os.close(number)
        return Forked(self, process, command, *ours)

    def end_of(self, process: int, timeout_s: float | None) -> int | None:
        """Return the exit code of an engine, if it ends within this time."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            with self._lock:
                if process in self._ends:
                    return self._ends[process]
                self._read(0.005)
            if until is not None and time.monotonic() > until:
                return self._ends.get(process)

    def leave(self) -> None:
        """End the mother; her engines stay."""
        if self._socket is not None:
            self._socket.close()
            os.waitpid(self._process, 0)
            self._socket = None

    def _fork(self, order: bytes, descriptors: list[int]) -> int:
        if self._socket is None:
            self._socket = self._started()
        self._ends.pop(0, None)
        socket.send_fds(self._socket, [len(order).to_bytes(4, "big") + order], descriptors)
        while 0 not in self._ends:
            self._read(None)
        process = self._ends.pop(0)
        # The system gives the number of a process that has gone to another.
        self._ends.pop(process, None)
        return process

    def _started(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        arguments = [sys.executable, __file__, str(theirs.fileno())]
        theirs.set_inheritable(True)
        self._process = os.posix_spawn(sys.executable, arguments, environment, setsid=True)
        theirs.close()
        return ours

    def _read(self, timeout_s: float | None) -> None:
        """Note what the mother says: `[0, process]` after a birth, `[process, code]` after a death."""
        assert self._socket is not None
        if select.select([self._socket], [], [], timeout_s)[0]:
            heard = self._socket.recv(1 << 16)
            assert heard, "the mother of the engines has died"
            *lines, self._unread = (self._unread + heard).split(b"\n")
            for line in lines:
                name, value = json.loads(line)
                self._ends[name] = value


class Forked:
    """An engine that was forked, as `subprocess.Popen` would show it."""

    def __init__(
        self, mother: Mother, process: int, command: list[str], stdin: IO[bytes] | None, stdout: IO[bytes] | None
    ) -> None:
        self._mother = mother
        self.pid, self.args, self.stdin, self.stdout = process, command, stdin, stdout
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while it lives."""
        return self._end(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code as soon as it is there."""
        code = self._end(timeout)
        if code is None:
            raise TimeoutExpired(self.args, timeout or 0.0)
        return code

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self._signal(signal.SIGKILL)

    def _end(self, timeout_s: float | None) -> int | None:
        if self.returncode is None:
            self.returncode = self._mother.end_of(self.pid, timeout_s)
        return self.returncode

    def _signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def _number(file: int | IO[bytes]) -> int:
    return file if isinstance(file, int) else file.fileno()


# ---- the process itself


def serve(channel: socket.socket, launcher: Callable[[], int]) -> None:
    """Fork until nobody asks any longer."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    os.set_blocking(reading, False)
    signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready = select.select([channel.fileno(), reading], [], [])[0]
        if reading in ready:
            os.read(reading, 4096)
            _tell_deaths(channel)
        if channel.fileno() in ready:
            order, descriptors = _order(channel)
            if order is None:
                return
            process = os.fork()
            if process == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for number in (channel.fileno(), reading, writing):
                    os.close(number)
                _be_engine(order, descriptors, launcher)
            for number in descriptors:
                os.close(number)
            _say(channel, 0, process)


def _tell_deaths(channel: socket.socket) -> None:
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if process == 0:
            return
        _say(channel, process, os.waitstatus_to_exitcode(status))


def _say(channel: socket.socket, name: int, value: int) -> None:
    # Nobody may be there any longer to hear of the last deaths.
    try:
        channel.sendall(json.dumps([name, value]).encode() + b"\n")
    except OSError:
        os._exit(0)


def _order(channel: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    room = array.array("i", [0, 0]).itemsize * 2
    try:
        first, beside, _, _ = channel.recvmsg(4, socket.CMSG_SPACE(room))
    except ConnectionError:
        first = b""
    if len(first) < 4:
        return None, []
    descriptors = array.array("i")
    for _, _, data in beside:
        descriptors.frombytes(data)
    left = int.from_bytes(first, "big")
    parts = []
    while left:
        parts.append(channel.recv(left))
        left -= len(parts[-1])
    return json.loads(b"".join(parts)), list(descriptors)


def _be_engine(order: dict[str, Any], descriptors: list[int], launcher: Callable[[], int]) -> None:
    code = 70
    try:
        os.setsid()
        for number, standard in ((descriptors[0], 0), (descriptors[1], 1), (descriptors[1], 2)):
            os.dup2(number, standard)
        for number in descriptors:
            os.close(number)
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(order["folder"])
        sys.argv = order["arguments"]
        code = launcher()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Load what an engine loads, and serve."""
    sys.path[0] = str(ROOT)
    gc.disable()
    import presets.start  # noqa: F401  it is there when an engine asks for it
    from gdtui import main as launcher

    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])), launcher)


if __name__ == "__main__":
    main()
