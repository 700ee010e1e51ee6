"""Which steps are kept: by their number alone, all along a run of any length, and hardly more of a long one."""

from __future__ import annotations

import itertools

import pytest

from engine.method.ladder import ALL, is_rung, next_rung


def rungs(last: int) -> list[int]:
    return list(itertools.takewhile(lambda step: step <= last, itertools.accumulate(itertools.repeat(0), _next)))[1:]


def _next(step: int, _: int) -> int:
    return next_rung(step)


def test_every_one_of_the_first_steps_is_kept() -> None:
    assert rungs(ALL) == list(range(1, ALL + 1))


@pytest.mark.parametrize(("last", "most"), [(1_000, 200), (10_000, 300), (1_000_000, 550), (1_000_000_000, 900)])
def test_a_run_of_any_length_keeps_some_hundreds(last: int, most: int) -> None:
    found = rungs(last)
    assert 150 < len(found) <= most
    # No gap is wider than a column of a chart of thirty.
    assert max(after - before for before, after in itertools.pairwise([*found, last])) <= last / 30


def test_what_comes_next_is_the_next_that_is_kept() -> None:
    assert rungs(5_000) == [step for step in range(-3, 5_001) if is_rung(step)]
