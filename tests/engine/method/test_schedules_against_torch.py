"""The schedules against those of PyTorch, over three hundred steps.

Tolerance: torch makes some rates from the one before, a few roundings a step, so 300 steps leave at most
300·8·ε ≈ 5e-13 of the base rate. A schedule that is late by one step is off by 1e-5 of it and more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.method.telemetry import SERIES

if TYPE_CHECKING:
    from tests.engine.method.conftest import MakeTrainer, Take

torch = pytest.importorskip("torch", reason="the reference needs torch: pip install torch==2.13.0")

pytestmark = [
    pytest.mark.reference,
    # torch wants its optimizer to step between two steps of a schedule; here nothing but the rate is looked at.
    pytest.mark.filterwarnings("ignore:Detected call of"),
    pytest.mark.filterwarnings("ignore:The epoch parameter"),
]

STEPS = 300
BASE = 0.02
TOLERANCE = 5e-13 * BASE

schedulers = torch.optim.lr_scheduler
Theirs = Callable[[Any], Any]
"""A scheduler of torch's on this optimizer, whose rate is the base rate."""


def warmed(optimizer: Any) -> Any:
    parts = [
        schedulers.LinearLR(optimizer, start_factor=0.25, total_iters=40),
        schedulers.CosineAnnealingLR(optimizer, T_max=260),
    ]
    return schedulers.SequentialLR(optimizer, parts, milestones=[40])


SCHEDULES: dict[str, tuple[dict[str, Any], Theirs]] = {
    "step": ({"name": "step", "every": 37, "gamma": 0.7}, lambda o: schedulers.StepLR(o, 37, gamma=0.7)),
    "multistep": (
        {"name": "multistep", "milestones": [30, 80, 81], "gamma": 0.4},
        lambda o: schedulers.MultiStepLR(o, [30, 80, 81], gamma=0.4),
    ),
    "exponential": ({"name": "exponential", "gamma": 0.99}, lambda o: schedulers.ExponentialLR(o, 0.99)),
    "inverse": ({"name": "inverse"}, lambda o: schedulers.LambdaLR(o, lambda t: 1 / (t + 1))),
    "polynomial": (
        {"name": "polynomial", "steps": 200, "power": 1.7},
        lambda o: schedulers.PolynomialLR(o, total_iters=200, power=1.7),
    ),
    "polynomial, torch's own length and power": ({"name": "polynomial"}, schedulers.PolynomialLR),
    "linear": (
        {"name": "linear", "start": 0.2, "end": 0.7, "steps": 150},
        lambda o: schedulers.LinearLR(o, start_factor=0.2, end_factor=0.7, total_iters=150),
    ),
    "linear, torch's own ends and length": ({"name": "linear"}, schedulers.LinearLR),
    "cosine": (
        {"name": "cosine", "steps": 300, "floor": 0.05},
        lambda o: schedulers.CosineAnnealingLR(o, T_max=300, eta_min=0.05 * BASE),
    ),
    "cosine with restarts": (
        {"name": "cosine_restarts", "steps": 50},
        lambda o: schedulers.CosineAnnealingWarmRestarts(o, T_0=50),
    ),
    "cosine with longer and longer restarts": (
        {"name": "cosine_restarts", "steps": 11, "stretch": 3, "floor": 0.1},
        lambda o: schedulers.CosineAnnealingWarmRestarts(o, T_0=11, T_mult=3, eta_min=0.1 * BASE),
    ),
    "one cycle": ({"name": "one_cycle", "steps": 300}, lambda o: schedulers.OneCycleLR(o, BASE, total_steps=300)),
    "one cycle in straight lines": (
        {
            "name": "one_cycle",
            "steps": 300,
            "rise": 0.45,
            "anneal": "linear",
            "div": 10.0,
            "final_div": 100.0,
            "base_momentum": 0.5,
            "max_momentum": 0.99,
        },
        lambda o: schedulers.OneCycleLR(
            o,
            BASE,
            total_steps=300,
            pct_start=0.45,
            anneal_strategy="linear",
            div_factor=10.0,
            final_div_factor=100.0,
            base_momentum=0.5,
            max_momentum=0.99,
        ),
    ),
    "one cycle that leaves the momentum": (
        {"name": "one_cycle", "steps": 300, "cycle_momentum": False},
        lambda o: schedulers.OneCycleLR(o, BASE, total_steps=300, cycle_momentum=False),
    ),
    "cyclic": (
        {"name": "cyclic", "up": 35, "floor": 0.2},
        lambda o: schedulers.CyclicLR(o, 0.2 * BASE, BASE, step_size_up=35),
    ),
    "cyclic, steeper down, halved": (
        {"name": "cyclic", "up": 40, "down": 17, "mode": "triangular2", "floor": 0.2, "base_momentum": 0.7},
        lambda o: schedulers.CyclicLR(
            o, 0.2 * BASE, BASE, step_size_up=40, step_size_down=17, mode="triangular2", base_momentum=0.7
        ),
    ),
    "cyclic, fading": (
        {"name": "cyclic", "up": 35, "mode": "exp_range", "gamma": 0.99, "floor": 0.2},
        lambda o: schedulers.CyclicLR(o, 0.2 * BASE, BASE, step_size_up=35, mode="exp_range", gamma=0.99),
    ),
    "warm-up and cosine": ({"name": "cosine", "steps": 260, "warmup": 40, "warmup_from": 0.25}, warmed),
}


