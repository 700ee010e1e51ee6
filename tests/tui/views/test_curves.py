"""The curves of a run: which charts there are, how they are drawn, and what every key and click of them does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.tui.views.curve_charts import reading, ready, shown, view_of
from tui.screens.picking import PickScreen
from tui.views.chart_grid import columns_for
from tui.views.metrics import METRICS

if TYPE_CHECKING:
    from tests.tui.conftest import Watched


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
