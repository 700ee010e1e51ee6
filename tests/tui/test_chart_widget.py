"""The live chart inside a running application: what stands on the screen, and how little is redrawn."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tui.chart_app import ChartApp, curve, falling, screen_cells
from tui.charts.abscissa import Abscissa
from tui.charts.axes import linear_ticks, padded
from tui.charts.history import Series
from tui.charts.milestones import Milestones
from tui.charts.picture import POINTER, Line, drawn
from tui.charts.raster import stroke
from tui.widgets.chart import Curve, LiveChart, Marker


async def test_the_whole_chart_as_text() -> None:
    app = ChartApp(glyphs="braille")
    async with app.run_test(size=(50, 10)):
        curves = [curve("held-out", [1.0, 0.0, 0.5, 0.25, 0.125])]
        app.chart.show(curves, [Marker(step=3.0, label="α 0.01")], x_end=5.0, now=0.0)
        assert app.chart.export().splitlines() == [
            "Loss   held-out 0.1250",
            "     ┌───────────────────────────────────────────┐",
            "     │                         ┊α 0.01           │",
            "    1┤·       ⠐⢄       ·       ┊        ·       ·│",
            "     │          ⠑⢄             ┊                 │",
            "     │            ⠑⢄          ⣀┊⠤⣀⣀              │",
            "     │             ⠈⠢⡀    ⢀⡠⠔⠊ ┊   ⠉⠑⠒⠢⠤⢄⣀⣀⣀     │",
            "    0┤·       ·      ⠈⠢⡠⠔⠊⠁    ┊        ·   ⠉⠉⠉⠉⠒│",
            "     └┬───────┬────────┬───────┬────────┬───────┬┘",
            "      0       1        2       3        4       5",
        ]


async def test_without_data_the_chart_says_so() -> None:
    app = ChartApp()
    async with app.run_test(size=(50, 10)):
        app.chart.show([Curve(label="loss", series=Series(), colour="primary")], [], x_end=0.0, now=0.0)
        assert "no steps yet" in app.chart.export()


async def test_values_not_above_zero_are_counted_in_the_title_of_a_logarithmic_chart() -> None:
    curves = [curve("loss", [1.0, 0.0, -1.0, 2.0])]
    app = ChartApp(log_y=True)
    async with app.run_test(size=(60, 12)):
        app.chart.show(curves, [], x_end=4.0, now=0.0)
        assert "2 ≤ 0 not drawn" in app.chart.export().splitlines()[0]
        app.chart.log_y = False
        assert "not drawn" not in app.chart.export()


async def test_a_chart_that_is_made_linear_shows_what_is_not_above_zero_and_says_so() -> None:
    app = ChartApp("loss (log)", log_y=True)
    async with app.run_test(size=(60, 12)):
        app.chart.show([curve("", [8.0, -8.0])], [], x_end=2.0, now=0.0)
        app.chart.name_it("loss", "loss")
        app.chart.log_y = False
        rows = app.chart.export().splitlines()
        assert rows[0] == "loss   -8.000"
        assert any(row.strip().startswith("0┤") for row in rows), "a logarithm has no 0"


async def test_a_label_never_hides_a_mark_of_divergence() -> None:
    app = ChartApp()
    async with app.run_test(size=(60, 12)):
        values = [1.0] * 50 + [math.nan] + [1.0] * 49
        app.chart.show([curve("loss", values)], [Marker(step=49.0, label="α 100")], x_end=100.0, now=0.0)
        rows = app.chart.export().splitlines()
        assert "×" in rows[2]
        assert "α 100" in rows[3]


async def test_a_curve_that_becomes_a_ghost_moves_no_axis_from_that_moment_on() -> None:
    app = ChartApp(log_y=True)
    async with app.run_test(size=(60, 12)):
        slow, wild = curve("slow", [1.0, 2.0, 4.0]), curve("wild", [1.0, 1e100, 1e200], "accent")
        app.chart.show([slow, wild], [], x_end=3.0, now=0.0)
        assert "1e200" in app.chart.export()
        app.chart.show([slow, replace(wild, ghost=True)], [], x_end=3.0, now=0.01)
        assert "1e200" not in app.chart.export()
        assert "1e100" not in app.chart.export()


async def test_what_somebody_chooses_to_see_has_an_axis_of_its_own_at_once() -> None:
    app = ChartApp()
    async with app.run_test(size=(60, 12)):
        chart, values = app.chart, [100.0] * 5 + [1.0, 2.0] * 10
        chart.show([curve("", values)], [], x_end=25.0, now=0.0, about="one")
        assert "100" in chart.export()
        chart._viewport.zoom(0.2, 1.0)
        chart.show([curve("", values)], [], x_end=25.0, now=0.01, about="one")
        assert "100" not in chart.export()
        chart._viewport.whole()
        chart.show([curve("", values)], [], x_end=25.0, now=0.02, about="one")
        assert "100" in chart.export()
        chart.show([curve("", [0.5] * 25)], [], x_end=25.0, now=0.03, about="another")
        assert "100" not in chart.export()


async def test_a_narrow_title_row_drops_faint_curves_first_and_never_overflows() -> None:
    curves = [curve("minibatch", [1.0], faint=True), curve("smoothed", [0.25]), curve("held-out", [0.5], "warning")]
    expected = {
        60: "Loss   minibatch 1.000 · smoothed 0.2500 · held-out 0.5000",
        50: "Loss   smoothed 0.2500 · held-out 0.5000",
        30: "Loss   smoothed 0.2500",
        20: "Loss   0.2500",
        3: "Lo…",
    }
    for width, title in expected.items():
        app = ChartApp()
        async with app.run_test(size=(width, 10)):
            app.chart.show(curves, [], x_end=1.0, now=0.0)
            assert app.chart.export().splitlines()[0] == title


async def test_under_the_crosshair_a_lane_tells_its_smoothed_and_its_raw_value_and_the_steered_one_comes_first() -> (
    None
):
    """Three lanes, of which the first ended after two steps and the last is steered; the crosshair is at step 4."""
    curves = [
        replace(curve("a", [8.0, 7.0]), stop=2.0, silent=True),
        replace(curve("b", [8.0, 6.0, 4.0, 2.0, 1.0]), raw=curve("", [8.0, 4.0, 2.0, 3.0, 0.5]).series, silent=True),
        replace(
            curve("c", [9.0, 5.0, 3.0, 1.5, 1.0]),
            raw=curve("", [9.0, 4.0, 1.0, 0.5, 0.1]).series,
            leads=True,
            silent=True,
        ),
    ]
    expected = {
        90: "Loss   c smoothed 1.500 · raw 0.5000 · b smoothed 2.000 · raw 3.000",
        60: "Loss   c smoothed 1.500 · b smoothed 2.000",
        40: "Loss   c 1.500 · b 2.000",
        22: "Loss   c 1.500 · … +1",
        16: "Loss   c 1.500",
        12: "Loss   1.500",
    }
    for width, title in expected.items():
        app = ChartApp()
        async with app.run_test(size=(width, 10)):
            app.chart.show(curves, [], x_end=5.0, now=0.0)
            assert app.chart.export().splitlines()[0] == "Loss"
            app.chart._viewport.pointer = 4.0
            app.chart.show(curves, [], x_end=5.0, now=0.1)
            assert app.chart.export().splitlines()[0] == title


async def test_of_many_lanes_under_the_crosshair_the_row_says_how_many_have_no_room() -> None:
    """Nine lanes of six steps, of which every third ended after the second one."""
    curves = [
        replace(curve(f"lane {number}", [float(number)] * 6), silent=True, stop=2.0 if number % 3 == 1 else math.inf)
        for number in range(9)
    ]
    left = [number for number in range(9) if number % 3 != 1]
    for width in (120, 80, 60, 40):
        app = ChartApp()
        async with app.run_test(size=(width, 10)):
            app.chart._viewport.pointer = 4.0
            app.chart.show(curves, [], x_end=6.0, now=0.0)
            row = app.chart.export().splitlines()[0]
        told = [int(part.split()[1]) for part in row.removeprefix("Loss").split("·") if "lane" in part]
        assert told == left[: len(told)]
        hidden = len(left) - len(told)
        assert row.endswith(f"… +{hidden}") if hidden else "…" not in row
        assert bool(hidden) == (width < 120)


async def test_under_the_crosshair_names_become_short_before_a_value_is_left_out() -> None:
    curves = [curve("minibatch", [1.0], faint=True), curve("smoothed", [0.25]), curve("held-out", [0.5], "warning")]
    app = ChartApp()
    async with app.run_test(size=(34, 10)):
        app.chart._viewport.pointer = 1.0
        app.chart.show(curves, [], x_end=1.0, now=0.0)
        assert app.chart.export().splitlines()[0] == "Loss   0.2500 · held-out 0.5000"


@pytest.mark.parametrize(
    ("width", "row"),
    [
        (40, "gradient norm ‖∇L‖ (log)   1.235e-100"),
        (36, "‖∇L‖ (log)   1.235e-100"),
        (24, "‖∇L‖ (log)   1.235e-100"),
    ],
)
async def test_where_the_title_leaves_no_room_for_the_newest_value_a_short_one_takes_its_place(
    width: int, row: str
) -> None:
    app = ChartApp("gradient norm ‖∇L‖ (log)", short="‖∇L‖ (log)", log_y=True)
    async with app.run_test(size=(width, 10)):
        app.chart.show([curve("", [1.2346e-100])], [], x_end=1.0, now=0.0)
        assert app.chart.export().splitlines()[0] == row


async def test_the_newest_value_comes_before_the_count_of_what_is_not_drawn() -> None:
    app = ChartApp(log_y=True)
    async with app.run_test(size=(24, 10)):
        app.chart.show([curve("smoothed", [0.0, 0.5])], [], x_end=2.0, now=0.0)
        assert app.chart.export().splitlines()[0] == "Loss   smoothed 0.5000"


async def test_a_chart_too_low_for_a_box_shows_its_title_and_a_bare_canvas() -> None:
    app = ChartApp()
    async with app.run_test(size=(20, 3)):
        app.chart.show([curve("loss", falling(100))], [], x_end=100.0, now=0.0)
        rows = app.chart.export().splitlines()
        assert rows[0].startswith("Loss")
        assert "┌" not in app.chart.export()
        assert any(character > "\u2800" for character in rows[1])


async def test_how_a_chart_looks_does_not_depend_on_the_sizes_that_it_has_had() -> None:
    fresh, resized = ChartApp(), ChartApp()
    loss = curve("loss", [1.0, 2.0, 4.0])
    async with resized.run_test(size=(80, 24)) as pilot:
        resized.chart.show([curve("loss", [1.0, 2.0])], [], x_end=3.0, now=0.0)
        resized.chart.show([loss], [], x_end=3.0, now=0.0)
        await pilot.resize_terminal(50, 12)
        await pilot.pause()
        after = resized.chart.export()
    async with fresh.run_test(size=(50, 12)):
        fresh.chart.show([loss], [], x_end=3.0, now=0.0)
        assert after == fresh.chart.export()


SIZES = [(1, 1), (2, 1), (1, 5), (3, 2), (8, 2), (9, 3), (15, 5), (16, 6), (17, 7), (40, 8), (100, 1), (150, 50)]


@pytest.mark.parametrize("log_y", [False, True])
async def test_every_size_and_a_storm_of_resizes_is_survived(log_y: bool) -> None:
    app = ChartApp(log_y=log_y)
    curves = [curve("a", falling(500, 0.2), faint=True), curve("b", [math.nan, 1e308, 5e-324, 0.0, -1.0, math.inf] * 9)]
    markers = [Marker(step=step, label=f"α {step}") for step in (1.0, 2.0, 250.0, 499.0, 500.0)]
    async with app.run_test(size=(80, 24)) as pilot:
        for number, size in enumerate([*SIZES, *reversed(SIZES), (80, 24)]):
            app.chart.show(curves, markers, x_end=500.0, now=float(number))
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert [len(row) for row in screen_cells(app)] == [size[0]] * size[1]
            assert all(len(row) <= size[0] for row in app.chart.export().splitlines())
        app.chart.styles.display = "none"
        await pilot.pause()
        app.chart.show(curves, markers, x_end=500.0, now=100.0)


@pytest.mark.parametrize(
    "values", [[0.0], [3.0], [-2.0] * 4, [1e308, -1e308], [5e-324] * 2, [math.nan], [math.inf] * 3]
)
@pytest.mark.parametrize("log_y", [False, True])
async def test_any_data_can_be_shown(values: list[float], log_y: bool) -> None:
    app = ChartApp(log_y=log_y)
    async with app.run_test(size=(60, 12)):
        app.chart.show([curve("loss", values, shape="envelope")], [], x_end=0.0, now=0.0)
        assert len(app.chart.export().splitlines()) == 12


async def test_a_steady_run_redraws_few_rows_and_the_screen_equals_a_full_redraw() -> None:
    raw, smooth = curve("minibatch", falling(20_000, 0.3), faint=True), curve("smoothed", falling(20_000))
    markers = [Marker(step=4_000.0, label="α 0.01")]
    app = ChartApp(log_y=True)
    dirtied = []
    async with app.run_test(size=(100, 25)) as pilot:
        app.chart.show([raw, smooth], markers, x_end=20_000.0, now=0.0)
        for frame in range(40):
            start = raw.series.count + 1.0
            steps = np.arange(start, start + 100.0)
            raw.series.append(steps, 0.05 * np.exp(0.3 * np.sin(steps)))
            smooth.series.append(steps, np.full(100, 0.05))
            dirtied.append(app.chart.show([raw, smooth], markers, x_end=steps[-1], now=frame / 25.0))
            await pilot.pause()
        after_diffs = screen_cells(app)
        app.chart.refresh()
        app.screen.refresh(layout=True)
        await pilot.pause()
        assert screen_cells(app) == after_diffs
    assert all(rows >= 1 for rows in dirtied)
    assert np.mean(dirtied) < 0.4 * 25
    assert sorted(dirtied)[len(dirtied) // 2] <= 6


async def test_nothing_new_means_nothing_redrawn() -> None:
    app = ChartApp()
    curves = [curve("loss", falling(100))]
    async with app.run_test(size=(60, 12)):
        assert app.chart.show(curves, [], x_end=100.0, now=0.0) == 12
        assert app.chart.show(curves, [], x_end=100.0, now=0.1) == 0
        assert app.chart.show(curves, [Marker(step=50.0, label="α")], x_end=100.0, now=0.2) > 0


async def test_limits_shrink_by_the_clock_alone() -> None:
    app = ChartApp()
    async with app.run_test(size=(60, 12)):
        app.chart.show([curve("loss", [100.0, 1.0])], [], x_end=2.0, now=0.0)
        calm = [curve("loss", [1.0, 2.0])]
        app.chart.show(calm, [], x_end=2.0, now=1.0)
        assert app.chart.show(calm, [], x_end=2.0, now=2.0) == 0
        assert app.chart.show(calm, [], x_end=2.0, now=3.5) > 5


async def test_a_chart_that_is_not_on_a_screen_yet_can_be_told_what_to_show() -> None:
    chart = LiveChart("Loss")
    assert chart.show([curve("loss", [1.0])], [], x_end=1.0, now=0.0) == 0
    assert chart.export() == ""


async def test_a_label_hides_no_curve() -> None:
    """The curve is at its highest where the label stands; the label has the row above."""
    app = ChartApp(glyphs="braille")
    async with app.run_test(size=(50, 10)):
        app.chart.show([curve("rate", [1.0, 1.0, 10.0, 10.0])], [Marker(step=2.0, label="α 10")], x_end=4.0, now=0.0)
        rows = app.chart.export().splitlines()
        labelled = next(index for index, row in enumerate(rows) if "α 10" in row)
        column = rows[labelled].index("α 10")
        above, below = rows[labelled][column : column + 4], rows[labelled + 1][column : column + 12]
        assert above == "α 10"
        assert any("\u2800" < character <= "\u28ff" for character in below)


GOLDEN = {
    "empty": ([], ["", "      no steps yet", ""]),
    "one point": ([5.0], ["", " " * 24 + "⠐", ""]),
    "constant": ([5.0] * 40, ["", "⠐" + "⠒" * 24, ""]),
    "nan": ([1.0] * 20 + [math.nan] * 20, [" " * 13 + "×" * 12, "⠐" + "⠒" * 11 + "⠂", ""]),
    "inf": ([1.0] * 20 + [math.inf] * 20, [" " * 13 + "×" * 12, "⠐" + "⠒" * 11 + "⠂", ""]),
}
"""The canvas of a chart of 30 by 7; the axis begins at step 0, the values at step 1."""


@pytest.mark.parametrize("name", GOLDEN)
async def test_a_small_chart_as_text(name: str) -> None:
    values, expected = GOLDEN[name]
    app = ChartApp()
    async with app.run_test(size=(30, 7)):
        app.chart.show([curve("", values)], [], x_end=max(len(values), 1), now=0.0)
        canvas = [row.partition("│")[2] or row.partition("┤")[2] for row in app.chart.export().splitlines()[2:5]]
        assert [row.rstrip("│").rstrip().replace("·", " ").rstrip() for row in canvas] == expected


@pytest.mark.parametrize("scale", [1.0, 1e300, 1e-300])
async def test_a_curve_looks_the_same_in_every_unit(scale: float) -> None:
    app = ChartApp()
    async with app.run_test(size=(40, 12)):
        app.chart.show([curve("", [scale, 2.0 * scale, 4.0 * scale])], [], x_end=3.0, now=0.0)
        dots = ["".join(c for c in row if c > "\u2800") for row in app.chart.export().splitlines()[1:]]
        assert "".join(dots)
        lit = [row for row in dots if row]
        assert len(lit) >= 4, "the curve takes the height that there is"


async def test_the_largest_and_the_smallest_floats_stand_on_one_logarithmic_axis() -> None:
    app = ChartApp(log_y=True)
    async with app.run_test(size=(60, 14)):
        app.chart.show([curve("", [1e308, 1.0, 5e-324])], [], x_end=3.0, now=0.0)
        rows = app.chart.export().splitlines()
        assert any("1e200" in row or "1e300" in row for row in rows)
        assert any("1e-200" in row or "1e-300" in row for row in rows)


async def test_a_million_steps_a_column_show_their_extremes() -> None:
    values = np.ones(3_000_000)
    values[1_500_000] = 100.0
    app = ChartApp()
    async with app.run_test(size=(20, 10)):
        app.chart.show([curve("", values, shape="envelope")], [], x_end=3e6, now=0.0)
        rows = app.chart.export().splitlines()
        assert sum(any("\u2800" < c <= "\u28ff" for c in row) for row in rows) >= 5, "the spike is as high as the chart"


@given(
    width=st.integers(0, 300),
    height=st.integers(0, 100),
    values=st.lists(st.floats(width=64), max_size=30),
    markers=st.lists(st.floats(0.0, 40.0), max_size=5),
    names=st.lists(st.text(max_size=20), min_size=1, max_size=3),
    log_x=st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_a_picture_of_any_size_and_values_has_that_size(
    width: int, height: int, values: list[float], markers: list[float], names: list[str], log_x: bool
) -> None:
    abscissa = Abscissa(log=log_x)
    xlim = abscissa.limits((0.0, 40.0), 1.0)
    series = curve("", values).series
    found = stroke(abscissa.envelope(series, Milestones(), xlim, 2 * width), "line", log_y=False)
    finite = found.low[np.isfinite(found.low)]
    ylim = padded(float(finite.min()), float(finite.max()), 0.05, log=False) if finite.size else (0.0, 1.0)
    picture = drawn(
        [Line(stroke=found, name=name) for name in names],
        (width, height),
        (xlim, ylim),
        (abscissa.ticks(xlim, 5), linear_ticks(*ylim, 5)),
        [Marker(step=abscissa.coordinate(step), label="α") for step in markers],
        glyphs="braille",
        is_empty=not values,
    )
    assert picture.characters.shape == picture.inks.shape == (height, width)
    if picture.width and picture.height:
        crossed = picture.with_pointer(picture.width - 1, "braille")
        assert (crossed.inks[:, picture.left + picture.width - 1] == POINTER).sum() == picture.height


async def test_a_logarithmic_axis_of_steps_gives_every_decade_the_same_room() -> None:
    app = ChartApp()
    async with app.run_test(size=(80, 12)):
        app.chart.abscissa = Abscissa(log=True)
        app.chart.show([curve("loss", falling(1000))], [], x_end=1000.0, now=0.0)
        labels = app.chart.export().splitlines()[-1]
        places = [labels.index(f" {label} ") for label in ("10", "100")]
        assert places[1] - places[0] == pytest.approx(72 / 3, abs=3)
