"""How the dashboard feels, on a real pseudo-terminal: frames, bytes, keys, slow links, long runs and many tensors.

A machine that others use as well makes every figure but the bytes worse, so what is compared is measured in pairs, one
right after the other; processor seconds are those of the dashboard's own process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from .engines import FULL_SPEED, GDTUI, alone, only, place
from .figures import Figure, figure
from .rounds import ROOT
from .terminal import FRAME_END, Terminal

LARGE = (200, 60)
"""The screen on which the curves are six charts."""
FRAMES = 30
SETTLING_S = 5.0
"""Until the axes of a new run no longer change every moment."""
WINDOW_S = 5.0
KEYS = 100
LINK_RATE = 100_000.0
"""Bytes a second of a slow link."""
LINK_S = 10.0
LINK_KEYS = 12
LONG_RUN, SHORT_RUN = 50_000_000, 50_000
MANY_TENSORS, SIX_TENSORS = [4] * 49, [4, 4]
"""Hidden layers: with two tensors each, and two at the output, 100 and 6."""
PAIRS = 2
LEISURE = ("--set", "pace.steps_per_second=200", "--set", "stop.epochs=9007199254740992")


def measure(tell: Callable[[str], None]) -> Iterator[Figure]:
    """Yield it all."""
    yield from _six_charts(tell)
    yield from _key_to_screen(tell)
    yield from _slow_link(tell)
    yield from _long_against_short(tell)
    yield from _many_tensors(tell)


def _six_charts(tell: Callable[[str], None]) -> Iterator[Figure]:
    """Yield what the curves take on a large screen, at a pace to follow and at full speed."""
    for words, options in (("200 steps/s", LEISURE), ("full speed", FULL_SPEED)):
        tell(f"six charts, {words}")
        with place() as environment:
            frames, share, size = _drawn(["digits", *options], environment)
        what = f"six charts at {LARGE[0]} x {LARGE[1]}, {words}: "
        yield figure(f"{what}frames a second", [frames], "frames/s", at_least=0.95 * FRAMES)
        yield figure(f"{what}of a core", [share], "", at_most=0.5)
        yield figure(f"{what}bytes a frame", [size], "bytes", at_most=10_000.0)


def _drawn(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float, float]:
    """Return a new dashboard's frames a second, its share of a core and its bytes a frame, once it is in full swing."""
    with Terminal([*GDTUI, *arguments], environment, size=LARGE) as terminal:
        terminal.until(FRAME_END)
        with only(environment):
            terminal.watch(SETTLING_S)
            frames, written, spent, began = terminal.frames, terminal.written, terminal.processor_s, time.perf_counter()
            terminal.watch(WINDOW_S)
            seconds, drawn = time.perf_counter() - began, terminal.frames - frames
            return (
                drawn / seconds,
                (terminal.processor_s - spent) / seconds,
                (terminal.written - written) / max(drawn, 1),
            )


def _key_to_screen(tell: Callable[[str], None]) -> Iterator[Figure]:
    """Yield how long it takes from a key to the new learning rate on the screen, while it trains at full speed."""
    tell(f"key to screen: {KEYS} keys")
    with (
        place() as environment,
        alone(environment, "--set", f"optimizer.lr={_Keys.FIRST}") as engine,
        Terminal([*GDTUI, "attach", engine.name], environment) as terminal,
    ):
        terminal.watch(SETTLING_S)
        # Keys come at any time between two frames.
        delays = _Keys(terminal).press(KEYS, lambda number: 0.07 + 0.0171 * (number % 7))
    yield figure("key to the new learning rate on the screen, full speed", delays, "ms")
    yield figure("key to screen, 99th percentile", [float(np.percentile(delays, 99))], "ms", at_most=50.0)


