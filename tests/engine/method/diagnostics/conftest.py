"""Points of training at which something can be measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.method.diagnostics.point import Point, point_after
from engine.method.spec import RunSpec

MakePoint = Callable[..., Point]
"""Makes a point; a section of the spec given by name takes the place of the usual one."""


@pytest.fixture(scope="session")
def on_landscape() -> MakePoint:
    """Make a point on a landscape, at its start unless `start` says otherwise."""

    def make(function: str, *, after: int = 0, **problem: Any) -> Point:
        sections: dict[str, Any] = {key: problem.pop(key) for key in ("optimizer", "precision") if key in problem}
        spec = {"problem": {"kind": "landscape", "function": function, **problem}, **sections}
        return point_after(RunSpec.model_validate(spec), after)

    return make


@pytest.fixture(scope="session")
def of_network() -> MakePoint:
    """Make a point of a network of 2-7-5-1 tanh units, 67 parameters, on 40 samples."""

    def make(*, after: int = 0, **sections: Any) -> Point:
        usual = {
            "problem": {"kind": "dataset"},
            "data": {"name": "moons", "samples": 50},
            "model": {"hidden": [7, 5], "activation": "tanh", "loss": "binary_cross_entropy"},
            "optimizer": {"name": "sgd", "lr": 0.5},
            "batch": {"size": 8},
        }
        return point_after(RunSpec.model_validate({**usual, **sections}), after)

    return make


@pytest.fixture(scope="session")
def of_line() -> MakePoint:
    """Make a point of a linear regression with one feature, 205 training samples in batches of 8."""

    def make(*, after: int = 0, **sections: Any) -> Point:
        usual = {
            "problem": {"kind": "dataset"},
            "data": {"name": "line"},
            "optimizer": {"name": "sgd", "lr": 0.05},
            "batch": {"size": 8},
        }
        return point_after(RunSpec.model_validate({**usual, **sections}), after)

    return make
