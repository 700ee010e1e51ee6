"""RMSProp: each parameter's gradient divided by its recent root mean square."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from ... import fields
from ...subject.objective import Tensor, Vector
from ..passes import Passes, averaged, numbers
from .formula import WorkingOut, largest, quantity, root
from .momentum import velocity_unit
from .rule import BoundRule, Dials, Moments, Rule, State, spare, stretches


@dataclass(slots=True)
class RmspropState(State):
    """What RMSProp remembers, one entry per parameter in each vector."""

    v: Vector
    """Decaying mean of the squared gradient."""
    v_weight: float
    """Total weight of the squared gradients in `v`, from 0 towards 1; the rule itself does not correct for it."""
    mean: Vector
    """Decaying mean of the gradient, for the centered form; zero while that is off."""
    mean_weight: float
    """Total weight of the gradients in `mean`, from 0 towards 1."""
    buffer: Vector
    """Velocity of the scaled gradients, for momentum; zero while that is off."""
    buffer_weight: float
    """Total weight of the scaled gradients in `buffer`, from 0 towards 1/(1 − μ), or α times that."""
    holds_lr: float = 0.0
    """1 where each scaled gradient in `buffer` is multiplied by the learning rate of its step, else 0."""
    lr: float = 0.0
    """The learning rate of the last step, 0 before the first."""
    steps: float = 0.0
    """How many gradients `v` has seen."""


class Rmsprop(Rule):
    """RMSProp: v ← ρ·v + (1 − ρ)·g², then θ ← θ − α·g / (√v + ε).

    Centered divides by √(v − ḡ²) + ε, ḡ the decaying mean of the gradient; with momentum, b ← μ·b + g/(…) and
    θ ← θ − α·b. There is no bias correction: the first step has length α/√(1 − ρ), 3.2·α at the default.

    By hand, α = 1, ρ = 0.75, ε → 0, constant g = 2: v is 1, then 1.75; θ falls by 2, then by 2/√1.75.

    Forms: "torch" adds ε to the root and keeps α out of the velocity. "keras" and "optax" add ε inside the root,
    g/√(v + ε), and the velocity contains α: b ← μ·b + α·g/√(v + ε), θ ← θ − b. "keras" takes α = 0.001, ε = 1e-7;
    ρ = 0.9 in both. When the form changes between two steps, the velocity is converted by the last α, exactly.

    Deviations from `torch.optim.RMSprop`: ρ is called alpha there, and its default is 0.99; here it is the lecture's
    0.9. Where rounding takes v − ḡ² below zero, zero is used (torch gives nan).

    Source: G. Hinton, "Neural Networks for Machine Learning", lecture 6e (2012); the centered form: A. Graves,
    "Generating Sequences With Recurrent Neural Networks", arXiv:1308.0850, eq. 38 to 45.
    """

    title: ClassVar[str] = "RMSProp"

    inertia: ClassVar[str | None] = "momentum"
    form_defaults: ClassVar[Mapping[str, Mapping[str, float]]] = {"keras": {"lr": 1e-3, "eps": 1e-7}}

    name: Literal["rmsprop"] = "rmsprop"
    lr: fields.LearningRate = 1e-2
    rho: fields.Rho = 0.9
    eps: fields.Epsilon = 1e-8
    momentum: fields.Momentum = 0.0
    centered: fields.Centered = False
    form: fields.Form[Literal["torch", "keras", "optax"]] = "torch"

    def fresh_state(self, theta: Vector) -> RmspropState:
        """Return zero means."""
        # Zeros that nobody touches take no memory: what is switched off costs nothing.
        v, mean, buffer = (np.zeros(theta.shape, theta.dtype) for _ in range(3))
        return RmspropState(v, 0.0, mean, 0.0, buffer, 0.0)

    def adopted_state(self, theta: Vector, moments: Moments) -> RmspropState:
        """Return a state with the other rule's v and its weight.

        The mean gradient is begun anew: only a mean with v's own memory leaves v − ḡ² a variance.
        """
        state = self.fresh_state(theta)
        if moments.square is not None:
            state.v[:], state.v_weight, state.steps = moments.square, moments.square_weight, moments.steps
        return state

    def moments(self, state: RmspropState) -> Moments:
        """Return v, and the mean gradient where the centered form has gathered one."""
        mean = state.mean if state.mean_weight else None
        return Moments(
            mean=mean,
            mean_weight=state.mean_weight,
            square=state.v,
            square_weight=state.v_weight,
            steps=state.steps,
        )

    def work_out(self, sheet: WorkingOut) -> None:
        """Write the means and the scaled step, or the velocity of such steps."""
        rho, eps, state = quantity("ρ", self.rho), quantity("ε", self.eps), sheet.state
        is_torch = self.form == "torch"
        square = sheet.mean("v", sheet.remembered("v"), rho, sheet.g**2, "mean of the squared gradient")
        if self.centered:
            mean = sheet.mean("ḡ", sheet.remembered("mean", "ḡ"), rho, sheet.g, "mean of the gradient")
            square = sheet.line("s", largest(square - mean**2, 0.0), "variance of the gradient")
        floored = root(square) + eps if is_torch else root(square + eps)
        if not self.momentum:
            sheet.step(sheet.lr * sheet.g / floored)
            return
        old = sheet.remembered("buffer", "b")
        if state.buffer_weight and is_torch == bool(state.holds_lr):
            last = quantity("α₋", state.lr or self.lr)
            words = "the velocity of the form before, by the last α"
            old = sheet.line("b", old / last if is_torch else old * last, words, replaces=True)
        entering = sheet.g / floored if is_torch else sheet.lr * sheet.g / floored
        b = sheet.line("b", quantity("μ", sheet.inertia) * old + entering, "velocity", replaces=True)
        sheet.step(sheet.lr * b if is_torch else b)

    def _bound(self, state: RmspropState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what advances the means and makes α·g/(√v + ε), or α·b with momentum, of the gradient."""
        is_torch = self.form == "torch"
        lr, rho, rest, eps, mu, zero, one = numbers(grad.dtype, 0.0, self.rho, 1.0 - self.rho, self.eps, 0.0, 0.0, 1.0)

        def begin() -> None:
            lr[()], mu[()] = dials.lr, dials.momentum
            state.v_weight = self.rho * state.v_weight + (1.0 - self.rho)
            state.steps += 1.0
            # What was switched off is emptied: when it is switched on again, what is left of it would be too old.
            if self.centered:
                state.mean_weight = self.rho * state.mean_weight + (1.0 - self.rho)
            elif state.mean_weight:
                state.mean[:], state.mean_weight = 0.0, 0.0
            if self.momentum:
                kept = dials.momentum
                if is_torch == bool(state.holds_lr):
                    kept *= velocity_unit(not is_torch, state.lr or self.lr)
                mu[()] = kept
                state.buffer_weight = kept * state.buffer_weight + (1.0 if is_torch else dials.lr)
            elif state.buffer_weight:
                state.buffer[:], state.buffer_weight = 0.0, 0.0
            state.holds_lr, state.lr = float(not is_torch), dials.lr

        def part(g: Vector, v: Vector, mean: Vector, b: Vector) -> Passes:
            s = workspace[: len(g)]
            variance = [
                (np.subtract, g, mean, s),
                (np.multiply, s, rest, s),
                (np.add, mean, s, mean),
                (np.multiply, mean, mean, s),
                (np.subtract, v, s, s),
                (np.maximum, s, zero, s),
            ]
            second = s if self.centered else v
            floored = [(np.add, second, eps, s), (np.sqrt, s, s)]
            scaled = [(np.multiply, g, lr, g)]
            rolled = [(np.multiply, b, mu, b), (np.add, b, g, b)]
            velocity = [*rolled, (np.multiply, b, lr, g)] if is_torch else [*scaled, *rolled, (np.multiply, b, one, g)]
            return [
                (np.multiply, g, g, s),
                *averaged(v, rho, s, rest, s),
                *(variance if self.centered else []),
                *([(np.sqrt, second, s), (np.add, s, eps, s)] if is_torch else floored),
                (np.divide, g, s, g),
                *(velocity if self.momentum else scaled),
            ]

        workspace = spare(grad)
        vectors = stretches(grad, state.v, state.mean, state.buffer)
        return BoundRule(begin=begin, parts=tuple(part(*views) for views in vectors))

    def second_moment(self, state: RmspropState) -> tuple[Vector, float]:
        """Return v as it stands: the rule corrects no bias. The centered form divides by less than its root."""
        return state.v, 1.0

    def effective_lr(self, state: RmspropState, rms: Any, lr: float) -> Any:
        """Return α / (√v + ε), times the total weight in the velocity where there is one."""
        length = lr * (state.buffer_weight or 1.0)
        if state.holds_lr:
            length = state.buffer_weight or lr
        return length / (rms + self.eps if self.form == "torch" else (rms * rms + self.eps) ** 0.5)

    def rates(self, state: RmspropState, lr: float) -> Vector | None:
        """Return the rate of every parameter; the centered form divides by √(v − ḡ²)."""
        if not self.centered:
            return super().rates(state, lr)
        deviations = np.sqrt(np.maximum(state.v - state.mean * state.mean, 0.0))
        rates: Vector = self.effective_lr(state, deviations, lr)
        return rates
