"""The learning-rate range test: how the loss answers to rates from far too low to too high."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .aside import aside

if TYPE_CHECKING:
    # A client wants to know of the bounds alone.
    from .trainer import Trainer

LOWEST, HIGHEST, STEPS = 1e-7, 10.0, 100
"""The sweep of fastai's `lr_find`."""
FEWEST, MOST = 20, 100_000
SMOOTHING = 0.98
"""Of the exponential mean of the losses, corrected for its start as in Adam; as fastai's recorder."""
EXPLODED = 4.0
"""The sweep ends where the smoothed loss is this many times the lowest."""
CUT_AT_THE_END = 5
"""Steps before the end that say more of the explosion than of the rates; as in fastai."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A rate to begin with, and the reason for it."""

    name: str
    lr: float
    """Of two significant digits: a sweep finds it no better, and so people write one."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeTest:
    """The outcome of a sweep; all arrays are (steps,)."""

    lr: Vector
    """The learning rate of each step."""
    loss: Vector
    """The minibatch's loss at the step, before its update: what the rates before it have made."""
    smoothed: Vector
    """The exponential mean of the losses, corrected for its start."""
    has_exploded: bool
    """Whether the sweep ended before its last rate, because the loss was too high or not a number."""
    suggestions: tuple[Suggestion, ...]
    """What may be a good rate; empty where the curve says nothing."""


def sweep(trainer: Trainer, *, low: float = LOWEST, high: float = HIGHEST, steps: int = STEPS) -> RangeTest:
    """Return how the loss answers to rates that grow evenly in their logarithm from `low` to `high`.

    The trainer goes on afterwards as if nothing had been, bit for bit: its parameters, the rule's state, its place in
    the stream of batches, and the steps not yet taken from it.

    By hand, ½x² from x = 1 with SGD, rates 0.1, 1 and 10: the losses are 0.5, then 0.405 at x = 0.9, then 0 at x = 0.

    Source: L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", arXiv:1506.01186, section 3.3, in the
    form of fastai's `lr_find`: exponential sweep, smoothing, and the end at four times the lowest smoothed loss.

    Raises:
        InputError: The bounds or the number of steps are not possible.
    """
    if not 0.0 < low < high <= 1e6:
        raise InputError(f"learning rates from {low:g} to {high:g}; allowed: 0 < from < to ≤ 1000000")
    if not FEWEST <= steps <= MOST:
        raise InputError(f"{steps} steps; allowed: a whole number ≥ {FEWEST} and ≤ {MOST:,}")
    with aside(trainer):
        # A held rate keeps any schedule away from the dial that the sweep turns.
        trainer.apply({"schedule.hold": low})
        with np.errstate(over="ignore", invalid="ignore"):
            lr, loss, smoothed = _curve(trainer, np.geomspace(low, high, steps))
    return RangeTest(
        lr=lr,
        loss=loss,
        smoothed=smoothed,
        has_exploded=len(lr) < steps,
        suggestions=suggestions(lr, smoothed, skip=steps // 10),
    )


def _curve(trainer: Trainer, rates: Vector) -> tuple[Vector, Vector, Vector]:
    losses: list[float] = []
    smoothed: list[float] = []
    mean, weight, lowest = 0.0, 0.0, math.inf
    for rate in rates.tolist():
        trainer.dials.lr = rate
        trainer.step()
        block = trainer.steps.take()
        assert block is not None, "a step is recorded, also one that is refused"
        loss = float(block.values[1, 0])
        if trainer.non_finite is not None:
            break
        mean = SMOOTHING * mean + (1.0 - SMOOTHING) * loss
        weight = SMOOTHING * weight + (1.0 - SMOOTHING)
        losses.append(loss)
        smoothed.append(mean / weight)
        lowest = min(lowest, smoothed[-1])
        # For positive losses this is four times the lowest; where they are negative, the rise is compared instead.
        if smoothed[-1] - lowest > (EXPLODED - 1.0) * abs(lowest):
            break
    return rates[: len(losses)], np.array(losses), np.array(smoothed)


def suggestions(lr: Vector, smoothed: Vector, *, skip: int) -> tuple[Suggestion, ...]:
    """Return rates that fit this curve, the one that fastai prefers first.

    The first `skip` steps are left out, in which the mean is of few losses, and the last five. Where the curve does
    not fall, there is nothing to suggest.

    Source: fastai's `callback/schedule.py`: `valley` (after ESRI's arcgis.learn), `steep` and `minimum`.
    """
    rates, losses = lr[skip:-CUT_AT_THE_END], smoothed[skip:-CUT_AT_THE_END]
    if len(rates) < CUT_AT_THE_END or losses.min() >= losses[0]:
        return ()
    slopes = np.diff(losses) / np.diff(np.log(rates))
    lowest = rates[losses.argmin()]
    return (
        Suggestion(name="valley", lr=_round(rates[_valley(losses.tolist())]), why="amid the longest fall of the loss"),
        Suggestion(name="steepest", lr=_round(rates[slopes.argmin()]), why="where the loss falls fastest"),
        Suggestion(name="minimum/10", lr=_round(lowest / 10.0), why="a tenth of the rate where the loss is lowest"),
    )


def _round(rate: float) -> float:
    return float(f"{rate:.2g}")


def _valley(losses: Sequence[float]) -> int:
    """Return the place half-way through the middle third of the longest falling subsequence."""
    # By patience sorting: the depths, so that they rise, with which falls of each length can end at best.
    depths: list[float] = []
    lengths = []
    for loss in losses:
        length = bisect_left(depths, -loss)
        depths[length : length + 1] = [-loss]
        lengths.append(length + 1)
    last = max(range(len(losses)), key=lambda place: lengths[place])
    first = last - lengths[last]
    third = (last - first) / 3.0
    return first + int(third) + int(third / 2.0)
