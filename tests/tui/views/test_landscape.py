"""The landscape in a dashboard over a real engine: what is drawn, and what every key and click of it does."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest
from textual.geometry import Offset

from engine.method.locks import Locks
from engine.method.race import LaneSpec, checked_lanes
from engine.method.spec import checked_spec
from engine.run import client, protocol
from presets import Preset
from tui.charts.bands import Heights
from tui.views import VIEWS
from tui.views.landscape import LandscapeView
from tui.widgets.contour_map import ContourMap
from tui.widgets.height_curve import HeightCurve
from tui.widgets.key_bar import KeyBar
from tui.widgets.text_rows import TextRows

Watched = Callable[..., AbstractAsyncContextManager[Any]]

RAVINE: dict[str, Any] = {
    "problem": {"kind": "landscape", "function": "ravine", "condition": 10, "start": [1.0, 1.0]},
    "optimizer": {"name": "momentum", "lr": 0.001},
    "pace": {"steps_per_second": 20.0},
    "precision": "float64",
}
TWO = ({"title": "slow", "optimizer": {"lr": 0.001}}, {"title": "fast", "optimizer": {"lr": 0.02}})
NETWORK: dict[str, Any] = {
    "problem": {"kind": "dataset"},
    "data": {"name": "xor", "samples": 80},
    "model": {"hidden": [4], "loss": "binary_cross_entropy"},
    "optimizer": {"name": "adam", "lr": 0.01},
    "pace": {"steps_per_second": 100.0},
}

KEY = str([kind.name for kind in VIEWS].index("landscape") + 1)


def lesson(sections: dict[str, Any] | None = None, lanes: tuple[dict[str, Any], ...] = (), **others: Any) -> Preset:
    spec = checked_spec({**(sections or RAVINE), **others}, "test.toml")
    found: tuple[LaneSpec, ...] = checked_lanes(spec, lanes, "test.toml") if lanes else ()
    return Preset(name="test", title="A test", topic="a test", see="", try_="", spec=spec, lanes=found)


class Landscape:
    """The view, as a person sees it."""

    def __init__(self, seat: Any) -> None:
        self.seat = seat

    @property
    def view(self) -> LandscapeView:
        """The view itself."""
        found: LandscapeView = self.seat.dashboard.query_one(LandscapeView)
        return found

    @property
    def heights(self) -> Heights:
        """The heights that are known, of a function or of a plane."""
        heights = self.view._plane.heights if self.view._is_network else self.view._function.heights
        assert heights is not None
        return heights

    @property
    def map(self) -> str:
        """The map as text."""
        return self.view.query_one(ContourMap).export()

    def curve(self, name: str) -> str:
        """Return the curve of a function, or of a search, as text."""
        return self.view.query_one(f"#{name}", HeightCurve).export()

    def row(self, name: str) -> str:
        """Return a row around the map."""
        return self.view.query_one(f"#{name}", TextRows).export()

    async def press(self, *keys: str) -> None:
        """Press keys, and draw."""
        await self.seat.pilot.press(*keys)
        self.seat.dashboard.draw()
        await self.seat.pilot.pause()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition."""
        await self.seat.until(condition, lambda: (self.row("title"), self.row("readout"), self.map))

    async def opened(self) -> Landscape:
        """Choose the view by its number, and wait for its picture."""
        await self.seat.pilot.press(KEY)
        await self.until(lambda: self.view.is_mounted)
        if not self.view._is_network:
            await self.until(lambda: self.view._function.heights is not None and self.view._function.motion())
            await self.until(lambda: self.row("readout"))
        return self


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


