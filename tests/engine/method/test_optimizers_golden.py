"""The rules against figures that were computed elsewhere: PyTorch's rules, checked against optax."""

from __future__ import annotations

from typing import Any

import pytest

from engine.method.objectives import build_objective
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer

Point = tuple[float, float]

ROWS: dict[str, tuple[dict[str, Any], Point, Point, Point]] = {
    "sgd": ({"name": "sgd", "lr": 0.05}, (0.95, 0.5), (0.9025, 0.25), (0.7737809375, 0.03125)),
    "momentum": (
        {"name": "momentum", "lr": 0.05, "momentum": 0.9},
        (0.95, 0.5),
        (0.8575, -0.2),
        (0.4171559375, -0.5218),
    ),
    "momentum, dampening 0.5": (
        {"name": "momentum", "lr": 0.05, "momentum": 0.9, "dampening": 0.5},
        (0.95, 0.5),
        (0.88125, -0.075),
        (0.598442871094, -0.934284375),
    ),
    "rmsprop, torch's defaults": (
        {"name": "rmsprop", "lr": 0.01, "rho": 0.99},
        (0.90000001, 0.900000001),
        (0.832917975265, 0.832917962134),
        (0.696465799281, 0.696465780304),
    ),
    "rmsprop, centered, momentum 0.9": (
        {"name": "rmsprop", "lr": 0.01, "rho": 0.99, "centered": True, "momentum": 0.9},
        (0.899496228575, 0.899496219484),
        (0.741305992821, 0.741305971334),
        (0.134701949648, 0.134701893053),
    ),
    "adam 0.001": (
        {"name": "adam"},
        (0.99900000001, 0.999000000001),
        (0.998000026224, 0.998000026206),
        (0.995000436077, 0.995000436032),
    ),
    "adam 0.1": (
        {"name": "adam", "lr": 0.1},
        (0.900000001, 0.9000000001),
        (0.800412229712, 0.800412227875),
        (0.507963661927, 0.507963657134),
    ),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_rule_takes_the_path_that_is_known(row: tuple[dict[str, Any], Point, Point, Point]) -> None:
    """½x² + 5y² from (1, 1) in float64; the figures are rounded to twelve digits."""
    optimizer, *points = row
    spec = RunSpec.model_validate(
        {
            "problem": {"kind": "landscape", "function": "ravine", "condition": 10.0, "start": [1.0, 1.0]},
            "optimizer": optimizer,
            "precision": "float64",
        }
    )
    trainer = Trainer(spec, build_objective(spec))
    for steps, point in zip((1, 2, 5), points, strict=True):
        while trainer.step_count < steps:
            trainer.step()
        assert trainer.theta == pytest.approx(point, rel=0.0, abs=1e-12)


def test_the_default_settings_are_those_that_the_figures_and_the_lecture_stand_for() -> None:
    """RMSProp's rho is the lecture's 0.9, not PyTorch's 0.99; everything else is PyTorch's."""
    problem = {"kind": "landscape"}
    defaults = {
        name: RunSpec.model_validate({"problem": problem, "optimizer": {"name": name}}).optimizer.model_dump()
        for name in ("sgd", "momentum", "rmsprop", "adam")
    }
    assert {name: values["lr"] for name, values in defaults.items()} == {
        "sgd": 1e-3,
        "momentum": 1e-3,
        "rmsprop": 1e-2,
        "adam": 1e-3,
    }
    assert (defaults["rmsprop"]["rho"], defaults["rmsprop"]["eps"], defaults["rmsprop"]["centered"]) == (
        0.9,
        1e-8,
        False,
    )
    adam = defaults["adam"]
    assert (adam["beta1"], adam["beta2"], adam["eps"], adam["bias_correction"]) == (0.9, 0.999, 1e-8, True)
    assert all(values["weight_decay"] == 0.0 for values in defaults.values())
