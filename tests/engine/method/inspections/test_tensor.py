"""One tensor entry by entry: what is shown is what the rule really divides by, and looking changes nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import InputError
from engine.method import distribution
from engine.method.inspections import INSPECTIONS, Finding, tensor
from engine.method.path import Path
from engine.method.telemetry import FIGURES
from engine.method.trainer import Trainer

MakeTrainer = Callable[..., Trainer]
WEIGHT = {"tensor": 0, "rows": 256, "columns": 512}
"""The first layer's weights, (2, 5) in the moons, one cell an entry."""


def all_found(trainer: Trainer, **settings: Any) -> list[Finding]:
    inspection = INSPECTIONS["tensor"].model_validate({**WEIGHT, **settings})
    return [finding for finding in inspection.findings(trainer, Path(trainer.theta.size)) if finding is not None]


def cells(trainer: Trainer, quantity: str, **settings: Any) -> NDArray[Any]:
    return all_found(trainer, quantity=quantity, **settings)[-1].arrays["cells"]


def trained(moons: MakeTrainer, steps: int = 7, **optimizer: Any) -> tuple[Trainer, dict[str, NDArray[Any]]]:
    """Return a trainer, and the optimizer's vectors of the first layer's weights."""
    trainer = moons(optimizer=optimizer)
    for _ in range(steps):
        trainer.step(measure=True)
    return trainer, {
        name: vector[..., :10].reshape(-1, 5) for name, vector in trainer.snapshot().state.vectors().items()
    }


@pytest.mark.parametrize("corrects", [True, False])
def test_adam_divides_by_the_root_of_its_mean_square_corrected_for_its_start(
    moons: MakeTrainer, corrects: bool
) -> None:
    trainer, state = trained(moons, name="adam", lr=0.01, beta2=0.99, eps=1e-3, bias_correction=corrects)
    root = np.sqrt(state["v"] / (1.0 - 0.99**7 if corrects else 1.0))
    assert cells(trainer, "root") == pytest.approx(root, rel=1e-6)
    assert cells(trainer, "rate") == pytest.approx(0.01 / (root + 1e-3), rel=1e-6)


@pytest.mark.parametrize("centered", [False, True])
def test_rmsprop_divides_by_the_deviation_where_it_is_centered(moons: MakeTrainer, centered: bool) -> None:
    trainer, state = trained(moons, name="rmsprop", lr=0.01, eps=1e-3, centered=centered)
    divisor = np.sqrt(np.maximum(state["v"] - state["mean"] ** 2, 0.0)) + 1e-3
    (found,) = all_found(trainer, quantity="root")
    assert found.arrays["cells"] == pytest.approx(np.sqrt(state["v"]), rel=1e-6)
    assert ("centered" in found.facts["note"]) is centered
    assert cells(trainer, "rate") == pytest.approx(0.01 / divisor, rel=1e-6)


def test_adagrad_divides_by_the_root_of_the_sum_of_all_squares(moons: MakeTrainer) -> None:
    trainer, state = trained(moons, name="adagrad", lr=0.1, eps=1e-3)
    assert cells(trainer, "root") == pytest.approx(np.sqrt(state["squares"]), rel=1e-6)
    assert cells(trainer, "rate") == pytest.approx(0.1 / (np.sqrt(state["squares"]) + 1e-3), rel=1e-6)


def test_adadelta_has_the_size_of_its_own_steps_over_that_of_the_gradients(moons: MakeTrainer) -> None:
    trainer, state = trained(moons, name="adadelta", lr=0.5, eps=1e-3)
    assert cells(trainer, "root") == pytest.approx(np.sqrt(state["v"]), rel=1e-6)
    rate = 0.5 * np.sqrt(state["d"] + 1e-3) / np.sqrt(state["v"] + 1e-3)
    assert cells(trainer, "rate") == pytest.approx(rate, rel=1e-6)


