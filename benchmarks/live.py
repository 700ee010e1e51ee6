"""What a dashboard costs the training, and then how it feels: see `feel` for what is measured of that."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from numpy.random import Generator

from . import feel
from .engines import FULL_SPEED, GDTUI, Engine, Moment, alone, only, place
from .figures import Figure, figure
from .rounds import Process
from .terminal import COLUMNS, FRAME_END, ROWS, Terminal
from .workloads import Workload

SETTLING_S = 2.5
"""Between attaching a dashboard and measuring: it loads, and catches up with the history."""
MOST_PAIRS = 3
"""Pairs of windows: more of them would take longer than anybody waits."""
EARLY, LATE = (5_000, 10_000), (40_000, 45_000)
"""The updates between which a step is timed, before and after the state of dead units has decayed to denormals."""
DIGITS = Workload(name="digits", widths=(64, 64, 32, 10), batch=32, samples=1440)
"""The network and the set of the preset `digits`, for a trainer without a worker."""


def measure(*, rounds: int, window_s: float, tell: Callable[[str], None]) -> Iterator[Figure]:
    """Yield everything that is live; `rounds` pairs of windows of so many seconds each, but no more than three."""
    generator = np.random.default_rng()
    rounds = min(rounds, MOST_PAIRS)
    yield from _beside_a_dashboard(rounds, window_s, generator, tell)
    yield from feel.measure(tell)
    yield from _worker_against_trainer(rounds, window_s, generator, tell)
    yield from _late_against_early(rounds, tell)


def _beside_a_dashboard(
    rounds: int, window_s: float, generator: Generator, tell: Callable[[str], None]
) -> Iterator[Figure]:
    """Yield what one engine keeps of its speed when a dashboard is attached, and what that dashboard draws."""
    kept, frames, sizes, alone_rates = [], [], [], []
    with place() as environment, alone(environment) as engine:
        time.sleep(SETTLING_S)
        for pair in range(rounds):
            tell(f"steps kept beside a dashboard: pair {pair + 1} of {rounds}")
            rates: dict[bool, float] = {}
            for watched in generator.permutation([True, False]).tolist():
                if not watched:
                    rates[watched] = _rate(engine, partial(time.sleep, window_s))
                    continue
                with Terminal([*GDTUI, "attach", engine.name], environment) as terminal:
                    terminal.watch(SETTLING_S)
                    before = terminal.frames, terminal.written
                    rates[watched] = _rate(engine, partial(terminal.watch, window_s))
                    drawn = terminal.frames - before[0]
                    frames.append(drawn / window_s)
                    sizes.append((terminal.written - before[1]) / max(drawn, 1))
            kept.append(rates[True] / rates[False])
            alone_rates.append(rates[False])
    yield figure("steps a second of digits, engine alone", alone_rates, "steps/s")
    yield figure(f"share of it kept beside a dashboard of {COLUMNS} x {ROWS}", kept, "", at_least=0.95)
    yield figure("frames a second", frames, "frames/s")
    yield figure("bytes to the terminal a frame", sizes, "bytes")


def _worker_against_trainer(
    rounds: int, window_s: float, generator: Generator, tell: Callable[[str], None]
) -> Iterator[Figure]:
    """Yield the step of an engine with record and dashboard against that of a trainer in an empty process.

    The engine evaluates seldom here: that is training which someone asked for, and no cost of the worker.
    """
    ratios = []
    with Process("ours", pinned=False) as trainer:
        trainer.prepare(DIGITS, "adam", window_s)
        for pair in range(rounds):
            tell(f"the worker against the bare trainer: pair {pair + 1} of {rounds}")
            rates: dict[bool, float] = {}
            for whole in generator.permutation([True, False]).tolist():
                if not whole:
                    rates[whole] = trainer.turn(window_s).rate("wall")
                    continue
                command = [*GDTUI, "digits", *FULL_SPEED, "--set", "evaluation.every=10000"]
                with place() as environment, Terminal(command, environment) as terminal:
                    terminal.until(FRAME_END)
                    with only(environment) as engine:
                        terminal.watch(SETTLING_S)
                        rates[whole] = _rate(engine, partial(terminal.watch, window_s))
            ratios.append(rates[False] / rates[True])
    yield figure("time a step with worker, record and dashboard over the bare one's", ratios, "times", at_most=1.05)


def _late_against_early(rounds: int, tell: Callable[[str], None]) -> Iterator[Figure]:
    """Yield the time of a step late in a run over that of one early in it, from the record of the same run."""
    ratios = []
    repeats = max(1, rounds // 2)
    for repeat in range(repeats):
        tell(f"a step after {LATE[0]:,} updates: run {repeat + 1} of {repeats}")
        settings = ("--set", "model.hidden=[128, 64]", "--seed", str(repeat))
        with place() as environment, alone(environment, *settings) as engine:
            engine.wait_for(LATE[1], patience_s=120.0)
            moments = engine.moments()
        early, late = (_rate_between(moments, *window) for window in (EARLY, LATE))
        ratios.append(early / late)
    yield figure("time a step of digits (128-64, Adam) after 40,000 updates over 5,000", ratios, "times", at_most=1.1)


def _rate(engine: Engine, wait: Callable[[], None]) -> float:
    """Return an engine's steps a second while `wait` waits."""
    before = engine.moment()
    wait()
    return engine.moment().rate_since(before)


def _rate_between(moments: Sequence[Moment], first: int, last: int) -> float:
    """Return the steps a second between the recorded moments that enclose these two steps most closely."""
    before = [moment for moment in moments if moment.step <= first][-1]
    after = next(moment for moment in moments if moment.step >= last)
    return after.rate_since(before)
