"""The learning rates to come: those that the steps then have, and looking turns nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.method.inspections import INSPECTIONS, Finding
from engine.method.path import Path
from engine.method.schedules import SCHEDULES
from engine.method.trainer import Trainer

if TYPE_CHECKING:
    from tests.engine.method.conftest import MakeTrainer, TakeSeries

SHORT: dict[str, dict[str, Any]] = {
    "step": {"every": 4},
    "multistep": {"milestones": "5, 9"},
    "exponential": {"gamma": 0.9},
    "polynomial": {"steps": 15},
    "linear": {"steps": 12},
    "cosine": {"steps": 18},
    "cosine_restarts": {"steps": 5, "stretch": 2},
    "one_cycle": {"steps": 16},
    "cyclic": {"up": 3},
    "plateau": {"patience": 100},
}
"""Settings with which something happens within the steps of a test."""


def course(trainer: Trainer, **settings: Any) -> Finding:
    (finding,) = INSPECTIONS["course"](**settings).findings(trainer, Path(trainer.theta.size))
    assert finding is not None
    return finding


@pytest.mark.parametrize("per", ["step", "epoch"])
@pytest.mark.parametrize("warmup", [0, 3])
@pytest.mark.parametrize("name", SCHEDULES)
def test_the_rates_to_come_are_those_that_the_steps_then_have(
    name: str, warmup: int, per: str, moons: MakeTrainer, series: TakeSeries
) -> None:
    """Batches of 7, 7, 7 and 3: an epoch has four steps, and the look begins within one."""
    trainer = moons(
        schedule={"name": name, "warmup": warmup, "per": per, **SHORT.get(name, {})}, batch={"size": 7, "shuffle": True}
    )
    for _ in range(6):
        trainer.step()
    trainer.steps.take()
    found = course(trainer, ahead=20)
    for _ in range(20):
        trainer.step()
    assert found.arrays["steps"].tolist() == list(range(7, 27))
    assert found.arrays["lr"].tolist() == series(trainer, "lr")


def test_a_held_rate_stays_and_the_sums_are_those_of_the_steps(ravine: MakeTrainer) -> None:
    trainer = ravine(schedule={"hold": 0.25})
    trainer.step()
    facts = course(trainer, ahead=4).facts
    assert (facts["held"], facts["sum"], facts["squares"]) == (0.25, 0.25, 0.0625)
    assert (facts["sum_ahead"], facts["squares_ahead"], facts["exact"]) == (1.0, 0.25, True)


def test_of_many_steps_some_are_shown_and_the_sums_are_near(ravine: MakeTrainer) -> None:
    """Σ over t = 0…9,999 of 0.05/(1 + t): harmonic, 9.7876 times 0.05."""
    trainer = ravine(schedule={"name": "inverse"})
    found = course(trainer, ahead=10_000, points=2000)
    assert len(found.arrays["steps"]) == 2000
    assert not found.facts["exact"]
    exact = 0.05 * np.sum(1.0 / np.arange(1, 10_001))
    assert found.facts["sum_ahead"] == pytest.approx(exact, rel=0.15)


def test_it_goes_to_the_step_that_is_asked_for_while_that_is_still_to_come(ravine: MakeTrainer) -> None:
    trainer = ravine()
    for _ in range(5):
        trainer.step()
    assert course(trainer, until=9, ahead=3).arrays["steps"].tolist() == [6, 7, 8, 9]
    assert course(trainer, until=5, ahead=3).arrays["steps"].tolist() == [6, 7, 8]


@pytest.mark.parametrize(
    ("sections", "known"),
    [
        ({}, "yes"),
        ({"schedule": {"name": "plateau"}}, "plateau"),
        ({"line_search": {"name": "armijo"}}, "search"),
    ],
)
def test_it_says_what_the_rate_depends_on(sections: dict[str, Any], known: str, ravine: MakeTrainer) -> None:
    assert course(ravine(**sections)).facts["known"] == known


def test_it_says_when_the_warm_up_is_over_and_whether_the_momentum_is_turned(moons: MakeTrainer) -> None:
    trainer = moons(
        optimizer={"name": "momentum"}, schedule={"name": "one_cycle", "steps": 8, "warmup": 2, "per": "epoch"}
    )
    facts = course(trainer, ahead=30).facts
    assert facts["warm_at"] == 9
    assert facts["momentum"]


@pytest.mark.parametrize("name", ["plateau", "one_cycle"])
def test_training_goes_on_bit_for_bit_when_someone_has_looked(name: str, moons: MakeTrainer) -> None:
    sections = {"schedule": {"name": name, **({"patience": 0, "per": "step"} if name == "plateau" else {"steps": 20})}}
    watched, alone = moons(**sections), moons(**sections)
    for _ in range(24):
        watched.step()
        alone.step()
        course(watched)
    assert watched.theta.tobytes() == alone.theta.tobytes()
    assert watched.plateau == alone.plateau