def _slow_link(tell: Callable[[str], None]) -> Iterator[Figure]:
    """Yield what is left of it all when the terminal takes 100 KB a second."""
    tell(f"a link of {LINK_RATE / 1e3:g} KB/s")
    with (
        place() as environment,
        alone(environment, "--set", f"optimizer.lr={_Keys.FIRST}") as engine,
        Terminal([*GDTUI, "attach", engine.name], environment, size=LARGE) as terminal,
    ):
        terminal.rate = LINK_RATE
        terminal.watch(SETTLING_S)
        began = time.perf_counter()
        at = [began]
        while time.perf_counter() - began < LINK_S:
            before = terminal.frames
            terminal.read(0.05)
            at += [time.perf_counter()] * (terminal.frames - before)
        gaps = np.diff(at)
        delays = _Keys(terminal).press(LINK_KEYS, lambda number: 0.3 + 0.0371 * (number % 7))
    name = f"a link of {LINK_RATE / 1e3:g} KB/s, {LARGE[0]} x {LARGE[1]}, full speed: "
    yield figure(f"{name}frames a second", [len(gaps) / LINK_S], "frames/s", at_least=8.0)
    yield figure(f"{name}largest gap", [1e3 * float(gaps.max(initial=0.0))], "ms", at_most=500.0)
    yield figure(f"{name}key to screen", delays, "ms", at_most=300.0)


class _Keys:
    """The keys ] and [ in turn; 1.1 and 0.9 make no rate come twice, so what is found was not there before."""

    FIRST = 0.001

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def press(self, count: int, pause_s: Callable[[int], float]) -> list[float]:
        """Return the milliseconds from each of so many keys to its effect on the screen."""
        terminal, delays, rate = self._terminal, [], self.FIRST
        for number in range(count):
            key, factor = (b"]", 1.1) if number % 2 == 0 else (b"[", 0.9)
            rate *= factor
            pressed = time.perf_counter() - terminal.started
            terminal.type(key)
            delays.append(1e3 * (terminal.until(f"α {rate:.4g}".encode()) - pressed))
            terminal.watch(pause_s(number))
        return delays


def _long_against_short(tell: Callable[[str], None]) -> Iterator[Figure]:
    """Yield how zooming a run of 50 million steps compares with one of 50 thousand, and what memory it takes."""
    found = {}
    for steps in (SHORT_RUN, LONG_RUN):
        tell(f"zooming in {steps:,} steps")
        command = [sys.executable, "-m", "benchmarks.zoom", str(steps)]
        found[steps] = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout)
    short, long = found[SHORT_RUN], found[LONG_RUN]
    for level in long["ms"]:
        yield figure(f"a redraw of six charts, {LONG_RUN:,} steps, {level}", long["ms"][level], "ms")
    ratios = [float(np.median(long["ms"][level]) / np.median(short["ms"][level])) for level in long["ms"]]
    yield figure(f"the same over that of a run of {SHORT_RUN:,} steps", ratios, "times", at_most=1.5)
    yield figure(f"memory of a lane's curves after {LONG_RUN:,} steps", [long["megabytes"]], "MB", at_most=100.0)


def _many_tensors(tell: Callable[[str], None]) -> Iterator[Figure]:
    """Yield the processor time of a frame of a model with 100 tensors over that of one with six."""
    ratios, rates = [], []
    for pair in range(PAIRS):
        tell(f"100 tensors against six: pair {pair + 1} of {PAIRS}")
        costs = {}
        for name, hidden in (("many", MANY_TENSORS), ("six", SIX_TENSORS)):
            with place() as environment:
                frames, share, _ = _drawn(["digits", *LEISURE, "--set", f"model.hidden={hidden}"], environment)
            costs[name] = share / frames
            if name == "many":
                rates.append(frames)
        ratios.append(costs["many"] / costs["six"])
    yield figure("a model with 100 tensors: frames a second", rates, "frames/s", at_least=0.95 * FRAMES)
    yield figure("its processor time a frame over that of one with six", ratios, "times", at_most=1.5)
