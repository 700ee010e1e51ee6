"""What every hyperparameter of every update rule promises: turned in mid-run, as weight decay, or in another form."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.method.optimizers import RULES
from engine.method.telemetry import SERIES
from tests.engine.method.contract import bits, every_rule, ravine, small_network, trainer_for


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
