"""From a spec to its samples: what it leaves for its data file to say, and the two parts that are trained on.

A data file is opened, looked through once, and the spec says from then on what was left to it.

Whoever reads a spec later (a dashboard, the check of a live change) need not open the file again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import InputError, MisfitError
from ..subject.datasets import DATASETS, PARAMETERS, Split, generate, split
from ..subject.downloads import DOWNLOADS, fetched
from ..subject.spec import DataSpec
from .spec import RunSpec, blamed, checked_spec

if TYPE_CHECKING:
    from ..subject.file_samples import FileSplit


def examined(spec: RunSpec, source: str, sources: dict[str, str] | None = None) -> RunSpec:
    """Return `spec` with the number of samples and features, the task and the classes of its data file.

    What was given stands, and what contradicts the file is refused. Without a data file the spec is what it was.

    Raises:
        InputError: One line that names place, field, value and what is allowed, as those of `checked_spec`.
    """
    data = spec.data
    if data is None or (data.file is None and data.name not in DOWNLOADS):
        return spec
    from ..subject import chosen_file

    try:
        if data.name is not None:
            fetched(data.name)
            return spec
        assert data.file is not None
        if data.task is not None and data.shape is not None and chosen_file.is_loaded(data.file):
            return spec  # to read it once is enough: who trains on it sees whether it is still so
        file = chosen_file.opened(data)
        task, classes = file.examine(data.task, data.classes)
    except MisfitError as error:
        raise InputError(blamed(error.key, error.value, error.allowed, source, sources or {})) from None
    given = spec.as_given()
    given["data"] |= {"features": file.features, "samples": file.count, "task": task}
    if classes:
        given["data"]["classes"] = classes
    return checked_spec(given, source, sources)


def parts_of(data: DataSpec, seed: int) -> Split | FileSplit:
    """Return the samples of an examined spec in two parts, made or found, with their scale.

    Raises:
        InputError: The file no longer holds what the spec says.
    """
    if data.name is not None and data.name in DATASETS:
        parameters = {name: getattr(data, name) for name in PARAMETERS}
        made = generate(data.name, samples=data.samples, noise=data.noise, seed=seed, **parameters)
        return split(made, held_out=data.held_out, seed=seed).scaled(data.scale or DATASETS[data.name].scale)
    from ..subject import chosen_file

    try:
        return chosen_file.parts_of(data, seed)
    except MisfitError as error:
        raise InputError(blamed(error.key, error.value, error.allowed, "data", {})) from None
