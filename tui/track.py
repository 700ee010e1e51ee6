"""The curves of one lane, of this run or of an earlier one: what a chart can show of it, against its steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from engine.method.telemetry import SERIES, StepBlock, TensorFigures

from .charts.history import Series, Smoother
from .charts.milestones import Milestones
from .past_figures import PastFigures

_LOSS, _LR, _GRAD_NORM, _UPDATE_NORM, _EPOCH = (
    SERIES.index(name) for name in ("loss", "lr", "grad_norm", "update_norm", "epoch")
)


class Track:
    """What a lane has done, as curves.

    Attributes:
        loss, smoothed, held_out, accuracy, grad_norm, lr, update_norm: Against the step.
        window: Over how many steps the loss is smoothed.
        past_figures: What was measured of its tensors.
        milestones: Where it was when, in other measures than steps.
    """

    def __init__(self) -> None:
        """Begin with empty curves."""
        self.begin(window=10, samples=1)

    def begin(self, *, window: int, samples: int) -> None:
        """Begin with empty curves, of a run over so many samples whose loss is smoothed over `window` steps."""
        self.window = window
        self.loss, self.smoothed, self.held_out, self.accuracy = Series(), Series(), Series(), Series()
        self.grad_norm, self.lr, self.update_norm = Series(), Series(), Series()
        self.milestones = Milestones(samples)
        self._smoother = Smoother(1.0 - 1.0 / window)
        self.past_figures = PastFigures()

    def extend(self, block: StepBlock) -> None:
        """Append a block of steps; a part that is known already is left out."""
        values = block.values
        known = max(0, int(self.loss.last_x) + 1 - block.first_step) if self.loss.count else 0
        if known >= values.shape[1]:
            return
        values = values[:, known:]
        steps = np.arange(block.first_step + known, block.last_step + 1, dtype=np.float64)
        self.loss.append(steps, values[_LOSS])
        self.smoothed.append(steps, self._smoother.extend(values[_LOSS]))
        self.grad_norm.append(steps, values[_GRAD_NORM])
        self.lr.append(steps, values[_LR])
        self.update_norm.append(steps, values[_UPDATE_NORM])
        # The newest epoch that begins in here: before its first step, all the others were complete.
        epochs = values[_EPOCH]
        begun = int(np.searchsorted(epochs, epochs[-1])) if np.isfinite(epochs[-1]) else 0
        if begun > 0:
            self.milestones.epochs.add(float(steps[begun]) - 1.0, float(epochs[-1]) - 1.0)

    def recall_figures(self, figures: Sequence[TensorFigures]) -> None:
        """Take what the record has of the tensors, with how often the gradient was computed until then."""
        self.past_figures.recall(figures)
        for each in figures:
            if each.evaluations:
                self.milestones.evaluations.add(each.step, each.evaluations)

    def extend_evaluations(self, evaluations: Iterable[Any]) -> None:
        """Append evaluations of the held-out samples, all at once: short epochs make many a second."""
        last, loss = self.held_out.last_x, self.held_out.last
        fresh = []
        for evaluation in evaluations:
            if evaluation.split != "held_out" or evaluation.step < last:
                continue
            # At the end of a run a part is followed by the whole at the same step; the record repeats what was told.
            if evaluation.step == last and evaluation.loss == loss:
                continue
            last, loss = evaluation.step, evaluation.loss
            fresh.append(evaluation)
        if fresh:
            steps = [float(evaluation.step) for evaluation in fresh]
            self.held_out.append(steps, [evaluation.loss for evaluation in fresh])
            if fresh[0].accuracy is not None:
                self.accuracy.append(steps, np.array([evaluation.accuracy for evaluation in fresh], np.float64))
