"""What every test gets: folders of its own for runs and sockets, and the certainty that no engine outlives it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from engine.run.directory import RunDirectory
    from engine.run.process import EngineProcess

# The same examples every time, so that a change is judged by itself; HYPOTHESIS_PROFILE=explore looks for new ones.
# No deadline: how fast an example is says more about the machine than about the code.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

# With it every engine, terminal and process of a test would compile a hundred modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

LEAVING_S = 10.0
"""How long an engine that was told to end may take; only reached when something is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines on stdout."""
        return self.out.splitlines()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Run three tests on two cores: one of a screen waits half of its time, for the screen to rest or an engine."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + cores // 2


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A short folder, as a socket's path must be, with this test's runs and sockets; engines left in it are a failure.

    An engine whose run has ended is only waiting for someone who may come back; one that still trains was forgotten.
    """
    # pytest's own folders, and the temporary folder of macOS, are too long for the path of a socket.
    root = Path(tempfile.mkdtemp(prefix="gd-", dir="/tmp"))
    monkeypatch.setenv("GDTUI_DATA_DIR", str(root / "data"))
    monkeypatch.setenv("GDTUI_RUNTIME_DIR", str(root / "run"))
    yield root
    # os.walk, as a run that is not recorded may take its folder away meanwhile.
    locks = [Path(folder, "run.lock") for folder, _, files in os.walk(root) if "run.lock" in files]
    forgotten = [end for lock in locks if (end := _ended(lock))]
    shutil.rmtree(root, ignore_errors=True)
    assert not forgotten, f"this test left engines behind: {forgotten}"


@pytest.fixture
def start_run(places: Path) -> Callable[..., tuple[RunDirectory, EngineProcess]]:
    """Start a real engine on a spec; what else a launch takes goes by name."""
    from engine.run import client, directory
    from engine.run.launch import Launch

    def start(spec: dict[str, Any], *, out: Path | None = None, **others: Any) -> tuple[RunDirectory, EngineProcess]:
        launch = Launch(preset="test", title="A test", spec=spec, **others)
        run = directory.create("test", out=out, recorded=launch.recorded)
        return run, client.start(run, launch)

    return start


@pytest.fixture
def gdtui(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Carry out a command line in this process, which saves the start of one; engines are processes all the same."""
    from tui.command import main

    def run(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = main(list(arguments))
        captured = capsys.readouterr()
        return Outcome(code=code, out=captured.out, err=captured.err)

    return run


def _ended(lock: Path) -> str:
    """End the engine that holds this lock, and return its run's name if it had not ended by itself."""
    if not _is_held(lock):
        return ""
    try:
        process = int(lock.read_text())
    except FileNotFoundError:
        return ""
    if process == os.getpid():
        return ""  # a test plays the engine itself
    state = _state(lock.parent)
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGTERM if state == "ended" else signal.SIGKILL)
    end = time.monotonic() + LEAVING_S
    while _is_held(lock):
        if time.monotonic() > end:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            return f"{lock.parent.name} (does not end)"
        time.sleep(0.002)
    return "" if state == "ended" else f"{lock.parent.name} ({state})"


def _is_held(lock: Path) -> bool:
    try:
        with lock.open("rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _state(path: Path) -> str:
    from engine.errors import GdtuiError
    from engine.run import client, directory

    run = next((run for run in directory.all_runs() if run.path == path), None)
    if run is None or not run.socket.exists():
        return "ended"  # it has taken its address away, which is the last that it does
    try:
        connection = client.Client(run, watch="nothing", name="test")
    except GdtuiError:
        return "ended"  # it hangs up on everyone before that; one that hangs instead does not end in time
    connection.close()
    return connection.welcome.state
