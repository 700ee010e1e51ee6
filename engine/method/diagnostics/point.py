"""A point in training at which something is measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, NotFiniteError
from ...subject.network import BoundNetwork
from ...subject.objective import Batch, BoundObjective, Matrix, Objective, Samples
from ..objectives import build_objective
from ..spec import RunSpec
from ..trainer import Trainer

MOST_SAMPLES = 65_536
"""The full gradient is taken over at most so many training samples, the first ones."""
MOST_BYTES = 256 << 20
"""And over no more than fit into this: they are held in memory, wherever they come from."""
MOST_WORK = 1 << 34
"""And over no more than this, divided by the number of parameters: a gradient then takes seconds on a few cores."""
CHUNK = 512
"""Samples that go through a network at once: its activations for all of them would need many times the data."""

Parameters = NDArray[np.float64]
"""One number per parameter, (parameters,)."""


@dataclass(slots=True, kw_only=True)
class Point:
    """Parameters, and the objective around them; everything in double precision, whatever the run's."""

    spec: RunSpec
    """As the run has it, its own precision included."""
    objective: Objective
    theta: Parameters
    """The parameters; measuring leaves them alone."""
    steps: int
    """How many updates led here."""
    lr: float
    """The learning rate of the next update."""
    momentum: float
    """The momentum of the next update; 0 for a rule without."""
    whole: Batch
    """The training samples that count as all."""
    loss: float
    """The mean over them."""
    _chunks: Sequence[Batch]
    _place: Parameters
    _grad: Parameters
    _bound: BoundObjective

    @property
    def bends_smoothly(self) -> bool:
        """Whether the gradient changes without jumps; that of rectifiers jumps where a unit switches."""
        return not (isinstance(self._bound, BoundNetwork) and self._bound.bent)

    def gradient(self, theta: Parameters, rows: NDArray[np.intp] | None = None) -> Parameters:
        """Return the mean gradient at `theta` over all samples, or over those of these numbers, as a new vector."""
        chunks = self._chunks if rows is None else _cut(self.whole.inputs[rows], self.whole.targets[rows])
        total = np.zeros_like(theta)
        for chunk in chunks:
            total += self._share(theta, chunk)
        return total / sum(chunk.count for chunk in chunks)

    def gradient_change(self, start: Parameters, end: Parameters) -> Parameters:
        """Return the mean gradient over all samples at `end`, less that at `start`, close by.

        A sample for which a rectifier switches in between counts as one whose gradient stays: the jump, divided by
        the short way, would pass for an enormous curvature.
        """
        total = np.zeros_like(end)
        chunks = list(self._chunks)
        while chunks:
            chunk = chunks.pop()
            if self.bends_smoothly or self._pieces(start, chunk) == self._pieces(end, chunk):
                total += self._share(end, chunk) - self._share(start, chunk)
            elif chunk.count > 1:
                half = chunk.count // 2
                for rows in (slice(half), slice(half, None)):
                    chunks += _cut(chunk.inputs[rows], chunk.targets[rows])
        return total / self.whole.count

    def _share(self, theta: Parameters, chunk: Batch) -> Parameters:
        """Return the gradient at `theta`, summed over the samples of a chunk."""
        np.copyto(self._place, theta)
        self._bound.loss_and_gradient(chunk)
        return self._grad * chunk.count

    def _pieces(self, theta: Parameters, chunk: Batch) -> object:
        assert isinstance(self._bound, BoundNetwork)
        np.copyto(self._place, theta)
        return self._bound.pieces(chunk)


@np.errstate(all="ignore")
def point_after(spec: RunSpec, steps: int) -> Point:
    """Return the point to which the first `steps` updates of a run lead, or all of them if it ends before.

    The run is made in double precision. With more samples than can be held, the first ones stand for all.

    Raises:
        InputError: The loss is a sum over the samples.
        NotFiniteError: The run diverges before, or begins where loss or gradient is not finite.
        RunError: The samples can no longer be read.
    """
    if spec.model.reduction == "sum":
        raise InputError(
            "model.reduction = 'sum'; allowed here: \"mean\"; a sum multiplies every figure by the samples"
        )
    # No validation: a batch that just fits into memory in float32 is not refused for being looked at.
    in_double = spec.model_copy(update={"precision": "float64"})
    objective = build_objective(in_double)
    trainer = Trainer(in_double, objective)
    while trainer.step_count < steps and trainer.ended is None:
        trainer.step()
        if trainer.non_finite is not None:
            found = trainer.non_finite
            raise NotFiniteError(
                f"the {found.quantity} is not finite at step {found.step:,} (first in {found.tensor}), so there is "
                "no point to look at; try a smaller optimizer.lr, or fewer steps"
            )
    theta = trainer.theta.astype(np.float64)
    whole = _held(objective.samples(), theta.size)
    chunks = _cut(whole.inputs, whole.targets)
    place, grad = theta.copy(), np.empty_like(theta)
    # What is measured is the loss itself, with its penalties and no unit left out.
    bound = objective.bind(place, grad, spec.regularisation.model_copy(update={"dropout": 0.0}))
    point = Point(
        spec=spec,
        objective=objective,
        theta=theta,
        steps=trainer.step_count,
        lr=trainer.dials.lr,
        momentum=trainer.dials.momentum,
        whole=whole,
        loss=sum(bound.loss_and_gradient(chunk) * chunk.count for chunk in chunks) / whole.count,
        _chunks=chunks,
        _place=place,
        _grad=grad,
        _bound=bound,
    )
    if not (math.isfinite(point.loss) and math.isfinite(float(np.linalg.norm(point.gradient(point.theta))))):
        raise NotFiniteError(f"loss or gradient is not finite after {point.steps:,} steps, so nothing can be measured")
    return point


def _held(samples: Samples, parameters: int) -> Batch:
    """Return the first samples, as many as may be held, in arrays of their own."""
    one = samples.empty(1)
    most = min(MOST_SAMPLES, MOST_BYTES // (one.inputs.nbytes + one.targets.nbytes), MOST_WORK // parameters)
    first = samples.batch(0, min(samples.count, max(1, most)))
    return Batch(inputs=first.inputs.copy(), targets=first.targets.copy())


def _cut(inputs: Matrix, targets: Matrix) -> list[Batch]:
    """Return samples in chunks, their targets laid out as a loss takes them."""
    chunks = []
    for first in range(0, len(inputs), CHUNK):
        rows = slice(first, first + CHUNK)
        outputs = np.ascontiguousarray(targets[rows].T)
        chunks.append(Batch(inputs=inputs[rows], targets=targets[rows], outputs=outputs))
    return chunks
