"""Muon: momentum whose every matrix is replaced by the nearest one that stretches all directions alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np

from ... import fields
from ...subject.objective import Operations, Tensor, Vector
from ..passes import averaged, called, numbers
from .adam import Adam
from .formula import WorkingOut, largest, quantity, root
from .rule import BoundRule, Dials, Moments, Rule, State, stretches

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the polynomial a·s + b·s³ + c·s⁵ that takes every singular value towards 1; steep at 0, so five rounds suffice."""
ROUNDS = 5
SHORTEST = 1e-7
"""A matrix shorter than this is not stretched to length 1."""


@dataclass(slots=True)
class MuonState(State):
    """What Muon remembers, one entry per parameter in each vector."""

    m: Vector
    """Decaying mean of the gradient."""
    v: Vector
    """Decaying mean of the squared gradient, for what is no matrix; 0 elsewhere."""
    m_weight: float
    """Total weight of the gradients in `m`, from 0 towards 1; used for what is no matrix."""
    v_weight: float
    """Total weight of the squared gradients in `v`, from 0 towards 1."""


class Muon(Rule):
    """Muon: for every weight matrix M ← μ·M + (1 − μ)·G, then θ ← θ − α·a·orth(μ·M + (1 − μ)·G).

    orth(M) = UVᵀ for M = UΣVᵀ, approximately: five rounds of a polynomial of odd powers, each three products of
    matrices, take all singular values to between 0.7 and 1.2. So a step moves all directions of a layer's input
    alike, those with small gradients too. a = √max(1, outputs/inputs) ("original"), or 0.2·√max(outputs, inputs)
    ("match_rms_adamw"), which makes entries as long as Adam's, so that Adam's learning rate fits.

    What is no matrix (biases, the point of a landscape) takes Adam's step with β₁ = μ and β₂.

    By hand, μ = 0, G = diag(2, 0.5): ‖G‖ = 2.06, and the five rounds take 0.970 and 0.243 to about 1: both directions
    move by α, though one gradient is four times the other.

    Source: K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024), in the form of
    `torch.optim.Muon`. Deviations: the matrices are multiplied in the run's own precision, there in bfloat16; the
    step for what is no matrix is that of the author's `MuonWithAuxAdam`, torch leaves it to another optimizer.
    """

    title: ClassVar[str] = "Muon"
    inertia: ClassVar[str | None] = "momentum"

    name: Literal["muon"] = "muon"
    lr: fields.LearningRate = 1e-3
    weight_decay: fields.WeightDecay = 0.1
    decoupled: fields.Decoupled = True
    momentum: fields.Momentum = 0.95
    nesterov: fields.LookAhead = True
    adjust: fields.Adjust = "original"
    beta2: fields.Beta2 = 0.95
    eps: fields.Epsilon = 1e-8

    def fresh_state(self, theta: Vector) -> MuonState:
        """Return zero means."""
        # Zeros that nobody touches take no memory: a matrix has no second moment.
        m, v = (np.zeros(theta.shape, theta.dtype) for _ in range(2))
        return MuonState(m, v, 0.0, 0.0)

    def adopted_state(self, theta: Vector, moments: Moments) -> MuonState:
        """Return a state with the other rule's means and their weights."""
        state = self.fresh_state(theta)
        if moments.mean is not None:
            state.m[:], state.m_weight = moments.mean, moments.mean_weight
        if moments.square is not None:
            state.v[:], state.v_weight = moments.square, moments.square_weight
        return state

    def moments(self, state: MuonState) -> Moments:
        """Return the mean gradient; of its square too little is known."""
        return Moments(mean=state.m, mean_weight=state.m_weight) if state.m_weight else Moments()

    def within(self, shape: Sequence[int]) -> Rule:
        """Return itself for a matrix, and for anything else Adam, whose step it takes there."""
        return self if len(shape) == 2 else Adam(lr=self.lr, beta1=self.momentum, beta2=self.beta2, eps=self.eps)

    def effective_lr(self, state: MuonState, rms: Any, lr: float) -> float:
        """Return nan: a matrix is stretched to the same length, however long its gradient is."""
        return math.nan

    def lacking(self) -> dict[str, str]:
        """Return why a matrix has neither."""
        return {
            "root": "Muon keeps no second moment of a matrix, so there is no √v̂",
            "rate": "Muon divides a matrix by no second moment, so no parameter has a rate of its own",
        }

    def work_out(self, sheet: WorkingOut) -> None:
        """Write the step of a matrix's entry, or Adam's step for what is no matrix."""
        tensor = next((each for each in sheet.tensors if each.start <= sheet.index < each.stop), None)
        if tensor is None or len(tensor.shape) != 2:
            m = sheet.mean("m", sheet.remembered("m"), quantity("μ", sheet.inertia), sheet.g, "mean of the gradient")
            beta2 = quantity("β₂", self.beta2)
            v = sheet.mean("v", sheet.remembered("v"), beta2, sheet.g**2, "mean of the squared gradient")
            c1 = sheet.weight("c₁", sheet.state.m_weight, quantity("μ", sheet.inertia), "m")
            c2 = sheet.weight("c₂", sheet.state.v_weight, beta2, "v")
            m_hat, v_hat = sheet.corrected("m", m / c1), sheet.corrected("v", v / c2)
            sheet.step(sheet.lr * m_hat / (root(v_hat) + quantity("ε", self.eps)))
            return
        mu, inputs, outputs = quantity("μ", sheet.inertia), *tensor.shape
        m = sheet.mean("M", sheet.remembered("m", "M"), mu, sheet.g, "mean of the gradient")
        if self.nesterov:
            sheet.line("N", mu * m + (1.0 - mu) * sheet.g, "the same, one step ahead")
        # An entry of the orthogonal matrix depends on all the others.
        grad, old = (vector[tensor.start : tensor.stop] for vector in (sheet.grad, sheet.state.m))
        mean = mu.value * old + (1.0 - mu.value) * grad
        whole = (mu.value * mean + (1.0 - mu.value) * grad if self.nesterov else mean).reshape(tensor.shape)
        turned = np.ascontiguousarray(whole.T if inputs > outputs else whole)
        for operation in _orthogonalised(turned):
            operation()
        entry = (turned.T if inputs > outputs else turned).reshape(-1)[sheet.index - tensor.start]
        words = f"its entry in the orthogonal matrix next to {'N' if self.nesterov else 'M'}"
        o = sheet.line("o", quantity(f"orth({'N' if self.nesterov else 'M'})", entry), words)
        ratio = quantity("outputs", outputs) / quantity("inputs", inputs)
        if self.adjust == "original":
            a = sheet.line("a", root(largest(1.0, ratio)), "by the shape of the matrix")
        else:
            longer = largest(quantity("outputs", outputs), quantity("inputs", inputs))
            a = sheet.line("a", 0.2 * root(longer), "by the shape of the matrix")
        sheet.step(sheet.lr * a * o)

    def _bound(self, state: MuonState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what advances the means and makes the step of the gradient, tensor by tensor."""
        kept, taken, lr, floor, length = numbers(grad.dtype, 0.0, 0.0, 0.0, 0.0, 0.0)
        beta2, rest2 = numbers(grad.dtype, self.beta2, 1.0 - self.beta2)

        def matrix(tensor: Tensor) -> Operations:
            g, m = grad[tensor.start : tensor.stop], state.m[tensor.start : tensor.stop]
            inputs, outputs = tensor.shape
            shape = math.sqrt(max(1.0, outputs / inputs))
            (factor,) = numbers(
                grad.dtype, shape if self.adjust == "original" else 0.2 * math.sqrt(max(inputs, outputs))
            )
            # The shorter side first: the products are then of the smaller kind.
            given = tensor.of(grad).T if inputs > outputs else tensor.of(grad)
            turned = np.empty(given.shape, grad.dtype)
            flat = turned.reshape(-1)
            velocity: Operations = (
                partial(np.multiply, m, kept, m),
                partial(np.multiply, g, taken, g),
                partial(np.add, m, g, m),
            )
            ahead: Operations = (partial(np.multiply, m, kept, flat), partial(np.add, g, flat, g))
            return (
                *velocity,
                *(ahead if self.nesterov else (partial(np.copyto, g, m),)),
                partial(np.copyto, turned, given),
                *_orthogonalised(turned),
                partial(np.multiply, flat, factor, flat),
                partial(np.copyto, given, turned),
            )

        def vector(start: int, stop: int) -> Operations:
            g, m, v = grad[start:stop], state.m[start:stop], state.v[start:stop]
            s = np.empty_like(g)
            return called(
                [
                    *averaged(m, kept, g, taken, s),
                    (np.multiply, g, g, g),
                    *averaged(v, beta2, g, rest2, g),
                    (np.sqrt, v, s),
                    (np.add, s, floor, s),
                    (np.divide, m, s, g),
                    (np.multiply, g, length, g),
                ]
            )

        operations = tuple(
            operation
            for tensor in tensors
            for operation in (matrix(tensor) if len(tensor.shape) == 2 else vector(tensor.start, tensor.stop))
        ) or vector(0, len(grad))

        def begin() -> None:
            lr[()], kept[()], taken[()] = dials.lr, dials.momentum, 1.0 - dials.momentum
            state.m_weight = dials.momentum * state.m_weight + (1.0 - dials.momentum)
            state.v_weight = self.beta2 * state.v_weight + (1.0 - self.beta2)
            root = math.sqrt(state.v_weight)
            floor[()], length[()] = self.eps * root, root / state.m_weight
            for operation in operations:
                operation()

        return BoundRule(begin=begin, parts=tuple([(np.multiply, g, lr, g)] for (g,) in stretches(grad)))


def _orthogonalised(matrix: Vector) -> Operations:
    """Return what takes the singular values of a matrix, (short side, long side), towards 1, in place.

    Source: Newton–Schulz iteration as in `torch.optim._muon._zeropower_via_newtonschulz`.
    """
    a, b, c, scale = numbers(matrix.dtype, *COEFFICIENTS, 0.0)
    side = len(matrix)
    gram, square = np.empty((side, side), matrix.dtype), np.empty((side, side), matrix.dtype)
    product = np.empty_like(matrix)
    entries, of_gram, of_square, of_product = (array.reshape(-1) for array in (matrix, gram, square, product))

    def normalise() -> None:
        scale[()] = 1.0 / max(math.sqrt(float(entries.dot(entries))), SHORTEST)
        np.multiply(entries, scale, entries)

    one_round: tuple[Callable[[], object], ...] = (
        partial(np.matmul, matrix, matrix.T, gram),
        partial(np.matmul, gram, gram, square),
        partial(np.multiply, of_square, c, of_square),
        partial(np.multiply, of_gram, b, of_gram),
        partial(np.add, of_square, of_gram, of_square),
        partial(np.matmul, square, matrix, product),
        partial(np.multiply, entries, a, entries),
        partial(np.add, entries, of_product, entries),
    )
    return (normalise, *(one_round * ROUNDS))
