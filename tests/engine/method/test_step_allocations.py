"""A training step makes nothing: every array is there before the first one."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from engine.method.objectives import build_objective
from engine.method.optimizers import RULES
from engine.method.schedules import SCHEDULES
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer
from engine.subject.activations import ACTIVATIONS

STEPS = 1000
A_FEW_NUMBERS = 2048
"""Bytes: a loss and a norm live for a moment, and NumPy's iterator where a row is spread over a matrix takes 1,200;
most of the vectors and matrices of these networks are larger."""
NETWORKS: dict[str, dict[str, Any]] = {
    "classes": {"data": {"name": "digits"}, "model": {"hidden": [16, 8], "activation": "relu"}},
    "two classes": {"data": {"name": "moons"}, "model": {"hidden": [16, 16], "activation": "tanh"}},
    "squares": {
        "data": {"name": "spiral"},
        "model": {"hidden": [30, 12], "activation": "sigmoid", "loss": "mean_squared_error"},
    },
    "linear": {"data": {"name": "digits"}, "model": {"hidden": []}},
    "regularised": {
        "data": {"name": "digits"},
        "model": {"hidden": [16, 8], "bias": False, "reduction": "sum"},
        "regularisation": {"l1": 1e-4, "l2": 1e-4, "dropout": 0.2},
    },
}


def trainer_of(name: str, network: dict[str, Any], **sections: Any) -> Trainer:
    spec = RunSpec.model_validate(
        {"problem": {"kind": "dataset"}, "optimizer": {"name": name}, "precision": "float32", **network, **sections}
    )
    return Trainer(spec, build_objective(spec))


def assert_growth(trainer: Trainer, steps: int, *, peak: int, kept: int = A_FEW_NUMBERS) -> None:
    """See that so many steps leave no more bytes than `kept` behind, and have no more than `peak` at any moment.

    Three takes, and one that keeps within both is enough: what another thread of the test runner makes meanwhile is
    counted as well, and a step that makes something makes it in every take.
    """
    takes = []
    for _ in range(3):
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(steps):
            trainer.step()
        after, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        takes.append((after - before, highest - before))
        if takes[-1][0] < kept and takes[-1][1] < peak:
            return
    raise AssertionError(f"(kept, peak) in bytes: {takes}; allowed: less than {(kept, peak)}")


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", RULES)
def test_a_thousand_steps_of_a_network_leave_nothing_behind(name: str, network: str) -> None:
    """Many epochs: the order of the next one takes the place of the last one's."""
    trainer = trainer_of(name, NETWORKS[network], clip={"norm": 1.0})
    for _ in range(200):
        trainer.step()
    order = 8 * trainer.batches.count
    assert_growth(trainer, STEPS, kept=order + A_FEW_NUMBERS, peak=2 * order + 8 * A_FEW_NUMBERS)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", RULES)
def test_a_step_within_an_epoch_makes_nothing_even_for_a_moment(name: str, network: str) -> None:
    trainer = trainer_of(name, NETWORKS[network], batch={"size": 8})
    while trainer.step():
        pass
    trainer.step()
    assert_growth(trainer, 7, peak=A_FEW_NUMBERS)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("loss", ["mean_squared_error", "huber"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_no_activation_makes_anything_in_a_step(activation: str, loss: str, dropout: float) -> None:
    network = {"data": {"name": "digits"}, "model": {"hidden": [40, 30], "activation": activation, "loss": loss}}
    trainer = trainer_of("sgd", network, batch={"size": 16}, regularisation={"dropout": dropout})
    while trainer.step():
        pass
    trainer.step()
    assert_growth(trainer, 7, peak=A_FEW_NUMBERS)


@pytest.mark.parametrize(
    "problem",
    [
        {"kind": "landscape", "function": "ravine"},
        {"kind": "expression", "expression": "(x**2 + y - 11)**2 + (x + y**2 - 7)**2"},
    ],
    ids=lambda problem: problem["kind"],
)
@pytest.mark.parametrize("name", RULES)
def test_a_thousand_steps_on_a_function_leave_nothing_behind(name: str, problem: dict[str, Any]) -> None:
    spec = RunSpec.model_validate({"problem": problem, "optimizer": {"name": name, "lr": 1e-3}})
    trainer = Trainer(spec, build_objective(spec))
    for _ in range(10):
        trainer.step()
    assert_growth(trainer, STEPS, peak=2 * A_FEW_NUMBERS)


@pytest.mark.parametrize("per", ["step", "epoch"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_step_under_a_schedule_and_all_stop_rules_makes_nothing_even_for_a_moment(schedule: str, per: str) -> None:
    trainer = trainer_of(
        "adam",
        NETWORKS["two classes"],
        batch={"size": 8},
        schedule={"name": schedule, "per": per, "warmup": 60},
        stop={"plateau": 1 << 20, "divergence": 1e9, "grad_norm": 1e-30, "update_norm": 1e-30, "loss": -1.0},
    )
    while trainer.step():
        pass
    trainer.step()
    assert_growth(trainer, 7, peak=A_FEW_NUMBERS)
