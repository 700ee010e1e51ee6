"""L-BFGS: its steps by hand, how fast it is, and what enters its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.method.optimizers.lbfgs import Lbfgs, LbfgsState

if TYPE_CHECKING:
    from tests.engine.method.conftest import MakeTrainer


def updates(
    rule: Lbfgs, state: LbfgsState, gradients: list[list[float]], moves: list[list[float]]
) -> list[list[float]]:
    """Return the rule's updates for these gradients, each of which is then settled as one of these moves."""
    grad, found = np.empty(len(gradients[0])), []
    bound = rule.bind(state, grad)
    assert bound.settle is not None
    for gradient, move in zip(gradients, moves, strict=True):
        grad[:] = gradient
        bound.advance()
        found.append(grad.tolist())
        bound.settle(-np.array(move), None)
    return found


def test_in_one_dimension_the_second_step_of_a_parabola_lands_in_its_minimum() -> None:
    """From x = 4 on x²: the first step is 1 long, and the pair s = −1, y = −2 makes H = ½ at x = 3, g = 6."""
    rule, grad = Lbfgs(), np.array([8.0])
    bound = rule.bind(rule.fresh_state(grad), grad)
    bound.advance()
    assert grad.tolist() == [1.0]
    grad[:] = 6.0
    bound.advance()
    assert grad.tolist() == [3.0]


def test_rosenbrocks_minimum_is_reached_in_well_under_a_hundred_steps(ravine: MakeTrainer) -> None:
    problem = {"kind": "landscape", "function": "rosenbrock", "start": [-1.5, 2.0]}
    trainer = ravine(problem=problem, optimizer={"name": "lbfgs"})
    while trainer.evaluate("train").loss > 1e-10:
        trainer.step()
        assert trainer.step_count < 60
    assert trainer.theta.tolist() == pytest.approx([1.0, 1.0], abs=1e-4)
    assert trainer.evaluations < 3 * trainer.step_count


@pytest.mark.parametrize("memory", [1, 5])
def test_with_an_exact_search_a_quadratic_of_two_variables_takes_two_steps(ravine: MakeTrainer, memory: int) -> None:
    """The directions are then those of conjugate gradients, whatever the memory."""
    trainer = ravine(
        problem={"kind": "landscape", "function": "ravine", "condition": 50.0, "start": [3.0, -2.0]},
        optimizer={"name": "lbfgs", "memory": memory},
        line_search={"name": "exact"},
    )
    for _ in range(2):
        trainer.step()
    assert trainer.theta.tolist() == pytest.approx([0.0, 0.0], abs=1e-9)


def test_a_pair_of_the_wrong_curvature_is_left_out() -> None:
    """The gradient falls along the move that it pointed against: y = −2·s, so the next step is again down the slope."""
    state = Lbfgs().fresh_state(np.zeros(2))
    found = updates(Lbfgs(), state, [[4.0, 0.0], [6.0, 0.0], [0.0, 2.0]], [[-1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    assert found[1] == [1.0, 0.0]
    assert (state.pairs, state.awaits) == (1, True)
    # After the second move y = (−6, 2), and s = (0, 1) has sᵀy = 2: that one enters. By hand: q = g − y = (6, 0), times
    # γ = 2/40 is (0.3, 0), and s·(1 − yᵀ(0.3, 0)/2) = (0, 1.9) comes on top.
    assert found[2] == pytest.approx([0.3, 1.9], rel=1e-15)


def test_what_is_left_of_a_shorter_memory_are_the_newest_pairs() -> None:
    """With the same moves behind them, a memory that was cut to 2 steps as one that was never longer."""
    generator = np.random.default_rng(3)
    moves = generator.normal(size=(6, 3))
    # Gradients of ½·θᵀAθ along the way, A = diag(1, 5, 20).
    gradients = np.cumsum(np.vstack([np.ones(3), moves[:-1] * [1.0, 5.0, 20.0]]), axis=0)
    long, short = Lbfgs(memory=4), Lbfgs(memory=2)
    cut, never, whole = (rule.fresh_state(np.zeros(3)) for rule in (long, short, long))
    updates(long, cut, gradients[:5].tolist(), moves[:5].tolist())
    updates(short, never, gradients[:5].tolist(), moves[:5].tolist())
    updates(long, whole, gradients[:5].tolist(), moves[:5].tolist())
    last = gradients[5:].tolist(), moves[5:].tolist()
    expected = updates(short, never, *last)
    assert updates(short, cut, *last) == expected
    assert updates(long, whole, *last) != expected


def test_the_memory_can_be_turned_up_and_down_in_mid_run(ravine: MakeTrainer) -> None:
    problem = {"kind": "landscape", "function": "rosenbrock", "start": [-1.5, 2.0]}
    trainer = ravine(problem=problem, optimizer={"name": "lbfgs", "memory": 3})
    for memory in (8, 1, 5, 2):
        for _ in range(6):
            trainer.step()
        trainer.apply({"optimizer.memory": memory})
    for _ in range(15):
        trainer.step()
    assert trainer.evaluate("train").loss < 1e-8


def test_with_a_search_a_pair_compares_two_gradients_of_one_batch(moons: MakeTrainer) -> None:
    """Batches of 7 of 24 samples: the gradient of the next batch would be another one altogether."""
    sections: dict[str, Any] = {"optimizer": {"name": "lbfgs", "weight_decay": 0.1}, "clip": {"value": 0.2}}
    trainer, twin = moons(**sections), moons(**sections)
    compared = 0
    for _ in range(12):
        batch = twin.batches.take()
        gradients = []
        for step in (False, True):
            if step:
                trainer.step()
            grad = np.empty_like(trainer.theta)
            trainer.objective.bind(trainer.theta, grad).loss_and_gradient(batch)
            gradients.append(np.clip(grad, -0.2, 0.2) + 0.1 * trainer.theta)
        state = trainer.state
        assert isinstance(state, LbfgsState)
        if not state.awaits and state.pairs:
            compared += 1
            assert state.turns[state.newest] == pytest.approx(gradients[1] - gradients[0], abs=1e-12)
    assert compared > 5


def test_a_small_network_on_all_samples_is_fitted_faster_than_by_adam(moons: MakeTrainer) -> None:
    sections: dict[str, Any] = {"data": {"name": "moons", "samples": 200}, "batch": {"size": "full"}}
    quick = moons(**sections, optimizer={"name": "lbfgs"})
    usual = moons(**sections, optimizer={"name": "adam", "lr": 0.03})
    while quick.evaluations < 150:
        quick.step()
    for _ in range(quick.evaluations):
        usual.step()
    assert quick.evaluate("train").loss < 0.5 * usual.evaluate("train").loss


def test_lbfgs_comes_with_the_wolfe_search_unless_someone_says_otherwise(ravine: MakeTrainer) -> None:
    trainer = ravine()
    assert trainer.search is None
    trainer.apply({"optimizer.name": "lbfgs"})
    assert trainer.spec.search_method == "wolfe"
    assert trainer.search is not None
    trainer.apply({"line_search.name": "none"})
    assert trainer.search is None
    trainer.apply({"line_search.name": "auto", "optimizer.name": "adam"})
    assert trainer.search is None
