"""The rules worked out by hand, and what a turn of a knob in mid-run must not break."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import repeat
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.method.objectives import build_objective
from engine.method.optimizers import RULES, Rule, State
from engine.method.optimizers.adadelta import Adadelta
from engine.method.optimizers.adagrad import Adagrad
from engine.method.optimizers.adam import Adam
from engine.method.optimizers.adamax import Adamax
from engine.method.optimizers.amsgrad import Amsgrad
from engine.method.optimizers.momentum import Momentum
from engine.method.optimizers.nadam import Nadam
from engine.method.optimizers.nesterov import Nesterov
from engine.method.optimizers.rmsprop import Rmsprop
from engine.method.optimizers.sgd import Sgd
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer

TINY = 1e-30
"""An ε that no figure here can see."""


LIBRARIES: tuple[Literal["torch"], Literal["keras"], Literal["optax"]] = ("torch", "keras", "optax")


def one_update(rule: Rule, state: State, gradient: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what the rule subtracts from the parameters for this gradient."""
    update = np.array(gradient, dtype=np.float64, ndmin=1)
    rule.bind(state, update).advance()
    return update


def updates_of(rule: Rule, gradients: Iterable[float]) -> list[float]:
    state = rule.fresh_state(np.zeros(1))
    return [float(one_update(rule, state, gradient)[0]) for gradient in gradients]


def test_sgd_two_steps_by_hand() -> None:
    """α = 0.5: g = 2 moves by 1, g = −4 by −2, whatever came before."""
    assert updates_of(Sgd(lr=0.5), [2.0, -4.0]) == [1.0, -2.0]


def test_momentum_two_steps_by_hand() -> None:
    """α = 0.125, μ = 0.5: b is 4, then 0.5·4 + 4 = 6."""
    assert updates_of(Momentum(lr=0.125, momentum=0.5), [4.0, 4.0]) == [0.5, 0.75]


def test_dampening_spares_the_first_gradient() -> None:
    """τ = 0.75: b is 4 in full, then 0.5·4 + 0.25·4 = 3."""
    assert updates_of(Momentum(lr=1.0, momentum=0.5, dampening=0.75), [4.0, 4.0]) == [4.0, 3.0]


def test_rmsprop_two_steps_by_hand() -> None:
    """α = 1, ρ = 0.75: g = 2 makes v = 1 and the step 2/√1; g = 5 makes v = 0.75 + 6.25 = 7 and the step 5/√7."""
    rule = Rmsprop(lr=1.0, rho=0.75, eps=TINY)
    assert updates_of(rule, [2.0, 5.0]) == pytest.approx([2.0, 5.0 / math.sqrt(7.0)], rel=1e-15)


def test_rmsprop_adds_epsilon_to_the_root() -> None:
    """ρ = 0.75, g = 2: √v = 1, and ε = 1 halves the step; inside the root it would be 2/√2."""
    assert updates_of(Rmsprop(lr=1.0, rho=0.75, eps=1.0), [2.0]) == [1.0]


def test_rmsprop_with_momentum_two_steps_by_hand() -> None:
    """ρ = 0, so every scaled gradient is a sign: b is 1, then 0.5·1 + 1 = 1.5."""
    assert updates_of(Rmsprop(lr=2.0, rho=0.0, eps=TINY, momentum=0.5), [3.0, 7.0]) == [2.0, 3.0]


def test_centered_rmsprop_two_steps_by_hand() -> None:
    """ρ = 0.5: g = 2 makes v = 2, ḡ = 1, variance 1; g = −1 makes v = 1.5, ḡ = 0, variance 1.5."""
    rule = Rmsprop(lr=1.0, rho=0.5, eps=TINY, centered=True)
    assert updates_of(rule, [2.0, -1.0]) == pytest.approx([2.0, -1.0 / math.sqrt(1.5)], rel=1e-15)


def test_adam_two_steps_by_hand() -> None:
    """β₁ = β₂ = 0.5: g = 3 has m̂ = 3, v̂ = 9; then g = 0 leaves m̂ = 0.75/0.75 = 1 and v̂ = 2.25/0.75 = 3."""
    rule = Adam(lr=0.5, beta1=0.5, beta2=0.5, eps=TINY)
    assert updates_of(rule, [3.0, 0.0]) == pytest.approx([0.5, 0.5 / math.sqrt(3.0)], rel=1e-15)


