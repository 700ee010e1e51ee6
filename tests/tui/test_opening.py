"""A run on its way to the screen: the engine checks the preset, and what was started for nothing leaves no trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import InputError, RunError
from engine.run import client, directory, process
from presets import chosen_preset
from presets.launches import launch_of
from tui.opening import Opening, started

if TYPE_CHECKING:
    from tests.tui.conftest import EndEngines

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def forked_engines() -> None:
    """Start engines as the program does: here it matters whose child an engine is, and what it is started with."""


@pytest.fixture(autouse=True)
def no_engine_is_left(places: Path, end_engines: EndEngines) -> Iterator[None]:
    yield
    end_engines()


def left_behind() -> list[Path]:
    """Everything that runs have left on the disk."""
    roots = (directory.data_root(), directory.runtime_root())
    return [path for root in roots if root.is_dir() for path in root.iterdir()]


def test_a_preset_becomes_a_run_that_can_be_reached() -> None:
    opening = started("ravine", {"settings": ["optimizer.lr=0.01"], "seed": 7})
    title, see = opening.introduction()
    assert (title, see) == (chosen_preset("ravine").title, chosen_preset("ravine").see)
    connection = opening.connect()
    try:
        assert connection.welcome.preset == "ravine"
        assert connection.welcome.lanes[0].spec["optimizer"]["lr"] == 0.01
        assert connection.welcome.lanes[0].spec["seed"] == {"data": 7, "init": 7, "batches": 7, "dropout": 7}
        assert connection.welcome.recorded
        assert opening.run() == connection.run
    finally:
        connection.close()


def test_a_file_is_looked_for_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_text('title = "Mine"\n[problem]\nkind = "landscape"\nfunction = "ravine"\n')
    monkeypatch.chdir(tmp_path)
    assert started("mine.toml", {}).introduction() == ("Mine", "")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("ravin", {}, id="unknown"),
        pytest.param("nowhere/at-all.toml", {}, id="no file"),
        pytest.param("digits", {"settings": ["optimizer.lr=-1"]}, id="a wrong value"),
        pytest.param("digits", {"settings": ["optimizer.lr"]}, id="no value"),
        pytest.param("digits", {"steps": 5, "epochs": 5}, id="two options"),
        pytest.param("digits\udcff\x1b[2J", {}, id="bytes that are no text"),
    ],
)
def test_what_is_wrong_is_said_as_everywhere_and_nothing_is_left(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(InputError) as expected:
        chosen_preset(name, **options)
    opening = started(name, options)
    with pytest.raises(InputError) as said:
        opening.run()
    assert str(said.value) == str(expected.value)
    assert not left_behind()


def test_a_machine_without_room_for_runs_is_no_wrong_input(places: Path) -> None:
    (places / "run").write_text("not a folder")
    with pytest.raises(RunError, match="cannot be made for the engine's socket"):
        started("digits", {}).run()
    (places / "run").unlink()


def test_a_run_whose_record_cannot_begin_is_no_run() -> None:
    run = directory.create("ravine")
    run.record.symlink_to("nowhere")
    engine = client.start(run, launch_of(chosen_preset("ravine")))
    with pytest.raises(RunError, match=r"the engine did not start: .*run\.db exists already"):
        Opening(run=run, engine=engine).connect()
    assert not left_behind()


def test_an_engine_that_dies_without_a_word_is_told_by_its_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "gdtui.py"
    broken.write_text("import no_such_module")
    monkeypatch.setattr(process, "LAUNCHER", broken)
    with pytest.raises(RunError, match="the engine did not start: ModuleNotFoundError: No module named 'no_such_"):
        started("digits", {}).run()
    broken.write_text("import os; os.kill(os.getpid(), 9)")
    with pytest.raises(RunError, match="the engine did not start: killed by signal 9"):
        started("digits", {}).run()


@pytest.mark.parametrize("known", [True, False], ids=["after its name was known", "before"])
def test_an_abandoned_run_leaves_no_trace(known: bool) -> None:
    opening = started("digits", {})
    if known:
        opening.connect().close()
    opening.abandon()
    assert not [run for run in directory.all_runs() if run.is_live()]
    assert not known or not left_behind()


def test_a_run_that_was_found_is_not_ended_by_leaving_it() -> None:
    run = started("digits", {}).run()
    Opening(run=run).abandon()
    assert run.launch.exists()


def test_an_engine_whose_starter_has_gone_takes_back_what_it_made() -> None:
    order = json.dumps({"name": "digits"})
    engine = subprocess.Popen(
        [sys.executable, str(ROOT / "gdtui.py"), "_start", order],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert engine.stdout is not None
    engine.stdout.close()
    engine.wait(20.0)
    assert not left_behind()


@pytest.mark.parametrize(
    "text", [None, "", "{}", "[1]", '{"title": 5}', "[" * 100_000, '{"title": "a\\u001b[2Jb", "see": ""}']
)
def test_an_introduction_that_cannot_be_read_is_none(tmp_path: Path, text: str | None) -> None:
    run = directory.RunDirectory(name="test", path=tmp_path)
    if text is not None:
        run.launch.write_text(text)
    title, see = Opening(run=run).introduction()
    assert see == ""
    assert title in ("test", "a�[2Jb")
    assert os.linesep not in title


def test_an_engine_that_is_never_told_what_to_do_ends_and_leaves_nothing() -> None:
    engine = process.spawned(["_start"], output=subprocess.PIPE, takes_order=True)
    engine.order("")
    assert engine.first_words() == ""
    assert engine.death() is None
    assert engine.is_over()
    assert not left_behind()


@pytest.mark.parametrize("word", ["x" * 5000, "a/../../digits", "digits\udcff"])
def test_a_first_word_of_any_kind_is_answered_in_one_line(places: Path, word: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "gdtui.py"), os.fsencode(word), "--steps", "1"],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.count(b"\n") == 1
    assert not left_behind()
