"""Rounds of turns: every contender once a round, in an order drawn anew each round.

A shared machine drifts between speeds a factor of two apart. Two turns of the same round lie seconds apart, so the
ratio of their rates holds where the rates themselves do not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
from numpy.random import Generator

from engine.errors import RunError

from .contenders import CONTENDERS
from .workloads import Workload

ROOT = Path(__file__).resolve().parents[1]
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR", "NUMBA")} | {
    "VECLIB_MAXIMUM_THREADS": "1"
}
"""Read by the libraries when they load, which is why they are set before a contender's process starts."""
GOODBYE_S = 10.0
Clock = Literal["wall", "cpu"]
"""Which seconds count: those that pass, or those that a processor was at work, which neighbours cannot stretch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a contender did when it was its turn."""

    steps: int
    seconds: float
    cpu_seconds: float
    """Of all its threads together: above `seconds` more than one was at work, below it another program was."""

    def rate(self, clock: Clock) -> float:
        """Return steps a second."""
        return self.steps / (self.cpu_seconds if clock == "cpu" else self.seconds)


class Process:
    """A contender's process at the other end of two pipes."""

    def __init__(self, name: str, *, pinned: bool = True) -> None:
        """Start the process; `pinned` keeps it to one core."""
        self.name = name
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed when the process has ended
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.turns", name, *(["pinned"] if pinned else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=ROOT,
            env={**os.environ, **ONE_THREAD, **CONTENDERS[name].environment},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None, "opened with a pipe"
        assert self._process.stdout is not None, "opened with a pipe"
        self._process.stdin.close()
        try:
            self._process.wait(GOODBYE_S if error is None else 0.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()

    def prepare(self, workload: Workload, optimizer: str, turn_s: float) -> None:
        """Make it ready for turns on this workload; `RunError` when it cannot."""
        self._ask({"do": "prepare", "workload": asdict(workload), "optimizer": optimizer, "seconds": turn_s})

    def turn(self, seconds: float, least_steps: int = 0) -> Turn:
        """Give it a turn of about so many seconds, and of at least so many steps."""
        return Turn(**self._ask({"do": "turn", "seconds": seconds, "steps": least_steps}))

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None, "opened with a pipe"
        assert self._process.stdout is not None, "opened with a pipe"
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has died, and the empty answer below says so
        answer = self._process.stdout.readline()
        if not answer:
            self._log.seek(0)
            lines = [line for line in self._log.read().splitlines() if line.strip()] or ["no reason given"]
            raise RunError(f"{self.name}: the process has died: {lines[-1]}")
        found: dict[str, Any] = json.loads(answer)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One workload under one optimizer: each contender's turns, round by round."""

    workload: Workload
    optimizer: str
    clock: Clock
    turns: Mapping[str, Sequence[Turn]]

    def rate(self, contender: str) -> float:
        """Return the median of a contender's steps a second."""
        return float(np.median([turn.rate(self.clock) for turn in self.turns[contender]]))

    def ratios(self, contender: str, other: str) -> list[float]:
        """Return for every round how many steps a contender took for one of the other's."""
        pairs = zip(self.turns[contender], self.turns[other], strict=True)
        return [own.rate(self.clock) / others.rate(self.clock) for own, others in pairs]


def play(players: Sequence[Callable[[], Turn]], rounds: int, generator: Generator) -> list[list[Turn]]:
    """Give every player one turn a round, in an order drawn anew each round; return the turns of each player."""
    turns: list[list[Turn]] = [[] for _ in players]
    for _ in range(rounds):
        for place in generator.permutation(len(players)):
            turns[place].append(players[place]())
    return turns


def compare(
    workloads: Sequence[Workload],
    optimizers: Sequence[str],
    contenders: Sequence[str],
    *,
    rounds: int,
    turn_s: float,
    clock: Clock,
    tell: Callable[[str], None],
) -> list[Case]:
    """Return a case for every workload and optimizer; `tell` hears what is going on."""
    cases = []
    generator = np.random.default_rng()
    with ExitStack() as stack:
        processes = {name: stack.enter_context(Process(name)) for name in contenders}
        for workload in workloads:
            for optimizer in optimizers:
                able = [name for name in contenders if optimizer in CONTENDERS[name].optimizers]
                for name in able:
                    tell(f"{workload.name} {optimizer}: preparing {name}")
                    processes[name].prepare(workload, optimizer, turn_s)
                tell(f"{workload.name} {optimizer}: {rounds} rounds of {len(able)} turns")
                players = [partial(processes[name].turn, turn_s) for name in able]
                turns = play(players, rounds, generator)
                cases.append(
                    Case(workload=workload, optimizer=optimizer, clock=clock, turns=dict(zip(able, turns, strict=True)))
                )
    return cases