def test_adam_adds_epsilon_to_the_root_of_the_corrected_moment() -> None:
    """G = 3 and ε = 1 make 3/(3 + 1) at the first step, whatever β₂; the paper's "ε̂" form would give less."""
    assert updates_of(Adam(lr=1.0, beta2=0.999, eps=1.0), [3.0]) == pytest.approx([0.75], rel=1e-14)


def test_nesterov_two_steps_by_hand() -> None:
    """α = 0.125, μ = 0.5: b is 4 and the step 4 + 2 of it; then b is 6 and the step 4 + 3."""
    assert updates_of(Nesterov(lr=0.125, momentum=0.5), [4.0, 4.0]) == [0.75, 0.875]


def test_nesterov_without_momentum_is_plain_gradient_descent() -> None:
    assert updates_of(Nesterov(lr=0.5, momentum=0.0), [4.0, -2.0]) == [2.0, -1.0]


def test_adagrad_two_steps_by_hand() -> None:
    """G is 9, then 25: 3/3 and 4/5; with a decay of 1, the second learning rate is half."""
    assert updates_of(Adagrad(lr=1.0, eps=TINY), [3.0, 4.0]) == pytest.approx([1.0, 0.8], rel=1e-15)
    assert updates_of(Adagrad(lr=1.0, eps=TINY, lr_decay=1.0), [3.0, 4.0]) == pytest.approx([1.0, 0.4], rel=1e-15)


def test_adagrads_epsilon_and_initial_accumulator_stand_where_the_form_puts_them() -> None:
    """G₀ + G = 7 + 9 and ε = 1: torch divides 3 by √16 + 1, the others by √(16 + 1)."""
    moves = {
        form: updates_of(Adagrad(lr=1.0, eps=1.0, initial_accumulator=7.0, form=form), [3.0]) for form in LIBRARIES
    }
    root = pytest.approx([3.0 / math.sqrt(17.0)], rel=1e-15)
    assert moves == {"torch": [0.6], "keras": root, "optax": root}


@given(steps=st.integers(1, 50))
def test_under_a_constant_gradient_adagrads_step_shrinks_as_one_over_the_root_of_the_steps(steps: int) -> None:
    moves = updates_of(Adagrad(lr=2.0, eps=TINY), repeat(-5.0, steps))
    assert moves[-1] == pytest.approx(-2.0 / math.sqrt(steps), rel=1e-12)


def test_adadelta_two_steps_by_hand() -> None:
    """ρ = 0.5, ε = 1: g = √6 makes v = 3, Δ = √(6/4), d = 0.75; g = 1 makes v = 2 and Δ = √(1.75/3)."""
    rule = Adadelta(rho=0.5, eps=1.0)
    assert updates_of(rule, [math.sqrt(6.0), 1.0]) == pytest.approx([math.sqrt(1.5), math.sqrt(1.75 / 3.0)], rel=1e-14)


@pytest.mark.parametrize(("form", "first"), [("torch", 3.2e-3), ("keras", 1.4e-6)])
def test_adadeltas_first_step_is_what_epsilon_allows(form: Literal["torch", "keras"], first: float) -> None:
    assert updates_of(Adadelta(form=form), [100.0]) == pytest.approx([first], rel=0.02)


def test_the_forms_of_adadelta_differ_in_nothing_but_their_defaults() -> None:
    moves = [
        updates_of(Adadelta(lr=1.0, rho=0.7, eps=1e-3, form=form), [1.0, -2.0, 3.0])
        for form in ("torch", "keras", "paper")
    ]
    assert moves[0] == moves[1] == moves[2]


def test_rmsprops_other_forms_add_epsilon_inside_the_root() -> None:
    """ρ = 0.75, g = 2, ε = 1: outside the step is 2/(√1 + 1), inside 2/√(1 + 1)."""
    moves = {form: updates_of(Rmsprop(lr=1.0, rho=0.75, eps=1.0, form=form), [2.0]) for form in LIBRARIES}
    root = pytest.approx([math.sqrt(2.0)], rel=1e-15)
    assert moves == {"torch": [1.0], "keras": root, "optax": root}


