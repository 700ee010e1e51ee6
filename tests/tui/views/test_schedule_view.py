"""The schedule view over a real engine: every key, and what a suggestion does to the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.tui.views.conftest import Before, preset_of
from tui.views.schedule import ScheduleView
from tui.widgets.chart import LiveChart

if TYPE_CHECKING:
    from presets import Preset
    from tests.tui.conftest import Seat, Watched

HEAD, SWEEP, RATES = "#schedule-head", "#sweep-chart", "#sweep-rates"
COSINE: dict[str, Any] = {
    "problem": {"kind": "landscape", "function": "ravine"},
    "optimizer": {"name": "sgd", "lr": 0.01},
    "schedule": {"name": "cosine", "steps": 400, "warmup": 20},
    "stop": {"steps": 500},
}


async def looking(seat: Seat) -> tuple[Before, ScheduleView]:
    me = Before(app=seat.app, pilot=seat.pilot)
    view = await me.open("schedule")
    assert isinstance(view, ScheduleView)
    await me.until_text(HEAD, "Σα")
    return me, view


def last_step(view: ScheduleView) -> int:
    """The last step of the course that is shown."""
    assert view._looking.seen is not None
    return int(view._looking.seen.facts["last"])


async def test_past_and_future_stand_in_one_chart_with_the_verdict(watched: Watched) -> None:
    async with watched(preset_of(**COSINE), size=(120, 36)) as seat:
        me, view = await looking(seat)
        head = me.text(HEAD)
        assert "20 steps of warm-up, then cosine" in head
        assert "to step 500" in head
        assert "Σα = ∞: no, Σα² < ∞: yes" in head
        await me.until(lambda: "now" in me.dashboard.query_one("#course", LiveChart).export())
        chart = me.dashboard.query_one("#course", LiveChart).export()
        assert "warm-up over" in chart
        assert view.export()[0] == ("step", "lr")
        assert last_step(view) == 500


async def test_the_axis_ends_where_the_run_ends_however_late_the_engine_says_so(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(preset_of(**COSINE), size=(120, 36)) as seat:
        me = Before(app=seat.app, pilot=seat.pilot)
        held: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        look = me.view.looks.ask
        monkeypatch.setattr(me.view.looks, "ask", lambda *given, **named: held.append((given, named)))
        await me.open("schedule")
        course = me.dashboard.query_one("#course", LiveChart)
        await me.until(lambda: held and course.region)
        me.dashboard.draw()
        assert course.export() == ""
        monkeypatch.setattr(me.view.looks, "ask", look)
        for given, named in held:
            look(*given, **named)
        await me.until(lambda: "now" in course.export())
        assert course._viewport.shown == (0.0, 500.0)


async def test_the_horizon_is_chosen_by_keys(watched: Watched) -> None:
    async with watched(preset_of(**COSINE), size=(120, 36)) as seat:
        me, view = await looking(seat)
        step = me.view.step
        await me.press("minus")
        await me.until(lambda: last_step(view) != 500)
        half = last_step(view)
        assert step < half - round((500 - step) * 0.5) <= step + 20
        assert half % 10 == 0, "an axis ends at a round number"
        await me.press("plus", "plus")
        await me.until(lambda: last_step(view) > 500)
        await me.press("0")
        await me.until(lambda: last_step(view) == 500)
        await me.press("y")
        assert not me.dashboard.query_one("#course", LiveChart).log_y


@pytest.mark.thorough
async def test_a_sweep_suggests_rates_and_enter_takes_the_chosen_one(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        me, view = await looking(seat)
        assert "g: range test" in me.text(SWEEP)
        await me.press("enter")
        assert me.view.spec.optimizer.lr == 0.01, "there is nothing to take yet"
        await me.press("g")
        await me.until_text(RATES, "valley")
        assert "loss" in me.text(SWEEP)
        assert "against α" in me.text(SWEEP)
        assert view.export()[0] == ("lr", "loss", "smoothed")
        assert me.view.swept is not None
        suggestions = me.view.swept.suggestions
        await me.press("down")
        assert f"▸ {suggestions[1].name}" in me.text(RATES)
        await me.press("up", "up")
        assert f"▸ {suggestions[2].name}" in me.text(RATES)
        await me.press("enter")
        assert me.view.spec.optimizer.lr == suggestions[2].lr
        assert f"{suggestions[2].lr:g} " in me.text(RATES), "what is taken is what is shown"
        # By the mouse: one click chooses, a second one takes.
        await me.pilot.click(RATES, offset=(4, 0))
        assert "▸ valley" in me.text(RATES)
        await me.pilot.click(RATES, offset=(4, 0))
        await me.answered()
        assert me.view.spec.optimizer.lr == suggestions[0].lr


async def test_where_there_is_room_for_one_chart_a_sweep_comes_to_the_front(watched: Watched) -> None:
    async with watched(size=(80, 24)) as seat:
        me, _ = await looking(seat)
        course, sweep = me.dashboard.query_one("#course"), me.dashboard.query_one("#sweep")
        assert (bool(course.region), bool(sweep.region)) == (True, False)
        await me.press("g")
        await me.until_text(RATES, "valley")
        await me.until(lambda: sweep.region and not course.region)
        await me.press("v")
        await me.until(lambda: course.region and not sweep.region)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"schedule": {"hold": 0.02}}, "held at 0.02"),
        ({"schedule": {"name": "plateau"}}, "depends on the loss"),
        ({"line_search": {"name": "armijo"}}, "line search"),
    ],
)
async def test_what_the_rate_depends_on_is_said(watched: Watched, sections: dict[str, Any], words: str) -> None:
    preset = preset_of(**{**COSINE, "schedule": {"name": "constant"}, **sections})
    async with watched(preset, size=(160, 36)) as seat:
        me, _ = await looking(seat)
        assert words in me.text(HEAD)


@pytest.mark.thorough
@pytest.mark.parametrize("size", [(1, 1), (14, 5), (30, 10), (80, 24), (200, 60)])
async def test_it_can_have_any_size(watched: Watched, size: tuple[int, int]) -> None:
    async with watched(preset_of(**COSINE), size=(120, 36)) as seat:
        me, _ = await looking(seat)
        await me.press("g")
        await me.until(lambda: me.view.swept)
        await me.pilot.resize_terminal(*size)
        await me.answered()
        await me.press("v")
        assert me.app.is_running


async def test_without_an_end_the_course_goes_to_a_round_number_about_as_far_again(
    watched: Watched, preset: Callable[..., Preset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.views.schedule.USUAL_AHEAD", 50)
    async with watched(preset(pace={"steps_per_second": 400.0}), size=(120, 36)) as seat:
        me, view = await looking(seat)
        await me.until(lambda: last_step(view) > 100, lambda: (me.view.step, last_step(view)))
        assert last_step(view) % 50 == 0
