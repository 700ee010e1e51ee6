"""From a spec to its samples: what it leaves for its data file to say, and the two parts that are trained on.

A data file is opened, looked through once, and the spec says from then on what was left to it.

Whoever reads a spec later (a dashboard, the check of a live change) need not open the file again.
"""

from __future__ import annotations

from ..errors import InputError, MisfitError
from ..subject.data_file import DataFile
from ..subject.datasets import DATASETS, PARAMETERS, Split, generate, split
from ..subject.downloads import DOWNLOADS, fetched
from ..subject.file_samples import FileSplit, check_scale, split_file
from ..subject.formats import ALLOWED, FormatError, Source, Wanted, format_of
from ..subject.loaded_file import LoadedFile
from ..subject.spec import DataSpec
from .spec import RunSpec, blamed, checked_spec


def examined(spec: RunSpec, source: str, sources: dict[str, str] | None = None) -> RunSpec:
    """Return `spec` with the number of samples and features, the task and the classes of its data file.

    What was given stands, and what contradicts the file is refused. Without a data file the spec is what it was.

    Raises:
        InputError: One line that names place, field, value and what is allowed, as those of `checked_spec`.
    """
    data = spec.data
    if data is None or (data.file is None and data.name not in DOWNLOADS):
        return spec
    try:
        if data.name is not None:
            fetched(data.name)
            return spec
        assert data.file is not None
        if data.task is not None and data.shape is not None and _is_loaded(data.file):
            return spec  # to read it once is enough: who trains on it sees whether it is still so
        file = opened(data)
        task, classes = file.examine(data.task, data.classes)
    except MisfitError as error:
        raise InputError(blamed(error.key, error.value, error.allowed, source, sources or {})) from None
    given = spec.as_given()
    given["data"] |= {"features": file.features, "samples": file.count, "task": task}
    if classes:
        given["data"]["classes"] = classes
    return checked_spec(given, source, sources)


def _is_loaded(path: str) -> bool:
    """Return whether all of a file is read into memory."""
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
    """Return the samples of an examined spec in two parts, made or found, with their scale.

    Raises:
        InputError: The file no longer holds what the spec says.
    """
    if data.name is not None and data.name in DATASETS:
        parameters = {name: getattr(data, name) for name in PARAMETERS}
        made = generate(data.name, samples=data.samples, noise=data.noise, seed=seed, **parameters)
        return split(made, held_out=data.held_out, seed=seed).scaled(data.scale or DATASETS[data.name].scale)
    assert data.shape is not None, "a file is examined before it is trained on"
    try:
        file = opened(data)
        if isinstance(file, DataFile):
            return split_file(file, held_out=data.held_out, seed=seed, classes=data.shape.classes, scale=data.scale)
        task, classes = file.examine(data.task, data.shape.classes or None)
    except MisfitError as error:
        raise InputError(blamed(error.key, error.value, error.allowed, "data", {})) from None
    return file.split(held_out=data.held_out, seed=seed, task=task, classes=classes, scale=data.scale)
