"""`gdtui run`: where a run is recorded, and the few lines that people read."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.run.client import Client
from engine.run.history import RecordReader
from tui.opening import Opening

if TYPE_CHECKING:
    from tests.tui.conftest import Events

GDTUI = [sys.executable, str(Path(__file__).resolve().parents[2] / "gdtui.py")]
PATIENCE_S = 30.0

Command = Callable[..., Any]


def test_what_is_printed_is_what_is_recorded(events: Events, gdtui: Command, places: Path) -> None:
    out = places / "a run"
    found = events(
        gdtui("run", "ravine", "--json", "--steps", "300", "--out", str(out), "--at", "7", "optimizer.lr=0.01")
    )
    reader = RecordReader(out / "run.db")
    values = np.concatenate([block.values for block in reader.steps(1, 1)], axis=1)
    printed = [found.column("step", key) for key in ("epoch", "loss", "lr", "grad_norm", "update_norm")]
    assert values.tolist() == printed
    assert [event.kind for event in reader.events()] == ["applied", "judged", "finished"]
    assert [path.name for path in (places / "data" / "runs").iterdir()] == [f"{found[0]['run']}.at"]


def test_a_run_is_recorded_among_the_others_by_default_and_nowhere_if_not_wanted(
    events: Events, gdtui: Command, places: Path
) -> None:
    name = events(gdtui("run", "ravine", "--json", "--steps", "1"))[0]["run"]
    assert (places / "data" / "runs" / name / "run.db").is_file()
    unrecorded = events(gdtui("run", "ravine", "--json", "--steps", "1", "--no-record"))[0]["run"]
    assert [path.name for path in (places / "data" / "runs").iterdir()] == [name]
    end = time.monotonic() + PATIENCE_S
    while left := [path.name for path in (places / "run").iterdir() if path.name.startswith(unrecorded)]:
        assert time.monotonic() < end, left
        time.sleep(0.02)


def test_a_failed_run_that_was_not_to_be_recorded_leaves_nothing_either(
    gdtui: Command, places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = Opening.connect

    def connect_too_late(self: Opening, **options: Any) -> Client:
        assert self._engine is not None
        self.run()
        self._engine.end()
        return connect(self, **options)

    monkeypatch.setattr(Opening, "connect", connect_too_late)
    outcome = gdtui("run", "ravine", "--no-record")
    assert outcome.code == 1
    assert [path.name for path in (places / "run").iterdir()] == []


def test_a_run_does_not_write_into_a_record_that_is_there(gdtui: Command, places: Path) -> None:
    out = str(places / "out")
    assert gdtui("run", "ravine", "--steps", "1", "--out", out).code == 0
    before = (places / "out" / "launch.json").read_bytes()
    refused = gdtui("run", "ravine", "--steps", "2", "--out", out)
    assert (refused.code, refused.out) == (2, "")
    assert "not empty" in refused.err
    assert (places / "out" / "launch.json").read_bytes() == before


def test_without_json_a_person_reads_a_few_lines(gdtui: Command, places: Path) -> None:
    outcome = gdtui("run", "ravine", "--steps", "5", "--at", "2", "optimizer.lr=0.01")
    assert outcome.code == 0
    assert "5 steps" in outcome.lines[0]
    assert "ended by steps" in outcome.lines[0]
    assert ": 1 step, " in gdtui("run", "ravine", "--steps", "1", "--no-record").out
    assert outcome.lines[-1].startswith(f"recorded in {places}/data/runs/ravine-")
    assert outcome.err == "step 2: optimizer.lr 0.0198 → 0.01\n"
    unrecorded = gdtui("run", "moons", "--steps", "5", "--no-record")
    assert "% right" in unrecorded.lines[1]
    assert "recorded" not in unrecorded.out


def test_a_preset_keeps_its_pace_only_for_those_who_watch(gdtui: Command) -> None:
    """The ravine's thirty steps a second would take seven seconds; asked for, a pace holds here as well."""
    began = time.monotonic()
    assert gdtui("run", "ravine", "--steps", "200", "--no-record").code == 0
    assert time.monotonic() - began < 5.0
    began = time.monotonic()
    assert gdtui("run", "ravine", "--steps", "10", "--no-record", "--set", "pace.steps_per_second=20").code == 0
    assert time.monotonic() - began > 0.35


def on_a_terminal(*arguments: str) -> tuple[int, str]:
    """Run `gdtui run` with a terminal as its stderr; return the exit code and what was drawn."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [*GDTUI, "run", *arguments], stdout=subprocess.DEVNULL, stderr=slave, stdin=subprocess.DEVNULL
    ) as process:
        os.close(slave)
        drawn = b""
        end = time.monotonic() + PATIENCE_S
        with contextlib.suppress(OSError):
            while time.monotonic() < end:
                # Linux ends a terminal without a writer with an error, macOS with nothing.
                if not select.select([master], [], [], 1.0)[0]:
                    continue
                part = os.read(master, 65536)
                if not part:
                    break
                drawn += part
        os.close(master)
        code = process.wait(PATIENCE_S)
    return code, drawn.decode(errors="replace")


def test_on_a_terminal_a_bar_shows_step_and_loss() -> None:
    code, drawn = on_a_terminal("moons", "--steps", "50", "--no-record", "--at", "20", "optimizer.lr=0.5")
    assert code == 0
    assert "100%" in drawn
    assert "step 50" in drawn
    assert "loss" in drawn
    assert "optimizer.lr 1.0 → 0.5" in drawn
