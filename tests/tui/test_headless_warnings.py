"""`gdtui run` and what goes wrong: a line for people, and nothing that a program does not expect."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.tui.conftest import Parsed

Command = Callable[..., Any]
RISING = ("run", "ravine", "--set", "optimizer.lr=0.02005", "--no-record", "--steps", "40000")
"""Half a percent beyond 2/λ the loss grows by a hundredth in a step, and overflows only after 70,000."""


def test_people_read_what_goes_wrong_and_what_to_try(gdtui: Command) -> None:
    outcome = gdtui(*RISING)
    (line,) = [line for line in outcome.err.splitlines() if "loss rises" in line]
    assert line.startswith("step ")
    assert "; divide the learning rate by ten" in line
    assert "loss rises" not in outcome.out


def test_programs_read_only_the_lines_of_the_contract(gdtui: Command, parsed: Parsed) -> None:
    outcome = gdtui(*RISING, "--json")
    assert {line["event"] for line in parsed(outcome.lines)} <= {
        "started", "step", "telemetry", "evaluated", "applied", "goal", "finished",
    }  # fmt: skip
    assert "loss rises" not in outcome.err
