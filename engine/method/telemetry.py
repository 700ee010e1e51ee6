"""What is measured at a step: four numbers always, and figures per tensor when they are asked for."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

SERIES = ("epoch", "loss", "lr", "grad_norm", "update_norm")
"""The columns of a block of steps, in this order.

epoch: the pass through the training set to which the step belongs, counted from 1. loss: of the minibatch, before
the step's update. lr: the learning rate that the step used. grad_norm, update_norm: Euclidean norms of the gradient
(before clipping) and of the change of the parameters.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBlock:
    """The scalars of consecutive steps."""

    first_step: int
    """The number of the first step in the block; steps are counted from 1."""
    values: NDArray[np.float64]
    """(series, steps), C-contiguous, rows in the order of `SERIES`."""

    @property
    def last_step(self) -> int:
        """The number of the last step in the block."""
        return self.first_step + int(self.values.shape[1]) - 1


FIGURES = ("weight_norm", "grad_norm", "rms", "effective_lr", "update_ratio")
"""The figures of one tensor, the columns of `TensorFigures.values`.

weight_norm: ‖w‖ before the step's update. grad_norm: ‖g‖ before clipping. rms: root mean square of √v̂, v̂ the second
moment as the rule divides by it; nan where the rule keeps none. effective_lr: how far the step moves a parameter per
unit of a constant gradient, α/(rms + ε) where there is a second moment. update_ratio: ‖Δw‖/‖w‖; inf where w = 0.
"""


QUANTITIES = ("root", "rate", "gradient", "weight")
"""What is known of every entry of a tensor: √v̂, the effective learning rate, the minibatch's gradient before clipping,
and the parameter before the step's update."""
LEVELS = ("low", "quarter", "median", "three_quarters", "high")
"""How the entries of a tensor are spread: the least of them, their quartiles, and the greatest."""
DRAWN = 129
"""Of a tensor with more entries than this so many are drawn: their quartiles are right to 4 % in rank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorFigures:
    """Figures of every parameter tensor at one step."""

    step: int
    values: NDArray[np.float64]
    """(tensors, figures), columns in the order of `FIGURES`."""
    spread: NDArray[np.float32] | None = None
    """(tensors, quantities, levels), in the order of `QUANTITIES` and `LEVELS`, nan where the rule has no such thing;
    None where nobody asked for it."""
    evaluations: int = 0
    """How often loss and gradient of a batch were computed up to this step, trials of a line search included; 0 where
    that is not known."""

    def kept(self) -> bytes:
        """Return what is kept of them: evaluations, values and spread one after the other, little end first."""
        spread = self.spread
        if spread is None:
            spread = np.full((len(self.values), len(QUANTITIES), len(LEVELS)), np.nan, np.float32)
        arrays = self.values.astype("<f8", copy=False), spread.astype("<f4", copy=False)
        return _EVALUATIONS.pack(self.evaluations) + b"".join(array.tobytes() for array in arrays)

    @classmethod
    def from_kept(cls, step: int, content: bytes) -> Self:
        """Return them as they were kept.

        Raises:
            ValueError: The length is not that of any number of tensors.
        """
        head, size = _EVALUATIONS.size, 8 * len(FIGURES)
        tensors, rest = divmod(len(content) - head, size + 4 * len(QUANTITIES) * len(LEVELS))
        if rest or tensors < 0:
            raise ValueError(f"{len(content)} bytes are no figures of tensors")
        (evaluations,) = _EVALUATIONS.unpack_from(content)
        values = np.frombuffer(content[head : head + tensors * size], "<f8").astype(np.float64)
        spread = np.frombuffer(content[head + tensors * size :], "<f4").astype(np.float32)
        return cls(
            step=step,
            values=values.reshape(tensors, len(FIGURES)),
            spread=spread.reshape(tensors, len(QUANTITIES), len(LEVELS)),
            evaluations=evaluations,
        )

    @property
    def grad_norms(self) -> list[float]:
        """‖g‖ of every tensor."""
        return list(self.values[:, FIGURES.index("grad_norm")].tolist())


def whole_update_ratio(values: NDArray[np.float64]) -> float:
    """Return ‖Δθ‖/‖θ‖ over all tensors from their figures, (tensors, figures); nan where all of them are 0.

    A tensor that was 0 before the step, as biases are before the first, is left out: its ratio does not tell how far
    it moved.
    """
    norms, ratios = values[:, FIGURES.index("weight_norm")], values[:, FIGURES.index("update_ratio")]
    moved = norms != 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        updates = math.sqrt(float(np.sum(np.square(norms[moved] * ratios[moved]))))
        weights = math.sqrt(float(np.sum(np.square(norms[moved]))))
    return updates / weights if weights > 0.0 else math.nan


def shortest_square_root(dtype: DTypeLike) -> float:
    """Return the norm below which the squares of a vector's entries begin to vanish in this type."""
    return 1e4 * math.sqrt(np.finfo(dtype).tiny)


