"""The landscape of a function over a real engine: its map or its curve, what is drawn, and how one moves on it."""

from __future__ import annotations

import pytest

from tests.tui.views.landscapes import TWO, Landscape, Watched, lesson
from tui.widgets.contour_map import ContourMap


async def test_a_map_shows_the_point_its_start_the_minimum_and_where_it_is_going(watched: Watched) -> None:
    async with watched(lesson(), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        await here.until(lambda: seat.view.lane.loss.last_x >= 8)
        await seat.press("space")
        await here.until(lambda: all(sign in here.map for sign in "●□◆"))
        await here.until(lambda: "−∇" in here.map and "m" in here.map)
        assert here.row("title").startswith("Ravine: f = ½(x² + κy²)")
        assert "momentum moves it by" in here.row("readout")
        await here.until(lambda: f"x {seat.view.lane.progress.point[0]:.4f}"[:6] in here.row("readout"))


@pytest.mark.thorough
async def test_arrows_can_be_taken_away(watched: Watched) -> None:
    async with watched(lesson(), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        await here.until(lambda: "−∇" in here.map)
        await here.press("v")
        assert "−∇" not in here.map
        await here.press("v")
        await here.until(lambda: "−∇" in here.map)


@pytest.mark.thorough
async def test_of_nesterovs_rule_ball_and_look_ahead_point_are_shown(watched: Watched) -> None:
    preset = lesson(optimizer={"name": "nesterov", "lr": 0.005, "momentum": 0.95})
    async with watched(preset, size=(120, 40)) as seat:
        here = await Landscape(seat).opened()
        await here.until(lambda: "◉" in here.map)
        await here.until(lambda: "● ball  ◉ look-ahead" in here.row("readout"))


async def test_keys_zoom_move_and_show_everything_again(watched: Watched) -> None:
    async with watched(lesson(), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        home = here.view.window
        assert home.x == (-2.0, 2.0)
        await here.press("plus")
        assert here.view.window.x == pytest.approx((-1.4, 1.4))
        await here.press("minus", "minus")
        assert here.view.window.x == pytest.approx((-2.0 / 0.7, 2.0 / 0.7))
        await here.press("0", "right")
        assert here.view.window.x == pytest.approx((-1.4, 2.6))
        await here.press("left", "up")
        assert here.view.window.y == pytest.approx((-1.4, 2.6))
        await here.press("down", "shift+left")
        assert here.view.window.x == pytest.approx((-5.0, -1.0))
        await here.until(lambda: here.heights.x[0] < -4.9)
        await here.press("0")
        assert here.view.window == home


@pytest.mark.thorough
async def test_the_scale_is_logarithmic_or_linear_by_choice(watched: Watched) -> None:
    async with watched(lesson(), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        assert "logarithmic" in here.row("title")
        assert "3.2" in here.row("levels")
        await here.press("y")
        assert "linear" in here.row("title")
        assert "3.2" not in here.row("levels")


@pytest.mark.thorough
async def test_a_point_that_leaves_is_followed_or_shown_at_the_edge(watched: Watched) -> None:
    async with watched(lesson(), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        await here.press("shift+right", "shift+right", "shift+right")
        await here.until(lambda: "●" not in here.map and "←" in here.map)
        await here.press("w")
        await here.until(lambda: "●" in here.map)
        assert "follows" in here.row("title")


async def test_the_wheel_zooms_where_the_mouse_is(watched: Watched) -> None:
    async with watched(lesson(), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        before = here.view.window
        canvas = here.view.query_one(ContourMap)
        fixed = canvas._share_of(20, 10)
        canvas._zoom_at(20, 10, 0.8)
        await here.press()
        after = here.view.window
        assert after.x[1] - after.x[0] == pytest.approx(0.8 * (before.x[1] - before.x[0]))
        assert canvas._share_of(20, 10) == pytest.approx(fixed)


async def test_every_lane_of_a_race_has_its_letter_its_way_and_the_same_new_start(watched: Watched) -> None:
    async with watched(lesson(lanes=TWO), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        await here.until(lambda: "A" in here.map and "B" in here.map)
        assert "A slow" in here.row("title")
        assert "B fast" in here.row("title")
        assert here.row("readout").startswith("A slow")
        await here.press("l")
        await here.until(lambda: here.row("readout").startswith("B fast"))
        await here.press("e", "left", "enter")
        await seat.answered()
        first, second = (lane.spec.problem.start for lane in seat.view.lanes)
        assert first == second != (1.0, 1.0)


@pytest.mark.thorough
@pytest.mark.parametrize("keys", [(), ("z",), ("t", "t")])
@pytest.mark.parametrize("size", [(80, 24), (130, 44)])
async def test_every_letter_on_the_map_is_explained_on_the_screen(
    watched: Watched, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    """Nine lanes are more than the row over the map has room for."""
    nine = tuple({"title": f"number {number}"} for number in range(1, 10))
    async with watched(lesson(lanes=nine), size=size) as seat:
        here = await Landscape(seat).opened()
        await here.press(*keys)

        def explained() -> bool:
            rows = "\n".join(strip.text for strip in seat.app.screen._compositor.render_strips())
            return all(f"{letter} number {at}" in rows for at, letter in enumerate("ABCDEFGHI", start=1))

        await here.until(explained)


@pytest.mark.thorough
async def test_a_function_of_one_variable_is_a_curve_with_the_point_sliding_on_it(watched: Watched) -> None:
    problem = {"kind": "landscape", "function": "parabola"}
    async with watched(lesson(problem=problem, optimizer={"name": "sgd", "lr": 0.005}), size=(80, 24)) as seat:
        here = await Landscape(seat).opened()
        await here.until(lambda: "●" in here.curve("curve") and "◆" in here.curve("curve"))
        await seat.until(lambda: seat.view.lane.loss.last_x > 60)
        await here.until(lambda: "□" in here.curve("curve"))
        await seat.press("space")
        await here.press("e", "left", "left")
        assert "┊" in here.curve("curve")
        await here.press("enter")
        await seat.answered()
        assert len(seat.view.spec.problem.start) == 1
        await here.press("right")
        assert here.view.window.x == pytest.approx((-1.4, 2.6))


async def test_a_line_search_shows_its_trials_on_the_curve_of_the_step(watched: Watched) -> None:
    preset = lesson(
        optimizer={"name": "sgd"}, line_search={"name": "armijo", "initial": 1.0}, pace={"steps_per_second": 5}
    )
    async with watched(preset, size=(120, 36)) as seat:
        here = await Landscape(seat).opened()
        await here.until(lambda: "φ(α) along the step" in here.curve("search") and "●" in here.curve("search"))
        assert "accepted α" in here.row("readout")


@pytest.mark.parametrize(("name", "has_line"), [("armijo", True), ("exact", False)])
async def test_the_line_that_a_search_has_to_get_below_is_drawn_and_named(
    watched: Watched, name: str, has_line: bool
) -> None:
    preset = lesson(
        optimizer={"name": "sgd"},
        line_search={"name": name, "c1": 0.25},
        pace={"steps_per_second": 20},
        stop={"steps": 1},
    )
    async with watched(preset, size=(120, 36)) as seat:
        here = await Landscape(seat).opened()
        await here.until(lambda: "φ(α) along the step" in here.curve("search") and "●" in here.curve("search"))
        assert ("Armijo" in here.curve("search")) is has_line


async def test_a_step_that_needed_no_search_says_why(watched: Watched) -> None:
    """Of ½x² the first trial, α = 1, is the minimum: from there on no way leads down."""
    preset = lesson(
        problem={"kind": "landscape", "function": "parabola", "start": [1.0]},
        optimizer={"name": "sgd"},
        line_search={"name": "armijo", "initial": 1.0},
        pace={"steps_per_second": 20},
    )
    async with watched(preset, size=(120, 36)) as seat:
        here = await Landscape(seat).opened()
        await seat.paused_at(4)
        step = f"step {seat.view.step} needed no search: φ′(0) = 0, no way down"
        await here.until(lambda: step in here.curve("search"))


async def test_what_is_shown_can_be_taken_away_as_a_table(watched: Watched) -> None:
    async with watched(lesson(), size=(80, 24)) as seat:
        here = await Landscape(seat).opened()
        head, first, *_ = here.view.export()
        assert head == ("x", "y", "f")
        x, y, height = map(float, first)
        assert height == pytest.approx(0.5 * (x * x + 10 * y * y))


async def test_letters_and_textures_tell_all_where_there_are_no_colours(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with watched(lesson(lanes=TWO), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        await here.until(lambda: "A" in here.map)
        assert {"*", "+", "=", "-"} <= set(here.map)


@pytest.mark.thorough
async def test_a_map_of_any_size_is_drawn_or_left_out(watched: Watched) -> None:
    async with watched(lesson(line_search={"name": "exact"}), size=(100, 30)) as seat:
        await Landscape(seat).opened()
        for size in ((200, 60), (30, 12), (20, 9), (12, 6), (4, 3), (1, 1), (300, 100), (80, 24)):
            await seat.pilot.resize_terminal(*size)
            seat.dashboard.draw()
            await seat.pilot.pause()
        here = Landscape(seat)
        await here.until(lambda: "●" in here.map)
