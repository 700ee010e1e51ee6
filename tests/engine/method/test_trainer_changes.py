"""The trainer between two steps: what can be turned, what is refused, and that the start can be had again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.errors import InputError
from engine.method.telemetry import SERIES
from engine.method.trainer import Trainer

if TYPE_CHECKING:
    from tests.engine.method.conftest import MakeTrainer, Take, ToTheEnd


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"optimizer.form": "jax"}, 'optimizer.form = \'jax\'; allowed: one of "torch", "keras"'),
    ({"optimizer.lr": -1.0}, "optimizer.lr = -1.0; allowed: a number > 0"),
    ({"optimizer.lr": math.nan}, "optimizer.lr = nan; allowed: a number > 0"),
    ({"optimizer.lr": math.inf}, "optimizer.lr = inf; allowed: a number > 0"),
    ({"optimizer.lr": "fast"}, "optimizer.lr = 'fast'; allowed: a number > 0"),
    ({"optimizer.lr": None}, "optimizer.lr = empty; allowed: a number > 0"),
    ({"optimizer.rho": 0.5}, "optimizer.rho = 0.5; allowed: only name, lr, weight_decay, decoupled, beta1"),
    ({"optimizer.beta1": 1.0}, "optimizer.beta1 = 1.0; allowed: a number ≥ 0 and < 1"),
    ({"optimizer.name": "adamant"}, "optimizer.name = 'adamant'; allowed: one of sgd"),
    ({"optimizer.name": 3}, "optimizer.name = 3; allowed: one of sgd"),
    ({"optimizer.name": "sgd", "optimizer.beta1": 0.5}, "optimizer.beta1 = 0.5; allowed: only name, lr, weight_decay"),
    ({"batch.size": 0}, 'batch.size = 0; allowed: "full" or a whole number ≥ 1'),
    ({"batch.size": "half"}, "batch.size = 'half'; allowed: \"full\""),
    ({"batch.shuffle": 7}, "batch.shuffle = 7; allowed: true or false"),
    ({"clip.norm": 0.0}, "clip.norm = 0.0; allowed: a number > 0"),
    ({"stop.steps": -1}, "stop.steps = -1; allowed: a whole number ≥ 0"),
    ({"seed.init": 1}, "seed.init cannot change while a run is under way; allowed: optimizer.name"),
    ({"model.hidden": [3]}, "model.hidden cannot change"),
    ({"precision": "float64"}, "precision cannot change"),
    ({"optimizer": 1}, "optimizer cannot change"),
    ({"optimizer.": 1}, "optimizer. cannot change"),
    ({"": 1}, " cannot change"),
    ({"optimizer.lr": 0.5, "clip.norm": -1}, "clip.norm = -1; allowed"),
]


@pytest.mark.parametrize(("values", "said"), REFUSED, ids=lambda case: ",".join(case) if isinstance(case, dict) else "")
def test_a_change_that_is_not_possible_is_refused_in_one_line_and_changes_nothing(
    moons: MakeTrainer, values: dict[str, Any], said: str
) -> None:
    trainer, twin = moons(), moons()
    for each in (trainer, twin):
        each.step()
    with pytest.raises(InputError) as refusal:
        trainer.apply(values)
    assert said in str(refusal.value)
    assert str(refusal.value).isprintable()
    assert trainer.spec == twin.spec
    assert trainer.rule == twin.rule
    for each in (trainer, twin):
        for _ in range(5):
            each.step()
    assert np.array_equal(trainer.theta, twin.theta)


def test_a_refusal_of_a_strange_key_is_one_line_without_control_characters(ravine: MakeTrainer) -> None:
    with pytest.raises(InputError) as refusal:
        ravine().apply({"seed\n\x1b[2J": 1})
    assert str(refusal.value).isprintable()


def test_a_list_for_a_rules_name_is_refused_like_anything_else(ravine: MakeTrainer) -> None:
    with pytest.raises(InputError):
        ravine().apply({"optimizer.name": ["adam"]})


def test_a_landscape_has_no_batches_to_change(ravine: MakeTrainer) -> None:
    with pytest.raises(InputError, match=r"batch\.size"):
        ravine().apply({"batch.size": 3})


def test_changes_are_reported_with_the_old_and_the_new_value(moons: MakeTrainer) -> None:
    trainer = moons()
    changes = trainer.apply({"optimizer.lr": 0.5, "clip.norm": 2.0, "batch.size": "full", "optimizer.beta1": 0.9})
    assert {change.key: (change.old, change.new) for change in changes} == {
        "optimizer.lr": (0.01, 0.5),
        "clip.norm": (None, 2.0),
        "batch.size": (7, "full"),
    }
    assert trainer.apply({"optimizer.lr": 0.5}) == []


def test_a_new_batch_size_holds_from_the_next_step_and_uses_no_sample_twice(moons: MakeTrainer) -> None:
    """24 samples: 7, then 10 of the 17 that are left, then 7."""
    trainer = moons()
    trainer.step()
    trainer.apply({"batch.size": 10})
    shares = []
    for _ in range(3):
        trainer.step()
        shares.append(trainer.batches.epochs)
    assert shares == pytest.approx([17 / 24, 1.0, 1.0 + 10 / 24])


def test_clipping_makes_a_long_gradient_as_long_as_allowed_and_leaves_a_short_one(
    ravine: MakeTrainer, taken: Take
) -> None:
    """The gradient at the start is (1, 10); α = 1 makes the update the gradient itself."""
    for norm, length in ((0.5, 0.5), (5.0, 5.0), (20.0, math.sqrt(101.0))):
        trainer = ravine(optimizer={"name": "sgd", "lr": 1.0}, clip={"norm": norm})
        trainer.step()
        block = taken(trainer)
        assert block.values[SERIES.index("update_norm"), 0] == pytest.approx(length, rel=1e-5)
        assert block.values[SERIES.index("grad_norm"), 0] == math.sqrt(101.0)


def test_clipping_keeps_the_small_constant_of_torchs_clipping(ravine: MakeTrainer) -> None:
    """A gradient of 1e-6 with a limit of 1e-6 is scaled by 1e-6/(1e-6 + 1e-6)."""
    trainer = ravine(
        problem={"kind": "landscape", "start": [1e-6, 0.0]}, optimizer={"name": "sgd", "lr": 1.0}, clip={"norm": 1e-6}
    )
    trainer.step()
    assert trainer.theta.tolist() == pytest.approx([5e-7, 0.0], rel=1e-12)


def test_clipping_by_value_cuts_off_each_entry_and_then_the_norm_is_clipped(ravine: MakeTrainer) -> None:
    """From (1, 10), 4 is all that is left of the second entry; (1, 4) has norm √17, and (3, 4) has norm 5."""
    moved = {}
    for clip in (
        {"value": 4.0},
        {"value": 0.5},
        {"value": 20.0},
        {"value": 4.0, "norm": 5.0},
        {"value": 4.0, "norm": 1.0},
    ):
        trainer = ravine(optimizer={"name": "sgd", "lr": 1.0}, clip=clip)
        trainer.step()
        moved[tuple(clip.values())] = (1.0 - trainer.theta).tolist()
    assert moved[4.0,] == moved[4.0, 5.0] == [1.0, 4.0]
    assert moved[0.5,] == [0.5, 0.5]
    assert moved[20.0,] == [1.0, 10.0]
    assert moved[4.0, 1.0] == pytest.approx([1 / math.sqrt(17), 4 / math.sqrt(17)], rel=1e-6)


def test_clipping_by_value_keeps_the_sign_and_the_norm_that_is_told(ravine: MakeTrainer, taken: Take) -> None:
    problem = {"kind": "landscape", "function": "ravine", "condition": 10.0, "start": [-3.0, 0.4]}
    trainer = ravine(problem=problem, optimizer={"name": "sgd", "lr": 1.0}, clip={"value": 2.0})
    trainer.step()
    assert trainer.theta.tolist() == [-1.0, 0.4 - 2.0]
    assert taken(trainer).values[SERIES.index("grad_norm"), 0] == 5.0


def test_a_reset_takes_the_same_first_steps_bit_for_bit(moons: MakeTrainer, taken: Take) -> None:
    trainer = moons()
    for _ in range(6):
        trainer.step()
    first, path = taken(trainer), trainer.theta.copy()
    trainer.apply({"optimizer.name": "sgd", "optimizer.lr": 0.5, "batch.size": 3, "clip.norm": 0.1})
    for _ in range(3):
        trainer.step()
    changes = trainer.reset(keep=False)
    assert {change.key: change.new for change in changes} == {
        "optimizer.name": "adam",
        "optimizer.lr": 0.01,
        "batch.size": 7,
        "clip.norm": None,
    }
    assert (trainer.step_count, len(trainer.steps), trainer.batches.epochs) == (0, 0, 0.0)
    for _ in range(6):
        trainer.step()
    assert np.array_equal(trainer.theta, path)
    assert taken(trainer).values.tobytes() == first.values.tobytes()


def test_a_reset_can_keep_what_was_turned(moons: MakeTrainer) -> None:
    trainer = moons()
    trainer.step()
    turned = {"optimizer.name": "sgd", "optimizer.lr": 0.5, "batch.size": 3, "batch.shuffle": False}
    trainer.apply(turned)
    trainer.step()
    assert trainer.reset(keep=True) == []
    twin = moons(optimizer={"name": "sgd", "lr": 0.5}, batch={"size": 3, "shuffle": False})
    for each in (trainer, twin):
        for _ in range(10):
            each.step()
    assert np.array_equal(trainer.theta, twin.theta)


def test_a_reset_of_an_ended_or_diverged_run_can_go_on(ravine: MakeTrainer, steps_until_the_end: ToTheEnd) -> None:
    trainer = ravine(optimizer={"name": "sgd", "lr": 1e6}, stop={"steps": 40})
    with np.errstate(over="ignore"):
        steps_until_the_end(trainer)
        while trainer.non_finite is None:
            trainer.step()
    trainer.reset(keep=False)
    snapshot = trainer.snapshot()
    assert (snapshot.step, snapshot.ended, snapshot.non_finite) == (0, None, None)
    assert trainer.theta.tolist() == [1.0, 1.0]


def test_a_snapshot_holds_the_knobs_the_end_and_what_went_wrong(
    ravine: MakeTrainer, steps_until_the_end: ToTheEnd
) -> None:
    trainer = ravine(stop={"steps": 2})
    steps_until_the_end(trainer)
    trainer.theta[:] = math.nan
    trainer.step()
    snapshot = trainer.snapshot()
    other = ravine(stop={"steps": 2})
    other.restore(snapshot)
    assert (other.step_count, other.ended, other.non_finite) == (3, "steps", trainer.non_finite)
    other.apply({"optimizer.lr": 0.5})
    other.restore(snapshot)
    assert other.rule.lr == 0.05


def numbers_of_the_first_batch(trainer: Trainer) -> list[int]:
    everything = trainer.objective.samples().batch(0, 24).inputs
    return [int(np.flatnonzero((everything == row).all(axis=1))[0]) for row in trainer.batches.take().inputs]


@pytest.mark.parametrize("seed", ["data", "init", "batches"])
def test_each_seed_changes_its_own_part_alone(moons: MakeTrainer, seed: str) -> None:
    trainers = [moons(), moons(seed={seed: 1})]
    parts: dict[str, list[object]] = {
        "data": [trainer.objective.samples().batch(0, 24).inputs.tobytes() for trainer in trainers],
        "init": [trainer.objective.start().tobytes() for trainer in trainers],
        "batches": [numbers_of_the_first_batch(trainer) for trainer in trainers],
    }
    assert {name for name, (before, after) in parts.items() if before != after} == {seed}
