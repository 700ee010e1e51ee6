"""What the curves keep: earlier runs and old steps from the record, and what a person chose the last time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.run import client, directory
from engine.run.launch import Launch
from tests.tui.views.curve_charts import reading, ready, shown, view_of
from tui import remembered
from tui.charts.milestones import Anchors
from tui.recorded import Detail, EarlierRun
from tui.screens.picking import PickScreen
from tui.views.lines import Lines
from tui.views.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Callable

    from presets import Preset
    from tests.tui.conftest import EndEngines, Watched


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
