"""The table of ratios: what was measured, what it should be, and whether it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .contenders import CONTENDERS
from .figures import number, quartiles
from .goals import ROWS
from .rounds import Case

_TITLE, _OPTIMIZER, _CELL = 37, 10, 21
"""Columns of the parts of a line."""
_MORE_THAN_ONE_CORE = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Ours against one peer on one workload with one optimizer."""

    workload: str
    optimizer: str
    peer: str
    contender: str
    """The fastest of the peer's forms."""
    ratio: float
    """The median of the rounds' ratios."""
    low: float
    """The lower quartile."""
    high: float
    """The upper quartile."""
    goal: float | None
    is_met: bool | None


def cells(cases: Sequence[Case]) -> list[Cell]:
    """Return a cell for every peer that was measured in each case; ours is as the engine chooses it at start."""
    found = []
    for case in cases:
        compiled = "ours compiled" in case.turns
        ours = "ours compiled" if compiled else "ours"
        for peer, row in ROWS.items():
            forms = [name for name in case.turns if CONTENDERS[name].peer == peer]
            if not forms or ours not in case.turns:
                continue
            fastest = max(forms, key=case.rate)
            ratios = case.ratios(fastest, ours) if row.is_time else case.ratios(ours, fastest)
            low, ratio, high = quartiles(ratios)
            goal = row.bound(case.workload.name, case.optimizer, compiled=compiled)
            met = None if goal is None else ratio <= goal if row.is_time else ratio >= goal
            found.append(
                Cell(
                    workload=case.workload.name,
                    optimizer=case.optimizer,
                    peer=peer,
                    contender=fastest,
                    ratio=ratio,
                    low=low,
                    high=high,
                    goal=goal,
                    is_met=met,
                )
            )
    return found


def ratio_lines(found: Sequence[Cell]) -> Iterator[str]:
    """Yield the table, two lines a row: the ratio beside its goal, and the quartiles of the rounds below."""
    workloads = list(dict.fromkeys(cell.workload for cell in found))
    optimizers = list(dict.fromkeys(cell.optimizer for cell in found))
    yield _line("ours against", "optimizer", workloads)
    for peer, row in ROWS.items():
        for optimizer in optimizers:
            by_workload = {cell.workload: cell for cell in found if (cell.peer, cell.optimizer) == (peer, optimizer)}
            if by_workload:
                here = [by_workload.get(name) for name in workloads]
                yield _line(row.title, optimizer, [_verdict(cell, row.is_time) for cell in here])
                yield _line("", "", [f"{number(cell.low)} to {number(cell.high)}" if cell else "" for cell in here])


def rate_lines(cases: Sequence[Case]) -> Iterator[str]:
    """Yield the medians of everyone's steps a second, one line a contender and optimizer."""
    workloads = list(dict.fromkeys(case.workload.name for case in cases))
    names = [name for name in CONTENDERS if any(name in case.turns for case in cases)]
    yield _line("steps a second", "optimizer", workloads)
    for name in names:
        for optimizer in dict.fromkeys(case.optimizer for case in cases):
            rates = {
                case.workload.name: number(case.rate(name))
                for case in cases
                if case.optimizer == optimizer and name in case.turns
            }
            if rates:
                yield _line(name, optimizer, [rates.get(workload, "") for workload in workloads])


def doubts(cases: Sequence[Case]) -> Iterator[str]:
    """Yield what makes the figures doubtful: a contender on two cores, or a neighbour on the one."""
    shares: dict[str, list[float]] = {}
    for case in cases:
        for name, turns in case.turns.items():
            shares.setdefault(name, []).extend(turn.cpu_seconds / turn.seconds for turn in turns)
    for name, found in shares.items():
        if (share := float(np.median(found))) > _MORE_THAN_ONE_CORE:
            yield f"{name} was at work on {share:.1f} cores: its figures are not those of one thread"
    waited = 1.0 - float(np.mean([share for found in shares.values() for share in found]))
    if waited > 1.0 - 1.0 / _MORE_THAN_ONE_CORE:
        remedy = "a quiet machine or --clock cpu" if cases[0].clock == "wall" else "a quiet machine"
        yield f"contenders waited {waited:.0%} of their turns for a core: {remedy} shows more"


def case_record(case: Case) -> dict[str, Any]:
    """Return a case as it goes into the JSON file, with every turn."""
    return {
        "workload": case.workload.name,
        "title": case.workload.title,
        "optimizer": case.optimizer,
        "clock": case.clock,
        "contenders": {
            name: {
                "steps_per_second": case.rate(name),
                "rounds": [
                    {"steps": turn.steps, "seconds": turn.seconds, "cpu_seconds": turn.cpu_seconds} for turn in turns
                ],
            }
            for name, turns in case.turns.items()
        },
    }


def _line(title: str, optimizer: str, parts: Sequence[str]) -> str:
    return (title.ljust(_TITLE) + optimizer.ljust(_OPTIMIZER) + "".join(part.ljust(_CELL) for part in parts)).rstrip()


def _verdict(cell: Cell | None, is_time: bool) -> str:
    if cell is None:
        return "-"
    if cell.goal is None:
        return f"{number(cell.ratio)} (no goal)"
    return f"{number(cell.ratio)} {'≤' if is_time else '≥'} {cell.goal:g} {'met' if cell.is_met else 'NOT MET'}"
