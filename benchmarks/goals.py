"""What each ratio should be: ours against everyone else's, float32, one thread each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_Bounds = Mapping[str, tuple[float, float]]
"""By workload, for SGD and for Adam."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the table of ratios."""

    title: str
    bounds: _Bounds
    with_compiled: _Bounds = field(default_factory=dict)
    """What holds instead where the compiled update is installed."""
    is_time: bool = False
    """Whether the figure is the time of our step over theirs, at most the bound, instead of our steps over theirs, at
    least the bound."""

    def bound(self, workload: str, optimizer: str, *, compiled: bool) -> float | None:
        """Return the goal of one cell, or None where there is none."""
        bounds = {**self.bounds, **(self.with_compiled if compiled else {})}
        if workload not in bounds or optimizer not in ("sgd", "adam"):
            return None
        return bounds[workload][optimizer == "adam"]


ROWS: Mapping[str, Row] = {
    "pytorch": Row(
        title="PyTorch eager, its fastest optimizer",
        bounds={"W1": (22.0, 22.0), "W2": (11.0, 13.0), "W3": (1.45, 1.2), "W4": (0.95, 0.95)},
    ),
    "pytorch-by-hand": Row(title="PyTorch by hand, out=, no autograd", bounds={}),
    "pytorch-dataloader": Row(
        title="PyTorch, DataLoader, fused Adam",
        bounds={"W1": (30.0, 30.0), "W2": (16.0, 16.0), "W3": (1.5, 1.5), "W4": (0.9, 0.9)},
    ),
    "jax-jit": Row(
        title="JAX jit, loss read at every step",
        bounds={"W1": (4.0, 4.0), "W2": (3.0, 3.0), "W3": (1.0, 0.95), "W4": (1.0, 1.0)},
    ),
    "jax-scan": Row(
        title="JAX lax.scan, an epoch a call",
        bounds={"W1": (0.85, 0.85), "W2": (0.7, 0.7), "W3": (0.75, 0.75), "W4": (0.95, 0.95)},
        with_compiled={"W3": (0.9, 0.9)},
    ),
    "scikit-learn": Row(
        title="scikit-learn, an epoch a call",
        bounds={"W1": (10.0, 10.0), "W2": (7.0, 7.0), "W3": (2.1, 2.1), "W4": (1.4, 1.4)},
    ),
    "products": Row(
        title="the matrix products alone (time)",
        bounds={"W1": (2.6, 2.6), "W2": (3.5, 3.5), "W3": (1.3, 1.8), "W4": (1.1, 1.25)},
        is_time=True,
    ),
}
"""By the peer that a contender stands for."""
