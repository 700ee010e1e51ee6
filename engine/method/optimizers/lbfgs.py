"""L-BFGS: Newton's direction, estimated from the last steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ... import fields
from ...subject.objective import Tensor, Vector
from ..passes import numbers
from .formula import WorkingOut, largest, quantity
from .rule import BoundRule, Dials, Moments, Rule, State, stretches


@dataclass(slots=True)
class LbfgsState(State):
    """What L-BFGS remembers: a ring of pairs, and the last step until it has become one.

    A ring that nobody has filled takes no memory.
    """

    moves: NDArray[Any]
    """(slots, parameters): s, how a step moved the parameters."""
    turns: NDArray[Any]
    """(slots, parameters): y, how the gradient changed by it."""
    update: Vector
    """What the last step subtracted from the parameters."""
    grad: Vector
    """The gradient at its beginning."""
    newest: int
    """The slot of the newest pair; those before it are older, and before the first comes the last."""
    pairs: int
    """How many slots are filled."""
    awaits: bool
    """Whether the last step still has to become a pair, at the next gradient."""

    def resize(self, slots: int) -> None:
        """Keep room for so many pairs, and the newest ones that fit."""
        kept = range(self.newest - min(slots, self.pairs) + 1, self.newest + 1)
        for name in ("moves", "turns"):
            old = getattr(self, name)
            new = np.zeros((slots, old.shape[1]), old.dtype)
            for place, slot in enumerate(kept):
                # A slot below 0 counts from the end, as the ring does.
                new[place] = old[slot]
            setattr(self, name, new)
        self.pairs = len(kept)
        self.newest = self.pairs - 1

    def take_back(self) -> None:
        """Make no pair of the last step."""
        self.awaits = False

    def forget(self) -> None:
        """Begin anew at the next gradient."""
        self.pairs, self.newest, self.awaits = 0, -1, False


class Lbfgs(Rule):
    """L-BFGS: θ ← θ − α·H·g, where H is the inverse of the curvature that the last m steps have met.

    Each step gives a pair, s = its move and y = the change of the gradient by it, and H, begun as γ = sᵀy/yᵀy, is
    corrected by every pair so that H·y = s. While there is no pair, H is 1/‖g‖₁, or 1 for a shorter gradient, so the
    first step is at most α long. By hand, in one dimension with f = x² (g = 2x), α = 1, from x = 4: ‖g‖₁ = 8, so x
    falls by 1, to 3. The pair is s = −1, y = −2, so H = ½, the inverse of the curvature, and the next step lands on 0.

    A pair enters only if sᵀy > ε·yᵀy, ε the type's resolution: the curvature along it has to be positive, else H could
    lead uphill. The strong Wolfe conditions see to that, so the rule comes with that search unless `line_search.name`
    says otherwise; α is then what the search finds. With a search, y compares two gradients of the same batch (where
    the search ended at a trial of its own). Without one, y compares the gradients of two successive batches, and holds
    their difference as well: use the full batch then.

    Source: D. C. Liu, J. Nocedal, "On the limited memory BFGS method for large scale optimization", Math.
    Programming 45 (1989); J. Nocedal, S. Wright, Numerical Optimization, 2nd ed. 2006, algorithm 7.4 (the two-loop
    recursion). Deviations from `torch.optim.LBFGS`: one iteration a step; the test for a pair is relative to its
    size (there sᵀy > 1e-10); a history that gives no finite direction downhill is forgotten.
    """

    title: ClassVar[str] = "L-BFGS"

    name: Literal["lbfgs"] = "lbfgs"
    lr: fields.LearningRate = 1.0
    memory: fields.Memory = 10

    def fresh_state(self, theta: Vector) -> LbfgsState:
        """Return an empty history."""
        moves, turns = (np.zeros((self.memory, theta.size), theta.dtype) for _ in range(2))
        update, grad = (np.zeros(theta.shape, theta.dtype) for _ in range(2))
        return LbfgsState(moves, turns, update, grad, -1, 0, False)

    def adopted_state(self, theta: Vector, moments: Moments) -> LbfgsState:
        """Return an empty history: means of gradients say nothing of curvature."""
        return self.fresh_state(theta)

    def moments(self, state: LbfgsState) -> Moments:
        """Return nothing learnt that another rule could use."""
        return Moments()

    def effective_lr(self, state: LbfgsState, rms: Any, lr: float) -> float:
        """Return nan: a parameter's step depends on the gradients of all of them."""
        return math.nan

    def work_out(self, sheet: WorkingOut) -> None:
        """Write the entry of H·g, which all parameters have a part in, and the step."""
        direction, state = sheet.grad.copy(), sheet.state.copy()
        self.bind(state, direction, Dials(lr=sheet.lr.value, momentum=0.0)).begin()
        if state.pairs:
            known = quantity("(H·g)ᵢ", float(direction[sheet.index]))
            words = f"by the two loops over {state.pairs} pair{'s' if state.pairs > 1 else ''} of steps and turns"
            d = sheet.line("d", known, words)
        else:
            length = quantity("‖g‖₁", float(np.abs(sheet.grad.astype(np.float64)).sum()))
            d = sheet.line("d", sheet.g / largest(1.0, length), "no pair yet: H is a number")
        sheet.step(sheet.lr * d)

    def _bound(self, state: LbfgsState, grad: Vector, dials: Dials, tensors: Sequence[Tensor]) -> BoundRule:
        """Return what makes a pair of the last step, and then α·H·g of the gradient."""
        lr, one = numbers(grad.dtype, 0.0, 1.0)
        history = _History(state, self.memory, grad)

        def begin() -> None:
            history.fit()
            if state.awaits:
                history.learn(grad)
            np.copyto(state.grad, grad)
            history.turn(grad)
            state.awaits = True
            lr[()] = dials.lr

        def settle(update: Vector, after: Vector | None) -> None:
            np.copyto(state.update, update)
            if after is not None:
                history.learn(after)
                state.awaits = False

        parts = tuple(
            [(np.multiply, part, lr, part), (np.multiply, part, one, update)]
            for part, update in stretches(grad, state.update)
        )
        return BoundRule(begin=begin, parts=parts, settle=settle)


