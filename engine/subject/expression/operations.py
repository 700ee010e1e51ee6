"""The operations of a graph, each with its derivatives: plain floats, and silence where `math` raises.

What is too large becomes inf, what has no value becomes nan. A derivative is the formula's own in double precision, so
it is inf where a slope is vertical (`sqrt` at 0), nan outside the domain (`log` of less than 0), and in a corner the
subgradient that PyTorch takes: 0 for `abs` and `relu` at 0, one half for each of two equal operands of `min` and `max`.
"""

# ruff: noqa: ARG001, ARG005 - every derivative takes the operands and the value, whichever of them it needs
from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps

Function = Callable[..., float]
"""Of one float an operand; a derivative takes the operation's value after them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One row of the table of operations."""

    value: Function
    slopes: tuple[Function, ...]
    """The derivative with respect to each operand: its local gradient."""
    side: Callable[..., bool] | None = None
    """Of which side of a corner, a pole or an edge of the domain the operands lie; None where there is none."""


def _silent(function: Function) -> Function:
    """Return `function` with nan where it raises because it has no value there."""

    @wraps(function)
    def value(operand: float) -> float:
        try:
            return function(operand)
        except ValueError:
            return math.nan

    return value


def _growing(function: Function) -> Function:
    """Return an increasing `function` with an infinity of the operand's sign where it raises as it is too large."""

    @wraps(function)
    def value(operand: float) -> float:
        try:
            return function(operand)
        except OverflowError:
            return math.copysign(math.inf, operand)

    return value


_exp, _expm1, _sinh = _growing(math.exp), _growing(math.expm1), _growing(math.sinh)
_root, _sin, _cos, _tan = _silent(math.sqrt), _silent(math.sin), _silent(math.cos), _silent(math.tan)
_asin, _acos = _silent(math.asin), _silent(math.acos)


def _cosh(a: float) -> float:
    try:
        return math.cosh(a)
    except OverflowError:
        return math.inf


def _divide(a: float, b: float) -> float:
    if b:
        return a / b
    return math.copysign(math.inf, a) * math.copysign(1.0, b) if a and a == a else math.nan


def _is_odd(number: float) -> bool:
    return math.isfinite(number) and math.fmod(number, 2.0) in (1.0, -1.0)


def _power(a: float, b: float) -> float:
    """Return a to the b as IEEE 754 has it: 0⁰ is 1, 0 to a negative power inf, (−1)^½ nan."""
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0.0 and _is_odd(b) else math.inf
    except ValueError:
        if a:
            return math.nan
        return math.copysign(math.inf, a) if _is_odd(b) else math.inf


def _power_by_base(a: float, b: float, value: float) -> float:
    return b * _power(a, b - 1.0) if b else 0.0


def _power_by_exponent(a: float, b: float, value: float) -> float:
    return value * _log(a) if value else 0.0


def _log(a: float) -> float:
    if a > 0.0:
        return math.log(a)
    return -math.inf if a == 0.0 else math.nan


def _log1p(a: float) -> float:
    if a > -1.0:
        return math.log1p(a)
    return -math.inf if a == -1.0 else math.nan


def _inverse(positive: float) -> float:
    """Return 1/positive: inf for 0, nan for less."""
    if positive > 0.0:
        return 1.0 / positive
    return math.inf if positive == 0.0 else math.nan


def _arc_slope(a: float) -> float:
    return _inverse(_root((1.0 - a) * (1.0 + a)))


def _sigmoid(a: float) -> float:
    # Of the two forms the one whose exponential cannot overflow.
    if a >= 0.0:
        return 1.0 / (1.0 + math.exp(-a))
    small = math.exp(a)
    return small / (1.0 + small)


def _softplus(a: float) -> float:
    return max(a, 0.0) + math.log1p(math.exp(-abs(a))) if a == a else a


def _relu(a: float) -> float:
    return 0.0 if a <= 0.0 else a


def _sign(a: float) -> float:
    return math.copysign(1.0, a) if a else 0.0