def test_rmsprops_velocity_with_the_learning_rate_keeps_its_speed_when_that_falls() -> None:
    """ρ = 0 and μ = 0.5 under one sign: the velocity is 1, then 1.5, then 0.5·1.5 + 0.01."""
    state = Rmsprop().fresh_state(np.zeros(1))
    moves = [
        float(one_update(Rmsprop(lr=lr, rho=0.0, eps=TINY, momentum=0.5, form="keras"), state, 3.0)[0])
        for lr in (1.0, 1.0, 0.01)
    ]
    assert moves == pytest.approx([1.0, 1.5, 0.76], rel=1e-15)


def test_the_epsilon_of_keras_adam_is_not_scaled() -> None:
    """With β₁ = 0, β₂ = 0.75, g = 2: v = 1, √c₂ = 0.5; (1·0.5)·2/(1 + 1) = 0.5, and in torch's form 2/(2 + 1)."""
    rules = [Adam(lr=1.0, beta1=0.0, beta2=0.75, eps=1.0, form=form) for form in ("torch", "keras")]
    assert [updates_of(rule, [2.0]) for rule in rules] == [pytest.approx([2.0 / 3.0]), [0.5]]


def test_amsgrad_three_steps_by_hand() -> None:
    """β₁ = 0, β₂ = 0.5: v̄ = 2 from g = 2 on; c₂ is 0.5, 0.75 and 0.875. The other forms differ in the third step.

    In optax' form the maximum is that of v̂ = 4; the paper divides by √2 uncorrected from the first step on.
    """
    gradients = [2.0, 0.0, 1.0]
    found = {
        form: updates_of(Amsgrad(lr=1.0, beta1=0.0, beta2=0.5, eps=TINY, form=form), gradients)
        for form in ("torch", "keras", "optax", "paper")
    }
    corrected = pytest.approx([1.0, 0.0, math.sqrt(0.4375)], rel=1e-14)
    root = math.sqrt(2.0)
    assert found == {
        "torch": corrected,
        "keras": corrected,
        "optax": pytest.approx([1.0, 0.0, 0.5], rel=1e-14),
        "paper": pytest.approx([root, 0.0, 1.0 / root], rel=1e-14),
    }


def test_adamax_two_steps_by_hand() -> None:
    """β₁ = 0, β₂ = 0.5: u is 4, then 2."""
    assert updates_of(Adamax(lr=1.0, beta1=0.0, beta2=0.5, eps=TINY), [4.0, 1.0]) == [1.0, 0.5]


def test_adamaxs_epsilon_is_inside_the_maximum_or_beside_it() -> None:
    """β₂ = 0.5, ε = 1: torch has u = 4 + 1, then max(2.5, 1 + 1); keras divides by 4 + 1, then by 2 + 1."""
    torch, keras = (Adamax(lr=1.0, beta1=0.0, beta2=0.5, eps=1.0, form=form) for form in ("torch", "keras"))
    assert updates_of(torch, [4.0, 1.0]) == pytest.approx([0.8, 0.4], rel=1e-15)
    assert updates_of(keras, [4.0, 1.0]) == pytest.approx([0.8, 1.0 / 3.0], rel=1e-15)


def test_nadam_two_steps_by_hand() -> None:
    """β₁ = 0.5 and ψ = 0 make μ = 0.25: 2/15 + 1, then 4/21 + 4/5, as the docstring works them out."""
    rule = Nadam(lr=1.0, beta1=0.5, eps=TINY, momentum_decay=0.0)
    assert updates_of(rule, [1.0, 1.0]) == pytest.approx([17.0 / 15.0, 104.0 / 105.0], rel=1e-14)


def test_nadams_other_forms_take_a_constant_momentum_or_average_by_the_moving_one() -> None:
    """β₁ = 0.5, g = 1: optax has μ = m = 0.5, 0.5/0.75·0.5 + 1; the paper μ = 0.25, m = 0.75, 0.25/0.9375·0.75 + 1."""
    optax, paper = (Nadam(lr=1.0, beta1=0.5, eps=TINY, momentum_decay=0.0, form=form) for form in ("optax", "paper"))
    assert updates_of(optax, [1.0]) == pytest.approx([4.0 / 3.0], rel=1e-14)
    assert updates_of(paper, [1.0]) == pytest.approx([1.2], rel=1e-14)


