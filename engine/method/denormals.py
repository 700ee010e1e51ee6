"""Numbers too small for a full mantissa, and the switch that makes them zero.

What a unit that has died leaves in a rule's state decays for ever: after ten thousands of steps it is below 1.2e-38,
the least float32 with a full mantissa, and stays there, as a product with 0.999 rounds back to itself. Processors
compute with such numbers by microcode: a step of Adam takes six times as long, and no curve says why. Nothing is lost
where they are zero: beside ε they have no effect.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

import numpy as np

_MXCSR_FLUSH = 0x8040
"""x86-64, the SSE unit's control word: results too small are zero (bit 15), and so are such operands (bit 6)."""
_FPCR_FLUSH = 1 << 24
"""AArch64, the floating-point control register: both."""
_ENVIRONMENTS = {
    ("linux", "x86_64"): (32, 28, _MXCSR_FLUSH),
    ("linux", "aarch64"): (8, 0, _FPCR_FLUSH),
}
"""By platform and machine, for glibc's `fenv_t`: its size, the offset of the control word, and the bits to set."""


def flush_denormals(flush: bool = True) -> bool:
    """Let this thread, and those that it starts from now on, take numbers too small for a full mantissa for zero.

    Args:
        flush: False to compute with them again.

    Returns:
        Whether it is so now; never on a platform that this module does not know.
    """
    known = _ENVIRONMENTS.get((sys.platform, os.uname().machine))
    library = _mathematics_library() if known is not None else None
    if known is not None and library is not None:
        size, offset, bits = known
        environment = ctypes.create_string_buffer(size)
        library.fegetenv(environment)
        (word,) = struct.unpack_from("=I", environment, offset)
        struct.pack_into("=I", environment, offset, word | bits if flush else word & ~bits)
        library.fesetenv(environment)
    return flushes_denormals()


def flushes_denormals() -> bool:
    """Return whether this thread takes such numbers for zero."""
    smallest = np.array([1.2e-38], np.float32)
    return not (smallest * np.float32(0.1)).any()


def _mathematics_library() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL("libm.so.6")
    except OSError:
        # Not the GNU C library: its environment may have another layout.
        return None
