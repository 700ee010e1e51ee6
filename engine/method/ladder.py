"""The steps whose figures are kept: chosen by their number alone, so that two runs of one seed keep the same ones.

Every step of the first few, and then from one power of two to the next as many as before, evenly spread: a picture of
the whole run has points all along, whatever its length, and a long run keeps hardly more of them than a short one.
"""

from __future__ import annotations

ALL = 64
"""Up to this step every one is kept; after it half as many of those between a power of two and the next.

So there are 192 of a thousand steps, 300 of ten thousand, 512 of a million: beyond ten thousand steps no more than one
in 256, which costs far less than a hundredth of the time.
"""


def next_rung(step: int) -> int:
    """Return the first step after `step` that is kept."""
    stride = _stride(step)
    return (step // stride + 1) * stride


def is_rung(step: int) -> bool:
    """Return whether a step is kept; they count from 1."""
    return step > 0 and step % _stride(step) == 0


def _stride(step: int) -> int:
    return 1 << max(0, step.bit_length() - ALL.bit_length() + 1)
