"""Passes over vectors as one compiled loop. Only this module knows numba; `passes` loads it where it is installed.

A list of passes becomes a table, one row a pass: which operation, and where its operands and its result lie. The loop
goes over the vectors in pieces that fit into the innermost cache, and carries out the whole table on each piece. It is
compiled once for each type and kept on disk; nothing is compiled for a rule, and no formula is written a second time.
The compiler may neither reorder nor fuse operations, so every result is NumPy's, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import carray, njit, types
from numba.extending import intrinsic

from ..subject.objective import Operations
from .passes import Pass, Passes

PIECE_BYTES = 8 * 1024
"""How much of each vector is worked on at once, so that a handful of them fit into 48 kB."""
CODES: dict[np.ufunc, int] = {
    np.multiply: 0,
    np.add: 1,
    np.subtract: 2,
    np.divide: 3,
    np.maximum: 4,
    np.sqrt: 5,
    np.minimum: 6,
}
"""The operations that the loop knows."""
DISTINCT, IN_FIRST, IN_SECOND, SQUARE = 0, 1, 2, 3
"""Where the result of two vectors lies: elsewhere, in the first operand, in the second, or all three are one."""
NUMBER, IN_FIRST_BY_NUMBER = 4, 5
"""The same where the second operand is a number."""


def compiled(passes: Passes) -> Operations:
    """Return one call that carries out all passes.

    Raises:
        KeyError: A pass has an operation that is not in `CODES`.
    """
    result: Any = passes[0][-1]
    table = np.array([_row(entry) for entry in passes], dtype=np.int64)
    size, witness = result.size, np.empty(1, result.dtype)

    # The table holds addresses: the arrays have to live as long as the call does.
    def carry_out(_kept: Passes = passes) -> None:
        _carry_out(table, size, witness)

    return (carry_out,)


def _row(entry: Pass) -> tuple[int, ...]:
    ufunc, *arrays = entry
    first, second, result = arrays[0], arrays[-2], arrays[-1]
    places = [array.ctypes.data for array in (result, first, second)]
    in_first, in_second = places[0] == places[1], places[0] == places[2]
    if second.ndim == 0:
        layout = IN_FIRST_BY_NUMBER if in_first else NUMBER
    else:
        layout = SQUARE if in_first and in_second else IN_FIRST if in_first else IN_SECOND if in_second else DISTINCT
    return (CODES[ufunc], *places, layout)


def _kept_on_disk(function: Callable[..., Any]) -> Any:
    """Return the function compiled, and kept for the next process where there is a folder for it."""
    try:
        return njit(error_model="numpy", cache=True)(function)
    except RuntimeError:
        return njit(error_model="numpy")(function)


@intrinsic  # type: ignore[untyped-decorator]
def _pointer(_context: Any, _address: Any, witness: Any) -> Any:
    """Return an address as a pointer to elements of the witness's type."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.CPointer(witness.dtype)(types.int64, witness), code


def _by_layout(operation: Any) -> Any:
    """Return the loop of an operation; each layout has its own, as the compiler vectorises what cannot overlap."""

    @njit(error_model="numpy", inline="always")  # type: ignore[untyped-decorator]
    def loop(result: Any, first: Any, second: Any, layout: int, size: int) -> None:
        if layout == DISTINCT:
            for index in range(size):
                result[index] = operation(first[index], second[index])
        elif layout == IN_FIRST:
            for index in range(size):
                result[index] = operation(result[index], second[index])
        elif layout == IN_SECOND:
            for index in range(size):
                result[index] = operation(first[index], result[index])
        elif layout == SQUARE:
            for index in range(size):
                result[index] = operation(result[index], result[index])
        elif layout == NUMBER:
            number = second[0]
            for index in range(size):
                result[index] = operation(first[index], number)
        else:
            number = second[0]
            for index in range(size):
                result[index] = operation(result[index], number)

    return loop


def _operation(function: Callable[..., Any]) -> Any:
    return _by_layout(njit(error_model="numpy", inline="always")(function))


_multiply = _operation(lambda a, b: a * b)
_add = _operation(lambda a, b: a + b)
_subtract = _operation(lambda a, b: a - b)
_divide = _operation(lambda a, b: a / b)
# As NumPy's, what is not a number stays so.
_maximum = _operation(lambda a, b: a if a >= b or a != a else b)
_minimum = _operation(lambda a, b: a if a <= b or a != a else b)
_root = _operation(lambda a, _b: np.sqrt(a))


@_kept_on_disk
def _carry_out(table: Any, size: int, witness: Any) -> None:
    piece = PIECE_BYTES // witness.itemsize
    for start in range(0, size, piece):
        count = min(piece, size - start)
        offset = start * witness.itemsize
        for row in range(table.shape[0]):
            code, layout = table[row, 0], table[row, 4]
            result = carray(_pointer(table[row, 1] + offset, witness), count)
            first = carray(_pointer(table[row, 2] + offset, witness), count)
            second = carray(_pointer(table[row, 3] + (0 if layout >= NUMBER else offset), witness), count)
            if code == 0:
                _multiply(result, first, second, layout, count)
            elif code == 1:
                _add(result, first, second, layout, count)
            elif code == 2:
                _subtract(result, first, second, layout, count)
            elif code == 3:
                _divide(result, first, second, layout, count)
            elif code == 4:
                _maximum(result, first, second, layout, count)
            elif code == 5:
                _root(result, first, second, layout, count)
            else:
                _minimum(result, first, second, layout, count)