@pytest.mark.parametrize(("form", "at_50"), [("torch", 0.454), ("keras", 0.842)])
def test_nadams_momentum_rises_slowly_in_torch_and_fast_in_keras(form: Literal["torch", "keras"], at_50: float) -> None:
    """The product of the momenta falls by μ in each step."""
    rule = Nadam(form=form)
    state = rule.fresh_state(np.zeros(1))
    for _ in range(50):
        before = state.product
        one_update(rule, state, 1.0)
    assert state.product / before == pytest.approx(at_50, abs=1e-3)


def test_adamw_two_steps_by_hand() -> None:
    """α = 0.1, λ = 0.5 under a constant slope of 1: from 2 to 1.8 to 1.61; the decay never reaches the moments."""
    spec = RunSpec.model_validate(
        {
            "problem": {"kind": "landscape", "function": "ravine", "condition": 1.0, "start": [2.0, 0.0]},
            "optimizer": {"name": "adamw", "lr": 0.1, "weight_decay": 0.5, "beta1": 0.0, "beta2": 0.0, "eps": TINY},
            "precision": "float64",
        }
    )
    trainer = Trainer(spec, build_objective(spec))
    path = []
    for _ in range(2):
        trainer.step()
        path.append(float(trainer.theta[0]))
    assert path == pytest.approx([1.8, 1.61], rel=1e-14)


@given(gradient=st.floats(1e-3, 1e3), negative=st.booleans(), steps=st.integers(1, 60))
def test_adam_moves_by_the_learning_rate_under_a_constant_gradient(gradient: float, negative: bool, steps: int) -> None:
    sign = -1.0 if negative else 1.0
    moves = updates_of(Adam(lr=0.25, eps=TINY), repeat(sign * gradient, steps))
    assert moves == pytest.approx([sign * 0.25] * steps, rel=1e-12)


def test_without_bias_correction_adam_starts_too_fast() -> None:
    """Under a constant gradient the step is 3.16·α at first, 6.5·α at t = 10 and still 1.26·α at t = 1000."""
    moves = updates_of(Adam(lr=1.0, eps=TINY, bias_correction=False), repeat(2.0, 1000))
    assert (round(moves[0], 2), round(moves[9], 1), round(moves[999], 2)) == (3.16, 6.5, 1.26)


@pytest.mark.parametrize(("rho", "factor"), [(0.9, 3.1623), (0.99, 10.0)])
def test_rmsprops_first_step_is_longer_than_the_learning_rate(rho: float, factor: float) -> None:
    assert updates_of(Rmsprop(lr=1.0, rho=rho, eps=TINY), [5.0]) == pytest.approx([factor], rel=1e-4)


betas = st.lists(st.floats(0.0, 0.9999), min_size=1, max_size=40)


@given(first=betas, second=betas)
def test_turning_a_beta_in_mid_run_keeps_both_of_adams_means_unbiased(first: list[float], second: list[float]) -> None:
    """A constant gradient of −3 has mean −3 and mean square 9, so every step is α, whatever the betas were when."""
    state = Adam().fresh_state(np.zeros(1))
    for beta1, beta2 in zip(first, second, strict=False):
        moved = one_update(Adam(lr=1.0, beta1=beta1, beta2=beta2, eps=TINY), state, -3.0)
        assert moved == pytest.approx([-1.0], rel=1e-9)
        assert state.m / state.m_weight == pytest.approx([-3.0], rel=1e-9)
        assert state.v / state.v_weight == pytest.approx([9.0], rel=1e-9)


@pytest.mark.parametrize("name", ["adamw", "amsgrad", "nadam", "adamax"])
@given(first=betas, second=betas)
def test_turning_a_beta_keeps_the_means_of_every_rule_like_adam_unbiased(
    name: str, first: list[float], second: list[float]
) -> None:
    state = RULES[name].model_validate({}).fresh_state(np.zeros(1))
    for beta1, beta2 in zip(first, second, strict=False):
        rule = RULES[name].model_validate({"beta1": beta1, "beta2": beta2})
        one_update(rule, state, -3.0)
        moments = rule.moments(state)
        assert moments.mean is not None
        assert moments.mean / moments.mean_weight == pytest.approx([-3.0], rel=1e-9)
        if moments.square is not None:
            assert moments.square / moments.square_weight == pytest.approx([9.0], rel=1e-9)


