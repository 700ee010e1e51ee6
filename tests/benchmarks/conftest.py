"""What every test of the benchmarks gets: the processor's arithmetic as it was, once the test is over."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from engine.method.denormals import flush_denormals


@pytest.fixture(autouse=True)
def _arithmetic_of_its_own() -> Iterator[None]:
    """Our contender sets it as the engine's process does, for good; here it shares a process with other tests."""
    with np.errstate():
        yield
    flush_denormals(False)
