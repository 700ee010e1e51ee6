"""The moving average of the parameters, which is evaluated in their place."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from .. import fields
from ..subject.objective import Objective, Vector
from ..subject.regularisation import Regularisation


class AveragingSpec(fields.Section):
    """Whether a moving average of the parameters is evaluated in their place."""

    decay: Annotated[fields.Number, Field(ge=0.0, lt=1.0)] | None = Field(
        title="Average of the weights",
        default=None,
        description="What is evaluated is a mean of the weights that keeps this share of itself in each step; empty "
        "means the weights themselves.",
        json_schema_extra={"symbol": "EMA", "scale": "one-minus-log"},
    )
    start: fields.Count = Field(
        title="Average from step",
        default=0,
        description="The average begins as the weights after so many steps; until then it is the weights.",
    )


class Average:
    """θ̄ ← θ̄ + (1 − decay)·(θ − θ̄) after every step, from a copy of the parameters on.

    It starts at parameters and not at zero, so there is no bias to correct. As the parameters do, it goes to and fro
    between two vectors, so that the last step can be taken back.

    Source: B. T. Polyak, A. B. Juditsky, "Acceleration of Stochastic Approximation by Averaging", SIAM J. Control
    Optim. 30 (1992); with exponential weights as in `torch.optim.swa_utils.get_ema_multi_avg_fn`.

    Attributes:
        theta: The average.
        previous: What it was a step ago.
        bound: The objective at the average.
    """

    def __init__(
        self, objective: Objective, theta: Vector, previous: Vector, grad: Vector, regularisation: Regularisation
    ) -> None:
        """Begin with copies of both; `grad` is the vector of the gradient, which `advance` uses as workspace."""
        self.theta, self.previous = theta.copy(), previous.copy()
        self.bound, self._other = (
            objective.bind(vector, grad, regularisation) for vector in (self.theta, self.previous)
        )
        self._spare = grad

    def advance(self, spec: AveragingSpec, theta: Vector, step: int) -> None:
        """Take in the parameters after this step."""
        assert spec.decay is not None
        self.theta, self.previous = self.previous, self.theta
        self.bound, self._other = self._other, self.bound
        if step <= spec.start:
            np.copyto(self.theta, theta)
            return
        rest = 1.0 - spec.decay
        np.subtract(theta, self.previous, self._spare)
        np.multiply(self._spare, rest, self._spare)
        np.add(self.previous, self._spare, self.theta)

    def take_back(self) -> None:
        """Go back to what it was before the last step."""
        np.copyto(self.theta, self.previous)
