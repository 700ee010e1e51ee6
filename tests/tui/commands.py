"""What tests of the command line have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.run import directory

QUICK_S = 2.0
"""What a refusal may take at most, on a busy machine; it takes milliseconds."""


Command = Callable[..., Any]


StartRun = Callable[..., tuple[directory.RunDirectory, Any]]


ENDLESS = {
    "problem": {"kind": "landscape", "function": "ravine", "start": [1.0, 1.0]},
    "optimizer": {"name": "sgd", "lr": 1e-9},
    "pace": {"steps_per_second": 50},
}


def assert_refused(outcome: Any, code: int = 2) -> str:
    """One line on stderr, nothing on stdout; returns the line."""
    assert outcome.out == ""
    assert outcome.code == code, outcome.err
    assert outcome.err.startswith("gdtui: ")
    assert outcome.err.endswith("\n")
    line: str = outcome.err[:-1]
    assert len(line.splitlines()) == 1
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in line)
    return line
