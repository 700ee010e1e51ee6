"""What the evaluations on held-out samples tell: that training longer makes them worse."""

from __future__ import annotations

import math

from .alarm import Alarm, Latches

LOST = 0.05
"""A held-out loss that is larger than its lowest by this share is told.

Source: L. Prechelt, "Early Stopping - But When?", Neural Networks: Tricks of the Trade (1998), section 2.1: GL_α with
α = 5, in percent.
"""
OF_ALL = 0.02
"""And by this share of all that was gained: of next to nothing five percent are nothing."""
RECOVERED = 0.01
PATIENCE = 5
"""Evaluations in a row for which that is so: one alone may be chance.

Source: ibid., UP_s, which counts strips in which the error rises; s = 5 is the middle of his 2, 3, 4, 6, 8.
"""


class GeneralisationWatch:
    """Watches the loss on samples that are never trained on."""

    def __init__(self) -> None:
        """Begin before the first evaluation."""
        self._latches = Latches(PATIENCE)
        self._first: float | None = None
        self._lowest, self._at, self._trained = math.inf, 0, math.inf

    def see(self, step: int, loss: float, training: float) -> None:
        """Look at an evaluation, beside the `training` loss of the steps around it."""
        if not math.isfinite(loss):
            return
        if self._first is None:
            self._first = loss
        if loss < self._lowest:
            # Before the first step nothing was learnt by heart: either loss is that of a model that knows nothing.
            self._lowest, self._at, self._trained = loss, step, min(training, loss) if step == 0 else training
        lost, gained = loss - self._lowest, self._first - self._lowest
        text = f"the held-out loss is {loss:.4g}, and was {self._lowest:.4g} at step {self._at:,}"
        # Where the training loss rises as well, or is no lower than the best that the model was on others, nothing was
        # learnt by heart: a rate that is far too large throws both about.
        by_heart = training <= self._trained and training < self._lowest
        begins = lost > LOST * abs(self._lowest) and lost > OF_ALL * gained and by_heart
        ends = lost <= RECOVERED * abs(self._lowest)
        self._latches.see("overfitting", step, text, begins=begins, ends=ends)

    def take(self) -> list[Alarm]:
        """Return what has begun or ended since the last time."""
        return self._latches.take()
