"""Noise on the gradient: how much there is, and that the same step always meets the same."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.method.noise import BLOCK_NUMBERS, GradientNoise, NoiseSpec
from engine.method.trainer import Trainer

if TYPE_CHECKING:
    from tests.engine.method.conftest import MakeTrainer, TakeSeries

BOWL = {"kind": "landscape", "function": "ravine", "condition": 1.0, "start": [5.0, 5.0]}
"""½x² + ½y²: two parabolas of curvature 1 with noise of their own."""


def drawn(spec: NoiseSpec, steps: list[int], *, size: int = 3, seed: int = 0) -> NDArray[np.float64]:
    """Return the noise of these steps, one after the other from one object, (steps, size)."""
    grad = np.zeros(size)
    noise, rows = GradientNoise(spec, grad, seed=seed), []
    for step in steps:
        grad[:] = 0.0
        noise.add(step)
        rows.append(grad.copy())
    return np.array(rows)


def path(trainer: Trainer, steps: int) -> NDArray[np.float64]:
    points = np.empty((steps, trainer.theta.size))
    for row in points:
        trainer.step()
        row[:] = trainer.theta
    return points


@pytest.mark.parametrize(
    ("lr", "samples", "expected"), [(0.1, 1, 0.0526), (0.5, 1, 0.333), (0.5, 4, 0.0833)], ids=["0.1", "0.5", "0.5, B 4"]
)
def test_gradient_descent_ends_in_the_noise_ball_of_the_lecture(
    ravine: MakeTrainer, lr: float, samples: int, expected: float
) -> None:
    """E[x²] = α·σ²/(λ·(2 − α·λ)) for λ = 1, and a batch of B divides it by B.

    x is an autoregression with a = 1 − α, so the mean of x² over N steps of two coordinates has the relative variance
    2·(1 + a²)/(1 − a²)/(2·N): four standard deviations are 5.6 % for α = 0.1, 2.3 % for α = 0.5.
    """
    trainer = ravine(problem=BOWL, optimizer={"name": "sgd", "lr": lr}, noise={"gradient": 1.0, "samples": samples})
    path(trainer, 200)
    steps, kept = 50_000, 1.0 - lr
    tolerance = 4.0 * np.sqrt((1.0 + kept**2) / (1.0 - kept**2) / steps)
    assert (path(trainer, steps) ** 2).mean() == pytest.approx(expected, rel=tolerance)


def test_the_noise_of_every_entry_and_step_is_normal_and_independent() -> None:
    """60,000 numbers: mean 0 and deviation 2, each to four standard errors, and nothing in common with their likes."""
    found = drawn(NoiseSpec(gradient=2.0), list(range(1, 20_001)))
    assert abs(found.mean()) < 4 * 2.0 / np.sqrt(found.size)
    assert found.std() == pytest.approx(2.0, rel=4 / np.sqrt(2 * found.size))
    assert (np.abs(found) < 2.0).mean() == pytest.approx(0.6827, abs=4 * np.sqrt(0.6827 * 0.3173 / found.size))
    scaled = found / 2.0
    limit = 4 / np.sqrt(len(found))
    assert abs((scaled[:-1] * scaled[1:]).mean(axis=0)).max() < limit
    assert abs((scaled[:, 0] * scaled[:, 1]).mean()) < limit


@pytest.mark.parametrize("size", [1, 3, BLOCK_NUMBERS, BLOCK_NUMBERS + 1])
def test_the_noise_of_a_step_does_not_depend_on_those_before(size: int) -> None:
    """Also not on which were drawn: the last of a block, the first of the next, and back."""
    spec = NoiseSpec(gradient=1.0)
    block = max(1, BLOCK_NUMBERS // size)
    steps = [1, 2, block, block + 1, 2 * block, 2 * block + 1, 2, 1]
    together = drawn(spec, steps, size=size)
    for step, row in zip(steps, together, strict=True):
        assert np.array_equal(drawn(spec, [step], size=size)[0], row)
    assert len({row.tobytes() for row in together}) == len(set(steps))


def test_another_seed_makes_other_noise() -> None:
    spec = NoiseSpec(gradient=1.0)
    assert not np.isin(drawn(spec, [1, 2], seed=1), drawn(spec, [1, 2], seed=2)).any()


def test_more_noise_is_the_same_noise_longer() -> None:
    one, three = drawn(NoiseSpec(gradient=1.0), [1, 7]), drawn(NoiseSpec(gradient=6.0, samples=4), [1, 7])
    assert three == pytest.approx(3.0 * one, rel=1e-14)


def test_a_restored_snapshot_meets_the_same_noise_bit_for_bit(moons: MakeTrainer) -> None:
    sections: dict[str, Any] = {"noise": {"gradient": 0.1}}
    original, elsewhere = moons(**sections), moons(**sections)
    path(original, 5)
    snapshot = original.snapshot()
    path(elsewhere, 9)
    elsewhere.restore(snapshot)
    assert np.array_equal(path(original, 8), path(elsewhere, 8))


def test_two_rules_in_a_race_meet_the_same_noise(ravine: MakeTrainer) -> None:
    """On a plain parabola with α = 1, gradient descent goes to −ξ; so it is seen, and the other's gradient has it."""
    flat = {"kind": "landscape", "function": "ravine", "condition": 1.0, "start": [0.0, 0.0]}
    sections: dict[str, Any] = {"problem": flat, "noise": {"gradient": 1.0}}
    one = ravine(**sections, optimizer={"name": "sgd", "lr": 1.0})
    other = ravine(**sections, optimizer={"name": "momentum", "lr": 1.0, "momentum": 0.5})
    one.step()
    other.step()
    assert np.array_equal(one.theta, other.theta)
    before = other.theta.copy()
    one.step()
    other.step()
    # One: θ₂ = −ξ₂. Other: θ₂ = θ₁ − (½·b₁ + θ₁ + ξ₂), b₁ = −θ₁.
    assert other.theta == pytest.approx(one.theta + 0.5 * before, rel=1e-12)


def test_noise_can_be_turned_between_two_steps(ravine: MakeTrainer, series: TakeSeries) -> None:
    """Off, the gradient is the slope again; on, its norm is that of what the rule gets."""
    trainer = ravine(problem=BOWL)
    path(trainer, 3)
    trainer.apply({"noise.gradient": 100.0})
    before = trainer.theta.copy()
    trainer.step()
    assert series(trainer, "grad_norm")[-1] == pytest.approx(float(np.linalg.norm(trainer.theta - before)) / 0.05)
    assert np.linalg.norm(trainer.theta - before) > 1.0
    trainer.apply({"noise.gradient": 0.0})
    before = trainer.theta.copy()
    trainer.step()
    assert trainer.theta == pytest.approx(0.95 * before, rel=1e-15)


def test_a_reset_meets_the_same_noise_again(ravine: MakeTrainer) -> None:
    trainer = ravine(problem=BOWL, noise={"gradient": 1.0})
    first = path(trainer, 10)
    trainer.reset(keep=False)
    assert np.array_equal(path(trainer, 10), first)


def test_noise_makes_nothing_in_a_step(moons: MakeTrainer) -> None:
    """The weights have 80 kB, so every step draws a block of its own."""
    trainer = moons(model={"hidden": [2500], "activation": "tanh"}, batch={"size": "full"}, noise={"gradient": 0.1})
    path(trainer, 2)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(5):
        trainer.step()
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 4096
    assert peak - before < 8192
