"""The state machine of training: one step, one change between two steps, one snapshot. It does no input or output."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError

from ..errors import InputError, MisfitError
from ..subject.datasets import Split, generate, split
from ..subject.file_samples import FileSplit, split_file
from ..subject.landscapes import LANDSCAPES, Landscape
from ..subject.network import Network
from ..subject.objective import BoundObjective, Evaluation, Objective, Operations, Vector
from ..subject.spec import DataSpec, LandscapeProblem
from ..text import clean
from .batches import BatchStream, Position
from .file_spec import opened
from .optimizers import RULES, Rule, State, carried_state, stretches, successor
from .passes import execution
from .spec import RunSpec, blamed, complaint, shown
from .telemetry import FIGURES, StepBuffer, TensorFigures


def build_objective(spec: RunSpec) -> Objective:
    """Return what the spec wants trained, with its data made and its parameters not yet drawn."""
    if isinstance(spec.problem, LandscapeProblem):
        kind = LANDSCAPES[spec.problem.function]
        return Landscape(
            kind, start=spec.problem.start, condition=spec.problem.condition, dtype=np.dtype(spec.precision)
        )
    assert spec.data is not None, "a checked spec of this kind has data"
    return Network(
        _split(spec.data, spec.seed.data),
        hidden=spec.model.hidden,
        activation=spec.model.activation,
        loss=spec.loss_name,
        init=spec.model.init,
        bias=spec.model.bias,
        huber_delta=spec.model.huber_delta,
        reduction=spec.model.reduction,
        dropout_seed=spec.seed.dropout,
        seed=spec.seed.init,
        dtype=spec.precision,
    )


def _split(data: DataSpec, seed: int) -> Split | FileSplit:
    if data.name is not None:
        made = generate(data.name, samples=data.samples, noise=data.noise, seed=seed)
        return split(made, held_out=data.held_out, seed=seed)
    assert data.shape is not None, "a file is examined before it is trained on"
    try:
        file = opened(data)
    except MisfitError as error:
        raise InputError(blamed(error.key, error.value, error.allowed, "data", {})) from None
    return split_file(file, held_out=data.held_out, seed=seed, classes=data.shape.classes, scale=data.scale)


LIVE_SECTIONS = ("optimizer", "batch", "clip", "regularisation", "stop", "evaluation", "pace", "compute")
"""The sections of a spec whose fields can change between two steps; the others decide where a run starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field of the spec that now has another value."""

    key: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class NonFinite:
    """A step whose loss or gradient was not a finite number; its update was not made."""

    step: int
    quantity: str
    """ "loss" or "gradient"."""
    tensor: str
    """The first tensor whose gradient is not finite, or whose norm overflows."""


@dataclass(slots=True, kw_only=True)
class Place:
    """One of the two vectors between which the parameters go to and fro."""

    theta: Vector
    bound: BoundObjective
    """The objective at these parameters."""
    way: tuple[tuple[Operations, Vector], ...] = ()
    """The step from here to the other place, stretch by stretch: what makes the update and goes there by it, and the
    vector that then holds the update."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All of a trainer's state; restoring it goes on bit for bit as the original did."""

    spec: RunSpec
    step: int
    theta: Vector
    previous: Vector
    state: State
    position: Position
    ended: str | None
    non_finite: NonFinite | None


