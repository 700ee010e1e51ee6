"""The coming step, worked out for people: it is the step that is then made, and looking changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.errors import InputError
from engine.method.objectives import build_objective
from engine.method.optimizers import RULES
from engine.method.rehearsal import rehearsed
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer

if TYPE_CHECKING:
    from tests.engine.method.conftest import MakeTrainer

every_rule = pytest.mark.parametrize("name", RULES)


def network(optimizer: dict[str, Any], **sections: Any) -> Trainer:
    """Return a network with matrices taller and wider than they are long, in batches of 7, 7, 7 and 3."""
    spec = RunSpec.model_validate(
        {
            "problem": {"kind": "dataset"},
            "data": {"name": "moons", "samples": 30},
            "model": {"hidden": [5, 3], "activation": "tanh"},
            "optimizer": {"lr": 0.01, **optimizer},
            "batch": {"size": 7},
            "precision": "float64",
            **sections,
        }
    )
    return Trainer(spec, build_objective(spec))


def variants(name: str) -> list[dict[str, Any]]:
    """Return a rule in all of its forms: as it comes, with each switch turned, and with each 0 at 0.3."""
    kind = RULES[name]
    found: list[dict[str, Any]] = []
    for form in [{"form": form} for form in kind.forms()] or [{}]:
        found.append({"name": name, **form})
        rule = kind.model_validate(form)
        for key in kind.model_fields:
            value = getattr(rule, key)
            if isinstance(value, bool):
                found.append({"name": name, **form, key: not value})
            elif value == 0.0:
                found.append({"name": name, **form, key: 0.3})
    return [*found, {"name": name, "weight_decay": 0.3, "decoupled": True}]


def worked_out_and_made(trainer: Trainer, index: int) -> tuple[float, float]:
    """Return the parameter after the coming step: as the lines have it, and as it is when the step is made."""
    lines = rehearsed(trainer, index).lines
    trainer.step()
    return lines[-1].formula.value, float(trainer.theta[index])


@every_rule
def test_what_is_worked_out_is_what_the_step_does(name: str) -> None:
    """From the first step on, for every form and switch of every rule, at an entry of each tensor in turn."""
    for optimizer in variants(name):
        trainer = network(optimizer)
        starts = [tensor.start + tensor.size // 2 for tensor in trainer.tensors]
        for step in range(14):
            index = starts[step % len(starts)]
            before = float(trainer.theta[index])
            worked_out, made = worked_out_and_made(trainer, index)
            assert worked_out == pytest.approx(made, rel=1e-14, abs=1e-12 * abs(made - before) + 1e-15), optimizer


@every_rule
def test_the_update_itself_agrees_to_twelve_digits(name: str) -> None:
    """From a start at 0 nothing is lost in the sum of parameter and update."""
    for optimizer in variants(name):
        problem = {"kind": "expression", "expression": "(x - 3)**2 + (y + 1)**4 + x*y", "start": [0.0, 0.0]}
        spec = RunSpec.model_validate({"problem": problem, "optimizer": optimizer, "precision": "float64"})
        trainer = Trainer(spec, build_objective(spec))
        line = rehearsed(trainer, 0).lines[-2]
        assert line.symbol == "Δ"
        trainer.step()
        assert line.formula.value == pytest.approx(-float(trainer.theta[0]), rel=1e-12), optimizer


@every_rule
def test_single_precision_agrees_as_far_as_it_goes(name: str) -> None:
    trainer = network({"name": name}, precision="float32")
    for _ in range(6):
        before = float(trainer.theta[3])
        worked_out, made = worked_out_and_made(trainer, 3)
        assert worked_out == pytest.approx(made, abs=3e-4 * abs(made - before) + 2e-7)


@pytest.mark.parametrize(
    "sections",
    [
        {"clip": {"norm": 0.05}},
        {"clip": {"value": 0.01}},
        {"clip": {"norm": 0.02, "value": 0.015}, "noise": {"gradient": 0.1}},
        {"noise": {"gradient": 0.5, "samples": 4}},
        {"schedule": {"name": "exponential", "gamma": 0.7}},
        {"schedule": {"name": "one_cycle", "steps": 8}},
        {"schedule": {"name": "plateau", "patience": 0, "per": "step"}},
        {"schedule": {"hold": 0.002}},
        {"schedule": {"name": "cosine", "steps": 9, "warmup": 3}},
        {"regularisation": {"l2": 0.1, "l1": 0.01, "dropout": 0.4}},
        {"line_search": {"name": "armijo"}},
        {"line_search": {"name": "wolfe"}, "noise": {"gradient": 0.2}},
    ],
    ids=str,
)
@pytest.mark.parametrize("optimizer", [{"name": "momentum"}, {"name": "adam", "weight_decay": 0.1}], ids=str)
def test_everything_around_the_rule_is_in_the_lines(optimizer: dict[str, Any], sections: dict[str, Any]) -> None:
    trainer = network(optimizer, **sections)
    for step in range(10):
        index = (7 * step) % trainer.theta.size
        worked_out, made = worked_out_and_made(trainer, index)
        assert worked_out == pytest.approx(made, rel=1e-13, abs=1e-15)


def test_a_parameter_that_would_leave_its_bounds_ends_on_them() -> None:
    """The function of Reddi et al. lives on [−1, 1], and its first line falls by C = 3 a unit or more."""
    problem = {"kind": "landscape", "function": "reddi"}
    spec = RunSpec.model_validate({"problem": problem, "optimizer": {"name": "sgd", "lr": 50.0}})
    trainer = Trainer(spec, build_objective(spec))
    found = rehearsed(trainer)
    assert found.after in (-1.0, 1.0)
    assert found.lines[-1].formula.value == found.after


def test_switching_forms_in_mid_run_is_worked_out_as_well() -> None:
    for name in ("momentum", "nesterov", "rmsprop", "amsgrad"):
        trainer = network({"name": name, "momentum": 0.9} if name != "amsgrad" else {"name": name})
        for form in ("keras", "torch", RULES[name].forms()[-1]):
            for _ in range(3):
                trainer.step()
            trainer.apply({"optimizer.form": form, "optimizer.lr": 0.02})
            worked_out, made = worked_out_and_made(trainer, 4)
            assert worked_out == pytest.approx(made, rel=1e-13), (name, form)


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"schedule": {"name": "plateau", "patience": 0, "per": "step"}, "noise": {"gradient": 0.1}},
        {"regularisation": {"dropout": 0.5}, "averaging": {"decay": 0.9}},
        {"stop": {"plateau": 5, "divergence": 2.0}, "line_search": {"name": "wolfe"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["adam", "lbfgs", "muon"])
def test_training_goes_on_bit_for_bit_when_someone_has_looked(name: str, sections: dict[str, Any]) -> None:
    watched, alone = network({"name": name}, **sections), network({"name": name}, **sections)
    for step in range(16):
        assert watched.step() == alone.step()
        if step % 3 == 1:
            rehearsed(watched)
    assert watched.theta.tobytes() == alone.theta.tobytes()
    assert watched.evaluated_theta.tobytes() == alone.evaluated_theta.tobytes()
    assert watched.evaluations == alone.evaluations
    left, right = watched.steps.take(), alone.steps.take()
    assert left is not None
    assert right is not None
    assert left.values.tobytes() == right.values.tobytes()


def test_the_last_trials_of_a_line_search_can_still_be_seen() -> None:
    trainer = network({"name": "sgd"}, line_search={"name": "armijo"})
    trainer.step()
    assert trainer.search is not None
    trials = trainer.search.trials.copy()
    rehearsed(trainer)
    assert trainer.search is not None
    assert np.array_equal(trainer.search.trials, trials)


def test_the_parameter_with_the_largest_gradient_is_the_usual_one(ravine: MakeTrainer) -> None:
    """On ½(x² + 10y²) at (1, 1) the gradient is (1, 10)."""
    found = rehearsed(ravine())
    assert (found.index, found.before, found.loss, found.step) == (1, 1.0, 5.5, 1)
    assert [(line.symbol, line.formula.value) for line in found.lines] == [("g", 10.0), ("Δ", 0.5), ("θ", 0.5)]
    assert found.after == 0.5
    assert found.effective_lr == 0.05


def test_the_effective_rate_is_that_of_the_one_parameter(ravine: MakeTrainer) -> None:
    """Adam's first step has √v̂ = |g|, so α/(√v̂ + ε) is α over the parameter's own gradient."""
    trainer = ravine(optimizer={"name": "adam", "lr": 0.1})
    assert rehearsed(trainer, 0).effective_lr == pytest.approx(0.1)
    assert rehearsed(trainer, 1).effective_lr == pytest.approx(0.01)


def test_what_muon_takes_adams_step_for_has_adams_rate(ravine: MakeTrainer) -> None:
    """A point is no matrix: at the first step α/(√v̂ + ε) is α over the gradient, 1 and 10."""
    trainer = ravine(optimizer={"name": "muon", "lr": 0.1, "weight_decay": 0.0})
    assert rehearsed(trainer, 0).effective_lr == pytest.approx(0.1)
    assert rehearsed(trainer, 1).effective_lr == pytest.approx(0.01)


def test_a_step_that_is_refused_has_no_lines() -> None:
    problem = {"kind": "expression", "expression": "log(x)", "start": [-1.0]}
    spec = RunSpec.model_validate({"problem": problem, "optimizer": {"name": "sgd"}})
    trainer = Trainer(spec, build_objective(spec))
    found = rehearsed(trainer)
    assert found.lines == ()
    assert np.isnan(found.loss)
    assert trainer.non_finite is None


def test_a_parameter_that_there_is_not_is_refused(ravine: MakeTrainer) -> None:
    with pytest.raises(InputError, match="allowed: 0 to 1"):
        rehearsed(ravine(), 2)
