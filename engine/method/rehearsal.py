"""The coming step, taken aside and worked out line by line for one parameter; the trainer stays where it is.

It is the trainer's own step: the same batch, noise, clipping, schedule and line search, so that what is worked out can
be compared with where the parameter really goes, and with where the step goes when it is made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..subject.objective import Tensor, Vector
from .aside import aside
from .noise import GradientNoise
from .optimizers import State
from .optimizers.formula import Formula, Line, WorkingOut, largest, quantity, smallest
from .trainer import Trainer


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What the coming step does to one parameter."""

    step: int
    """The number of the step, counted from 1."""
    loss: float
    """Of its batch, before the update."""
    index: int
    """The parameter's place in the vector."""
    tensor: Tensor
    before: float
    after: float
    """What the parameter really is then."""
    lines: tuple[Line, ...]
    """From the gradient to the parameter; none where the step is refused because a number is not finite."""
    effective_lr: float
    """How far the step moves the parameter per unit of a constant gradient; nan where it is refused."""


def rehearsed(trainer: Trainer, index: int | None = None) -> Rehearsal:
    """Return the coming step of the parameter at `index`, or of that whose gradient is the largest.

    Raises:
        InputError: There is no such parameter.
    """
    if index is not None and not 0 <= index < trainer.theta.size:
        raise InputError(f"parameter {index:,}; allowed: 0 to {trainer.theta.size - 1:,}")
    with aside(trainer), np.errstate(all="ignore"):
        return _Rehearsing(trainer, index).step()


