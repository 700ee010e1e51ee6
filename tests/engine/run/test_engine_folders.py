"""Real engines in their folders: of any name, chosen or for a while, and never two in one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.run import directory
from engine.run.commands import Pause, Stop
from engine.run.directory import RunDirectory
from engine.run.events import Progressed
from tests.engine.run.specs import StartRun

if TYPE_CHECKING:
    from tests.engine.run.conftest import Connect, Ended, RecordedSteps

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 20.0
"""How long anything may take on a busy machine; nothing here waits that long unless it is broken."""

ENDLESS = {
    "problem": {"kind": "landscape", "function": "ravine", "start": [1.0, 1.0], "condition": 10},
    "optimizer": {"name": "sgd", "lr": 1e-9},
    "precision": "float64",
}


def limited(steps: int) -> dict[str, Any]:
    return ENDLESS | {"stop": {"steps": steps}}


def test_a_run_that_was_never_recorded_leaves_nothing_behind(
    ended: Ended, start_run: StartRun, connect: Connect, places: Path
) -> None:
    run, engine = start_run(limited(5), recorded=False, await_client=True)
    connection = connect(run, engine, watch="all")
    assert not connection.welcome.recorded
    connection.until_finished()
    connection.send(Stop(seq=connection.next_sequence()))
    connection.until_gone()
    assert ended(engine) == 0
    assert not (places / "data").exists()
    assert list((places / "run").iterdir()) == []


@pytest.mark.parametrize("folder", ["with a space", "ελλ·日本", "a'b\"c;$(d)&"])
def test_a_run_lives_in_a_folder_of_any_name(
    recorded_steps: RecordedSteps, start_run: StartRun, connect: Connect, places: Path, folder: str
) -> None:
    run, engine = start_run(limited(3), out=places / folder)
    connection = connect(run, engine)
    assert connection.welcome.directory == str(places / folder)
    connection.until(lambda message: isinstance(message, Progressed) and message.step == 3)
    assert directory.find(run.name, live=True).path == places / folder
    connection.send(Stop(seq=connection.next_sequence()))
    connection.until_gone()
    assert recorded_steps(run) == [1, 2, 3]


def test_a_run_in_a_folder_whose_name_ends_in_a_space_is_found(
    start_run: StartRun, connect: Connect, places: Path
) -> None:
    run, engine = start_run(limited(3), out=places / "trailing ", await_client=True)
    connection = connect(run, engine)
    connection.until_finished()
    try:
        assert directory.find(run.name, live=True).path == places / "trailing "
    finally:
        connection.send(Stop(seq=connection.next_sequence()))
        connection.until_gone()


@pytest.mark.skipif(sys.platform == "darwin", reason="file names are Unicode there")
def test_a_run_lives_in_a_folder_whose_name_is_not_even_text(
    recorded_steps: RecordedSteps, start_run: StartRun, connect: Connect, places: Path
) -> None:
    run, engine = start_run(limited(3), out=Path(os.fsdecode(os.fsencode(places) + b"/\xff\xfe")))
    connection = connect(run, engine)
    connection.until_finished()
    connection.send(Stop(seq=connection.next_sequence()))
    connection.until_gone()
    assert recorded_steps(run) == [1, 2, 3]


def second_engine(run: RunDirectory) -> subprocess.CompletedProcess[str]:
    """Start an engine on a run that has one, and return what became of it."""
    launcher = [sys.executable, str(ROOT / "gdtui.py"), "_engine", str(run.path), run.name]
    return subprocess.run(launcher, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def test_a_second_engine_on_a_run_refuses_and_the_first_stays_reachable(
    start_run: StartRun, connect: Connect, places: Path
) -> None:
    run, engine = start_run(ENDLESS, out=places / "far")
    connection = connect(run, engine)
    refused = second_engine(run)
    assert refused.returncode == 1
    assert "another engine is at work" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert connection.answer(Pause(seq=connection.next_sequence())).state == "paused"
    other = connect(run, watch="nothing")
    assert other.welcome.pid == connection.welcome.pid
    connection.send(Stop(seq=connection.next_sequence()))
    connection.until_gone()


def test_a_refused_second_engine_does_not_take_the_first_ones_address_away(
    start_run: StartRun, connect: Connect, places: Path
) -> None:
    run, engine = start_run(ENDLESS, out=places / "far")
    connection = connect(run, engine)
    second_engine(run)
    try:
        assert directory.find(run.name, live=True).path == places / "far"
    finally:
        connection.send(Stop(seq=connection.next_sequence()))
        connection.until_gone()
