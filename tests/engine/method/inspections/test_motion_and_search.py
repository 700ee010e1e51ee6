"""Where a point is going, and what its line search has looked at."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from engine.errors import InputError
from engine.method.inspections import Finding
from engine.method.optimizers import RULES
from engine.method.trainer import Trainer

MakeTrainer = Callable[..., Trainer]
Found = Callable[..., list[Finding]]


def test_the_gradient_is_that_of_the_whole_function_at_the_point(ravine: MakeTrainer, found: Found) -> None:
    """½(x² + 10y²) at (1, 1): height 5.5, gradient (1, 10), also where a step's gradient is noisy."""
    (finding,) = found("motion", ravine(noise={"gradient": 5.0}))
    assert finding.facts == {
        "point": [1.0, 1.0],
        "loss": 5.5,
        "gradient": [1.0, 10.0],
        "coast": None,
        "ball": None,
    }


def test_momentum_alone_carries_the_point_on_by_the_velocity_it_keeps(ravine: MakeTrainer, found: Found) -> None:
    """The velocity is b = (1, 10) after a step; with μ = 0.5 and α = 0.05 it coasts by −0.05·0.5·b."""
    trainer = ravine(optimizer={"name": "momentum", "lr": 0.05, "momentum": 0.5})
    trainer.step()
    (finding,) = found("motion", trainer)
    np.testing.assert_allclose(finding.facts["coast"], [-0.025, -0.25])
    assert finding.facts["ball"] is None


@pytest.mark.parametrize("form", ["torch", "keras"])
def test_nesterovs_point_is_the_look_ahead_and_its_ball_is_behind_it(
    ravine: MakeTrainer, found: Found, form: str
) -> None:
    """θ = ball − α·μ·b: after a step from (1, 1), whose own ball was there, b = (1, 10).

    The ball has moved by −α·b = (−0.05, −0.5) to (0.95, 0.5), and θ looks ahead by another half of that.
    """
    trainer = ravine(optimizer={"name": "nesterov", "lr": 0.05, "momentum": 0.5, "form": form})
    trainer.step()
    (finding,) = found("motion", trainer)
    np.testing.assert_allclose(finding.facts["point"], [0.925, 0.25])
    np.testing.assert_allclose(finding.facts["ball"], [0.95, 0.5])


@pytest.mark.parametrize("name", list(RULES))
def test_arrows_of_every_rule_are_finite_and_leave_its_memory_alone(
    ravine: MakeTrainer, found: Found, name: str
) -> None:
    def trained(*, looked_at: bool) -> list[float]:
        trainer = ravine(optimizer={"name": name, "lr": 0.01})
        numbers = []
        for _ in range(6):
            trainer.step()
            if looked_at:
                (finding,) = found("motion", trainer)
                assert finding.facts["coast"] is None or np.isfinite(finding.facts["coast"]).all()
            numbers += [*trainer.theta.tolist(), *trainer.state.weights().values()]
        return numbers

    assert trained(looked_at=True) == trained(looked_at=False)


def test_a_searchs_curve_goes_through_its_start_its_trials_and_the_accepted_step(
    ravine: MakeTrainer, found: Found
) -> None:
    """From (1, 1) down (−1, −10): φ(α) = ½((1 − α)² + 10(1 − 10α)²), φ(0) = 5.5, φ′(0) = −101."""
    trainer = ravine(line_search={"name": "armijo", "initial": 1.0})
    trainer.step()
    (finding,) = found("search", trainer)
    facts, trials = finding.facts, finding.arrays["trials"].astype(float)
    assert (facts["method"], facts["value"], facts["slope"], facts["is_curve_whole"]) == ("armijo", 5.5, -101.0, True)
    assert facts["accepted"] == trials[-1, 0]
    assert len(trials) > 1

    def by_hand(alpha: np.ndarray) -> np.ndarray:
        return 0.5 * ((1.0 - alpha) ** 2 + 10.0 * (1.0 - 10.0 * alpha) ** 2)

    np.testing.assert_allclose(trials[:, 1], by_hand(trials[:, 0]), rtol=1e-12)
    alphas = finding.arrays["alphas"].astype(float)
    assert alphas[0] == 0.0
    assert trials[:, 0].max() > alphas[-1] == pytest.approx(4.0 * facts["accepted"])  # long trials would dwarf the step
    np.testing.assert_allclose(finding.arrays["values"].astype(float), by_hand(alphas), rtol=1e-9)


@pytest.mark.parametrize("name", ["armijo", "wolfe"])
def test_the_promise_is_the_slope_that_the_search_has_asked_for(ravine: MakeTrainer, found: Found, name: str) -> None:
    """φ(0) = 5.5, φ′(0) = −101 and c₁ = 0.25: the accepted step is on the line or below."""
    trainer = ravine(line_search={"name": name, "c1": 0.25})
    trainer.step()
    (finding,) = found("search", trainer)
    assert finding.facts["promise"] == -25.25
    trials = finding.arrays["trials"].astype(float)
    assert trials[-1, 1] <= 5.5 - 25.25 * trials[-1, 0]


def test_a_search_for_the_minimum_itself_promises_no_decrease(ravine: MakeTrainer, found: Found) -> None:
    trainer = ravine(line_search={"name": "exact"})
    trainer.step()
    assert found("search", trainer)[0].facts["promise"] is None


def test_before_its_first_step_a_search_has_no_trials(ravine: MakeTrainer, found: Found) -> None:
    (finding,) = found("search", ravine(line_search={"name": "exact"}))
    assert finding.facts["accepted"] is None
    assert finding.arrays["trials"].shape == (0, 3)
    assert finding.arrays["alphas"].size == 0


def test_a_networks_search_tells_its_trials_and_no_curve_of_another_batch(moons: MakeTrainer, found: Found) -> None:
    trainer = moons(optimizer={"name": "sgd", "lr": 0.1}, line_search={"name": "armijo"})
    trainer.step()
    (finding,) = found("search", trainer)
    assert finding.facts["is_curve_whole"] is False
    assert len(finding.arrays["trials"]) >= 1
    assert finding.arrays["values"].size == 0


def test_looking_at_a_search_leaves_the_training_as_it_was(ravine: MakeTrainer, found: Found) -> None:
    def trained(*, looked_at: bool) -> list[float]:
        trainer = ravine(line_search={"name": "wolfe"}, precision="float32")
        for _ in range(4):
            trainer.step()
            if looked_at:
                found("search", trainer)
        return [*trainer.theta.tolist()]

    assert trained(looked_at=True) == trained(looked_at=False)


def test_without_a_search_there_is_nothing_to_see(ravine: MakeTrainer, found: Found) -> None:
    with pytest.raises(InputError, match="no line search"):
        found("search", ravine())
