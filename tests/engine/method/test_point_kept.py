"""Where a trainer stands after a step that was refused: all that it tells belongs to one point.

On ½(x² + κy²) from x = 0 plain gradient descent multiplies y by 1 − ακ.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.method.optimizers import RULES
from engine.method.telemetry import FIGURES, SERIES

if TYPE_CHECKING:
    from engine.method.trainer import Trainer
    from tests.engine.method.conftest import MakeTrainer, Take, TakeSeries

LOSS: dict[str, Any] = {
    "problem": {"kind": "landscape", "function": "ravine", "condition": 1.0, "start": [0.0, 1.0]},
    "optimizer": {"name": "sgd", "lr": 1e6},
}
"""y grows by a factor of nearly −10⁶: at 10¹⁵⁰ loss and slope are finite, at 10¹⁵⁶ neither y² is."""
GRADIENT: dict[str, Any] = {
    "problem": {"kind": "landscape", "function": "ravine", "condition": 1e6, "start": [0.0, 1.0]},
    "optimizer": {"name": "sgd", "lr": 1.0},
}
"""y grows by a factor of nearly −10⁶, so that 10¹²·y² overflows long before ½·10⁶·y²."""


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    with np.errstate(all="ignore"):
        yield


def until_refused(trainer: Trainer, points: list[list[float]] | None = None) -> None:
    """Train until a step is refused; `points` are the parameters before each step."""
    while trainer.non_finite is None:
        assert trainer.step_count < 2000
        if points is not None:
            points.append(trainer.theta.tolist())
        trainer.step()


def test_where_only_the_gradient_is_not_finite_no_update_is_taken_back(ravine: MakeTrainer, taken: Take) -> None:
    trainer = ravine(**GRADIENT)
    points: list[list[float]] = []
    until_refused(trainer, points)
    assert trainer.non_finite is not None
    assert (trainer.non_finite.step, trainer.non_finite.quantity) == (trainer.step_count, "gradient")
    assert trainer.theta.tolist() == points[-1]
    assert trainer.steps.updates == trainer.step_count - 1
    assert trainer.steps.rates == (trainer.step_count - 1, trainer.step_count - 1)
    assert trainer.figures is not None
    assert (trainer.figures.step, trainer.figures.values[0, FIGURES.index("weight_norm")]) == (
        trainer.step_count,
        abs(points[-1][1]),
    )
    assert trainer.figures.grad_norms == [math.inf]
    losses = taken(trainer).values[SERIES.index("loss")]
    assert trainer.evaluate("train").loss == losses[-1] < math.inf


@pytest.mark.parametrize("looks_in_between", [False, True])
def test_where_the_loss_is_not_finite_the_update_that_led_there_is_taken_back(
    ravine: MakeTrainer, series: TakeSeries, looks_in_between: bool
) -> None:
    trainer = ravine(**LOSS)
    points: list[list[float]] = []
    while trainer.non_finite is None:
        assert trainer.step_count < 50
        points.append(trainer.theta.tolist())
        last_losses = series(trainer, "loss") if looks_in_between and trainer.step_count else []
        trainer.step(measure=True)
    assert (trainer.non_finite.step, trainer.non_finite.quantity) == (trainer.step_count, "loss")
    updates = trainer.step_count - 2
    assert trainer.theta.tolist() == points[updates]
    assert trainer.steps.updates == updates
    assert trainer.steps.rates == pytest.approx((1e6 * updates, 1e12 * updates), rel=1e-12)
    losses = last_losses + series(trainer, "loss")
    assert (trainer.evaluate("train").loss, losses[-1]) == (losses[-2], math.inf)
    assert trainer.figures is not None
    assert trainer.figures.values[0, FIGURES.index("weight_norm")] == abs(points[updates][1])
    assert trainer.figures.grad_norms[0] == abs(points[updates][1])
    assert trainer.figures.values[0, FIGURES.index("update_ratio")] == 0.0


def test_a_gradient_that_nobody_measured_is_not_told(ravine: MakeTrainer) -> None:
    trainer = ravine(**LOSS)
    until_refused(trainer)
    assert trainer.figures is not None
    assert math.isnan(trainer.figures.grad_norms[0])


@pytest.mark.parametrize("sections", [LOSS, GRADIENT], ids=["loss", "gradient"])
def test_a_smaller_rate_leads_on_from_there(ravine: MakeTrainer, series: TakeSeries, sections: dict[str, Any]) -> None:
    """From a point whose gradient is not finite no step leads on, so that the update before is taken back as well."""
    trainer = ravine(**sections)
    points: list[list[float]] = []
    until_refused(trainer, points)
    refused, evaluations = trainer.step_count, trainer.evaluations
    series(trainer, "loss")
    trainer.apply({"optimizer.lr": 1e-300})
    trainer.step()
    assert (trainer.non_finite, trainer.step_count) == (None, refused + 1)
    assert trainer.theta.tolist() == pytest.approx(points[-2], rel=1e-3)
    assert trainer.steps.updates == refused - 1
    assert trainer.evaluations - evaluations == (2 if sections is GRADIENT else 1)
    assert len(series(trainer, "loss")) == 1


def test_who_is_refused_again_and_again_stays_where_it_is(ravine: MakeTrainer) -> None:
    trainer = ravine(problem={"kind": "landscape", "start": [1e200, 1.0]})
    for step in (1, 2, 3):
        trainer.step()
        assert trainer.non_finite is not None
        assert (trainer.step_count, trainer.steps.updates, trainer.theta.tolist()) == (step, 0, [1e200, 1.0])


def test_only_one_update_can_be_taken_back(ravine: MakeTrainer) -> None:
    trainer = ravine(averaging={"decay": 0.5})
    points = []
    for _ in range(3):
        points.append((trainer.theta.tolist(), trainer.evaluated_theta.tolist(), trainer.steps.sums[0]))
        trainer.step()
    for moves in (True, False):
        assert trainer.take_back() is moves
        assert (trainer.theta.tolist(), trainer.evaluated_theta.tolist(), trainer.steps.sums[0]) == points[-1]


@pytest.mark.parametrize("rate", [10.0, 1e3, 1e5])
@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("search", ["none", "armijo"])
def test_all_of_it_belongs_to_one_point_and_a_snapshot_of_it_goes_on_bit_for_bit(
    moons: MakeTrainer, series: TakeSeries, name: str, rate: float, search: str
) -> None:
    sections: dict[str, Any] = {
        "optimizer": {"name": name, "lr": rate},
        "model": {"hidden": [5], "activation": "relu", "loss": "mean_squared_error"},
        "averaging": {"decay": 0.9},
        "precision": "float32",
        "line_search": {"name": search},
    }
    trainer, twin = moons(**sections), moons(**sections)
    for _ in range(30):
        trainer.step()
        if trainer.non_finite is not None:
            break
    if trainer.non_finite is None:
        trainer.theta[:] = np.nan
        trainer.step()
    assert np.isfinite(trainer.theta).all()
    assert np.isfinite(trainer.evaluated_theta).all()
    made = len(series(trainer, "lr"))
    assert made - trainer.steps.updates == (
        2 if trainer.non_finite is not None and trainer.non_finite.quantity == "loss" else 1
    )
    twin.restore(trainer.snapshot())
    for each in (trainer, twin):
        each.apply({"optimizer.lr": 1e-3, "line_search.name": "none"})
        for _ in range(5):
            each.step()
    assert np.array_equal(trainer.theta, twin.theta)
    assert np.array_equal(trainer.evaluated_theta, twin.evaluated_theta)
    assert trainer.steps.sums == twin.steps.sums
    assert np.isfinite(trainer.theta).all()


def test_a_decay_that_overflows_is_a_gradient_that_does(moons: MakeTrainer, taken: Take) -> None:
    """Nothing tells later that the step was refused but what is recorded of it."""
    trainer = moons(
        optimizer={"name": "adam", "weight_decay": 1.0},
        model={"hidden": [5], "activation": "tanh", "loss": "binary_cross_entropy"},
        precision="float32",
    )
    trainer.tensors[0].of(trainer.theta)[:] = 1e25
    trainer.step()
    assert taken(trainer).values[SERIES.index("grad_norm")].tolist() == [math.inf]
    assert trainer.steps.updates == 0


def test_lbfgs_makes_no_pair_of_an_update_that_was_taken_back(moons: MakeTrainer) -> None:
    trainer = moons(optimizer={"name": "lbfgs", "lr": 0.1}, line_search={"name": "none"})
    for _ in range(3):
        trainer.step()
    pairs = trainer.state.weights()["pairs"]
    trainer.theta[:] = np.nan
    trainer.step()
    trainer.step()
    assert trainer.non_finite is None
    assert trainer.state.weights()["pairs"] == pairs
    trainer.step()
    assert trainer.state.weights()["pairs"] == pairs + 1


@pytest.mark.parametrize("name", RULES)
def test_a_first_step_that_is_refused_leaves_every_rule_at_the_start_with_its_figures(
    ravine: MakeTrainer, name: str
) -> None:
    trainer = ravine(problem={**GRADIENT["problem"], "start": [1.0, 1e300]}, optimizer={"name": name})
    start = trainer.theta.tolist()
    trainer.step()
    assert trainer.non_finite is not None
    assert trainer.theta.tolist() == start
    assert trainer.figures is not None
    assert trainer.figures.values[0, FIGURES.index("update_ratio")] == 0.0
