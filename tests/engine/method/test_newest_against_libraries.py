"""The rules beyond the lecture against PyTorch and optax, over two hundred steps down a ravine and a curved valley.

Tolerance: as in `test_against_torch`, 200 steps of some dozens of roundings each leave at most 3e-12.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.method.optimizers import Rule, State
from engine.method.optimizers.adabelief import Adabelief
from engine.method.optimizers.lion import Lion
from engine.method.optimizers.muon import Muon
from engine.method.optimizers.radam import Radam
from engine.method.optimizers.rprop import Rprop
from engine.method.optimizers.yogi import Yogi
from engine.subject.objective import Tensor

pytestmark = pytest.mark.reference

STEPS = 200
TOLERANCE = 3e-12

Point = NDArray[np.float64]
Gradient = Callable[[Point], Point]


def ravine(point: Point) -> Point:
    return np.array([point[0], 25.0 * point[1]])


def rosenbrock(point: Point) -> Point:
    x, y = point
    return np.array([-2.0 * (1.0 - x) - 400.0 * x * (y - x * x), 200.0 * (y - x * x)])


VALLEYS = [pytest.param(ravine, id="ravine"), pytest.param(rosenbrock, id="rosenbrock")]


def path(rule: Rule, gradient: Gradient, state: State | None = None) -> list[Point]:
    point = np.array([-1.5, 2.0])
    state = rule.fresh_state(point) if state is None else state
    points = []
    for _ in range(STEPS):
        update = gradient(point)
        rule.bind(state, update).advance()
        point = point - update
        points.append(point)
    return points


@pytest.mark.parametrize("gradient", VALLEYS)
@pytest.mark.parametrize("name", ["radam", "radam, other betas", "rprop"])
def test_two_hundred_steps_with_torch(name: str, gradient: Gradient) -> None:
    torch = pytest.importorskip("torch", reason="the reference needs torch: pip install torch==2.13.0")
    ours: Rule
    point = torch.tensor([-1.5, 2.0], dtype=torch.float64)
    match name:
        case "radam":
            ours, theirs = Radam(lr=0.01), torch.optim.RAdam([point], lr=0.01)
        case "rprop":
            ours, theirs = Rprop(lr=0.01), torch.optim.Rprop([point], lr=0.01)
        case _:
            ours = Radam(lr=0.01, beta1=0.7, beta2=0.95, eps=1e-3)
            theirs = torch.optim.RAdam([point], lr=0.01, betas=(0.7, 0.95), eps=1e-3)
    for expected in path(ours, gradient):
        point.grad = torch.from_numpy(gradient(point.numpy()))
        theirs.step()
        assert np.abs(point.numpy() - expected).max() < TOLERANCE


@pytest.mark.parametrize("gradient", VALLEYS)
@pytest.mark.parametrize("name", ["lion", "adabelief", "yogi"])
def test_two_hundred_steps_with_optax(name: str, gradient: Gradient) -> None:
    """Adan is not among them: optax takes 1 − β₂ where the paper and its authors' package take β₂ of the change."""
    jax = pytest.importorskip("jax", reason="the reference needs jax and optax: pip install optax")
    optax = pytest.importorskip("optax", reason="the reference needs optax: pip install optax")
    ours: Rule
    match name:
        case "lion":
            ours, theirs = Lion(lr=0.01), optax.lion(0.01, weight_decay=0.0)
        case "adabelief":
            ours, theirs = Adabelief(lr=0.01), optax.adabelief(0.01)
        case _:
            ours, theirs = Yogi(lr=0.01), optax.yogi(0.01)
    state = ours.fresh_state(np.zeros(2))
    if name == "yogi":
        state.vectors()["m"][:] = 1e-6  # where optax starts
    with jax.enable_x64(True):
        point = jax.numpy.array([-1.5, 2.0])
        memory = theirs.init(point)
        for expected in path(ours, gradient, state):
            update, memory = theirs.update(jax.numpy.array(gradient(np.asarray(point))), memory, point)
            point = optax.apply_updates(point, update)
            assert np.abs(np.asarray(point) - expected).max() < TOLERANCE


@pytest.mark.parametrize("shape", [(5, 3), (3, 8), (4, 4)])
@pytest.mark.parametrize("adjust", ["original", "match_rms_adamw"])
def test_muon_goes_where_torch_goes_as_far_as_bfloat16_can_tell(shape: tuple[int, int], adjust: Any) -> None:
    """Torch multiplies with eight bits: 15 products leave some 15·2⁻⁹ ≈ 0.03 of a step's length."""
    torch = pytest.importorskip("torch", reason="the reference needs torch: pip install torch==2.13.0")
    inputs, outputs = shape
    generator = np.random.default_rng(0)
    # Theirs is (outputs, inputs), ours (inputs, outputs).
    weight = torch.zeros((outputs, inputs), dtype=torch.float64)
    theirs = torch.optim.Muon([weight], lr=0.1, weight_decay=0.0, adjust_lr_fn=adjust)
    ours = Muon(lr=0.1, adjust=adjust)
    tensor = Tensor(name="weight", shape=shape, start=0, stop=inputs * outputs)
    state = ours.fresh_state(np.zeros(tensor.size))
    for _ in range(5):
        gradient = generator.normal(size=shape)
        before = weight.clone()
        weight.grad = torch.from_numpy(gradient.T.copy())
        theirs.step()
        moved = (before - weight).numpy().T
        update = gradient.reshape(-1).copy()
        ours.bind(state, update, tensors=(tensor,)).advance()
        assert np.abs(update.reshape(shape) - moved).max() < 0.05 * np.abs(moved).max()
