"""What a spec leaves for its data file to say: it is opened, looked through once, and the spec says it from then on.

Whoever reads a spec later (a dashboard, the check of a live change) need not open the file again.
"""

from __future__ import annotations

from ..errors import InputError, MisfitError
from ..subject.data_file import DataFile
from ..subject.file_samples import check_scale
from ..subject.spec import DataSpec
from .spec import RunSpec, blamed, checked_spec


def examined(spec: RunSpec, source: str, sources: dict[str, str] | None = None) -> RunSpec:
    """Return `spec` with the number of samples and features, the task and the classes of its data file.

    What was given stands, and what contradicts the file is refused. Without a data file the spec is what it was.

    Raises:
        InputError: One line that names place, field, value and what is allowed, as those of `checked_spec`.
    """
    data = spec.data
    if data is None or data.file is None:
        return spec
    try:
        file = opened(data)
        task, classes = file.examine(data.task, data.classes)
    except MisfitError as error:
        raise InputError(blamed(error.key, error.value, error.allowed, source, sources or {})) from None
    given = spec.as_given()
    given["data"] |= {"features": file.features, "samples": file.count, "task": task}
    if classes:
        given["data"]["classes"] = classes
    return checked_spec(given, source, sources)


def opened(data: DataSpec) -> DataFile:
    """Return the data file of a spec, if it holds what the spec says; raises `MisfitError`."""
    assert data.file is not None
    file = DataFile(data.file, target=data.target, samples=data.samples)
    check_scale(file, data.scale)
    if data.features is not None and data.features != file.features:
        raise MisfitError("data.features", data.features, f"{file.features:,}, which is what the file has")
    return file
