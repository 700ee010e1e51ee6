"""The formats that a file of someone's own may have, one a module; none of them can run code.

Read in this order:

opening      a file on its way to its reader, and what a reader gives back
arrays       NumPy's .npy and .npz: found in the file and left there
csv_text     tables as text
parquet      tables of pyarrow
idx          the images and labels of MNIST
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .arrays import is_array
from .csv_text import is_text, read_csv
from .idx import is_idx, read_idx
from .opening import FormatError, Loaded, Source, Wanted
from .parquet import is_parquet, read_parquet


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One row of the table of formats."""

    title: str
    """What is allowed, as part of a sentence."""
    begins: Callable[[bytes], bool]
    """Whether a file of this format can begin with these bytes."""
    load: Callable[[Source, Wanted], Loaded] | None
    """Reads all of it into memory; None where it is read while it is trained on."""
    is_folder: bool = False
    """Whether a folder may be of this format."""


FORMATS: tuple[Format, ...] = (
    Format(
        title="a .npy file of one array (samples, features + 1), or a .npz file of inputs (samples, …) and targets "
        "(samples,)",
        begins=is_array,
        load=None,
    ),
    Format(title="a Parquet file of numbers", begins=is_parquet, load=read_parquet),
    Format(title="a folder of IDX images as MNIST has", begins=is_idx, load=read_idx, is_folder=True),
    Format(title="a CSV file of numbers", begins=is_text, load=read_csv),
)
"""In the order in which they are tried; a text may begin with anything, so it comes last."""
ALLOWED = ", ".join(kind.title for kind in FORMATS)


def format_of(source: Source) -> Format:
    """Return what a file is, by its first bytes; `FormatError` if it is none of the table."""
    start = source.start()
    for kind in FORMATS:
        if kind.is_folder if source.is_folder else kind.begins(start):
            return kind
    raise FormatError("its first bytes are those of none" if start or source.is_folder else "it is empty")


__all__ = ["ALLOWED", "FORMATS", "Format", "FormatError", "Loaded", "Source", "Wanted", "format_of"]
