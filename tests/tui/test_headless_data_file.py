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
    (places / "line.npy").write_bytes(b"\x00\x01\x02")
    for command in (["run", preset], ["check", preset], ["presets", "check", preset], [preset]):
        outcome = gdtui(*command)
        assert outcome.code == 2
        assert outcome.err.count("\n") == 1
        assert f"{preset}: data.file = '{places}/line.npy'; allowed: a .npy file of one array" in outcome.err
    assert not (places / "data").exists()


def test_the_gradient_of_a_file_is_checked(gdtui: Gdtui, preset: str) -> None:
    outcome = gdtui("check", preset)
    assert (outcome.code, outcome.lines[-1][:18]) == (0, "the gradient agree")


TABLE = "length,kind\n" + "".join(f"{i / 10},{'short' if i < 40 else 'long'}\n" for i in range(80))


def test_a_table_with_names_is_trained_on_to_the_end(gdtui: Gdtui, preset: str, places: Path) -> None:
    (places / "table.csv").write_text(TABLE)
    options = ["--set", f"data.file={places}/table.csv", "--set", "data.target=kind", "--set", "data.scale=standardise"]
    outcome = gdtui("run", preset, "--json", "--no-record", *options)
    assert (outcome.code, outcome.err) == (0, "")
    events = [json.loads(line) for line in outcome.lines]
    held_out = [event for event in events if event["event"] == "evaluated" and event["split"] == "held_out"]
    assert held_out[-1]["accuracy"] > 0.85


def test_a_table_with_a_hole_is_one_line_with_its_place(gdtui: Gdtui, preset: str, places: Path) -> None:
    (places / "table.csv").write_text(TABLE.replace("\n0.2,", "\n,"))
    outcome = gdtui("run", preset, "--set", f"data.file={places}/table.csv")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert f"data.file = '{places}/table.csv'; allowed: a CSV file of numbers; line 4, column 0 (length)" in outcome.err


@pytest.mark.parametrize(
    ("mirror", "said"),
    [("http://127.0.0.1:9/", "no connection; GDTUI_MNIST_URL can name"), ("ftp://x", "an address with")],
)
def test_a_set_that_cannot_be_fetched_is_one_line_and_a_failed_run(
    gdtui: Gdtui, preset: str, places: Path, monkeypatch: pytest.MonkeyPatch, mirror: str, said: str
) -> None:
    pytest.importorskip("pooch")
    monkeypatch.setenv("GDTUI_MNIST_URL", mirror)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    outcome = gdtui("run", preset, "--set", "data.name=mnist")
    assert (outcome.code, outcome.err.count("\n")) == (1, 1)
    assert said in outcome.err
    assert not list((places / "data" / "datasets" / "mnist").glob("*"))
