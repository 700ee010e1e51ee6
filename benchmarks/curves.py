"""Time a step against the sizes that a person chooses, and whether it grows as it should."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import numpy as np
import plotext

from .figures import number, quartiles
from .rounds import Clock, Process, play
from .workloads import Workload

OPTIMIZER = "adam"
WIDTH, HEIGHT = 76, 15
"""Columns and rows of a drawing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A size that varies while everything else stays."""

    name: str
    title: str
    claim: str
    sizes: tuple[int, ...]
    """Rising."""
    workload: Callable[[int], Workload]
    growth: float
    """The largest slope that the claim allows on logarithmic axes, between the last two sizes."""
    rise: float | None = None
    """Where the claim is that the curve is flat: the largest factor between any size and the smallest."""
    whole_epochs: bool = False
    """Whether a turn is at least an epoch, so that drawing its order is paid once, as it is in a run."""


def _batch(size: int) -> Workload:
    return Workload(name=f"batch {size}", widths=(64, 32, 10), batch=size, samples=16384)


def _width(size: int) -> Workload:
    return Workload(name=f"width {size}", widths=(64, size, size, 10), batch=64, samples=4096)


def _depth(size: int) -> Workload:
    return Workload(name=f"depth {size}", widths=(64, *(64,) * size, 10), batch=64, samples=4096)


def _samples(size: int) -> Workload:
    return Workload(name=f"samples {size}", widths=(16, 32, 10), batch=64, samples=size)


CURVES = (
    Curve(
        name="batch",
        title="batch size, 64-32-10",
        claim="linear in the batch beyond what every step costs",
        sizes=(1, 4, 16, 64, 256, 1024, 4096),
        workload=_batch,
        growth=1.15,
    ),
    Curve(
        name="width",
        title="units of both hidden layers, 64-w-w-10, batch 64",
        claim="at most quadratic in the width, as the number of weights",
        sizes=(16, 32, 64, 128, 256, 512, 1024),
        workload=_width,
        growth=2.3,  # the last doubling also leaves a cache behind
    ),
    Curve(
        name="depth",
        title="hidden layers of 64 units, batch 64",
        claim="linear in the depth",
        sizes=(1, 2, 4, 8, 16, 32),
        workload=_depth,
        growth=1.15,
    ),
    Curve(
        name="samples",
        title="samples in the data set, 16-32-10, batch 64 (1,048,576 are 16,384 minibatches)",
        claim="flat: a step costs the same whatever the size of the data set",
        sizes=tuple(1 << power for power in (10, 12, 14, 16, 18, 20)),
        workload=_samples,
        growth=0.1,
        rise=1.25,
        whole_epochs=True,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredCurve:
    """The medians of a curve's points."""

    name: str
    claim: str
    sizes: tuple[int, ...]
    step_us: tuple[float, ...]
    """Microseconds a step."""
    low_us: tuple[float, ...]
    """The lower quartile."""
    high_us: tuple[float, ...]
    """The upper quartile."""
    slope: float
    """Between the last two sizes, on logarithmic axes."""
    is_met: bool


def measure(curve: Curve, *, rounds: int, turn_s: float, clock: Clock, tell: Callable[[str], None]) -> MeasuredCurve:
    """Return a curve of ours; every size is a process of its own, and the rounds go through all of them."""
    with ExitStack() as stack:
        players = []
        for size in curve.sizes:
            tell(f"curve over {curve.name}: preparing {size}")
            workload = curve.workload(size)
            process = stack.enter_context(Process("ours"))
            process.prepare(workload, OPTIMIZER, turn_s)
            least = workload.batches if curve.whole_epochs else 0
            players.append(partial(process.turn, turn_s, least))
        tell(f"curve over {curve.name}: {rounds} rounds")
        turns = play(players, rounds, np.random.default_rng())
    return judged(curve, [[1e6 / turn.rate(clock) for turn in turns_of_one] for turns_of_one in turns])


def judged(curve: Curve, step_us: Sequence[Sequence[float]]) -> MeasuredCurve:
    """Return the medians of every size's rounds, in microseconds a step, and whether they show what is claimed."""
    low, middle, high = zip(*(quartiles(rounds) for rounds in step_us), strict=True)
    slope = math.log(middle[-1] / middle[-2]) / math.log(curve.sizes[-1] / curve.sizes[-2])
    is_flat = curve.rise is None or max(middle) <= curve.rise * middle[0]
    return MeasuredCurve(
        name=curve.name,
        claim=curve.claim,
        sizes=curve.sizes,
        step_us=middle,
        low_us=low,
        high_us=high,
        slope=slope,
        is_met=is_flat and slope <= curve.growth,
    )


def lines(curve: Curve, found: MeasuredCurve) -> Iterator[str]:
    """Yield a curve as a drawing on logarithmic axes, its figures, and what became of the claim."""
    yield f"Microseconds a step against {curve.title}"
    yield from drawing(found.sizes, found.step_us)
    for size, middle, low, high in zip(found.sizes, found.step_us, found.low_us, found.high_us, strict=True):
        yield f"{size:>12,}  {number(middle):>10} µs  ({number(low)} to {number(high)})"
    allowed = f"slope {found.slope:.2f} at the end, at most {curve.growth:g}"
    if curve.rise is not None:
        allowed = f"{max(found.step_us) / found.step_us[0]:.2f} times the smallest at most, allowed {curve.rise:g}"
    yield f"{curve.claim}: {'holds' if found.is_met else 'DOES NOT HOLD'} ({allowed})"


def drawing(sizes: Sequence[int], step_us: Sequence[float]) -> list[str]:
    """Return the rows of a drawing on logarithmic axes."""
    across = [math.log10(size) for size in sizes]
    up = [math.log10(time) for time in step_us]
    # A flat curve would be drawn as noise: the axis spans a factor of ten at least.
    bottom, top = math.floor(min(up)), max(math.ceil(max(up)), math.floor(min(up)) + 1)
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(WIDTH, HEIGHT)
    plotext.plot(across, up, marker="braille")
    plotext.scatter(across, up, marker="o")
    plotext.ylim(bottom, top)
    plotext.xticks(across, [f"{size:,}" for size in sizes])
    ticks = [(power + math.log10(part), part * 10**power) for power in range(bottom, top + 1) for part in (1, 2, 5)]
    shown = [(place, label) for place, label in ticks if place <= top]
    plotext.yticks([place for place, _ in shown], [f"{label:,g}" for _, label in shown])
    return [line.rstrip() for line in plotext.uncolorize(plotext.build()).splitlines()]