def test_adamax_has_a_rate_for_every_parameter_but_no_second_moment(moons: MakeTrainer) -> None:
    trainer, state = trained(moons, name="adamax", lr=0.01)
    assert cells(trainer, "rate") == pytest.approx(0.01 / state["u"], rel=1e-6)
    with pytest.raises(InputError, match="AdaMax keeps no second moment"):
        all_found(trainer, quantity="root")


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "lion", "muon", "rprop", "lbfgs"])
@pytest.mark.parametrize("quantity", ["root", "rate"])
def test_a_rule_without_a_second_moment_says_so(moons: MakeTrainer, name: str, quantity: str) -> None:
    trainer, _ = trained(moons, steps=2, name=name)
    with pytest.raises(InputError, match=f"{trainer.rule.title} .* no second moment"):
        all_found(trainer, quantity=quantity)
    assert np.isfinite(cells(trainer, "weight")).all()


def test_muons_biases_have_the_rates_of_adam_whose_step_they_take_and_its_matrices_have_none(
    moons: MakeTrainer,
) -> None:
    """One step under β₁ = β₂ = 0: √v̂ is |g|, and α/(√v̂ + ε) is what moves an entry by α."""
    trainer = moons(optimizer={"name": "muon", "lr": 0.01, "momentum": 0.0, "beta2": 0.0, "weight_decay": 0.0})
    before = trainer.theta.copy()
    trainer.step(measure=True, spread=True)
    moved = np.abs(trainer.theta - before)
    assert trainer.figures is not None
    assert trainer.figures.spread is not None
    values, rms, rate = trainer.figures.values, FIGURES.index("rms"), FIGURES.index("effective_lr")
    seen = {2: 0, 1: 0}
    for number, part in enumerate(trainer.tensors):
        seen[len(part.shape)] += 1
        if len(part.shape) == 2:
            assert np.isnan(values[number, [rms, rate]]).all()
            assert np.isnan(trainer.figures.spread[number, :2]).all()
            with pytest.raises(InputError, match="Muon divides a matrix by no second moment"):
                all_found(trainer, quantity="rate", tensor=number)
            continue
        sizes = cells(trainer, "root", tensor=number).ravel()
        assert sizes * cells(trainer, "rate", tensor=number).ravel() == pytest.approx(
            moved[part.start : part.stop], rel=1e-4
        )
        assert values[number, rms] == pytest.approx(np.sqrt(np.mean(np.square(sizes))), rel=1e-6)
        assert values[number, rate] == pytest.approx(0.01 / values[number, rms], rel=1e-4)
        assert trainer.figures.spread[number, 1, 0] == pytest.approx(0.01 / sizes.max(), rel=1e-4)
    assert min(seen.values()) > 0


@pytest.mark.parametrize(
    "name", ["adagrad", "rmsprop", "adadelta", "adam", "adamw", "amsgrad", "nadam", "adan", "yogi"]
)
def test_the_entries_have_the_root_mean_square_that_the_table_shows(moons: MakeTrainer, name: str) -> None:
    trainer, _ = trained(moons, name=name)
    assert trainer.figures is not None
    for number in range(len(trainer.tensors)):
        (found,) = all_found(trainer, quantity="root", tensor=number)
        assert found.facts["rms"] == pytest.approx(trainer.figures.values[number, FIGURES.index("rms")], rel=1e-9)


@pytest.mark.parametrize("name", ["adabelief", "radam"])
def test_the_later_rules_have_rates_of_the_size_that_the_table_shows(moons: MakeTrainer, name: str) -> None:
    trainer, _ = trained(moons, steps=20, name=name, lr=0.01)
    assert trainer.figures is not None
    (found,) = all_found(trainer, quantity="rate")
    figure = trainer.figures.values[0, FIGURES.index("effective_lr")]
    assert found.facts["low"] <= figure <= found.facts["high"]


