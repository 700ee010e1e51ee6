"""Pointing into a chart: the crosshair, the wheel and the drag."""

from __future__ import annotations

import pytest
from textual.events import MouseScrollDown, MouseScrollUp
from textual.geometry import Region

from tests.tui.chart_app import ChartApp, curve, falling
from tui.widgets.chart import LiveChart


async def test_the_crosshair_shows_the_values_under_it_and_redraws_only_its_columns() -> None:
    app = ChartApp()
    async with app.run_test(size=(80, 12)) as pilot:
        series = curve("loss", [10.0, 20.0, 30.0, 40.0, 50.0])
        app.chart.show([series], [], x_end=5.0, now=0.0)
        app.chart._viewport.pointer = 2.0
        assert app.chart.show([series], [], x_end=5.0, now=0.1) > 0
        assert "loss 20.00" in app.chart.export().splitlines()[0]
        assert "│" in app.chart.export().splitlines()[3][8:-1]
        refreshed: list[int] = []
        original = app.chart.refresh

        def refresh(*regions: Region, **others: bool) -> LiveChart:
            refreshed.extend(region.width for region in regions if region.y > 0)
            return original(*regions, **others)

        app.chart.refresh = refresh  # type: ignore[method-assign]
        app.chart._viewport.pointer = 4.0
        app.chart.show([series], [], x_end=5.0, now=0.2)
        assert "loss 40.00" in app.chart.export().splitlines()[0]
        assert max(refreshed) == 1, "the column that it left and the one that it came to"
        app.chart._viewport.pointer = None
        app.chart.show([series], [], x_end=5.0, now=0.3)
        await pilot.pause()
        assert "loss 50.00" in app.chart.export().splitlines()[0]


async def test_the_wheel_zooms_at_the_mouse_and_a_drag_moves_what_is_seen() -> None:
    app = ChartApp()
    async with app.run_test(size=(80, 12)) as pilot:
        series = curve("loss", falling(1000))

        def shown() -> tuple[float, float]:
            app.chart.show([series], [], x_end=1000.0, now=0.0)
            return app.chart._viewport.shown

        assert shown() == (0.0, 1000.0)
        for _ in range(5):
            await pilot._post_mouse_events([MouseScrollUp], app.chart, (42, 6), button=0)
        low, high = shown()
        assert high - low == pytest.approx(1000.0 * 0.8**5)
        assert low < 500.0 < high
        await pilot.mouse_down(app.chart, (60, 6))
        await pilot.hover(app.chart, (40, 6))
        await pilot.mouse_up(app.chart, (40, 6))
        later, _ = shown()
        assert later > low, "the curves go with the hand, so later steps come into sight"
        for _ in range(12):
            await pilot._post_mouse_events([MouseScrollDown], app.chart, (42, 6), button=0)
        assert shown() == (0.0, 1000.0)


async def test_a_click_puts_the_crosshair_under_the_mouse_and_another_takes_it_away() -> None:
    app = ChartApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.chart.show([curve("loss", falling(1000))], [], x_end=1000.0, now=0.0)
        await pilot.click(app.chart, offset=(42, 6))
        assert app.chart._viewport.pointer == pytest.approx(500.0, abs=20.0)
        await pilot.hover(app.chart, offset=(60, 6))
        assert app.chart._viewport.pointer == pytest.approx(750.0, abs=20.0)
        await pilot.click(app.chart, offset=(42, 6))
        assert app.chart._viewport.pointer is None
