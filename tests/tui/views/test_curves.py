"""The curves of a run: every key, every click, and what earlier runs and old steps look like beside it."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.run import client, directory
from engine.run.launch import Launch
from tui import remembered
from tui.charts.axes import compact
from tui.charts.milestones import Anchors
from tui.recorded import Detail, EarlierRun
from tui.screens.picking import PickScreen
from tui.views.chart_grid import columns_for
from tui.views.curves import CurvesView
from tui.views.lines import Lines
from tui.views.metrics import METRICS
from tui.widgets.chart import LiveChart

if TYPE_CHECKING:
    from collections.abc import Callable

    from presets import Preset
    from tests.tui.conftest import EndEngines, Seat, Watched


def view_of(seat: Seat) -> CurvesView:
    return seat.dashboard.query_one(CurvesView)


def shown(seat: Seat) -> list[str]:
    return [name for name in view_of(seat)._order if seat.dashboard.query_one(f"#{name}", LiveChart).region]


def reading(seat: Seat) -> str:
    return view_of(seat)._reading.export()


async def ready(seat: Seat, step: int = 30) -> None:
    """Wait for this step, pause, and let everything that comes late come."""
    await seat.paused_at(step)
    await seat.until(lambda: "accuracy" in view_of(seat)._order)
    await seat.pilot.pause(0.1)
    seat.dashboard.draw()


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
async def test_charts_are_chosen_and_shown_in_the_order_of_choosing(watched: Watched) -> None:
    async with watched(size=(140, 45)) as seat:
        await ready(seat)
        assert shown(seat) == ["loss", "gradient", "rate", "ratio", "accuracy"]
        await seat.pilot.press("c")
        await seat.until(lambda: isinstance(seat.app.screen, PickScreen))
        # Off with the gradient norm, on with the update norm.
        await seat.pilot.press("down", "space", "down", "down", "down", "down", "enter", "escape")
        await seat.until(lambda: seat.is_alone)
        await seat.until(lambda: shown(seat) == ["loss", "rate", "ratio", "accuracy", "update"], lambda: shown(seat))
        seat.dashboard.draw()
        assert "update norm" in seat.chart("update")
        norms = seat.view.lane.update_norm
        assert norms.count == seat.view.lane.loss.count
        await seat.pilot.press("c")
        await seat.until(lambda: isinstance(seat.app.screen, PickScreen))
        # One figure of one tensor: the ninth of every run, then RMS √v̂ of the first tensor.
        await seat.pilot.press(*["down"] * (len(METRICS) + 2), "enter", "escape")
        await seat.until(lambda: "tensor-0-rms" in shown(seat), lambda: shown(seat))
        seat.dashboard.draw()
        assert "layer1.weight RMS" in seat.chart("tensor-0-rms")
        table = seat.view.lane.figures
        assert table is not None
        assert seat.view.lane.past_figures.of_tensor(0, 2).last == table[0, 2]


async def test_scales_axes_and_smoothing_turn_by_key(watched: Watched) -> None:
    async with watched(size=(140, 45)) as seat:
        await ready(seat)
        assert seat.chart("loss").startswith("loss (log)")
        await seat.press("y")
        assert seat.chart("loss").startswith("loss   ")
        await seat.press("y", "X")
        assert seat.chart("loss").startswith("loss (log-log)")
        assert seat.chart("gradient").startswith("gradient norm ‖∇L‖ (log) ")
        await seat.press("down", "X", "y")
        assert seat.chart("gradient").startswith("gradient norm ‖∇L‖ (log x)")
        for words in ("epochs", "samples seen", "gradient evaluations", "seconds", "steps"):
            await seat.press("x")
            assert words in reading(seat)
        window = view_of(seat)._lines.window(seat.view.lane)
        await seat.press("m")
        assert view_of(seat)._lines.window(seat.view.lane) == 2 * window
        assert f"smoothed over {2 * window}" in reading(seat)
        await seat.press(*["M"] * 12)
        assert "not smoothed" in reading(seat)
        assert "smoothed" not in seat.chart("loss")
        await seat.press("m")
        assert "smoothed over" in reading(seat)


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
async def test_one_chart_alone_and_back(watched: Watched) -> None:
    async with watched(size=(120, 40)) as seat:
        await ready(seat)
        count = len(shown(seat))
        await seat.press("down", "enter")
        assert shown(seat) == ["gradient"]
        await seat.press("down")
        await seat.pilot.pause(0.1)
        assert shown(seat) == ["rate"]
        await seat.press("escape")
        await seat.pilot.pause(0.1)
        assert len(shown(seat)) == count
        await seat.pilot.click("#accuracy", offset=(10, 3))
        assert view_of(seat)._meant == "accuracy"


@pytest.mark.thorough
async def test_the_row_below_the_charts_can_be_clicked(watched: Watched) -> None:
    async with watched(size=(160, 40)) as seat:
        await ready(seat)
        row = reading(seat)
        await seat.pilot.click("#reading", offset=(row.index("crosshair"), 0))
        await seat.until(lambda: view_of(seat)._viewport.pointer is not None)
        await seat.press("escape")
        await seat.pilot.click("#reading", offset=(reading(seat).index("charts"), 0))
        await seat.until(lambda: isinstance(seat.app.screen, PickScreen))


@pytest.mark.thorough
async def test_the_values_in_sight_come_as_a_table(watched: Watched) -> None:
    async with watched(size=(140, 45)) as seat:
        await ready(seat, 50)
        rows = view_of(seat).export()
        head, *body = rows
        assert head[0] == "step"
        assert {"loss minibatch", "loss smoothed", "loss held-out", "learning rate α"} <= set(head)
        assert [int(row[0]) for row in body] == list(range(1, seat.view.step + 1))
        found = [float(row[head.index("loss minibatch")]) for row in body]
        np.testing.assert_allclose(found, seat.view.lane.loss.window(1, 1e6, 1000).mean, rtol=1e-8)
        await seat.press("plus")
        assert int(view_of(seat).export()[1][0]) > 1


@pytest.mark.thorough
async def test_an_earlier_run_lies_over_this_one(watched: Watched, preset: Callable[..., Preset]) -> None:
    async with watched(preset(stop={"steps": 30}), size=(120, 40)) as seat:
        await seat.until(lambda: seat.view.state == "ended")
        name, losses = seat.view.welcome.run, seat.view.lane.loss.window(1, 30, 100).mean
    async with watched(size=(120, 40)) as seat:
        await ready(seat)
        await seat.pilot.press("e")
        await seat.until(lambda: isinstance(seat.app.screen, PickScreen))
        await seat.pilot.press("enter", "escape")
        await seat.until(lambda: seat.is_alone)
        (earlier,) = view_of(seat)._lines.earlier
        await seat.until(lambda: earlier.is_read)
        seat.dashboard.draw()
        assert earlier.problem == ""
        ((title, track),) = earlier.tracks
        assert title == name
        np.testing.assert_array_equal(track.loss.window(1, 30, 100).mean, losses)
        assert f"with {name}" in reading(seat)
        curves = view_of(seat)._lines.of(METRICS[1])
        assert [curve.label for curve in curves if not curve.faint] == [name, "this run, smoothed"]
        # As a record of old has it, that does not say how often the gradient was computed.
        track.milestones.evaluations = Anchors()
        await seat.press("x", "x", "x")
        assert [curve.label for curve in view_of(seat)._lines.of(METRICS[1]) if not curve.faint] == [
            "this run, smoothed"
        ]
        await seat.press("x", "x")
        assert float(track.milestones.at("epoch", 28.0)) == pytest.approx(7.0)


@pytest.mark.thorough
async def test_a_new_start_shows_the_whole_run_again(watched: Watched) -> None:
    async with watched(size=(120, 40)) as seat:
        await ready(seat, 40)
        await seat.press("plus", "v", "r")
        assert view_of(seat)._viewport.manner == "whole"
        assert view_of(seat)._viewport.pointer is None


@pytest.mark.thorough
@pytest.mark.parametrize("size", [(20, 3), (21, 8), (30, 12), (58, 15), (80, 24), (200, 60), (300, 100)])
async def test_every_key_is_harmless_at_every_size(watched: Watched, size: tuple[int, int]) -> None:
    async with watched(size=size) as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5)
        keys = [
            "plus",
            "v",
            "left",
            "right",
            "x",
            "X",
            "y",
            "m",
            "j",
            "J",
            "home",
            "end",
            "up",
            "down",
            "enter",
            "down",
        ]
        await seat.press(*keys, "enter", "M", "minus", "0", "pageup", "pagedown", "w", "escape", "escape")
        assert view_of(seat).export()
        assert seat.is_alone


@pytest.mark.parametrize("across", [1, 2, 3])
def test_no_cell_of_the_grid_but_one_stays_empty(across: int) -> None:
    for count in range(1, 7):
        columns = columns_for(count, across, 6)
        assert columns <= across
        assert columns * -(-count // columns) - count <= 1


def test_an_old_stretch_is_read_again_from_the_record_step_by_step(
    places: Any, end_engines: EndEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory holds few raw samples here, as it does of a run of fifty million steps."""
    from tui.charts import history
    from tui.run_view import RunView

    monkeypatch.setattr(history, "RAW_LIMIT", 64)
    monkeypatch.setattr(history, "BUCKET_LIMIT", 64)
    spec = {
        "problem": {"kind": "landscape", "function": "ravine"},
        "optimizer": {"name": "sgd", "lr": 0.001},
        "precision": "float64",
        "stop": {"steps": 3000},
    }
    run = directory.create("test")
    engine = client.start(run, Launch(preset="test", title="A test", spec=spec))
    connection = client.Client(run, watch="live", name="dashboard", engine=engine)
    try:
        view = RunView(connection)
        end = time.monotonic() + 15.0
        while view.state != "ended" or view.lane.loss.last_x < 3000:
            assert time.monotonic() < end, (view.state, view.lane.loss.last_x)
            view.receive()
            view.catch_up(0.02)
            time.sleep(0.005)
        assert view.lane.loss.is_coarse(100.0, 160.0, 100)
        detail = Detail(view, 0)
        track = None
        while track is None:
            assert time.monotonic() < end
            track = detail.of(100.0, 160.0, 100, 0.01)
        found = track.loss.window(100.0, 160.0, 1000)
        kept = (found.x >= 100.0) & (found.x <= 160.0)
        assert found.x[kept].tolist() == list(range(100, 161))
        recorded = np.concatenate([block.values[1] for block in view._reader().steps(1, 100, 160)])
        np.testing.assert_array_equal(found.mean[kept], recorded)
        assert detail.of(2990.0, 3000.0, 5, 0.01) is None, "what is remembered needs no reading"
        lines = Lines(view)
        lines.look_at(100.0, 160.0, 100)
        assert lines.of(METRICS[0])
        earlier = EarlierRun(run, window=10, samples=1)
        while earlier.read(0.01):
            pass
        assert earlier.tracks[0][1].loss.count == 3000
    finally:
        connection.close()
        end_engines()


