"""What is measured at a step, against what can be computed from outside."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.method.telemetry import FIGURES, SERIES, length_of, whole_update_ratio

if TYPE_CHECKING:
    from tests.engine.method.conftest import MakeTrainer, Take, TakeSeries


@pytest.mark.parametrize("length", [1, 4096, 4097, 10_000])
def test_the_scalars_of_every_step_are_there_however_rarely_they_are_taken(
    ravine: MakeTrainer, taken: Take, length: int
) -> None:
    trainer = ravine(optimizer={"name": "sgd", "lr": 1e-6})
    trainer.step()
    taken(trainer)
    for _ in range(length):
        trainer.step()
    block = taken(trainer)
    assert (block.first_step, block.last_step, block.values.shape) == (2, length + 1, (len(SERIES), length))
    losses = block.values[SERIES.index("loss")]
    assert (np.diff(losses) < 0.0).all()
    assert trainer.steps.take() is None


@pytest.mark.parametrize(
    "length",
    [
        1,
        2,
        7,
    ],
)
def test_a_taken_block_is_not_overwritten_by_later_steps(ravine: MakeTrainer, taken: Take, length: int) -> None:
    trainer = ravine()
    for _ in range(length):
        trainer.step()
    block = taken(trainer)
    kept = block.values.copy()
    for _ in range(length):
        trainer.step()
    assert np.array_equal(block.values, kept)


def test_the_scalars_of_a_step_by_hand(ravine: MakeTrainer, taken: Take) -> None:
    """½(x² + 10y²) from (1, 1), α = 0.05: loss 5.5, gradient (1, 10), update (0.05, 0.5)."""
    trainer = ravine()
    trainer.step()
    row = dict(zip(SERIES, taken(trainer).values[:, 0].tolist(), strict=True))
    assert row == pytest.approx(
        {"epoch": 1.0, "loss": 5.5, "lr": 0.05, "grad_norm": math.sqrt(101.0), "update_norm": 0.05 * math.sqrt(101.0)}
    )


def test_epochs_are_counted_from_1_and_the_short_batch_belongs_to_the_epoch_that_it_ends(
    moons: MakeTrainer, series: TakeSeries
) -> None:
    trainer = moons()
    for _ in range(9):
        trainer.step()
    assert series(trainer, "epoch") == [1.0] * 4 + [2.0] * 4 + [3.0]


def test_measuring_changes_no_step(moons: MakeTrainer) -> None:
    measured, plain = moons(), moons()
    for _ in range(9):
        measured.step(measure=True)
        plain.step()
    assert np.array_equal(measured.theta, plain.theta)
    assert plain.figures is None
    assert measured.figures is not None
    assert measured.figures.step == 9


@pytest.mark.parametrize("optimizer", [{"name": "adam", "lr": 0.05}, {"name": "rmsprop", "lr": 0.05, "rho": 0.8}])
def test_the_figures_of_every_tensor_against_direct_computation(moons: MakeTrainer, optimizer: dict[str, Any]) -> None:
    trainer = moons(optimizer=optimizer)
    for _ in range(5):
        trainer.step()
    before, grad = trainer.theta.copy(), np.empty_like(trainer.theta)
    stream = moons(optimizer=optimizer).batches
    for _ in range(5):
        stream.take()
    trainer.objective.bind(before.copy(), grad).loss_and_gradient(stream.take())
    trainer.step(measure=True)
    update = before - trainer.theta
    v = trainer.state.vectors()["v"]
    corrected = v / (1.0 - 0.999**6) if optimizer["name"] == "adam" else v
    assert trainer.figures is not None
    for tensor, row in zip(trainer.tensors, trainer.figures.values, strict=True):
        rms = math.sqrt(float(np.mean(tensor.of(corrected))))
        weight = float(np.linalg.norm(tensor.of(before)))
        expected = {
            "weight_norm": weight,
            "grad_norm": float(np.linalg.norm(tensor.of(grad))),
            "rms": rms,
            "effective_lr": 0.05 / (rms + 1e-8),
            "update_ratio": float(np.linalg.norm(tensor.of(update))) / weight,
        }
        assert dict(zip(FIGURES, row.tolist(), strict=True)) == pytest.approx(expected, rel=1e-9)


def test_where_a_rule_keeps_no_second_moment_the_figure_is_not_a_number(ravine: MakeTrainer) -> None:
    trainer = ravine()
    trainer.step(measure=True)
    assert trainer.figures is not None
    row = dict(zip(FIGURES, trainer.figures.values[0].tolist(), strict=True))
    assert math.isnan(row["rms"])
    assert row["effective_lr"] == 0.05


def test_the_effective_rate_of_momentum_grows_as_its_buffer_fills(ravine: MakeTrainer) -> None:
    """α times 1, 1 + μ, 1 + μ + μ² for μ = ½."""
    trainer = ravine(optimizer={"name": "momentum", "lr": 0.01, "momentum": 0.5})
    rates = []
    for _ in range(3):
        trainer.step(measure=True)
        assert trainer.figures is not None
        rates.append(float(trainer.figures.values[0, FIGURES.index("effective_lr")]))
    assert rates == pytest.approx([0.01, 0.015, 0.0175], rel=1e-12)


def test_the_update_ratio_of_zero_weights_is_infinite_and_of_nothing_moved_zero(
    ravine: MakeTrainer, moons: MakeTrainer
) -> None:
    """Biases start at zero; at the minimum nothing moves."""
    trainer = moons()
    trainer.step(measure=True)
    assert trainer.figures is not None
    ratios = trainer.figures.values[:, FIGURES.index("update_ratio")]
    assert [bool(np.isinf(ratio)) for ratio in ratios] == [False, True, False, True]
    still = ravine(problem={"kind": "landscape", "start": [0.0, 0.0]})
    still.step(measure=True)
    assert still.figures is not None
    assert still.figures.values[0, FIGURES.index("update_ratio")] == 0.0


def test_the_gradient_norm_is_that_before_clipping_and_decay(ravine: MakeTrainer) -> None:
    trainer = ravine(optimizer={"name": "sgd", "lr": 0.05, "weight_decay": 3.0}, clip={"norm": 0.1})
    trainer.step(measure=True)
    assert trainer.figures is not None
    assert trainer.figures.values[0, FIGURES.index("grad_norm")] == pytest.approx(math.sqrt(101.0), rel=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e-25, 3.0, 0.0])
def test_a_norm_is_that_of_entries_whose_squares_are_too_small_for_their_type(dtype: Any, size: float) -> None:
    """Of (3, 4)·size it is 5·size; in single precision the square of 3e-25 is 0."""
    vector = np.array([3.0, -4.0]).astype(dtype) * dtype(size)
    assert length_of(vector) == pytest.approx(5.0 * size, rel=1e-6)


def test_a_norm_that_does_not_fit_is_infinite() -> None:
    with np.errstate(over="ignore"):
        assert length_of(np.array([1e30], np.float32)) == np.inf


def test_the_update_ratio_of_all_tensors_together() -> None:
    """Weights of length 3 and 4 that move by 0.3 and 0.4: 0.5 of 5; what was 0 before says nothing of its move."""
    values = np.zeros((3, len(FIGURES)))
    values[:, FIGURES.index("weight_norm")] = 3.0, 4.0, 0.0
    values[:, FIGURES.index("update_ratio")] = 0.1, 0.1, math.inf
    assert whole_update_ratio(values) == pytest.approx(0.1)
    values[1, FIGURES.index("update_ratio")] = 0.0
    assert whole_update_ratio(values) == pytest.approx(0.06)
    assert math.isnan(whole_update_ratio(values[2:]))


QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)


@pytest.mark.parametrize("optimizer", [{"name": "adam", "lr": 0.05}, {"name": "adadelta", "lr": 1.0}])
def test_the_spread_of_a_small_tensor_is_that_of_all_its_entries(moons: MakeTrainer, optimizer: dict[str, Any]) -> None:
    """Of 8 entries, 4 or 1: every level is an entry, no further than one in rank from the quantile."""
    trainer, plain = moons(optimizer=optimizer), moons(optimizer=optimizer)
    for _ in range(6):
        before, grad = plain.theta.copy(), np.empty_like(plain.theta)
        batches = moons(optimizer=optimizer).batches
        for _ in range(plain.step_count):
            batches.take()
        plain.objective.bind(before.copy(), grad).loss_and_gradient(batches.take())
        plain.step()
        trainer.step(measure=True, spread=True)
    assert np.array_equal(trainer.theta, plain.theta)
    assert trainer.figures is not None
    assert trainer.figures.spread is not None
    lr = optimizer["lr"]
    whole = (plain.rule.roots(plain.state), plain.rule.rates(plain.state, lr), grad, before)
    for tensor, rows in zip(trainer.tensors, trainer.figures.spread, strict=True):
        for vector, levels in zip(whole, rows, strict=True):
            assert vector is not None
            entries = np.sort(tensor.of(vector).ravel()).astype(np.float32)
            assert (levels[0], levels[-1]) == (entries[0], entries[-1])
            for level, share in zip(levels, QUARTERS, strict=True):
                assert abs(float(np.searchsorted(entries, level)) - share * (len(entries) - 1)) <= 1.0


def test_a_rule_without_a_second_moment_has_no_spread_of_it(moons: MakeTrainer) -> None:
    trainer = moons(optimizer={"name": "sgd", "lr": 0.1})
    trainer.step(measure=True, spread=True)
    assert trainer.figures is not None
    assert trainer.figures.spread is not None
    assert np.isnan(trainer.figures.spread[:, :2]).all()
    assert np.isfinite(trainer.figures.spread[:, 2:]).all()


def test_who_does_not_ask_for_the_spread_does_not_pay_for_it(moons: MakeTrainer) -> None:
    trainer = moons()
    trainer.step(measure=True)
    assert trainer.figures is not None
    assert trainer.figures.spread is None
