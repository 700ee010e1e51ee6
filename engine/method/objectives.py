"""What a spec wants trained."""

from __future__ import annotations

import numpy as np

from ..subject.landscapes import Landscape
from ..subject.network import Network
from ..subject.objective import Objective
from ..subject.spec import ExpressionProblem, LandscapeProblem
from .file_spec import parts_of
from .spec import RunSpec


def build_objective(spec: RunSpec) -> Objective:
    """Return what the spec wants trained, with its data made and its parameters not yet drawn."""
    if isinstance(spec.problem, LandscapeProblem):
        return Landscape(spec.problem.landscape, start=spec.problem.start, dtype=np.dtype(spec.precision))
    if isinstance(spec.problem, ExpressionProblem):
        # Only now: most runs have no typed-in function.
        from ..subject.expression.objective import Expression

        problem = spec.problem
        return Expression(problem.graph, start=tuple(problem.point.values()), dtype=np.dtype(spec.precision))
    assert spec.data is not None, "a checked spec of this kind has data"
    return Network(
        parts_of(spec.data, spec.seed.data),
        hidden=spec.model.hidden,
        activation=spec.model.activation,
        loss=spec.loss_name,
        init=spec.model.init,
        bias=spec.model.bias,
        huber_delta=spec.model.huber_delta,
        reduction=spec.model.reduction,
        dropout_seed=spec.seed.dropout,
        seed=spec.seed.init,
        dtype=spec.precision,
    )
