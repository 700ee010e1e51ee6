"""Real engines under the command line, and their steps as the record tells them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import RunError
from engine.run.directory import RunDirectory

from .rounds import ROOT

GDTUI = (sys.executable, str(ROOT / "gdtui.py"))
PATIENCE_S = 30.0
LEAVING_S = 5.0
FULL_SPEED = ("--set", "pace.steps_per_second=1e9", "--set", "stop.epochs=9007199254740992")
"""A preset's pace and its end are for people who watch."""
_HUSH = ("NO_COLOR", "FORCE_COLOR", "PYTHONPATH")


@contextlib.contextmanager
def place() -> Iterator[dict[str, str]]:
    """Make a folder for runs and their sockets, yield the environment that names it, and end every engine in it."""
    # A socket's path must be short; the temporary folder of macOS is not.
    root = Path(tempfile.mkdtemp(prefix="gdb-", dir="/tmp"))
    kept = {name: value for name, value in os.environ.items() if name not in _HUSH}
    # Nobody here is shown around: the tour is for people.
    (root / "data").mkdir()
    (root / "data" / "remembered.json").write_text('{"tour": "seen"}')
    try:
        yield {**kept, "GDTUI_DATA_DIR": str(root / "data"), "GDTUI_RUNTIME_DIR": str(root / "rt")}
    finally:
        for lock in root.glob("**/run.lock"):
            end_engine(lock)
        shutil.rmtree(root, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Where a run was, and when."""

    step: int
    at_ns: int
    """The engine's monotonic clock."""

    def rate_since(self, before: Moment) -> float:
        """Return steps a second from `before` to here."""
        return 1e9 * (self.step - before.step) / (self.at_ns - before.at_ns)


@dataclass(slots=True, kw_only=True)
class Engine:
    """A run whose engine is at work, as its directory shows it."""

    path: Path
    _record: sqlite3.Connection = field(init=False)

    def __post_init__(self) -> None:
        self._record = sqlite3.connect(f"file:{self.path / 'run.db'}?mode=ro", uri=True, timeout=PATIENCE_S)

    @property
    def name(self) -> str:
        """The run's name."""
        return self.path.name

    def moments(self) -> list[Moment]:
        """Return the ends of all chunks of steps, in their order; none while the record is being made."""
        try:
            rows = self._record.execute("SELECT step0 + n - 1, mono_ns FROM chunk ORDER BY segment, step0").fetchall()
        except sqlite3.OperationalError:
            return []
        return [Moment(step=step, at_ns=at_ns) for step, at_ns in rows]

    def moment(self) -> Moment:
        """Return the end of what is recorded."""
        row = self._record.execute(
            "SELECT step0 + n - 1, mono_ns FROM chunk ORDER BY segment DESC, step0 DESC LIMIT 1"
        ).fetchone()
        return Moment(step=row[0], at_ns=row[1])

    def wait_for(self, step: int, patience_s: float = PATIENCE_S) -> None:
        """Wait until so many steps are recorded; `RunError` when that takes too long."""
        end = time.monotonic() + patience_s
        while not (moments := self.moments()) or moments[-1].step < step:
            if time.monotonic() > end:
                raise RunError(f"{self.name}: step {step} is not recorded after {patience_s:g} s")
            time.sleep(0.05)

    def close(self) -> None:
        """Let go of the record."""
        self._record.close()


@contextlib.contextmanager
def alone(environment: Mapping[str, str], *options: str) -> Iterator[Engine]:
    """Start `gdtui run digits` with these options, kill that client, and yield the engine, which goes on."""
    # Into a file: a pipe that nobody empties would make the run wait.
    with tempfile.TemporaryFile() as told:
        client = subprocess.Popen(
            [*GDTUI, "run", "digits", *FULL_SPEED, "--json", "--every", "1000000000", *options],
            stdout=told,
            stderr=told,
            env=dict(environment),
        )
        try:
            name = _name_of_run(client, told.fileno())
        finally:
            client.kill()
            client.wait()
    with at_work(runs(environment) / name) as engine:
        yield engine


def runs(environment: Mapping[str, str]) -> Path:
    """Return the folder with the directories of all runs."""
    return Path(environment["GDTUI_DATA_DIR"]) / "runs"


def only(environment: Mapping[str, str]) -> contextlib.AbstractContextManager[Engine]:
    """Return the only engine there is, once it has recorded a step, to be ended afterwards."""
    end = time.monotonic() + PATIENCE_S
    while not (found := [path for path in runs(environment).glob("*") if path.is_dir()]):
        if time.monotonic() > end:
            raise RunError("no engine has started")
        time.sleep(0.01)
    return at_work(found[0])


@contextlib.contextmanager
def at_work(path: Path) -> Iterator[Engine]:
    """Yield the engine of this run directory once it has recorded a step, and end it afterwards."""
    end = time.monotonic() + PATIENCE_S
    try:
        while not (path / "run.db").exists():
            if time.monotonic() > end:
                raise RunError(f"{path.name}: the engine has not started")
            time.sleep(0.01)
        with contextlib.closing(Engine(path=path)) as engine:
            engine.wait_for(1)
            yield engine
    finally:
        end_engine(path / "run.lock")


def _name_of_run(client: subprocess.Popen[bytes], told: int) -> str:
    """Return what the first line of JSON in this file calls the run."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        # The client writes where this descriptor stands, so it must not be moved.
        line, ended, _ = os.pread(told, 1 << 16, 0).decode(errors="replace").partition("\n")
        if ended:
            if not line.startswith("{"):
                raise RunError(line)
            return str(json.loads(line)["run"])
        if client.poll() is not None:
            raise RunError("gdtui run has ended without a word")
        time.sleep(0.02)
    raise RunError("gdtui run has not started")


def end_engine(lock: Path) -> None:
    """Ask the engine that holds this lock to end, and kill it if it does not."""
    run = RunDirectory(name=lock.parent.name, path=lock.parent)
    for request in (signal.SIGTERM, signal.SIGKILL):
        if not run.is_live():
            return
        with contextlib.suppress(OSError, ValueError):
            os.kill(int(lock.read_text()), request)
        end = time.monotonic() + LEAVING_S
        # Its process may stay behind as a zombie where nobody collects orphans; the lock is gone for certain.
        while run.is_live() and time.monotonic() < end:
            time.sleep(0.02)
