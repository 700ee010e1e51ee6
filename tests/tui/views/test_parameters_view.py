"""The view of the parameters over a real engine: every key, every click, and every size."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import numpy as np
import pytest

from engine.run.commands import SetFields
from engine.run.events import Seen
from presets import Preset
from tui.charts.cells import NONE
from tui.views import VIEWS
from tui.views.parameters import ParametersView
from tui.widgets.chart import LiveChart
from tui.widgets.heat_map import HeatMap
from tui.widgets.histogram import Histogram
from tui.widgets.text_rows import TextRows

MakePreset = Callable[..., Preset]
Watched = Callable[..., AbstractAsyncContextManager[Any]]
NUMBER = str([kind.name for kind in VIEWS].index("parameters") + 1)
QUANTITIES = ("root", "rate", "gradient", "weight")
DASHES = ("√v̂ –", "effective α –")


class Room:
    """The view, and what stands in it."""

    def __init__(self, seat: Any) -> None:
        self.seat = seat
        self.view: ParametersView = seat.dashboard.query_one(ParametersView)

    @property
    def seen(self) -> Seen | None:
        """The last answer about what is shown."""
        return self.view._seen(self.view._quantity)

    async def answered(self, about: str, tensor: int = 0) -> Seen:
        """Wait for an answer about a quantity of a tensor, and until it is drawn."""

        def here() -> bool:
            seen = self.seen
            name = self.seat.view.welcome.tensors[tensor].name
            return seen is not None and (seen.facts["quantity"], seen.facts["name"]) == (about, name)

        await self.seat.until(here, lambda: self.seen)
        self.seat.dashboard.draw()
        await self.seat.pilot.pause()
        seen = self.seen
        assert seen is not None
        return seen

    def words(self, name: str) -> str:
        """Return a row of the view."""
        return self.view.query_one(f"#{name}", TextRows).export()

    def take(self, rule: str) -> None:
        """Ask for another optimizer."""
        view = self.seat.view
        command = SetFields(seq=view.next_sequence(), lane=0, values={"optimizer.name": rule}, carry=False)
        view.send(command, rule)

    @property
    def picture(self) -> str:
        """The picture as text."""
        return self.view.query_one("#picture", HeatMap).export()


@pytest.fixture
def opened(watched: Watched) -> Callable[..., AbstractAsyncContextManager[Room]]:
    """Open the view of a run that stands still after some steps."""

    @asynccontextmanager
    async def open_view(
        preset: Preset | None = None, *, size: tuple[int, int] = (120, 36), steps: int = 5
    ) -> AsyncIterator[Room]:
        async with watched(preset, size=size) as seat:
            await seat.until(lambda: seat.view.lane.figures is not None)
            if steps:
                await seat.paused_at(steps)
            await seat.press(NUMBER)
            yield Room(seat)

    return open_view


Opened = Callable[..., AbstractAsyncContextManager[Room]]


async def test_the_keys_choose_what_is_shown_of_every_parameter(opened: Opened) -> None:
    async with opened() as room:
        found = {}
        for key, about in zip("vegw", QUANTITIES, strict=True):
            await room.seat.press(key)
            seen = await room.answered(about)
            found[about] = seen.arrays["cells"]
            assert (
                room.picture.splitlines()[0]
                == {"root": "√v̂", "rate": "effective α", "gradient": "gradient", "weight": "weights"}[about]
            )
            assert f"after step {room.seat.view.step}" in room.words("summary")
        # Adam's effective rate is that of the very same second moments.
        assert found["rate"] == pytest.approx(0.01 / (found["root"] + 1e-8), rel=1e-5)
        assert (found["weight"] < 0.0).any()


@pytest.mark.thorough
async def test_left_and_right_go_round_the_quantities_and_a_click_chooses_one(opened: Opened) -> None:
    async with opened() as room:
        await room.answered("root")
        for key, about in (("right", "rate"), ("left", "root"), ("left", "weight"), ("right", "root")):
            await room.seat.press(key)
            await room.answered(about)
        x = room.words("quantities").index("gradient")
        await room.seat.pilot.click("#quantities", offset=(x, 0))
        await room.answered("gradient")


@pytest.mark.thorough
async def test_the_cursor_chooses_a_tensor_by_keys_and_by_a_click(opened: Opened) -> None:
    async with opened() as room:
        for key, tensor in (("down", 1), ("end", 3), ("up", 2), ("home", 0), ("pagedown", 3), ("pageup", 0)):
            await room.seat.press(key)
            assert (await room.answered("root", tensor)).facts["name"] in room.words("summary")
        await room.seat.pilot.click("#table", offset=(5, 3))
        await room.answered("root", 2)


async def test_a_run_that_goes_on_is_followed(opened: Opened) -> None:
    async with opened(steps=0) as room:
        first = (await room.answered("root")).step
        await room.seat.until(lambda: room.seen is not None and room.seen.step > first + 5)
        room.seat.dashboard.draw()
        title = room.view.query_one("#course", LiveChart).export().splitlines()[0]
        assert "median" in title
        assert "RMS" in title


@pytest.mark.thorough
async def test_the_course_begins_with_the_first_step_though_nobody_looked(opened: Opened) -> None:
    async with opened(steps=40) as room:
        await room.answered("root")
        past = room.seat.view.lane.past_figures
        for quantity in ("root", "rate", "gradient", "weight"):
            course = past.course(0, quantity)
            steps = course.middle.window(0.0, 1e9, 500).x
            assert steps.tolist() == list(range(1, len(steps) + 1))
            assert len(steps) >= 40
            edges = [band.window(0.0, 1e9, 500) for band in (course.whole, course.half)]
            assert (edges[0].low <= edges[1].low).all()
            assert (edges[1].high <= edges[0].high).all()


async def test_sorting_by_keys_shows_by_what_and_which_way(opened: Opened) -> None:
    async with opened() as room:
        heads = []
        for key in ("c", "c", "c", "C"):
            await room.seat.press(key)
            heads.append(room.view._table.export().splitlines()[0].split())
        assert [next(word for word in head if word[-1] in "▲▼") for head in heads] == [
            "parameter▲",
            "shape▲",
            "‖w‖▼",
            "‖w‖▲",
        ]
        norms = room.seat.view.lane.figures[:, 0]
        assert room.view._table.tensors == np.argsort(norms).tolist()


@pytest.mark.thorough
async def test_the_filter_shows_what_fits_while_it_is_typed_and_escape_shows_all(opened: Opened) -> None:
    async with opened() as room:
        await room.seat.pilot.press("j", "b", "i", "a", "s")
        assert room.view._table.tensors == [1, 3]
        # q is a letter here, and not the end of the run.
        await room.seat.pilot.press("q")
        assert room.view._table.tensors == []
        await room.seat.pilot.press("backspace", "enter")
        await room.seat.pilot.pause()
        assert room.seat.is_alone
        room.seat.dashboard.draw()
        assert "names with bias: 2 of 4" in room.words("quantities")
        await room.answered("root", 1)
        await room.seat.press("escape")
        assert len(room.view._table.tensors) == 4
        await room.seat.pilot.press("j", "x", "escape")
        await room.seat.pilot.pause()
        assert room.seat.is_alone
        assert len(room.view._table.tensors) == 4


async def test_the_scale_and_the_blocks_are_those_that_were_chosen(opened: Opened) -> None:
    async with opened() as room:
        assert (await room.answered("root")).facts["scale"] == "log"
        await room.seat.press("x")
        await room.seat.until(lambda: room.seen is not None and room.seen.facts["scale"] == "linear")
        await room.seat.press("x", "b")
        await room.seat.until(
            lambda: room.seen is not None and (room.seen.facts["scale"], room.seen.facts["block"]) == ("log", "largest")
        )


async def test_all_four_pictures_stand_beside_each_other(opened: Opened) -> None:
    async with opened(size=(160, 50)) as room:
        await room.seat.press("m")
        pictures = room.view._pictures
        await room.seat.until(lambda: all(looking.seen for looking in room.view._looks))
        room.seat.dashboard.draw()
        assert [picture.export().splitlines()[0] for picture in pictures] == [
            "√v̂",
            "effective α",
            "gradient",
            "weights",
        ]
        assert all((picture._cells.back != NONE).any() for picture in pictures), "cells have colours"
        await room.seat.press("m")
        assert not pictures[0].region


@pytest.mark.thorough
async def test_a_narrow_view_shows_one_panel_after_the_other(opened: Opened) -> None:
    async with opened(size=(60, 24)) as room:
        await room.answered("root")
        shown = []
        for _ in range(4):
            shown.append([kind for kind in (HeatMap, Histogram, LiveChart) if room.view.query(kind).first().region])
            await room.seat.press("k")
            await room.seat.pilot.pause()
        assert shown == [[HeatMap], [Histogram], [LiveChart], [HeatMap]]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("rule", "first", "dashes"),
    [("sgd", "gradient", ["√v̂ –", "effective α –"]), ("adamax", "rate", ["√v̂ –"]), ("adam", "root", [])],
)
async def test_the_view_begins_with_what_the_optimizer_has_and_says_what_it_lacks_and_why(
    opened: Opened, preset: MakePreset, rule: str, first: str, dashes: list[str]
) -> None:
    async with opened(preset(optimizer={"name": rule, "lr": 0.1}), size=(160, 36)) as room:
        await room.answered(first)
        # Nothing else was asked for on the way there.
        assert [each for each, look in zip(QUANTITIES, room.view._looks, strict=True) if look._asked_at > 0.0] == [
            first
        ]
        words = room.words("quantities")
        assert [name in words for name in DASHES] == [name in dashes for name in DASHES]
        title = room.seat.view.lane.spec.optimizer.title
        assert (f"{title} keeps no second moment, so there is no √v̂" in words) == bool(dashes)


async def test_what_muon_lacks_is_told_of_the_tensor_with_the_cursor(opened: Opened, preset: MakePreset) -> None:
    async with opened(preset(optimizer={"name": "muon", "lr": 0.1}), size=(160, 36)) as room:
        kinds = []
        for tensor in room.seat.view.welcome.tensors:
            room.seat.dashboard.draw()
            words, is_matrix = room.words("quantities"), len(tensor.shape) == 2
            assert [name in words for name in DASHES] == [is_matrix, is_matrix]
            assert ("Muon keeps no second moment of a matrix" in words) is is_matrix
            kinds.append(is_matrix)
            await room.seat.press("down")
        assert set(kinds) == {True, False}


async def test_what_the_optimizer_lacks_can_be_asked_for_and_is_explained(opened: Opened, preset: MakePreset) -> None:
    async with opened(preset(optimizer={"name": "sgd", "lr": 0.1})) as room:
        await room.seat.press("v")
        await room.seat.until(lambda: room.view._looks[0].refusal)
        room.seat.dashboard.draw()
        assert "SGD keeps no second moment" in " ".join(room.picture.split())
        assert "SGD keeps no second moment" in room.words("summary")


@pytest.mark.thorough
async def test_another_optimizer_brings_what_it_has_unless_somebody_chose(opened: Opened, preset: MakePreset) -> None:
    async with opened(preset(optimizer={"name": "sgd", "lr": 0.1})) as room:
        await room.answered("gradient")
        room.take("adam")
        await room.seat.answered()
        await room.seat.press("s")
        await room.answered("root")
        assert "–" not in room.words("quantities")
        await room.seat.press("w")
        room.take("sgd")
        await room.seat.answered()
        await room.answered("weight")
        assert "√v̂ –" in room.words("quantities")


async def test_where_there_is_little_room_the_reason_is_told_in_brief(opened: Opened, preset: MakePreset) -> None:
    async with opened(preset(optimizer={"name": "momentum", "lr": 0.1}), size=(80, 24)) as room:
        await room.answered("gradient")
        assert room.words("quantities").endswith("  Momentum keeps no second moment")


async def test_of_the_hints_those_stand_there_that_have_room(opened: Opened) -> None:
    async with opened(size=(80, 24)) as room:
        await room.answered("root")
        assert room.words("quantities").endswith(("filter", "sort", "scale", "largest", "four", "panel"))


async def test_what_is_shown_can_be_taken_along_as_a_table(opened: Opened) -> None:
    async with opened() as room:
        seen = await room.answered("root")
        rows = room.view.export()
        gap = rows.index(())
        assert rows[0][:2] == ("parameter", "shape")
        assert [row[0] for row in rows[1:gap]] == [tensor.name for tensor in room.seat.view.welcome.tensors]
        assert [float(value) for value in rows[1][2:]] == room.seat.view.lane.figures[0].tolist()
        assert sum(int(row[2]) for row in rows[gap + 2 :]) == seen.arrays["counts"].sum() > 0


@pytest.mark.thorough
@pytest.mark.parametrize("size", [(80, 24), (200, 60), (56, 16), (30, 12), (20, 8), (12, 5), (3, 2)])
async def test_any_size_is_filled_and_every_key_works_there(opened: Opened, size: tuple[int, int]) -> None:
    async with opened(size=size, steps=0) as room:
        for key in ("down", "e", "k", "m", "g", "x", "c", "end", "k", "m"):
            await room.seat.press(key)
            room.seat.dashboard.draw()
        await room.seat.pilot.pause()
        widths = {strip.cell_length for strip in room.seat.app.screen._compositor.render_strips()}
        assert widths == {size[0]}
        assert room.view.export()
