"""Samples that stay on disk: every one is found, unchanged but for the scale, and memory knows a few of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MisfitError, RunError
from engine.subject import file_samples
from engine.subject.data_file import DataFile
from engine.subject.file_samples import FileSamples, FileSplit, check_scale, split_file
from engine.subject.losses import LOSSES
from engine.subject.objective import Batch

DTYPES = ["?", "u1", "i1", "<u2", ">i2", "<i4", ">u4", "<i8", "<u8", "<f2", ">f4", "<f8"]


def numbered(folder: Path, count: int, features: int = 3, dtype: Any = np.float64) -> DataFile:
    """Return a file whose samples say their own number, in all inputs and in the target."""
    path = folder / "numbered.npy"
    np.save(path, np.repeat(np.arange(count)[:, None], features + 1, axis=1).astype(dtype))
    return DataFile(str(path))


def cut(file: DataFile, **settings: Any) -> FileSplit:
    return split_file(file, **{"held_out": 0.0, "seed": 0, "classes": 0, "scale": "none", **settings})


def samples_of(part: Any, dtype: Any = np.float64, loss: str = "mean_squared_error") -> FileSamples:
    return FileSamples(part, LOSSES[loss], dtype)


def numbers(batch: Batch) -> list[int]:
    """Return which samples a batch holds, and see that inputs, ones and targets belong together."""
    assert (batch.inputs[:, :-1] == batch.targets).all()
    assert (batch.inputs[:, -1] == 1.0).all()
    return [int(number) for number in batch.targets[:, 0]]


@given(
    count=st.integers(4, 400),
    held_out=st.floats(0.0, 0.9),
    seed=st.integers(0, 2**63 - 1),
    window=st.integers(1, 20_000),
)
def test_every_sample_is_in_exactly_one_part(count: int, held_out: float, seed: int, window: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_samples, "WINDOW_BYTES", window)
        folder = Path(os.environ["GDTUI_DATA_DIR"]).parent
        split = cut(numbered(folder, count), held_out=held_out, seed=seed)
        parts = [samples_of(part) for part in (split.train, split.held_out) if part.count]
        found = [numbers(part.batch(0, part.count)) for part in parts]
        assert sorted(number for part in found for number in part) == list(range(count))
        blocks = -(-count // split.train.block)
        assert abs(len(split.held_out.blocks) - held_out * blocks) <= 1.0
        assert split.train.count >= 1
        assert bool(split.held_out.count) == (held_out > 0.0)


def test_what_is_held_out_comes_from_everywhere_and_its_first_samples_do_too(places: Path) -> None:
    """A file sorted by its target: a mean of 20 blocks' places is off by 6 % of the file or so, of 10 by 9 %."""
    split = cut(numbered(places, 6400), held_out=0.3)
    held_out = samples_of(split.held_out)
    for share in (1, 2):
        found = numbers(held_out.batch(0, held_out.count // share))
        assert abs(float(np.mean(found)) - 3200) < 3 * 0.09 * 6400


@pytest.mark.parametrize("seed", [0, 1])
def test_the_cut_is_a_function_of_the_seed(places: Path, seed: int) -> None:
    file = numbered(places, 640)
    again, other = (cut(file, held_out=0.2, seed=number).held_out.blocks.tolist() for number in (seed, seed + 1))
    assert cut(file, held_out=0.2, seed=seed).held_out.blocks.tolist() == again != other


@given(count=st.integers(4, 300), window=st.integers(1, 10_000), data=st.data())
def test_what_is_gathered_is_what_lies_in_the_loaded_blocks(count: int, window: int, data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_samples, "WINDOW_BYTES", window)
        split = cut(numbered(Path(os.environ["GDTUI_DATA_DIR"]).parent, count), held_out=0.3)
        samples = samples_of(split.train)
        last = -(-samples.count // samples.block) - 1
        for _ in range(3):
            most = min(samples.blocks_at_once, last + 1)
            drawn = data.draw(st.sets(st.integers(0, last), min_size=1, max_size=most))
            blocks = np.array(sorted(drawn))
            everything = [
                numbers(samples.batch(first, min(first + samples.block, samples.count)))
                for first in (blocks * samples.block).tolist()
            ]
            loaded = [number for block in everything for number in block]
            samples.load(blocks, blocks[:1])
            rows = np.array(data.draw(st.lists(st.integers(0, len(loaded) - 1), min_size=1, max_size=20)))
            out = samples.empty(len(rows))
            samples.gather(rows, out)
            assert numbers(out) == [loaded[row] for row in rows]


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_come_through_as_numpy_would_convert_them(places: Path, dtype: str, precision: Any) -> None:
    """From the least to the greatest that the type holds; whole numbers past 2⁵³ are rounded as NumPy rounds them."""
    kind = np.dtype(dtype)
    generator = np.random.default_rng(0)
    size = 1 if kind.kind == "b" else kind.itemsize
    table = generator.integers(0, 256 if kind.kind != "b" else 2, (50, 4 * size), dtype=np.uint8).view(kind)
    if kind.kind == "f":
        table = generator.normal(0.0, 100.0, (50, 4)).astype(kind)
    path = places / "data.npy"
    np.save(path, table)
    samples = samples_of(cut(DataFile(str(path))).train, precision)
    batch = samples.batch(0, 50)
    assert batch.inputs.dtype == batch.targets.dtype == precision
    assert np.array_equal(batch.inputs[:, :3], table[:, :3].astype(precision))
    assert np.array_equal(batch.targets[:, 0], table[:, 3].astype(np.float64).astype(precision))


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize(("scale", "dtype", "largest"), [(None, np.uint8, 255), ("unit", np.uint16, 65535)])
def test_pixels_are_divided_by_their_largest_value(
    places: Path, scale: Any, dtype: Any, largest: int, precision: Any
) -> None:
    file = numbered(places, 256, dtype=dtype)
    batch = samples_of(cut(file, scale=scale).train, precision).batch(0, 256)
    expected = np.arange(256).astype(precision) / precision(largest)
    assert np.array_equal(batch.inputs[:, 0], expected)
    assert batch.inputs[0, 0] == 0.0
    assert batch.targets[:, 0].tolist() == list(range(256))


def test_other_numbers_are_left_as_they_are(places: Path) -> None:
    for dtype in (np.int16, np.float32):
        file = numbered(places, 256, dtype=dtype)
        assert numbers(samples_of(cut(file, scale=None).train).batch(0, 256)) == list(range(256))
        with pytest.raises(MisfitError, match=r'data\.scale: "none" or "standardise" for inputs of type'):
            check_scale(file, "unit")


def test_standardised_features_have_mean_0_and_deviation_1_on_the_training_part(places: Path) -> None:
    """Each feature has a place and a width of its own, one of them far from 0; one never changes."""
    generator = np.random.default_rng(1)
    table = np.concatenate(
        [generator.normal([3.0, -1e9, 0.0], [0.1, 2.0, 1e-6], (5000, 3)), np.full((5000, 2), 0.1)], axis=1
    )
    path = places / "data.npy"
    np.save(path, table)
    split = cut(DataFile(str(path)), scale="standardise", held_out=0.2)
    train, kept = (samples_of(part, np.float32) for part in (split.train, split.held_out))
    inputs = train.batch(0, train.count).inputs[:, :-1].astype(np.float64)
    assert inputs[:, :3].mean(axis=0) == pytest.approx(0.0, abs=1e-4)
    assert inputs[:, :3].std(axis=0) == pytest.approx(1.0, rel=1e-4)
    assert inputs[:, 3] == pytest.approx(0.0, abs=1e-12)
    unseen = kept.batch(0, kept.count).inputs[:, :3]
    # Of 1,000 samples a mean is off by 0.03.
    assert unseen.mean(axis=0) == pytest.approx(0.0, abs=0.15)
    assert (unseen.mean(axis=0) != 0.0).all()


def test_the_scale_is_measured_on_a_bounded_part(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_samples, "SCALING_BYTES", 4096)
    file = numbered(places, 6400)
    bytes_read = 0
    read = DataFile.read

    def counting(self: DataFile, first: int, into: Any) -> None:
        nonlocal bytes_read
        bytes_read += sum(rows.nbytes for rows in into)
        read(self, first, into)

    monkeypatch.setattr(DataFile, "read", counting)
    cut(file, scale="standardise")
    assert 0 < bytes_read <= 2 * 4096


@pytest.mark.parametrize("loss", LOSSES)
def test_labels_become_the_targets_of_the_loss(places: Path, loss: str) -> None:
    labels = np.array([1, 0, 0, 1, 1], np.uint8)
    np.savez(places / "data.npz", x=np.ones((5, 2)), y=labels)
    split = cut(DataFile(str(places / "data.npz")), classes=2)
    targets = samples_of(split.train, np.float32, loss).batch(0, 5).targets
    assert np.array_equal(targets, LOSSES[loss].targets(labels.astype(np.int64), 2))


def test_a_label_that_no_class_has_is_told_and_not_trained_on(places: Path) -> None:
    split = cut(numbered(places, 20, dtype=np.int8), classes=10)
    samples = samples_of(split.train, loss="cross_entropy")
    assert samples.batch(0, 10).targets.argmax(axis=1).tolist() == list(range(10))
    with pytest.raises(RunError, match=r"numbered\.npy: a target is 10; of 10 classes the last is 9"):
        samples.batch(0, 20)


def test_for_a_network_without_biases_there_is_no_column_of_ones(places: Path) -> None:
    part = cut(numbered(places, 6), held_out=0.0).train
    loss = LOSSES["mean_squared_error"]
    with_ones, without = (FileSamples(part, loss, np.float64, ones=ones).batch(0, 6).inputs for ones in (1, 0))
    another = FileSamples(part, loss, np.float64, ones=0).for_another().batch(0, 6).inputs
    assert without.shape == another.shape == (6, 3)
    assert np.array_equal(with_ones[:, :3], without)


def test_who_reads_the_same_samples_elsewhere_has_batches_of_the_same_width(places: Path) -> None:
    """A race over a file without biases, or a look at its model, would otherwise find one column too many."""
    part = cut(numbered(places, 40)).train
    samples = FileSamples(part, LOSSES["mean_squared_error"], np.float64, ones=0)
    assert samples.for_another().batch(0, 3).inputs.shape == samples.batch(0, 3).inputs.shape == (3, 3)
