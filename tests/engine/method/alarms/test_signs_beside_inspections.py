"""Whoever watches a run sees the same whether somebody looks at it more closely meanwhile or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import InputError
from engine.method.alarms.alarm import Alarm
from engine.method.alarms.units import UnitWatch
from engine.method.alarms.watch import Watch
from engine.method.inspections import INSPECTIONS, Finding
from engine.method.path import Path
from engine.method.trainer import Trainer

if TYPE_CHECKING:
    from tests.engine.method.conftest import MakeTrainer

SETTINGS: dict[str, dict[str, Any]] = {
    "tensor": {"tensor": 0, "quantity": "gradient"},
    "equation": {"index": 0},
    "plane": {"finest": 9},
}


def rounds(trainer: Trainer, path: Path) -> Iterator[Finding | None]:
    """Every inspection that a network has, one after the other, stretch by stretch."""
    for about, kind in INSPECTIONS.items():
        try:
            yield from kind.model_validate(SETTINGS.get(about, {})).findings(trainer, path)
        except InputError:
            continue


@pytest.fixture
def trainer(moons: MakeTrainer) -> Trainer:
    """A network far from saturation, in batches of several sizes beside those that are looked at."""
    return moons(
        data={"name": "moons", "samples": 400},
        model={"hidden": [6], "activation": "tanh"},
        batch={"size": 7},
        optimizer={"name": "sgd", "lr": 0.01},
    )


def told(trainer: Trainer, *, looking: bool) -> tuple[list[Alarm], list[list[float]]]:
    """Return the alarms of 300 steps, and the parameters along the way."""
    path, watch, units = Path(trainer.theta.size), Watch(trainer), UnitWatch(trainer)
    alarms, places = [], []
    stretches = rounds(trainer, path)
    for number in range(300):
        if looking:
            next(stretches, None)
        if number % 3 == 0:
            watch.look()
            units.look()
            alarms += [*watch.see(trainer.steps.take()), *units.take()]
        trainer.step()
        if trainer.batches.epoch_is_over:
            trainer.evaluate("held_out")
        places.append(trainer.theta.tolist())
    return alarms, places


def test_a_watch_tells_the_same_and_training_goes_the_same_way_while_somebody_looks_at_everything(
    trainer: Trainer,
) -> None:
    other = Trainer(trainer.spec, trainer.objective)
    alone = told(other, looking=False)
    assert not [alarm for alarm in alone[0] if alarm.about == "saturated"]
    assert told(trainer, looking=True) == alone


@pytest.mark.parametrize("about", list(INSPECTIONS))
def test_an_inspection_finds_the_same_whoever_watches_and_trains_between_its_stretches(
    about: str, trainer: Trainer
) -> None:
    def found(*, disturbed: bool) -> list[Any]:
        moving = Trainer(trainer.spec, trainer.objective)
        path, watch = Path(moving.theta.size), Watch(moving)
        path.begin()
        path.add(0, moving.theta)
        kept: list[Any] = []
        try:
            inspection = INSPECTIONS[about].model_validate(SETTINGS.get(about, {}))
            for finding in inspection.findings(moving, path):
                if finding is not None:
                    kept.append((finding.facts, {name: each.tolist() for name, each in finding.arrays.items()}))
                if disturbed:
                    watch.look()
                    moving.step()
                    moving.evaluate("train")
        except InputError as error:
            kept.append(str(error))
        return kept

    assert found(disturbed=True) == found(disturbed=False)
