"""L-BFGS and its search against PyTorch's, one iteration of which is one step here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.method.objectives import build_objective
from engine.method.optimizers.lbfgs import LbfgsState
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer

torch = pytest.importorskip("torch", reason="the reference needs torch: pip install torch==2.13.0")

pytestmark = pytest.mark.reference

Loss = Callable[[Any], Any]

FUNCTIONS: dict[str, tuple[dict[str, Any], Loss]] = {
    "rosenbrock": (
        {"function": "rosenbrock", "start": [-1.5, 2.0]},
        lambda p: (1.0 - p[0]) ** 2 + 100.0 * (p[1] - p[0] ** 2) ** 2,
    ),
    "ravine": (
        {"function": "ravine", "condition": 30.0, "start": [1.0, 0.7]},
        lambda p: 0.5 * (p[0] ** 2 + 30.0 * p[1] ** 2),
    ),
}


def lbfgs_of_torch(parameters: list[Any], *, lr: float, memory: int, search: str) -> Any:
    """Return torch's rule, one iteration a step and without its absolute limits."""
    return torch.optim.LBFGS(
        parameters,
        lr=lr,
        max_iter=1,
        max_eval=1000,
        history_size=memory,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe" if search == "wolfe" else None,
    )


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("search", ["wolfe", "none"])
@pytest.mark.parametrize("memory", [3, 10])
def test_the_way_down_is_torchs(function: str, search: str, memory: int) -> None:
    """Until the gradient is 1e-4 long, where torch's absolute limits begin to end its searches earlier.

    Each step is the whole of the two-loop recursion, whose differences stretch rounding by the curvature, up to 1e3
    here, for some dozens of steps; a step that differs in anything else is off by its own length, 1e-3 and more.
    """
    problem, loss_of = FUNCTIONS[function]
    lr = 1.0 if search == "wolfe" else 0.2
    spec = RunSpec.model_validate(
        {
            "problem": {"kind": "landscape", **problem},
            "optimizer": {"name": "lbfgs", "lr": lr, "memory": memory},
            "line_search": {"name": search},
            "precision": "float64",
        }
    )
    trainer = Trainer(spec, build_objective(spec))
    point = torch.tensor(problem["start"], dtype=torch.float64, requires_grad=True)
    theirs = lbfgs_of_torch([point], lr=lr, memory=memory, search=search)

    def closure() -> Any:
        theirs.zero_grad()
        loss = loss_of(point)
        loss.backward()
        return loss

    for step in range(60):
        closure()
        assert point.grad is not None
        if float(point.grad.norm()) < 1e-4:
            break
        theirs.step(closure)
        trainer.step()
        found, expected = trainer.theta, point.detach().numpy()
        assert np.abs(found - expected).max() < 1e-7 * (1.0 + np.abs(expected).max()), step
    assert step > 5


@pytest.mark.parametrize(("search", "lr"), [("wolfe", 1.0), ("none", 0.2)])
def test_two_hundred_steps_of_a_network_are_torchs(search: str, lr: float) -> None:
    """On its full batch, in ten stretches, each of which both begin at the same place without a history.

    The way itself is chaotic: left alone, both part from 1e-16 to 0.1 in 200 steps, by a fifth a step. In 20 steps of
    which each at most doubles a difference, 2²⁰·ε = 2e-10 of numbers up to 5 is left; a step moves by 1e-4 and more.
    """
    spec = RunSpec.model_validate(
        {
            "problem": {"kind": "dataset"},
            "data": {"name": "moons", "samples": 40, "held_out": 0.25},
            "model": {"hidden": [8], "activation": "tanh", "loss": "mean_squared_error"},
            "optimizer": {"name": "lbfgs", "lr": lr},
            "line_search": {"name": search},
            "batch": {"size": "full"},
            "precision": "float64",
        }
    )
    trainer = Trainer(spec, build_objective(spec))
    batch = trainer.objective.samples().batch(0, 30)
    inputs, targets = torch.tensor(batch.inputs[:, :-1].copy()), torch.tensor(batch.targets.copy())

    def closure() -> Any:
        theirs.zero_grad()
        weight1, bias1, weight2, bias2 = parameters
        outputs = torch.tanh(inputs @ weight1 + bias1) @ weight2 + bias2
        loss = torch.nn.functional.mse_loss(outputs, targets)
        loss.backward()
        return loss

    for _ in range(10):
        assert isinstance(trainer.state, LbfgsState)
        trainer.state.forget()
        parameters = [torch.tensor(tensor.of(trainer.theta).copy(), requires_grad=True) for tensor in trainer.tensors]
        theirs = lbfgs_of_torch(parameters, lr=lr, memory=10, search=search)
        for step in range(20):
            before = trainer.theta.copy()
            theirs.step(closure)
            trainer.step()
            expected = np.concatenate([parameter.detach().numpy().ravel() for parameter in parameters])
            assert np.abs(trainer.theta - expected).max() < 1e-9, step
            assert np.abs(trainer.theta - before).max() > 1e-4
