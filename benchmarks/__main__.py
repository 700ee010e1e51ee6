"""`python -m benchmarks`: everything that is claimed about speed, measured side by side in one run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from engine.errors import GdtuiError

from . import report
from .contenders import CONTENDERS
from .figures import Figure
from .goals import ROWS
from .rounds import Clock, compare
from .table import case_record, cells, doubts, rate_lines, ratio_lines
from .workloads import OPTIMIZERS, WORKLOADS

SECTIONS = ("ratios", "curves", "live", "start")
ROUNDS, QUICK_ROUNDS = 9, 3
TURN_S, QUICK_TURN_S = 0.3, 0.1
WINDOW_S, QUICK_WINDOW_S = 3.0, 1.5
"""Seconds that an engine is watched for one figure."""


def _among(allowed: Iterable[str]) -> Callable[[click.Context, click.Parameter, str], tuple[str, ...]]:
    """Return what reads some of these names with commas between them, and hands them over in their own order."""
    names = tuple(allowed)

    def read(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
        given = [part.strip() for part in value.split(",")]
        for name in given:
            if name not in names:
                raise click.BadParameter(f"{name!r}; allowed: {', '.join(names)}", context, parameter)
        return tuple(name for name in names if name in given)

    return read


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=f"Sections: ratios (ours against the peers), curves (time a step against sizes), live (the engine beside a "
    f"dashboard), start (how long one waits). Without one: all. Peers: {', '.join(ROWS)}; those that are not "
    f"installed are skipped. `pip install -e '.[bench]'` installs them all.",
)
@click.argument("sections", nargs=-1, type=click.Choice(SECTIONS), metavar="[SECTION]...")
@click.option("--quick", is_flag=True, help=f"{QUICK_ROUNDS} short rounds: a first look, with noise.")
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"How many rounds, {ROUNDS} by default; ratios are medians over them.",
)
@click.option(
    "--only",
    "workloads",
    callback=_among(WORKLOADS),
    default=",".join(WORKLOADS),
    metavar="W1,W2,...",
    help="Only these workloads: "
    + "; ".join(f"{name} is {workload.title}" for name, workload in WORKLOADS.items())
    + ".",
)
@click.option(
    "--only-peers",
    "peers",
    callback=_among(ROWS),
    default=",".join(ROWS),
    metavar="PEER,...",
    help="Only against these.",
)
@click.option(
    "--optimizers",
    callback=_among(OPTIMIZERS),
    default="sgd,adam",
    show_default=True,
    metavar="NAME,...",
    help=f"Of {', '.join(OPTIMIZERS)}; goals are set for sgd and adam.",
)
@click.option(
    "--clock",
    type=click.Choice(["wall", "cpu"]),
    default="wall",
    show_default=True,
    help="Which seconds count in ratios and curves; cpu where other programs are at work beside.",
)
@click.option("--json", "file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it all.")
def measure(
    sections: tuple[str, ...],
    quick: bool,
    rounds: int | None,
    workloads: tuple[str, ...],
    peers: tuple[str, ...],
    optimizers: tuple[str, ...],
    clock: Clock,
    file: Path | None,
) -> None:
    """Measure gdtui's training step side by side with PyTorch, JAX and scikit-learn, and what its live part costs.

    Every contender is a process of its own with one thread, in float32, and each has one turn a round, in an order
    drawn anew for each round.
    """
    chosen = sections or SECTIONS
    rounds = rounds or (QUICK_ROUNDS if quick else ROUNDS)
    turn_s, window_s = (QUICK_TURN_S, QUICK_WINDOW_S) if quick else (TURN_S, WINDOW_S)
    found: dict[str, Any] = {
        "machine": report.machine(),
        "settings": {"rounds": rounds, "turn_s": turn_s, "window_s": window_s, "clock": clock},
    }
    print(f"{found['machine']['processor']}, {found['machine']['cores']} cores, load {found['machine']['load']:.2f}")
    print(", ".join(f"{name} {version or 'missing'}" for name, version in found["machine"]["packages"].items()))
    if "ratios" in chosen:
        found["ratios"] = _ratios(workloads, peers, optimizers, rounds, turn_s, clock)
    if "curves" in chosen:
        found["curves"] = _curves(rounds, turn_s, clock)
    if "live" in chosen:
        from . import live

        found["live"] = _figures("Live", live.measure(rounds=rounds, window_s=window_s, tell=_tell))
    if "start" in chosen:
        from . import start

        found["start"] = _figures("Start", start.measure(rounds=rounds, tell=_tell))
    if file is not None:
        report.write(file, found)
        print(f"\nwritten to {file}")


def _ratios(
    workloads: Sequence[str],
    peers: Sequence[str],
    optimizers: Sequence[str],
    rounds: int,
    turn_s: float,
    clock: Clock,
) -> dict[str, Any]:
    asked = {name: entry for name, entry in CONTENDERS.items() if entry.peer in (*peers, "ours")}
    missing = {name: entry.package for name, entry in asked.items() if not entry.is_installed}
    for name, package in missing.items():
        print(f"{name}: skipped, {package} is not installed")
    contenders = [name for name in asked if name not in missing]
    cases = compare(
        [WORKLOADS[name] for name in workloads],
        optimizers,
        contenders,
        rounds=rounds,
        turn_s=turn_s,
        clock=clock,
        tell=_tell,
    )
    table = cells(cases)
    _print(
        "Ours against the others: steps a second over theirs, the goal; the quartiles of the rounds", ratio_lines(table)
    )
    _print("", rate_lines(cases))
    for doubt in doubts(cases):
        print(f"note: {doubt}")
    return {
        "skipped": missing,
        "cells": [asdict(cell) for cell in table],
        "cases": [case_record(case) for case in cases],
    }


def _curves(rounds: int, turn_s: float, clock: Clock) -> list[dict[str, Any]]:
    from . import curves

    found = []
    for curve in curves.CURVES:
        measured = curves.measure(curve, rounds=rounds, turn_s=turn_s, clock=clock, tell=_tell)
        _print("", curves.lines(curve, measured))
        found.append(asdict(measured))
    return found


def _figures(title: str, figures: Iterator[Figure]) -> list[dict[str, Any]]:
    found = []
    _print(title, ())
    for figure in figures:
        _print(None, (str(figure),))
        found.append(asdict(figure))
    return found


def _print(title: str | None, lines: Iterable[str]) -> None:
    """Print a part of the report; what was told about the progress goes."""
    _tell("")
    if title is not None:
        print(f"\n{title}" if title else "")
    for line in lines:
        print(line)
    sys.stdout.flush()


def _tell(text: str) -> None:
    """Say on the terminal what is going on, in one line that the next one replaces."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Measure as the command line says, and return the exit code."""
    try:
        measure.main(list(arguments), prog_name="python -m benchmarks", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.Abort:
        return 130
    except click.ClickException as error:
        print(f"benchmarks: {error.format_message()}", file=sys.stderr)
        return 2
    except (GdtuiError, OSError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
