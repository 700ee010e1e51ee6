"""What every update rule promises."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, cast, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from ...fields import Decoupled, LearningRate, Section, WeightDecay
from ...subject.objective import Tensor, Vector
from ..passes import Passes, called
from .formula import WorkingOut

STRETCH_BYTES = 128 * 1024
"""How much of a vector a rule works on at once: its passes over gradient and state then stay in the cache."""


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
    steps: float = 0.0
    """How many gradients `square` has seen; 0 where the rule does not count them."""


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

    def take_back(self) -> None:
        """Take note that the last update was taken back.

        What was learnt of the gradient before it stays true; only who waits to see what it led to has to forget it.
        """

    def part(self, start: int, stop: int) -> Self:
        """Return the state of the parameters from `start` up to `stop` alone; its vectors are views."""
        return type(self)(
            **{
                name: value[..., start:stop] if isinstance(value, np.ndarray) else value
                for name, value in self._items()
            }
        )

    def at(self, places: NDArray[np.intp]) -> Self:
        """Return the state of the parameters at these places alone, its vectors copies of the shape of `places`."""
        return type(self)(
            **{name: value[..., places] if isinstance(value, np.ndarray) else value for name, value in self._items()}
        )

    def _items(self) -> list[tuple[str, Any]]:
        return [(field.name, getattr(self, field.name)) for field in dataclasses.fields(cast("Any", self))]


@dataclass(slots=True, kw_only=True)
class Dials:
    """The numbers that a schedule turns from step to step; a rule reads them at the beginning of every update."""

    lr: float
    """The learning rate of the coming update."""
    momentum: float
    """What the rule's field named by `Rule.inertia` is in the coming update; 0 where it has none."""


