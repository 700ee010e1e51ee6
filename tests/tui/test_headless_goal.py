"""`gdtui run` says whether the lesson's goal was reached."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.tui.conftest import Events

Command = Callable[..., Any]

RAVINE = """
title = "The ravine"
precision = "float64"
problem = { kind = "landscape", function = "ravine", start = [1.0, 1.0], condition = 100 }
optimizer = { name = "sgd", lr = 0.0198 }
stop = { steps = 1000 }
goal = { text = "f below 1e-6 within 440 steps", loss = 1e-6, within = 440 }
"""


@pytest.fixture
def lesson(tmp_path: Path) -> str:
    """A lesson whose goal is reached at the very last step that counts: 440, computed independently."""
    path = tmp_path / "lesson.toml"
    path.write_text(RAVINE, encoding="utf-8")
    return str(path)


def test_a_program_gets_a_line_about_the_goal_before_the_last_one(events: Events, gdtui: Command, lesson: str) -> None:
    found = events(gdtui("run", lesson, "--json", "--every", "100", "--no-record"))
    (line,) = found.of("goal")
    text = "f below 1e-6 within 440 steps"
    assert line == {"event": "goal", "lane": 0, "reached": True, "step": 440, "text": text}


def test_a_goal_that_was_missed_says_why_and_is_no_failure(events: Events, gdtui: Command, lesson: str) -> None:
    arguments = ("--json", "--every", "100", "--no-record", "--set", "optimizer.lr=0.01")
    (line,) = events(gdtui("run", lesson, *arguments)).of("goal")
    assert (line["reached"], line["step"]) == (False, 440)
    assert line["reason"]


def test_people_read_whether_the_goal_was_reached(gdtui: Command, lesson: str) -> None:
    outcome = gdtui("run", lesson, "--no-record")
    assert "goal: f below 1e-6 within 440 steps: reached after 440 steps" in outcome.lines
    outcome = gdtui("run", lesson, "--no-record", "--steps", "10")
    assert any(line.startswith("goal: f below 1e-6 within 440 steps: not reached: the loss") for line in outcome.lines)


def test_presets_show_and_check_know_the_goal(gdtui: Command, lesson: str) -> None:
    assert gdtui("presets", "check", lesson).code == 0
    shown = gdtui("presets", "show", lesson).lines
    assert shown[shown.index("[goal]") + 1 :] == [
        'text = "f below 1e-6 within 440 steps"',
        "loss = 1e-06",
        "within = 440",
    ]
    wrong = Path(lesson)
    wrong.write_text(RAVINE.replace("loss = 1e-6", "los = 1e-6"), encoding="utf-8")
    outcome = gdtui("presets", "check", lesson)
    assert outcome.code == 2
    assert f"{lesson}: goal.los = 1e-06; allowed: only text, loss" in outcome.err
