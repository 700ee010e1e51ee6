"""The rules and the networks against PyTorch, step by step over two hundred steps.

Tolerance: a step rounds each number a few dozen times, and neither side's next step stretches an old difference for
long, so 200 steps leave at most some 200·64·ε ≈ 3e-12 times numbers of size 1 to 10. A step moves a parameter on
average by 1e-5 and more, a million times what is allowed: a rule that differs in anything but rounding is found at
once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from engine.method.batches import BatchStream
from engine.method.objectives import build_objective
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer
from engine.subject.objective import Vector

torch = pytest.importorskip("torch", reason="the reference needs torch: pip install torch==2.13.0")

pytestmark = pytest.mark.reference

STEPS = 200
TOLERANCE = 3e-12
LEAST_MOVE = 1e-5

DECAY = {"weight_decay": 0.1}

SINGLE_TOLERANCE = 200 * 4 * 2.0**-24
"""In float32 each of 200 steps rounds a parameter of size 2 to 4 once, and little else counts beside that."""

Theirs = Callable[[list[Any]], Any]
"""An optimizer of torch's over these parameters."""

MUON = {"lr": 3e-3, "momentum": 0.9}
BESIDE = {"lr": 3e-3, "betas": (0.9, 0.95)}


class MuonAndAdam:
    """Muon for matrices, (outputs, inputs) there, and AdamW for what is none, as its author's package does it."""

    def __init__(self, parameters: list[Any], adam: dict[str, Any], **muon: Any) -> None:
        self._turned = [(parameter.detach().T, parameter) for parameter in parameters if parameter.ndim == 2]
        rest = [parameter for parameter in parameters if parameter.ndim != 2]
        self._both = [torch.optim.AdamW(rest, weight_decay=muon["weight_decay"], **adam)]
        if self._turned:
            self._both.append(torch.optim.Muon([matrix for matrix, _ in self._turned], **muon))

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for _, parameter in self._turned:
            parameter.grad = None
        self._both[0].zero_grad()

    def step(self) -> None:
        """Take both steps."""
        for matrix, parameter in self._turned:
            matrix.grad = parameter.grad.T
        for optimizer in self._both:
            optimizer.step()