Settle = Callable[[Vector, Vector | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundRule:
    """A rule tied to its state and to the vector of the gradient, with everything made that a step needs.

    One update: call `begin`, then carry out all parts. A part's passes turn its stretch of the gradient, in place,
    into what is to be subtracted from the parameters; the stretches are those of `stretches`, in their order.
    """

    begin: Callable[[], None]
    """Advance the running weights, and set the numbers that the parts use in this update."""
    parts: tuple[Passes, ...]
    settle: Settle | None = None
    """Take note of the update that a line search made of the rule's own, and of the gradient of the same batch after
    it where that is known; only for rules that learn from their own steps."""

    def advance(self) -> None:
        """Turn the whole gradient into the update and advance the state by it."""
        self.begin()
        for passes in self.parts:
            for operation in called(passes):
                operation()


class Rule(Section, abc.ABC):
    """A rule is its frozen hyperparameters; what it remembers is a `State`, kept by the caller.

    A live change is a new rule with the old state, between two steps. To add a rule, write a subclass in a module of
    its own and put it into the table in this folder's `__init__`: the tests of the contract run over that table.

    Where libraries differ, a rule has a field `form` with the forms that it has, "torch" first. A form is a library's
    arithmetic together with its defaults: whatever nobody has set takes the form's own value, so `form = "keras"`
    alone is that library's optimizer as it comes, and a hyperparameter that was set stays in every form.
    """

    title: ClassVar[str]
    """What people call the rule."""
    inertia: ClassVar[str | None] = None
    """The field that plays the part of momentum, which some schedules turn against the learning rate."""
    form_defaults: ClassVar[Mapping[str, Mapping[str, float]]] = {}
    """What a form sets by default where it differs from the field's own default, which is that of "torch"."""

    name: str
    lr: LearningRate
    weight_decay: WeightDecay = 0.0
    decoupled: Decoupled = False

    @model_validator(mode="after")
    def _take_the_defaults_of_the_form(self) -> Self:
        for key, value in self.form_defaults.get(getattr(self, "form", "torch"), {}).items():
            if key not in self.model_fields_set:
                # The field counts as not set, so it follows when the form changes again.
                self.__dict__[key] = value
        return self

    @classmethod
    def forms(cls) -> tuple[str, ...]:
        """Return the forms that the rule has; none where libraries agree."""
        return get_args(cls.model_fields["form"].annotation) if "form" in cls.model_fields else ()

    def usual(self) -> Self:
        """Return the rule with the defaults of its form."""
        return type(self).model_validate(self.model_dump(include={"form"}))

    @abc.abstractmethod
    def fresh_state(self, theta: Vector) -> State:
        """Return the state before the first step, vectors like `theta`."""

    @abc.abstractmethod
    def adopted_state(self, theta: Vector, moments: Moments) -> State:
        """Return a state that goes on from what another rule has learnt; what this rule cannot use is dropped."""

    @abc.abstractmethod
    def moments(self, state: Any) -> Moments:
        """Return what the state holds in terms that other rules understand, for `adopted_state`."""

    def dials(self) -> Dials:
        """Return the rule's own numbers, which stand while no schedule turns them."""
        return Dials(lr=self.lr, momentum=getattr(self, self.inertia) if self.inertia is not None else 0.0)

    def bind(self, state: Any, grad: Vector, dials: Dials | None = None, tensors: Sequence[Tensor] = ()) -> BoundRule:
        """Return the rule tied to `state` and to the vector that holds the gradient and then the update.

        Args:
            state: What the rule remembers; a step changes it.
            grad: The vector, contiguous.
            dials: Where the rule reads learning rate and momentum; without them, its own fields.
            tensors: The parts of the vector, for rules that treat a matrix as one.
        """
        return self._bound(state, grad, dials or self.dials(), tensors)

    @abc.abstractmethod
    def work_out(self, sheet: WorkingOut) -> None:
        """Write the arithmetic of the coming update for one parameter, line by line, the last one by `sheet.step`.

        It is a second account of what `bind` makes, for people; a test compares the two for every rule of the table.
        """

    @abc.abstractmethod
    def _bound(self, state: Any, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Do what `bind` promises."""

    def within(self, shape: Sequence[int]) -> Rule:
        """Return the rule that a tensor of this shape is trained by, as far as its √v̂ and its rates are concerned.

        It reads the state of this one; itself where all tensors are treated alike.
        """
        return self

    def ahead(self, state: Any, dials: Dials) -> Vector | None:
        """Return how far the parameters are ahead of the ball, where a rule has its gradient taken there.

        None where the parameters are the ball.
        """
        return None

    def second_moment(self, state: Any) -> tuple[Vector, float] | None:
        """Return the vector v and the number c by which the rule divides it: the gradient is divided by √(v/c) + ε.

        None where the rule keeps no second moment.
        """
        return None

    def effective_lr(self, state: Any, rms: Any, lr: float) -> Any:
        """Return how far one step moves a parameter per unit of a constant gradient.

        Args:
            state: What the rule remembers.
            lr: The learning rate of the step.
            rms: Root mean square of √v̂ over the parameters in question, or None where there is no second moment; an
                array has an answer for every entry.

        nan where that is no one number, as every entry's step depends on all the others' gradients.
        """
        return lr

    def roots(self, state: Any) -> Vector | None:
        """Return √v̂ of every parameter as a new vector, without ε; None where the rule keeps no second moment."""
        moment = self.second_moment(state)
        return None if moment is None else np.sqrt(moment[0] / moment[1])

    def rates(self, state: Any, lr: float) -> Vector | None:
        """Return the effective learning rate of every parameter by itself, as a new vector.

        None where the rule divides no parameter's gradient by something of its own.
        """
        roots = self.roots(state)
        if roots is None:
            return None
        rates: Vector = np.broadcast_to(self.effective_lr(state, roots, lr), roots.shape)
        return rates

    def lacking(self) -> dict[str, str]:
        """Return why the rule has no √v̂, as "root", and no rate of its own for every parameter, as "rate".

        Each is a sentence without its full stop; what the rule has is not in there.
        """
        state, found = self.fresh_state(np.zeros(1)), {}
        with np.errstate(all="ignore"):
            if self.second_moment(state) is None:
                found["root"] = f"{self.title} keeps no second moment, so there is no √v̂"
            if self.rates(state, self.lr) is None:
                found["rate"] = f"{self.title} divides by no second moment, so no parameter has a rate of its own"
        return found


def stretches(*vectors: Vector) -> Iterator[tuple[Vector, ...]]:
    """Return views of the same stretch of all vectors, one stretch after the other."""
    length = STRETCH_BYTES // vectors[0].itemsize
    for first in range(0, len(vectors[0]), length):
        yield tuple(vector[first : first + length] for vector in vectors)


def spare(vector: Vector) -> Vector:
    """Return workspace for the longest stretch of `vector`."""
    return np.empty_like(vector[: STRETCH_BYTES // vector.itemsize])
