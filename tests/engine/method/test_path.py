"""Where the parameters have been: kept evenly, in bounded memory, the newest point always there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.method.path import POINTS, SNAPSHOTS, Path


def walked(path: Path, steps: int, size: int) -> None:
    """Let the parameters be at (k, k, …) after k updates, and look as seldom as a loop of steps does."""
    for step in range(steps + 1):
        if step >= path.next_step:
            path.add(step, np.full(size, float(step)))


def test_the_first_steps_are_kept_one_by_one() -> None:
    path = Path(2)
    walked(path, 100, 2)
    steps, points = path.up_to(100, np.array([100.0, 100.0]))
    assert steps.tolist() == list(range(101))
    assert points.tolist() == [[step, step] for step in range(101)]


@settings(max_examples=30, deadline=None)
@given(st.integers(POINTS, 40 * POINTS))
def test_however_long_the_way_its_points_are_evenly_spaced_and_few(steps: int) -> None:
    path = Path(1)
    walked(path, steps, 1)
    kept, points = path.up_to(steps, np.array([float(steps)]))
    assert POINTS // 2 <= len(kept) <= POINTS + 1
    assert kept[0] == 0.0
    assert kept[-1] == steps
    assert set(np.diff(kept[:-1])) == {float(path.stride)}
    assert points[:, 0].tolist() == kept.tolist()


def test_a_large_vector_is_kept_only_from_when_somebody_asks() -> None:
    path = Path(1000)
    walked(path, 50, 1000)
    with pytest.raises(InputError, match="not kept unless"):
        path.up_to(50, np.zeros(1000))
    path.begin()
    walked(path, 500, 1000)
    steps, points = path.up_to(500, np.full(1000, 500.0))
    assert SNAPSHOTS // 2 <= len(steps) <= SNAPSHOTS + 1
    assert points.dtype == np.float32
    assert points[:, 7].tolist() == steps.tolist()


def test_what_would_not_fit_into_memory_is_refused() -> None:
    path = Path(1)
    path._points = np.empty((0, 100_000_000), np.float32)
    with pytest.raises(InputError, match="100,000,000 parameters"):
        path.begin()


def test_after_a_reset_the_way_begins_anew() -> None:
    path = Path(2)
    walked(path, 3 * POINTS, 2)
    path.clear()
    path.add(0, np.array([5.0, 6.0]))
    steps, points = path.up_to(0, np.array([5.0, 6.0]))
    assert (steps.tolist(), points.tolist(), path.stride) == ([0.0], [[5.0, 6.0]], 1)
