"""An epoch's order over samples in blocks: near enough for a disk, mixed enough for a gradient."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.method.batches import BatchStream, Position
from engine.method.order import EpochOrder
from engine.subject.objective import Batch
from engine.subject.samples import MemorySamples

counts, blocks, at_once, sizes = st.integers(1, 200), st.integers(1, 20), st.integers(1, 6), st.integers(1, 60)


class Shelf(MemorySamples):
    """Numbered samples in blocks, of which no more than a few can be taken off the shelf at once."""

    def __init__(self, count: int, block: int, at_once: int) -> None:
        numbers = np.arange(count, dtype=np.float64).reshape(-1, 1)
        super().__init__(inputs=numbers, targets=numbers)
        self.block, self.blocks_at_once = block, at_once
        self.loads: list[list[int]] = []
        self.announced: list[list[int]] = []

    def load(self, blocks: NDArray[np.intp], upcoming: NDArray[np.intp]) -> None:
        """Note which blocks are asked for."""
        assert 1 <= len(blocks) <= self.blocks_at_once
        self.loads.append(blocks.tolist())
        self.announced.append(upcoming.tolist())

    def gather(self, rows: NDArray[np.intp], out: Batch) -> None:
        """Take samples from the blocks that were loaded last."""
        loaded = [self.batch(number * self.block, (number + 1) * self.block).inputs for number in self.loads[-1]]
        np.take(np.concatenate(loaded), rows, axis=0, out=out.inputs)
        out.targets[:] = out.inputs


def epoch_of(stream: BatchStream) -> list[int]:
    found = stream.take().inputs.ravel().tolist()
    while not stream.epoch_is_over:
        found += stream.take().inputs.ravel().tolist()
    return [int(number) for number in found]


@given(count=counts, block=blocks, at_once=at_once, size=sizes, shuffle=st.booleans(), seed=st.integers(0, 9))
def test_every_sample_comes_once_an_epoch_and_every_block_is_read_once(
    count: int, block: int, at_once: int, size: int, shuffle: bool, seed: int
) -> None:
    shelf = Shelf(count, block, at_once)
    stream = BatchStream(shelf, size=size, shuffle=shuffle, seed=seed)
    for _ in range(3):
        shelf.loads.clear()
        assert sorted(epoch_of(stream)) == list(range(count))
        if size < count:
            assert sorted(number for load in shelf.loads for number in load) == list(range(-(-count // block)))


@given(count=counts, block=blocks, at_once=at_once, size=sizes, steps=st.integers(0, 30), shuffle=st.booleans())
def test_a_stream_that_seeks_a_place_in_any_window_goes_on_exactly_there(
    count: int, block: int, at_once: int, size: int, steps: int, shuffle: bool
) -> None:
    walked, sought = (BatchStream(Shelf(count, block, at_once), size=size, shuffle=shuffle, seed=1) for _ in range(2))
    for _ in range(steps):
        walked.take()
    sought.seek(walked.position)
    for _ in range(8):
        assert np.array_equal(sought.take().inputs, walked.take().inputs)


@given(count=counts, block=blocks, at_once=at_once, cuts=st.lists(sizes, min_size=1, max_size=6))
def test_the_size_of_a_batch_can_turn_in_any_window_and_the_order_stays(
    count: int, block: int, at_once: int, cuts: list[int]
) -> None:
    stream = BatchStream(Shelf(count, block, at_once), size=1, shuffle=True, seed=1)
    expected = epoch_of(stream)
    stream.seek(Position(epoch=1, taken=0, shuffled=True))
    found = [int(stream.take().inputs[0, 0])]
    for size in cuts:
        stream.configure(size=size, shuffle=True)
        if not stream.epoch_is_over:
            found += [int(number) for number in stream.take().inputs[:, 0]]
    stream.configure(size=7, shuffle=True)
    while not stream.epoch_is_over:
        found += [int(number) for number in stream.take().inputs[:, 0]]
    assert found == expected


def test_one_window_is_ordered_as_if_it_were_in_memory() -> None:
    memory = BatchStream(Shelf(50, 50, 1), size=7, shuffle=True, seed=4)
    disk = BatchStream(Shelf(50, 6, 9), size=7, shuffle=True, seed=4)
    assert [epoch_of(disk) for _ in range(3)] == [epoch_of(memory) for _ in range(3)]


def test_the_first_orders_in_windows_stay_what_they_are() -> None:
    """A recorded run must come out the same with a later version of this program."""
    stream = BatchStream(Shelf(11, 2, 2), size=4, shuffle=True, seed=0)
    assert epoch_of(stream) == [5, 0, 4, 1, 2, 7, 3, 6, 9, 8, 10]
    assert epoch_of(stream) == [6, 5, 4, 7, 2, 3, 10, 8, 9, 0, 1]


def test_without_shuffling_the_order_is_the_files() -> None:
    assert epoch_of(BatchStream(Shelf(50, 6, 2), size=7, shuffle=False, seed=0)) == list(range(50))


def test_what_comes_next_is_announced() -> None:
    shelf = Shelf(50, 6, 2)
    epoch_of(BatchStream(shelf, size=7, shuffle=True, seed=0))
    assert shelf.announced == [*shelf.loads[1:], []]


@pytest.mark.parametrize("epoch", [1, 2])
def test_neighbours_in_the_file_are_strangers_in_the_order(epoch: int) -> None:
    """1,000 samples in 100 blocks, 20 at once: blocks of a window come from everywhere, its samples are mixed.

    Of numbers drawn evenly from 0 to 99, the mean of 20 is off by 6.5 on average; neighbours in a mixed window of 200
    lie in the same block once in 22 times.
    """
    order = EpochOrder(Shelf(1000, 10, 20), seed=3, epoch=epoch, shuffled=True)
    for window in range(5):
        order.turn_to(window * 200)
        assert abs(float(order.blocks.mean()) - 49.5) < 4 * 6.5
        together = int(np.count_nonzero(np.diff(order.rows // 10) == 0))
        assert together < 30


def test_an_order_holds_no_more_than_the_numbers_of_the_blocks_and_of_one_window() -> None:
    """A million samples in blocks of 100: not 8 MB of sample numbers, but 80 kB of blocks and 16 kB of a window."""
    samples = MemorySamples(inputs=np.empty((1_000_000, 0)), targets=np.empty((1_000_000, 0)))
    samples.block, samples.blocks_at_once = 100, 20
    tracemalloc.start()
    order = EpochOrder(samples, seed=0, epoch=1, shuffled=True)
    for taken in range(0, 1_000_000, 50_000):
        order.turn_to(taken)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
