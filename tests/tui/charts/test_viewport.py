"""Zooming, moving and following along the horizontal axis."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.charts.viewport import Viewport


def seen(viewport: Viewport, end: float = 1000.0) -> tuple[float, float]:
    return viewport.limits(end, 0.0)


def test_at_first_everything_is_seen() -> None:
    assert seen(Viewport()) == (0.0, 1000.0)


def test_a_zoom_keeps_the_place_under_the_mouse_where_it_is() -> None:
    viewport = Viewport()
    seen(viewport)
    viewport.zoom(0.5, 0.2)
    assert seen(viewport) == pytest.approx((100.0, 600.0))


def test_a_zoom_by_key_goes_to_the_crosshair_and_without_one_to_the_newest_part() -> None:
    viewport = Viewport()
    seen(viewport)
    viewport.pointer = 400.0
    viewport.zoom(0.5)
    assert seen(viewport) == pytest.approx((200.0, 700.0))
    other = Viewport()
    seen(other)
    other.zoom(0.5)
    assert seen(other) == pytest.approx((500.0, 1000.0))


def test_zooming_out_far_enough_shows_everything_again() -> None:
    viewport = Viewport()
    seen(viewport)
    viewport.zoom(0.1)
    for _ in range(5):
        viewport.zoom(2.0)
    assert viewport.manner == "whole"
    assert seen(viewport) == (0.0, 1000.0)


def test_a_window_that_stays_stays_while_the_run_goes_on() -> None:
    viewport = Viewport()
    seen(viewport)
    viewport.zoom(0.1, 0.5)
    before = seen(viewport)
    assert seen(viewport, 1e6) == before


def test_a_window_on_the_newest_part_goes_with_it_in_jumps() -> None:
    viewport = Viewport()
    seen(viewport)
    viewport.follow()
    shown = {seen(viewport, 1000.0 + step) for step in range(200)}
    assert all(high - low == pytest.approx(200.0) for low, high in shown)
    assert 5 < len(shown) < 20
    low, high = seen(viewport, 1200.0)
    assert low < 1200.0 <= high


def test_moving_to_the_end_follows_and_moving_back_stays() -> None:
    viewport = Viewport()
    seen(viewport)
    viewport.zoom(0.2, 0.0)
    for _ in range(20):
        viewport.pan(0.5)
    low, high = seen(viewport, 1500.0)
    assert low < 1500.0 <= high
    viewport.pan(-0.5)
    assert viewport.manner == "still"
    viewport.home()
    assert seen(viewport) == pytest.approx((0.0, 200.0))


def test_going_to_a_place_out_of_sight_brings_it_into_the_middle() -> None:
    viewport = Viewport()
    seen(viewport)
    viewport.zoom(0.1, 0.0)
    viewport.go_to(500.0)
    assert seen(viewport) == pytest.approx((450.0, 550.0))


def test_the_crosshair_stands_within_what_is_seen_and_not_behind_the_last_step() -> None:
    viewport = Viewport()
    viewport.limits(500.0, 0.0)
    viewport.limits(520.0, 0.1)
    assert viewport.shown[1] > 520.0, "the axis has room for what comes"
    for place, stands in ((650.0, 520.0), (-3.0, 0.0), (300.5, 300.5)):
        viewport.point_at(place)
        assert viewport.pointer == stands


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("zoom"), st.floats(0.01, 100.0)),
            st.tuples(st.just("pan"), st.floats(-10.0, 10.0)),
            st.tuples(st.sampled_from(["whole", "home", "follow"]), st.just(0.0)),
            st.tuples(st.just("end"), st.floats(1.0, 1e12)),
        ),
        max_size=40,
    )
)
def test_whatever_is_done_a_part_of_positive_width_from_0_on_is_seen(actions: list[tuple[str, float]]) -> None:
    viewport, end = Viewport(), 1.0
    for action, value in actions:
        match action:
            case "zoom":
                viewport.zoom(value)
            case "pan":
                viewport.pan(value)
            case "end":
                end = max(end, value)
            case _:
                getattr(viewport, action)()
        low, high = viewport.limits(end, 0.0)
        assert 0.0 <= low < high
        assert low <= end
