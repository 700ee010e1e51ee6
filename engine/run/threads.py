"""How many threads a matrix product uses: one where it is small or a dashboard draws beside it, else all cores.

Measured on two cores: small products gain nothing from a second thread, products of a layer of 784 to 256 units gain a
tenth and of 1024 to 1024 units 40 %, and beside a screen that draws, both lose. Where the number of threads changes,
the last bits of a product may change with it; a run that must be the same bit for bit has `compute.threads = 1`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..method.spec import RunSpec

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""What the libraries of matrix products read when they are loaded."""
WORTHWHILE = 1 << 23
"""Multiplications of the largest product from which all cores are used."""


def suitable_threads(spec: RunSpec, *, largest_product: int, watched: bool) -> int:
    """Return how many threads a product should use.

    Args:
        spec: Its `compute.threads` decides, if it is a number.
        largest_product: Multiplications of the largest matrix product of a step.
        watched: Whether a dashboard draws beside the training.
    """
    if spec.compute.threads != "auto":
        return spec.compute.threads
    chosen = _chosen()
    if chosen is not None:
        return chosen
    return 1 if watched or largest_product < WORTHWHILE else cores()


def _chosen() -> int | None:
    """Return what someone has chosen in the environment; None where it is as every engine begins."""
    values = (os.environ.get(name, "1") for name in THREAD_VARIABLES)
    return next((int(value) for value in values if value.isdecimal() and int(value) > 1), None)


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class ProductThreads:
    """The switch; the library behind it is loaded when it is first needed, which most runs never do."""

    def __init__(self) -> None:
        self.count = _chosen() or 1
        """How many threads a product uses now."""
        self._controller: Any = None

    def use(self, count: int) -> None:
        """Use so many threads from the next product on."""
        if count == self.count:
            return
        if self._controller is None:
            from threadpoolctl import ThreadpoolController

            self._controller = ThreadpoolController()
        self._controller.limit(limits=count, user_api="blas")
        self.count = count
