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

from engine.method.objectives import build_objective
from engine.method.optimizers import RULES, Rule, State
from engine.method.spec import RunSpec
from engine.method.telemetry import SERIES
from engine.method.trainer import Trainer

DTYPES = [np.float32, np.float64]

every_rule = pytest.mark.parametrize("name", RULES)
every_dtype = pytest.mark.parametrize("dtype", DTYPES)


def trainer_for(**sections: Any) -> Trainer:
    """Return a trainer without a line search: what is promised here is the rule's own."""
    spec = RunSpec.model_validate({"line_search": {"name": "none"}, **sections})
    return Trainer(spec, build_objective(spec))


def ravine(name: str, *, lr: float = 0.01, precision: str = "float64", **optimizer: Any) -> Trainer:
    return trainer_for(
        problem={"kind": "landscape", "function": "ravine", "condition": 10.0},
        optimizer={"name": name, "lr": lr, **optimizer},
        precision=precision,
    )


def small_network(name: str, *, precision: str = "float32") -> Trainer:
    """Return a network on 24 samples in batches of 7, 7, 7 and 3."""
    return trainer_for(
        problem={"kind": "dataset"},
        data={"name": "moons", "samples": 30, "held_out": 0.2},
        model={"hidden": [5, 4], "activation": "tanh"},
        optimizer={"name": name, "lr": 0.05},
        batch={"size": 7},
        precision=precision,
    )


def variants(name: str) -> list[Rule]:
    """Return the rule in all of its forms: as it comes, with each switch turned, and with each 0 at 0.9."""
    kind, found = RULES[name], []
    for form in [{"form": form} for form in kind.forms()] or [{}]:
        rule = kind.model_validate(form)
        found.append(rule)
        for key in kind.model_fields:
            value = getattr(rule, key)
            if isinstance(value, bool):
                found.append(kind.model_validate({**form, key: not value}))
            elif value == 0.0 and key != "weight_decay":
                found.append(kind.model_validate({**form, key: 0.9}))
    return found


def bits(trainer: Trainer) -> tuple[bytes, dict[str, bytes], dict[str, float]]:
    vectors = {key: vector.tobytes() for key, vector in trainer.state.vectors().items()}
    return trainer.theta.tobytes(), vectors, trainer.state.weights()


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


def values_of(name: str, key: str) -> st.SearchStrategy[Any]:
    """Return values from all over a hyperparameter's bounds, as its own field states them."""
    schema = RULES[name].model_json_schema()["properties"][key]
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "boolean":
        return st.booleans()
    if schema["type"] == "integer":
        return st.integers(schema["minimum"], min(schema["maximum"], 20))
    assert schema["type"] == "number", "a new kind of hyperparameter needs values here"
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low == 0.0 and "exclusiveMinimum" in schema:
        highest = math.nextafter(high, 0.0) if "exclusiveMaximum" in schema else high
        return st.floats(-12.0, math.log10(high)).map(lambda power: min(10.0**power, highest))
    return st.floats(
        low,
        high,
        exclude_min="exclusiveMinimum" in schema,
        exclude_max="exclusiveMaximum" in schema,
        allow_subnormal=False,  # a spec takes those for 0
    )


@every_rule
@settings(max_examples=30)
@given(data=st.data())
def test_every_hyperparameter_can_be_turned_between_any_two_steps(name: str, data: st.DataObject) -> None:
    trainer = ravine(name)
    keys = [key for key in RULES[name].model_fields if key != "name"]
    turns = data.draw(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(keys)), min_size=1, max_size=8))
    with np.errstate(over="ignore"):
        for number, (steps, key) in enumerate(turns):
            for _ in range(steps):
                trainer.step()
            value = data.draw(values_of(name, key), label=key)
            theta, state = trainer.theta.copy(), bits(trainer)
            old = getattr(trainer.rule, key)
            changes = trainer.apply({f"optimizer.{key}": value})
            seen = {change.key.removeprefix("optimizer."): (change.old, change.new) for change in changes}
            assert seen.pop(key, (value, value)) == (old, value)
            # A form brings its defaults for what nobody has set, and says so; nothing else changes by itself.
            assert not seen or (key == "form" and not seen.keys() & {turned for _, turned in turns[:number]})
            assert getattr(trainer.rule, key) == value
            assert np.array_equal(trainer.theta, theta)
            assert bits(trainer) == state
        trainer.step()
    assert np.isfinite(trainer.theta).all()


