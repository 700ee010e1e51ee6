"""What every update rule promises; a rule is under test from the moment it stands in the table."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.method.optimizers import RULES, State
from engine.method.spec import RunSpec
from tests.engine.method.contract import bits, every_rule, ravine, small_network, variants

DTYPES = [np.float32, np.float64]


every_dtype = pytest.mark.parametrize("dtype", DTYPES)


@every_rule
def test_the_table_tells_the_rules_apart_by_their_own_names(name: str) -> None:
    rule = RULES[name]
    assert rule.model_fields["name"].default == name
    assert rule.title
    spec = RunSpec.model_validate({"problem": {"kind": "landscape"}, "optimizer": {"name": name}})
    assert type(spec.optimizer) is rule


@every_rule
@every_dtype
def test_a_rule_keeps_dtype_shape_and_memory(name: str, dtype: Any) -> None:
    for rule in variants(name):
        theta = np.ones(5, dtype)
        state = rule.fresh_state(theta)
        grad = np.full(5, 0.5, dtype)
        places = [array.ctypes.data for array in (grad, *state.vectors().values())]
        bound = rule.bind(state, grad)
        for _ in range(3):
            bound.advance()
        after = [grad, *state.vectors().values()]
        assert [array.ctypes.data for array in after] == places
        assert {(array.dtype, array.shape[-1]) for array in after} == {(np.dtype(dtype), 5)}
        assert theta.tolist() == [1.0] * 5


@every_rule
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_training_keeps_dtype_shape_and_memory_of_the_parameters(name: str, precision: str) -> None:
    """The parameters go to and fro between two places, and no third is ever made."""
    trainer = small_network(name, precision=precision)
    shape, places = trainer.theta.shape, set()
    for _ in range(9):
        places.add(trainer.theta.ctypes.data)
        trainer.step(measure=True)
        assert (trainer.theta.shape, trainer.theta.dtype) == (shape, np.dtype(precision))
    assert len(places) == 2
    assert {vector.dtype for vector in trainer.state.vectors().values()} <= {np.dtype(precision)}


@every_rule
def test_an_update_allocates_nothing(name: str) -> None:
    """A vector here has 80 kB; what a step leaves behind for a moment is a few numbers."""
    for rule in variants(name):
        theta = np.ones(10_000)
        state = rule.fresh_state(theta)
        bound = rule.bind(state, np.ones(10_000))
        bound.advance()
        tracemalloc.start()
        bound.advance()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 4096


@every_rule
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_same_spec_gives_the_same_run_bit_for_bit(name: str, precision: str) -> None:
    first, second = small_network(name, precision=precision), small_network(name, precision=precision)
    for trainer in (first, second):
        for _ in range(25):
            trainer.step()
    assert bits(first) == bits(second)


@every_rule
@pytest.mark.parametrize("before", [0, 2, 4, 7])
def test_a_restored_snapshot_goes_on_bit_for_bit(name: str, before: int) -> None:
    """Before the first step, in mid-epoch, at an epoch's end after its short batch, and in mid-epoch again."""
    original = small_network(name)
    for _ in range(before):
        original.step()
    snapshot = original.snapshot()
    original.steps.take()
    for _ in range(11):
        original.step()
    elsewhere = small_network(name)
    for _ in range(3):
        elsewhere.step()
    elsewhere.restore(snapshot)
    for _ in range(11):
        elsewhere.step()
    assert bits(elsewhere) == bits(original)
    ours, theirs = elsewhere.steps.take(), original.steps.take()
    assert ours is not None
    assert theirs is not None
    assert (ours.first_step, ours.values.tobytes()) == (theirs.first_step, theirs.values.tobytes())


@every_rule
def test_a_snapshot_shares_nothing_with_the_trainer(name: str) -> None:
    trainer = small_network(name)
    for _ in range(5):
        trainer.step()
    snapshot = trainer.snapshot()
    kept = snapshot.theta.tobytes(), {key: vector.tobytes() for key, vector in snapshot.state.vectors().items()}
    for _ in range(2):
        trainer.restore(snapshot)
        for _ in range(5):
            trainer.step()
    assert kept == (snapshot.theta.tobytes(), {key: v.tobytes() for key, v in snapshot.state.vectors().items()})


