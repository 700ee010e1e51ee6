"""The search for a learning rate: what people see, what programs read, and what a dashboard says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from engine.run import directory

if TYPE_CHECKING:
    from tests.tui.conftest import Watched

Command = Callable[..., Any]


def test_people_get_a_chart_a_table_and_rates_to_begin_with(gdtui: Command) -> None:
    outcome = gdtui("find-lr", "moons", "--to", "1000")
    assert (outcome.code, outcome.err) == (0, "")
    words = outcome.out
    assert "smoothed loss against the learning rate" in words
    assert "┌" in words
    assert words.count("┤") >= 3
    for name in ("valley", "steepest", "minimum/10"):
        assert f"\n{name} " in words
    assert "to begin with the first: --set optimizer.lr=" in words
    assert max(len(line) for line in outcome.lines) <= 100
    assert directory.all_runs() == []


def test_programs_get_a_line_for_every_rate_and_every_suggestion(gdtui: Command) -> None:
    outcome = gdtui("find-lr", "moons", "--from", "1e-4", "--to", "1e-2", "--steps", "40", "--json", "--seed", "3")
    found = [json.loads(line) for line in outcome.lines]
    rates = [line for line in found if line["event"] == "rate"]
    assert [line["step"] for line in rates] == list(range(1, 41))
    assert (rates[0]["lr"], rates[-1]["lr"]) == (pytest.approx(1e-4), pytest.approx(1e-2))
    assert all(set(line) == {"event", "step", "lr", "loss", "smoothed"} for line in rates)
    assert {line["name"] for line in found if line["event"] == "suggested"} <= {"valley", "steepest", "minimum/10"}
    assert found[-1] == {"event": "finished", "step": 40, "reason": "steps"}


def test_a_loss_that_explodes_ends_the_lines(gdtui: Command) -> None:
    outcome = gdtui("find-lr", "ravine", "--json")
    last = json.loads(outcome.lines[-1])
    assert last["reason"] == "divergence"
    assert last["step"] < 100


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "3", "--to", "1"), "learning rates from 3 to 1; allowed: 0 < from < to"),
        (("--from", "fast"), "fast"),
        (("--steps", "3"), "'--steps': 3 is not in the range 20<=x<=100000"),
        (("--epochs", "3"), "--epochs"),
        (("--set", "optimizer.lr=-1"), "optimizer.lr = -1; allowed: a number > 0"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_code_2(gdtui: Command, arguments: tuple[str, ...], said: str) -> None:
    outcome = gdtui("find-lr", "ravine", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert said in outcome.err


def test_a_problem_whose_loss_is_not_finite_from_the_start_says_so(gdtui: Command) -> None:
    outcome = gdtui("find-lr", "ravine", "--set", "problem.start=[1e200, 1.0]")
    assert (outcome.code, outcome.out) == (1, "")
    assert (
        outcome.err == "gdtui: ravine: the loss is not finite at the very first step: there is nothing to learn from\n"
    )


async def test_a_sweep_from_the_dashboard_says_what_it_found_and_the_run_stands_where_it_stood(
    watched: Watched,
) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        step, curve = seat.view.step, seat.view.lane.loss.count
        (command,) = (each for each in seat.app.get_system_commands(seat.app.screen) if "sweep" in each.title)
        command.callback()
        await seat.answered()
        notice = seat.view.notices[-1].words
        assert notice.startswith(("learning rates to begin with: valley ", "no learning rate stands out"))
        assert (seat.view.step, seat.view.lane.loss.count, seat.view.lane.markers) == (step, curve, [])
        await seat.press("s")
        assert seat.view.step == step + 1
