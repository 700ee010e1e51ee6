"""Which samples make up the next minibatch.

The order of an epoch is a function of seed and epoch alone: a race is fair, a rewind exact, a resume free. The last
batch of an epoch is as short as what is left; its loss and its gradient are means over its own samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..subject.objective import Batch, Matrix, Samples
from .order import EpochOrder

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
    """An endless stream of minibatches over a training set.

    Attributes:
        count: How many samples the training set has.
        size: How many of them a batch has.
        epoch: The pass through the set to which the last batch belongs, counted from 1.
    """

    def __init__(self, samples: Samples, *, size: int | str, shuffle: bool, seed: int) -> None:
        self._samples = samples
        self._seed = seed
        self.count = samples.count
        # The batches that are gathered and not yet taken, the next one last.
        self._ready: list[Batch] = []
        self._gathered = 0
        self.configure(size=size, shuffle=shuffle)
        self.seek(Position(epoch=1, taken=0, shuffled=shuffle))

    @property
    def position(self) -> Position:
        """Where the stream stands."""
        return Position(epoch=self.epoch, taken=self._taken, shuffled=self._shuffled)

    @property
    def epoch_is_over(self) -> bool:
        """Whether the last batch ended its epoch."""
        return not self._ready and self._gathered >= self.count

    @property
    def epochs(self) -> float:
        """How many passes have been made, the present one as a fraction."""
        return self.epoch - 1 + self._taken / self.count

    @property
    def batches_per_epoch(self) -> int:
        """How many batches a whole epoch has at the present size."""
        return -(-self.count // self.size)

    def epoch_of(self, ahead: int) -> int:
        """Return the pass to which the batch belongs that is taken after `ahead` more calls, 1 being the next."""
        left = -(-(self.count - self._taken) // self.size)
        return self.epoch if ahead <= left else self.epoch + 1 + (ahead - left - 1) // self.batches_per_epoch

    def configure(self, *, size: int | str, shuffle: bool) -> None:
        """Use these from the next batch on; what is left of the epoch is cut anew, no sample is used twice.

        Whether the order is drawn is settled at the start of an epoch, so that change waits for the next one.
        """
        self._gathered = self._taken
        self._ready = []
        self.size = self.count if size == "full" else min(int(size), self.count)
        self._shuffle = shuffle
        one = self._samples.empty(1)
        batches_per_gather = max(1, GATHER_BYTES // ((one.inputs.nbytes + one.targets.nbytes) * self.size))
        self._rows = min(min(batches_per_gather, self.batches_per_epoch) * self.size, self.count)
        self._buffer: Batch | None = None
        self._whole: Batch | None = None

    def reseed(self, seed: int) -> None:
        """Draw the orders of the epochs from another seed; `seek` is to follow."""
        self._seed = seed

    def seek(self, position: Position) -> None:
        """Go on from this place."""
        self.epoch, self._gathered, self._shuffled = position.epoch, position.taken, position.shuffled
        self._order: EpochOrder | None = None
        self._ready = []

    def take(self) -> Batch:
        """Return the next batch; a later call overwrites its arrays.

        Raises:
            RunError: The samples can no longer be read; the stream stays where it is.
        """
        if not self._ready:
            self._gather()
        return self._ready.pop()

    def put_back(self, batch: Batch) -> None:
        """Let the batch that was just taken be the next one again."""
        self._ready.append(batch)

    @property
    def _taken(self) -> int:
        """How many samples of the epoch have been used."""
        left = len(self._ready)
        return self._gathered - (left - 1) * self.size - self._last if left else self._gathered

    def _gather(self) -> None:
        if self._gathered >= self.count:
            self.seek(Position(epoch=self.epoch + 1, taken=0, shuffled=self._shuffle))
        if self.size == self.count and self._gathered == 0:
            # All samples at once: their order is of no consequence.
            if self._whole is None:
                whole = self._samples.batch(0, self.count)
                self._whole = whole.part(0, self.count, np.ascontiguousarray(whole.outputs))
            self._ready = [self._whole]
            self._gathered = self._last = self.count
            return
        if self._buffer is None:
            self._buffer = self._samples.empty(self._rows)
            self._outputs = np.empty_like(self._buffer.targets.reshape(-1))
            self._batches = self._cut(self._buffer, self._rows)
        rows = min(self._rows, self.count - self._gathered)
        self._fill(self._buffer, rows)
        self._lay_out(self._buffer.targets[:rows])
        self._ready = self._batches.copy() if rows == self._rows else self._cut(self._buffer, rows)
        self._last = len(self._ready[0].inputs)
        self._gathered += rows

    def _fill(self, buffer: Batch, rows: int) -> None:
        """Gather the next `rows` samples into the front of `buffer`, window by window."""
        if self._order is None:
            self._order = EpochOrder(self._samples, seed=self._seed, epoch=self.epoch, shuffled=self._shuffled)
        order, done = self._order, 0
        while done < rows:
            place = self._gathered + done
            if not order.first <= place < order.stop:
                order.turn_to(place)
                # What cannot be read now may be there again when someone resumes: then it must be loaded anew.
                self._order = None
                self._samples.load(order.blocks, order.upcoming)
                self._order = order
            part = order.rows[place - order.first : place - order.first + rows - done]
            self._samples.gather(part, buffer.part(done, done + len(part)))
            done += len(part)

    def _cut(self, buffer: Batch, rows: int) -> list[Batch]:
        """Return the batches in the first `rows` of `buffer`, the last one first."""
        outputs = buffer.targets.shape[1]
        batches = []
        for first in reversed(range(0, rows, self.size)):
            stop = min(first + self.size, rows)
            laid_out = self._outputs[first * outputs : stop * outputs].reshape(outputs, stop - first)
            batches.append(buffer.part(first, stop, laid_out))
        return batches

    def _lay_out(self, targets: Matrix) -> None:
        """Copy the targets of the batches that were just gathered to where a network's outputs are compared with them.

        One copy for all whole batches: one for each would cost as much as it saves in the loss.
        """
        rows, outputs = targets.shape
        whole = rows - rows % self.size
        blocks = self._outputs[: whole * outputs].reshape(-1, outputs, self.size)
        np.copyto(blocks, targets[:whole].reshape(-1, self.size, outputs).transpose(0, 2, 1))
        rest = self._outputs[whole * outputs : rows * outputs].reshape(outputs, rows - whole)
        np.copyto(rest, targets[whole:].T)
