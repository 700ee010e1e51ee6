"""`gdtui graph`: the nodes of a typed-in function, and what backpropagation puts on them."""

from __future__ import annotations

import json

import click

from engine.errors import InputError
from engine.method.objectives import build_objective
from engine.subject.expression.graph import Reading
from engine.subject.expression.objective import Expression
from presets import Preset

from .json_lines import portable

HEADINGS = ("NODE", "OPERATION", "VALUE", "GRADIENT", "LOCAL GRADIENTS")


def print_graph(preset: Preset, *, as_json: bool) -> int:
    """Print every node of a preset's function at the start, as a table or as one JSON object a line."""
    kind = preset.spec.problem.kind
    if kind != "expression":
        raise InputError(f'{preset.name}: problem.kind = {kind!r}; allowed: "expression", a typed-in function')
    objective = build_objective(preset.spec)
    assert isinstance(objective, Expression)
    # The point as a run begins there: rounded to its precision.
    readings = objective.graph.at(objective.start().tolist())
    if as_json:
        for reading in readings:
            click.echo(json.dumps(_as_json(reading), allow_nan=False))
        return 0
    rows = [HEADINGS, *map(_row, readings)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _row(reading: Reading) -> tuple[str, ...]:
    local = (
        f"∂{reading.name}/∂{operand} = {_figure(gradient)}"
        for operand, gradient in zip(reading.operands, reading.local_gradients, strict=True)
        if gradient is not None
    )
    return reading.name, reading.formula, _figure(reading.value), _figure(reading.gradient), ", ".join(local)


def _figure(value: float) -> str:
    return f"{value:.6g}"


def _as_json(reading: Reading) -> dict[str, object]:
    return {
        "event": "node",
        "name": reading.name,
        "operation": reading.operation,
        "operands": list(reading.operands),
        "value": portable(reading.value),
        "gradient": portable(reading.gradient),
        "local_gradients": portable(reading.local_gradients),
    }
