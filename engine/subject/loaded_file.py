"""A file of samples that is read into memory as a whole."""

from __future__ import annotations

from pathlib import PurePath

import numpy as np

from ..errors import MisfitError
from .datasets import MAXIMUM_FEATURES, MINIMUM_SAMPLES, DataSet, Split, Task, split
from .formats import Format, FormatError, Loaded, Source, Wanted
from .scaling import Scale
from .targets import purpose_of


class LoadedFile:
    """The samples of a file, in memory.

    Attributes:
        count: How many samples are used: all of them, or as many as were asked for from the beginning on.
        features: How many numbers a sample has beside its target.
        input_dtype: The type of those.
    """

    def __init__(self, source: Source, kind: Format, wanted: Wanted) -> None:
        """Read the file.

        Raises:
            MisfitError: It cannot be read, or does not hold what is asked for.
        """
        assert kind.load is not None, "a format without a reader is read while it is trained on"
        self._path, self._title = str(source.path), kind.title
        try:
            self._samples = kind.load(source, wanted)
        except FormatError as error:
            raise self._refused(str(error)) from None
        except MemoryError:
            raise self._refused("it does not fit into the memory of this machine") from None
        except OSError as error:
            raise self._refused(str(error.strerror)) from None
        self.count, self.features = self._samples.inputs.shape
        self.input_dtype = self._samples.inputs.dtype
        if wanted.samples is not None and wanted.samples > self.count:
            raise MisfitError("data.samples", wanted.samples, f"at most the {self.count:,} that the file has")
        if self.count < MINIMUM_SAMPLES:
            raise self._refused(f"at least {MINIMUM_SAMPLES} samples; it has {self.count}")
        if self.features > MAXIMUM_FEATURES:
            raise self._refused(f"its samples have {self.features:,} numbers, more than {MAXIMUM_FEATURES:,}")
        for part in self._parts():
            self._refuse_broken_numbers(part)

    def examine(self, task: Task | None, classes: int | None) -> tuple[Task, int]:
        """Return what the targets are for, and how many classes there are, 0 for a regression.

        Raises:
            MisfitError: The targets do not fit.
        """
        if task == "regression":
            if self._samples.names:
                raise MisfitError("data.task", task, '"classification": the targets of this file are texts')
            return "regression", 0
        wanted: Task | None = "classification" if classes is not None else task
        found: Task = "classification"
        most = max(2, len(self._samples.names))
        for part in self._parts() if not self._samples.names else ():
            try:
                found, needed = purpose_of([(0, part.targets)], part.targets.dtype, wanted)
            except FormatError as error:
                raise self._refused(str(error)) from None
            if found == "regression":
                return "regression", 0
            most = max(most, needed)
        if classes is not None and classes < most:
            raise MisfitError("data.classes", classes, f"{most:,} or more: the greatest target is {most - 1:,}")
        return "classification", classes or most

    def split(self, *, held_out: float, seed: int, task: Task, classes: int, scale: Scale | None) -> Split:
        """Return the samples in two parts.

        What the file itself keeps for the test is what is held out, whatever the share, unless that is 0.
        """
        train, *tests = (self._as_data_set(part, task, classes) for part in self._parts())
        if not tests:
            return split(train, held_out=held_out, seed=seed).scaled(scale)
        test = tests[0] if held_out > 0.0 else split(tests[0], held_out=0.0, seed=seed).held_out
        return Split(train=train, held_out=test).scaled(scale)

    def _parts(self) -> list[Loaded]:
        held_out = self._samples.held_out
        return [self._samples] if held_out is None or not len(held_out.inputs) else [self._samples, held_out]

    def _as_data_set(self, part: Loaded, task: Task, classes: int) -> DataSet:
        labels = part.targets.astype(np.int64 if task == "classification" else np.float64)
        return DataSet(
            name=PurePath(self._path).name,
            task=task,
            classes=classes,
            inputs=part.inputs,
            labels=labels,
            image_shape=part.image_shape,
        )

    def _refuse_broken_numbers(self, part: Loaded) -> None:
        for values in (part.inputs, part.targets[:, None]):
            if values.dtype.kind == "f":
                # A sum over a sample that is not finite is not; one that overflows is looked at again.
                with np.errstate(all="ignore"):
                    suspects = np.flatnonzero(~np.isfinite(values.sum(axis=1)))
                broken = suspects[~np.isfinite(values[suspects]).all(axis=1)]
                if len(broken):
                    raise self._refused(f"sample {int(broken[0])}, counted from 0, has a nan or an infinity")

    def _refused(self, reason: str) -> MisfitError:
        return MisfitError("data.file", self._path, f"{self._title}; {reason}")
