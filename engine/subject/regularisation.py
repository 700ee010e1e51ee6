"""What is asked of a network besides a small loss: small weights, and no unit that the others rely on."""

from __future__ import annotations

from .. import fields
from ..fields import Section


class Regularisation(Section):
    """Penalties for large weights, which are a part of the loss, and dropout; biases are left alone.

    The penalty λ₁·‖w‖₁ + ½·λ₂·‖w‖² is added to the loss of a step and of the training set as a whole, as that is what
    is minimised; the loss of held-out samples stays without, so that it means the same whatever the penalty.
    """

    l1: fields.L1 = 0.0
    l2: fields.L2 = 0.0
    dropout: fields.Dropout = 0.0

    @property
    def penalises(self) -> bool:
        """Whether there is a penalty at all."""
        return self.l1 > 0.0 or self.l2 > 0.0


NONE = Regularisation()
"""A small loss, and nothing else."""
