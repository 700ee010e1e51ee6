"""Steps that would lead out of the bounds end on them, and everything that is told of them is true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.method.objectives import build_objective
from engine.method.passes import called, is_compiler_installed
from engine.method.projection import way
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer

TakeSeries = Callable[[Trainer, str], list[float]]


def reddi(**sections: Any) -> Trainer:
    """A trainer with the slopes 1010, then a hundred times −10, from 0 on −1 ≤ x ≤ 1."""
    spec = RunSpec.model_validate(
        {"problem": {"kind": "landscape", "function": "reddi"}, "precision": "float64", **sections}
    )
    return Trainer(spec, build_objective(spec))


def test_a_step_out_of_the_bounds_ends_on_them_and_the_next_leads_back(series: TakeSeries) -> None:
    """From 0 with rate 0.01: −10.1 is beyond −1; then +0.1 at every step, and the first of the next pass again."""
    trainer = reddi(optimizer={"name": "sgd", "lr": 0.01})
    points = []
    for _ in range(102):
        trainer.step()
        points.append(float(trainer.theta[0]))
    assert points[:3] == pytest.approx([-1.0, -0.9, -0.8])
    assert points[19:101] == pytest.approx([0.9, *[1.0] * 81])
    assert points[101] == -1.0


def test_what_is_told_of_a_step_is_the_way_really_made(series: TakeSeries) -> None:
    trainer = reddi(optimizer={"name": "sgd", "lr": 0.01})
    trainer.step(measure=True)
    assert trainer.figures is not None
    assert trainer.figures.values[0, 0] == 0.0  # ‖w‖ before the step
    trainer.step(measure=True)
    assert trainer.figures.values[0, 4] == pytest.approx(0.1)  # ‖Δw‖/‖w‖ from −1 to −0.9
    for _ in range(20):
        trainer.step()
    assert series(trainer, "update_norm") == pytest.approx([1.0, *[0.1] * 20, 0.0], abs=1e-12)


def test_a_step_on_the_bound_has_no_length_and_so_may_end_a_run() -> None:
    trainer = reddi(optimizer={"name": "sgd", "lr": 0.1}, stop={"update_norm": 1e-9})
    while trainer.ended is None:
        trainer.step()
    # To −1, by 1 each to 0 and 1, and then nowhere.
    assert (trainer.step_count, trainer.ended) == (4, "update_norm")


def test_the_lines_are_taken_in_the_order_of_the_paper(series: TakeSeries) -> None:
    trainer = reddi(optimizer={"name": "sgd", "lr": 1e-6})
    for _ in range(203):
        trainer.step()
    norms = series(trainer, "grad_norm")
    assert [step for step, norm in enumerate(norms, start=1) if norm != 10.0] == [1, 102, 203]
    assert {norms[0], norms[101], norms[202]} == {1010.0}


def test_all_lines_at_once_lead_straight_to_the_minimum() -> None:
    trainer = reddi(optimizer={"name": "sgd", "lr": 1.0}, batch={"size": "full"})
    for _ in range(20):
        trainer.step()
    assert trainer.theta[0] == -1.0


def test_adam_walks_to_the_worst_point() -> None:
    """The mean slope leads to −1; each steep line throws Adam back by 0.3, and the hundred flat ones push it on."""
    trainer = reddi(optimizer={"name": "adam", "lr": 0.05, "beta1": 0.9, "beta2": 0.99})
    points = []
    for _ in range(30 * 101):
        trainer.step()
        points.append(float(trainer.theta[0]))
    assert points[-1] == pytest.approx(1.0, abs=1e-3)
    assert min(points[-10 * 101 :]) > 0.6


def test_the_batch_of_lines_can_change_and_that_of_a_function_cannot() -> None:
    trainer = reddi()
    (change,) = trainer.apply({"batch.size": 101})
    assert (change.key, change.old, change.new) == ("batch.size", 1, 101)
    trainer.step()
    assert trainer.batches.epoch_is_over


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_without_bounds_a_step_is_one_subtraction(dtype: Any) -> None:
    origin, update, target = (np.array([value], dtype) for value in (3.0, 5.0, 0.0))
    assert len(way(origin, update, target, None)) == 1
    for call in called(way(origin, update, target, (-1.0, 1.0))):
        call()
    assert [origin[0], update[0], target[0]] == [3.0, 4.0, -1.0]


@pytest.mark.skipif(not is_compiler_installed(), reason="needs numba")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_compiled_clip_is_numpys_bit_for_bit(dtype: Any) -> None:
    from engine.method.compiled import compiled

    generator = np.random.default_rng(0)
    origin, update = generator.normal(size=(2, 5001)).astype(dtype)
    origin[:3], update[:3] = (np.nan, 1.0, -0.0), (0.0, np.inf, -0.0)
    results = []
    for execution in (called, compiled):
        moved, target = update.copy(), np.empty_like(origin)
        for call in execution(way(origin, moved, target, (-0.5, 0.25))):
            call()
        results.append((moved, target))
    for by_numpy, by_compiler in zip(*results, strict=True):
        assert by_numpy.tobytes() == by_compiler.tobytes()
