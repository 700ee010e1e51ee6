"""The rules beyond the lecture, worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pytest

from engine.method.optimizers import Rule
from engine.method.optimizers.adabelief import Adabelief
from engine.method.optimizers.adam import Adam
from engine.method.optimizers.adan import Adan
from engine.method.optimizers.lion import Lion
from engine.method.optimizers.muon import Muon
from engine.method.optimizers.radam import Radam
from engine.method.optimizers.rprop import Rprop
from engine.method.optimizers.yogi import FIRST_SQUARE, Yogi, YogiState
from engine.subject.objective import Tensor

TINY = 1e-30
"""An ε that no figure here can see."""


def updates_of(rule: Rule, gradients: Iterable[float]) -> list[float]:
    state, updates = rule.fresh_state(np.zeros(1)), []
    for gradient in gradients:
        update = np.array([gradient])
        rule.bind(state, update).advance()
        updates.append(float(update[0]))
    return updates


def test_radam_goes_with_the_mean_until_its_second_moment_can_be_trusted() -> None:
    """β₁ = 0: five steps of α·g. ρ₆ = 1999 − 12·0.999⁶/(1 − 0.999⁶) = 5.994; then r = 0.0258."""
    *first, sixth = updates_of(Radam(lr=0.1, beta1=0.0, eps=TINY), [3.0] * 6)
    assert first == pytest.approx([0.3] * 5, rel=1e-14)
    left = 0.999**6
    length = 1999.0 - 12.0 * left / (1.0 - left)
    assert length == pytest.approx(5.9942, abs=1e-4)
    expected = math.sqrt((length - 4.0) * (length - 2.0) * 1999.0 / (1995.0 * 1997.0 * length))
    assert sixth == pytest.approx(0.1 * expected, rel=1e-9)
    assert expected == pytest.approx(0.02582, abs=1e-5)


def test_radam_with_a_short_memory_never_divides() -> None:
    """β₂ = 0.5 averages over 3 steps at most: no variance can be told from that."""
    assert updates_of(Radam(lr=0.1, beta1=0.0, beta2=0.5), [3.0] * 50) == pytest.approx([0.3] * 50)


def test_lion_moves_by_the_learning_rate_whatever_the_gradients_length() -> None:
    """β₁ = 0.5, β₂ = 0.75: m = 1 after g = 4; then 0.5·1 − 0.5·0.5 > 0, so it goes on against the new gradient."""
    assert updates_of(Lion(lr=0.1, beta1=0.5, beta2=0.75), [4.0, -0.5, -1e9]) == [0.1, 0.1, -0.1]


def test_rprop_lengthens_shortens_and_waits() -> None:
    """0.1, 0.12, then the sign changes: 0.06 and no step; then 0.06 back."""
    updates = updates_of(Rprop(lr=0.1), [3.0, 2.0, -1.0, -1.0, -5.0])
    assert updates == pytest.approx([0.1, 0.12, 0.0, -0.06, -0.072], rel=1e-14, abs=0.0)


def test_a_step_of_rprops_keeps_within_its_bounds() -> None:
    longest = updates_of(Rprop(lr=10.0), [1.0] * 30)
    assert longest[-1] == pytest.approx(50.0)
    shortest = updates_of(Rprop(lr=1e-5), [1.0, -1.0] * 40)
    assert min(abs(update) for update in shortest if update) == pytest.approx(1e-6)


@pytest.mark.parametrize("left", [0.0, 1e-300, 1e-9])
def test_what_a_schedule_leaves_of_the_rate_scales_rprops_steps_and_not_their_lengths(left: float) -> None:
    """0.1, 0.12, 0.144 and 0.1728, of which the two in the middle are made with what is left."""
    rule = Rprop(lr=0.1)
    dials, update = rule.dials(), np.zeros(1)
    bound = rule.bind(rule.fresh_state(update), update, dials)
    moves = []
    for share in (1.0, left, left, 1.0):
        dials.lr, update[:] = 0.1 * share, 3.0
        bound.advance()
        moves.append(float(update[0]))
    assert moves == pytest.approx([0.1, 0.12 * left, 0.144 * left, 0.1728], rel=1e-12, abs=0.0)


def test_adabelief_takes_long_steps_where_the_gradient_is_what_it_expected() -> None:
    """α = 0.1, β₁ = 0.5, β₂ = 0.75, g = 4: s = 0.25·2² = 1, ŝ = 4; then m = 3, s = 1, ŝ = 1/0.4375."""
    updates = updates_of(Adabelief(lr=0.1, beta1=0.5, beta2=0.75, eps=TINY), [4.0, 4.0])
    assert updates == pytest.approx([0.2, 0.4 * math.sqrt(0.4375)], rel=1e-14)


def test_yogi_forgets_a_large_gradient_by_small_steps_only() -> None:
    """From v = 4, g = 4 gives 4 + 0.25·16 = 8, then g = 1 gives 8 − 0.25·1; Adam's would be 7 and 5.5."""
    rule = Yogi(beta2=0.75)
    state = rule.fresh_state(np.zeros(1))
    assert isinstance(state, YogiState)
    assert state.v.tolist() == [FIRST_SQUARE]
    state.v[:] = 4.0
    seen = []
    for gradient in (4.0, 1.0):
        rule.bind(state, np.array([gradient])).advance()
        seen.append(float(state.v[0]))
    assert seen == [8.0, 7.75]


