"""A function that begins elsewhere from now on: in its trainer, and for all lanes and all clients of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.errors import InputError
from engine.method.trainer import Trainer

MakeTrainer = Callable[..., Trainer]
TWO_VARIABLES = {"problem": {"kind": "expression", "expression": "(u - 3)**2 + v**2"}}


def test_a_new_start_is_where_the_next_step_begins_with_no_memory_of_the_way_so_far(ravine: MakeTrainer) -> None:
    """½(x² + 10y²) at (2, 0.5): gradient (2, 5), so α = 0.05 leads to (1.9, 0.25), whatever the velocity was."""
    trainer = ravine(optimizer={"name": "momentum", "lr": 0.05})
    for _ in range(5):
        trainer.step()
    changes = trainer.reset(keep=False, start=(2.0, 0.5))
    assert [(change.key, change.old, change.new) for change in changes] == [("problem.start", "1, 1", "2, 0.5")]
    assert (trainer.step_count, trainer.theta.tolist()) == (0, [2.0, 0.5])
    trainer.step()
    np.testing.assert_allclose(trainer.theta, [1.9, 0.25], rtol=1e-15)


@pytest.mark.parametrize("keep", [False, True])
def test_a_new_start_stays_for_later_resets(ravine: MakeTrainer, keep: bool) -> None:
    trainer = ravine()
    trainer.reset(keep=False, start=(-1.5, 0.25))
    trainer.step()
    assert trainer.reset(keep=keep) == []
    assert trainer.theta.tolist() == [-1.5, 0.25]
    assert trainer.spec.as_given()["problem"]["start"] == [-1.5, 0.25]


def test_settings_that_were_turned_stay_or_go_back_as_in_any_reset(ravine: MakeTrainer) -> None:
    trainer = ravine()
    trainer.apply({"optimizer.lr": 0.01})
    trainer.reset(keep=True, start=(2.0, 0.5))
    assert trainer.spec.optimizer.lr == 0.01
    trainer.reset(keep=False, start=(2.0, 1.0))
    assert trainer.spec.optimizer.lr == 0.05


def test_a_typed_in_function_begins_elsewhere_in_the_order_of_its_variables(ravine: MakeTrainer) -> None:
    trainer = ravine(**TWO_VARIABLES)
    trainer.reset(keep=False, start=(5.0, -1.0))
    assert trainer.theta.tolist() == [5.0, -1.0]
    assert list(trainer.spec.problem.point) == ["u", "v"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("sections", "start", "sentence"),
    [
        ({}, (1.0,), r"problem.start = \[1.0\]; allowed: 2 numbers"),
        ({}, (1.0, float("nan")), "start.1 = nan; allowed: a list, each entry a number"),
        (TWO_VARIABLES, (1.0, 2.0, 3.0), "allowed: 2 numbers, for u, v"),
        ({"problem": {"kind": "landscape", "function": "reddi"}}, (1.5,), "allowed: from -1 to 1"),
    ],
)
def test_where_there_is_no_such_start_the_trainer_says_so_and_stays_as_it_was(
    ravine: MakeTrainer, sections: dict[str, Any], start: tuple[float, ...], sentence: str
) -> None:
    trainer = ravine(**sections)
    trainer.step()
    before, spec = trainer.theta.copy(), trainer.spec
    with pytest.raises(InputError, match=sentence):
        trainer.reset(keep=False, start=start)
    assert (trainer.step_count, trainer.spec) == (1, spec)
    assert trainer.theta.tolist() == before.tolist()


def test_a_network_has_no_start_to_choose(moons: MakeTrainer) -> None:
    trainer = moons()
    with pytest.raises(InputError, match="first weights are drawn"):
        trainer.reset(keep=False, start=(0.0, 0.0))