class _History:
    """The arithmetic on the pairs of a state."""

    def __init__(self, state: LbfgsState, memory: int, grad: Vector) -> None:
        self._state, self._memory = state, memory
        self._spare = np.empty_like(grad)
        self._shares, self._products = [0.0] * memory, [0.0] * memory
        self._resolution = float(np.finfo(grad.dtype).eps)
        self._moves, self._turns = list(state.moves), list(state.turns)

    def fit(self) -> None:
        """Make room for as many pairs as are wanted, if that has changed."""
        state = self._state
        if len(self._moves) != self._memory:
            state.resize(self._memory)
            self._moves, self._turns = list(state.moves), list(state.turns)

    def learn(self, grad: Vector) -> None:
        """Make a pair of the last step, after which the gradient is `grad`, if the curvature allows it."""
        state, turn = self._state, self._spare
        np.subtract(grad, state.grad, turn)
        product, square = -float(state.update.dot(turn)), float(turn.dot(turn))
        if not (math.isfinite(product) and math.isfinite(square) and product > self._resolution * square > 0.0):
            return
        state.newest, state.pairs = (state.newest + 1) % self._memory, min(state.pairs + 1, self._memory)
        np.negative(state.update, self._moves[state.newest])
        np.copyto(self._turns[state.newest], turn)

    def turn(self, grad: Vector) -> None:
        """Make H·g of the gradient in place."""
        state = self._state
        if state.pairs:
            self._recur(grad)
            slope = float(grad.dot(state.grad))
            if math.isfinite(slope) and math.isfinite(float(grad.dot(grad))) and slope > 0.0:
                return
            state.forget()
            np.copyto(grad, state.grad)
        length = float(np.add.reduce(np.absolute(grad, self._spare)))
        if length > 1.0:
            np.multiply(grad, 1.0 / length, grad)

    def _recur(self, grad: Vector) -> None:
        """Carry out the two-loop recursion."""
        state, shares, products, spare = self._state, self._shares, self._products, self._spare
        oldest = state.newest - state.pairs
        for slot in range(state.newest, oldest, -1):
            move, turn = self._moves[slot], self._turns[slot]
            products[slot] = float(move.dot(turn)) or math.inf
            shares[slot] = float(move.dot(grad)) / products[slot]
            np.multiply(turn, shares[slot], spare)
            np.subtract(grad, spare, grad)
        turn = self._turns[state.newest]
        np.multiply(grad, products[state.newest] / float(turn.dot(turn)), grad)
        for slot in range(oldest + 1, state.newest + 1):
            share = float(self._turns[slot].dot(grad)) / products[slot]
            np.multiply(self._moves[slot], shares[slot] - share, spare)
            np.add(grad, spare, grad)
