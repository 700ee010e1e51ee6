"""The figures in the lessons on samples: batches, epochs, rates and their decay.

All were measured with this engine for the seed of the preset. Networks at high rates are chaotic, so of those only what
the lesson says is held, with room for the roundings of another machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.method.range_test import sweep

if TYPE_CHECKING:
    from tests.presets.conftest import MakeTrainer, Rehearse


def losses(make: MakeTrainer, name: str, lane: int = 0, *settings: str) -> np.ndarray:
    """Return the loss over the training set after each epoch."""
    lesson, found = make(name, *settings, lane=lane), []
    while lesson.ended is None:
        lesson.step()
        if lesson.batches.epoch_is_over:
            found.append(lesson.evaluate("train").loss)
    return np.array(found)


def best_loss(make: MakeTrainer, name: str) -> float:
    """Return the mean squared error of the least squares line through the samples of a lesson."""
    lesson = make(name)
    samples = lesson.objective.samples()
    batch = samples.batch(0, samples.count)
    x, y = batch.inputs[:, 0], batch.targets[:, 0]
    return float(np.mean((y - np.polyval(np.polyfit(x, y, 1), x)) ** 2))


def test_small_batches_are_ahead_after_one_epoch_and_overtaken_by_the_tenth(trainer: MakeTrainer) -> None:
    name = "sgd-gd-minibatch"
    best = best_loss(trainer, name)
    assert best == pytest.approx(0.260, abs=5e-4)
    single, few, every = (losses(trainer, name, lane) - best for lane in range(3))
    assert [lane[0] for lane in (single, few, every)] == pytest.approx([0.011, 0.85, 1.9], rel=0.05)
    assert [lane[-1] for lane in (single, few, every)] == pytest.approx([0.012, 0.0040, 0.70], rel=0.05)
    assert single.max() > 3.0 * single[0], "single samples jitter"


def test_ten_epochs_are_more_updates_the_smaller_the_batch(rehearse: Rehearse) -> None:
    progress = rehearse("sgd-gd-minibatch").progress
    assert [lane.batches_per_epoch for lane in progress] == [256, 8, 1]
    assert [lane.step for lane in progress] == [2560, 80, 10]


def test_an_epoch_ends_with_what_is_left(trainer: MakeTrainer, rehearse: Rehearse) -> None:
    lesson = trainer("epoch-vs-iteration")
    assert [len(lesson.batches.take().inputs) for _ in range(9)] == [32] * 7 + [26, 32]
    assert rehearse("epoch-vs-iteration").verdicts == {0: (True, 80)}


def test_where_the_rate_falls_the_jitter_ends_and_the_loss_drops(trainer: MakeTrainer) -> None:
    constant, stepped, cosine, one_cycle = (losses(trainer, "lr-decay-net", lane) for lane in range(4))
    assert constant[:30].tolist() == stepped[:30].tolist()
    assert stepped[30] < 0.75 * stepped[29], "it drops at once"
    assert constant[30:].std() > 10.0 * stepped[40:].std()
    assert (constant[30:].min(), constant[30:].max()) == pytest.approx((0.021, 0.094), rel=0.2)
    assert [lane[-1] for lane in (stepped, cosine, one_cycle)] == pytest.approx([0.0246, 0.0235, 0.0235], rel=0.05)


def test_a_rate_that_is_cut_too_soon_leaves_the_network_behind(rehearse: Rehearse) -> None:
    early = rehearse("lr-decay-net", changes=((60, "optimizer.lr=0.3"),))
    as_shipped = rehearse("lr-decay-net")
    assert np.mean(early.losses(lane=0)[-200:]) > 1.5 * np.mean(as_shipped.losses(lane=0)[-200:])


def test_five_rates_go_from_asleep_to_exploded(trainer: MakeTrainer) -> None:
    found = [losses(trainer, "lr-sweep-net", lane) for lane in range(5)]
    assert [lane[-1] for lane in found[:3]] == pytest.approx([0.317, 0.242, 0.042], rel=0.05)
    assert found[3][:10].max() > 5.0, "too high a rate leaps up first"
    assert found[3][-50:].std() > 3.0 * found[2][-50:].std(), "and goes on leaping"
    assert found[4].min() > 1.0, "and a higher one never comes back"


def test_the_range_test_suggests_the_rates_that_the_lesson_names(trainer: MakeTrainer) -> None:
    """It grows the rate by a sixth to a fifth from step to step, so two neighbours are as good."""
    found = sorted(suggestion.lr for suggestion in sweep(trainer("lr-sweep-net")).suggestions)
    assert found == pytest.approx([0.08, 0.4, 2.7], rel=0.2)
