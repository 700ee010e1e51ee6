"""What every update rule promises."""

from __future__ import annotations

import abc
import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from ...fields import LearningRate, Section, WeightDecay
from ...subject.objective import Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """What a rule has learnt about the gradient, in terms that every other rule understands.

    A mean of weight w was gathered from zero with total weight w: it underestimates by exactly that factor, and
    mean / w is the unbiased estimate.
    """

    mean: NDArray[Any] | None = None
    """Decaying mean of the gradient, the parameters' shape; None where the rule keeps none."""
    mean_weight: float = 0.0
    """Total weight of the gradients in `mean`, from 0 towards 1."""
    square: NDArray[Any] | None = None
    """Decaying mean of the squared gradient, the parameters' shape; None where the rule keeps none."""
    square_weight: float = 0.0
    """Total weight of the squared gradients in `square`, from 0 towards 1."""


class State:
    """What a rule remembers between two steps: named vectors, and a few running weights."""

    def vectors(self) -> dict[str, Vector]:
        """Return the vectors by name; the arrays are the state's own."""
        return {name: value for name, value in self._items() if isinstance(value, np.ndarray)}

    def weights(self) -> dict[str, float]:
        """Return the running weights by name."""
        return {name: value for name, value in self._items() if not isinstance(value, np.ndarray)}

    def copy(self) -> State:
        """Return a copy that shares nothing."""
        values = {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in self._items()}
        return type(self)(**values)

    def _items(self) -> list[tuple[str, Any]]:
        return [(field.name, getattr(self, field.name)) for field in dataclasses.fields(cast("Any", self))]


class Rule(Section, abc.ABC):
    """A rule is its frozen hyperparameters; what it remembers is a `State`, kept by the caller.

    A live change is a new rule with the old state, between two steps. To add a rule, write a subclass in a module of
    its own and put it into the table in this folder's `__init__`: the tests of the contract run over that table.
    """

    title: ClassVar[str]
    """What people call the rule."""

    name: str
    lr: LearningRate
    weight_decay: WeightDecay = 0.0

    @abc.abstractmethod
    def fresh_state(self, theta: Vector) -> State:
        """Return the state before the first step, vectors like `theta`."""

    @abc.abstractmethod
    def adopted_state(self, theta: Vector, moments: Moments) -> State:
        """Return a state that goes on from what another rule has learnt; what this rule cannot use is dropped."""

    @abc.abstractmethod
    def moments(self, state: Any) -> Moments:
        """Return what the state holds in terms that other rules understand, for `adopted_state`."""

    def add_weight_decay(self, theta: Vector, grad: Vector, scratch: Vector) -> None:
        """Add the gradient of ½·λ·‖θ‖² to `grad`: L2 regularisation, which an adaptive rule then rescales."""
        if self.weight_decay:
            np.multiply(theta, self.weight_decay, out=scratch)
            np.add(grad, scratch, out=grad)

    @abc.abstractmethod
    def update(self, state: Any, grad: Vector, update: Vector, scratch: Vector) -> None:
        """Advance the state by one gradient and write into `update` what is to be subtracted from the parameters.

        `grad` may be overwritten, `scratch` is workspace of the same shape; nothing is allocated.
        """

    def second_moment(self, state: Any) -> tuple[Vector, float] | None:
        """Return the vector v and the number c by which the rule divides it: the gradient is divided by √(v/c) + ε.

        None where the rule keeps no second moment.
        """
        return None

    def effective_lr(self, state: Any, rms: float | None) -> float:
        """Return how far one step moves a parameter per unit of a constant gradient.

        Args:
            state: What the rule remembers.
            rms: Root mean square of √v̂ over the parameters in question, or None where there is no second moment.
        """
        return self.lr
