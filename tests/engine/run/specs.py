"""The runs that the tests of this folder start: two for a session that is stepped by hand, two for a real engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.run.directory import RunDirectory
from engine.run.process import EngineProcess

MakeRun = Callable[..., Any]
"""Starts a session on a spec, the ravine's by default, and gives it with all that it tells."""

StartRun = Callable[..., tuple[RunDirectory, EngineProcess]]
"""Starts a real engine on a spec."""

RAVINE: dict[str, Any] = {
    "problem": {"kind": "landscape", "function": "ravine", "start": [1.0, 1.0], "condition": 10},
    "optimizer": {"name": "sgd", "lr": 0.05},
    "precision": "float64",
}
"""Each step halves y and takes x to 0.95 of what it was: the losses are 5.5, 1.70125, …"""
MOONS: dict[str, Any] = {
    "problem": {"kind": "dataset"},
    "data": {"name": "moons", "samples": 50},
    "model": {"hidden": [4], "activation": "tanh"},
    "optimizer": {"name": "adam", "lr": 0.01},
    "batch": {"size": 8},
}
"""40 samples to train on make five batches an epoch."""

ENDLESS: dict[str, Any] = RAVINE | {"optimizer": {"name": "sgd", "lr": 1e-9}}
"""150,000 steps a second, none of which leads anywhere."""
NETWORK: dict[str, Any] = MOONS | {
    "data": {"name": "moons", "samples": 500},
    "model": {"hidden": [16], "activation": "tanh"},
    "batch": {"size": 20},
}
"""400 samples to train on make twenty batches an epoch."""


def limited(steps: int) -> dict[str, Any]:
    """Return the endless run with an end."""
    return ENDLESS | {"stop": {"steps": steps}}
