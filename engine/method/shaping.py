"""What happens to a gradient before the rule uses it, and what is added to the step that the rule makes of it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike

from ..subject.objective import Vector
from .optimizers import Dials, Rule, stretches
from .passes import Passes, numbers
from .spec import RunSpec


class Shaping:
    """Clipping, then weight decay: the order of torch, where a person clips and the optimizer decays.

    Entries are cut off before the norm is taken: what both limits leave is within both.

    Attributes:
        is_active: Whether there is anything to do.
    """

    def __init__(self, spec: RunSpec, kept: Vector | None = None) -> None:
        """Read what to do; `kept` is where the gradient is copied to before anything is done."""
        rule = spec.optimizer
        self._clip, self._decay = spec.clip.norm, 0.0 if rule.decoupled else rule.weight_decay
        self._value, self._kept = spec.clip.value, kept
        self.is_active = any(limit is not None for limit in (self._clip, self._value, kept)) or bool(self._decay)

    @property
    def decay(self) -> float:
        """λ of the L2 decay."""
        return self._decay

    def apply(self, theta: Vector, grad: Vector, grad_norm: float) -> bool:
        """Change `grad` in place, whose norm is `grad_norm`, and return whether its norm still fits its type."""
        if self._kept is not None:
            np.copyto(self._kept, grad)
        if self._value is not None:
            # As torch.nn.utils.clip_grad_value_.
            np.maximum(grad, -self._value, out=grad)
            np.minimum(grad, self._value, out=grad)
            grad_norm = math.sqrt(grad.dot(grad))
        # As torch.nn.utils.clip_grad_norm_, whose small constant is kept so that figures agree.
        if self._clip is not None and self._clip < grad_norm + 1e-6:
            np.multiply(grad, self._clip / (grad_norm + 1e-6), grad)
        if not self._decay:
            return True
        # The gradient of ½·λ·‖θ‖²: L2 regularisation, which an adaptive rule then rescales.
        for parameters, part in stretches(theta, grad):
            np.add(part, parameters * self._decay, part)
        return math.isfinite(grad.dot(grad))


class DecoupledDecay:
    """The weight decay that a rule does not see: θ ← θ − α·λ·θ beside the rule's own step.

    It is part of the step, so that the length of a step is the way that the parameters went.
    """

    def __init__(self, rule: Rule, dials: Dials, dtype: DTypeLike) -> None:
        self._decay, self._dials = rule.weight_decay if rule.decoupled else 0.0, dials
        (self._share,) = numbers(dtype, 0.0)

    def following(self, begin: Callable[[], None]) -> Callable[[], None]:
        """Return what begins an update of the rule and of the decay, which reads the learning rate of the step."""
        if not self._decay:
            return begin

        def begin_both() -> None:
            begin()
            self._share[()] = self._dials.lr * self._decay

        return begin_both

    def passes(self, theta: Vector, update: Vector, workspace: Vector) -> Passes:
        """Return what adds α·λ·θ to a stretch of the update."""
        if not self._decay:
            return ()
        return [(np.multiply, theta, self._share, workspace), (np.add, update, workspace, update)]
