"""Where a value of a field stands on its slider, and which value stands at a place.

A slider has a few hundred places at most. Its values are round: in a logarithmic one ten to a power of ten, such as
0.01, 0.0125, 0.016, 0.02; those of 1 − β likewise where β is a decay close to 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from engine.fields import Section, schema_of

ROUND = (1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0, 6.4, 8.0)
"""Ten round numbers in equal ratios, to a few hundredths (R10 of ISO 3)."""
ROUND_DECAYS = (1.0, 2.0, 3.0, 5.0, 7.0)
"""Of 1 − β: 0.9, 0.93, 0.95, 0.97, 0.98, 0.99."""
ROUND_STEPS = (1.0, 2.0, 5.0)
REACH = 4
"""Powers of ten that a slider reaches on either side of a field's default."""
LINEAR_PLACES = 50
"""About so many places has a slider that is linear."""
MOST = {"batch.size": 4096.0, "pace.steps_per_second": 20_000.0, "regularisation.l1": 10.0, "regularisation.l2": 10.0}
"""Where a field's own bound, or the reach from its default, leads too far."""
ENDLESS = (
    "clip.norm",
    "clip.value",
    "pace.steps_per_second",
    "stop.steps",
    "stop.epochs",
    "stop.plateau",
    "stop.divergence",
)
"""Limits whose absence stands at the upper end: no limit is the highest one. That of others is at the lower end."""
USUAL = {
    "stop.steps": 1000.0,
    "stop.epochs": 10.0,
    "stop.plateau": 1000.0,
    "stop.divergence": 100.0,
    "stop.update_norm": 1e-6,
    "stop.grad_norm": 1e-4,
    "stop.loss": 0.01,
    "pace.steps_per_second": 30.0,
    "averaging.start": 100.0,
    "schedule.warmup": 100.0,
    "schedule.hold": 0.01,
    "regularisation.l1": 0.01,
    "regularisation.l2": 0.01,
    "optimizer.weight_decay": 0.01,
}
"""About where people set what is nothing by default; else it is about 1."""


def places_of(key: str, section: type[Section], name: str, usual: Any) -> tuple[Any, ...]:
    """Return the values on the slider of a field, from the lower end to the upper one; empty where it can have none.

    Of a field that takes one of a few words these are they.

    Args:
        key: The field's dotted key.
        section: The class that has the field.
        name: The field's name in it.
        usual: Its default.
    """
    schema = schema_of(section)["properties"][name]
    if "enum" in schema:
        return tuple(schema["enum"])
    kinds = schema.get("anyOf", [schema])
    number = next((kind for kind in kinds if kind.get("type") in ("number", "integer")), None)
    if number is None:
        return ()
    is_whole = number["type"] == "integer"
    extra = section.model_fields[name].json_schema_extra
    scale = extra.get("scale") if isinstance(extra, dict) else None
    low, high = (number.get(f"{end}imum", number.get(f"exclusive{end.capitalize()}imum")) for end in ("min", "max"))
    values: Sequence[float]
    if scale == "one-minus-log":
        values = [0.0, *(round(1.0 - rest, 12) for rest in reversed(_decades(1e-4, 0.9, ROUND_DECAYS)))]
    elif scale == "log" or is_whole:
        centre = float(usual) if isinstance(usual, int | float) and usual else USUAL.get(key, 1.0)
        last = min(centre * 10.0**REACH, MOST.get(key, math.inf), math.inf if high is None else high)
        values = _decades(min(last, max(centre / 10.0**REACH, low or 0.0)), last, ROUND)
        values = [0.0, *values] if number.get("minimum") == 0 else values
    elif low is None or high is None:
        return ()
    else:
        values = _even(low, high)
    values = [value for value in values if _is_inside(value, number)]
    if is_whole:
        values = sorted({max(round(value), low or 0) for value in values})
    # What stands for no limit, for all there is, or for what the program chooses.
    words = {kind["const"] for kind in kinds if "const" in kind}
    if any(kind.get("type") == "null" for kind in kinds):
        return (*values, None) if key in ENDLESS else (None, *values)
    return (*(("auto",) if "auto" in words else ()), *values, *(("full",) if "full" in words else ()))


def place_of(value: Any, values: Sequence[Any]) -> int:
    """Return the place of a value on its slider, or the nearest one below it."""
    if value in values and not isinstance(value, bool):
        return values.index(value)
    numbers = [(place, each) for place, each in enumerate(values) if isinstance(each, int | float)]
    if not isinstance(value, int | float) or not numbers:
        return 0
    below = [place for place, each in numbers if each <= value]
    return below[-1] if below else numbers[0][0]


def _decades(first: float, last: float, digits: Sequence[float]) -> list[float]:
    """Return the round numbers from `first` to `last`, which are these digits times a power of ten."""
    powers = range(math.floor(math.log10(first)), math.ceil(math.log10(last)) + 1)
    numbers = [float(f"{digit}e{power}") for power in powers for digit in digits]
    return [number for number in numbers if first * 0.999 <= number <= last * 1.001]


def _even(low: float, high: float) -> list[float]:
    """Return the multiples of a round step from `low` to `high`, and these two."""
    rough = (high - low) / LINEAR_PLACES
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * min(ROUND_STEPS, key=lambda digit: abs(digit - rough / power))
    inner = (round(step * number, 10) for number in range(math.ceil(low / step), math.floor(high / step) + 1))
    return sorted({low, high, *inner})


def _is_inside(value: float, schema: dict[str, Any]) -> bool:
    """Return whether a value is within the bounds of its field, which it may reach or not."""
    low, high = schema.get("exclusiveMinimum", -math.inf), schema.get("exclusiveMaximum", math.inf)
    return bool(low < value < high and schema.get("minimum", low) <= value <= schema.get("maximum", high))
