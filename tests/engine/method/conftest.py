"""Small trainers, and what they have recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.method.objectives import build_objective
from engine.method.spec import RunSpec
from engine.method.telemetry import SERIES, StepBlock
from engine.method.trainer import Trainer

MakeTrainer = Callable[..., Trainer]
"""Makes a trainer; a section of the spec given by name takes the place of the usual one."""
ToTheEnd = Callable[..., int]
Take = Callable[[Trainer], StepBlock]
TakeSeries = Callable[[Trainer, str], list[float]]


def trainer_for(sections: dict[str, Any]) -> Trainer:
    spec = RunSpec.model_validate(sections)
    return Trainer(spec, build_objective(spec))


@pytest.fixture(scope="session")
def ravine() -> MakeTrainer:
    """Make a trainer on ½(x² + 10y²) from (1, 1): loss 5.5, gradient (1, 10)."""
    usual = {
        "problem": {"kind": "landscape", "function": "ravine", "condition": 10.0, "start": [1.0, 1.0]},
        "optimizer": {"name": "sgd", "lr": 0.05},
        "precision": "float64",
    }
    return lambda **sections: trainer_for({**usual, **sections})


@pytest.fixture(scope="session")
def moons() -> MakeTrainer:
    """Make a trainer of a network on 24 samples in batches of 7, 7, 7 and 3."""
    usual = {
        "problem": {"kind": "dataset"},
        "data": {"name": "moons", "samples": 30},
        "model": {"hidden": [5], "activation": "tanh"},
        "optimizer": {"name": "adam", "lr": 0.01},
        "batch": {"size": 7},
        "precision": "float64",
    }
    return lambda **sections: trainer_for({**usual, **sections})


@pytest.fixture(scope="session")
def steps_until_the_end() -> ToTheEnd:
    """Train until a rule ends the run, and return the number of steps."""

    def train(trainer: Trainer, limit: int = 500) -> int:
        with np.errstate(over="ignore"):
            while trainer.ended is None:
                assert trainer.step_count < limit, "no rule ended the run"
                trainer.step()
        return trainer.step_count

    return train


@pytest.fixture(scope="session")
def taken() -> Take:
    """Take the steps since the last time."""

    def take(trainer: Trainer) -> StepBlock:
        block = trainer.steps.take()
        assert block is not None
        return block

    return take


@pytest.fixture(scope="session")
def series(taken: Take) -> TakeSeries:
    """Take one series of the steps since the last time."""
    return lambda trainer, name: [float(value) for value in taken(trainer).values[SERIES.index(name)]]
