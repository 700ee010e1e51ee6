"""`gdtui run` on a file of one's own: trained on by a real engine, and refused before there is one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Gdtui = Callable[..., Any]

PRESET = """
title = "Two classes on a line"
[problem]
kind = "dataset"
[data]
file = "line.npy"
[optimizer]
name = "adam"
lr = 0.1
[stop]
epochs = 20
"""


@pytest.fixture
def preset(places: Path) -> str:
    """A preset beside 500 samples of uint8, of which those above 100 are of class 1."""
    values = np.random.default_rng(0).integers(0, 201, 500, dtype=np.uint8)
    np.save(places / "line.npy", np.stack([values, values > 100], axis=1).astype(np.uint8))
    (places / "line.toml").write_text(PRESET)
    return str(places / "line.toml")


def test_a_file_is_trained_on_to_the_end(gdtui: Gdtui, preset: str) -> None:
    outcome = gdtui("run", preset, "--json", "--no-record")
    assert (outcome.code, outcome.err) == (0, "")
    events = [json.loads(line) for line in outcome.lines]
    steps = [event for event in events if event["event"] == "step"]
    assert (len(steps), steps[-1]["epoch"]) == (20 * 13, 20)
    held_out = [event for event in events if event["event"] == "evaluated" and event["split"] == "held_out"]
    assert held_out[-1]["accuracy"] > 0.85
    assert events[-1]["loss"] < steps[0]["loss"] / 2


def test_the_same_file_gives_the_same_run(gdtui: Gdtui, preset: str) -> None:
    ends = [json.loads(gdtui("run", preset, "--json", "--no-record").lines[-1]) for _ in range(2)]
    assert ends[0]["parameters"] == ends[1]["parameters"]


def test_a_file_that_cannot_be_trained_on_is_one_line_and_no_run(gdtui: Gdtui, preset: str, places: Path) -> None:
    (places / "line.npy").write_bytes(b"1,2\n3,4\n")
    for command in (["run", preset], ["check", preset], ["presets", "check", preset], [preset]):
        outcome = gdtui(*command)
        assert outcome.code == 2
        assert outcome.err.count("\n") == 1
        assert f"{preset}: data.file = '{places}/line.npy'; allowed: a .npy file of one array" in outcome.err
    assert not (places / "data").exists()


def test_the_gradient_of_a_file_is_checked(gdtui: Gdtui, preset: str) -> None:
    outcome = gdtui("check", preset)
    assert (outcome.code, outcome.lines[-1][:18]) == (0, "the gradient agree")
