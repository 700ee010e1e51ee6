"""The forms of optax against optax, two hundred steps down Rosenbrock's valley.

Tolerance as against PyTorch: some 200·64·ε; what differs in anything but rounding differs by a million times that.
Nothing is compiled there: XLA fuses multiplications with additions, and then the paths part by more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from engine.method.objectives import build_objective
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer

jax = pytest.importorskip("jax", reason="the reference needs jax: pip install jax")
optax = pytest.importorskip("optax", reason="the reference needs optax: pip install optax")

pytestmark = pytest.mark.reference

STEPS = 200
TOLERANCE = 3e-12
LEAST_MOVE = 1e-5

OPTAX: dict[str, Any] = {"form": "optax"}
ROWS: dict[str, tuple[dict[str, Any], Any]] = {
    "momentum": ({"name": "momentum", "lr": 3e-4}, lambda: optax.sgd(3e-4, momentum=0.9)),
    "nesterov": ({"name": "nesterov", "lr": 3e-4}, lambda: optax.sgd(3e-4, momentum=0.9, nesterov=True)),
    "adagrad": ({"name": "adagrad", "lr": 0.03, **OPTAX}, lambda: optax.adagrad(0.03)),
    "rmsprop": ({"name": "rmsprop", "lr": 3e-3, **OPTAX}, lambda: optax.rmsprop(3e-3)),
    "rmsprop, centered, momentum": (
        {"name": "rmsprop", "lr": 1e-3, "rho": 0.95, "centered": True, "momentum": 0.5, **OPTAX},
        lambda: optax.rmsprop(1e-3, decay=0.95, centered=True, momentum=0.5),
    ),
    "adadelta": ({"name": "adadelta"}, lambda: optax.adadelta(1.0)),
    "adam": ({"name": "adam", "lr": 3e-3}, lambda: optax.adam(3e-3)),
    "adamw": ({"name": "adamw", "lr": 3e-3, "weight_decay": 0.1}, lambda: optax.adamw(3e-3, weight_decay=0.1)),
    "amsgrad": ({"name": "amsgrad", "lr": 3e-3, **OPTAX}, lambda: optax.amsgrad(3e-3)),
    "adamax": ({"name": "adamax"}, lambda: optax.adamax(2e-3)),
    "nadam": ({"name": "nadam", **OPTAX}, lambda: optax.nadam(2e-3)),
}


@pytest.fixture(autouse=True)
def _in_doubles() -> Iterator[None]:
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_two_hundred_steps_beside_optax(row: tuple[dict[str, Any], Any]) -> None:
    """The default of a form is the library's, so only what optax asks for is given."""
    optimizer, make = row
    spec = RunSpec.model_validate(
        {
            "problem": {"kind": "landscape", "function": "rosenbrock", "start": [-1.5, 2.0]},
            "optimizer": optimizer,
            "precision": "float64",
        }
    )
    trainer = Trainer(spec, build_objective(spec))
    theirs = make()
    point = jax.numpy.array([-1.5, 2.0])
    state = theirs.init(point)

    def step(point: Any, state: Any) -> Any:
        x, y = point
        slope = jax.numpy.stack([-2.0 * (1.0 - x) - 400.0 * x * (y - x**2), 200.0 * (y - x**2)])
        updates, state = theirs.update(slope, state, point)
        return optax.apply_updates(point, updates), state

    for _ in range(STEPS):
        before = trainer.theta.copy()
        trainer.step()
        point, state = step(point, state)
        assert np.abs(trainer.theta - np.asarray(point)).max() < TOLERANCE
        assert np.abs(trainer.theta - before).max() > LEAST_MOVE
