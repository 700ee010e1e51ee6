"""`gdtui run` of a race: lines of every lane for programs, a table for people, and what can be set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.tui.conftest import Events, Parsed

Command = Callable[..., Any]

RACE = """
title = "Who is first?"
precision = "float64"
problem = { kind = "landscape", function = "rosenbrock", start = [-1.5, 2.0] }
optimizer = { name = "sgd", lr = 1e-3 }
stop = { steps = 1000 }
goal = { text = "f below 1e-4", loss = 1e-4 }

[[lanes]]

[[lanes]]
title = "heavy ball"
optimizer = { name = "momentum", momentum = 0.98, lr = 5e-4 }

[[lanes]]
optimizer = { name = "adam", lr = 0.1 }
"""
"""Computed independently: momentum is there after 335 updates, Adam after 765, gradient descent after 9,952."""


@pytest.fixture
def race(tmp_path: Path) -> str:
    path = tmp_path / "race.toml"
    path.write_text(RACE, encoding="utf-8")
    return str(path)


def test_every_line_says_whose_it_is_and_each_lane_has_a_last_one(events: Events, gdtui: Command, race: str) -> None:
    found = events(gdtui("run", race, "--json", "--every", "500", "--no-record"))
    titles = ["SGD", "heavy ball", "Adam"]
    assert found[0]["lanes"] == [{"lane": lane, "title": title} for lane, title in enumerate(titles)]
    assert [line["lane"] for line in found.of("finished")] == [0, 1, 2]
    for lane in range(3):
        assert [line["step"] for line in found.of("step") if line["lane"] == lane] == [500, 1000]
    assert {(line["lane"], line["reached"], line["step"]) for line in found.of("goal")} == {
        (0, False, 1000),
        (1, True, 335),
        (2, True, 765),
    }


def test_people_get_a_table_with_the_best_lane_first(gdtui: Command, race: str) -> None:
    outcome = gdtui("run", race, "--no-record")
    assert outcome.code == 0
    heading, *rows = outcome.lines[1:5]
    assert heading.split() == ["lane", "title", "steps", "ended", "by", "training", "loss", "goal"]
    assert [row.split()[:2] for row in rows] == [["1.", "1"], ["2.", "2"], ["3.", "0"]]
    assert [row.split()[-1] for row in rows] == ["335", "765", "missed"]


def test_a_race_in_which_one_lane_diverges_is_no_failure(gdtui: Command, race: str, parsed: Parsed) -> None:
    outcome = gdtui("run", race, "--json", "--every", "500", "--no-record", "--set", "lanes.1.optimizer.lr=10.0")
    assert outcome.code == 0
    found = parsed(outcome.lines)
    assert {line["lane"]: line["reason"] for line in found.of("finished")} == {0: "steps", 1: "diverged", 2: "steps"}
    assert outcome.err.count("\n") == 1
    assert "lane 1 (heavy ball): the loss is not finite" in outcome.err


def test_a_race_in_which_all_lanes_diverge_is_one(gdtui: Command, race: str) -> None:
    rates = [f"--set=lanes.{lane}.optimizer.lr=1e6" for lane in (0, 1)] + ["--set=lanes.2.optimizer.name=sgd"]
    outcome = gdtui("run", race, "--no-record", *rates, "--set=lanes.2.optimizer.lr=1e6")
    assert outcome.code == 1


def test_what_is_set_reaches_the_lanes_that_have_no_value_of_their_own(
    events: Events, gdtui: Command, race: str
) -> None:
    found = events(gdtui("run", race, "--json", "--no-record", "--set", "optimizer.lr=0.002", "--steps", "2"))
    rates = {line["lane"]: line["lr"] for line in found.of("step")}
    assert rates == {0: 0.002, 1: 5e-4, 2: 0.1}


def test_what_is_ordered_for_a_step_reaches_every_lane(events: Events, gdtui: Command, race: str) -> None:
    found = events(gdtui("run", race, "--json", "--no-record", "--steps", "3", "--at", "2", "optimizer.lr=0.01"))
    assert [(line["lane"], line["step"]) for line in found.of("applied")] == [(0, 2), (1, 2), (2, 2)]
    assert [line["lr"] for line in found.of("step") if line["step"] == 3] == [0.01] * 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--set", "lanes.2.optimizer.lr=-1"],
            "--set lanes.2.optimizer.lr=-1: lanes.2.optimizer.lr = -1; allowed: a num",
        ),
        (["--set", "lanes.3.optimizer.lr=1"], "there is no such field in a spec"),
        (["--set", "lanes.1.model.hidden=[3]"], "lanes.1.model = {'hidden': [3]}; allowed: only title, optimizer"),
        (["--set", "goal.first=Nobody"], 'goal.first = \'Nobody\'; allowed: 0 or "SGD", 1 or "heavy ball"'),
        (["--at", "5", "optimizer.momentum=0.5"], "--at 5 optimizer.momentum=0.5: lane 0: optimizer.momentum = 0.5"),
        (["--at", "2000", "optimizer.lr=0.5"], "STEP = 2000; allowed: up to 1000"),
    ],
    ids=lambda value: value[1] if isinstance(value, list) else "",
)
def test_what_is_wrong_is_one_line_that_names_lane_and_field(
    gdtui: Command, race: str, arguments: list[str], words: str
) -> None:
    outcome = gdtui("run", race, "--no-record", *arguments)
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert words in outcome.err


def test_a_setting_that_no_lane_would_feel_is_refused(gdtui: Command, race: str) -> None:
    own = [f"--set=lanes.{lane}.clip.norm=1.0" for lane in range(3)]
    outcome = gdtui("run", race, "--no-record", *own, "--set", "clip.norm=2.0")
    assert outcome.code == 2
    assert "every lane has a value of its own; allowed: lanes.0.clip.norm to lanes.2.clip.norm" in outcome.err


def test_steps_end_every_lane_whatever_it_says(events: Events, gdtui: Command, race: str) -> None:
    found = events(gdtui("run", race, "--json", "--no-record", "--set", "lanes.1.stop.steps=500", "--steps", "4"))
    assert found.column("finished", "step") == [4, 4, 4]


def test_a_preset_with_lanes_is_shown_as_one_that_can_be_read_again(gdtui: Command, race: str, tmp_path: Path) -> None:
    shown = gdtui("presets", "show", race).out
    again = tmp_path / "again.toml"
    again.write_text(shown, encoding="utf-8")
    assert gdtui("presets", "check", str(again)).code == 0
    assert gdtui("presets", "show", str(again)).out == shown
    assert shown.count("[[lanes]]") == 3


def test_a_list_of_runs_knows_a_race(gdtui: Command, race: str) -> None:
    assert gdtui("run", race).code == 0
    (row,) = gdtui("runs", "list").lines[1:]
    assert row.split()[-4] == "1,000"


def test_any_preset_can_be_raced_from_the_command_line(events: Events, gdtui: Command) -> None:
    lanes = "lanes=[{ optimizer = { name = 'adam', lr = 0.01 } }, { optimizer = { name = 'sgd', lr = 0.1 } }]"
    found = events(gdtui("run", "moons", "--json", "--no-record", "--steps", "3", "--set", lanes))
    assert [lane["title"] for lane in found[0]["lanes"]] == ["Adam", "SGD"]
    assert {(line["lane"], line["lr"]) for line in found.of("step")} == {(0, 0.01), (1, 0.1)}


def test_lanes_with_batches_of_their_own_end_by_epochs_each_in_its_time(events: Events, gdtui: Command) -> None:
    """240 samples to train on: 15 batches of 16 an epoch, 4 of 60, one of all."""
    lanes = "lanes=[{ batch = { size = 16 } }, { batch = { size = 60 } }, { batch = { size = 'full' } }]"
    arguments = ("--set", lanes, "--set", "data.samples=300", "--epochs", "2")
    found = events(gdtui("run", "moons", "--json", "--no-record", *arguments))
    assert {line["lane"]: line["step"] for line in found.of("finished")} == {0: 30, 1: 8, 2: 2}
