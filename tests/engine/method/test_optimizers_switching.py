"""Changing the rule in mid-run: what is carried over, and what it is good for."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from engine.method.objectives import build_objective
from engine.method.optimizers import RULES, Moments, Rule, State, carried_state, successor
from engine.method.optimizers.adam import Adam, AdamState
from engine.method.optimizers.momentum import Momentum, MomentumState
from engine.method.optimizers.rmsprop import Rmsprop, RmspropState
from engine.method.optimizers.sgd import Sgd
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer

TINY = 1e-30
"""An ε that no figure here can see."""
PAIRS = list(permutations(RULES, 2))

every_pair = pytest.mark.parametrize(("old", "new"), PAIRS, ids=lambda name: name)
either_way = pytest.mark.parametrize("carry", [True, False], ids=["carried", "cold"])


def trainer_with(name: str, **optimizer: Any) -> Trainer:
    spec = RunSpec.model_validate(
        {
            "problem": {"kind": "landscape", "function": "ravine", "condition": 10.0},
            "optimizer": {"name": name, **optimizer},
            "line_search": {"name": "none"},
            "precision": "float64",
        }
    )
    return Trainer(spec, build_objective(spec))


def run(rule: Rule, state: State, gradients: list[float]) -> list[float]:
    """Return what the rule subtracts from one parameter for each of these gradients."""
    moves = []
    for gradient in gradients:
        update = np.array([gradient])
        rule.bind(state, update).advance()
        moves.append(float(update[0]))
    return moves


@every_pair
@either_way
def test_a_switch_moves_no_parameter_and_the_run_goes_on_downhill(old: str, new: str, carry: bool) -> None:
    trainer = trainer_with(old, lr=0.02)
    for _ in range(20):
        trainer.step()
    theta, before = trainer.theta.copy(), trainer.evaluate("train").loss
    changes = trainer.apply({"optimizer.name": new, "optimizer.lr": 0.0005}, carry=carry)
    assert np.array_equal(trainer.theta, theta)
    assert {(change.key, change.new) for change in changes} >= {("optimizer.name", new), ("optimizer.lr", 0.0005)}
    assert type(trainer.rule) is RULES[new]
    for _ in range(40):
        trainer.step()
    assert trainer.step_count == 60
    assert trainer.evaluate("train").loss < before


@every_pair
def test_a_cold_switch_starts_from_what_a_new_run_would_start_from(old: str, new: str) -> None:
    switched, fresh = trainer_with(old, lr=0.02), trainer_with(new, lr=0.02)
    for _ in range(5):
        switched.step()
    switched.apply({"optimizer.name": new}, carry=False)
    np.copyto(fresh.theta, switched.theta)
    for _ in range(5):
        switched.step()
        fresh.step()
    assert np.array_equal(switched.theta, fresh.theta)


@every_pair
def test_a_switch_before_the_first_step_is_no_switch_at_all(old: str, new: str) -> None:
    switched, fresh = trainer_with(old, lr=0.02), trainer_with(new, lr=0.02)
    switched.apply({"optimizer.name": new})
    for _ in range(5):
        switched.step()
        fresh.step()
    assert np.array_equal(switched.theta, fresh.theta)


@every_pair
def test_a_carried_state_shares_nothing_with_the_old_one(old: str, new: str) -> None:
    first, second = RULES[old].model_validate({}), RULES[new].model_validate({})
    state = first.fresh_state(np.zeros(1))
    run(first, state, [1.0, 2.0])
    kept = {key: vector.copy() for key, vector in state.vectors().items()}
    carried = carried_state(first, state, second, np.zeros(1))
    run(second, carried, [5.0, -3.0])
    for key, vector in state.vectors().items():
        assert np.array_equal(vector, kept[key])


def test_from_rmsprop_to_adam_and_back_the_second_moment_and_its_weight_are_copied() -> None:
    rmsprop, adam = Rmsprop(), Adam()
    state = rmsprop.fresh_state(np.zeros(1))
    run(rmsprop, state, [1.0, -2.0, 4.0])
    there = carried_state(rmsprop, state, adam, np.zeros(1))
    assert isinstance(there, AdamState)
    assert (there.v.tolist(), there.v_weight) == (state.v.tolist(), state.v_weight)
    assert (there.m.tolist(), there.m_weight) == ([0.0], 0.0)
    back = carried_state(adam, there, rmsprop, np.zeros(1))
    assert isinstance(back, RmspropState)
    assert (back.v.tolist(), back.v_weight) == (state.v.tolist(), state.v_weight)


@pytest.mark.parametrize("steps", [1, 3, 50])
def test_from_momentum_to_adam_the_buffer_becomes_a_mean_of_the_weight_it_has_gathered(steps: int) -> None:
    """M = (1 − μ)·b with weight 1 − μᵗ; the second moment starts anew."""
    momentum = Momentum(momentum=0.75)
    state = momentum.fresh_state(np.zeros(1))
    run(momentum, state, [3.0, -1.0, 2.0, 5.0, 1.0] * 10)
    state = momentum.fresh_state(np.zeros(1))
    run(momentum, state, ([3.0, -1.0, 2.0, 5.0, 1.0] * 10)[:steps])
    there = carried_state(momentum, state, Adam(), np.zeros(1))
    assert isinstance(there, AdamState)
    assert there.m == pytest.approx(0.25 * state.buffer, rel=1e-12)
    assert there.m_weight == pytest.approx(1.0 - 0.75**steps, rel=1e-12)
    assert (there.v.tolist(), there.v_weight) == ([0.0], 0.0)


@pytest.mark.parametrize("steps", [1, 3, 50])
def test_from_adam_to_momentum_the_ball_rolls_as_if_it_had_for_ever(steps: int) -> None:
    """B = m̂/(1 − μ): with β₁ = μ, a buffer that never started from zero."""
    adam, momentum = Adam(beta1=0.5), Momentum(momentum=0.75)
    state = adam.fresh_state(np.zeros(1))
    run(adam, state, ([3.0, -1.0, 2.0, 5.0] * 20)[:steps])
    there = carried_state(adam, state, momentum, np.zeros(1))
    assert isinstance(there, MomentumState)
    assert there.buffer == pytest.approx(state.m / state.m_weight * 4.0, rel=1e-12)


def test_a_dampened_ball_is_carried_at_its_own_steady_speed() -> None:
    """Under a constant gradient of 6 with μ = 0.75 and τ = 0.5, the velocity is 6·0.5/0.25 = 12 at once."""
    adam = Adam()
    state = adam.fresh_state(np.zeros(1))
    run(adam, state, [6.0] * 7)
    damped = Momentum(lr=1.0, momentum=0.75, dampening=0.5)
    assert run(damped, carried_state(adam, state, damped, np.zeros(1)), [6.0] * 5) == pytest.approx(
        [12.0] * 5, rel=1e-12
    )


@pytest.mark.parametrize("old", ["momentum", "rmsprop"])
def test_a_switch_to_adam_takes_full_steps_from_the_first_on(old: str) -> None:
    """Both means are unbiased after the switch: a constant gradient moves by exactly α."""
    rule = RULES[old].model_validate({})
    state = rule.fresh_state(np.zeros(1))
    run(rule, state, [-4.0] * 9)
    adam = Adam(lr=0.5, eps=TINY)
    assert run(adam, carried_state(rule, state, adam, np.zeros(1)), [-4.0] * 20) == pytest.approx([-0.5] * 20, rel=1e-9)


def test_a_carried_switch_from_adam_to_momentum_spares_the_run_up() -> None:
    """Under a constant gradient of 2 the steady step is 2·α/(1 − μ) = 20·α; cold it is 2·α at first."""
    adam, momentum = Adam(), Momentum(lr=1.0)
    state = adam.fresh_state(np.zeros(1))
    run(adam, state, [2.0] * 5)
    assert run(momentum, carried_state(adam, state, momentum, np.zeros(1)), [2.0]) == pytest.approx([20.0], rel=1e-12)
    assert run(momentum, momentum.fresh_state(np.zeros(1)), [2.0]) == [2.0]


def test_a_carried_switch_from_adam_to_rmsprop_spares_the_long_first_steps() -> None:
    """After 1000 steps Adam's v has 63 % of its weight, so RMSProp's first step is 1.22·α; cold it is 3.16·α."""
    adam, rmsprop = Adam(), Rmsprop(lr=1.0, eps=TINY)
    state = adam.fresh_state(np.zeros(1))
    run(adam, state, [2.0] * 1000)
    carried = run(rmsprop, carried_state(adam, state, rmsprop, np.zeros(1)), [2.0])
    cold = run(rmsprop, rmsprop.fresh_state(np.zeros(1)), [2.0])
    assert (round(carried[0], 2), round(cold[0], 2)) == (1.22, 3.16)


def test_a_carried_switch_to_centered_rmsprop_does_not_divide_by_epsilon_alone() -> None:
    """Adam's v after 10 steps has 1 % of its weight and its m 65 %: cold, the first step would be 3.3·α."""
    adam, centered = Adam(), Rmsprop(lr=1.0, centered=True)
    state = adam.fresh_state(np.zeros(1))
    run(adam, state, [2.0] * 10)
    assert run(centered, carried_state(adam, state, centered, np.zeros(1)), [2.0])[0] < 10.0


