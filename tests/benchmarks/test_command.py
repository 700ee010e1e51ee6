"""`python -m benchmarks` as a person calls it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks.contenders import CONTENDERS, Entry
from benchmarks.rounds import Process, Turn, play
from benchmarks.workloads import WORKLOADS
from engine.errors import RunError


def test_a_peer_that_is_missing_is_skipped_by_name_and_the_rest_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    absent = Entry(peer="jax-jit", place="nowhere.Nothing", package="a_package_that_nobody_has")
    monkeypatch.setattr(command, "CONTENDERS", {**CONTENDERS, "jax jit": absent})
    monkeypatch.setattr(command, "QUICK_TURN_S", 0.005)
    file = tmp_path / "figures.json"
    chosen = ["--only", "W1", "--only-peers", "jax-jit,products", "--optimizers", "sgd", "--json", str(file)]
    assert command.main(["ratios", "--quick", *chosen]) == 0
    out = capsys.readouterr().out
    assert "jax jit: skipped, a_package_that_nobody_has is not installed" in out
    assert "the matrix products alone" in out

    written = json.loads(file.read_text())
    assert written["ratios"]["skipped"]["jax jit"] == "a_package_that_nobody_has"
    (cell,) = written["ratios"]["cells"]
    assert (cell["workload"], cell["optimizer"], cell["peer"], cell["goal"]) == ("W1", "sgd", "products", 2.6)
    (case,) = written["ratios"]["cases"]
    rounds = case["contenders"]["ours"]["rounds"]
    assert len(rounds) == written["settings"]["rounds"] == 3
    rates = [turn["steps"] / turn["seconds"] for turn in rounds]
    assert case["contenders"]["ours"]["steps_per_second"] == pytest.approx(np.median(rates))
    assert set(written["machine"]["packages"]) >= {"numpy", "torch", "jax", "scikit-learn"}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--only", "W9"], ("--only", "W9", "W1, W2, W3, W4")),
        (["--only-peers", "keras"], ("--only-peers", "keras", "scikit-learn")),
        (["--optimizers", "sgdd"], ("--optimizers", "sgdd", "momentum")),
        (["--rounds", "0"], ("--rounds", "0")),
        (["ratio"], ("ratio", "ratios")),
    ],
)
def test_wrong_input_is_one_line_that_names_what_is_allowed(
    arguments: list[str], named: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert all(part in captured.err for part in named)


def test_help_names_every_option_workload_and_peer(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--help"]) == 0
    out = " ".join(capsys.readouterr().out.replace("-\n", "-").split())
    for part in ("--quick", "--rounds", "--only", "--only-peers", "--optimizers", "--json", "W3", "curves"):
        assert part in out


def test_every_player_has_one_turn_a_round_in_changing_order() -> None:
    order: list[str] = []

    def player(name: str) -> Callable[[], Turn]:
        def take() -> Turn:
            order.append(name)
            return Turn(steps=ord(name), seconds=1.0, cpu_seconds=1.0)

        return take

    turns = play([player(name) for name in "abcd"], 20, np.random.default_rng(1))
    rounds = ["".join(order[first : first + 4]) for first in range(0, 80, 4)]
    assert all(sorted(played) == list("abcd") for played in rounds)
    assert len(set(rounds)) > 5
    assert [turn.steps for turn in turns[2]] == [ord("c")] * 20


def test_a_turn_takes_at_least_the_steps_that_are_asked_for() -> None:
    with Process("products") as process:
        process.prepare(WORKLOADS["W1"], "sgd", 0.001)
        turn = process.turn(0.0, least_steps=1234)
    assert turn.steps >= 1234
    assert math.isfinite(turn.rate("wall"))


def test_a_contender_that_dies_is_named_with_its_last_words() -> None:
    with Process("products") as process:
        process.prepare(WORKLOADS["W1"], "sgd", 0.001)
        with pytest.raises(RunError, match=r"products: the process has died: TypeError"):
            process.prepare(WORKLOADS["W1"], "sgd", "no number")  # type: ignore[arg-type]
