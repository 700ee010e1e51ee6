"""What the tests of the promises that every update rule makes run over."""

from __future__ import annotations

from typing import Any

import pytest

from engine.method.objectives import build_objective
from engine.method.optimizers import RULES, Rule
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer

every_rule = pytest.mark.parametrize("name", RULES)


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