def test_from_plain_gradient_descent_there_is_nothing_to_carry() -> None:
    sgd = Sgd()
    assert sgd.moments(sgd.fresh_state(np.zeros(1))) == Moments()


def test_a_carried_velocity_gets_further_in_ten_steps_than_a_cold_one() -> None:
    """Adam for 20 steps, then momentum at 0.001 on the same valley: the run-up would cost most of the ten steps."""
    losses = {}
    for carry in (True, False):
        trainer = trainer_with("adam", lr=0.01)
        for _ in range(20):
            trainer.step()
        trainer.apply({"optimizer.name": "momentum", "optimizer.lr": 0.001}, carry=carry)
        for _ in range(10):
            trainer.step()
        losses[carry] = trainer.evaluate("train").loss
    assert losses[True] < 0.9 * losses[False]


@every_pair
def test_what_nobody_set_takes_the_new_rules_own_default(old: str, new: str) -> None:
    chosen = successor(RULES[old].model_validate({}), new)
    assert chosen == RULES[new].model_validate({})


@every_pair
def test_what_a_person_set_survives_the_switch_where_the_new_rule_knows_it(old: str, new: str) -> None:
    known = {"lr": 0.125, "weight_decay": 0.25, "momentum": 0.5, "eps": 1e-3, "beta1": 0.75, "rho": 0.5}
    given = {key: value for key, value in known.items() if key in RULES[old].model_fields}
    chosen = successor(RULES[old].model_validate(given), new)
    for key in RULES[new].model_fields:
        expected = given[key] if key in given else RULES[new].model_fields[key].default
        assert getattr(chosen, key) == expected


def test_a_switch_in_training_reports_and_keeps_what_was_chosen() -> None:
    trainer = trainer_with("rmsprop", rho=0.5)
    changes = trainer.apply({"optimizer.name": "adam"})
    assert {change.key: (change.old, change.new) for change in changes} == {
        "optimizer.name": ("rmsprop", "adam"),
        "optimizer.lr": (0.01, 0.001),
    }
    trainer.apply({"optimizer.lr": 0.25})
    trainer.apply({"optimizer.name": "momentum", "optimizer.momentum": 0.5})
    rule = trainer.rule
    assert isinstance(rule, Momentum)
    assert (rule.lr, rule.momentum) == (0.25, 0.5)
    assert math.isclose(trainer.spec.optimizer.lr, 0.25)
