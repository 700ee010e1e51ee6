"""The data file that a spec has chosen: opened, held against what the spec says of it, and cut in two.

Most runs have none, and nothing of what reads files is loaded for them.
"""

from __future__ import annotations

from ..errors import MisfitError
from .data_file import DataFile
from .datasets import Split
from .downloads import fetched
from .file_samples import FileSplit, check_scale, split_file
from .formats import ALLOWED, FormatError, Source, Wanted, format_of
from .loaded_file import LoadedFile
from .spec import DataSpec


def is_loaded(path: str) -> bool:
    """Return whether all of a file is read into memory; raises `MisfitError` if it is none that can be read."""
    try:
        with Source(path) as source:
            return format_of(source).load is not None
    except FormatError as error:
        raise MisfitError("data.file", path, f"{ALLOWED}; {error}") from None


def opened(data: DataSpec) -> DataFile | LoadedFile:
    """Return the data file of a spec, if it holds what the spec says; raises `MisfitError`."""
    path = str(fetched(data.name)) if data.name is not None else data.file
    assert path is not None
    file: DataFile | LoadedFile
    try:
        with Source(path) as source:
            kind = format_of(source)
            if kind.load is not None:
                file = LoadedFile(source, kind, Wanted(target=data.target, header=data.header, samples=data.samples))
    except FormatError as error:
        raise MisfitError("data.file", path, f"{ALLOWED}; {error}") from None
    if kind.load is None:
        if data.header is not None:
            raise MisfitError("data.header", data.header, "nothing: only a CSV file can have names in its first line")
        file = DataFile(path, target=data.target, samples=data.samples)
    check_scale(file, data.scale)
    if data.features is not None and data.features != file.features:
        raise MisfitError("data.features", data.features, f"{file.features:,}, which is what the file has")
    return file


def parts_of(data: DataSpec, seed: int) -> Split | FileSplit:
    """Return the two parts of the file that an examined spec has chosen, with their scale.

    Raises:
        MisfitError: It no longer holds what the spec says.
    """
    assert data.shape is not None, "a file is examined before it is trained on"
    file = opened(data)
    if isinstance(file, DataFile):
        return split_file(file, held_out=data.held_out, seed=seed, classes=data.shape.classes, scale=data.scale)
    task, classes = file.examine(data.task, data.shape.classes or None)
    return file.split(held_out=data.held_out, seed=seed, task=task, classes=classes, scale=data.scale)
