"""What happens to a gradient between the objective that gave it and the rule that uses it."""

from __future__ import annotations

import math

import numpy as np

from ..subject.objective import Vector
from .optimizers import stretches
from .spec import RunSpec


class Shaping:
    """Clipping, then weight decay: the order of torch, where a person clips and the optimizer decays.

    Entries are cut off before the norm is taken: what both limits leave is within both.

    Attributes:
        is_active: Whether there is anything to do.
    """

    def __init__(self, spec: RunSpec, kept: Vector | None = None) -> None:
        """Read what to do; `kept` is where the gradient is copied to before anything is done."""
        self._clip, self._decay = spec.clip.norm, spec.optimizer.weight_decay
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
