"""Line searches: the figures of the textbook, the conditions they promise, and what they leave to a run."""

from __future__ import annotations

import math
import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import InputError
from engine.method.objectives import build_objective
from engine.method.optimizers import RULES
from engine.method.spec import checked_spec
from engine.method.trainer import Trainer
from engine.subject.landscapes import BoundLandscape

if TYPE_CHECKING:
    from tests.engine.method.conftest import MakeTrainer, Take, TakeSeries

METHODS = ["exact", "armijo", "wolfe"]
C1, C2 = 1e-4, 0.9

every_method = pytest.mark.parametrize("method", METHODS)
every_rule = pytest.mark.parametrize("rule", RULES)


def rosenbrock(point: NDArray[Any]) -> tuple[float, NDArray[Any]]:
    """Return value and gradient of (1 − x)² + 100(y − x²)², expanded."""
    x, y = (float(value) for value in point)
    value = 100 * x**4 - 200 * x**2 * y + 100 * y**2 + x**2 - 2 * x + 1
    return value, np.array([400 * x**3 - 400 * x * y + 2 * x - 2, 200 * y - 200 * x**2])


def valley(make: MakeTrainer, method: str, **sections: Any) -> Trainer:
    """Return a trainer on Rosenbrock's function from (−1.5, 2)."""
    problem = {"kind": "landscape", "function": "rosenbrock", "start": [-1.5, 2.0]}
    return make(**{"problem": problem, "optimizer": {"name": "sgd"}, "line_search": {"name": method}, **sections})


def test_exact_steepest_descent_takes_the_steps_of_the_textbook(ravine: MakeTrainer) -> None:
    """½(x² + 10y²) from (10, 1): every α is 2/11, f falls by ((κ − 1)/(κ + 1))² = 0.6694, and every turn is square."""
    problem = {"kind": "landscape", "function": "ravine", "condition": 10.0, "start": [10.0, 1.0]}
    trainer = ravine(problem=problem, line_search={"name": "exact"})
    moves, heights = [], [trainer.evaluate("train").loss]
    for _ in range(20):
        before = trainer.theta.copy()
        trainer.step()
        assert trainer.dials.lr == pytest.approx(2 / 11, rel=1e-12)
        moves.append(trainer.theta - before)
        heights.append(trainer.evaluate("train").loss)
    for higher, lower in pairwise(heights):
        assert lower / higher == pytest.approx((9 / 11) ** 2, rel=1e-12)
    for one, other in pairwise(moves):
        assert one.dot(other) == pytest.approx(0.0, abs=1e-12 * one.dot(one))


def test_an_exact_search_ends_where_the_new_gradient_is_square_to_the_direction(ravine: MakeTrainer) -> None:
    trainer = valley(ravine, "exact")
    for _ in range(40):
        _, before = rosenbrock(trainer.theta)
        trainer.step()
        value, after = rosenbrock(trainer.theta)
        assert abs(after.dot(before)) < 1e-7 * before.dot(before)
    assert value < 1.0


def test_backtracking_takes_the_longest_trial_that_falls_enough(ravine: MakeTrainer) -> None:
    """c₁ = 1e-4 and ρ = ½ on Rosenbrock's function: α is a power of ½, and twice as long would not do."""
    trainer = valley(ravine, "armijo")
    lengths = set()
    for _ in range(200):
        start = trainer.theta.copy()
        before, slope = rosenbrock(start)
        trainer.step()
        alpha = trainer.dials.lr
        assert math.frexp(alpha)[0] == 0.5
        assert rosenbrock(trainer.theta)[0] <= before - C1 * alpha * slope.dot(slope)
        if alpha < 1.0:
            assert rosenbrock(start - 2 * alpha * slope)[0] > before - C1 * 2 * alpha * slope.dot(slope)
        lengths.add(alpha)
    assert len(lengths) > 2


