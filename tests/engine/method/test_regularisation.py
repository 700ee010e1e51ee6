"""Penalties and dropout in training: a part of what is minimised, changed between two steps, exact in a rewind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.errors import InputError
from engine.method.changes import changed_spec
from engine.method.objectives import build_objective
from engine.method.spec import RunSpec, checked_spec
from engine.method.trainer import Trainer

PRECISIONS = ("float32", "float64")


def spec_of(**sections: Any) -> RunSpec:
    return checked_spec(
        {
            "problem": {"kind": "dataset"},
            "data": {"name": "moons", "samples": 100},
            "model": {"hidden": [12, 8], "activation": "tanh"},
            "optimizer": {"name": "adam", "lr": 0.01},
            "batch": {"size": 32},
            "precision": "float64",
            **sections,
        },
        "test",
    )


def trainer_of(**sections: Any) -> Trainer:
    spec = spec_of(**sections)
    return Trainer(spec, build_objective(spec))


def run(trainer: Trainer, steps: int) -> tuple[bytes, bytes]:
    """Take steps; return the bits of all their scalars and of the parameters."""
    trainer.steps.take()
    for _ in range(steps):
        trainer.step()
    block = trainer.steps.take()
    assert block is not None
    return block.values.tobytes(), trainer.theta.tobytes()


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("activation", ["relu", "gelu", "silu"])
def test_a_rewind_leaves_out_the_same_units_again(activation: str, precision: str) -> None:
    """80 samples in batches of 32, 32 and 16: a rewind into the middle of an epoch goes on bit for bit."""
    model = {"hidden": [12, 8], "activation": activation}
    regularisation = {"dropout": 0.4, "l1": 1e-3, "l2": 1e-2}
    trainer = trainer_of(model=model, regularisation=regularisation, precision=precision)
    run(trainer, 7)
    snapshot = trainer.snapshot()
    first = run(trainer, 20)
    trainer.apply({"regularisation.dropout": 0.0, "regularisation.l2": 0.0})
    run(trainer, 3)
    trainer.restore(snapshot)
    assert run(trainer, 20) == first
    other = trainer_of(model=model, precision=precision)
    other.restore(snapshot)
    assert run(other, 20) == first


def test_the_lanes_of_a_race_leave_out_the_same_units() -> None:
    """What one lane did before, and at which moment dropout was turned on, makes no difference to the draws."""
    begun = trainer_of(regularisation={"dropout": 0.5})
    late = trainer_of()
    run(begun, 5)
    run(late, 5)
    late.apply({"regularisation.dropout": 0.5})
    snapshot = begun.snapshot()
    late.restore(snapshot)
    assert run(late, 10) == run(begun, 10)


def test_a_reset_begins_with_the_same_units() -> None:
    trainer = trainer_of(regularisation={"dropout": 0.5})
    first = run(trainer, 10)
    trainer.reset(keep=True)
    assert run(trainer, 10) == first
    trainer.apply({"regularisation.dropout": 0.1})
    assert {change.key for change in trainer.reset(keep=False)} == {"regularisation.dropout"}
    assert run(trainer, 10) == first


def test_its_seed_decides_which_units_drop_out_and_nothing_else() -> None:
    one, other = (trainer_of(regularisation={"dropout": 0.5}, seed={"dropout": seed}) for seed in (0, 1))
    assert np.array_equal(one.theta, other.theta)
    assert run(one, 5) != run(other, 5)
    free, same = (trainer_of(seed={"dropout": seed}) for seed in (0, 1))
    assert run(free, 5) == run(same, 5)


def test_regularisation_that_was_turned_off_leaves_no_trace() -> None:
    """Plain gradient descent has no memory: from the same parameters it goes on as if there had never been any."""
    plain = {"optimizer": {"name": "sgd", "lr": 0.1}}
    turned, free = trainer_of(**plain, regularisation={"l1": 0.1, "dropout": 0.5}), trainer_of(**plain)
    run(turned, 6)
    turned.apply({"regularisation.l1": 0.0, "regularisation.dropout": 0.0})
    free.restore(turned.snapshot())
    free.apply({"regularisation.l1": 0.0})
    assert run(turned, 10) == run(free, 10)


def test_the_loss_of_a_step_is_what_an_evaluation_of_the_training_set_finds() -> None:
    """A full batch, with both penalties: the step's loss is that before its update."""
    trainer = trainer_of(regularisation={"l1": 0.01, "l2": 0.1}, batch={"size": "full"})
    before = trainer.evaluate("train").loss
    without = trainer_of(batch={"size": "full"}).evaluate("train").loss
    trainer.step()
    block = trainer.steps.take()
    assert block is not None
    assert block.values[1, 0] == pytest.approx(before, rel=1e-14)
    assert before > without + 0.1


