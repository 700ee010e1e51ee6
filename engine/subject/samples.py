"""Samples ready for a matrix product, held in memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .objective import Batch, Matrix


class MemorySamples:
    """A set of samples that is all there: one block, always loaded."""

    blocks_at_once = 1

    def __init__(self, *, inputs: Matrix, targets: Matrix) -> None:
        """Hold these arrays, laid out as those of a `Batch`."""
        self._all = Batch(inputs=inputs, targets=targets)
        self.count = self.block = len(inputs)

    def for_another(self) -> MemorySamples:
        """Return the set itself: nobody changes it."""
        return self

    def empty(self, rows: int) -> Batch:
        """Return a batch for `gather` to fill."""
        return Batch(inputs=np.empty_like(self._all.inputs[:rows]), targets=np.empty_like(self._all.targets[:rows]))

    def load(self, blocks: NDArray[np.intp], upcoming: NDArray[np.intp]) -> None:
        """Do nothing: all is here."""

    def gather(self, rows: NDArray[np.intp], out: Batch) -> None:
        """Fill `out` with the samples of these numbers."""
        # Indices from a permutation are in range; "clip" spares NumPy a buffered copy.
        np.take(self._all.inputs, rows, axis=0, out=out.inputs, mode="clip")
        np.take(self._all.targets, rows, axis=0, out=out.targets, mode="clip")

    def batch(self, first: int, stop: int) -> Batch:
        """Return views of the samples numbered `first` up to `stop`."""
        return self._all.part(first, stop)
