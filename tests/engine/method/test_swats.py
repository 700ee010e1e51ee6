"""The rate that plain gradient descent needs to keep up with an adaptive rule; asking for it changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.method.swats import suggested_rate

if TYPE_CHECKING:
    from engine.method.trainer import Trainer
    from tests.engine.method.conftest import MakeTrainer

SLOPE = {"kind": "expression", "expression": "3*x - y", "start": [0.0, 0.0]}
"""Its gradient is (3, −1) everywhere, so that Adam moves by α in each coordinate: λ = 2α²/(α·(3 + 1)) = α/2."""


@pytest.fixture
def trainer(ravine: MakeTrainer) -> Callable[..., Trainer]:
    """Make a trainer on the slope."""

    def make(**optimizer: Any) -> Trainer:
        return ravine(problem=SLOPE, optimizer={"name": "adam", "lr": 0.1, "eps": 1e-30, **optimizer})

    return make


@pytest.mark.parametrize(("successor", "momentum", "rate"), [("sgd", 0.0, 0.05), ("momentum", 0.9, 0.005)])
@pytest.mark.parametrize("steps", [0, 7])
def test_on_a_slope_the_rate_is_what_the_paper_says_by_hand(
    trainer: Callable[..., Trainer], successor: str, momentum: float, rate: float, steps: int
) -> None:
    at_work = trainer()
    for _ in range(steps):
        at_work.step()
    # Twenty steps of a few roundings each.
    assert suggested_rate(at_work, successor, momentum) == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize(
    ("optimizer", "successor"), [({"name": "momentum", "eps": None}, "sgd"), ({}, "rmsprop"), ({"name": "lion"}, "sgd")]
)
def test_between_rules_of_one_kind_there_is_nothing_to_suggest(
    ravine: MakeTrainer, optimizer: dict[str, Any], successor: str
) -> None:
    given = {"name": "adam", "lr": 0.1} | {name: value for name, value in optimizer.items() if value is not None}
    assert suggested_rate(ravine(problem=SLOPE, optimizer=given), successor, 0.0) is None


def test_asking_leaves_the_trainer_as_it_was_bit_for_bit(moons: MakeTrainer) -> None:
    asked, left_alone = (moons(optimizer={"name": "adam", "lr": 0.01}) for _ in range(2))
    for _ in range(30):
        asked.step()
        left_alone.step()
        assert suggested_rate(asked, "sgd", 0.0) is not None
    assert np.array_equal(asked.theta, left_alone.theta)
    assert asked.steps.rates == left_alone.steps.rates
    assert asked.batches.position == left_alone.batches.position


def test_a_point_from_which_no_step_is_finite_suggests_nothing(ravine: MakeTrainer) -> None:
    far = ravine(
        problem={"kind": "landscape", "function": "ravine", "condition": 1e6, "start": [1.0, 1e300]},
        optimizer={"name": "adam", "lr": 0.1},
    )
    assert suggested_rate(far, "sgd", 0.0) is None
