"""When a run is over."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from .. import fields
from ..fields import Section

FAILURES = ("diverged", "divergence")
"""The endings that are failures: a number that was not finite, and the stop rule for a loss that explodes."""


class StopSpec(Section):
    """When a run is over; the first rule that holds ends it, and none means that a person does."""

    steps: fields.Count | None = Field(title="Steps", default=None, description="Ends after this many updates.")
    epochs: fields.Count | None = Field(
        title="Epochs", default=None, description="Ends after this many passes through the training set."
    )
    update_norm: Annotated[fields.Number, Field(gt=0.0)] | None = Field(
        title="Update norm",
        default=None,
        description="Ends when a step moves the parameters by less than this.",
        json_schema_extra={"scale": "log"},
    )
    loss: fields.Number | None = Field(
        title="Loss",
        default=None,
        description="Ends when the loss of a step is this or less.",
        json_schema_extra={"scale": "log"},
    )
    grad_norm: Annotated[fields.Number, Field(gt=0.0)] | None = Field(
        title="Gradient norm",
        default=None,
        description="Ends when the gradient of a step is shorter than this.",
        json_schema_extra={"scale": "log"},
    )
    plateau: Annotated[fields.Whole, Field(ge=1, le=1 << 53)] | None = Field(
        title="Plateau",
        default=None,
        description="Ends after this many steps in which the loss, averaged over a tenth of them, has not improved.",
    )
    plateau_threshold: Annotated[fields.Number, Field(ge=0.0, lt=1.0)] = Field(
        title="Plateau's threshold",
        default=1e-4,
        description="Share by which a loss must be better than the best.",
        json_schema_extra={"scale": "log"},
    )
    divergence: Annotated[fields.Number, Field(gt=1.0)] | None = Field(
        title="Divergence",
        default=None,
        description="Ends, as a failure, when the loss of a step is more than this many times that of the first one.",
        json_schema_extra={"scale": "log"},
    )


@dataclass(slots=True, kw_only=True)
class LossWatch:
    """What the stop rules remember of the losses; part of a trainer's snapshot."""

    first: float = math.nan
    """The loss of the first step that was watched; nan before it."""
    mean: float = 0.0
    """Decaying mean of the losses, gathered from zero."""
    weight: float = 0.0
    """Total weight of the losses in `mean`, from 0 towards 1."""
    best: float = math.inf
    """The lowest smoothed loss that counted as an improvement."""
    waited: int = 0
    """Steps since then."""


class StopRules:
    """The stop rules of a spec; the first that holds ends the run, and its name is the reason.

    Attributes:
        is_active: Whether there is any.
    """

    def __init__(self, stop: StopSpec, watch: LossWatch) -> None:
        """Judge by `stop` and by what `watch` remembers, which changes from step to step."""
        self._stop, self._watch = stop, watch
        limits = stop.model_dump(exclude={"plateau_threshold"}).values()
        self.is_active = any(limit is not None for limit in limits)
        self._watches_loss = stop.plateau is not None or stop.divergence is not None
        # Over a tenth of the patience: one lucky minibatch is no improvement, and a real one is seen in time.
        self._keep = 1.0 - 1.0 / max(1.0, stop.plateau / 10.0) if stop.plateau is not None else 0.0

    def reason(self, step: int, epochs: float, loss: float, grad_norm: float, update_norm: float) -> str | None:
        """Return the rule that ends the run after this step, or None.

        Args:
            step: Updates made.
            epochs: Passes through the training set made, the present one as a fraction.
            loss: The minibatch's, before the update.
            grad_norm: ‖g‖ of the step's gradient, before clipping.
            update_norm: ‖θₖ₊₁ − θₖ‖ of the update.
        """
        stop = self._stop
        if stop.loss is not None and loss <= stop.loss:
            return "loss"
        if stop.update_norm is not None and update_norm < stop.update_norm:
            return "update_norm"
        if stop.grad_norm is not None and grad_norm < stop.grad_norm:
            return "grad_norm"
        if self._watches_loss and (reason := self._judged(loss)) is not None:
            return reason
        return self.reached(step, epochs)

    def reached(self, step: int, epochs: float) -> str | None:
        """Return the rule about the run's length that ends it, or None."""
        stop = self._stop
        if stop.steps is not None and step >= stop.steps:
            return "steps"
        if stop.epochs is not None and epochs >= stop.epochs:
            return "epochs"
        return None

    def _judged(self, loss: float) -> str | None:
        """Return the rule about the course of the loss that ends the run, or None."""
        stop, watch = self._stop, self._watch
        if math.isnan(watch.first):
            watch.first = loss
        # For a positive loss this is loss > K·first; where losses are negative, the rise is compared instead.
        if stop.divergence is not None and loss - watch.first > (stop.divergence - 1.0) * abs(watch.first):
            return "divergence"
        if stop.plateau is None:
            return None
        watch.mean = self._keep * watch.mean + (1.0 - self._keep) * loss
        watch.weight = self._keep * watch.weight + (1.0 - self._keep)
        smoothed = watch.mean / watch.weight
        if watch.best == math.inf or smoothed < watch.best - stop.plateau_threshold * abs(watch.best):
            watch.best, watch.waited = smoothed, 0
        else:
            watch.waited += 1
        return "plateau" if watch.waited >= stop.plateau else None
