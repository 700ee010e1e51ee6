"""Which part of the curves is shown, along which axis, and what the cross-hair tells of it."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.tui.views.curve_charts import reading, ready, shown, view_of
from tui.charts.axes import compact
from tui.screens.picking import PickScreen

if TYPE_CHECKING:
    from tests.tui.conftest import Watched


@pytest.mark.thorough
async def test_zoom_and_move_by_keys_are_the_same_in_every_chart(watched: Watched) -> None:
    async with watched(size=(120, 40)) as seat:
        await ready(seat)
        view, viewport = view_of(seat), view_of(seat)._viewport
        whole = viewport.shown
        assert "whole run" in reading(seat)
        await seat.press("plus")
        low, high = viewport.shown
        assert high - low == pytest.approx((whole[1] - whole[0]) / 2.0)
        axes = {name: view._charts[name].export().splitlines()[-1].split() for name in shown(seat)}
        assert all(float(ticks[0]) >= low for ticks in axes.values())
        await seat.press("left", "left")
        assert viewport.shown[0] < low
        assert "to" in reading(seat)
        await seat.press("minus", "minus", "minus")
        assert "whole run" in reading(seat)
        await seat.press("plus", "plus", "home")
        assert viewport.shown[0] == 0.0
        await seat.press("w")
        assert "following" in reading(seat)
        await seat.press("w")
        assert "following" not in reading(seat)
        await seat.press("end", "0")
        assert viewport.shown == whole
        await seat.press("pageup")
        assert "whole run" not in reading(seat)


async def test_the_crosshair_tells_the_values_of_every_chart_and_what_a_change_did(watched: Watched) -> None:
    async with watched(size=(140, 40)) as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 40)
        await seat.press("right_curly_bracket")
        changed = seat.view.lane.markers[-1].step
        await ready(seat, int(changed) + 40)
        await seat.pilot.pause(0.6)
        await seat.press("j")
        viewport = view_of(seat)._viewport
        assert viewport.pointer == changed
        assert f"step {changed:,.0f}" in reading(seat)
        assert "→" in reading(seat)
        assert f"α 0.1 at step {changed:,.0f}: loss" in reading(seat)
        curves = view_of(seat)._lines.of(view_of(seat)._metrics["gradient"])
        assert [each.label for each in curves] == ["raw", "smoothed"], "no value without a name"
        low, value, high = seat.view.lane.loss.at(changed)
        assert low == value == high
        assert f"minibatch {value:.4f}"[:15] in seat.chart("loss").splitlines()[0]
        assert "0.01" in seat.chart("rate").splitlines()[0]
        await seat.press("right", "right")
        assert "0.1" in seat.chart("rate").splitlines()[0]
        assert changed < (viewport.pointer or 0.0)
        await seat.press("J")
        assert viewport.pointer == changed
        await seat.press("escape")
        assert viewport.pointer is None
        await seat.press("v")
        assert viewport.pointer == seat.view.step
        await seat.press("v", "k")
        assert isinstance(seat.app.screen, PickScreen)
        await seat.pilot.press("enter")
        await seat.until(lambda: seat.is_alone)
        await seat.pilot.pause(0.1)
        assert viewport.pointer == changed


@pytest.mark.thorough
@pytest.mark.parametrize("measures", [0, 1, 4])
async def test_the_crosshair_stops_at_the_last_step_that_is_there(watched: Watched, measures: int) -> None:
    """Along steps, epochs and seconds: all of them end before the axis does."""
    async with watched(size=(140, 40)) as seat:
        await ready(seat, 45)
        viewport = view_of(seat)._viewport
        await seat.press(*["x"] * measures, "v")
        at_end, end = reading(seat), viewport.pointer
        edge = seat.dashboard.query_one("#loss").size.width - 1, 5
        assert f"step {seat.view.step:,} " in at_end
        await seat.press("right", "right", "right", "right")
        assert (viewport.pointer, reading(seat)) == (end, at_end)
        await seat.pilot.hover("#loss", offset=edge)
        assert viewport.pointer == end
        await seat.press("v")
        await seat.pilot.click("#loss", offset=edge)
        assert viewport.pointer == end
        await seat.press("left")
        assert (viewport.pointer or 0.0) < (end or 0.0)


@pytest.mark.thorough
async def test_behind_the_end_of_the_steered_lane_the_row_speaks_of_the_one_that_went_on(
    watched: Watched, tmp_path: Any
) -> None:
    from presets import read

    path = tmp_path / "race.toml"
    path.write_text(
        'title = "Two"\nproblem = { kind = "landscape", function = "ravine", condition = 10 }\n'
        'optimizer = { name = "sgd", lr = 1e6 }\npace = { steps_per_second = 100 }\n'
        '[[lanes]]\ntitle = "wild"\n[[lanes]]\ntitle = "tame"\noptimizer = { lr = 0.05 }\n',
        encoding="utf-8",
    )
    async with watched(read(path), size=(140, 40)) as seat:
        await seat.until(lambda: seat.view.lanes[0].diverged is not None and seat.view.lanes[1].step > 120)
        await seat.press("space")
        await seat.until(lambda: seat.view.lanes[1].state == "paused")
        seat.view.choose_lane(0)
        seat.dashboard.draw()
        wild, tame = seat.view.lanes
        assert wild.step < tame.step
        await seat.press("v")
        seconds = tame.milestones.at("time", tame.step)
        assert f"step {tame.step:,} · epoch {tame.step:.2f} · {compact(float(seconds))} s" in reading(seat)


@pytest.mark.thorough
async def test_an_axis_of_epochs_and_of_samples_ends_where_the_run_does(watched: Watched) -> None:
    async with watched(size=(140, 45)) as seat:
        await ready(seat, 60)
        lane = seat.view.lane
        step, progress = seat.view.step, lane.progress
        assert progress is not None
        assert float(lane.milestones.at("epoch", step)) == pytest.approx(step / 4.0)
        assert float(lane.milestones.at("samples", step)) == pytest.approx(16.0 * step)
        assert float(lane.milestones.at("evaluations", step)) == pytest.approx(progress.evaluations)
        # Fifty steps a second, and the engine was there before its first one.
        assert float(lane.milestones.at("time", step)) >= 0.9 * step / 50.0
        await seat.press("x")
        assert view_of(seat)._viewport.limits(step / 4.0, time.monotonic())[1] >= step / 4.0


@pytest.mark.thorough
async def test_a_new_start_shows_the_whole_run_again(watched: Watched) -> None:
    async with watched(size=(120, 40)) as seat:
        await ready(seat, 40)
        await seat.press("plus", "v", "r")
        assert view_of(seat)._viewport.manner == "whole"
        assert view_of(seat)._viewport.pointer is None


@pytest.mark.thorough
async def test_in_a_race_the_crosshair_and_the_table_tell_smoothed_and_raw_values_apart(
    watched: Watched, tmp_path: Any
) -> None:
    from presets import read

    path = tmp_path / "race.toml"
    path.write_text(
        'title = "Two"\nproblem = { kind = "dataset" }\ndata = { name = "xor", samples = 80 }\n'
        'model = { hidden = [4], loss = "binary_cross_entropy" }\noptimizer = { name = "sgd", lr = 0.1 }\n'
        "batch = { size = 8 }\npace = { steps_per_second = 100 }\n"
        '[[lanes]]\ntitle = "slow"\n[[lanes]]\ntitle = "fast"\noptimizer = { lr = 0.5 }\n',
        encoding="utf-8",
    )
    async with watched(read(path), size=(240, 40)) as seat:
        await seat.paused_at(30)
        await seat.press("v", "left")
        seat.dashboard.draw()
        step = view_of(seat)._viewport.pointer or 0.0
        for steered, other in (("slow", "fast"), ("fast", "slow")):
            title = seat.chart("loss").splitlines()[0]
            assert re.search(rf"   {steered} smoothed (\S+) · raw (\S+) · {other} smoothed (\S+) · raw (\S+)$", title)
            lane = seat.view.lane
            assert lane.title == steered
            told = [float(number) for number in re.findall(r"(?:smoothed|raw) (\S+)", title)]
            assert told[:2] == pytest.approx([lane.smoothed.at(step)[1], lane.loss.at(step)[1]], rel=1e-3)
            assert "raw" not in seat.chart("rate").splitlines()[0]
            await seat.press("l")
            seat.dashboard.draw()
        head, *rows = view_of(seat).export()
        assert {"loss slow smoothed", "loss slow raw", "learning rate α slow"} <= set(head)
        column = head.index("loss slow raw")
        losses = {row[0]: float(row[column]) for row in rows}
        assert losses["7"] == pytest.approx(seat.view.lanes[0].loss.at(7.0)[1])
