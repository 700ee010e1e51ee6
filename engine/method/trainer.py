"""The state machine of training: one step, one change between two steps, one snapshot. It does no input or output."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..subject.objective import Batch, Evaluation, Objective, Vector
from .averaging import Average
from .batches import BatchStream
from .changes import Change, changed_spec, differences, differing_seeds, moved_start, restarted_spec
from .line_search.search import LineSearch
from .machinery import machinery_of
from .measuring import Entries, measured, norms_of
from .objectives import build_objective
from .optimizers import Dials, Rule, State, carried_state
from .place import Place
from .schedules import PlateauState
from .snapshot import NonFinite, Snapshot, beginning
from .spec import RunSpec, SeedSpec
from .stopping import LossWatch, StopRules
from .telemetry import StepBuffer, TensorFigures, length_of, shortest_square_root


class Trainer:
    """One model in training: parameters, a rule with its state, and a place in the stream of batches.

    Attributes:
        step_count: Updates made, and steps refused because they were not finite.
        ended: The stop rule that holds, by its name in the spec, or None.
        non_finite: What stopped the last step from being made, or None.
        steps: The scalars of every step since they were last taken.
        figures: What was measured per tensor at the last step that was asked to.
        astray: Steps whose search went down the gradient, because the rule's direction led uphill.
    """

    def __init__(self, spec: RunSpec, objective: Objective) -> None:
        self.objective = objective
        self.tensors, self._entries = objective.tensors, Entries(objective.tensors)
        start = objective.start()
        self._grad = np.empty_like(start)
        self._short = shortest_square_root(start.dtype)
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
        self._plateau, self._watch = PlateauState(), LossWatch()
        self.step_count = 0
        self.ended: str | None = None
        self.non_finite: NonFinite | None = None
        self.steps = StepBuffer()
        self.figures: TensorFigures | None = None
        self._average: Average | None = None
        self._trials = self.astray = 0
        self.dials: Dials
        self._begin: Callable[[], None]
        self.prepare()

    @property
    def theta(self) -> Vector:
        """The parameters as they are now; the next step leaves them in another array."""
        return self._here.theta

    @property
    def evaluated_theta(self) -> Vector:
        """The parameters that `evaluate` uses: their moving average where there is one."""
        return self._here.theta if self._average is None else self._average.theta

    @property
    def evaluations(self) -> int:
        """How often loss and gradient of a batch were computed: once a step, and once for every trial of a search."""
        return self.step_count + self._trials

    @property
    def search(self) -> LineSearch | None:
        """The line search, which knows its last trials, or None."""
        return None if self._walk is None else self._walk.search

    @property
    def gradient(self) -> Vector:
        """The vector of the gradient, in which the rule makes its update; nobody else changes it."""
        return self._grad

    @property
    def plateau(self) -> PlateauState:
        """What a schedule that looks at the loss has seen; its own."""
        return self._plateau

    @property
    def largest_product(self) -> int:
        """Multiplications of the largest matrix product of a step; 0 where there is none."""
        return self.objective.largest_product(self.batches.size)

    def step(self, *, measure: bool = False, spread: bool = False) -> bool:
        """Take one minibatch step and return whether it was like any other.

        It was not if it was refused, if it was the last of its epoch, or if a stop rule holds now; so a loop can take
        steps at full speed and look at nothing else meanwhile.

        A step whose loss or gradient is not finite is refused: no update is made, `non_finite` says why, and the step
        is recorded as it was. The trainer then stands at the last parameters at which a training loss was finite. Where
        the loss is finite and only its gradient is not, they are those that it has; where the loss is not, the update
        that led to them is taken back. All else is true of that point: the updates and sums of rates in `steps`, the
        moving average, the figures of the tensors, and what the rule has learnt, which ends with the gradient there
        (or with the last one that was finite). Only `step_count` and the stream of batches go on. If the next step is
        refused at that same point, the update before is taken back in it, so that a smaller rate always leads on.

        Args:
            measure: Whether to fill `figures` as well.
            spread: Whether these tell how the entries are spread.
        """
        here, grad = self._here, self._grad
        if self._draws:
            self.objective.draw(self.step_count)
        batch = self.batches.take()
        loss = here.bound.loss_and_gradient(batch)
        if self._noise is not None:
            self._noise.add(self.step_count + 1)
        grad_norm = math.sqrt(grad.dot(grad))
        if grad_norm < self._short:
            grad_norm = length_of(grad)
        self.step_count += 1
        if self._schedule is not None:
            self._schedule.turn(self.step_count, self.batches.epoch, loss)
        # A norm that overflows counts as well: its squares would poison the rule's state.
        if not (math.isfinite(loss) and math.isfinite(grad_norm)):
            return self._refuse(batch, loss, grad_norm, measure)
        grad_norms = norms_of(grad, self.tensors) if measure else None
        gradients = self._entries.of(grad) if measure and spread else None
        if self._shaping is not None and not self._shaping.apply(self.theta, grad, grad_norm):
            return self._refuse(batch, loss, math.inf, measure)
        self._begin()
        squares = 0.0
        for operations, update in here.way:
            for operation in operations:
                operation()
            squares += float(update.dot(update))
        update_norm = math.sqrt(squares)
        if update_norm < self._short:
            update_norm = length_of(grad)
        if self._walk is not None:
            update_norm = self._walk.take(here, self._there, batch, loss)
            self._trials += self._walk.search.made
            self.astray += self._walk.search.went_astray
        if grad_norms is not None:
            # By now the gradient's vector holds the update.
            self._measure(grad_norms, norms_of(grad, self.tensors), gradients)
        self._here, self._there = self._there, here
        if self._average is not None:
            self._average.advance(self.spec.averaging, self.theta, self.step_count)
        self.steps.add(self.step_count, self.batches.epoch, loss, self.dials.lr, grad_norm, update_norm)
        self.non_finite = None
        if self._stop is not None:
            self.ended = self._stop.reason(self.step_count, self.batches.epochs, loss, grad_norm, update_norm)
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
        # Whoever watches the loss by another rule than before begins to watch it now.
        if any(change.key in ("stop.plateau", "stop.divergence") for change in changes):
            self._watch = LossWatch()
        if any(change.key == "schedule.name" for change in changes):
            self._plateau = PlateauState()
        self.prepare()
        return changes

    def reset(
        self, *, keep: bool, seeds: SeedSpec | None = None, start: tuple[float, ...] | None = None
    ) -> list[Change]:
        """Go back to the start: the same initial parameters, the same order of the batches, no state.

        Args:
            keep: Whether the rule and everything else that was turned stay as they are now, or go back as well.
            seeds: Other seeds, which make another start; later resets go back to that one.
            start: Where a function begins from now on, at later resets too; None leaves it as it is.

        Returns:
            The fields that went back, and the seeds and the start where they are others now.

        Raises:
            InputError: There is no such start; everything stays as it was.
        """
        old = self.spec
        if start is not None:
            self.spec, self._first_spec = (restarted_spec(spec, start) for spec in (old, self._first_spec))
            self.objective = build_objective(self.spec)
        if seeds is not None:
            self.spec, self._first_spec = (
                spec.model_copy(update={"seed": seeds}) for spec in (self.spec, self._first_spec)
            )
        if not keep:
            self.spec, self.rule = self._first_spec, self._first_spec.optimizer
        self._reseed(old.seed)
        self.restore(beginning(self.spec, self.objective.start()))
        return [*differing_seeds(old, self.spec), *differences(old, self.spec), *moved_start(old, self.spec)]

    def take_back(self) -> bool:
        """Go back to the point before the last update, and return whether that is another one.

        Only one update can be taken back until there is another; then the trainer stays where it is.
        """
        moved = not np.array_equal(self._here.theta, self._there.theta)
        np.copyto(self._here.theta, self._there.theta)
        if self._average is not None:
            self._average.take_back()
        self.steps.take_back()
        self.state.take_back()
        return moved

    def evaluate(self, split: str, at_most: int | None = None) -> Evaluation:
        """Return loss and accuracy over a split, or `at_most` its first samples.

        With the parameters as they are, or with their moving average where the spec asks for one.
        """
        return (self._average or self._here).bound.evaluate(split, at_most)

    def snapshot(self) -> Snapshot:
        """Return all of the state, shared with nothing."""
        return Snapshot(
            spec=self.spec,
            step=self.step_count,
            theta=self.theta.copy(),
            previous=self._there.theta.copy(),
            state=self.state.copy(),
            position=self.batches.position,
            plateau=replace(self._plateau),
            watch=replace(self._watch),
            sums=self.steps.sums,
            average=None if self._average is None else (self._average.theta.copy(), self._average.previous.copy()),
            trials=self._trials,
            astray=self.astray,
            ended=self.ended,
            non_finite=self.non_finite,
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to this state; the steps not yet taken from `steps` are forgotten."""
        before, self.spec, self.rule = self.spec.seed, snapshot.spec, snapshot.spec.optimizer
        self._reseed(before)
        self.step_count = snapshot.step
        np.copyto(self._here.theta, snapshot.theta)
        np.copyto(self._there.theta, snapshot.previous)
        self.state = snapshot.state.copy()
        self.batches.configure(size=snapshot.spec.batch.size, shuffle=snapshot.spec.batch.shuffle)
        self.batches.seek(snapshot.position)
        self._plateau, self._watch = replace(snapshot.plateau), replace(snapshot.watch)
        self.ended, self.non_finite = snapshot.ended, snapshot.non_finite
        self._trials, self.astray = snapshot.trials, snapshot.astray
        self._average = None if snapshot.average is None else self._averaged(*snapshot.average)
        self.steps, self.figures = StepBuffer(sums=snapshot.sums), None
        self.prepare()

    def before_update(self, look: Callable[[], None]) -> None:
        """Call `look` before every update, when `gradient` holds what the rule is given; until the next `prepare`."""
        begin = self._begin

        def look_and_begin() -> None:
            look()
            begin()

        self._begin = look_and_begin

    def prepare(self) -> None:
        """Bring all that is made ahead of a step in line with spec, rule and state, and with what is loaded by now."""
        spec, batches = self.spec, self.batches
        made = machinery_of(
            spec,
            self.rule,
            self.state,
            (self._here, self._there),
            self._grad,
            tensors=self.tensors,
            bounds=self.objective.bounds,
            plateau=self._plateau,
            step=self.step_count + 1,
            epoch=batches.epoch + batches.epoch_is_over,
        )
        self.dials, self._schedule, self._noise, self._shaping = made.dials, made.schedule, made.noise, made.shaping
        self._begin, self._walk = made.begin, made.walk
        if spec.regularisation != self._regularisation:
            self._regularisation = spec.regularisation
            for place in (self._here, self._there):
                place.bound = self.objective.bind(place.theta, self._grad, self._regularisation)
            if self._average is not None:
                self._average = self._averaged(self._average.theta, self._average.previous)
        self._draws = self._regularisation.dropout > 0.0
        if spec.averaging.decay is None:
            self._average = None
        elif self._average is None:
            self._average = self._averaged(self.theta, self._there.theta)
        stop = StopRules(spec.stop, self._watch)
        self._stop = stop if stop.is_active else None
        self.ended = self.ended or stop.reached(self.step_count, batches.epochs)

    def _reseed(self, before: SeedSpec) -> None:
        """Take the seeds of the spec where they are others than `before`."""
        seed = self.spec.seed
        if seed == before:
            return
        self.objective.reseed(seed=seed.init, dropout_seed=seed.dropout)
        self.batches.reseed(seed.batches)
        for place in (self._here, self._there):
            place.bound = self.objective.bind(place.theta, self._grad, self._regularisation)

    def _averaged(self, theta: Vector, previous: Vector) -> Average:
        return Average(self.objective, theta, previous, self._grad, self._regularisation)

    def _refuse(self, batch: Batch, loss: float, grad_norm: float, measure: bool) -> bool:
        if self.non_finite is not None and self.take_back():
            self.batches.put_back(batch)
            self.step_count -= 1
            self._trials += 1
            self.non_finite = None
            return self.step(measure=measure)
        norms = norms_of(self._grad, self.tensors)
        first = next((index for index, norm in enumerate(norms) if not math.isfinite(norm)), 0)
        is_loss = not math.isfinite(loss)
        if is_loss:
            self.take_back()
            # The gradient at the point that is left now is known if it was measured.
            last = self.figures if self.figures is not None and self.figures.step == self.step_count - 1 else None
            norms = [math.nan] * len(norms) if last is None else last.grad_norms
        self.non_finite = NonFinite(
            step=self.step_count, quantity="loss" if is_loss else "gradient", tensor=self.tensors[first].name
        )
        self._measure(norms, [0.0] * len(norms))
        self.steps.add(self.step_count, self.batches.epoch, loss, self.dials.lr, grad_norm, 0.0)
        if self._stop is not None:
            self.ended = self._stop.reached(self.step_count, self.batches.epochs)
        return False

    def _measure(self, grad_norms: list[float], update_norms: list[float], gradients: Vector | None = None) -> None:
        rule, state, lr, theta = self.rule, self.state, self.dials.lr, self.theta
        values = measured(rule, state, lr, theta, self.tensors, grad_norms, update_norms)
        spread = None if gradients is None else self._entries.spread(rule, state, lr, theta, gradients)
        self.figures = TensorFigures(step=self.step_count, values=values, spread=spread, evaluations=self.evaluations)
