"""What is remembered is there the next time, and never in the way."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from engine.places import data_home
from tui.remembered import keep, recall

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0


@pytest.fixture(autouse=True)
def home(places: object) -> Path:
    """The folder where it is kept."""
    return data_home()


def test_what_is_kept_is_there_the_next_time_beside_what_was_there(home: Path) -> None:
    assert recall("theme") is None
    keep("theme", "dark")
    keep("layout", {"tiles": 2})
    keep("theme", "light")
    assert (recall("theme"), recall("layout")) == ("light", {"tiles": 2})
    assert [path.name for path in home.iterdir() if path.is_file()] == ["remembered.json"]


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000, "{}" + " " * 100_000, "\x00\xff"])
def test_what_cannot_be_read_is_forgotten_and_written_anew(home: Path, text: str) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "remembered.json").write_text(text, encoding="latin-1")
    assert recall("theme") is None
    keep("theme", "dark")
    assert json.loads((home / "remembered.json").read_text()) == {"theme": "dark"}


def test_a_pipe_that_nobody_writes_into_is_not_waited_for(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    os.mkfifo(home / "remembered.json")
    script = "from tui.remembered import recall; print(recall('theme'))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert (done.stdout, done.stderr) == ("None\n", "")


def test_where_nothing_can_be_written_nothing_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = home.parent / "a file"
    blocked.write_text("in the way")
    monkeypatch.setenv("GDTUI_DATA_DIR", str(blocked))
    keep("theme", "dark")
    assert recall("theme") is None


def test_what_could_not_be_written_wholly_leaves_nothing_behind(home: Path) -> None:
    keep("layout", 1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, limits[1]))
    try:
        keep("theme", "dark")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in home.iterdir()] == ["remembered.json"]
    assert (recall("layout"), recall("theme")) == (1, None)
    (home / "remembered.json").unlink()
    (home / "remembered.json").mkdir()
    keep("theme", "dark")
    assert [path.name for path in home.iterdir()] == ["remembered.json"]
