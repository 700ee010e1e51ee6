"""The colours of a chart, and what tells the curves apart without them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.tui.chart_app import ChartApp, curve, falling, screen_cells
from tui.widgets.chart import Marker


async def test_a_divergence_is_marked_in_the_colour_of_errors() -> None:
    app = ChartApp()
    async with app.run_test(size=(60, 12)):
        app.chart.show([curve("loss", [1.0] * 50 + [math.nan] * 50)], [], x_end=100.0, now=0.0)
        title, _, top = app.chart.export().splitlines()[:3]
        assert "nan" in title
        assert 20 <= top.count("×") <= 30
        crosses = {segment.style.color for segment in app.chart.render_line(2) if "×" in segment.text and segment.style}
        texts = {segment.style.color for segment in app.chart.render_line(0) if "nan" in segment.text and segment.style}
        assert crosses == texts
        assert len(crosses) == 1


async def test_a_new_theme_recolours_the_chart_at_once() -> None:
    app = ChartApp()
    async with app.run_test(size=(60, 12)) as pilot:
        app.chart.show([curve("loss", falling(100))], [Marker(step=50.0, label="α")], x_end=100.0, now=0.0)
        styles = {}
        for theme in ("textual-dark", "textual-light"):
            app.theme = theme
            await pilot.pause()
            styles[theme] = [[style for _, style in row] for row in screen_cells(app)]
        dark, light = styles["textual-dark"], styles["textual-light"]
        assert all(one != other for one, other in zip(dark, light, strict=True))


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "solarized-light", "nord"])
@pytest.mark.parametrize("colour", ["primary", "accent", "warning", "success", "error"])
async def test_curves_and_labels_stand_out_from_the_background(theme: str, colour: str) -> None:
    """Contrast as the Web Content Accessibility Guidelines 2.1 define it; 3 is what they ask of graphics."""
    app = ChartApp()
    async with app.run_test(size=(60, 12)) as pilot:
        app.theme = theme
        await pilot.pause()
        app.chart.show([curve("loss", falling(100), colour)], [], x_end=100.0, now=0.0)
        styles = {style for row in screen_cells(app) for character, style in row if character > "\u2800"}
        assert styles
        for style in styles:
            assert style is not None
            assert style.color is not None
            assert style.bgcolor is not None
            lights = []
            for part in (style.color, style.bgcolor):
                channels = np.array(part.get_truecolor()) / 255.0
                linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
                lights.append(float(linear @ [0.2126, 0.7152, 0.0722]))
            assert (max(lights) + 0.05) / (min(lights) + 0.05) >= 3.0


async def test_a_theme_of_the_terminals_own_colours_works() -> None:
    app = ChartApp()
    async with app.run_test(size=(60, 12)) as pilot:
        app.theme = "ansi-dark"
        await pilot.pause()
        app.chart.show([curve("loss", falling(100), faint=True)], [], x_end=100.0, now=0.0)
        faint = {style.dim for row in screen_cells(app) for character, style in row if character > "\u2800" and style}
        assert faint == {True}


async def test_without_colours_a_letter_tells_the_curves_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = ChartApp()
    async with app.run_test(size=(70, 12)):
        curves = [curve("train", falling(100)), curve("held-out", falling(100) + 0.5, "warning")]
        app.chart.show(curves, [], x_end=100.0, now=0.0)
        title, *rows = app.chart.export().splitlines()
        assert "A train" in title
        assert "B held-out" in title
        below = [row for row, text in enumerate(rows) if "A" in text]
        above = [row for row, text in enumerate(rows) if "B" in text]
        assert above[0] < below[0]


async def test_ascii_is_ascii() -> None:
    app = ChartApp(glyphs="ascii")
    async with app.run_test(size=(60, 12)):
        curves = [curve("loss", [*falling(100), math.nan])]
        app.chart.show(curves, [Marker(step=50.0, label="lr 0.1")], x_end=101.0, now=0.0)
        assert "\n".join(app.chart.export().splitlines()[1:]).isascii()
