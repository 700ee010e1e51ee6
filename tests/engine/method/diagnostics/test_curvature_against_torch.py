"""Hessian-vector products against PyTorch, which differentiates twice: for rectifiers as if none ever switched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.method.diagnostics.curvature import hessian_product
from engine.method.diagnostics.point import Point

torch = pytest.importorskip("torch", reason="the reference needs torch: pip install torch==2.13.0")

pytestmark = pytest.mark.reference

MakePoint = Callable[..., Point]

LOSSES: dict[str, Callable[..., Any]] = {
    "mean_squared_error": lambda outputs, targets: ((outputs - targets) ** 2).sum(dim=1).mean(),
    "binary_cross_entropy": torch.nn.functional.binary_cross_entropy_with_logits,
    "cross_entropy": torch.nn.functional.cross_entropy,
}


def product_of_torch(point: Point, direction: Any, activation: str, loss: str) -> Any:
    """Return Hv by differentiating ∇L·v, the network written in torch's own words."""
    theta = torch.tensor(point.theta, requires_grad=True)
    inputs, targets = torch.tensor(point.whole.inputs[:, :-1]), torch.tensor(point.whole.targets)
    values = inputs
    tensors = point.objective.tensors
    for number in range(0, len(tensors), 2):
        weight, bias = (theta[part.start : part.stop].reshape(part.shape) for part in tensors[number : number + 2])
        values = values @ weight + bias
        if number + 2 < len(tensors):
            values = getattr(torch, activation)(values)
    (gradient,) = torch.autograd.grad(LOSSES[loss](values, targets), theta, create_graph=True)
    (product,) = torch.autograd.grad(gradient @ torch.tensor(direction), theta)
    return product.numpy()


@pytest.mark.parametrize("after", [0, 50])
@pytest.mark.parametrize(
    ("activation", "loss", "tolerance"),
    [
        # The central difference is off by 1e-11 of the third derivative, and by as much from rounding.
        ("tanh", "binary_cross_entropy", 1e-9),
        ("tanh", "mean_squared_error", 1e-9),
        ("sigmoid", "cross_entropy", 1e-9),
        # A hundredth of the width, and so a hundred times the rounding.
        ("relu", "binary_cross_entropy", 1e-7),
    ],
)
def test_a_product_with_the_hessian_is_that_of_torch(
    of_network: MakePoint, activation: str, loss: str, tolerance: float, after: int
) -> None:
    point = of_network(
        after=after,
        model={"hidden": [7, 5], "activation": activation, "loss": loss},
        optimizer={"name": "sgd", "lr": 0.1},
    )
    generator = np.random.default_rng(after)
    for _ in range(3):
        direction = generator.normal(size=point.theta.size)
        expected = product_of_torch(point, direction, activation, loss)
        found = hessian_product(point, direction)
        assert np.linalg.norm(found - expected) < tolerance * np.linalg.norm(expected)