def test_the_gradient_is_the_slope_of_the_training_loss(moons: MakeTrainer) -> None:
    """By central differences over all 24 samples, penalty included; a step of 1e-6 leaves 1e-9."""
    trainer = moons(regularisation={"l2": 0.1})
    for _ in range(5):
        trainer.step()
    (found,) = all_found(trainer, quantity="gradient")
    assert found.facts["samples"] == 24
    theta, width = trainer.theta, 1e-6
    slopes = np.empty(10)
    for place in range(10):
        losses = []
        for side in (width, -width):
            theta[place] += side
            losses.append(trainer.evaluate("train").loss)
            theta[place] -= side
        slopes[place] = (losses[0] - losses[1]) / (2.0 * width)
    assert found.arrays["cells"] == pytest.approx(slopes.reshape(2, 5), abs=1e-7)


def test_the_gradient_of_a_landscape_is_that_of_its_formula(ravine: MakeTrainer) -> None:
    assert cells(ravine(), "gradient").tolist() == [[1.0, 10.0]]


@pytest.mark.parametrize("optimizer", [{"name": "adam"}, {"name": "rmsprop", "centered": True}, {"name": "lbfgs"}])
def test_a_run_that_is_looked_at_goes_on_bit_for_bit_as_one_that_is_not(
    moons: MakeTrainer, optimizer: dict[str, Any]
) -> None:
    sections = {"optimizer": optimizer, "model": {"hidden": [5, 4]}, "regularisation": {"dropout": 0.3, "l1": 0.01}}
    if optimizer["name"] == "lbfgs":
        sections |= {"batch": {"size": "full"}, "regularisation": {}}
    alone, watched = moons(**sections), moons(**sections)
    for _ in range(15):
        alone.step()
        watched.step()
        for quantity in ("weight", "gradient", "root", "rate"):
            try:
                all_found(watched, quantity=quantity)
            except InputError:
                assert optimizer["name"] == "lbfgs"
    assert np.array_equal(alone.theta, watched.theta)
    ours, theirs = alone.snapshot().state.vectors(), watched.snapshot().state.vectors()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_what_is_found_belongs_to_the_step_at_which_it_was_asked_for(
    moons: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distribution, "STRETCH", 2)
    trainer = moons()
    trainer.step()
    for quantity in ("weight", "gradient", "root", "rate"):
        before = cells(trainer, quantity)
        findings = INSPECTIONS["tensor"].model_validate({**WEIGHT, "quantity": quantity}).findings(trainer, Path(1))
        assert next(findings) is None
        trainer.step()
        found = [finding for finding in findings if finding is not None]
        assert np.array_equal(found[-1].arrays["cells"], before)
        assert not np.array_equal(cells(trainer, quantity), before)


def test_of_a_large_tensor_some_rows_come_first(moons: MakeTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensor, "AT_ONCE", 400)
    trainer = moons(model={"hidden": [30, 30]})
    coarse, fine = all_found(trainer, quantity="weight", tensor=2)
    assert (coarse.facts["count"], fine.facts["count"]) == (90, 900)
    assert 0.0 < coarse.share < fine.share == 1.0
    assert coarse.facts["every"] == 12
    assert fine.facts["low"] <= coarse.facts["low"]
    assert np.array_equal(coarse.arrays["cells"][0], fine.arrays["cells"][0])


def test_weights_that_have_exploded_can_be_looked_at(moons: MakeTrainer) -> None:
    trainer = moons()
    trainer.theta[:10] = [math.nan, math.inf, -math.inf, 1e308, -1e308, 0.0, 5e-324, 1.0, 1.0, 2.0]
    for scale in ("linear", "log"):
        facts = all_found(trainer, quantity="weight", scale=scale)[-1].facts
        assert (facts["not_finite"], facts["zeros"], facts["low"], facts["high"]) == (3, 1, -1e308, 1e308)


def test_a_tensor_that_is_not_there_is_refused_with_those_that_are(moons: MakeTrainer) -> None:
    with pytest.raises(InputError, match="tensor = 4; allowed: 0 to 3"):
        all_found(moons(), tensor=4, quantity="weight")
