"""The forms of optax against optax, two hundred steps down Rosenbrock's valley and with a network.

Tolerance as against PyTorch: some 200·64·ε; what differs in anything but rounding differs by a million times that.
Nothing is compiled as a whole there: XLA fuses multiplications with additions, and then the paths part by more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from engine.method.batches import BatchStream
from engine.method.objectives import build_objective
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer
from engine.subject.objective import Vector

jax = pytest.importorskip("jax", reason="the reference needs jax: pip install jax")
optax = pytest.importorskip("optax", reason="the reference needs optax: pip install optax")

pytestmark = pytest.mark.reference

STEPS = 200
TOLERANCE = 3e-12
LEAST_MOVE = 1e-5

OPTAX: dict[str, Any] = {"form": "optax"}
Row = tuple[dict[str, Any], Callable[[], Any]]
ROWS: dict[str, Row] = {
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
    "lion": ({"name": "lion", "lr": 3e-3, "weight_decay": 0.1}, lambda: optax.lion(3e-3, weight_decay=0.1)),
    "adabelief": ({"name": "adabelief", "lr": 3e-3}, lambda: optax.adabelief(3e-3)),
    "yogi": ({"name": "yogi", "lr": 3e-3}, lambda: optax.yogi(3e-3)),
    # Of the change optax takes 1 − β₂ where the paper takes β₂: here they are the same.
    "adan": ({"name": "adan", "lr": 3e-3, "beta2": 0.5}, lambda: optax.adan(3e-3, b2=0.5, eps_root=0.0)),
}
every_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


@pytest.fixture(autouse=True)
def _in_doubles() -> Iterator[None]:
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


def trainer_for(optimizer: dict[str, Any], **sections: Any) -> Trainer:
    spec = RunSpec.model_validate({"optimizer": optimizer, "precision": "float64", **sections})
    trainer = Trainer(spec, build_objective(spec))
    if optimizer["name"] == "yogi":
        trainer.state.vectors()["m"][:] = 1e-6  # where optax starts
    return trainer


def walk_together(trainer: Trainer, theirs: Any, gradient: Callable[[Any], Any]) -> None:
    """Train both; `gradient` gives that of the next step, at their parameters."""
    point, moved = jax.numpy.array(trainer.theta), 0.0
    state = theirs.init(point)
    for _ in range(STEPS):
        before = trainer.theta.copy()
        trainer.step()
        updates, state = theirs.update(gradient(point), state, point)
        point = optax.apply_updates(point, updates)
        assert np.abs(trainer.theta - np.asarray(point)).max() < TOLERANCE
        moved += float(np.abs(trainer.theta - before).max())
    assert moved > STEPS * LEAST_MOVE


@every_row
def test_two_hundred_steps_beside_optax(row: Row) -> None:
    """The default of a form is the library's, so only what optax asks for is given."""
    optimizer, make = row
    problem = {"kind": "landscape", "function": "rosenbrock", "start": [-1.5, 2.0]}

    def gradient(point: Any) -> Any:
        x, y = point
        return jax.numpy.stack([-2.0 * (1.0 - x) - 400.0 * x * (y - x**2), 200.0 * (y - x**2)])

    walk_together(trainer_for(optimizer, problem=problem), make(), gradient)


@every_row
def test_two_hundred_minibatch_steps_of_a_network_beside_optax(row: Row) -> None:
    """Softmax of three over eight units of tanh: 30 samples in batches of 8, 8, 8 and 6."""
    optimizer, make = row
    trainer = trainer_for(
        optimizer,
        problem={"kind": "dataset"},
        data={"name": "blobs", "samples": 40, "held_out": 0.25},
        model={"hidden": [8], "activation": "tanh", "loss": "cross_entropy"},
        batch={"size": 8},
    )
    tensors = trainer.tensors
    stream = BatchStream(trainer.objective.samples(), size=8, shuffle=True, seed=0)

    def loss(theta: Any, inputs: Vector, targets: Vector) -> Any:
        weight1, bias1, weight2, bias2 = (theta[each.start : each.stop].reshape(each.shape) for each in tensors)
        outputs = jax.numpy.tanh(inputs @ weight1 + bias1) @ weight2 + bias2
        return optax.softmax_cross_entropy(outputs, targets).mean()

    slope = jax.jit(jax.grad(loss))

    def gradient(theta: Any) -> Any:
        batch = stream.take()
        return slope(theta, batch.inputs[:, :-1], batch.targets)

    walk_together(trainer, make(), gradient)
