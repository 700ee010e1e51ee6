"""The graph of a function: what is on its nodes after a pass forward and a pass backward."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.subject.expression.graph import Reading, Tape
from engine.subject.expression.parse import parse


def nodes(text: str, *point: float) -> dict[str, Reading]:
    return {reading.name: reading for reading in parse(text).at(point)}


def test_the_circuit_of_two_gates_as_the_lecture_draws_it() -> None:
    """At (1, −3, 4) the sum is −2 and gets the gradient z = 4, which it hands on; z gets −2."""
    found = nodes("(x + y)*z", 1.0, -3.0, 4.0)
    assert list(found) == ["x", "y", "z", "v1", "f"]
    assert {name: (node.value, node.gradient) for name, node in found.items()} == {
        "x": (1.0, 4.0),
        "y": (-3.0, 4.0),
        "z": (4.0, -2.0),
        "v1": (-2.0, 4.0),
        "f": (-8.0, 1.0),
    }
    assert found["v1"].formula == "x + y"
    assert found["v1"].local_gradients == (1.0, 1.0)
    assert (found["f"].operation, found["f"].operands, found["f"].local_gradients) == ("*", ("v1", "z"), (4.0, -2.0))


def test_the_neuron_of_the_lecture() -> None:
    """σ(1) = 0.7311 and σ′ = 0.1966, which the products hand on times the other factor."""
    found = nodes("sigmoid(w0*x0 + w1*x1 + w2)", 2.0, -1.0, -3.0, -2.0, -3.0)
    gradients = {name: round(node.gradient, 4) for name, node in found.items() if node.operation == "variable"}
    assert gradients == {"w0": -0.1966, "x0": 0.3932, "w1": -0.3932, "x1": -0.5898, "w2": 0.1966}
    assert [found[name].value for name in ("v1", "v2", "v3", "v4")] == [-2.0, 6.0, 4.0, 1.0]
    assert round(found["f"].value, 4) == 0.7311
    assert found["f"].local_gradients == pytest.approx((0.1966,), abs=5e-5)


def test_a_node_that_is_used_twice_adds_up_what_comes_in() -> None:
    """x·x + 3x at 5: 5 + 5 + 3."""
    found = nodes("x*x + 3*x", 5.0)
    assert found["x"].gradient == 13.0
    assert found["v1"].local_gradients == (5.0, 5.0)


def test_equal_subexpressions_are_one_node() -> None:
    """(x + y)² + (x + y) at (1, 2): the sum is there once, with 2·3 from the square and 1 from the other side."""
    found = nodes("(x + y)**2 + (x + y)", 1.0, 2.0)
    assert list(found) == ["x", "y", "v1", "v2", "f"]
    assert found["v1"].gradient == 7.0


def test_a_constant_has_no_local_gradient_and_what_has_no_variable_is_one_constant() -> None:
    found = nodes("2*pi*x + x**2*(3 - 1)", 3.0)
    assert [node.formula for node in found.values()] == [
        "variable",
        f"{2 * math.pi} * x",
        "x ** 2",
        "v2 * 2",
        "v1 + v3",
    ]
    assert found["v2"].local_gradients == (6.0, None)
    assert found["v3"].operands == ("v2", "2")
    assert [node.name for node in parse("2*pi*x").nodes] == [str(2 * math.pi), "x", "f"]


def test_no_node_takes_the_name_of_a_variable() -> None:
    assert list(nodes("f*v1 + v3", 1.0, 2.0, 3.0)) == ["f", "v1", "v3", "v2", "v4"]


def test_the_function_may_be_a_variable_itself() -> None:
    (node,) = parse("x").at((3.0,))
    assert (node.name, node.formula, node.value, node.gradient) == ("x", "variable", 3.0, 1.0)


@pytest.mark.parametrize(
    ("text", "formula"),
    [("-x", "-x"), ("x - y", "x - y"), ("x**y", "x ** y"), ("exp(x)", "exp(x)"), ("min(x, 0.5)", "min(x, 0.5)")],
)
def test_a_node_says_what_it_does_as_people_write_it(text: str, formula: str) -> None:
    graph = parse(text)
    assert graph.at([1.0] * len(graph.variables))[-1].formula == formula


def test_a_second_pass_leaves_nothing_of_the_first() -> None:
    tape = Tape(parse("x*y"))
    for point, slope in (((2.0, 3.0), [3.0, 2.0]), ((5.0, 7.0), [7.0, 5.0])):
        tape.forward(point)
        assert tape.backward() == slope


DEEP = "tanh(x*y + z)**2/(1 + exp(-x)) + log(1 + z**2)*sin(x - 2*y) + sqrt(y**2 + 0.5)*max(x, z) + softplus(x)*abs(z)"


@given(*[st.floats(-2.0, 2.0)] * 3)
def test_the_gradient_through_many_nodes_is_the_slope_that_central_differences_find(
    x: float, y: float, z: float
) -> None:
    """The differences of h and 2h differ by three times the shorter one's truncation error."""
    assume(abs(x - z) > 1e-2 and abs(z) > 1e-2)
    graph = parse(DEEP)
    point = [x, y, z]

    def across(place: int, step: float) -> float:
        ahead, behind = list(point), list(point)
        ahead[place] += step
        behind[place] -= step
        return (graph.at(ahead)[-1].value - graph.at(behind)[-1].value) / (ahead[place] - behind[place])

    for place, reading in enumerate(graph.at(point)[:3]):
        short, long = across(place, 1e-4), across(place, 2e-4)
        assert abs(reading.gradient - short) <= abs(long - short) + 1e-9


def test_sides_change_only_where_the_function_has_a_corner_or_an_edge() -> None:
    tape = Tape(parse("relu(x) + max(x, y)*exp(y)"))
    sides = []
    for point in ((1.0, 2.0), (0.5, 3.0), (-1.0, 2.0), (1.0, 0.5)):
        tape.forward(point)
        sides.append(tape.sides())
    assert sides[0] == sides[1]
    assert sides[2] != sides[0] != sides[3] != sides[2]