RULES: dict[str, tuple[dict[str, Any], Theirs]] = {
    "sgd": ({"name": "sgd", "lr": 1e-3}, lambda p: torch.optim.SGD(p, lr=1e-3)),
    "sgd, weight decay": (
        {"name": "sgd", "lr": 1e-3, **DECAY},
        lambda p: torch.optim.SGD(p, lr=1e-3, **DECAY),
    ),
    "momentum": (
        {"name": "momentum", "lr": 3e-4, "momentum": 0.9},
        lambda p: torch.optim.SGD(p, lr=3e-4, momentum=0.9),
    ),
    "momentum, dampening, weight decay": (
        {"name": "momentum", "lr": 1e-3, "momentum": 0.9, "dampening": 0.5, **DECAY},
        lambda p: torch.optim.SGD(p, lr=1e-3, momentum=0.9, dampening=0.5, **DECAY),
    ),
    "rmsprop": (
        {"name": "rmsprop", "lr": 3e-3, "rho": 0.99},
        lambda p: torch.optim.RMSprop(p, lr=3e-3),
    ),
    "rmsprop, centered, momentum, weight decay": (
        {"name": "rmsprop", "lr": 1e-3, "rho": 0.95, "centered": True, "momentum": 0.5, **DECAY},
        lambda p: torch.optim.RMSprop(p, lr=1e-3, alpha=0.95, centered=True, momentum=0.5, **DECAY),
    ),
    "adam": ({"name": "adam", "lr": 3e-3}, lambda p: torch.optim.Adam(p, lr=3e-3)),
    "adam, other betas, weight decay": (
        {"name": "adam", "lr": 3e-3, "beta1": 0.7, "beta2": 0.95, "eps": 1e-3, **DECAY},
        lambda p: torch.optim.Adam(p, lr=3e-3, betas=(0.7, 0.95), eps=1e-3, **DECAY),
    ),
    "nesterov, weight decay": (
        {"name": "nesterov", "lr": 3e-4, "momentum": 0.9, **DECAY},
        lambda p: torch.optim.SGD(p, lr=3e-4, momentum=0.9, nesterov=True, **DECAY),
    ),
    "adagrad": ({"name": "adagrad"}, lambda p: torch.optim.Adagrad(p)),
    "adagrad, learning rate decay, initial accumulator, weight decay": (
        {"name": "adagrad", "lr": 0.03, "lr_decay": 0.01, "initial_accumulator": 0.25, "eps": 1e-3, **DECAY},
        lambda p: torch.optim.Adagrad(p, 0.03, lr_decay=0.01, initial_accumulator_value=0.25, eps=1e-3, **DECAY),
    ),
    "adadelta": ({"name": "adadelta"}, lambda p: torch.optim.Adadelta(p)),
    "adadelta, other rho, weight decay": (
        {"name": "adadelta", "lr": 0.5, "rho": 0.5, "eps": 1e-4, **DECAY},
        lambda p: torch.optim.Adadelta(p, lr=0.5, rho=0.5, eps=1e-4, **DECAY),
    ),
    "adam, decoupled decay": (
        {"name": "adam", "lr": 3e-3, "decoupled": True, **DECAY},
        lambda p: torch.optim.Adam(p, lr=3e-3, decoupled_weight_decay=True, **DECAY),
    ),
    "radam, weight decay": (
        {"name": "radam", "lr": 1e-2, **DECAY},
        lambda p: torch.optim.RAdam(p, lr=1e-2, **DECAY),
    ),
    "radam, other betas": (
        {"name": "radam", "lr": 1e-2, "beta1": 0.7, "beta2": 0.95, "eps": 1e-3},
        lambda p: torch.optim.RAdam(p, lr=1e-2, betas=(0.7, 0.95), eps=1e-3),
    ),
    "rprop": ({"name": "rprop", "lr": 3e-3}, lambda p: torch.optim.Rprop(p, lr=3e-3)),
    "rprop, other factors and bounds": (
        {"name": "rprop", "lr": 3e-3, "shorten": 0.7, "lengthen": 1.1, "shortest": 1e-4, "longest": 0.01},
        lambda p: torch.optim.Rprop(p, lr=3e-3, etas=(0.7, 1.1), step_sizes=(1e-4, 0.01)),
    ),
    "muon": ({"name": "muon", **MUON}, lambda p: MuonAndAdam(p, BESIDE, weight_decay=0.1, **MUON)),
    "muon, no look-ahead, as long as Adam's, no decay": (
        {"name": "muon", "nesterov": False, "adjust": "match_rms_adamw", "weight_decay": 0.0, **MUON},
        lambda p: MuonAndAdam(p, BESIDE, nesterov=False, adjust_lr_fn="match_rms_adamw", weight_decay=0.0, **MUON),
    ),
    "adamw": ({"name": "adamw", "lr": 3e-3}, lambda p: torch.optim.AdamW(p, lr=3e-3)),
    "adamw, other betas": (
        {"name": "adamw", "lr": 3e-3, "beta1": 0.5, "beta2": 0.99, "weight_decay": 1.0},
        lambda p: torch.optim.AdamW(p, lr=3e-3, betas=(0.5, 0.99), weight_decay=1.0),
    ),
    "amsgrad, weight decay": (
        {"name": "amsgrad", "lr": 3e-3, "beta2": 0.9, **DECAY},
        lambda p: torch.optim.Adam(p, lr=3e-3, betas=(0.9, 0.9), amsgrad=True, **DECAY),
    ),
    "adamax, weight decay": (
        {"name": "adamax", **DECAY},
        lambda p: torch.optim.Adamax(p, **DECAY),
    ),
    "nadam, weight decay": (
        {"name": "nadam", **DECAY},
        lambda p: torch.optim.NAdam(p, **DECAY),
    ),
    "nadam, momentum decay 1, decoupled decay": (
        {"name": "nadam", "momentum_decay": 1.0, "decoupled": True, **DECAY},
        lambda p: torch.optim.NAdam(p, momentum_decay=1.0, decoupled_weight_decay=True, **DECAY),
    ),
}

every_rule = pytest.mark.parametrize("row", RULES.values(), ids=RULES)


def length_of_step(ours: Vector, theirs: Vector, before: Vector, tolerance: float = TOLERANCE) -> float:
    """Return how far a parameter has moved, if both are at the same place."""
    assert np.abs(ours - theirs).max() < tolerance
    return float(np.abs(ours - before).max())


@every_rule
@pytest.mark.parametrize("clip", [None, 100.0], ids=["free", "clipped"])
def test_two_hundred_steps_down_rosenbrocks_valley(row: tuple[dict[str, Any], Theirs], clip: float | None) -> None:
    """The first gradient has norm 163; a clip that holds all the way makes equal steps, and those are chaotic."""
    optimizer, make = row
    spec = RunSpec.model_validate(
        {
            "problem": {"kind": "landscape", "function": "rosenbrock", "start": [-1.5, 2.0]},
            "optimizer": optimizer,
            "clip": {"norm": clip},
            "precision": "float64",
        }
    )
    trainer = Trainer(spec, build_objective(spec))
    point = torch.tensor([-1.5, 2.0], dtype=torch.float64, requires_grad=True)
    theirs, moved = make([point]), 0.0
    for _ in range(STEPS):
        before = trainer.theta.copy()
        trainer.step()
        theirs.zero_grad()
        x, y = point
        loss = (1.0 - x) ** 2 + 100.0 * (y - x**2) ** 2
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_([point], clip)
        theirs.step()
        moved += length_of_step(trainer.theta, point.detach().numpy(), before)
    assert moved > STEPS * LEAST_MOVE


