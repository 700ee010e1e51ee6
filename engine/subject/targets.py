"""What the targets of someone's own file are for: classes to be told apart, or numbers to be fitted."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MisfitError
from .datasets import MAXIMUM_CLASSES, Task
from .formats import FormatError

CLASSES_BY_GUESS = 1000
"""Up to so many different whole numbers among float targets are taken for classes."""


def purpose_of(chunks: Iterable[tuple[int, NDArray[Any]]], dtype: np.dtype[Any], task: Task | None) -> tuple[Task, int]:
    """Return what targets are for, and how many classes they name, 0 for a regression.

    Args:
        chunks: All targets in turn, (samples,), each with the number of its first sample.
        dtype: Their type.
        task: What they are said to be for; None is to be seen from them.

    Raises:
        MisfitError: They are no classes, and said to be.
        FormatError: They are not finite.
    """
    least, most, seen = math.inf, -math.inf, set[float]()
    guessing = task is None and dtype.kind == "f"
    for first, labels in chunks:
        if dtype.kind == "f":
            wrong = np.flatnonzero(~np.isfinite(labels))
            if len(wrong):
                raise FormatError(f"the target of sample {first + int(wrong[0])}, counted from 0, is not finite")
            fraction = np.flatnonzero(labels != np.floor(labels))
            if len(fraction) and guessing:
                return "regression", 0
            if len(fraction):
                raise _no_class(first + int(fraction[0]), float(labels[fraction[0]]))
        least, most = min(least, labels.min().item()), max(most, labels.max().item())
        if guessing:
            seen.update(np.unique(labels).tolist())
            if len(seen) > CLASSES_BY_GUESS:
                return "regression", 0
        elif least < 0 or most >= MAXIMUM_CLASSES:
            worst = int(labels.argmin() if least < 0 else labels.argmax())
            raise _no_class(first + worst, labels[worst].item())
    if least < 0 or most >= MAXIMUM_CLASSES:
        raise _no_class(None, least if least < 0 else most)
    return "classification", max(2, int(most) + 1)


def _no_class(sample: int | None, label: float) -> MisfitError:
    place = "" if sample is None else f" of sample {sample:,}"
    return MisfitError(
        "data.task",
        "classification",
        f"whole numbers from 0 to {MAXIMUM_CLASSES - 1:,} as targets, and the one{place} is {label:g}; "
        '"regression" fits numbers of any kind',
    )
