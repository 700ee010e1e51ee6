"""The graph of what is trained, with the numbers of backpropagation: values forward, gradients backward."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np

from ...errors import InputError
from ...subject.expression.objective import Expression
from ...subject.flow import stages
from ...subject.network import Network
from ..path import Path
from ..trainer import Trainer
from .inspection import Finding, Inspection

SAMPLES = 512
"""How many samples of the training set go through a network, at most: enough for norms that do not tremble."""
FEWEST = 64
MOST_WORK = 1 << 26
"""Parameters times samples, the fewest samples apart: a step waits for them."""


class GraphInspection(Inspection):
    """Every node at the present parameters, an operand before what is made of it.

    Facts: `kind`, "expression" or "network", and `nodes`. Of an expression each has the fields of
    `subject.expression.graph.Reading`; of a network those of `subject.flow.Stage`, and `samples` says how many went
    through, the first ones `of` so many that it is trained on.
    """

    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding]:
        """Yield the nodes at once; `InputError` for a landscape, whose formula is no graph here."""
        objective = trainer.objective
        match objective:
            case Expression():
                nodes = [asdict(reading) for reading in objective.graph.at(trainer.theta.tolist())]
                yield Finding(facts={"kind": "expression", "nodes": nodes})
            case Network():
                # A vector of its own for the gradient: that of the trainer belongs to its steps.
                theta = trainer.theta.copy()
                samples = objective.evaluation_set("train")
                count = min(SAMPLES, samples.count, max(FEWEST, MOST_WORK // theta.size))
                found = stages(objective, theta, np.empty_like(theta), samples.batch(0, count))
                nodes = [asdict(stage) for stage in found]
                facts = {"kind": "network", "samples": count, "of": samples.count, "nodes": nodes}
                yield Finding(facts=facts)
            case _:
                raise InputError(
                    "a built-in landscape has its gradient as a formula and no graph of nodes: a function that is "
                    'typed in has one (problem.kind = "expression"), and so has a network'
                )