def test_l2_is_weight_decay_that_is_shown_in_the_loss_and_spares_the_biases() -> None:
    """Without biases the two pull alike."""
    model = {"hidden": [12, 8], "activation": "tanh", "bias": False}
    penalised = trainer_of(model=model, regularisation={"l2": 0.1})
    decayed = trainer_of(model=model, optimizer={"name": "adam", "lr": 0.01, "weight_decay": 0.1})
    run(penalised, 50)
    run(decayed, 50)
    assert penalised.theta == pytest.approx(decayed.theta, rel=0.0, abs=1e-12)
    assert penalised.evaluate("train").loss > decayed.evaluate("train").loss + 0.1


def test_l1_draws_weights_that_bring_nothing_to_zero() -> None:
    """A step moves a weight by at most the rate times the penalty: those it keeps at zero stay within that."""
    sizes = {}
    for l1 in (0.0, 0.02):
        trainer = trainer_of(
            data={"name": "digits", "samples": 200},
            model={"hidden": []},
            optimizer={"name": "sgd", "lr": 0.1},
            regularisation={"l1": l1},
            batch={"size": "full"},
        )
        run(trainer, 400)
        sizes[l1] = np.abs(trainer.tensors[0].of(trainer.theta))
    assert np.mean(sizes[0.02] <= 0.1 * 0.02) > 0.5 > 0.1 > np.mean(sizes[0.0] <= 0.1 * 0.02)


@pytest.mark.parametrize("rule", ["sgd", "momentum"])
def test_a_sum_with_the_rate_divided_by_the_batch_size_is_a_mean(rule: str) -> None:
    """100 steps of 32 samples each: m times the gradient at a rate of 1/m moves alike, to rounding."""
    data = {"name": "moons", "samples": 160}
    model = {"hidden": [12, 8], "activation": "tanh"}
    mean = trainer_of(data=data, model=model, optimizer={"name": rule, "lr": 0.3})
    total = trainer_of(data=data, model={**model, "reduction": "sum"}, optimizer={"name": rule, "lr": 0.3 / 32})
    assert len(mean.batches.take().inputs) == 32
    assert mean.batches.count % 32 == 0
    mean, total = (Trainer(trainer.spec, trainer.objective) for trainer in (mean, total))
    start = mean.theta.copy()
    run(mean, 100)
    run(total, 100)
    assert np.abs(mean.theta - start).max() > 0.1
    assert total.theta == pytest.approx(mean.theta, rel=0.0, abs=1e-12)
    assert total.evaluate("train").loss == pytest.approx(mean.batches.count * mean.evaluate("train").loss, rel=1e-11)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"regularisation.dropout": 0.96}, "≤ 0.95"),
        ({"regularisation.dropout": -0.1}, "≥ 0"),
        ({"regularisation.l1": "much"}, "regularisation.l1 = 'much'"),
        ({"regularisation.l3": 1.0}, "only l1, l2, dropout"),
        ({"model.activation": "gelu"}, "cannot change while a run is under way"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(values: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        changed_spec(spec_of(), values)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_dropout_without_hidden_units_is_refused() -> None:
    with pytest.raises(InputError, match=r"regularisation\.dropout = 0\.5; allowed: 0 without hidden layers"):
        spec_of(model={"hidden": []}, regularisation={"dropout": 0.5})
    assert trainer_of(model={"hidden": []}, regularisation={"l2": 0.5}).step()


def test_a_landscape_has_no_weights_to_penalise() -> None:
    landscape = checked_spec({"problem": {"kind": "landscape"}}, "test")
    with pytest.raises(InputError, match="has no regularisation"):
        changed_spec(landscape, {"regularisation.l2": 0.1})
    with pytest.raises(InputError, match="has no regularisation"):
        checked_spec({"problem": {"kind": "landscape"}, "regularisation": {"l2": 0.1}}, "test")


def test_a_delta_that_no_loss_looks_at_is_refused() -> None:
    with pytest.raises(InputError, match=r'huber_delta = 2\.0; allowed: nothing without model\.loss = "huber"'):
        spec_of(model={"huber_delta": 2.0})
    assert spec_of(model={"huber_delta": 2.0, "loss": "huber"}).model.huber_delta == 2.0
