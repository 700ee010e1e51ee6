"""What a spec wants trained."""

from __future__ import annotations

import numpy as np

from ..errors import InputError, MisfitError
from ..subject.datasets import Split, generate, split
from ..subject.expression.objective import Expression
from ..subject.file_samples import FileSplit, split_file
from ..subject.landscapes import Landscape
from ..subject.network import Network
from ..subject.objective import Objective
from ..subject.spec import DataSpec, ExpressionProblem, LandscapeProblem
from .file_spec import opened
from .spec import RunSpec, blamed


def build_objective(spec: RunSpec) -> Objective:
    """Return what the spec wants trained, with its data made and its parameters not yet drawn."""
    if isinstance(spec.problem, LandscapeProblem):
        return Landscape(spec.problem.landscape, start=spec.problem.start, dtype=np.dtype(spec.precision))
    if isinstance(spec.problem, ExpressionProblem):
        problem = spec.problem
        return Expression(problem.graph, start=tuple(problem.point.values()), dtype=np.dtype(spec.precision))
    assert spec.data is not None, "a checked spec of this kind has data"
    return Network(
        _split(spec.data, spec.seed.data),
        hidden=spec.model.hidden,
        activation=spec.model.activation,
        loss=spec.loss_name,
        init=spec.model.init,
        seed=spec.seed.init,
        dtype=spec.precision,
    )


def _split(data: DataSpec, seed: int) -> Split | FileSplit:
    if data.name is not None:
        made = generate(data.name, samples=data.samples, noise=data.noise, seed=seed)
        return split(made, held_out=data.held_out, seed=seed)
    assert data.shape is not None, "a file is examined before it is trained on"
    try:
        file = opened(data)
    except MisfitError as error:
        raise InputError(blamed(error.key, error.value, error.allowed, "data", {})) from None
    return split_file(file, held_out=data.held_out, seed=seed, classes=data.shape.classes, scale=data.scale)
