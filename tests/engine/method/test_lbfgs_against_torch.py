"""L-BFGS and its search against PyTorch's, one iteration of which is one step here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.method.objectives import build_objective
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
    theirs = torch.optim.LBFGS(
        [point],
        lr=lr,
        max_iter=1,
        max_eval=1000,
        history_size=memory,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe" if search == "wolfe" else None,
    )

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