def length_of(vector: NDArray[Any]) -> float:
    """Return the Euclidean norm, also of a vector whose squares are too small for its type; inf where they overflow."""
    norm = math.sqrt(float(vector.dot(vector)))
    if not norm < shortest_square_root(vector.dtype):
        return norm
    largest = max(float(vector.max()), -float(vector.min()))
    if largest == 0.0:
        return 0.0
    scaled = vector.astype(np.float64) / largest
    return largest * math.sqrt(float(scaled.dot(scaled)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What the updates that led to a point add up to."""

    updates: int = 0
    rates: float = 0.0
    """Σα"""
    squares: float = 0.0
    """Σα²"""


class StepBuffer:
    """The scalars of the steps since the last `take`, in an array that is used again and again."""

    def __init__(self, capacity: int = 4096, sums: tuple[Sums, Sums] = (Sums(), Sums())) -> None:
        """Make an empty one; `sums` are those of the steps before, and the same without the last update."""
        self._sums = sums
        self._summed = self._count = 0
        self._first = 1
        self._use(np.empty((capacity, len(SERIES)), dtype=np.float64))

    def __len__(self) -> int:
        return self._count

    def add(self, step: int, epoch: int, loss: float, lr: float, grad_norm: float, update_norm: float) -> None:
        """Append one step's scalars."""
        count = self._count
        if count == 0:
            self._first = step
        elif count == len(self._rows):
            self._use(np.concatenate([self._rows, np.empty_like(self._rows)]))
        # Three times as fast as an assignment to a row.
        _pack_row(self._memory, count * _ROW_BYTES, epoch, loss, lr, grad_norm, update_norm)
        self._count = count + 1

    @property
    def sums(self) -> tuple[Sums, Sums]:
        """The sums over all updates that led to the parameters, and the same without the last of them.

        Summed from what is recorded, so that a step costs nothing, and one after the other, so that it makes no
        difference how often someone takes the steps. A step that was refused made no update.
        """
        self._add_up()
        return self._sums

    @property
    def updates(self) -> int:
        """How many updates led to the parameters."""
        return self.sums[0].updates

    @property
    def rates(self) -> tuple[float, float]:
        """Σα and Σα² of the updates that led to the parameters."""
        now, _ = self.sums
        return now.rates, now.squares

    def take_back(self) -> None:
        """Leave the last update out of the sums; only once, until there is another one."""
        _, before = self.sums
        self._sums = before, before

    def take(self) -> StepBlock | None:
        """Return the steps gathered so far and start anew; None where there are none."""
        if self._count == 0:
            return None
        self._add_up()
        block = StepBlock(first_step=self._first, values=self._rows[: self._count].T.copy())
        self._summed = self._count = 0
        return block

    def _add_up(self) -> None:
        rows = self._rows[self._summed : self._count]
        made = rows[np.isfinite(rows[:, _LOSS]) & np.isfinite(rows[:, _GRAD_NORM]), _LR]
        self._summed = self._count
        if len(made):
            total, _ = self._sums
            rates = np.add.accumulate(np.concatenate(([total.rates], made)))
            squares = np.add.accumulate(np.concatenate(([total.squares], made * made)))
            count = total.updates + len(made)
            self._sums = (
                Sums(updates=count, rates=float(rates[-1]), squares=float(squares[-1])),
                Sums(updates=count - 1, rates=float(rates[-2]), squares=float(squares[-2])),
            )

    def _use(self, rows: NDArray[np.float64]) -> None:
        self._rows, self._memory = rows, rows.data


_LOSS, _LR, _GRAD_NORM = (SERIES.index(name) for name in ("loss", "lr", "grad_norm"))
_EVALUATIONS = struct.Struct("<Q")
_ROW = struct.Struct(f"={len(SERIES)}d")
_ROW_BYTES, _pack_row = _ROW.size, _ROW.pack_into
