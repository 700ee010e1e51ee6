"""The moving average of the weights: what it is, and that it is what is evaluated."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tests.engine.method.conftest import MakeTrainer

HALVING = {"kind": "landscape", "function": "ravine", "condition": 1.0, "start": [8.0, 16.0]}
"""½‖θ‖²: with α = ½ every step halves θ."""


def test_the_average_of_two_steps_by_hand(ravine: MakeTrainer) -> None:
    """θ = 8, 4, 2 with decay ½: θ̄ = 8, then (8 + 4)/2 = 6, then (6 + 2)/2 = 4; the loss is that of θ̄."""
    trainer = ravine(problem=HALVING, optimizer={"name": "sgd", "lr": 0.5}, averaging={"decay": 0.5})
    seen = []
    for _ in range(3):
        seen.append((trainer.theta.tolist(), trainer.evaluated_theta.tolist(), trainer.evaluate("train").loss))
        trainer.step()
    assert seen == [
        ([8.0, 16.0], [8.0, 16.0], 160.0),
        ([4.0, 8.0], [6.0, 12.0], 90.0),
        ([2.0, 4.0], [4.0, 8.0], 40.0),
    ]


def test_until_its_start_the_average_is_the_weights(ravine: MakeTrainer) -> None:
    """From step 2 on, where θ = 2: the average of 2 and 1 is 1.5."""
    trainer = ravine(problem=HALVING, optimizer={"name": "sgd", "lr": 0.5}, averaging={"decay": 0.5, "start": 2})
    for _ in range(2):
        trainer.step()
        assert np.array_equal(trainer.evaluated_theta, trainer.theta)
    trainer.step()
    assert trainer.evaluated_theta.tolist() == [1.5, 3.0]


def test_training_itself_does_not_see_the_average(moons: MakeTrainer) -> None:
    plain, averaged = moons(), moons(averaging={"decay": 0.9})
    for trainer in (plain, averaged):
        for _ in range(20):
            trainer.step()
            trainer.evaluate("held_out")
    assert np.array_equal(plain.theta, averaged.theta)
    assert plain.evaluate("held_out").loss != averaged.evaluate("held_out").loss


def test_an_average_keeps_still_where_the_weights_are_noisy(ravine: MakeTrainer) -> None:
    """In the noise ball of α = 0.5 the weights have E[f] = ⅓; the mean over some hundred steps has a fraction of it."""
    sections: dict[str, Any] = {"problem": HALVING, "optimizer": {"name": "sgd", "lr": 0.5}, "noise": {"gradient": 1.0}}
    losses = []
    for averaging in ({}, {"decay": 0.99}):
        trainer = ravine(**sections, averaging=averaging)
        for _ in range(1000):
            trainer.step()
        heights = []
        for _ in range(500):
            trainer.step()
            heights.append(trainer.evaluate("train").loss)
        losses.append(float(np.mean(heights)))
    assert losses[1] < 0.1 * losses[0]


def test_it_is_switched_on_and_off_between_two_steps(ravine: MakeTrainer) -> None:
    """On, it begins at the weights as they are; off and on again, it begins anew."""
    trainer = ravine(problem=HALVING, optimizer={"name": "sgd", "lr": 0.5})
    trainer.step()
    trainer.apply({"averaging.decay": 0.5})
    trainer.step()
    assert trainer.evaluated_theta.tolist() == [3.0, 6.0]
    trainer.apply({"averaging.decay": 0.75})
    trainer.step()
    assert trainer.evaluated_theta.tolist() == [2.5, 5.0]
    trainer.apply({"averaging.decay": None})
    assert trainer.evaluated_theta.tolist() == trainer.theta.tolist() == [1.0, 2.0]
    trainer.apply({"averaging.decay": 0.5})
    assert trainer.evaluated_theta.tolist() == [1.0, 2.0]


def test_a_snapshot_holds_the_average(moons: MakeTrainer) -> None:
    original, elsewhere = moons(averaging={"decay": 0.9}), moons()
    for _ in range(6):
        original.step()
    snapshot = original.snapshot()
    elsewhere.restore(snapshot)
    for trainer in (original, elsewhere):
        for _ in range(5):
            trainer.step()
    assert np.array_equal(original.evaluated_theta, elsewhere.evaluated_theta)
    original.restore(snapshot)
    for _ in range(5):
        original.step()
    assert np.array_equal(original.evaluated_theta, elsewhere.evaluated_theta)


def test_a_reset_begins_the_average_anew(ravine: MakeTrainer) -> None:
    trainer = ravine(problem=HALVING, averaging={"decay": 0.9})
    for _ in range(5):
        trainer.step()
    trainer.reset(keep=True)
    assert trainer.evaluated_theta.tolist() == [8.0, 16.0]


def test_an_update_that_is_taken_back_is_taken_out_of_the_average(moons: MakeTrainer) -> None:
    trainer = moons(averaging={"decay": 0.9})
    averages = []
    for _ in range(3):
        trainer.step()
        averages.append(trainer.evaluated_theta.copy())
    trainer.theta[:] = np.nan
    trainer.step()
    assert trainer.non_finite is not None
    assert np.array_equal(trainer.evaluated_theta, averages[1])
    trainer.step()
    assert np.array_equal(trainer.evaluated_theta, averages[1] + (1.0 - 0.9) * (trainer.theta - averages[1]))


def test_averaging_makes_nothing_in_a_step(moons: MakeTrainer) -> None:
    trainer = moons(model={"hidden": [2500], "activation": "tanh"}, batch={"size": 4}, averaging={"decay": 0.9})
    while trainer.step():
        pass
    trainer.step()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(4):
        trainer.step()
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 4096
    assert peak - before < 8192
