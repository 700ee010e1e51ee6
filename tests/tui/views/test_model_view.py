"""The model view in front of a real engine: its keys, what it says where there is no model, and races."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from presets import Preset
from presets.loader import load
from tui.views import VIEWS
from tui.views.model import ModelView
from tui.views.model.boundary import BoundaryPage
from tui.views.model.drawing import DrawingPage
from tui.views.model.tiles import ImagesPage, WeightsPage
from tui.widgets.picture import Picture
from tui.widgets.text_rows import TextRows

KEY = str([kind.name for kind in VIEWS].index("model") + 1)
DIGITS: dict[str, Any] = {
    "data": {"name": "digits", "samples": 200},
    "model": {"hidden": [12]},
    "batch": {"size": 32},
    "pace": {"steps_per_second": 20.0},
}
IRIS: dict[str, Any] = {"data": {"name": "iris"}, "model": {"hidden": [4]}}


class Watch:
    """A model view and what a person sees of it."""

    def __init__(self, seat: Any) -> None:
        self.seat = seat

    @property
    def view(self) -> ModelView:
        """The view."""
        view: ModelView = self.seat.dashboard.query_one(ModelView)
        return view

    @property
    def picture(self) -> str:
        """What is drawn, as text."""
        return self.view.query_one(Picture).export()

    @property
    def tabs(self) -> str:
        """The row with the pages."""
        return self.view.query_one("#pages", TextRows).export()

    @property
    def words(self) -> str:
        """The row below the picture."""
        return self.view.query_one("#under", TextRows).export()

    async def sees(self, condition: Callable[[], object]) -> None:
        """Wait until something can be seen."""
        await self.seat.until(condition, lambda: (self.tabs, self.picture, self.words))

    async def opens(self) -> None:
        """Choose the view."""
        await self.seat.pilot.press(KEY)
        await self.sees(lambda: self.seat.dashboard.query(ModelView) and self.view.page is not None)

    async def presses(self, *keys: str) -> None:
        """Press keys."""
        await self.seat.pilot.press(*keys)


async def test_two_inputs_open_on_the_boundary_with_the_samples(watched: Any) -> None:
    async with watched() as seat:
        watch = Watch(seat)
        await watch.opens()
        await watch.sees(lambda: "held-out errors" in watch.words)
        assert isinstance(watch.view.page, BoundaryPage)
        assert set("○△●▲×") & set(watch.picture)
        assert "step " in watch.tabs
        head, *rows = watch.view.export()
        assert head == ("input 1", "input 2", "truth", "model", "held out")
        assert len(rows) == 80


async def test_what_is_seen_goes_on_with_the_run(watched: Any) -> None:
    async with watched() as seat:
        watch = Watch(seat)
        await watch.opens()
        await watch.sees(lambda: "held-out errors" in watch.words)
        before = watch.tabs
        await watch.sees(lambda: watch.tabs != before)


@pytest.mark.thorough
async def test_a_key_chooses_a_page_and_a_page_that_is_not_there_says_why(watched: Any) -> None:
    async with watched() as seat:
        watch = Watch(seat)
        await watch.opens()
        await watch.presses("c")
        await watch.sees(lambda: "model says" in watch.picture)
        assert "right" in watch.words
        await watch.presses("d")
        await watch.sees(lambda: "hidden 1" in watch.picture)
        await watch.presses("g")
        await watch.sees(lambda: "no pictures" in " ".join(watch.picture.split()))
        assert watch.view.export() == []
        await watch.presses("w")
        await watch.sees(lambda: "d draws the network" in " ".join(watch.picture.split()))
        await watch.presses("right", "pagedown", "end", "plus", "e", "v", "x", "j", "0", "home")
        await watch.presses("b")
        await watch.sees(lambda: "held-out errors" in watch.words)


@pytest.mark.thorough
async def test_pictures_open_on_the_grid_and_can_be_gone_through(watched: Any, preset: Callable[..., Preset]) -> None:
    async with watched(preset(**DIGITS), size=(100, 30)) as seat:
        watch = Watch(seat)
        await watch.opens()
        page = watch.view.page
        assert isinstance(page, ImagesPage)
        await watch.sees(lambda: "1 to" in watch.words and "wrong ones first" in watch.words)
        assert "→" in watch.picture
        await watch.presses("e")
        await watch.sees(lambda: "in their order" in watch.words)
        await watch.presses("pagedown")
        await watch.sees(lambda: f"{page.first + 1} to" in watch.words and page.first > 0)
        await watch.presses("pageup")
        await watch.sees(lambda: " 1 to" in watch.words)
        await watch.presses("end")
        await watch.sees(lambda: "40 of 40" in watch.words)
        await watch.presses("home", "plus")
        larger = page.settings(98, 24, is_moving=True)["pictures"]
        await watch.presses("minus", "minus")
        assert page.settings(98, 24, is_moving=True)["pictures"] > larger
        await watch.presses("0")
        await watch.presses("b")
        await watch.sees(lambda: "8 × 8 pixels" in watch.picture)


async def test_weights_of_the_first_layer_are_pictures(watched: Any, preset: Callable[..., Preset]) -> None:
    async with watched(preset(**DIGITS), size=(60, 24)) as seat:
        watch = Watch(seat)
        await watch.opens()
        await watch.presses("w")
        await watch.sees(lambda: "positive" in watch.words and "±" in watch.picture)
        page = watch.view.page
        assert isinstance(page, WeightsPage)
        await watch.presses("plus", "right")
        await watch.sees(lambda: page.first > 0 and f"layer {page.first + 1} to" in watch.words)


@pytest.mark.thorough
async def test_the_axes_of_many_inputs_are_chosen_by_keys(watched: Any, preset: Callable[..., Preset]) -> None:
    async with watched(preset(**IRIS)) as seat:
        watch = Watch(seat)
        await watch.opens()
        await watch.sees(lambda: "model says" in watch.picture)
        await watch.presses("b", "x")
        await watch.sees(lambda: "x: petal length y: sepal width, the other 2 at their means" in watch.words)
        await watch.presses("up")
        await watch.sees(lambda: "y: petal width" in watch.words)
        await watch.presses("j", "X")
        await watch.sees(lambda: "x: sepal length y: sepal width" in watch.words)


async def test_escape_steps_out_of_a_unit_and_then_leaves_the_key_to_others(watched: Any) -> None:
    async with watched() as seat:
        watch = Watch(seat)
        await watch.opens()
        await watch.presses("d")
        await watch.sees(lambda: "hidden 1" in watch.picture)
        await watch.presses("down")
        await watch.sees(lambda: "hidden 1, unit 1" in watch.words)
        await watch.presses("right")
        await watch.sees(lambda: "output 1" in watch.words)
        page = watch.view.page
        assert isinstance(page, DrawingPage)
        assert watch.view.check_action("step_out", ())
        await watch.presses("escape")
        await watch.sees(lambda: "solid" in watch.words)
        assert not watch.view.check_action("step_out", ())


@pytest.mark.thorough
async def test_a_click_chooses_a_page_and_a_unit(watched: Any) -> None:
    async with watched() as seat:
        watch = Watch(seat)
        await watch.opens()
        await watch.sees(lambda: "held-out errors" in watch.words)
        await seat.pilot.click("#pages", offset=(watch.tabs.index("drawing"), 0))
        await watch.sees(lambda: "hidden 1" in watch.picture)
        rows = watch.picture.splitlines()
        row = next(number for number, text in enumerate(rows) if "●" in text)
        await seat.pilot.click("#picture", offset=(rows[row].index("●"), row))
        await watch.sees(lambda: "unit 1" in watch.words or "input 1" in watch.words)


async def test_one_input_shows_the_fitted_curve(watched: Any) -> None:
    async with watched(load("line")) as seat:
        watch = Watch(seat)
        await watch.opens()
        await watch.sees(lambda: "off by more than the held-out RMS" in watch.words)
        assert "b curve" in watch.tabs
        await watch.presses("c")
        await watch.sees(lambda: "across: truth, up: model" in watch.words)
        assert watch.view.export()[0] == ("truth", "model")


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["ravine", "circuit"])
async def test_a_point_on_a_landscape_has_no_model(watched: Any, name: str) -> None:
    async with watched(load(name)) as seat:
        watch = Watch(seat)
        await seat.pilot.press(KEY)
        await watch.sees(lambda: seat.dashboard.query(ModelView) and "no model" in " ".join(watch.picture.split()))
        assert "Landscape" in watch.picture
        await watch.presses("b", "g", "right", "e", "0", "pagedown")
        assert watch.view.export() == []


async def test_a_race_shows_the_lane_that_the_keys_speak_of(watched: Any) -> None:
    async with watched(load("lr-sweep-net"), size=(120, 36)) as seat:
        watch = Watch(seat)
        await watch.opens()
        await watch.sees(lambda: seat.view.lanes[0].title in watch.tabs)
        await watch.presses("l")
        await watch.sees(lambda: seat.view.lanes[1].title in watch.tabs)


@pytest.mark.thorough
async def test_every_size_can_be_looked_at(watched: Any, preset: Callable[..., Preset]) -> None:
    async with watched(preset(**DIGITS), size=(80, 24)) as seat:
        watch = Watch(seat)
        await watch.opens()
        for size in ((20, 8), (200, 60), (3, 3), (1, 1), (50, 10), (80, 24)):
            await seat.pilot.resize_terminal(*size)
            for key in "gcdwb":
                await watch.presses(key)
        await watch.presses("g")
        await watch.sees(lambda: "→" in watch.picture)


async def test_the_last_picture_stays_when_the_engine_has_gone(watched: Any, end_engines: Callable[[], None]) -> None:
    async with watched() as seat:
        watch = Watch(seat)
        await watch.opens()
        await watch.sees(lambda: "held-out errors" in watch.words)
        end_engines()
        await watch.sees(lambda: seat.view.is_gone)
        seat.dashboard.draw()
        assert "held-out errors" in watch.words


@pytest.mark.thorough
async def test_a_cell_of_the_matrix_leads_to_its_pictures_and_escape_back(
    watched: Any, preset: Callable[..., Preset]
) -> None:
    async with watched(preset(**{**DIGITS, "pace": {"steps_per_second": 100.0}}), size=(120, 36)) as seat:
        watch = Watch(seat)
        await watch.opens()
        # Until some of the ones are found.
        await seat.until(lambda: seat.view.step >= 60)
        await watch.presses("space", "c")
        await watch.sees(lambda: "recall" in watch.picture)
        assert not watch.view.check_action("open", ())
        await watch.presses("down", "right", "down")
        await watch.sees(lambda: "1 taken for 1: " in watch.words and "enter shows them" in watch.words)
        await watch.presses("enter")
        await watch.sees(lambda: "1 taken for 1: 1 to " in watch.words)
        assert not re.search(r"[0-9]→|^ *[02-9] [0-9]+%", watch.picture, re.MULTILINE)
        await watch.presses("escape")
        await watch.sees(lambda: "recall" in watch.picture and "[" in watch.picture)
        await watch.presses("escape")
        await watch.sees(lambda: "[" not in watch.picture)
        assert not watch.view.check_action("step_out", ())
        await watch.presses("g")
        await watch.sees(lambda: "wrong ones first" in watch.words)


async def test_a_click_on_a_cell_of_the_matrix_shows_its_pictures(watched: Any, preset: Callable[..., Preset]) -> None:
    async with watched(preset(**DIGITS), size=(120, 36)) as seat:
        watch = Watch(seat)
        await watch.opens()
        await watch.presses("space", "c")
        await watch.sees(lambda: "recall" in watch.picture)
        await seat.pilot.click("#picture", offset=(10 + 2, 2))
        await watch.sees(lambda: "0 taken for 0: 1 to " in watch.words)
