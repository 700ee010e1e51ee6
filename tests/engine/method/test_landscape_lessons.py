"""What the lessons on landscapes promise: where each rule ends, and after how many updates."""

from __future__ import annotations

from typing import Any

import pytest

from engine.method.objectives import build_objective
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer


def trainer(function: str, rule: dict[str, Any], start: list[float]) -> Trainer:
    spec = RunSpec.model_validate(
        {
            "problem": {"kind": "landscape", "function": function, "start": start},
            "optimizer": rule,
            "precision": "float64",
        }
    )
    return Trainer(spec, build_objective(spec))


@pytest.mark.parametrize(
    ("rule", "updates"),
    [
        ({"name": "sgd", "lr": 0.05}, 97),
        ({"name": "momentum", "lr": 0.05, "momentum": 0.9}, 36),
        ({"name": "adam", "lr": 0.05}, 20),
        ({"name": "rmsprop", "lr": 0.05}, 8),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else str(value),
)
def test_a_saddle_is_left_in_the_known_number_of_updates(rule: dict[str, Any], updates: int) -> None:
    """From (1, 1e-4) until |y| > 1; gradient descent makes y 1.1 times as long a step, and 1.1⁹⁷ is the first > 10⁴."""
    descent = trainer("saddle", rule, [1.0, 1e-4])
    while abs(descent.theta[1]) <= 1.0:
        descent.step()
    assert descent.step_count == updates


LEFT, RIGHT = (-0.936301, 0.0), (0.905318, 0.0)


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ({"name": "sgd", "lr": 0.02}, RIGHT),
        ({"name": "momentum", "lr": 0.01, "momentum": 0.9}, LEFT),
        ({"name": "adam", "lr": 0.05}, LEFT),
    ],
    ids=lambda value: value.get("name", "") if isinstance(value, dict) else str(value[0]),
)
def test_in_the_bowl_with_two_pits_the_rule_decides_which_one_it_ends_in(
    rule: dict[str, Any], place: tuple[float, float]
) -> None:
    descent = trainer("dupont_bowl", rule, [0.3, 1.6])
    for _ in range(2000):
        descent.step()
    assert tuple(descent.theta) == pytest.approx(place, abs=1e-5)


@pytest.mark.parametrize(
    ("rule", "height"),
    [
        ({"name": "sgd", "lr": 0.001}, 12.93),
        ({"name": "adam", "lr": 0.05}, 12.93),
        ({"name": "momentum", "lr": 5e-3, "momentum": 0.95}, 4.97),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else str(value),
)
def test_among_many_minima_only_much_momentum_rolls_on(rule: dict[str, Any], height: float) -> None:
    """From (−2.3, 3.4); the heights are 2² + 3² and 1² + 2² less a little, as minima lie near whole numbers."""
    descent = trainer("rastrigin", rule, [-2.3, 3.4])
    for _ in range(2000):
        descent.step()
    assert descent.evaluate("train").loss == pytest.approx(height, abs=0.01)
