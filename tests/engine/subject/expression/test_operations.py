"""The operations of a graph: right slopes everywhere, and a number for every operand, were it nan."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.subject.expression.graph import OPERATIONS
from engine.subject.expression.operations import FUNCTIONS, SIGNS, Operation

INF, NAN = math.inf, math.nan

SMOOTH: dict[str, tuple[tuple[float, float], ...]] = {
    **dict.fromkeys(("+", "-", "*"), ((-3.0, 3.0), (-3.0, 3.0))),
    "/": ((-3.0, 3.0), (0.5, 3.0)),
    "**": ((0.5, 2.0), (-3.0, 3.0)),
    **dict.fromkeys(("neg", "exp", "expm1", "sin", "cos", "atan"), ((-3.0, 3.0),)),
    **dict.fromkeys(("sinh", "cosh", "tanh", "sigmoid", "softplus"), ((-3.0, 3.0),)),
    **dict.fromkeys(("log", "sqrt", "relu", "abs"), ((0.5, 3.0),)),
    "log1p": ((-0.5, 3.0),),
    "tan": ((-1.2, 1.2),),
    **dict.fromkeys(("asin", "acos"), ((-0.8, 0.8),)),
    **dict.fromkeys(("min", "max"), ((-3.0, -0.5), (0.5, 3.0))),
}
"""Of each operation a box in which it is smooth, one side an operand."""


def slopes(operation: Operation, *operands: float) -> list[float]:
    value = operation.value(*operands)
    return [slope(*operands, value) for slope in operation.slopes]


def same(found: float, wanted: float) -> bool:
    return found == wanted or (math.isnan(found) and math.isnan(wanted))


def difference(operation: Operation, operands: list[float], index: int) -> tuple[float, float]:
    """Return a derivative by central differences, and how far from the truth it can be.

    The truncation error grows with the square of the step: those of h and 2h differ by three times the shorter one's.
    """
    width = 1e-4

    def across(step: float) -> float:
        ahead, behind = list(operands), list(operands)
        ahead[index] += step
        behind[index] -= step
        return (operation.value(*ahead) - operation.value(*behind)) / (ahead[index] - behind[index])

    short, long = across(width), across(2.0 * width)
    rounding = 16.0 * sys.float_info.epsilon * (abs(operation.value(*operands)) + 1.0) / width
    return short, abs(long - short) + rounding


def test_every_operation_has_a_box_in_which_its_slopes_are_tested() -> None:
    assert SMOOTH.keys() == OPERATIONS.keys() == SIGNS.keys() | FUNCTIONS.keys()
    assert all(len(SMOOTH[name]) == len(operation.slopes) for name, operation in OPERATIONS.items())


@pytest.mark.parametrize("name", OPERATIONS)
@given(data=st.data())
def test_every_local_gradient_is_the_slope_that_central_differences_find(name: str, data: st.DataObject) -> None:
    operation = OPERATIONS[name]
    operands = [data.draw(st.floats(*side)) for side in SMOOTH[name]]
    for index, slope in enumerate(slopes(operation, *operands)):
        wanted, tolerance = difference(operation, operands, index)
        assert tolerance < 1e-4, "a tolerance this wide would let a wrong gradient pass"
        assert abs(slope - wanted) <= tolerance


@pytest.mark.parametrize(
    ("name", "operands", "value", "local"),
    [
        ("+", (2.0, 3.0), 5.0, (1.0, 1.0)),
        ("-", (2.0, 3.0), -1.0, (1.0, -1.0)),
        ("*", (2.0, 3.0), 6.0, (3.0, 2.0)),
        ("/", (3.0, 2.0), 1.5, (0.5, -0.75)),
        ("**", (3.0, 2.0), 9.0, (6.0, 9.0 * math.log(3.0))),
        ("**", (4.0, 0.5), 2.0, (0.25, 2.0 * math.log(4.0))),
        ("neg", (2.0,), -2.0, (-1.0,)),
        ("exp", (0.0,), 1.0, (1.0,)),
        ("expm1", (0.0,), 0.0, (1.0,)),
        ("expm1", (-40.0,), -1.0, (4.248354255291589e-18,)),
        ("log", (4.0,), math.log(4.0), (0.25,)),
        ("log1p", (3.0,), math.log(4.0), (0.25,)),
        ("sqrt", (4.0,), 2.0, (0.25,)),
        ("sin", (0.0,), 0.0, (1.0,)),
        ("cos", (0.0,), 1.0, (0.0,)),
        ("tan", (0.0,), 0.0, (1.0,)),
        ("asin", (0.6,), 0.6435011087932844, (1.25,)),
        ("acos", (0.6,), 0.9272952180016123, (-1.25,)),
        ("atan", (2.0,), 1.1071487177940904, (0.2,)),
        ("sinh", (0.0,), 0.0, (1.0,)),
        ("cosh", (0.0,), 1.0, (0.0,)),
        ("tanh", (0.0,), 0.0, (1.0,)),
        ("sigmoid", (0.0,), 0.5, (0.25,)),
        ("softplus", (0.0,), math.log(2.0), (0.5,)),
        ("relu", (2.0,), 2.0, (1.0,)),
        ("relu", (-2.0,), 0.0, (0.0,)),
        ("abs", (-2.0,), 2.0, (-1.0,)),
        ("min", (2.0, 3.0), 2.0, (1.0, 0.0)),
        ("max", (2.0, 3.0), 3.0, (0.0, 1.0)),
    ],
)
def test_values_and_local_gradients_worked_out_by_hand(
    name: str, operands: tuple[float, ...], value: float, local: tuple[float, ...]
) -> None:
    """The arcs at 0.6 have the slope 1/√(1 − 0.36) = 1.25; of a quotient, −3/2² = −0.75."""
    assert OPERATIONS[name].value(*operands) == pytest.approx(value, rel=1e-15)
    assert slopes(OPERATIONS[name], *operands) == pytest.approx(local, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "operands", "value", "local"),
    [
        # A square at 0 and left of it: the gradient by the base does not take the logarithm's way.
        ("**", (0.0, 2.0), 0.0, (0.0, 0.0)),
        ("**", (-3.0, 2.0), 9.0, (-6.0, NAN)),
        ("**", (0.0, 1.0), 0.0, (1.0, 0.0)),
        ("**", (0.0, 0.0), 1.0, (0.0, -INF)),
        ("**", (0.0, -1.0), INF, (-INF, -INF)),
        ("**", (-0.0, -1.0), -INF, (-INF, INF)),
        ("**", (0.0, 0.5), 0.0, (INF, 0.0)),
        ("**", (-1.0, 0.5), NAN, (NAN, NAN)),
        ("**", (1e200, 2.0), INF, (2e200, INF)),
        ("**", (-1e200, 3.0), -INF, (INF, NAN)),
        ("/", (0.0, 0.0), NAN, (INF, NAN)),
        ("/", (1.0, 0.0), INF, (INF, -INF)),
        ("/", (1.0, -0.0), -INF, (-INF, -INF)),
        ("*", (INF, 0.0), NAN, (0.0, INF)),
        ("exp", (1e4,), INF, (INF,)),
        ("expm1", (1e4,), INF, (INF,)),
        ("sinh", (-1e4,), -INF, (INF,)),
        ("cosh", (-1e4,), INF, (-INF,)),
        ("log", (0.0,), -INF, (INF,)),
        ("log", (-1.0,), NAN, (NAN,)),
        ("log1p", (-1.0,), -INF, (INF,)),
        ("log1p", (-2.0,), NAN, (NAN,)),
        ("sqrt", (0.0,), 0.0, (INF,)),
        ("sqrt", (-0.0,), -0.0, (INF,)),
        ("sqrt", (-1.0,), NAN, (NAN,)),
        ("sin", (INF,), NAN, (NAN,)),
        ("cos", (-INF,), NAN, (NAN,)),
        ("tan", (INF,), NAN, (NAN,)),
        ("asin", (1.0,), math.pi / 2, (INF,)),
        ("acos", (2.0,), NAN, (NAN,)),
        ("sigmoid", (-1e4,), 0.0, (0.0,)),
        ("sigmoid", (1e4,), 1.0, (0.0,)),
        ("softplus", (1e4,), 1e4, (1.0,)),
        ("softplus", (-1e4,), 0.0, (0.0,)),
        ("relu", (0.0,), 0.0, (0.0,)),
        ("abs", (0.0,), 0.0, (0.0,)),
        ("min", (1.0, 1.0), 1.0, (0.5, 0.5)),
        ("max", (1.0, 1.0), 1.0, (0.5, 0.5)),
    ],
)
def test_at_a_corner_a_pole_and_beyond_the_domain(
    name: str, operands: tuple[float, ...], value: float, local: tuple[float, ...]
) -> None:
    assert same(OPERATIONS[name].value(*operands), value)
    for found, wanted in zip(slopes(OPERATIONS[name], *operands), local, strict=True):
        assert same(found, wanted)


@pytest.mark.parametrize("name", OPERATIONS)
@given(data=st.data())
def test_no_operand_however_strange_raises(name: str, data: st.DataObject) -> None:
    operation = OPERATIONS[name]
    operands = [data.draw(st.floats()) for _ in operation.slopes]
    value = operation.value(*operands)
    assert type(value) is float
    assert all(type(slope) is float for slope in slopes(operation, *operands))
    if any(math.isnan(operand) for operand in operands) and name != "**":
        assert math.isnan(value)  # of the powers, 1**nan and nan**0 are 1
    if operation.side is not None:
        assert type(operation.side(*operands)) is bool


@pytest.mark.reference
@pytest.mark.parametrize("name", OPERATIONS)
def test_values_and_gradients_are_pytorchs_also_in_the_corners(name: str) -> None:
    torch = pytest.importorskip("torch")
    names = {"+": "add", "-": "sub", "*": "mul", "/": "div", "**": "pow", "min": "minimum", "max": "maximum"}
    function = torch.nn.functional.softplus if name == "softplus" else getattr(torch, names.get(name, name))
    numbers = [-2.5, -1.0, -0.5, 0.0, 0.3, 0.5, 1.0, 2.0, 2.5]
    operation = OPERATIONS[name]
    for first in numbers:
        for second in numbers if len(operation.slopes) == 2 else [0.0]:
            operands = (first, second)[: len(operation.slopes)]
            leaves = [torch.tensor(operand, dtype=torch.float64, requires_grad=True) for operand in operands]
            result = function(*leaves)
            result.backward()
            assert operation.value(*operands) == pytest.approx(result.item(), rel=1e-12, nan_ok=True)
            if math.isfinite(result.item()):
                wanted = [leaf.grad.item() for leaf in leaves]
                if name == "**" and first <= 0.0:
                    # PyTorch takes 0 for the exponent's gradient at base 0, here it is the limit.
                    assert slopes(operation, *operands)[0] == pytest.approx(wanted[0], rel=1e-12)
                else:
                    assert slopes(operation, *operands) == pytest.approx(wanted, rel=1e-12)
