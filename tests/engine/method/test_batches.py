"""Which samples a step sees: every one of them once an epoch, in an order that seed and epoch decide alone."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import DTypeLike

from engine.method import batches
from engine.method.batches import BatchStream, Position
from engine.subject.objective import Batch
from engine.subject.samples import MemorySamples

counts, sizes, seeds = st.integers(1, 60), st.integers(1, 70), st.integers(0, 2**63 - 1)


def numbered(count: int, dtype: DTypeLike = np.float64) -> MemorySamples:
    """Return samples that say their own number, in the inputs and in the targets."""
    inputs = np.ones((count, 3), dtype=dtype)
    inputs[:, 0] = np.arange(count)
    return MemorySamples(inputs=inputs, targets=np.arange(count, dtype=dtype).reshape(-1, 1))


def stream(count: int, size: int | str, *, shuffle: bool = True, seed: int = 0) -> BatchStream:
    return BatchStream(numbered(count), size=size, shuffle=shuffle, seed=seed)


def numbers(batch: Batch) -> list[int]:
    """Return which samples a batch holds, and see that inputs and targets belong together."""
    assert np.array_equal(batch.inputs[:, 0], batch.targets[:, 0])
    return [int(number) for number in batch.targets[:, 0]]


def joined(parts: list[list[int]]) -> list[int]:
    return list(chain.from_iterable(parts))


def order(count: int, epoch: int, seed: int = 0) -> list[int]:
    """Return the order of an epoch, as a stream shows that comes from nowhere."""
    source = stream(count, 1, seed=seed)
    source.seek(Position(epoch=epoch, taken=0, shuffled=True))
    return joined(rest_of_epoch(source))


def rest_of_epoch(batches_of: BatchStream) -> list[list[int]]:
    """Return the batches up to the end of the epoch; of a stream at an end, those of the next one."""
    found = [numbers(batches_of.take())]
    while not batches_of.epoch_is_over:
        found.append(numbers(batches_of.take()))
    return found


@given(count=counts, size=sizes, shuffle=st.booleans(), seed=seeds)
def test_an_epoch_uses_every_sample_exactly_once(count: int, size: int, shuffle: bool, seed: int) -> None:
    source = stream(count, size, shuffle=shuffle, seed=seed)
    for epoch in (1, 2, 3):
        found = rest_of_epoch(source)
        assert source.epoch == epoch
        assert sorted(joined(found)) == list(range(count))
        assert [len(batch) for batch in found[:-1]] == [min(size, count)] * (len(found) - 1)
        assert len(found) == source.batches_per_epoch
        assert source.epochs == epoch


@given(count=counts, size=sizes, epoch=st.integers(1, 1000), seed=seeds)
def test_the_order_of_an_epoch_does_not_depend_on_what_came_before(
    count: int, size: int, epoch: int, seed: int
) -> None:
    walked, sought = stream(count, size, seed=seed), stream(count, 1, seed=seed)
    walked.seek(Position(epoch=epoch, taken=0, shuffled=True))
    for _ in range(3):
        rest_of_epoch(walked)
    later = joined(rest_of_epoch(walked))
    sought.seek(Position(epoch=epoch + 3, taken=0, shuffled=True))
    if size < count:
        assert later == joined(rest_of_epoch(sought))
    assert walked.epoch == epoch + 3


def test_every_epoch_and_every_seed_has_an_order_of_its_own() -> None:
    """Of 3 seeds times 3 epochs over 60 samples no two orders are alike, by chance with odds of 36 in 60!."""
    orders = {tuple(order(60, epoch, seed)) for seed in range(3) for epoch in (1, 2, 3)}
    assert len(orders) == 9


def test_the_first_orders_of_seed_0_stay_what_they_are() -> None:
    """A recorded run must come out the same with a later version of this program."""
    source = stream(8, 3)
    assert rest_of_epoch(source) == [[1, 3, 7], [6, 0, 4], [2, 5]]
    assert rest_of_epoch(source) == [[5, 2, 6], [0, 7, 1], [4, 3]]


def test_without_shuffling_the_order_is_the_files() -> None:
    source = stream(5, 2, shuffle=False)
    assert rest_of_epoch(source) == rest_of_epoch(source) == [[0, 1], [2, 3], [4]]


@given(count=counts, cuts=st.lists(st.tuples(sizes, st.integers(0, 3)), min_size=1, max_size=5), seed=seeds)
def test_a_new_size_in_mid_epoch_uses_each_remaining_sample_once(
    count: int, cuts: list[tuple[int, int]], seed: int
) -> None:
    source = stream(count, 4, seed=seed)
    found = [numbers(source.take())]
    for size, steps in cuts:
        source.configure(size=size, shuffle=True)
        for _ in range(steps):
            if not source.epoch_is_over:
                found.append(numbers(source.take()))
                assert len(found[-1]) <= min(size, count)
    while not source.epoch_is_over:
        found.append(numbers(source.take()))
    assert source.epoch == 1
    if count > 4:
        assert joined(found) == order(count, 1, seed)
    assert sorted(joined(found)) == list(range(count))


@given(count=counts, size=sizes, steps=st.integers(0, 40), shuffle=st.booleans(), seed=seeds)
def test_a_stream_that_seeks_a_position_goes_on_exactly_there(
    count: int, size: int, steps: int, shuffle: bool, seed: int
) -> None:
    walked, sought = (stream(count, size, shuffle=shuffle, seed=seed) for _ in range(2))
    for _ in range(steps):
        walked.take()
    sought.take()
    sought.seek(walked.position)
    assert sought.position == walked.position
    for _ in range(12):
        assert numbers(sought.take()) == numbers(walked.take())


@given(count=counts, size=sizes | st.just("full"), steps=st.integers(1, 40), seed=seeds)
def test_a_batch_that_is_put_back_is_the_next_one_again(count: int, size: int | str, steps: int, seed: int) -> None:
    walked, returned = stream(count, size, seed=seed), stream(count, size, seed=seed)
    for _ in range(steps):
        walked.take()
        batch = returned.take()
        position = returned.position
        returned.put_back(batch)
        again = returned.take()
        assert returned.position == position == walked.position
    for _ in range(12):
        assert numbers(again) == numbers(batch)
        again, batch = returned.take(), walked.take()


@pytest.mark.parametrize("size", ["full", 5, 6, 1 << 24])
def test_a_full_batch_is_the_whole_set_every_time(size: int | str) -> None:
    source = stream(5, size)
    for epoch in (1, 2, 3):
        assert sorted(numbers(source.take())) == [0, 1, 2, 3, 4]
        assert (source.epoch, source.epoch_is_over, source.epochs) == (epoch, True, epoch)
    assert source.batches_per_epoch == 1


def test_full_in_mid_epoch_takes_what_is_left_as_one_batch() -> None:
    source = stream(10, 4)
    first = numbers(source.take())
    source.configure(size="full", shuffle=True)
    second = numbers(source.take())
    assert (len(second), sorted(first + second)) == (6, list(range(10)))
    assert source.epoch_is_over


@pytest.mark.parametrize("shuffle", [True, False])
def test_a_turn_of_shuffle_waits_for_the_next_epoch(shuffle: bool) -> None:
    source, untouched = (stream(40, 7, shuffle=not shuffle) for _ in range(2))
    for each in (source, untouched):
        each.take()
    source.configure(size=7, shuffle=shuffle)
    assert rest_of_epoch(source) == rest_of_epoch(untouched)
    expected = order(40, 2) if shuffle else list(range(40))
    assert joined(rest_of_epoch(source)) == expected


def test_epochs_count_the_share_of_the_present_one() -> None:
    source = stream(10, 4)
    shares = []
    for _ in range(4):
        source.take()
        shares.append(source.epochs)
    assert shares == [0.4, 0.8, 1.0, 1.4]


@pytest.mark.parametrize("gather", [1, 100, 500, 1 << 20])
def test_how_much_is_gathered_ahead_changes_no_batch(gather: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample here has 32 bytes, so these are one batch, one batch, two batches, and all at once."""
    expected = [rest_of_epoch(source) for source in [stream(50, 7, seed=3)] for _ in range(3)]
    monkeypatch.setattr(batches, "GATHER_BYTES", gather)
    source = stream(50, 7, seed=3)
    assert [rest_of_epoch(source) for _ in range(3)] == expected


def test_batches_keep_the_dtype_and_are_contiguous() -> None:
    source = BatchStream(numbered(10, np.float32), size=4, shuffle=True, seed=0)
    for _ in range(3):
        batch = source.take()
        assert {batch.inputs.dtype, batch.targets.dtype} == {np.dtype(np.float32)}
        assert batch.inputs.flags.c_contiguous
        assert batch.targets.flags.c_contiguous


def test_taking_batches_leaves_the_training_set_as_it_is() -> None:
    samples = numbered(10)
    before = samples.batch(0, 10).inputs.copy()
    source = BatchStream(samples, size=3, shuffle=True, seed=0)
    for _ in range(9):
        batch = source.take()
        batch.inputs[:] = np.nan
    assert np.array_equal(samples.batch(0, 10).inputs, before)
