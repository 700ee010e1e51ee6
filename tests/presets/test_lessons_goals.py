"""Every lesson with a goal keeps its word: as it is shipped the goal is reached, or the text says that it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from presets import load, names

if TYPE_CHECKING:
    from tests.presets.conftest import Rehearse

WITH_A_GOAL = [name for name in names() if load(name).goal is not None]
MISSED: dict[str, set[int]] = {
    "lr-1d": {0},
    "decay-too-fast": {0},
    "sgd-gd-minibatch": {2},
    "rmsprop": {0},
    "deep-sigmoid": {0},
    "spiral-switch": {0},
    "feature-scale": {0},
}
"""The lanes that do not reach the goal as shipped: what a person turns to reach it is the lesson."""
REPAIRED = [
    ("lr-1d", ("optimizer.lr=0.5",), ()),
    ("lr-1d", ("optimizer.lr=1",), ()),
    ("decay-too-fast", ("schedule.gamma=0.99",), ()),
    ("decay-too-fast", (), ((100, "schedule.name=constant"),)),
    ("sgd-gd-minibatch", ("lanes.2.optimizer.lr=0.5",), ()),
]


@pytest.mark.parametrize("name", WITH_A_GOAL)
def test_a_goal_comes_out_as_the_lesson_says(rehearse: Rehearse, name: str) -> None:
    verdicts = rehearse(name).verdicts
    first = load(name).goal.first_of([lane.title for lane in load(name).lanes])  # type: ignore[union-attr]
    judged = set(range(len(load(name).specs))) if first is None else {first}
    assert {lane: reached for lane, (reached, _) in verdicts.items()} == {
        lane: lane not in MISSED.get(name, set()) for lane in judged
    }


@pytest.mark.parametrize("name", MISSED)
def test_a_lesson_whose_goal_is_missed_says_so(name: str) -> None:
    assert "The goal is missed" in load(name).try_


@pytest.mark.parametrize(("name", "settings", "changes"), REPAIRED, ids=lambda value: str(value))
def test_what_such_a_lesson_says_to_turn_reaches_the_goal(
    rehearse: Rehearse, name: str, settings: tuple[str, ...], changes: tuple[tuple[int, str], ...]
) -> None:
    verdicts = rehearse(name, *settings, changes=changes).verdicts
    assert all(verdicts[lane][0] for lane in MISSED[name])


@pytest.mark.parametrize("rate", ["1.9", "2", "2.1"])
def test_in_one_dimension_the_rates_near_and_beyond_the_limit_miss_the_goal(rehearse: Rehearse, rate: str) -> None:
    """1.9 is no better than 0.1, by symmetry about 1."""
    assert rehearse("lr-1d", f"optimizer.lr={rate}").verdicts == {0: (False, 10)}
