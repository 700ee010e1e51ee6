"""Samples of a file as a network wants them: which are trained on, how they are scaled, and never all of them at once.

A file is cut into blocks of consecutive samples. Some blocks are held out, drawn by seed; of the others so many are
loaded at once as make a window of 32 MB, in which samples can be gathered in any order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..errors import MisfitError, RunError
from ..text import clean
from .data_file import DataFile, Raw
from .loaded_file import LoadedFile
from .losses import Loss
from .objective import Batch
from .scaling import Scale, Scaling

WINDOW_BYTES = 32 << 20
"""Memory for the samples that are loaded: enough for neighbours in the file to be strangers in the order."""
WINDOW_ROWS = 1 << 18
"""And no more samples than this, however small they are: their order has to be drawn and held as well."""
BLOCKS_PER_WINDOW = 64
"""Blocks of half a megabyte: a disk reads them, announced in time, about as fast as one long stretch."""
SCALING_BYTES = 8 << 20
"""How much of the training part the means and standard deviations are measured on."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FilePart:
    """Some blocks of a file of samples."""

    file: DataFile
    block: int
    """How many samples a block has; the last one of the file may have fewer."""
    blocks: NDArray[np.intp]
    """The numbers of the blocks in the file, in the part's order; a shorter one comes last."""
    classes: int
    """How many classes there are; 0 for a regression."""
    scaling: Scaling
    feature_names: tuple[str, ...] = ()
    """Nothing that is read while it is trained on has names for its columns."""

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """(rows, columns) where a sample is a picture, row by row."""
        return self.file.image_shape

    @property
    def count(self) -> int:
        """How many samples the part has."""
        if not len(self.blocks):
            return 0
        return (len(self.blocks) - 1) * self.block + min(
            self.block, self.file.count - int(self.blocks[-1]) * self.block
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FileSplit:
    """A file of samples in two parts: what is learned from, and what the learning is checked on."""

    train: FilePart
    held_out: FilePart


def split_file(file: DataFile, *, held_out: float, seed: int, classes: int, scale: Scale | None) -> FileSplit:
    """Return the file cut in two by whole blocks; every sample is in exactly one part.

    Args:
        file: At least two samples.
        held_out: The share of the blocks to hold out, as `datasets.split` means it for samples.
        seed: The same seed cuts the same way.
        classes: 0 for a regression.
        scale: What to do to the inputs; None is "unit" for uint8 and "none" for every other type.
    """
    window = max(1, min(WINDOW_BYTES // file.row_bytes, WINDOW_ROWS))
    block = max(1, min(window, file.count) // BLOCKS_PER_WINDOW)
    blocks = -(-file.count // block)
    wanted = max(1, round(held_out * blocks)) if held_out > 0.0 else 0
    order = np.random.default_rng([seed, *b"split"]).permutation(blocks)
    cut = blocks - min(wanted, blocks - 1)
    train, kept = np.sort(order[:cut]), order[cut:]
    # In the order in which they were drawn the first few stand for all.
    kept = np.concatenate([kept[kept != blocks - 1], kept[kept == blocks - 1]])
    scaling = _scaling(file, scale, train, block, seed)
    parts = (
        FilePart(file=file, block=block, blocks=chosen, classes=classes, scaling=scaling) for chosen in (train, kept)
    )
    return FileSplit(train=next(parts), held_out=next(parts))


def check_scale(file: DataFile | LoadedFile, scale: Scale | None) -> None:
    """Raise `MisfitError` where the inputs have no largest number to be divided by."""
    if scale == "unit" and file.input_dtype not in (np.uint8, np.uint16):
        raise MisfitError(
            "data.scale", scale, f'"none" or "standardise" for inputs of type {file.input_dtype}; "unit" is for uint8'
        )


def _scaling(file: DataFile, scale: Scale | None, train: NDArray[np.intp], block: int, seed: int) -> Scaling:
    if scale == "unit" or (scale is None and file.input_dtype == np.uint8):
        return Scaling.to_unit(file.input_dtype)
    if scale != "standardise":
        return Scaling()
    most = max(1, SCALING_BYTES // (block * file.row_bytes))
    drawn = np.sort(np.random.default_rng([seed, *b"scale"]).permutation(len(train))[:most])
    count, mean, squares = 0, np.zeros(file.features), np.zeros(file.features)
    # First the mean and then the distances from it: a sum of squares would lose the digits that matter.
    for values in _blocks_in_double(file, train[drawn], block):
        mean += values.sum(axis=0)
        count += len(values)
    mean /= count
    for values in _blocks_in_double(file, train[drawn], block):
        squares += np.square(values - mean).sum(axis=0)
    return Scaling.to_deviations(mean, np.sqrt(squares / count))


def _blocks_in_double(file: DataFile, blocks: NDArray[np.intp], block: int) -> Iterator[NDArray[np.float64]]:
    for number in blocks.tolist():
        first = number * block
        raw = file.empty(min(block, file.count - first))
        file.read(first, raw)
        yield np.concatenate([values for _, values in file.inputs(raw)], axis=1).astype(np.float64)


class FileSamples:
    """A part of a file as a set of samples: its numbers become a network's when they are gathered, and not before."""

    def __init__(self, part: FilePart, loss: Loss, dtype: DTypeLike, *, ones: int = 1) -> None:
        self._part, self._file, self._loss = part, part.file, loss
        self._dtype = np.dtype(dtype)
        self._ones, self._width = ones, self._file.features + ones
        self.count, self.block = part.count, part.block
        self.blocks_at_once = max(1, min(WINDOW_BYTES // self._file.row_bytes, WINDOW_ROWS) // self.block)
        self._scaling = part.scaling.in_precision(self._file.input_dtype, self._dtype)
        self._outputs = loss.targets(np.zeros(1, dtype=np.int64), part.classes).shape[1]
        self._window: Raw | None = None
        self._scratch = self._file.empty(0)
        self._batch = self.empty(0)

    def for_another(self) -> FileSamples:
        """Return the same part with a window of its own."""
        return FileSamples(self._part, self._loss, self._dtype, ones=self._ones)

    def empty(self, rows: int) -> Batch:
        """Return a batch for `gather` to fill, with its column of ones, if it has one."""
        return Batch(
            inputs=np.ones((rows, self._width), dtype=self._dtype),
            targets=np.empty((rows, self._outputs), dtype=self._dtype),
        )

    def load(self, blocks: NDArray[np.intp], upcoming: NDArray[np.intp]) -> None:
        """Read these blocks into the window, neighbours in one go, and announce the upcoming ones."""
        if self._window is None:
            self._window = self._file.empty(min(self.blocks_at_once * self.block, self.count))
        done = 0
        for first, rows in self._stretches(blocks):
            self._file.read(first, _rows(self._window, done, done + rows))
            done += rows
        for first, rows in self._stretches(upcoming):
            self._file.expect(first, rows)

    def gather(self, rows: NDArray[np.intp], out: Batch) -> None:
        """Fill `out` with samples by their places in the window."""
        assert self._window is not None, "blocks are loaded first"
        raw = self._raw(len(rows))
        for table, chosen in zip(self._window, raw, strict=True):
            np.take(table, rows, axis=0, out=chosen, mode="clip")
        self._convert(raw, out)

    def batch(self, first: int, stop: int) -> Batch:
        """Return the samples numbered `first` up to `stop` in the part's order; the window is left alone."""
        rows = stop - first
        if len(self._batch.inputs) < rows:
            self._batch = self.empty(rows)
        place = first
        while place < stop:
            number, skipped = divmod(place, self.block)
            taken = min(self.block - skipped, stop - place)
            raw = self._raw(taken)
            self._file.read(int(self._part.blocks[number]) * self.block + skipped, raw)
            self._convert(raw, self._batch.part(place - first, place - first + taken))
            place += taken
        return self._batch.part(0, rows)

    def _stretches(self, blocks: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
        """Return the rows of these blocks as stretches of the file: where each begins, and how many it has."""
        numbers = self._part.blocks[blocks]
        for run in np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1) if len(numbers) else []:
            first = int(run[0]) * self.block
            yield first, min((int(run[-1]) + 1) * self.block, self._file.count) - first

    def _raw(self, rows: int) -> Raw:
        if len(self._scratch[0]) < rows:
            self._scratch = self._file.empty(rows)
        return _rows(self._scratch, 0, rows)

    def _convert(self, raw: Raw, out: Batch) -> None:
        for features, values in self._file.inputs(raw):
            self._scaling.apply(values, features, out.inputs[:, features])
        labels: NDArray[Any] = self._file.labels(raw)
        classes = self._part.classes
        if classes:
            labels = labels.astype(np.int64)
            if labels.min() < 0 or labels.max() >= classes:
                wrong = labels[(labels < 0) | (labels >= classes)][0]
                raise RunError(
                    f"{clean(self._file.path)}: a target is {wrong}; of {classes} classes the last is {classes - 1}"
                )
        out.targets[:] = self._loss.targets(labels, classes)


def _rows(raw: Raw, first: int, stop: int) -> Raw:
    return tuple(table[first:stop] for table in raw)