PROBLEMS: dict[str, dict[str, Any]] = {
    "ravine": {"problem": {"kind": "landscape", "function": "ravine", "start": [1.0, -0.3]}},
    "rosenbrock": {"problem": {"kind": "landscape", "function": "rosenbrock"}},
    "network": {
        "problem": {"kind": "dataset"},
        "data": {"name": "moons", "samples": 60},
        "model": {"hidden": [6], "activation": "tanh"},
        "batch": {"size": 20},
    },
}


@every_rule
@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_strong_wolfe_conditions_hold_at_the_end_of_every_step(problem: str, rule: str) -> None:
    sections = {"optimizer": {"name": rule}, "line_search": {"name": "wolfe"}, "precision": "float64"}
    spec = checked_spec({**PROBLEMS[problem], **sections}, "test")
    trainer, twin = (Trainer(spec, build_objective(spec)) for _ in range(2))
    point, grad = trainer.theta.copy(), np.empty_like(trainer.theta)
    bound = trainer.objective.bind(point, grad)
    held = 0
    for _ in range(25):
        batch = twin.batches.take()
        start = trainer.theta.copy()
        np.copyto(point, start)
        before = bound.loss_and_gradient(batch)
        slope = grad.copy()
        trainer.step()
        np.copyto(point, trainer.theta)
        after = bound.loss_and_gradient(batch)
        move = trainer.theta - start
        assert after <= before
        assert trainer.search is not None
        if trainer.search.made == trainer.spec.line_search.evaluations or np.abs(slope).max() < 1e-6:
            continue
        held += 1
        # A move is θ₁ − θ₀ rounded, so its slope is known to that much of the terms in it.
        rounding = 1e-12 * np.abs(move).sum() * (np.abs(slope).max() + np.abs(grad).max())
        assert after <= before + C1 * slope.dot(move) + rounding + 1e-15 * abs(before)
        assert abs(grad.dot(move)) <= C2 * abs(slope.dot(move)) + rounding
    assert held > 1


@every_rule
@every_method
def test_no_step_of_any_rule_leads_uphill_on_its_own_batch(moons: MakeTrainer, rule: str, method: str) -> None:
    trainer = moons(optimizer={"name": rule}, line_search={"name": method}, batch={"size": "full"})
    heights = []
    for _ in range(30):
        heights.append(trainer.evaluate("train").loss)
        trainer.step()
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] < 0.9 * heights[0]


def test_an_exact_search_in_single_precision_knows_when_to_stop(moons: MakeTrainer, ravine: MakeTrainer) -> None:
    """Rounding leaves a slope of some 1e-7 of the first one: a search for less would use up its evaluations."""
    network = moons(line_search={"name": "exact"}, batch={"size": "full"}, precision="float32")
    bowl = ravine(line_search={"name": "exact"}, precision="float32")
    for trainer, most in ((network, 14), (bowl, 3)):
        for _ in range(8):
            trainer.step()
        assert trainer.evaluations <= 8 * most


