"""The last line search: φ(α) along the way of the step, its trials, and the step that was accepted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ...errors import InputError
from ...subject.network import Network
from ..path import Path
from ..trainer import Trainer
from .inspection import Finding, Inspection

BEYOND = 1.15
"""How far past the longest trial the curve goes on."""
FARTHEST = 4.0
"""And no farther than this many times the accepted step: a short one, found after many trials, would be a dot."""


class SearchInspection(Inspection):
    """What the last search has looked at.

    Facts: `method`; `step`; `accepted`, the α of the step; `value` and `slope`, φ and φ′ at α = 0; `promise`, the
    slope c₁·φ′(0) of Armijo's line from φ(0), None where the method asks for no sufficient decrease; `is_curve_whole`,
    whether the curve is the very function that was searched: with noise or L2 decay, and of a batch of a network, it
    is not known again, and there is none. Arrays: `trials` (trials, 3), α, φ and φ′ in their order; `alphas` and
    `values` (points,), the curve.
    """

    points: Annotated[int, Field(ge=2, le=1024)] = 129

    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding]:
        """Yield it at once; `InputError` where no search is made."""
        if trainer.search is None:
            raise InputError('no line search is made: line_search.name is "none"')
        return self._findings(trainer)

    def _findings(self, trainer: Trainer) -> Iterator[Finding]:
        search = trainer.search
        assert search is not None, "findings has seen to it"
        trials, accepted = search.trials.copy(), float(trainer.dials.lr)
        has_curve = len(trials) > 0 and accepted > 0.0 and self._is_known_again(trainer)
        alphas, values = self._curve(trainer, trials, accepted) if has_curve else (np.empty(0), np.empty(0))
        yield Finding(
            facts={
                "method": trainer.spec.search_method,
                "step": trainer.step_count,
                "accepted": accepted if len(trials) else None,
                "value": search.start.value,
                "slope": search.start.slope,
                "promise": search.promise,
                "is_curve_whole": has_curve,
            },
            arrays={"trials": trials, "alphas": alphas, "values": values},
        )

    def _is_known_again(self, trainer: Trainer) -> bool:
        spec = trainer.spec
        decays = spec.optimizer.weight_decay > 0.0 and not spec.optimizer.decoupled
        return not (isinstance(trainer.objective, Network) or spec.has_batches or spec.noise.gradient or decays)

    def _curve(
        self, trainer: Trainer, trials: NDArray[np.float64], accepted: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        start = trainer.snapshot().previous.astype(np.float64)
        # The step that was made, as long as it was, says which way the search has looked.
        way = (trainer.theta.astype(np.float64) - start) / accepted
        finite = trials[np.isfinite(trials[:, 0]), 0]
        farthest = min(BEYOND * max(accepted, *finite.tolist()), FARTHEST * accepted)
        alphas = np.linspace(0.0, farthest, self.points)
        theta = start.copy()
        bound = trainer.objective.bind(theta, np.empty_like(theta))
        values = np.empty_like(alphas)
        for place, alpha in enumerate(alphas):
            np.copyto(theta, start + alpha * way)
            values[place] = bound.evaluate("train").loss
        return alphas, values