class Trainer:
    """One model in training: parameters, a rule with its state, and a place in the stream of batches.

    Attributes:
        step_count: Updates made, and steps refused because they were not finite.
        ended: The stop rule that holds ("steps", "epochs", "update_norm" or "loss"), or None.
        non_finite: What stopped the last step from being made, or None.
        steps: The scalars of every step since they were last taken.
        figures: What was measured per tensor at the last step that was asked to.
    """

    def __init__(self, spec: RunSpec, objective: Objective) -> None:
        self.objective = objective
        self.tensors = objective.tensors
        start = objective.start()
        self._grad = np.empty_like(start)
        points = start, start.copy()
        # A step goes from one vector to the other and leaves the last point untouched: nothing is copied, and a step
        # that is not finite can be taken back.
        regularisation = self._regularisation = spec.regularisation
        self._here, self._there = (
            Place(theta=point, bound=objective.bind(point, self._grad, regularisation)) for point in points
        )
        self.spec = self._first_spec = spec
        self.rule: Rule = spec.optimizer
        self.state: State = self.rule.fresh_state(start)
        batch = spec.batch
        self.batches = BatchStream(objective.samples(), size=batch.size, shuffle=batch.shuffle, seed=spec.seed.batches)
        self.step_count = 0
        self.ended: str | None = None
        self.non_finite: NonFinite | None = None
        self.steps = StepBuffer()
        self.figures: TensorFigures | None = None
        self.prepare()

    @property
    def theta(self) -> Vector:
        """The parameters as they are now; the next step leaves them in another array."""
        return self._here.theta

    @property
    def largest_product(self) -> int:
        """Multiplications of the largest matrix product of a step; 0 where there is none."""
        return self.objective.largest_product(self.batches.size)

    def step(self, *, measure: bool = False) -> bool:
        """Take one minibatch step and return whether it was like any other.

        It was not if it was refused, if it was the last of its epoch, or if a stop rule holds now; so a loop can take
        steps at full speed and look at nothing else meanwhile.

        A loss or gradient that is not finite changes nothing but the parameters: they go back to those of the last
        step that was made in full, `non_finite` says what happened, and the step is recorded as it was.

        Args:
            measure: Whether to fill `figures` as well.
        """
        here, grad = self._here, self._grad
        if self._draws:
            self.objective.draw(self.step_count)
        loss = here.bound.loss_and_gradient(self.batches.take())
        grad_norm = math.sqrt(grad.dot(grad))
        self.step_count += 1
        # A norm that overflows counts as well: its squares would poison the rule's state.
        if not (math.isfinite(loss) and math.isfinite(grad_norm)):
            return self._refuse(loss, grad_norm)
        grad_norms = self._norms(grad) if measure else None
        if self._alters_gradient and not self._alter_gradient(grad_norm):
            return self._refuse(loss, grad_norm)
        self._begin()
        squares = 0.0
        for operations, update in here.way:
            for operation in operations:
                operation()
            squares += float(update.dot(update))
        update_norm = math.sqrt(squares)
        if grad_norms is not None:
            self._measure(grad_norms)
        self._here, self._there = self._there, here
        self.steps.add(self.step_count, self.batches.epoch, loss, self.rule.lr, grad_norm, update_norm)
        self.non_finite = None
        if self._may_end:
            self._check_stop(loss, update_norm)
        return self.ended is None and not self.batches.epoch_is_over

    def apply(self, values: dict[str, Any], *, carry: bool = True) -> list[Change]:
        """Change fields of the spec from the next step on.

        Args:
            values: New values by dotted key, such as {"optimizer.lr": 0.01}.
            carry: Whether a new rule takes over what the old one has learnt, or starts anew.

        Returns:
            What is different now; nothing for values that stand already.

        Raises:
            InputError: The change is not possible, in one line; everything stays as it was.
        """
        spec = changed_spec(self.spec, values)
        changes = differences(self.spec, spec)
        rule: Rule = spec.optimizer
        if rule.name != self.rule.name:
            if carry:
                self.state = carried_state(self.rule, self.state, rule, self.theta)
            else:
                self.state = rule.fresh_state(self.theta)
        self.spec, self.rule = spec, rule
        if any(change.key.startswith("batch.") for change in changes):
            self.batches.configure(size=spec.batch.size, shuffle=spec.batch.shuffle)
        if any(change.key.startswith("stop.") for change in changes):
            self.ended = None
        self.prepare()
        return changes

    def reset(self, *, keep: bool) -> list[Change]:
        """Go back to the start: the same initial parameters, the same order of the batches, no state.

        Args:
            keep: Whether the rule and everything else that was turned stay as they are now, or go back as well.

        Returns:
            The fields that went back.
        """
        old = self.spec
        if not keep:
            self.spec, self.rule = self._first_spec, self._first_spec.optimizer
        start = self.objective.start()
        for place in (self._here, self._there):
            np.copyto(place.theta, start)
        self.state = self.rule.fresh_state(start)
        batch = self.spec.batch
        self.batches.configure(size=batch.size, shuffle=batch.shuffle)
        self.batches.seek(Position(epoch=1, taken=0, shuffled=batch.shuffle))
        self.step_count = 0
        self.ended, self.non_finite, self.figures = None, None, None
        self.steps = StepBuffer()
        self.prepare()
        return differences(old, self.spec)

    def evaluate(self, split: str, at_most: int | None = None) -> Evaluation:
        """Return loss and accuracy over a split, or `at_most` its first samples, with the parameters as they are."""
        return self._here.bound.evaluate(split, at_most)

    def snapshot(self) -> Snapshot:
        """Return all of the state, shared with nothing."""
        return Snapshot(
            spec=self.spec,
            step=self.step_count,
            theta=self.theta.copy(),
            previous=self._there.theta.copy(),
            state=self.state.copy(),
            position=self.batches.position,
            ended=self.ended,
            non_finite=self.non_finite,
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to this state; the steps not yet taken from `steps` are forgotten."""
        self.spec, self.rule = snapshot.spec, snapshot.spec.optimizer
        self.step_count = snapshot.step
        np.copyto(self._here.theta, snapshot.theta)
        np.copyto(self._there.theta, snapshot.previous)
        self.state = snapshot.state.copy()
        self.batches.configure(size=snapshot.spec.batch.size, shuffle=snapshot.spec.batch.shuffle)
        self.batches.seek(snapshot.position)
        self.ended, self.non_finite = snapshot.ended, snapshot.non_finite
        self.steps, self.figures = StepBuffer(), None
        self.prepare()

    def prepare(self) -> None:
        """Bring all that is made ahead of a step in line with spec, rule and state, and with what is loaded by now."""
        carried_out = execution(self.spec.compute.update)
        bound = self.rule.bind(self.state, self._grad)
        self._begin = bound.begin
        updates = [update for (update,) in stretches(self._grad)]
        for start, goal in ((self._here, self._there), (self._there, self._here)):
            views = stretches(start.theta, goal.theta)
            start.way = tuple(
                (carried_out([*passes, (np.subtract, origin, update, target)]), update)
                for passes, update, (origin, target) in zip(bound.parts, updates, views, strict=True)
            )
        if self.spec.regularisation != self._regularisation:
            self._regularisation = self.spec.regularisation
            for place in (self._here, self._there):
                place.bound = self.objective.bind(place.theta, self._grad, self._regularisation)
        self._draws = self._regularisation.dropout > 0.0
        stop, clip = self.spec.stop, self.spec.clip.norm
        self._alters_gradient = clip is not None or bool(self.rule.weight_decay)
        self._may_end = any(limit is not None for limit in (stop.steps, stop.epochs, stop.update_norm, stop.loss))
        self._check_counts()

    def _alter_gradient(self, grad_norm: float) -> bool:
        """Clip the gradient and add the weight decay; return whether its norm still fits its type."""
        grad, clip, decay = self._grad, self.spec.clip.norm, self.rule.weight_decay
        # As torch.nn.utils.clip_grad_norm_, whose small constant is kept so that figures agree.
        if clip is not None and clip < grad_norm + 1e-6:
            np.multiply(grad, clip / (grad_norm + 1e-6), grad)
        if not decay:
            return True
        # The gradient of ½·λ·‖θ‖²: L2 regularisation, which an adaptive rule then rescales.
        for theta, part in stretches(self.theta, grad):
            np.add(part, theta * decay, part)
        return math.isfinite(grad.dot(grad))

    def _refuse(self, loss: float, grad_norm: float) -> bool:
        norms = self._norms(self._grad)
        first = next((index for index, norm in enumerate(norms) if not math.isfinite(norm)), 0)
        self.non_finite = NonFinite(
            step=self.step_count,
            quantity="gradient" if math.isfinite(loss) else "loss",
            tensor=self.tensors[first].name,
        )
        np.copyto(self._here.theta, self._there.theta)
        self.steps.add(self.step_count, self.batches.epoch, loss, self.rule.lr, grad_norm, 0.0)
        self._check_counts()
        return False

    def _check_stop(self, loss: float, update_norm: float) -> None:
        stop = self.spec.stop
        if stop.loss is not None and loss <= stop.loss:
            self.ended = "loss"
        elif stop.update_norm is not None and update_norm < stop.update_norm:
            self.ended = "update_norm"
        else:
            self._check_counts()

    def _check_counts(self) -> None:
        stop = self.spec.stop
        if stop.steps is not None and self.step_count >= stop.steps:
            self.ended = "steps"
        elif stop.epochs is not None and self.batches.epochs >= stop.epochs:
            self.ended = "epochs"

    def _norms(self, vector: Vector) -> list[float]:
        parts = (vector[tensor.start : tensor.stop] for tensor in self.tensors)
        return [math.sqrt(float(part.dot(part))) for part in parts]

    def _measure(self, grad_norms: list[float]) -> None:
        # By now the gradient's vector holds the update.
        weight_norms, update_norms = self._norms(self.theta), self._norms(self._grad)
        moment = self.rule.second_moment(self.state)
        values = np.empty((len(self.tensors), len(FIGURES)))
        for row, tensor in enumerate(self.tensors):
            rms = None
            if moment is not None:
                # The square root of the mean of v̂ is the root mean square of √v̂.
                rms = math.sqrt(float(np.add.reduce(moment[0][tensor.start : tensor.stop])) / tensor.size / moment[1])
            weight_norm, update_norm = weight_norms[row], update_norms[row]
            ratio = update_norm / weight_norm if weight_norm else (math.inf if update_norm else 0.0)
            effective = self.rule.effective_lr(self.state, rms)
            values[row] = (weight_norm, grad_norms[row], math.nan if rms is None else rms, effective, ratio)
        self.figures = TensorFigures(step=self.step_count, values=values)


def changed_spec(spec: RunSpec, values: dict[str, Any]) -> RunSpec:
    """Return `spec` with these fields changed, as a live change would; `InputError` says what is not possible."""
    for key in values:
        section, _, name = key.partition(".")
        if section not in LIVE_SECTIONS or not name:
            raise InputError(f"{clean(key, 80)} cannot change while a run is under way; allowed: {_live_keys(spec)}")
        if spec.problem.kind == "landscape" and section == "batch":
            raise InputError(f'{key}: a problem of kind "landscape" has no batches')
    data = spec.as_given()
    rule: Rule = spec.optimizer
    name = values.get("optimizer.name", rule.name)
    if name != rule.name:
        if not isinstance(name, str) or name not in RULES:
            raise InputError(f"optimizer.name = {shown(name)}; allowed: one of {', '.join(RULES)}")
        data["optimizer"] = successor(rule, name).model_dump(exclude_unset=True)
    for key, value in values.items():
        section, _, field = key.partition(".")
        data.setdefault(section, {})[field] = value
    try:
        return RunSpec.model_validate(data)
    except ValidationError as error:
        raise InputError(complaint(error, "change", {}).removeprefix("change: ")) from None


def differences(old: RunSpec, new: RunSpec) -> list[Change]:
    """Return the fields that two specs disagree on; of two rules, only the hyperparameters that both have."""
    before, after = flat(old), flat(new)
    return [
        Change(key=key, old=before[key], new=value)
        for key, value in after.items()
        if key in before and before[key] != value
    ]


def flat(spec: RunSpec) -> dict[str, Any]:
    """Return the fields that can change live, by dotted key."""
    return {
        f"{section}.{key}": value
        for section in LIVE_SECTIONS
        for key, value in getattr(spec, section).model_dump().items()
    }


def _live_keys(spec: RunSpec) -> str:
    return ", ".join(flat(spec))
