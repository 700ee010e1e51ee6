"""`gdtui graph`: every node of a typed-in function, for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Command = Callable[..., Any]


def test_the_graph_of_a_preset_is_a_table_of_its_nodes(gdtui: Command) -> None:
    shown = gdtui("graph", "circuit")
    assert (shown.code, shown.err) == (0, "")
    assert [" ".join(line.split()) for line in shown.lines] == [
        "NODE OPERATION VALUE GRADIENT LOCAL GRADIENTS",
        "x variable 1 4",
        "y variable -3 4",
        "z variable 4 -2",
        "v1 x + y -2 4 ∂v1/∂x = 1, ∂v1/∂y = 1",
        "f v1 * z -8 1 ∂f/∂v1 = 4, ∂f/∂z = -2",
    ]


def test_the_graph_of_the_neuron_has_the_lectures_figures(gdtui: Command) -> None:
    nodes = {node["name"]: node for node in map(json.loads, gdtui("graph", "backprop-circuit", "--json").lines)}
    figures = {name: round(nodes[name]["gradient"], 4) for name in ("w0", "x0", "w1", "x1", "w2")}
    assert figures == {"w0": -0.1966, "x0": 0.3932, "w1": -0.3932, "x1": -0.5898, "w2": 0.1966}
    assert round(nodes["f"]["value"], 4) == 0.7311
    assert nodes["v1"] == {
        "event": "node",
        "name": "v1",
        "operation": "*",
        "operands": ["w0", "x0"],
        "value": -2.0,
        "gradient": nodes["w2"]["gradient"],
        "local_gradients": [-1.0, 2.0],
    }


def test_a_graph_takes_the_options_of_a_run_and_names_what_is_not_finite(gdtui: Command) -> None:
    options = ["--set", 'problem.expression="log(x)**2"', "--set", "problem.start=[0]"]
    logarithm, square = map(json.loads, gdtui("graph", "circuit", "--json", *options).lines[1:])
    assert (logarithm["value"], logarithm["gradient"], logarithm["local_gradients"]) == ("-inf", "-inf", ["inf"])
    assert (square["operands"], square["local_gradients"]) == (["v1", "2"], ["-inf", None])
    assert gdtui("graph", "circuit", *options).lines[-1].endswith("∂f/∂v1 = -inf")
    single = gdtui("graph", "circuit", "--json", "--precision", "float32", "--set", "problem.start=[0.1, 0, 1]")
    assert json.loads(single.lines[0])["value"] == 0.10000000149011612


def test_a_typed_in_function_is_trained_and_its_gradient_is_checked(gdtui: Command) -> None:
    """From (1, −3, 4) one step of 0.01 against (4, 4, −2)."""
    done = gdtui("run", "circuit", "--steps", "1", "--json", "--no-record")
    started, step, *_, finished = map(json.loads, done.lines)
    assert started["tensors"] == [{"name": name, "shape": []} for name in "xyz"]
    assert (step["loss"], step["grad_norm"]) == (-8.0, 6.0)
    assert finished["parameters"] == pytest.approx([0.96, -3.04, 4.02])
    for preset in ("circuit", "backprop-circuit"):
        assert gdtui("check", preset).lines[-1].startswith("the gradient agrees")