@every_rule
def test_a_turned_learning_rate_holds_from_the_very_next_step(name: str) -> None:
    """Of two trainers that differ in this alone, the step is longer by exactly that factor."""
    slow, fast = ravine(name), ravine(name)
    for trainer in (slow, fast):
        for _ in range(4):
            trainer.step()
    fast.apply({"optimizer.lr": slow.rule.lr * 4.0})
    before = slow.theta.copy()
    slow.step()
    fast.step()
    assert fast.theta - before == pytest.approx(4.0 * (slow.theta - before), rel=1e-12)


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
@given(
    start=st.tuples(st.floats(-10.0, 10.0), st.floats(-10.0, 10.0)),
    decay=st.floats(0.0, 10.0),
)
def test_weight_decay_is_the_gradient_of_a_squared_norm(name: str, start: tuple[float, float], decay: float) -> None:
    """Not decoupled, a rule with λ does to g at θ what it does without to g + λ·θ; in the ravine g = (x, 100·y)."""
    trainer = trainer_for(
        problem={"kind": "landscape", "function": "ravine", "start": list(start)},
        optimizer={"name": name, "weight_decay": decay, "decoupled": False},
        precision="float64",
    )
    theta = np.array(start)
    update = np.array([start[0], 100.0 * start[1]]) + decay * theta
    plain = RULES[name].model_validate({})
    plain.bind(plain.fresh_state(theta), update).advance()
    trainer.step()
    assert np.array_equal(trainer.theta, theta - update)


@every_rule
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_decoupled_decay_shrinks_the_parameters_beside_a_step_that_never_sees_it(name: str, precision: str) -> None:
    """With α = 0.02 and λ = 0.5 a parameter loses a hundredth of itself and what the rule takes of the gradient alone.

    The reported length of a step is the whole way; the schedule's learning rate is the rule's own here.
    """
    trainer = ravine(name, lr=0.02, precision=precision, weight_decay=0.5, decoupled=True)
    rule = RULES[name].model_validate({"lr": 0.02})
    update = np.empty_like(trainer.theta)
    bound = rule.bind(rule.fresh_state(update), update)
    for _ in range(5):
        before = trainer.theta.astype(np.float64)
        update[:] = before * (1.0, 10.0)
        bound.advance()
        trainer.step()
        rounding = 8.0 * np.finfo(trainer.theta.dtype).eps * np.abs(before).max()
        assert trainer.theta == pytest.approx(0.99 * before - update, rel=0.0, abs=rounding)
        block = trainer.steps.take()
        assert block is not None
        way = float(np.linalg.norm(trainer.theta - before))
        assert block.values[SERIES.index("update_norm"), 0] == pytest.approx(way, rel=0.0, abs=2.0 * rounding)


@every_rule
@pytest.mark.parametrize("decoupled", [False, True])
def test_weight_decay_reaches_the_parameters_in_training(name: str, decoupled: bool) -> None:
    """Where the loss is flat the decay alone pulls, and towards zero."""
    trainer = trainer_for(
        problem={"kind": "landscape", "function": "rosenbrock", "start": [1.0, 1.0]},
        optimizer={"name": name, "lr": 1e-4, "weight_decay": 0.5, "decoupled": decoupled},
        precision="float64",
    )
    trainer.step()
    assert (trainer.theta < 1.0).all()


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


@every_rule
def test_a_form_sets_what_nobody_has_set_and_nothing_else(name: str) -> None:
    kind = RULES[name]
    for form in kind.forms():
        rule = kind.model_validate({"form": form})
        assert rule.model_fields_set == {"form"}
        assert rule == rule.usual()
        for key, usual in kind.form_defaults.get(form, {}).items():
            assert getattr(rule, key) == usual
            assert getattr(kind.model_validate({"form": form, key: 0.375}), key) == 0.375


@every_rule
def test_the_first_form_is_the_default_and_every_default_of_a_form_is_a_field(name: str) -> None:
    kind = RULES[name]
    assert kind.form_defaults.keys() <= set(kind.forms())
    for values in kind.form_defaults.values():
        assert values.keys() <= kind.model_fields.keys()
    if kind.forms():
        assert kind.model_fields["form"].default == kind.forms()[0] == "torch"


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.forms()])
def test_a_form_there_and_back_leaves_the_run_where_it_was(name: str) -> None:
    """Between two steps, through every form: no bit of the state has changed when the first one is back."""
    for precision in ("float32", "float64"):
        stayed, turned = (small_network(name, precision=precision) for _ in range(2))
        for trainer in (stayed, turned):
            for _ in range(9):
                trainer.step()
        for form in (*reversed(RULES[name].forms()), "torch"):
            turned.apply({"optimizer.form": form})
        for trainer in (stayed, turned):
            for _ in range(9):
                trainer.step()
        assert bits(turned) == bits(stayed)


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


@every_rule
def test_what_a_rule_says_it_lacks_is_what_it_does_not_have_in_training(name: str) -> None:
    trainer = small_network(name)
    trainer.step()
    lacking = trainer.rule.lacking()
    assert ("root" in lacking) == (trainer.rule.roots(trainer.state) is None)
    assert ("rate" in lacking) == (trainer.rule.rates(trainer.state, trainer.dials.lr) is None)
    assert all(why.startswith(trainer.rule.title) for why in lacking.values())