async def test_a_new_start_is_chosen_with_the_cross_hair_and_stays_for_resets(watched: Watched) -> None:
    async with watched(lesson(), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        await seat.press("space")
        await here.press("e", "shift+left", "up", "up")
        assert "┼" in here.map
        assert "enter starts there" in here.row("readout")
        aim = here.view._aim
        assert aim is not None
        await here.press("enter")
        await seat.answered()
        assert seat.view.spec.problem.start == aim
        assert seat.view.step == 0
        assert seat.message.startswith("reset: from (")
        await here.until(lambda: seat.view.lane.progress.point == pytest.approx(aim))
        assert "┼" not in here.map
        await seat.press("r")
        assert seat.view.spec.problem.start == aim


@pytest.mark.thorough
async def test_u_leads_back_to_the_start_of_the_lesson(watched: Watched) -> None:
    async with watched(lesson(), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        await seat.press("space")
        await here.press("e", "shift+left", "enter")
        await seat.answered()
        chosen = seat.view.spec.problem.start
        assert chosen != (1.0, 1.0)
        await seat.press("bracketright")
        await seat.press("r")
        await seat.press("u")
        assert seat.view.spec.problem.start == (1.0, 1.0)
        assert seat.message == "undone: reset: from (1, 1) on, where r leads from now on too"
        await here.until(lambda: seat.view.lane.progress.point == (1.0, 1.0))
        await seat.press("U")
        assert seat.view.spec.problem.start == chosen
        assert seat.message.startswith("redone: reset: from (")
        await seat.press("u")
        assert seat.view.spec.problem.start == (1.0, 1.0)
        await seat.press("u")
        assert seat.message.startswith("nothing to undo")


@pytest.mark.thorough
async def test_a_start_that_someone_else_has_moved_since_is_not_moved_back(watched: Watched) -> None:
    async with watched(lesson(), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        await here.press("e", "shift+left", "enter")
        await seat.answered()
        with contextlib.closing(client.Client(seat.view.client.run, watch="nothing", name="other")) as other:
            other.send(protocol.Reset(seq=other.next_sequence(), keep=True, start=(0.5, 0.5)))
            await here.until(lambda: seat.view.spec.problem.start == (0.5, 0.5))
        await seat.press("u")
        assert "someone else" in seat.message
        assert seat.view.spec.problem.start == (0.5, 0.5)


async def test_no_start_is_chosen_where_resets_are_locked(watched: Watched) -> None:
    async with watched(replace(lesson(), locks=Locks(controls=("reset",))), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        await here.press("e")
        assert here.view._aim is None
        assert seat.message == "New start: locked by the lesson"
        (offered,) = [one.key for one in seat.dashboard.query_one(KeyBar).placed if one.key.name == "e"]
        assert not offered.is_on


async def test_escape_leaves_the_cross_hair_and_nothing_is_asked(watched: Watched) -> None:
    async with watched(lesson(), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        await here.press("e")
        assert "┼" in here.map
        await here.press("escape", "enter")
        assert "┼" not in here.map
        assert seat.view.spec.problem.start == (1.0, 1.0)
        assert not seat.view.asked


@pytest.mark.thorough
async def test_two_clicks_on_a_place_start_there_and_a_drag_does_not(watched: Watched) -> None:
    async with watched(lesson(), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        window = here.view.window
        await seat.pilot.mouse_down("#map", offset=(40, 8))
        await seat.pilot.hover("#map", offset=(50, 8))
        await seat.pilot.mouse_up("#map", offset=(50, 8))
        await here.press()
        assert here.view._aim is None
        assert here.view.window.x[0] < window.x[0]
        await here.press("0")
        await seat.pilot.click("#map", offset=(40, 8))
        await here.until(lambda: here.view._aim is not None)
        aim = here.view._aim
        await seat.pilot.click("#map", offset=(40, 8))
        await here.until(lambda: seat.view.spec.problem.start == aim)


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


@pytest.mark.thorough
async def test_a_click_on_a_curve_aims_and_the_bounds_hold_the_start(watched: Watched) -> None:
    problem = {"kind": "landscape", "function": "reddi"}
    async with watched(lesson(problem=problem, optimizer={"name": "sgd", "lr": 1e-5}), size=(80, 24)) as seat:
        here = await Landscape(seat).opened()
        await here.press("minus", "minus")
        await here.until(lambda: here.heights.x[-1] > 1.5)
        await seat.pilot.click("#curve", offset=Offset(70, 5))
        await here.until(lambda: here.view._aim is not None)
        assert here.view._aim == (1.0, 0.0)


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


async def test_further_variables_are_held_and_said_to_be(watched: Watched) -> None:
    problem = {"kind": "expression", "expression": "(u - 1)**2 + (v + 2)**2 + w**2", "start": [0.0, 0.0, 3.0]}
    async with watched(lesson(problem=problem), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        await seat.press("space")
        await here.until(lambda: "at w = " in here.row("title"))
        await here.press("e", "left", "enter")
        await seat.answered()
        assert seat.view.spec.problem.start[2] == 3.0


@pytest.mark.thorough
async def test_a_network_shows_its_loss_over_a_plane_once_that_is_asked_for(watched: Watched) -> None:
    async with watched(lesson(NETWORK), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        await here.press()
        assert "g computes the loss over" in here.map
        assert "filter-normalised" in here.map
        await here.press("g")
        await here.until(lambda: here.view._plane.seen is not None and here.view._plane.seen.share == 1.0)
        assert here.heights.values.shape == (33, 33)
        await here.press()
        assert "●" in here.map
        assert "loss over two random directions" in here.row("title")


@pytest.mark.thorough
async def test_the_plane_of_the_path_says_its_share_of_the_variance(watched: Watched) -> None:
    async with watched(lesson(NETWORK), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        await here.press("d")
        assert "the plane of the recent path" in here.map
        first = seat.view.lane.loss.last_x
        await here.until(lambda: seat.view.lane.loss.last_x > first + 20)
        await here.press("g")
        await here.until(lambda: "of its variance" in here.row("title"))
        assert "□" in here.map
        await here.press("d")
        await here.until(lambda: "two random directions" in here.row("title"))


async def test_escape_stops_the_computing_and_keeps_what_was_computed(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(lesson(NETWORK), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        sent: list[Any] = []
        own = seat.view.client.send

        def listening(command: Any) -> None:
            sent.append(command)
            own(command)

        monkeypatch.setattr(seat.view.client, "send", listening)
        await seat.pilot.press("g")
        here.view._plane.is_waiting = True
        await here.press("escape")
        asked = [command for command in sent if isinstance(command, protocol.Inspect) and command.about == "plane"]
        assert [command.settings is None for command in asked] == [False, True]
        assert not here.view._plane.is_waiting


@pytest.mark.thorough
async def test_where_no_path_is_kept_there_are_random_directions_and_the_reason_is_said(watched: Watched) -> None:
    async with watched(lesson(NETWORK), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        await here.press()
        reason = "the path of 9,000,000 parameters is not kept: over 64 MiB"
        here.view._plane._take_path(protocol.Rejected(seq=1, reason=reason))
        await here.press("d")
        assert "random directions, filter-normalised (seed 1)" in here.map
        assert reason in here.map
        await here.press("g")
        await here.until(lambda: here.view._plane.seen is not None)
        assert "loss over two random directions" in here.row("title")


@pytest.mark.thorough
async def test_why_there_is_no_plane_stands_where_it_would_be(watched: Watched) -> None:
    """A single weight spans none."""
    sections = {
        "problem": {"kind": "dataset"},
        "data": {"name": "line", "samples": 20},
        "optimizer": {"name": "sgd", "lr": 0.01},
    }
    async with watched(lesson(sections), size=(120, 30)) as seat:
        here = await Landscape(seat).opened()
        await here.press("g")
        await here.until(lambda: "do not differ" in here.map)


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
