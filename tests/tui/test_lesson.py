"""The lesson panel: how the goal stands, in a run of its own and in a race."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from engine.method.locks import Locks
from engine.method.standing import Standing
from tui.widgets.lesson import lesson_rows


def panel(*, at: int = 335, width: int = 60, locks: Locks | None = None, **goal: Any) -> str:
    """Return the panel of a lane that stands like this."""
    usual: dict[str, Any] = {
        "text": "below 1e-4",
        "conditions": (),
        "within": 335,
        "reached": None,
        "step": 0,
        "reason": "",
    }
    seeds = SimpleNamespace(data=0, init=0, batches=0)
    spec = SimpleNamespace(seed=seeds, problem=SimpleNamespace(kind="landscape"))
    welcome = SimpleNamespace(title="A race", preset="race", see="", try_="", locks=locks or Locks())
    progress = SimpleNamespace(goal=Standing.model_validate(usual | goal))
    lane = SimpleNamespace(title="Momentum 0.9", spec=spec, progress=progress)
    run: Any = SimpleNamespace(welcome=welcome, lane=lane, is_race=True, step=at, spec=spec)
    return "\n".join("".join(part for part, _ in row) for row in lesson_rows(run, width))


def test_a_race_that_another_lane_has_settled_is_over() -> None:
    told = panel(reached=True, step=335, by="Momentum 0.98")
    assert "over: reached by Momentum 0.98 after 335 steps" in told
    assert "open" not in told


def test_a_race_that_the_favourite_has_lost_is_over_for_all() -> None:
    told = panel(reached=False, step=300, by="Momentum 0.98", reason="Adam was there first")
    assert "over: not reached by Momentum 0.98: Adam was there first" in told


@pytest.mark.parametrize(("step", "words"), [(330, "open: 5 steps left"), (334, "open: 1 step left")])
def test_a_goal_is_open_while_steps_are_left(step: int, words: str) -> None:
    assert words in panel(at=step)


@pytest.mark.parametrize("step", [335, 336, 9000])
def test_no_goal_is_open_with_no_steps_left(step: int) -> None:
    assert "0 steps" not in panel(at=step)
