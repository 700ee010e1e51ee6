"""A new start of a function, chosen on its landscape: by cross-hair or clicks, undone, locked, held in bounds."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from textual.geometry import Offset

from engine.method.locks import Locks
from engine.run import client, commands
from tests.tui.views.landscapes import Landscape, Watched, lesson
from tui.widgets.key_bar import KeyBar


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
            other.send(commands.Reset(seq=other.next_sequence(), keep=True, start=(0.5, 0.5)))
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


async def test_further_variables_are_held_and_said_to_be(watched: Watched) -> None:
    problem = {"kind": "expression", "expression": "(u - 1)**2 + (v + 2)**2 + w**2", "start": [0.0, 0.0, 3.0]}
    async with watched(lesson(problem=problem), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        await seat.press("space")
        await here.until(lambda: "at w = " in here.row("title"))
        await here.press("e", "left", "enter")
        await seat.answered()
        assert seat.view.spec.problem.start[2] == 3.0