class _Rehearsing:
    """One step, watched."""

    def __init__(self, trainer: Trainer, index: int | None) -> None:
        self._trainer, self._index = trainer, index
        self._sheet: WorkingOut | None = None
        self._before = trainer.theta.copy()
        self._noise = 0.0
        self._loss, self._given = self._gradient()

    def _gradient(self) -> tuple[float, Vector]:
        """Return loss and gradient of the coming batch as the objective leaves them, in a vector of their own."""
        trainer = self._trainer
        grad = np.empty_like(trainer.theta)
        position = trainer.batches.position
        trainer.objective.draw(trainer.step_count)
        bound = trainer.objective.bind(self._before, grad, trainer.spec.regularisation)
        loss = bound.loss_and_gradient(trainer.batches.take())
        trainer.batches.seek(position)
        return loss, grad

    def step(self) -> Rehearsal:
        """Take the step and return what it did."""
        trainer = self._trainer
        trainer.before_update(self._look)
        trainer.step()
        sheet = self._sheet
        index = (self._index or 0) if sheet is None else sheet.index
        if sheet is not None:
            self._write_the_rest(sheet)
        tensor = next(each for each in trainer.tensors if each.start <= index < each.stop)
        return Rehearsal(
            step=trainer.step_count,
            loss=self._loss,
            index=index,
            tensor=tensor,
            before=float(self._before[index]),
            after=float(trainer.theta[index]),
            lines=() if sheet is None else tuple(sheet.lines),
            effective_lr=math.nan if sheet is None else self._effective_lr(index, tensor),
        )

    def _look(self) -> None:
        """Work out the rule's part, with the gradient that it is given and the state that it has."""
        trainer = self._trainer
        index = int(np.abs(trainer.gradient).argmax()) if self._index is None else self._index
        dials, schedule = trainer.dials, trainer.spec.schedule
        sheet = self._sheet = WorkingOut(
            index=index,
            state=trainer.state,
            grad=trainer.gradient,
            tensors=trainer.tensors,
            lr=quantity("α", dials.lr),
            inertia=dials.momentum,
            g=quantity("g", 0.0),
        )
        if trainer.search is not None:
            sheet.lr = sheet.line("α", quantity("1", 1.0), "the line search finds how far to go")
        elif schedule.hold is not None:
            sheet.lr = sheet.line("α", quantity("held", dials.lr), "held, whatever the schedule says")
        elif not schedule.is_constant:
            base = quantity("α₀", trainer.rule.lr)
            share = quantity("s(t)", dials.lr / trainer.rule.lr)
            sheet.lr = sheet.line("α", base * share, f"by the schedule: {schedule.sentence()}")
        sheet.g = self._write_gradient(sheet)
        trainer.rule.work_out(sheet)

    def _write_gradient(self, sheet: WorkingOut) -> Formula:
        """Write what becomes of the gradient before the rule gets it; return it."""
        spec, given, index = self._trainer.spec, self._given, sheet.index
        what = f"gradient of the batch's loss, {self._loss:.4g}"
        g = sheet.line("g", quantity("∂L/∂θ", float(given[index])), what)
        if spec.noise.gradient:
            noise = GradientNoise(spec.noise, given, seed=spec.seed.batches)
            noise.add(self._trainer.step_count)
            g = sheet.line("g", g + quantity("ξ", float(noise.vector[index])), "with its noise", replaces=True)
        self._unclipped = g
        limit, most = spec.clip.value, spec.clip.norm
        if limit is not None:
            given = np.clip(given, -limit, limit)
            bound = quantity("c", limit)
            g = sheet.line("g", largest(smallest(g, bound), 0.0 - bound), "cut off", replaces=True)
        if most is not None:
            length = math.sqrt(given.dot(given))
            if most < length + 1e-6:
                norm = quantity("‖g‖", length) + quantity("10⁻⁶", 1e-6)
                g = sheet.line("g", g * (quantity("c", most) / norm), "the whole gradient is clipped", replaces=True)
        rule = spec.optimizer
        if rule.weight_decay and not rule.decoupled:
            g = sheet.line("g", g + self._decay(), "with the pull of the L2 decay", replaces=True)
        return g

    def _decay(self) -> Formula:
        """Return λ·θ."""
        index = self._sheet.index if self._sheet is not None else 0
        theta = quantity("θ", float(self._before[index]))
        return quantity("λ", self._trainer.spec.optimizer.weight_decay) * theta

    def _write_the_rest(self, sheet: WorkingOut) -> None:
        """Write what becomes of the rule's update until the parameter has moved."""
        trainer, rule = self._trainer, self._trainer.spec.optimizer
        if rule.weight_decay and rule.decoupled:
            words = "and the decay beside the rule"
            sheet.update = sheet.line("Δ", sheet.update + sheet.lr * self._decay(), words, replaces=True)
        if trainer.search is not None:
            if trainer.search.went_astray:
                down = self._unclipped + self._decay() if rule.weight_decay and not rule.decoupled else self._unclipped
                sheet.update = sheet.line("Δ", down, "the rule led uphill: down the gradient", replaces=True)
            found = quantity("a", trainer.dials.lr)
            words = f"as far as the line search went, after {trainer.search.made} trials"
            sheet.update = sheet.line("Δ", found * sheet.update, words, replaces=True)
        moved = quantity("θ", float(self._before[sheet.index])) - sheet.update
        if trainer.objective.bounds is not None:
            low, high = (quantity(f"{bound:g}", bound) for bound in trainer.objective.bounds)
            moved = largest(smallest(moved, high), low)
        sheet.line("θ", moved, "the parameter after the step", replaces=True)

    def _effective_lr(self, index: int, tensor: Tensor) -> float:
        """Return the rule's own figure for a state of this parameter alone."""
        rule, dials = self._trainer.rule.within(tensor.shape), self._trainer.dials
        state: Any = self._trainer.state
        alone = {name: vector[..., index : index + 1] for name, vector in state.vectors().items()}
        one: State = type(state)(**alone, **state.weights())
        moment = rule.second_moment(one)
        rms = None if moment is None else math.sqrt(float(moment[0][0]) / moment[1])
        return float(rule.effective_lr(one, rms, dials.lr))