@every_method
def test_every_evaluation_is_counted(ravine: MakeTrainer, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    called = []
    original = BoundLandscape.loss_and_gradient

    def counting(self: BoundLandscape, batch: Any) -> float:
        called.append(1)
        return original(self, batch)

    monkeypatch.setattr(BoundLandscape, "loss_and_gradient", counting)
    trainer = valley(ravine, method)
    for _ in range(15):
        trainer.step()
    assert trainer.evaluations == len(called) > 30
    trainer.reset(keep=True)
    assert trainer.evaluations == 0


@every_method
def test_the_trials_of_the_last_search_lie_on_the_function_along_its_direction(
    ravine: MakeTrainer, method: str
) -> None:
    trainer = valley(ravine, method)
    for _ in range(3):
        start = trainer.theta.copy()
        trainer.step()
    assert trainer.search is not None
    trials = trainer.search.trials
    _, slope = rosenbrock(start)
    assert len(trials) == trainer.search.made > 1
    for alpha, value, change in trials.tolist():
        expected, grad = rosenbrock(start - alpha * slope)
        assert value == pytest.approx(expected, rel=1e-9)
        assert change == pytest.approx(-float(grad.dot(slope)), rel=1e-9, abs=1e-9 * float(slope.dot(slope)))
    assert trainer.dials.lr in trials[:, 0]


def test_a_rule_that_points_uphill_is_replaced_by_the_gradient_and_that_is_counted(ravine: MakeTrainer) -> None:
    trainer = valley(ravine, "armijo", optimizer={"name": "momentum"})
    seen = 0
    for _ in range(60):
        start, astray = trainer.theta.copy(), trainer.astray
        trainer.step()
        if trainer.astray > astray:
            seen += 1
            _, slope = rosenbrock(start)
            assert start - trainer.theta == pytest.approx(trainer.dials.lr * slope, rel=1e-9)
    assert seen == trainer.astray > 0


@every_method
def test_the_search_is_on_the_loss_with_its_decay(ravine: MakeTrainer, method: str) -> None:
    """½‖θ‖² with λ = 3 is 2·‖θ‖², whose minimum is at α = ¼."""
    sections: dict[str, Any] = {
        "problem": {"kind": "landscape", "function": "ravine", "condition": 1.0, "start": [3.0, 4.0]},
        "optimizer": {"name": "sgd", "weight_decay": 3.0},
    }
    trainer = ravine(**sections, line_search={"name": method, "c2": 1e-3, "initial": 0.125})
    trainer.step()
    expected = {"exact": 0.25, "wolfe": 0.25, "armijo": 0.125}[method]
    assert trainer.dials.lr == pytest.approx(expected, rel=1e-12)
    assert trainer.search is not None
    # At α = ⅛ θ is half as long: 2·(5/2)² less the decay at the start, and the slope is −(4·5/2)·(4·5).
    assert trainer.search.trials[0].tolist() == pytest.approx([0.125, 12.5 - 37.5, -200.0])


def test_an_exact_search_ends_in_the_minimum_of_the_noisy_loss(ravine: MakeTrainer) -> None:
    """½‖θ‖² + ξᵀθ is lowest at −ξ; that is where a step of length 1 ends as well."""
    sections: dict[str, Any] = {
        "problem": {"kind": "landscape", "function": "ravine", "condition": 1.0, "start": [3.0, 4.0]},
        "noise": {"gradient": 2.0},
    }
    searched = ravine(**sections, line_search={"name": "exact", "initial": 0.1})
    fixed = ravine(**sections, optimizer={"name": "sgd", "lr": 1.0})
    for trainer in (searched, fixed):
        trainer.step()
    assert searched.theta == pytest.approx(fixed.theta, rel=1e-12)
    assert searched.dials.lr == pytest.approx(1.0, rel=1e-12)


@every_method
def test_where_no_trial_is_lower_nothing_moves(ravine: MakeTrainer, series: TakeSeries, method: str) -> None:
    """A first trial of a million leads a million miles away, and one trial is all that is allowed."""
    trainer = valley(ravine, method, line_search={"name": method, "initial": 1e6, "evaluations": 1})
    start = trainer.theta.copy()
    trainer.step()
    assert np.array_equal(trainer.theta, start)
    assert trainer.evaluations == 2
    assert series(trainer, "lr") == [0.0]


@every_method
def test_a_trial_whose_loss_overflows_is_just_too_far(ravine: MakeTrainer, method: str) -> None:
    """From x = 1e40 the gradient is 4e122, and the loss there has no number."""
    problem = {"kind": "landscape", "function": "rosenbrock", "start": [1e40, 0.0]}
    trainer = valley(ravine, method, problem=problem, line_search={"name": method, "evaluations": 1000})
    before = trainer.evaluate("train").loss
    with np.errstate(over="ignore"):
        for _ in range(3):
            trainer.step()
    assert trainer.non_finite is None
    assert trainer.evaluate("train").loss < before


@every_method
def test_at_the_minimum_a_search_stays(ravine: MakeTrainer, method: str) -> None:
    problem = {"kind": "landscape", "function": "rosenbrock", "start": [1.0, 1.0]}
    trainer = valley(ravine, method, problem=problem)
    trainer.step()
    assert trainer.theta.tolist() == [1.0, 1.0]
    assert (trainer.evaluations, trainer.astray) == (1, 0)


@every_rule
@every_method
def test_a_restored_snapshot_goes_on_bit_for_bit(moons: MakeTrainer, taken: Take, rule: str, method: str) -> None:
    sections: dict[str, Any] = {"optimizer": {"name": rule}, "line_search": {"name": method}}
    original, elsewhere = moons(**sections), moons(**sections)
    for _ in range(5):
        original.step()
    snapshot = original.snapshot()
    taken(original)
    elsewhere.step()
    elsewhere.restore(snapshot)
    for trainer in (original, elsewhere):
        for _ in range(6):
            trainer.step()
    assert np.array_equal(original.theta, elsewhere.theta)
    assert taken(original).values.tobytes() == taken(elsewhere).values.tobytes()
    assert (original.evaluations, original.astray) == (elsewhere.evaluations, elsewhere.astray)


def test_a_search_can_be_switched_on_and_off_between_two_steps(ravine: MakeTrainer) -> None:
    """Off again, the rule's own learning rate holds from the very next step."""
    trainer = ravine()
    trainer.step()
    trainer.apply({"line_search.name": "exact"})
    trainer.step()
    assert trainer.evaluations > 2
    assert trainer.dials.lr != 0.05
    trainer.apply({"line_search.name": "none"})
    x, y = trainer.theta.tolist()
    trainer.step()
    assert trainer.theta.tolist() == pytest.approx([x - 0.05 * x, y - 0.05 * 10 * y], rel=1e-15)
    assert trainer.dials.lr == 0.05


def test_the_learning_rate_is_the_length_that_was_found(ravine: MakeTrainer, series: TakeSeries) -> None:
    """So it does not matter which one the rule had."""
    short, long = (ravine(optimizer={"name": "adam", "lr": lr}, line_search={"name": "wolfe"}) for lr in (1e-3, 10.0))
    for trainer in (short, long):
        for _ in range(10):
            trainer.step()
    assert np.array_equal(short.theta, long.theta)
    lengths = series(short, "lr")
    assert lengths == series(long, "lr")
    assert len(set(lengths)) > 1


@every_method
def test_a_step_with_a_search_makes_nothing_even_for_a_moment(moons: MakeTrainer, method: str) -> None:
    """The weights here have 80 kB in float64; the numbers of a search live for a moment."""
    trainer = moons(model={"hidden": [2500], "activation": "tanh"}, line_search={"name": method}, batch={"size": 4})
    while trainer.step():
        pass
    trainer.step()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(4):
        trainer.step()
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 4096
    assert peak - before < 8192


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "newton"}, "line_search.name = 'newton'; allowed: one of \"auto\""),
        ({"c1": 0.9, "c2": 0.1}, "line_search.c2 = 0.1; allowed: a number > line_search.c1, here 0.9"),
        ({"shrink": 1.0}, "line_search.shrink = 1.0; allowed: a number ≥ 0.01 and ≤ 0.99"),
        ({"initial": 0.0}, "line_search.initial = 0.0; allowed: a number ≥ 1e-12 and ≤ 1000000"),
        ({"evaluations": 0}, "line_search.evaluations = 0; allowed: a whole number ≥ 1 and ≤ 1000"),
        ({"steps": 3}, "line_search.steps = 3; allowed: only name, c1, c2, shrink, initial, evaluations"),
    ],
)
def test_what_a_search_cannot_use_is_refused_in_one_line(
    ravine: MakeTrainer, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError) as refusal:
        checked_spec({"problem": {"kind": "landscape"}, "line_search": fields}, "lesson.toml")
    assert str(refusal.value).startswith("lesson.toml: " + said)
    with pytest.raises(InputError) as refusal:
        ravine().apply({f"line_search.{name}": value for name, value in fields.items()})
    assert said.split(";")[0] in str(refusal.value)


def test_backtracking_may_have_any_two_constants() -> None:
    checked_spec({"problem": {"kind": "landscape"}, "line_search": {"name": "armijo", "c1": 0.5, "c2": 0.1}}, "test")
