"""A file on its way to its reader, and what a reader that takes all of it gives back."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

MAXIMUM_BYTES = 2 << 30
"""Of the samples that are held in memory: as much as 500 million numbers of 32 bits."""
MAXIMUM_COLUMNS = 1 << 16
"""Of a table in memory: one with more is no table of samples, or should be an array."""
TOO_LARGE = (
    f"more than the {MAXIMUM_BYTES >> 30} GB that are held in memory; a .npy file is read while it is trained on"
)


class FormatError(Exception):
    """The file is none of those that can be read; the text says what it is, as the end of a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person says about a file."""

    target: int | str | None = None
    """The column to be learned, by its number from 0 or by its name; None is the last one."""
    header: bool | None = None
    """Whether a text's first line names its columns; None is to be seen from it."""
    samples: int | None = None
    """How many samples to read; None for all."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loaded:
    """All samples of a file, in memory."""

    inputs: NDArray[Any]
    """(samples, features)."""
    targets: NDArray[Any]
    """(samples,): numbers, or the places of their names in `names`."""
    names: tuple[str, ...] = ()
    """The classes where the file has texts as targets, sorted."""
    held_out: Loaded | None = None
    """Samples that the file itself keeps for the test."""
    image_shape: tuple[int, int] | None = None
    """(rows, columns) where a sample is a picture, row by row."""


def image_shape(shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Return (rows, columns) where an array of samples of this shape holds pictures of one colour, else None."""
    return (shape[1], shape[2]) if len(shape) == 3 and min(shape[1:]) > 1 else None


class Source:
    """An open regular file, or a folder.

    Attributes:
        path: As a person gave it.
        descriptor: What it is read by; closed with `close`.
        size: In bytes.
        is_folder: Whether it is a folder.
    """

    def __init__(self, path: str) -> None:
        """Open it; `FormatError` where that cannot be, or where it is something else."""
        self.path = Path(path)
        try:
            # Opening a FIFO would wait for someone to write into it.
            self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except (OSError, ValueError) as error:
            raise FormatError(str(error.strerror if isinstance(error, OSError) else error)) from None
        status = os.fstat(self.descriptor)
        self.size, self.is_folder = status.st_size, stat.S_ISDIR(status.st_mode)
        if not self.is_folder and not stat.S_ISREG(status.st_mode):
            self.close()
            raise FormatError("this is not a regular file")

    def start(self) -> bytes:
        """Return the first bytes."""
        return b"" if self.is_folder else os.pread(self.descriptor, 4096, 0)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.descriptor)

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
