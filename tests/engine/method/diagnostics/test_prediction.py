"""Whether a loss is a quadratic is measured, and what is then predicted is what the real trainer does."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.method.diagnostics.curvature import curvature
from engine.method.diagnostics.point import Point
from engine.method.diagnostics.prediction import Prediction, is_quadratic, predict, settings_of
from engine.method.objectives import build_objective
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer

MakePoint = Callable[..., Point]
STEPS = 200


def prediction_of(point: Point, *, deviation: float = 0.0) -> Prediction:
    found = predict(point, curvature(point), deviation=deviation)
    assert found is not None
    return found


def distances(point: Point, steps: int, minimum: Any = 0.0) -> list[float]:
    """How far the real trainer is from the minimum, from the start on."""
    trainer = Trainer(point.spec, build_objective(point.spec))
    found = [float(np.linalg.norm(trainer.theta - minimum))]
    for _ in range(steps):
        trainer.step()
        found.append(float(np.linalg.norm(trainer.theta - minimum)))
    return found


# ---- what is a quadratic


@pytest.mark.parametrize("condition", [1.0, 100.0, 1e6])
def test_the_ravine_is_a_quadratic(on_landscape: MakePoint, condition: float) -> None:
    assert is_quadratic(on_landscape("ravine", condition=condition))


@pytest.mark.parametrize("start", [[1.0, 1.0], [-1.5, 2.0], [1e-9, 0.0]])
def test_rosenbrocks_valley_is_none_also_at_its_minimum(on_landscape: MakePoint, start: list[float]) -> None:
    assert not is_quadratic(on_landscape("rosenbrock", start=start))


@pytest.mark.parametrize("noise", [0.0, 5.0])
def test_linear_regression_is_a_quadratic(of_line: MakePoint, noise: float) -> None:
    assert is_quadratic(of_line(data={"name": "line", "noise": noise}))
    assert is_quadratic(of_line(after=500))


@pytest.mark.parametrize(
    "model",
    [
        {"hidden": [], "loss": "binary_cross_entropy"},
        {"hidden": [3], "activation": "identity", "loss": "mean_squared_error"},
        {"hidden": [3], "activation": "relu", "loss": "mean_squared_error"},
    ],
    ids=["logistic regression", "two linear layers", "rectifiers"],
)
def test_a_model_that_only_looks_linear_is_none(of_network: MakePoint, model: dict[str, Any]) -> None:
    assert not is_quadratic(of_network(model=model))


def test_the_squared_error_of_a_linear_model_is_one_whatever_the_task(of_network: MakePoint) -> None:
    assert is_quadratic(of_network(model={"hidden": [], "loss": "mean_squared_error"}))


# ---- what is predicted, against the trainer


def test_gradient_descent_on_the_ravine_shrinks_as_predicted(on_landscape: MakePoint) -> None:
    """After 200 steps only the slowest direction is left: with α = 2/101 both are, at 99/101 a step."""
    best = {"name": "sgd", "lr": 2 / 101}
    point = on_landscape("ravine", condition=100.0, optimizer=best, precision="float64")
    found = prediction_of(point)
    assert found.rate == pytest.approx(99 / 101, abs=1e-9)
    assert found.condition == pytest.approx(100.0)
    assert found.flat == 0
    measured = distances(point, STEPS)
    assert measured[STEPS] / measured[0] == pytest.approx((99 / 101) ** STEPS, rel=1e-9)
    assert found.best is not None
    assert found.best.lr == pytest.approx(2 / 101)
    assert found.best.rate == pytest.approx(99 / 101)
    assert found.search_ratio == pytest.approx((99 / 101) ** 2)


@pytest.mark.parametrize("lr", [0.005, 0.0198, 0.0201])
def test_the_rate_of_gradient_descent_is_that_of_its_slowest_direction(on_landscape: MakePoint, lr: float) -> None:
    """Below 2/101 that is x, above it y, beyond 0.02 it grows: the last ratio of 400 steps is the rate itself."""
    point = on_landscape("ravine", condition=100.0, optimizer={"name": "sgd", "lr": lr}, precision="float64")
    measured = distances(point, 2 * STEPS)
    expected = max(abs(1.0 - lr), abs(1.0 - 100.0 * lr))
    assert prediction_of(point).rate == pytest.approx(expected, abs=1e-9)
    # The other direction is still in the length: at lr 0.0198 they shrink nearly alike.
    assert measured[-1] / measured[-2] == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize(
    ("momentum", "damping"),
    [(0.5, "overdamped"), (0.81, "critically damped"), (0.95, "underdamped")],
)
def test_momentum_on_the_ravine_shrinks_as_predicted(on_landscape: MakePoint, momentum: float, damping: str) -> None:
    """With α = 0.01 the flattest direction is critical at (1 − 0.1)² = 0.81, and x alone is left after 100 steps.

    Then it is C·ρᵏ, with a factor k where it is critical, which is worth ln(2)/100 over the second hundred, and with an
    oscillation above: there the largest swings of two periods of some 63 steps are compared.
    """
    rule = {"name": "momentum", "lr": 0.01, "momentum": momentum}
    point = on_landscape("ravine", condition=100.0, optimizer=rule, precision="float64")
    found = prediction_of(point)
    assert found.critical_momentum == pytest.approx(0.81)
    measured = distances(point, STEPS)
    # By hand: the larger root of z² − (0.99 + β)z + β, or √β where the roots are complex.
    by_hand = {0.5: (1.49 + math.sqrt(1.49**2 - 2.0)) / 2.0, 0.81: 0.9, 0.95: math.sqrt(0.95)}[momentum]
    assert found.rate == pytest.approx(by_hand, abs=1e-5)
    if damping == "underdamped":
        first, last = max(measured[70:135]), max(measured[135:200])
        assert (last / first) ** (1 / 65) == pytest.approx(by_hand, abs=5e-3)
    else:
        shrunk = (measured[STEPS] / measured[STEPS // 2]) ** (2 / STEPS)
        assert shrunk == pytest.approx(by_hand, abs=1e-9 if damping == "overdamped" else math.log(2.0) / 100)
    trainer = Trainer(point.spec, build_objective(point.spec))
    overshoots = False
    for _ in range(STEPS):
        trainer.step()
        overshoots |= bool(trainer.theta[0] < -1e-12)
    assert overshoots is (damping == "underdamped")


def test_the_best_momentum_needs_as_many_steps_as_predicted(on_landscape: MakePoint) -> None:
    """To f < 1e-6 in 69 updates, against 440 of gradient descent at 0.0198."""
    best = prediction_of(on_landscape("ravine", condition=100.0)).best_momentum
    assert best is not None
    counts = []
    for rule in ({"name": "momentum", "lr": best.lr, "momentum": best.momentum}, {"name": "sgd", "lr": 0.0198}):
        spec = on_landscape("ravine", condition=100.0, optimizer=rule, precision="float64").spec
        trainer = Trainer(spec, build_objective(spec))
        while trainer.evaluate("train").loss >= 1e-6:
            trainer.step()
        counts.append(trainer.step_count)
    assert counts == [69, 440]


def test_dampening_and_weight_decay_are_in_the_prediction(on_landscape: MakePoint) -> None:
    """α(1 − τ) = 0.005 on curvatures 1 + 3 and 100 + 3; one real root rules, which 200 steps of the trainer show."""
    rule = {"name": "momentum", "lr": 0.01, "momentum": 0.3, "dampening": 0.5, "weight_decay": 3.0}
    point = on_landscape("ravine", condition=100.0, optimizer=rule, precision="float64")
    settings = settings_of(point)
    assert settings is not None
    assert (settings.lr, settings.momentum, settings.weight_decay) == (0.005, 0.3, 3.0)
    assert settings.largest_stable_lr(100.0) == pytest.approx(2.6 / 103.0)
    measured = distances(point, STEPS)
    found = prediction_of(point)
    assert found.condition == pytest.approx(103.0 / 4.0)
    assert found.rate == pytest.approx(measured[STEPS] / measured[STEPS - 1], abs=1e-9)


def test_linear_regression_with_all_samples_shrinks_as_predicted(of_line: MakePoint) -> None:
    """Towards the least-squares solution, which is computed apart; after 200 steps one direction is left."""
    point = of_line(batch={"size": "full"}, precision="float64")
    inputs, targets = point.whole.inputs, point.whole.targets[:, 0]
    solution = np.linalg.lstsq(inputs, targets, rcond=None)[0]
    measured = distances(point, STEPS, solution)
    found = prediction_of(point)
    eigenvalues = np.linalg.eigvalsh(2.0 * inputs.T @ inputs / len(inputs))
    assert found.condition == pytest.approx(eigenvalues[1] / eigenvalues[0], rel=1e-8)
    assert found.rate == pytest.approx(measured[STEPS] / measured[STEPS - 1], abs=1e-5)


def test_a_rule_that_scales_every_coordinate_has_no_rate_and_the_quadratic_still_has_best_settings(
    on_landscape: MakePoint,
) -> None:
    point = on_landscape("ravine", condition=100.0, optimizer={"name": "adam", "lr": 0.1})
    found = prediction_of(point, deviation=1.0)
    assert settings_of(point) is None
    assert (found.rate, found.critical_momentum, found.ball) == (None, None, None)
    assert found.best is not None
    assert found.best.rate == pytest.approx(99 / 101)


def test_directions_without_curvature_are_left_out(of_network: MakePoint) -> None:
    """One-hot targets of a linear model: nothing is flat. A feature that is always 0: its weight is."""
    regression = {"hidden": [], "loss": "mean_squared_error"}
    point = of_network(model=regression)
    assert prediction_of(point).flat == 0
    point.whole.inputs[:, 0] = 0.0
    found = prediction_of(point)
    assert found.flat == 1
    assert math.isfinite(found.condition)


def test_the_noise_ball_sums_over_the_directions(on_landscape: MakePoint) -> None:
    """α = 0.01, σ = 2: 0.04/1.99 along x, 0.04/100 along y."""
    point = on_landscape("ravine", condition=100.0, optimizer={"name": "sgd", "lr": 0.01})
    assert prediction_of(point).ball is None
    assert prediction_of(point, deviation=2.0).ball == pytest.approx(0.04 / 1.99 + 0.04 / 100.0)


def test_a_quadratic_without_a_minimum_has_a_rate_and_no_best(
    on_landscape: MakePoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """½(x² − 3y²) at α = 0.1: along y the distance grows by 1.3 a step."""
    point = on_landscape("ravine", condition=100.0, optimizer={"name": "sgd", "lr": 0.1})
    monkeypatch.setattr(Point, "gradient_change", lambda _, start, end: (end - start) * np.array([1.0, -3.0]))
    found = prediction_of(point)
    assert found.rate == pytest.approx(1.3)
    assert (found.best, found.best_momentum, found.search_ratio, found.condition) == (None, None, None, math.inf)


def test_a_plane_predicts_nothing(on_landscape: MakePoint, monkeypatch: pytest.MonkeyPatch) -> None:
    point = on_landscape("ravine", condition=100.0)
    monkeypatch.setattr(Point, "gradient_change", lambda *_: np.zeros(2))
    assert predict(point, curvature(point)) is None


def test_the_rate_is_of_the_settings_that_the_run_has(on_landscape: MakePoint) -> None:
    spec: RunSpec = on_landscape("ravine", optimizer={"name": "momentum", "lr": 0.02, "momentum": 0.7}).spec
    assert spec.optimizer.name == "momentum"
    settings = settings_of(on_landscape("ravine", optimizer={"name": "momentum", "lr": 0.02, "momentum": 0.7}))
    assert settings is not None
    assert (settings.lr, settings.momentum) == (0.02, 0.7)