@every_rule
def test_a_rule_gets_down_a_convex_valley(name: str) -> None:
    """With one of these learning rates, 300 steps take 5.5 down to less than a hundredth; others may diverge."""
    lowest = math.inf
    for lr in (1.0, 0.3, 0.1, 0.03, 0.01):
        trainer = ravine(name, lr=lr)
        with np.errstate(over="ignore"):
            for _ in range(300):
                trainer.step()
        lowest = min(lowest, trainer.evaluate("train").loss)
    assert lowest < 0.055


magnitudes = st.floats(-150.0, 150.0).map(lambda power: 10.0**power)


numbers = st.one_of(st.just(0.0), magnitudes, magnitudes.map(lambda size: -size))


@every_rule
@settings(max_examples=60)
@given(gradients=st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=1, max_size=6))
def test_no_finite_gradient_makes_an_update_that_is_not_finite(name: str, gradients: list[list[float]]) -> None:
    """From 1e-150 to 1e150, whose squares still fit: a longer gradient is refused before it reaches the rule."""
    for rule in variants(name):
        state: State = rule.fresh_state(np.zeros(3))
        for gradient in gradients:
            update = np.array(gradient)
            rule.bind(state, update).advance()
            assert np.isfinite(update).all()
            assert all(np.isfinite(vector).all() for vector in state.vectors().values())


@every_rule
@every_dtype
def test_gradients_of_zero_move_nothing(name: str, dtype: Any) -> None:
    """A dead unit's gradient is 0 from the first step on, and 0 divided by 0 would spread."""
    for rule in variants(name):
        theta = np.ones(2, dtype)
        state = rule.fresh_state(theta)
        for _ in range(3):
            update = np.zeros(2, dtype)
            rule.bind(state, update).advance()
            assert update.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if "eps" in rule.model_fields])
def test_every_epsilon_that_is_allowed_keeps_zero_from_being_divided_by_zero(name: str) -> None:
    """A spec refuses an ε of 1e-50, or float32 copes with it."""
    try:
        rule = RULES[name].model_validate({"eps": 1e-50})
    except ValidationError:
        return
    update = np.zeros(1, np.float32)
    rule.bind(rule.fresh_state(update), update).advance()
    assert update[0] == 0.0


@every_rule
def test_what_a_rule_remembers_survives_a_copy_and_shares_nothing_with_it(name: str) -> None:
    trainer = small_network(name)
    trainer.step()
    state = trainer.state
    copy = state.copy()
    assert type(copy) is type(state)
    assert copy.weights() == state.weights()
    assert copy.vectors().keys() == state.vectors().keys()
    for key, vector in state.vectors().items():
        assert np.array_equal(copy.vectors()[key], vector)
        assert not np.shares_memory(copy.vectors()[key], vector)


@pytest.mark.parametrize(
    "name",
    ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam", "adamw", "amsgrad", "adamax", "nadam"],
)
def test_the_effective_learning_rate_is_what_a_step_moves_by_per_unit_of_a_long_standing_gradient(name: str) -> None:
    """Of every form and switch, after 1500 steps under a gradient of 0.25; a step more or less is 2 % at most."""
    for rule in variants(name):
        update = np.full(2, 0.25)
        state = rule.fresh_state(update)
        bound = rule.bind(state, update)
        for _ in range(1500):
            update[:] = 0.25
            bound.advance()
        if getattr(rule, "centered", False):
            continue  # a gradient that never changes has no deviation to divide by
        moment = rule.second_moment(state)
        rms = None if moment is None else math.sqrt(float(moment[0].mean()) / moment[1])
        assert 0.25 * rule.effective_lr(state, rms, rule.lr) == pytest.approx(update[0], rel=0.02)


@pytest.mark.parametrize("name", ["lion", "rprop"])
def test_a_rule_that_moves_as_far_under_any_gradient_has_no_rate_per_unit_of_it(name: str) -> None:
    for rule in variants(name):
        moved = []
        for gradient in (0.25, 2.5):
            update = np.full(2, gradient)
            state = rule.fresh_state(update)
            rule.bind(state, update).advance()
            moved.append(update[0])
        assert moved[0] == moved[1] > 0.0
        assert math.isnan(rule.effective_lr(state, None, rule.lr))


@every_rule
def test_what_a_rule_says_it_lacks_is_what_it_does_not_have_in_training(name: str) -> None:
    trainer = small_network(name)
    trainer.step()
    lacking = trainer.rule.lacking()
    assert ("root" in lacking) == (trainer.rule.roots(trainer.state) is None)
    assert ("rate" in lacking) == (trainer.rule.rates(trainer.state, trainer.dials.lr) is None)
    assert all(why.startswith(trainer.rule.title) for why in lacking.values())