def _smaller(a: float, b: float) -> float:
    return a if a < b or a != a else b


def _larger(a: float, b: float) -> float:
    return a if a > b or a != a else b


def _share(winner: float, loser: float) -> float:
    return 0.5 if winner == loser else float(winner < loser)


def _positive(a: float, b: float = 0.0) -> bool:
    return a > 0.0


def _is_within(base: float, exponent: float) -> bool:
    """Return whether a power is smooth here: a whole exponent from 0 on has neither pole nor edge."""
    return base > 0.0 or (exponent >= 0.0 and exponent == exponent // 1.0)


SIGNS: Mapping[str, Operation] = {
    "+": Operation(value=operator.add, slopes=(lambda a, b, value: 1.0, lambda a, b, value: 1.0)),
    "-": Operation(value=operator.sub, slopes=(lambda a, b, value: 1.0, lambda a, b, value: -1.0)),
    "*": Operation(value=operator.mul, slopes=(lambda a, b, value: b, lambda a, b, value: a)),
    "/": Operation(
        value=_divide,
        slopes=(lambda a, b, value: _divide(1.0, b), lambda a, b, value: -_divide(value, b)),
        side=lambda a, b: b > 0.0,
    ),
    "**": Operation(value=_power, slopes=(_power_by_base, _power_by_exponent), side=_is_within),
    "neg": Operation(value=operator.neg, slopes=(lambda a, value: -1.0,)),
}
"""The operations that are written as signs; "neg" is the minus in front of one operand."""

FUNCTIONS: Mapping[str, Operation] = {
    "exp": Operation(value=_exp, slopes=(lambda a, value: value,)),
    "expm1": Operation(value=_expm1, slopes=(lambda a, value: _exp(a),)),
    "log": Operation(value=_log, slopes=(lambda a, value: _inverse(a),), side=_positive),
    "log1p": Operation(value=_log1p, slopes=(lambda a, value: _inverse(1.0 + a),), side=lambda a: a > -1.0),
    "sqrt": Operation(value=_root, slopes=(lambda a, value: 0.5 * _inverse(value),), side=_positive),
    "sin": Operation(value=_sin, slopes=(lambda a, value: _cos(a),)),
    "cos": Operation(value=_cos, slopes=(lambda a, value: -_sin(a),)),
    "tan": Operation(value=_tan, slopes=(lambda a, value: 1.0 + value * value,), side=lambda a: _cos(a) > 0.0),
    "asin": Operation(value=_asin, slopes=(lambda a, value: _arc_slope(a),), side=lambda a: abs(a) < 1.0),
    "acos": Operation(value=_acos, slopes=(lambda a, value: -_arc_slope(a),), side=lambda a: abs(a) < 1.0),
    "atan": Operation(value=math.atan, slopes=(lambda a, value: 1.0 / (1.0 + a * a),)),
    "sinh": Operation(value=_sinh, slopes=(lambda a, value: _cosh(a),)),
    "cosh": Operation(value=_cosh, slopes=(lambda a, value: _sinh(a),)),
    "tanh": Operation(value=math.tanh, slopes=(lambda a, value: 1.0 - value * value,)),
    "sigmoid": Operation(value=_sigmoid, slopes=(lambda a, value: value * (1.0 - value),)),
    "softplus": Operation(value=_softplus, slopes=(lambda a, value: _sigmoid(a),)),
    "relu": Operation(value=_relu, slopes=(lambda a, value: float(a > 0.0),), side=_positive),
    "abs": Operation(value=abs, slopes=(lambda a, value: _sign(a),), side=_positive),
    "min": Operation(
        value=_smaller,
        slopes=(lambda a, b, value: _share(a, b), lambda a, b, value: _share(b, a)),
        side=operator.lt,
    ),
    "max": Operation(
        value=_larger,
        slopes=(lambda a, b, value: _share(b, a), lambda a, b, value: _share(a, b)),
        side=operator.lt,
    ),
}
"""The operations that are called by their name."""