TASKS: dict[str, tuple[str, str, Any]] = {
    "softmax of three": ("blobs", "cross_entropy", lambda z, y: torch.nn.functional.cross_entropy(z, y)),
    "one logit": (
        "moons",
        "binary_cross_entropy",
        lambda z, y: torch.nn.functional.binary_cross_entropy_with_logits(z, y),
    ),
    "one number": ("moons", "mean_squared_error", lambda z, y: torch.nn.functional.mse_loss(z, y)),
}


@pytest.fixture(autouse=True)
def _scalars_are_doubles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """NAdam keeps the product of its momenta in torch's default type, which costs it seven digits in float32.

    And Muon multiplies in bfloat16, which leaves it two.
    """
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


class TheirNetwork:
    """The same network in torch: its parameters start as ours, its gradient is autograd's."""

    def __init__(self, trainer: Trainer, activation: str) -> None:
        self.trainer = trainer
        self.parameters = [
            torch.tensor(tensor.of(trainer.theta).copy(), requires_grad=True) for tensor in trainer.tensors
        ]
        self._activation = getattr(torch, activation)
        self.loss = math.nan

    def outputs(self, inputs: Vector) -> Any:
        """Return the outputs, (samples, outputs), for inputs whose last column is ones."""
        values = torch.tensor(inputs[:, :-1].copy())
        layers = list(zip(self.parameters[::2], self.parameters[1::2], strict=True))
        for number, (weight, bias) in enumerate(layers, start=1):
            values = values @ weight + bias
            if number < len(layers):
                values = self._activation(values)
        return values

    def flat(self) -> Vector:
        """Return the parameters in the order of ours."""
        return np.concatenate([parameter.detach().numpy().ravel() for parameter in self.parameters])


NETWORKS = [(rule, "tanh", "softmax of three") for rule in RULES] + [
    (rule, activation, task) for rule in ("sgd", "adam") for activation in ("relu", "tanh", "sigmoid") for task in TASKS
]


@pytest.mark.parametrize(("rule", "activation", "task"), sorted(set(NETWORKS)))
def test_two_hundred_minibatch_steps_of_a_small_network(rule: str, activation: str, task: str) -> None:
    trainer, network = trained_together(rule, activation, task, "float64", TOLERANCE)
    block = trainer.steps.take()
    assert block is not None
    assert block.values[1, -1] == pytest.approx(network.loss, abs=TOLERANCE)


@pytest.mark.parametrize("rule", [rule for rule in RULES if "rprop" not in rule])
def test_two_hundred_minibatch_steps_in_single_precision(rule: str) -> None:
    """All but Rprop, which makes a whole step of the sign that rounding gives to a gradient of nearly 0."""
    trained_together(rule, "tanh", "softmax of three", "float32", SINGLE_TOLERANCE)


def trained_together(
    rule: str, activation: str, task: str, precision: str, tolerance: float
) -> tuple[Trainer, TheirNetwork]:
    """Train on 30 samples in batches of 8, 8, 8 and 6, shuffled anew for each of fifty epochs."""
    optimizer, make = RULES[rule]
    data, loss_name, loss_of = TASKS[task]
    spec = RunSpec.model_validate(
        {
            "problem": {"kind": "dataset"},
            "data": {"name": data, "samples": 40, "held_out": 0.25},
            "model": {"hidden": [8], "activation": activation, "loss": loss_name},
            "optimizer": optimizer,
            "batch": {"size": 8},
            "clip": {"norm": 0.5},
            "precision": precision,
        }
    )
    trainer = Trainer(spec, build_objective(spec))
    network = TheirNetwork(trainer, activation)
    theirs, moved = make(network.parameters), 0.0
    stream = BatchStream(trainer.objective.samples(), size=8, shuffle=True, seed=0)
    for _ in range(STEPS):
        batch = stream.take()
        targets = torch.tensor(batch.targets.copy())
        theirs.zero_grad()
        loss = loss_of(network.outputs(batch.inputs), targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters, 0.5)
        theirs.step()
        before = trainer.theta.copy()
        trainer.step()
        moved += length_of_step(trainer.theta, network.flat(), before, tolerance)
    assert moved > STEPS * LEAST_MOVE
    network.loss = float(loss.detach())
    return trainer, network
