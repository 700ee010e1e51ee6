"""The clock of the frames: full speed while it can, fewer on slow links and machines, rest when nothing moves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tui.frame_clock import FrameClock


def drawn_at(
    clock: FrameClock,
    seconds: float,
    *,
    cost_s: float = 0.0,
    state: Callable[[float], object] = lambda now: now,
    congested: Callable[[float], bool] = lambda _: False,
) -> list[float]:
    """Return when frames are drawn under a timer of 30 ticks a second, where each costs so much."""
    drawn: list[float] = []
    for tick in range(round(30 * seconds)):
        now = 100.0 + tick / 30
        if clock.is_due(now, state(now), is_congested=congested(now)):
            spent = cost_s * len(drawn)
            clock.draws(now, state(now), spent_s=spent, displayed=len(drawn), written=1000 * len(drawn))
            drawn.append(now)
    return drawn


def test_frames_that_cost_little_are_drawn_at_every_tick() -> None:
    assert len(drawn_at(FrameClock(30), 4.0, cost_s=0.005)) == 120


def test_frames_take_no_more_than_half_a_core() -> None:
    """Frames of 50 ms: ten a second take half of it."""
    assert len(drawn_at(FrameClock(30), 10.0, cost_s=0.05)) == pytest.approx(100, abs=3)


def test_frames_that_take_just_half_a_core_are_not_halved_for_it() -> None:
    assert len(drawn_at(FrameClock(30), 10.0, cost_s=0.017)) > 280


def test_no_frame_is_drawn_for_a_terminal_that_has_not_taken_the_last_one() -> None:
    """A link that is free at every fifth tick gets its frame then."""
    drawn = drawn_at(FrameClock(30), 4.0, congested=lambda now: round(30 * (now - 100.0)) % 5 != 0)
    assert len(drawn) == 24


def test_a_terminal_that_seems_to_be_stuck_is_tried_now_and_then() -> None:
    drawn = drawn_at(FrameClock(30), 9.0, congested=lambda _: True)
    assert 3 <= len(drawn) <= 5


def test_the_clock_rests_while_nothing_changes_and_wakes_at_once() -> None:
    drawn = drawn_at(FrameClock(30), 10.0, state=lambda now: now >= 105.0)
    resting = [at for at in drawn if 101.0 <= at < 105.0]
    assert len(resting) <= 17, "about four a second"
    assert 105.0 in drawn
    assert len([at for at in drawn if 105.0 <= at < 105.3]) >= 9, "and goes on at its full rate for a while"


def test_one_slow_frame_does_not_hold_up_the_next_ones_for_long() -> None:
    clock = FrameClock(30)
    clock.draws(100.0, 0, spent_s=0.0, displayed=0, written=0)
    clock.draws(100.1, 1, spent_s=60.0, displayed=1, written=0)
    assert not clock.is_due(101.0, 2, is_congested=False)
    assert clock.is_due(102.2, 2, is_congested=False)


def test_the_pace_tells_what_the_last_two_seconds_were_like() -> None:
    clock = FrameClock(30)
    assert clock.pace.frames_per_second == 0.0
    spent = 0.0
    for number in range(100):
        spent += 0.020 if number % 10 == 9 else 0.010
        clock.draws(100.0 + number / 10, number, spent_s=spent, displayed=number, written=5000 * number)
    assert clock.pace.frames_per_second == pytest.approx(10.0)
    assert clock.pace.bytes_a_frame == pytest.approx(5000.0)
    assert clock.pace.mean_ms == pytest.approx(11.0, abs=0.6)
    assert clock.pace.worst_ms == pytest.approx(20.0)
