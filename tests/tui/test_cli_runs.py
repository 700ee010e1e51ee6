"""`gdtui runs` and `gdtui stop`."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from engine.run import client, directory
from engine.run.client import Client
from engine.run.events import Finished, Progressed
from tests.tui.commands import ENDLESS, QUICK_S, Command, StartRun, assert_refused
from tui.charts.axes import compact


@pytest.fixture(autouse=True)
def forked_engines() -> None:
    """Start engines as the program does: here it matters whose child an engine is, and what it is started with."""


def test_no_runs_is_not_an_error(gdtui: Command) -> None:
    listed = gdtui("runs")
    assert (listed.code, listed.out) == (0, "no runs\n")


def test_a_run_is_listed_stopped_and_removed(gdtui: Command, start_run: StartRun) -> None:
    run, engine = start_run(ENDLESS, await_client=True)
    connection = Client(run, watch="live", engine=engine)
    while not any(isinstance(message, Progressed) and message.step > 0 for message in connection.wait(5.0)):
        pass
    listed = gdtui("runs", "list")
    assert listed.lines[0].split() == ["RUN", "STATE", "PRESET", "STEP", "LOSS", "STARTED"]
    assert listed.lines[1].split()[:3] == [run.name, "running", "test"]

    assert "stop it first" in assert_refused(gdtui("runs", "rm", run.name), code=1)
    stopped = gdtui("stop", run.name)
    assert (stopped.code, stopped.out, stopped.err) == (0, f"{run.name} has ended\n", "")
    assert not run.is_live()
    heard = []
    while connection.open:
        heard += connection.wait(5.0)
    connection.close()

    (finished,) = [message for message in heard if isinstance(message, Finished)]
    assert gdtui("runs").lines[1].split()[:6] == [
        run.name,
        "ended",
        "(stopped)",
        "test",
        f"{finished.step:,}",
        compact(finished.loss),
    ]
    # Its name alone is enough to be told what came of it, and so is none: it is the newest.
    said = f"run {run.name}: ended (stopped) at step {finished.step:,} with loss {compact(finished.loss)}"
    for command in ("attach", "stop"):
        assert assert_refused(gdtui(command, run.name[:6]), code=1) == f"gdtui: {said}; its record: {run.path}"
    assert assert_refused(gdtui("attach"), code=1).endswith(
        f"no run is running; the newest: {said}; its record: {run.path}"
    )
    assert "there are: none" in assert_refused(gdtui("attach", "canyon"))
    removed = gdtui("runs", "rm", run.name[:6])
    assert (removed.code, removed.out) == (0, f"{run.name} is removed\n")
    assert not run.path.exists()
    assert gdtui("runs").out == "no runs\n"


def test_an_engine_that_does_not_answer_delays_the_list_of_runs_by_an_instant_only(
    gdtui: Command, start_run: StartRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "START_S", 4.0)
    run, engine = start_run(ENDLESS, await_client=True)
    connection = Client(run, watch="live", engine=engine)
    pid = connection.welcome.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(0.1)  # until the kernel has stopped it
        began = time.monotonic()
        listed = gdtui("runs")
        assert time.monotonic() - began < QUICK_S
        assert "silent" in listed.lines[1].split()
    finally:
        os.kill(pid, signal.SIGCONT)
        gdtui("stop", run.name)
        connection.close()


def test_a_damaged_run_is_listed_among_the_others_and_can_be_removed(gdtui: Command) -> None:
    root = directory.data_root()
    for name, content in (("a-1", b""), ("b-2", b"\xff{"), ("c-3", b"[" * 100_000), ("d-4", b'{"preset": 5}')):
        (root / name).mkdir(parents=True)
        (root / name / "launch.json").write_bytes(content)
        (root / name / "run.db").write_bytes(b"SQLite format 3\0" + b"x" * 200)
    listed = gdtui("runs")
    assert listed.code == 0
    assert sorted(line.split()[0] for line in listed.lines[1:]) == ["a-1", "b-2", "c-3", "d-4"]
    assert gdtui("runs", "rm", "c-3").code == 0
    assert len(gdtui("runs").lines) == 4


def test_a_run_that_was_recorded_elsewhere_is_listed_and_removed_like_any_other(gdtui: Command, places: Path) -> None:
    out = places / "my results"
    assert gdtui("run", "ravine", "--steps", "3", "--out", str(out)).code == 0
    (out / "run.db.backup").write_text("mine")
    name = gdtui("runs").lines[1].split()[0]
    assert gdtui("stop", name).code in (0, 2), "it may have left by itself"
    assert gdtui("runs").lines[1].split()[1:5] == ["ended", "(steps)", "ravine", "3"]
    assert gdtui("runs", "rm", name).out == f"{name} is removed\n"
    assert [path.name for path in out.iterdir()] == ["run.db.backup"]
    assert gdtui("runs").out == "no runs\n"
    assert list(directory.data_root().iterdir()) == []
