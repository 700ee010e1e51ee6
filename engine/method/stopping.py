"""When a run is over."""

from __future__ import annotations

from .spec import StopSpec


class StopRules:
    """The stop rules of a spec; the first that holds ends the run, and its name is the reason.

    Attributes:
        is_active: Whether there is any.
    """

    def __init__(self, stop: StopSpec) -> None:
        self._stop = stop
        self.is_active = any(limit is not None for limit in (stop.steps, stop.epochs, stop.update_norm, stop.loss))

    def reason(self, step: int, epochs: float, loss: float, update_norm: float) -> str | None:
        """Return the rule that ends the run after this step, or None.

        Args:
            step: Updates made.
            epochs: Passes through the training set made, the present one as a fraction.
            loss: The minibatch's, before the update.
            update_norm: ‖θₖ₊₁ − θₖ‖ of the update.
        """
        stop = self._stop
        if stop.loss is not None and loss <= stop.loss:
            return "loss"
        if stop.update_norm is not None and update_norm < stop.update_norm:
            return "update_norm"
        return self.reached(step, epochs)

    def reached(self, step: int, epochs: float) -> str | None:
        """Return the rule about the run's length that ends it, or None."""
        stop = self._stop
        if stop.steps is not None and step >= stop.steps:
            return "steps"
        if stop.epochs is not None and epochs >= stop.epochs:
            return "epochs"
        return None
