"""What each command loads: a second of waiting at a prompt is made of imports that nobody needed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.run.client import Client
from engine.run.directory import RunDirectory

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {"asyncio", "click", "numpy", "platformdirs", "plotext", "pydantic", "rich", "sqlite3", "textual"}
"""Each takes at least as long as a bare Python needs to start, or brings one that does."""

THE_COMMAND = """
import sys
sys.argv[0] = "gdtui"
import gdtui
code = gdtui.main()
print("loaded", *sys.modules, file=sys.stderr)
sys.exit(code)
"""
UP_TO_THE_FIRST_PAINT = """
import sys
import tui.cli
from tui import app
from tui.opening import Opening
from engine.run.directory import RunDirectory
from pathlib import Path

def painted(*_):
    print("loaded", *sys.modules, file=sys.__stderr__)
    shown.exit()

if sys.argv[1] == "gallery":
    from tui.screens.gallery import Gallery
    Gallery._read = painted
    shown = app.GdtuiApp(gallery=Gallery())
else:
    app.GdtuiApp.show_run = painted
    shown = app.GdtuiApp(opening=Opening(run=RunDirectory(name="test", path=Path("nowhere"))))
shown.run(headless=True)
"""


def heavy(words: str) -> set[str]:
    """The heavy packages in what a script says that it has loaded."""
    (line,) = [line for line in words.splitlines() if line.startswith("loaded ")]
    return {name.split(".")[0] for name in line.split()[1:]} & HEAVY


@pytest.mark.parametrize(
    ("arguments", "loads"),
    [
        pytest.param("--version", {"click"}, id="version"),
        pytest.param("--help", {"click"}, id="help"),
        pytest.param("run --help", {"click"}, id="run --help"),
        pytest.param("presets list", {"click", "numpy", "pydantic"}, id="presets"),
        pytest.param("list optimizers", {"click", "numpy", "pydantic"}, id="list"),
        pytest.param("graph circuit", {"click", "numpy", "pydantic"}, id="graph"),
        pytest.param("run xor --steps 1 --no-record", {"click", "numpy", "pydantic"}, id="run"),
        pytest.param("stop nothing", {"click", "numpy", "pydantic"}, id="stop"),
        pytest.param("find-lr xor --json", {"click", "numpy", "pydantic"}, id="find-lr"),
    ],
)
def test_a_command_loads_what_it_needs(places: Path, arguments: str, loads: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", THE_COMMAND, *arguments.split()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert heavy(done.stderr) == loads, done.stderr


def test_an_engine_loads_what_trains_and_what_records(places: Path) -> None:
    order = json.dumps({"name": "xor", "options": {"settings": ["stop.steps=1"]}})
    engine = subprocess.Popen(
        [sys.executable, "-c", THE_COMMAND, "_start"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with engine:
        assert engine.stdin is not None
        assert engine.stdout is not None
        engine.stdin.write(order.encode())
        engine.stdin.close()
        words = json.loads(engine.stdout.read())
        run = RunDirectory(name=words["name"], path=Path(words["path"]))
        while not run.socket.exists():
            assert engine.poll() is None
        # Who is answered talks to an engine that is at work.
        Client(run, watch="nothing").close()
        os.kill(engine.pid, signal.SIGTERM)
        assert engine.wait() == 0
    assert heavy(run.log.read_text()) == {"numpy", "pydantic", "sqlite3"}


@pytest.mark.parametrize("screen", ["gallery", "run"])
def test_the_first_paint_waits_for_nothing_but_the_screen(places: Path, screen: str) -> None:
    """What a run needs comes after it: NumPy, pydantic and plotext together take as long as all the rest."""
    done = subprocess.run(
        [sys.executable, "-c", UP_TO_THE_FIRST_PAINT, screen], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert heavy(done.stderr) == {"asyncio", "click", "platformdirs", "rich", "textual"}, done.stderr


@pytest.mark.parametrize(
    ("what", "leaves"),
    [
        pytest.param("engine.run.process", {"engine.run.directory", "pydantic", "numpy", "click"}, id="to prepare"),
        pytest.param("engine.run.client", {"engine.subject", "engine.method.spec", "engine.method.goal"}, id="client"),
        pytest.param("presets.start", {"engine.subject.formats", "engine.method.line_search.search"}, id="engine"),
        pytest.param("tui.run_view, tui.screens.dashboard", {"markdown_it", "plotext"}, id="dashboard"),
        pytest.param("tui.headless", {"engine.subject", "engine.method.spec", "sqlite3"}, id="gdtui run"),
    ],
)
def test_what_is_waited_for_leaves_the_rest_to_who_needs_it(what: str, leaves: set[str]) -> None:
    """The first step of a run waits for two processes that load at the same time, and each slows the other."""
    code = f"import sys, {what}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert leaves.isdisjoint(done.stdout.split())
