"""Everyone who takes steps, each as its own users would write it at its best.

All shuffle the whole training set anew for each epoch and gather minibatches from it, in float32, with one thread.

    ours          `Trainer.step`, as the engine's process calls it
    products      the matrix products of such a step and nothing else: the floor
    pytorch       eager, through its optimizers or by hand; with its DataLoader
    jax           jit, one step a call or an epoch a call
    scikit_learn  partial_fit, an epoch a call
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol, cast

from ..workloads import OPTIMIZERS, Workload


class Contender(Protocol):
    """A training that can be run for some steps and begun anew."""

    def restart(self) -> None:
        """Go back to the initial parameters, to fresh state, and to the start of an epoch."""
        ...

    def run(self, steps: int) -> int:
        """Take at least so many steps, wait for the last to be done, and return how many were taken."""
        ...

    def loss(self) -> float:
        """Return the loss of the last step's minibatch, before the step's update; nan where there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the table of contenders."""

    peer: str
    """What it stands for in the table of ratios; of several forms of one peer, the fastest counts."""
    place: str
    """Module and class."""
    form: str = ""
    """Given to the class where it has several."""
    package: str = ""
    """What must be installed; nothing for what gdtui itself needs."""
    optimizers: tuple[str, ...] = tuple(OPTIMIZERS)
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables of its process, besides those that everyone gets."""

    @property
    def is_installed(self) -> bool:
        """Whether it can be measured here."""
        return not self.package or find_spec(self.package) is not None


_JAX = {
    "JAX_PLATFORMS": "cpu",
    "JAX_ENABLE_X64": "0",
    "NPROC": "1",  # XLA's pool of threads; its flags for that bind no longer
}

CONTENDERS: Mapping[str, Entry] = {
    "ours": Entry(peer="ours", place="ours.Ours", form="numpy"),
    "ours compiled": Entry(peer="ours", place="ours.Ours", form="compiled", package="numba"),
    "products": Entry(peer="products", place="products.Products"),
    "pytorch default": Entry(peer="pytorch", place="pytorch.Eager", form="default", package="torch"),
    "pytorch foreach": Entry(peer="pytorch", place="pytorch.Eager", form="foreach", package="torch"),
    "pytorch fused": Entry(
        peer="pytorch", place="pytorch.Eager", form="fused", package="torch", optimizers=("sgd", "momentum", "adam")
    ),
    "pytorch by hand": Entry(peer="pytorch-by-hand", place="pytorch_by_hand.ByHand", package="torch"),
    "pytorch dataloader": Entry(
        peer="pytorch-dataloader", place="pytorch.Eager", form="dataloader", package="torch", optimizers=("adam",)
    ),
    "jax jit": Entry(peer="jax-jit", place="jax.Jax", form="jit", package="jax", environment=_JAX),
    "jax scan": Entry(peer="jax-scan", place="jax.Jax", form="scan", package="jax", environment=_JAX),
    "scikit-learn": Entry(
        peer="scikit-learn", place="scikit_learn.ScikitLearn", package="sklearn", optimizers=("sgd", "momentum", "adam")
    ),
}
"""Every contender by its name."""


def make(name: str, workload: Workload, optimizer: str) -> Contender:
    """Return a contender at the start of its training; its library is loaded only here."""
    entry = CONTENDERS[name]
    module, _, kind = entry.place.partition(".")
    forms = {"form": entry.form} if entry.form else {}
    return cast("Contender", getattr(import_module(f".{module}", __name__), kind)(workload, optimizer, **forms))