async def test_a_race_is_compared_in_every_chart(watched: Watched, tmp_path: Any) -> None:
    from presets import read

    path = tmp_path / "race.toml"
    path.write_text(
        'title = "Two"\nproblem = { kind = "landscape", function = "ravine", condition = 10 }\n'
        'optimizer = { name = "sgd", lr = 0.01 }\npace = { steps_per_second = 100 }\n'
        '[[lanes]]\ntitle = "slow"\n[[lanes]]\ntitle = "fast"\noptimizer = { lr = 0.05 }\n',
        encoding="utf-8",
    )
    async with watched(read(path), size=(120, 40)) as seat:
        await seat.paused_at(30)
        seat.dashboard.draw()
        for name in ("loss", "gradient", "rate"):
            assert "slow" in seat.chart(name)
            assert "fast" in seat.chart(name)
        assert [curve.label for curve in view_of(seat)._lines.of(METRICS[2])] == ["fast", "slow"]


async def again(watched: Watched, *presses: str) -> dict[str, Any]:
    """Open a dashboard that remembers, press keys in its curves, and return what is chosen in the end."""
    remembered.keep("tour", "seen")
    async with watched(size=(140, 45), remembers=True) as seat:
        await ready(seat)
        await seat.press(*presses)
        await seat.pilot.pause(0.1)
        view = view_of(seat)
        window = view._lines.window(seat.view.lane)
        titles = [seat.chart(name).splitlines()[0].split("   ")[0] for name in shown(seat)[:2]]
        return {"titles": titles, "smoothed": window, "axis": reading(seat).split(":")[0], "charts": shown(seat)}


