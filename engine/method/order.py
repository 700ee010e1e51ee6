"""In which order an epoch goes through the samples: a function of seed and epoch alone.

Samples come in blocks that lie together, and a few blocks at once make a window: the blocks are drawn, and then the
samples of a window among themselves. A set in memory is one block, so its order is drawn freely; a set on disk is
read block by block, and nothing is drawn that is longer than the list of blocks or the samples of one window.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..subject.objective import Samples

Numbers = NDArray[np.intp]


class EpochOrder:
    """The order of one epoch, and the window of it that was asked for last.

    Attributes:
        first: How many samples of the epoch come before the window.
        stop: How many there are up to its end.
        blocks: The blocks that the window needs, ascending.
        upcoming: Those of the window after it; none after the last.
        rows: The window's samples in their order, each by its place among those of its blocks.
    """

    def __init__(self, samples: Samples, *, seed: int, epoch: int, shuffled: bool) -> None:
        self._seed, self._epoch, self._shuffled = seed, epoch, shuffled
        self._windows, self._firsts = self._cut(samples)
        self.first = self.stop = 0
        self.blocks = self.upcoming = self.rows = np.empty(0, dtype=np.intp)

    def turn_to(self, taken: int) -> None:
        """Make the window with the sample that comes after `taken` others the present one."""
        index = bisect_right(self._firsts, taken) - 1
        self.first, self.stop = self._firsts[index], self._firsts[index + 1]
        self.blocks = self._windows[index]
        self.upcoming = self._windows[index + 1] if index + 1 < len(self._windows) else self.blocks[:0]
        samples = self.stop - self.first
        self.rows = self._generator(index).permutation(samples) if self._shuffled else np.arange(samples)

    def _cut(self, samples: Samples) -> tuple[list[Numbers], list[int]]:
        """Return the blocks of every window, and how many samples come before each and before the end."""
        count, block, at_once = samples.count, samples.block, samples.blocks_at_once
        blocks = -(-count // block)
        if blocks <= at_once:
            return [np.arange(blocks)], [0, count]
        windows = -(-blocks // at_once)
        # No window has this number: the blocks have a stream of their own.
        drawn = self._generator(windows).permutation(blocks) if self._shuffled else np.arange(blocks)
        cut = [np.sort(drawn[first : first + at_once]) for first in range(0, blocks, at_once)]
        # Only the very last block can be shorter than the others.
        sizes = [len(chosen) * block - (chosen[-1] == blocks - 1) * (blocks * block - count) for chosen in cut]
        return cut, [0, *np.cumsum(sizes).tolist()]

    def _generator(self, number: int) -> Generator:
        # The first window's stream is that of seed and epoch alone, as SeedSequence fills up with zeros.
        return np.random.default_rng([self._seed, self._epoch, number] if number else [self._seed, self._epoch])
