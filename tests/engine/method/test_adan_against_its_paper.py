"""Adan against its paper's algorithm, in the paper's letters: no library has both its betas and its bias correction.

Tolerance: as against PyTorch, 200 steps of some dozens of roundings each leave at most 200·64·ε ≈ 3e-12.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.method.batches import BatchStream
from engine.method.objectives import build_objective
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer

STEPS = 200
TOLERANCE = 3e-12
LEAST_MOVE = 1e-5

RUNS: dict[str, dict[str, Any]] = {
    "landscape": {"problem": {"kind": "landscape", "function": "rosenbrock", "start": [-1.5, 2.0]}},
    "network": {
        "problem": {"kind": "dataset"},
        "data": {"name": "blobs", "samples": 40, "held_out": 0.25},
        "model": {"hidden": [8], "activation": "tanh"},
        "batch": {"size": 8},
    },
}


@pytest.mark.parametrize("betas", [(0.02, 0.08, 0.01), (0.3, 0.6, 0.1)])
@pytest.mark.parametrize("sections", RUNS.values(), ids=RUNS)
def test_two_hundred_steps_are_those_of_algorithm_1(
    sections: dict[str, Any], betas: tuple[float, float, float]
) -> None:
    """θ ← (θ − η/(√n̂ + ε)·(m̂ + (1 − β₂)·v̂)): there β is the share of what is new, here of what is kept.

    Each mean starts at 0 and is divided by the share of it that the gradients make up, as the authors' package does.
    """
    b1, b2, b3 = betas
    eta, eps = 3e-3, 1e-8
    kept = {"beta1": 1.0 - b1, "beta2": 1.0 - b2, "beta3": 1.0 - b3}
    optimizer = {"name": "adan", "lr": eta, "eps": eps, **kept}
    spec = RunSpec.model_validate({"optimizer": optimizer, "precision": "float64", **sections})
    trainer, objective = Trainer(spec, build_objective(spec)), build_objective(spec)
    stream = BatchStream(objective.samples(), size=spec.batch.size, shuffle=spec.batch.shuffle, seed=0)
    theta = objective.start()
    g = np.empty_like(theta)
    gradient_at = objective.bind(theta, g).loss_and_gradient
    m = v = n = np.zeros_like(theta)
    last, moved = None, 0.0
    for k in range(1, STEPS + 1):
        gradient_at(stream.take())
        change = np.zeros_like(g) if last is None else g - last
        m = (1.0 - b1) * m + b1 * g
        v = (1.0 - b2) * v + b2 * change
        n = (1.0 - b3) * n + b3 * (g + (1.0 - b2) * change) ** 2
        m_hat, v_hat, n_hat = (mean / (1.0 - (1.0 - beta) ** k) for mean, beta in ((m, b1), (v, b2), (n, b3)))
        step = eta * (m_hat + (1.0 - b2) * v_hat) / (np.sqrt(n_hat) + eps)
        theta -= step
        last = g.copy()
        trainer.step()
        assert np.abs(trainer.theta - theta).max() < TOLERANCE
        moved += float(np.abs(step).max())
    assert moved > STEPS * LEAST_MOVE
