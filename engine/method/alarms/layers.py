"""What the figures of the tensors tell: gradients that vanish or explode from layer to layer, and rates far off."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...subject.objective import Tensor
from ..telemetry import FIGURES, TensorFigures
from .alarm import Alarm, Latches

PATIENCE = 10
"""Measurements in a row that have to agree: less than half a second at 25 a second."""
APART = 1e3
"""How much larger or smaller a layer's gradient may be than another's.

Where the weights are drawn as they should be, gradients have about the same size in all layers (Glorot and Bengio,
eq. 6 and 14); five layers of sigmoids, whose slope is 1/4 at most, take 4⁵ ≈ 10³ of it away.
Source: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010).
"""
BURST = 100.0
"""A gradient so many times its usual size is one that explodes: ten times the largest threshold for clipping.

Source: R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks", arXiv:1211.5063,
section 3.2: clip at half to ten times the average norm.
"""
USUAL_RATIO = 1e-3
"""About how long an update is for weights of length 1.

Source: A. Karpathy, CS231n, "Neural Networks Part 3", ratio of weights to updates.
"""
TINY, HUGE = USUAL_RATIO / 1e3, USUAL_RATIO * 100.0
FORGOTTEN = 0.01
"""A gradient of this share of √v̂ or less: what v̂ remembers has nothing to do with it any longer.

Under Adagrad that takes 1/0.01² = 10,000 equal gradients, or one that is a hundred times those of now. Source: M.
Zeiler, "ADADELTA", arXiv:1212.5701, section 3.
"""
SLOWLY = 0.9
"""A gradient that keeps more than this of its size from one measurement to the next is not on its way to an end."""
AT_REST = 0.1
"""A gradient that is down to this share of its largest is that of a run near its end, where small steps are right."""
CONVERGED = 1e-4
"""A gradient that is down to this share of its largest has nowhere to go, whatever the rate."""
_WEIGHT, _GRADIENT, _RMS, _EFFECTIVE, _RATIO = range(len(FIGURES))


class LayerWatch:
    """Watches the figures of the tensors, smoothed over a few measurements."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        """Begin before the first measurement."""
        self._latches, self._bursts = Latches(PATIENCE), Latches(1)
        self._tensors = tensors
        self._roots = np.sqrt([tensor.size for tensor in tensors])
        self._weights = [index for index, tensor in enumerate(tensors) if len(tensor.shape) == 2]
        self._usual: NDArray[np.float64] | None = None
        self._steepest = 0.0
        self._rms: NDArray[np.float64] | None = None
        self._is_excused = False
        self.step = 0

    def see(self, figures: TensorFigures, *, units_are_lost: bool = False) -> None:
        """Look at the figures of a step; where `units_are_lost` it is known why gradients and updates are small."""
        self._is_excused = units_are_lost
        gradients = figures.values[:, _GRADIENT]
        if figures.step <= self.step or not np.all(np.isfinite(gradients)):
            return
        self.step = figures.step
        # A mean over the last few: a minibatch alone may be anything.
        before = gradients if self._usual is None else self._usual
        usual = self._usual = 0.8 * before + 0.2 * gradients
        self._steepest = max(self._steepest, float(np.linalg.norm(usual)))
        if len(self._weights) > 1:
            self._compare_layers(usual / self._roots)
            self._look_for_bursts(before, gradients, figures.values[:, _RATIO])
        if self._weights:
            self._look_at_updates(figures.values[:, _RATIO], float(np.linalg.norm(usual)))
        falls_slowly = float(np.linalg.norm(usual)) > SLOWLY * float(np.linalg.norm(before))
        self._look_at_memory(figures.values[:, _RMS], usual / self._roots, falls_slowly=falls_slowly)

    def take(self) -> list[Alarm]:
        """Return what has begun or ended since the last time."""
        return [*self._latches.take(), *self._bursts.take()]

    def _compare_layers(self, sizes: NDArray[np.float64]) -> None:
        """Compare the layers' gradients, a root mean square each, with the largest and with that of the last layer."""
        weights = sizes[self._weights]
        largest, last = float(weights.max()), float(weights[-1])
        if largest == 0.0:
            return
        for index, size in zip(self._weights, weights.tolist(), strict=True):
            name = self._tensors[index].name
            share = size / largest
            self._latches.see(
                "vanishing",
                self.step,
                f"the gradient of {name} is {_times(share)} times that of the steepest layer",
                begins=share < 1.0 / APART and not self._is_excused,
                ends=share > 3.0 / APART,
                tensor=name,
            )
            times = size / last if last else math.inf
            self._latches.see(
                "exploding",
                self.step,
                f"the gradient of {name} is {_times(times)} times that of the last layer",
                begins=times > APART,
                ends=times < APART / 3.0,
                tensor=name,
            )

    def _look_for_bursts(
        self, before: NDArray[np.float64], gradients: NDArray[np.float64], ratios: NDArray[np.float64]
    ) -> None:
        """Look for a gradient far beyond its usual size whose step is as long as the weights themselves."""
        times = [gradients[index] / before[index] if before[index] else 1.0 for index in self._weights]
        worst = int(np.argmax(times))
        name, most = self._tensors[self._weights[worst]].name, float(times[worst])
        self._bursts.see(
            "exploding",
            self.step,
            f"the gradient of {name} is {_times(most)} times its usual size",
            begins=most > BURST and ratios[self._weights[worst]] > 1.0,
            ends=most < BURST / 10.0 and float(ratios[self._weights].max()) < 1.0,
        )

    def _look_at_updates(self, ratios: NDArray[np.float64], gradient: float) -> None:
        """Compare the updates with the weights that they change."""
        weights = ratios[self._weights]
        longest, shortest = float(weights.max()), float(weights.min())
        at_work = gradient > AT_REST * self._steepest and gradient > 0.0
        self._latches.see(
            "crawling",
            self.step,
            f"an update is {_times(longest)} of the weights' length at most",
            begins=0.0 < longest < TINY and at_work and not self._is_excused,
            ends=longest > 3.0 * TINY,
        )
        self._latches.see(
            "leaping",
            self.step,
            f"an update is {_times(shortest)} of the weights' length at least",
            begins=shortest > HUGE,
            ends=shortest < HUGE / 3.0,
        )

    def _look_at_memory(self, rms: NDArray[np.float64], sizes: NDArray[np.float64], *, falls_slowly: bool) -> None:
        """Compare the gradients with what the second moment remembers of them."""
        before, self._rms = self._rms, rms
        if before is None or np.any(np.isnan(rms)) or np.any(rms == 0.0):
            return
        share = float((sizes / rms).max())
        never_falls = bool(np.all(rms >= before))
        gradient = float(np.linalg.norm(sizes * self._roots))
        self._latches.see(
            "stalled",
            self.step,
            f"√v̂ remembers gradients {_times(1.0 / share if share else math.inf)} times those of now",
            begins=share < FORGOTTEN and never_falls and falls_slowly and gradient > CONVERGED * self._steepest,
            ends=share > 3.0 * FORGOTTEN or not never_falls,
        )


def _times(value: float) -> str:
    if 100.0 <= value < 1000.0:
        return f"{value:.0f}"
    return f"{value:.2g}".replace("e+0", "e").replace("e+", "e")
