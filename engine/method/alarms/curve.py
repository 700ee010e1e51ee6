"""What the losses of all steps tell: that they fall no longer, or that they rise."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..telemetry import SERIES, StepBlock
from .alarm import Alarm, Latches

LEAST_STEPS = 100
"""Steps in a window at least: an epoch where that is longer."""
PATIENCE = 10
"""Windows without a better loss that make a plateau.

Source: PyTorch, torch.optim.lr_scheduler.ReduceLROnPlateau, patience=10.
"""
BETTER = 1e-3
"""The share by which a loss has to be lower to count as better: PyTorch's 1e-4 is for whole epochs, and for a rate that
is lowered without asking; in less, chance alone is now and then lower than ever."""
AT_REST = 1e-2
"""A gradient that is down to this share of its largest is no plateau: nearly all that can be gained is gained."""
LEFT = 0.2
"""A plateau is over when the loss has fallen by this share below it: less may be chance."""
SOLVED = 1e-3
"""A loss that is down to this share of the first is none that anyone waits for to fall."""
RISEN = 2.0
"""So many times the loss before the first update is worse than not to train at all."""
FEW = 20
"""Steps over which a loss is told from chance."""
_LOSS, _GRAD_NORM = (SERIES.index(name) for name in ("loss", "grad_norm"))


class CurveWatch:
    """Watches the loss in windows of so many steps, whatever the blocks in which they come."""

    def __init__(self, *, batches_per_epoch: int) -> None:
        """Begin before the first step."""
        self._window = max(LEAST_STEPS, batches_per_epoch)
        self._sees_all = batches_per_epoch == 1
        self._flat, self._risen = Latches(1), Latches(2)
        self._rows: list[NDArray[np.float64]] = []
        self._held = 0
        self._first: float | None = None
        self._lowest, self._best = np.inf, np.nan
        self._since = 0
        self._level: float | None = None
        self._steepest = 0.0
        self._is_excused = False
        self._few = max(FEW, min(batches_per_epoch, 1000))
        self._last = np.empty(0)

    def see(self, block: StepBlock, *, units_are_lost: bool = False) -> None:
        """Look at the losses and the gradient norms of more steps; where `units_are_lost` it is known why they rest."""
        self._is_excused = units_are_lost
        values = block.values[[_LOSS, _GRAD_NORM]]
        if not np.all(np.isfinite(values)):
            # What is not finite is told by the step itself.
            self._rows, self._held = [], 0
            return
        self._last = np.concatenate([self._last, values[0]])[-self._few :]
        if self._first is None and (self._sees_all or len(self._last) >= FEW):
            # One sample's loss may be anything; that of a few of them is a scale.
            self._first = float(values[0, 0] if self._sees_all else np.median(self._last))
        if self._first is not None:
            self._see_rise(self._first, block.last_step)
        self._rows.append(values)
        self._held += values.shape[1]
        if self._held < self._window:
            return
        rows = np.concatenate(self._rows, axis=1)
        whole = self._held // self._window * self._window
        means = rows[:, :whole].reshape(2, -1, self._window).mean(axis=2).T.tolist()
        last = block.last_step - self._held
        for loss, steepness in means:
            last += self._window
            self._see_window(loss, steepness, last)
        self._held -= whole
        self._rows = [rows[:, whole:]] if self._held else []

    @property
    def loss(self) -> float:
        """The mean loss of the last epoch, or of some steps where that is long or short; inf before there are any."""
        return float(self._last.mean()) if len(self._last) else math.inf

    def take(self) -> list[Alarm]:
        """Return what has begun or ended since the last time."""
        return [*self._flat.take(), *self._risen.take()]

    def _see_rise(self, first: float, step: int) -> None:
        self._lowest = min(self._lowest, float(self._last.min()), first)
        if len(self._last) < FEW:
            return
        # Momentum overshoots for a few steps and comes back, and one odd sample makes one step's loss a hundredfold.
        before, now = np.median(self._last[-FEW:].reshape(2, -1), axis=1).tolist()
        # The scale is that of the losses so far, as a function may well be negative.
        begins = now > before and now - first > (RISEN - 1.0) * max(abs(first), first - self._lowest)
        text = f"the loss is {now:.4g}, and was {first:.4g} at first"
        self._risen.see("rising", step, text, begins=begins, ends=now <= first)

    def _see_window(self, loss: float, steepness: float, step: int) -> None:
        self._steepest = max(self._steepest, steepness)
        if not loss >= self._best - BETTER * abs(self._best):
            self._best, self._since = loss, 0
        else:
            self._since += 1
        waits = steepness > AT_REST * self._steepest and abs(loss) > SOLVED * abs(self._first or 0.0)
        # A loss that is worse than at the start is not held up on its way down.
        is_explained = self._is_excused or self._risen.is_any_on
        begins = self._since >= PATIENCE and waits and not is_explained
        text = f"the loss has not fallen below {self._best:.4g} for {self._since * self._window:,} steps"
        left = self._level is not None and loss < self._level - LEFT * abs(self._level)
        if left:
            text, self._level = f"the loss falls again, to {loss:.4g}", None
        elif begins and self._level is None:
            self._level = self._best
        self._flat.see("plateau", step, text, begins=begins, ends=left)
