"""What the live figures stand on: a terminal that counts frames, and an engine read from its record."""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path

import pytest

from benchmarks import engines, zoom
from benchmarks.terminal import COLUMNS, ROWS, Terminal
from engine.errors import RunError

ASKS_AND_DRAWS = r"""
import os, sys, tty
tty.setraw(0)
size = os.get_terminal_size()
os.write(1, b"\x1b[?2026$p")
answer = os.read(0, 32)
assert answer == b"\x1b[?2026;2$y", answer
for _ in range(3):
    os.write(1, b"\x1b[?2026hframe\x1b[?20")
    os.write(1, b"26l")
os.write(1, f"{size.columns} x {size.lines}".encode())
os.read(0, 1)
"""


def test_a_terminal_answers_that_frames_may_be_framed_and_counts_them_even_in_pieces() -> None:
    with Terminal([sys.executable, "-c", ASKS_AND_DRAWS], os.environ) as terminal:
        terminal.until(f"{COLUMNS} x {ROWS}".encode())
        assert terminal.frames == 3
        assert terminal.written >= 3 * len(b"\x1b[?2026hframe\x1b[?2026l")


WRITES_A_LOT = "import os; os.write(1, b'x' * 60_000); os.write(1, b'end'); os.read(0, 1)"


def test_a_slow_link_lets_through_what_it_can_and_no_more() -> None:
    with Terminal([sys.executable, "-c", WRITES_A_LOT], os.environ, size=(200, 60)) as terminal:
        terminal.rate = 100_000.0
        began = terminal.until(b"x")
        # No faster than the link; how much slower is the machine's affair.
        assert terminal.until(b"end") - began > 0.4


def test_the_processor_time_of_a_command_is_known() -> None:
    busy = "import os, time\nwhile time.process_time() < 0.3: pass\nos.write(1, b'end'); os.read(0, 1)"
    with Terminal([sys.executable, "-c", busy], os.environ) as terminal:
        terminal.until(b"end")
        spent = terminal.processor_s
        assert math.isnan(spent) or 0.25 < spent < 5.0


def test_zooming_is_measured_at_every_level_and_so_is_the_memory(capsys: pytest.CaptureFixture[str]) -> None:
    zoom.main(50_000)
    found = json.loads(capsys.readouterr().out)
    assert len(found["ms"]) == 5
    assert all(min(taken) > 0.0 for taken in found["ms"].values())


def test_a_command_that_leaves_its_terminal_is_said_to() -> None:
    with (
        Terminal([sys.executable, "-c", "print('bye')"], os.environ) as terminal,
        pytest.raises(RunError, match="has left"),
    ):
        terminal.until(b"something that never comes")


def test_an_engine_goes_on_without_its_client_and_nothing_of_it_stays(capfd: pytest.CaptureFixture[str]) -> None:
    with engines.place() as environment:
        root = Path(environment["GDTUI_DATA_DIR"]).parent
        with engines.alone(environment, "--set", "batch.size=8") as engine:
            before = engine.moment()
            engine.wait_for(before.step + 100)
            assert engine.moment().rate_since(before) > 0.0
            lock = engine.path / "run.lock"
            process = int(lock.read_text())
        assert not _trains(process)
    assert not root.exists()
    assert capfd.readouterr().out == ""


def test_a_wrong_option_of_the_run_is_told_in_its_own_words() -> None:
    with (
        engines.place() as environment,
        pytest.raises(RunError, match=r"optimizer\.lr = -1"),
        engines.alone(environment, "--set", "optimizer.lr=-1"),
    ):
        pass


def _trains(process: int) -> bool:
    """Whether a process still runs; a zombie that nobody collects does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        return sys.platform != "linux"
    return state != "Z"
