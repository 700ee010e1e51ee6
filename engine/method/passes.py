"""The arithmetic of an update, written once as a list of passes over vectors, and two ways to carry it out.

NumPy makes one call a pass. With numba (the extra `gdtui[fast]`), one compiled loop reads the same list and carries
out all passes on one small stretch after the other, which saves the calls of short vectors and the memory traffic of
long ones; the results are the same bit for bit. Measured: 0.4 against 3.2 µs for Adam on 337 parameters, 2 against 7
on 2,410, 250 against 350 on 235,146.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..subject.objective import Operations

Array = NDArray[Any]
Pass = tuple[np.ufunc, Array, Array] | tuple[np.ufunc, Array, Array, Array]
"""A ufunc, its operands and, last, where the result goes: `(np.add, a, b, a)` is a ← a + b.

The result and the first operand are vectors of one length, contiguous and of one type; the second operand is as well,
or a number, which is an array without dimensions.
"""
Passes = Sequence[Pass]
Execution = Callable[[Passes], Operations]
"""Makes the calls that carry out passes, which then only need to be called, as often as one likes."""


def numbers(dtype: DTypeLike, *values: float) -> tuple[NDArray[Any], ...]:
    """Return each value as an array without dimensions, which can be set anew by `number[()] = value`.

    A ufunc takes one three times as fast as a Python float.
    """
    return tuple(np.array(value, dtype=dtype) for value in values)


def averaged(mean: Array, decay: Array, new: Array, share: Array, workspace: Array) -> list[Pass]:
    """Return the passes of mean ← decay·mean + share·new; `workspace` may be `new` itself, which is then lost."""
    return [
        (np.multiply, new, share, workspace),
        (np.multiply, mean, decay, mean),
        (np.add, mean, workspace, mean),
    ]


def called(passes: Passes) -> Operations:
    """Return one call of NumPy for each pass."""
    return tuple(_call(*entry) for entry in passes)


def _call(ufunc: np.ufunc, *arrays: Array) -> Callable[[], object]:
    # By its place is faster than by name, but comparisons will not take it so for long.
    if ufunc in (np.maximum, np.minimum):
        return partial(ufunc, *arrays[:-1], out=arrays[-1])
    return partial(ufunc, *arrays)


def execution(update: str) -> Execution:
    """Return how passes are carried out.

    Args:
        update: "numpy", "compiled" where numba is installed, or "auto" for the better of what is loaded by now: as
            the results are the same, a run can begin with NumPy and go on with the other, see `load_compiled`.
    """
    if update == "compiled":
        load_compiled(np.float32)
    return called if update == "numpy" or not _loaded else _loaded[0]


_loaded: list[Execution] = []
"""The compiled execution, once it is loaded."""


def load_compiled(dtype: DTypeLike) -> None:
    """Load numba, which takes some tenths of a second, and make the loop for vectors of this type ready.

    May be called in a thread of its own, so that training goes on meanwhile.
    """
    from .compiled import compiled

    (one,) = numbers(dtype, 1.0)
    vector = np.zeros(1, dtype)
    for call in compiled([(np.add, vector, one, vector)]):
        call()
    _loaded[:] = [compiled]


def is_compiler_installed() -> bool:
    """Return whether there is a numba; it is not loaded yet."""
    return importlib.util.find_spec("numba") is not None