@pytest.mark.parametrize(("before", "after"), [(0.999, 0.9), (0.9, 0.999)])
def test_turning_beta2_does_not_move_the_step_by_the_factor_that_powers_would(before: float, after: float) -> None:
    """With 1 − β₂ᵗ of the new β₂, the step would be 2.5 times too long, or 7.5 times too short and long afterwards."""
    state = Adam().fresh_state(np.zeros(1))
    moves = [one_update(Adam(lr=1.0, beta2=before, eps=TINY), state, 4.0)[0] for _ in range(10)]
    moves += [one_update(Adam(lr=1.0, beta2=after, eps=TINY), state, 4.0)[0] for _ in range(40)]
    assert moves == pytest.approx([1.0] * 50, rel=1e-12)


@given(momenta=betas, dampenings=st.lists(st.floats(0.0, 0.99), min_size=40, max_size=40))
def test_turning_momentum_in_mid_run_keeps_its_mean_unbiased(momenta: list[float], dampenings: list[float]) -> None:
    """The buffer under a constant gradient of 5 is 5 times its own weight, and the mean it stands for is 5."""
    rule = Momentum()
    state = rule.fresh_state(np.zeros(1))
    for momentum, dampening in zip(momenta, dampenings, strict=False):
        rule = Momentum(lr=1.0, momentum=momentum, dampening=dampening)
        moved = one_update(rule, state, 5.0)
        moments = rule.moments(state)
        assert moments.mean is not None
        assert moments.mean / moments.mean_weight == pytest.approx([5.0], rel=1e-9)
        assert moved == pytest.approx([5.0 * rule.effective_lr(state, None, rule.lr)], rel=1e-9)


@given(rhos=betas)
def test_turning_rho_in_mid_run_keeps_the_weight_of_the_squared_gradients_right(rhos: list[float]) -> None:
    state = Rmsprop().fresh_state(np.zeros(1))
    for rho in rhos:
        one_update(Rmsprop(rho=rho, centered=True), state, -3.0)
        assert state.v == pytest.approx([9.0 * state.v_weight], rel=1e-9)
        assert state.mean == pytest.approx([-3.0 * state.mean_weight], rel=1e-9)


def test_a_turn_of_rmsprops_learning_rate_scales_its_velocity_as_well() -> None:
    """With ρ = 0 and μ = 0.5 the velocity under one sign is 1, then 1.5, then 1.75: α is not part of it."""
    state = Rmsprop().fresh_state(np.zeros(1))
    moves = [
        float(one_update(Rmsprop(lr=lr, rho=0.0, eps=TINY, momentum=0.5), state, 3.0)[0]) for lr in (1.0, 1.0, 0.01)
    ]
    assert moves == pytest.approx([1.0, 1.5, 0.0175], rel=1e-15)


def test_rmsprops_velocity_is_at_rest_when_momentum_comes_back() -> None:
    """A hundred steps one way, momentum off, and on again under a zero gradient: nothing may move."""
    state = Rmsprop().fresh_state(np.zeros(1))
    for _ in range(100):
        one_update(Rmsprop(momentum=0.9), state, 3.0)
    for _ in range(100):
        one_update(Rmsprop(momentum=0.0), state, -3.0)
    assert one_update(Rmsprop(momentum=0.9), state, 0.0) == pytest.approx([0.0])


def test_centering_again_does_not_divide_by_epsilon_alone() -> None:
    """Gradients of 10 while centered, then ±0.01 for long: on its return, a step is no longer than 10·α."""
    state = Rmsprop().fresh_state(np.zeros(1))
    for _ in range(100):
        one_update(Rmsprop(centered=True), state, 10.0)
    for step in range(300):
        one_update(Rmsprop(), state, 0.01 * (-1.0) ** step)
    assert abs(one_update(Rmsprop(lr=1.0, centered=True), state, 0.01)[0]) < 10.0


def test_where_rounding_takes_the_centered_variance_below_zero_the_step_stays_a_number() -> None:
    """A constant gradient has variance 0, and v − ḡ² comes out on either side of it."""
    moves = updates_of(Rmsprop(lr=1.0, rho=0.5, centered=True), repeat(0.1, 200))
    assert all(math.isfinite(move) and move > 0.0 for move in moves)