@pytest.mark.parametrize("row", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("rule", ["momentum", "adam"])
def test_every_step_uses_the_rate_and_the_momentum_of_torch(
    ravine: MakeTrainer, taken: Take, rule: str, row: tuple[dict[str, Any], Theirs]
) -> None:
    schedule, make = row
    trainer = ravine(optimizer={"name": rule, "lr": BASE}, schedule=schedule)
    parameters = [torch.zeros(1, requires_grad=True)]
    optimizer = (
        torch.optim.SGD(parameters, lr=BASE, momentum=0.9)
        if rule == "momentum"
        else torch.optim.Adam(parameters, lr=BASE)
    )
    theirs = make(optimizer)
    momenta, expected, inertia = [], [], []
    for step in range(STEPS):
        trainer.step()
        momenta.append(trainer.dials.momentum)
        group = optimizer.param_groups[0]
        expected.append(group["lr"])
        inertia.append(group["momentum"] if rule == "momentum" else group["betas"][0])
        if step + 1 < STEPS:
            theirs.step()
    rates = taken(trainer).values[SERIES.index("lr")]
    assert np.abs(rates - expected).max() < TOLERANCE
    assert np.abs(np.subtract(momenta, inertia)).max() < 5e-13
    assert np.ptp(rates) > 0.1 * BASE


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"patience": 3, "gamma": 0.5}, {"patience": 3, "factor": 0.5}),
        ({"patience": 0, "cooldown": 4, "gamma": 0.7}, {"patience": 0, "cooldown": 4, "factor": 0.7}),
        ({"patience": 2, "threshold": 0.3, "floor": 0.2}, {"patience": 2, "threshold": 0.3, "min_lr": 0.2 * BASE}),
        ({}, {}),
    ],
)
def test_the_rate_falls_on_the_plateaus_on_which_torchs_falls(
    moons: MakeTrainer, taken: Take, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    """Both judge the noisy losses of minibatches, step by step."""
    trainer = moons(optimizer={"name": "sgd", "lr": BASE}, schedule={"name": "plateau", "per": "step", **ours})
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
    judge = schedulers.ReduceLROnPlateau(optimizer, eps=0.0, **theirs)
    for _ in range(STEPS):
        trainer.step()
    block = taken(trainer).values
    expected = []
    for loss in block[SERIES.index("loss")].tolist():
        expected.append(optimizer.param_groups[0]["lr"])
        judge.step(loss)
    assert np.abs(block[SERIES.index("lr")] - expected).max() < TOLERANCE
    assert expected[-1] < expected[0]