async def test_what_was_chosen_is_there_the_next_time_and_goes_away_by_key(watched: Watched) -> None:
    usual = await again(watched)
    chosen = await again(watched, "y", "down", "X", "x", "m")
    assert chosen["titles"] == ["loss", "gradient norm ‖∇L‖ (log-log)"]
    assert chosen["axis"] == "epochs"
    assert chosen["smoothed"] == 2 * usual["smoothed"]
    assert await again(watched) == chosen
    assert await again(watched, "d") == usual
    assert await again(watched) == usual


async def test_the_chosen_charts_are_there_the_next_time(watched: Watched) -> None:
    remembered.keep("tour", "seen")
    remembered.keep("view curves", {"charts": ["update", "tensor-99-rms", "loss", "update", 7]})
    async with watched(size=(140, 45), remembers=True) as seat:
        await seat.paused_at(10)
        await seat.pilot.pause(0.1)
        seat.dashboard.draw()
        assert shown(seat) == ["update", "loss"]
        await seat.press("d")
        await seat.until(lambda: shown(seat) == ["loss", "gradient", "rate", "ratio", "accuracy"])
    assert remembered.recall("view curves")["charts"] == []


async def test_a_dashboard_that_remembers_nothing_keeps_nothing(watched: Watched) -> None:
    async with watched(size=(140, 45)) as seat:
        await seat.paused_at(10)
        await seat.press("y", "m")
    assert remembered.recall("view curves") is None


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
