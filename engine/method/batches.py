"""Which samples make up the next minibatch.

The order of an epoch is a function of seed and epoch alone: a race is fair, a rewind exact, a resume free. The last
batch of an epoch is as short as what is left; its loss and its gradient are means over its own samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..subject.objective import Batch

GATHER_BYTES = 1 << 20
"""How much is gathered ahead: one shuffled gather serves many batches, which are views of it, and stays in cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in the stream of samples: after some batch, before the next."""

    epoch: int
    """The pass through the training set, counted from 1."""
    taken: int
    """How many samples of that pass have been used."""
    shuffled: bool
    """Whether that pass goes through the samples in a drawn order."""


class BatchStream:
    """An endless stream of minibatches over a training set."""

    def __init__(self, samples: Batch, *, size: int | str, shuffle: bool, seed: int) -> None:
        self._samples = samples
        self._seed = seed
        self.count = len(samples.inputs)
        self.configure(size=size, shuffle=shuffle)
        self.seek(Position(epoch=1, taken=0, shuffled=shuffle))

    @property
    def position(self) -> Position:
        """Where the stream stands."""
        return Position(epoch=self.epoch, taken=self._taken, shuffled=self._shuffled)

    @property
    def epoch_is_over(self) -> bool:
        """Whether the last batch ended its epoch."""
        return self._taken >= self.count

    @property
    def epochs(self) -> float:
        """How many passes have been made, the present one as a fraction."""
        return self.epoch - 1 + self._taken / self.count

    @property
    def batches_per_epoch(self) -> int:
        """How many batches a whole epoch has at the present size."""
        return -(-self.count // self.size)

    def configure(self, *, size: int | str, shuffle: bool) -> None:
        """Use these from the next batch on; what is left of the epoch is cut anew, no sample is used twice.

        Whether the order is drawn is settled at the start of an epoch, so that change waits for the next one.
        """
        self.size = self.count if size == "full" else min(int(size), self.count)
        self._shuffle = shuffle
        row_bytes = (self._samples.inputs[:1].nbytes + self._samples.targets[:1].nbytes) * self.size
        batches_per_gather = max(1, GATHER_BYTES // row_bytes)
        self._rows = min(batches_per_gather, self.batches_per_epoch) * self.size
        self._buffer: Batch | None = None
        self._batches: list[Batch] = []
        self._next = 0

    def seek(self, position: Position) -> None:
        """Go on from this place."""
        self.epoch, self._taken, self._shuffled = position.epoch, position.taken, position.shuffled
        self._order: NDArray[np.intp] | None = None
        self._batches, self._next = [], 0

    def take(self) -> Batch:
        """Return the next batch; a later call overwrites its arrays."""
        if self._taken >= self.count:
            self.seek(Position(epoch=self.epoch + 1, taken=0, shuffled=self._shuffle))
        if self.size == self.count and self._taken == 0:
            # All samples at once: their order is of no consequence.
            self._taken = self.count
            return self._samples
        if self._next >= len(self._batches):
            self._gather()
        batch = self._batches[self._next]
        self._next += 1
        self._taken += len(batch.inputs)
        return batch

    def order(self, epoch: int) -> NDArray[np.intp]:
        """Return the order of the samples in a shuffled epoch."""
        return np.random.default_rng([self._seed, epoch]).permutation(self.count)

    def _gather(self) -> None:
        if self._order is None:
            self._order = self.order(self.epoch) if self._shuffled else np.arange(self.count)
        if self._buffer is None:
            rows = min(self._rows, self.count)
            self._buffer = Batch(
                inputs=np.empty_like(self._samples.inputs[:rows]),
                targets=np.empty_like(self._samples.targets[:rows]),
            )
            self._views = self._cut(self._buffer, rows)
        chosen = self._order[self._taken : self._taken + self._rows]
        rows = len(chosen)
        # Indices from a permutation are in range; "clip" spares NumPy a buffered copy.
        np.take(self._samples.inputs, chosen, axis=0, out=self._buffer.inputs[:rows], mode="clip")
        np.take(self._samples.targets, chosen, axis=0, out=self._buffer.targets[:rows], mode="clip")
        full = rows == len(self._buffer.inputs)
        self._batches, self._next = (self._views if full else self._cut(self._buffer, rows)), 0

    def _cut(self, buffer: Batch, rows: int) -> list[Batch]:
        return [
            Batch(inputs=buffer.inputs[first : first + self.size], targets=buffer.targets[first : first + self.size])
            if first + self.size <= rows
            else Batch(inputs=buffer.inputs[first:rows], targets=buffer.targets[first:rows])
            for first in range(0, rows, self.size)
        ]