def test_adan_is_adam_while_the_gradient_stays_and_looks_ahead_where_it_changes() -> None:
    """β = 0.5 each, ε → 0: g = 2, 2 moves by α each. Then g = 1: Δ = −1, u = 1 − 0.5 = 0.5.

    m = (1, 1.5, 1.25), weight 0.875; d = −0.5, weight 0.875; n = (2, 3, 1.625), weight 0.875:
    (m̂ + 0.5·d̂)/√n̂ = ((1.25 − 0.25)/0.875) / √(1.625/0.875).
    """
    rule = Adan(lr=0.1, beta1=0.5, beta2=0.5, beta3=0.5, eps=TINY)
    expected = [0.1, 0.1, 0.1 * (1.0 / 0.875) / math.sqrt(1.625 / 0.875)]
    assert updates_of(rule, [2.0, 2.0, 1.0]) == pytest.approx(expected, rel=1e-14)


def orthogonal_step(gradient: np.ndarray, **fields: object) -> np.ndarray:
    rule = Muon.model_validate({"lr": 1.0, "momentum": 0.0, **fields})
    tensor = Tensor(name="weight", shape=gradient.shape, start=0, stop=gradient.size)
    update = gradient.reshape(-1).copy()
    rule.bind(rule.fresh_state(update), update, tensors=(tensor,)).advance()
    return update.reshape(gradient.shape)


@pytest.mark.parametrize("shape", [(6, 6), (9, 4), (4, 9), (1, 5), (5, 1)])
def test_muon_stretches_all_directions_alike_and_keeps_them(shape: tuple[int, int]) -> None:
    """For G = UΣVᵀ with Σ from 1 to 0.05 the step is UΣ′Vᵀ with Σ′ between 0.65 and 1.25: the polynomial's range."""
    generator = np.random.default_rng(3)
    left, _, right = np.linalg.svd(generator.normal(size=shape), full_matrices=False)
    values = np.geomspace(1.0, 0.05, len(right))
    step = orthogonal_step((left * values) @ right)
    found = left.T @ step @ right.T
    scale = math.sqrt(max(1.0, shape[1] / shape[0]))
    assert np.abs(found - np.diag(np.diag(found))).max() < 1e-12
    assert np.diag(found).min() > 0.65 * scale
    assert np.diag(found).max() < 1.25 * scale


def test_muon_can_make_entries_as_long_as_adams() -> None:
    """0.2·√max(3, 5) against √(5/3)."""
    gradient = np.random.default_rng(0).normal(size=(3, 5))
    ratio = orthogonal_step(gradient, adjust="match_rms_adamw") / orthogonal_step(gradient)
    assert ratio == pytest.approx(0.2 * math.sqrt(5.0) / math.sqrt(5.0 / 3.0), rel=1e-12)


def test_muon_takes_adams_step_for_what_is_no_matrix() -> None:
    generator = np.random.default_rng(1)
    muon, adam = Muon(lr=0.01, momentum=0.8), Adam(lr=0.01, beta1=0.8, beta2=0.95)
    mine, theirs = muon.fresh_state(np.zeros(4)), adam.fresh_state(np.zeros(4))
    bias = Tensor(name="bias", shape=(4,), start=0, stop=4)
    for _ in range(5):
        update = generator.normal(size=4)
        expected = update.copy()
        muon.bind(mine, update, tensors=(bias,)).advance()
        adam.bind(theirs, expected).advance()
        assert update == pytest.approx(expected, rel=1e-13)
