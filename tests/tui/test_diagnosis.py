"""`gdtui diagnose`: figures with what they mean for the learning rate at hand, or one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from engine.method.diagnostics.point import Point

Command = Callable[..., Any]


def table(outcome: Any) -> dict[str, tuple[str, str]]:
    """The figure and the meaning of every row, by its name."""
    assert (outcome.code, outcome.err) == (0, "")
    rows = [line.strip().split("  ", 1) for line in outcome.lines if line.startswith("  ")]
    cut = {name: rest.strip().split("  ", 1) for name, rest in (row for row in rows if len(row) == 2)}
    return {name: (parts[0], parts[1].strip()) for name, parts in cut.items()}


def objects(outcome: Any) -> dict[str, Any]:
    """The JSON objects by their event."""
    assert (outcome.code, outcome.err) == (0, "")
    found = [json.loads(line) for line in outcome.lines]
    return {line["event"]: line for line in found}


def test_the_ravine_is_told_as_in_the_lecture(gdtui: Command) -> None:
    outcome = gdtui("diagnose", "ravine")
    rows = table(outcome)
    assert outcome.lines[0] == "ravine after 0 updates: loss 50.5, ‖∇L‖ 100, 2 parameters"
    assert rows["λmax"][0] == "100"
    assert rows["2/λmax"] == ("0.02", "lr 0.0198 is below it: stable")
    assert rows["κ"][0] == "100"
    assert rows["rate"][0] == "0.9802"
    assert rows["best lr"][0] == "0.0198"
    assert "rate 0.980198" in rows["best lr"][1]
    assert rows["best momentum"][0] == "0.6694"
    sections = [line for line in outcome.lines[2:] if line and not line.startswith(" ")]
    assert sections == ["Curvature", "Prediction", "Minibatch noise", "Memory of a step"]


@pytest.mark.parametrize(
    ("lr", "verdict"),
    [
        ("0.02", "lr 0.02 is at it: the steepest direction swings for ever"),
        ("0.021", "lr 0.021 is above it: the steepest direction explodes"),
    ],
)
def test_a_learning_rate_at_the_limit_or_above_is_called_that(gdtui: Command, lr: str, verdict: str) -> None:
    assert table(gdtui("diagnose", "ravine", "--set", f"optimizer.lr={lr}"))["2/λmax"][1] == verdict


def test_where_the_curvature_changes_a_limit_is_one_of_this_place(gdtui: Command) -> None:
    rows = table(gdtui("diagnose", "rosenbrock"))
    # λmax at (−1.5, 2) is 1051 + √(851² + 600²) by hand: 2092.
    assert rows["λmax"][0] == "2092"
    assert rows["2/λmax"][1] == (
        "lr 0.001 is above it: the steepest direction is thrown out, to where it is less steep or for good"
    )
    assert "rate" not in rows


def test_momentum_has_a_limit_of_its_own_and_its_damping_is_named(gdtui: Command) -> None:
    """(2 + 1.8)/100, and (1 − √0.03)² = 0.6836."""
    settings = [f"optimizer.{setting}" for setting in ("name=momentum", "lr=0.03", "momentum=0.9")]
    rows = table(gdtui("diagnose", "ravine", *(word for setting in settings for word in ("--set", setting))))
    assert rows["own limit"] == ("0.038", "of momentum 0.9: lr 0.03 is below it: stable")
    assert rows["damping"][0] == "0.6836"
    assert "momentum 0.9 is above it: the flattest direction overshoots" in rows["damping"][1]


def test_a_damped_gradient_bears_a_higher_rate(gdtui: Command) -> None:
    """Half of every gradient is kept out, so α·½ is what may be (2 + 0.2)/100."""
    settings = [f"optimizer.{setting}" for setting in ("name=momentum", "lr=0.04", "momentum=0.1", "dampening=0.5")]
    rows = table(gdtui("diagnose", "ravine", *(word for setting in settings for word in ("--set", setting))))
    assert rows["own limit"] == ("0.044", "of momentum 0.1: lr 0.04 is below it: stable")


def test_adam_is_not_held_to_the_limit_of_gradient_descent(gdtui: Command) -> None:
    rows = table(gdtui("diagnose", "ravine", "--set", "optimizer.name=adam"))
    assert "adam scales every coordinate by itself" in rows["2/λmax"][1]
    assert "rate" not in rows
    assert "best lr" in rows


def test_a_network_is_told_with_its_noise_and_its_memory(gdtui: Command) -> None:
    rows = table(gdtui("diagnose", "moons", "--after", "3"))
    assert rows["angle"][0].endswith("°")
    assert "batch 20 is" in rows["noise scale"][1]
    assert rows["layer1"] == ("50 kB", "the Jacobian of 2 → 16 units for 20 samples, in full")
    assert "activations 1.406 kB" in rows["a step"][1]


def test_training_first_goes_as_far_as_it_is_told_and_no_further_than_the_run(gdtui: Command) -> None:
    assert objects(gdtui("diagnose", "moons", "--after", "3", "--json"))["point"]["step"] == 3
    ended = gdtui("diagnose", "moons", "--after", "30", "--steps", "2")
    assert ended.lines[0].startswith("moons after 2 updates:")


def test_json_has_one_object_a_line_and_nothing_else(gdtui: Command) -> None:
    found = objects(gdtui("diagnose", "ravine", "--json"))
    assert list(found) == ["point", "curvature", "prediction"]
    assert (found["point"]["step"], found["point"]["lr"], found["point"]["momentum"]) == (0, 0.0198, 0.0)
    assert found["curvature"]["eigenvalues"] == pytest.approx([1.0, 100.0])
    assert found["curvature"]["largest_stable_lr"] == pytest.approx(0.02)
    assert found["prediction"]["quadratic"] is True
    assert found["prediction"]["best"]["rate"] == pytest.approx(99 / 101)
    assert found["prediction"]["ball"] is None


def test_json_of_a_network_has_its_noise_and_its_memory(gdtui: Command) -> None:
    found = objects(gdtui("diagnose", "moons", "--json"))
    assert list(found) == ["point", "curvature", "prediction", "batch_noise", "memory"]
    assert found["prediction"] == {"event": "prediction", "quadratic": False}
    assert found["batch_noise"]["size"] == 20
    assert found["memory"]["layers"][0] == {"name": "layer1", "inputs": 2, "outputs": 16, "nbytes": 51200}
    assert found["memory"]["step"] == sum(
        found["memory"][part] for part in ("activations", "slopes", "deltas", "gradient")
    )


def test_a_number_that_is_not_finite_is_its_name(gdtui: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hill curves downwards everywhere: no learning rate is too high for it."""
    monkeypatch.setattr(Point, "gradient_change", lambda _, start, end: start - end)
    found = objects(gdtui("diagnose", "ravine", "--json"))
    assert found["curvature"]["largest_stable_lr"] == "inf"
    assert found["prediction"]["condition"] == "inf"
    assert table(gdtui("diagnose", "ravine"))["2/λmax"] == ("inf", "nothing curves upwards: no lr is thrown back")


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["table", "json"])
def test_a_run_that_diverges_before_the_point_is_one_line_and_exit_code_1(gdtui: Command, form: list[str]) -> None:
    outcome = gdtui("diagnose", "ravine", "--set", "optimizer.lr=1", "--after", "500", *form)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("gdtui: ravine: the ")
    assert "not finite at step" in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["canyon"], "preset 'canyon'"),
        ([], "Missing argument"),
        (["ravine", "--after", "-1"], "--after"),
        (["ravine", "--after", "soon"], "--after"),
        (["ravine", "--set", "optimizer.lr=-1"], "optimizer.lr = -1; allowed"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(gdtui: Command, arguments: list[str], said: str) -> None:
    outcome = gdtui("diagnose", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert said in outcome.err
