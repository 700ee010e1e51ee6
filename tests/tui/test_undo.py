"""Undo and redo, over a real engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from engine.method.changes import flat
from engine.run import client, commands
from presets import Preset
from tui.run_view import RunView

if TYPE_CHECKING:
    from tests.tui.conftest import Seat, Watched


MakePreset = Callable[..., Preset]


Connect = Callable[[RunView], client.Client]


async def test_changes_are_undone_and_redone_in_their_order(watched: Watched) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        states = [flat(seat.view.spec)]
        for keys in ("]", "}", "."):
            await seat.press(keys)
            states.append(flat(seat.view.spec))
        for expected in reversed(states[:-1]):
            await seat.press("u")
            assert flat(seat.view.spec) == expected
            assert seat.message.startswith("undone: ")
        await seat.press("u")
        assert seat.message == "nothing to undo: no live change of this dashboard is in force"
        for expected in states[1:]:
            await seat.press("U")
            assert flat(seat.view.spec) == expected
            assert seat.message.startswith("redone: ")
        await seat.press("U")
        assert seat.message == "nothing to redo: nothing was undone last"


async def test_presses_in_haste_are_undone_one_by_one(watched: Watched) -> None:
    async with watched() as seat:
        await seat.press(*"]]]")
        await seat.press(*"uuuU")
        assert seat.view.spec.optimizer.lr == pytest.approx(0.011)


async def test_a_new_change_ends_what_could_be_redone(watched: Watched) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        await seat.press(*"]u[")
        await seat.press("U")
        assert seat.view.spec.optimizer.lr == 0.009
        assert seat.message.startswith("nothing to redo")


async def test_what_someone_else_has_changed_since_is_not_overwritten(watched: Watched, other_client: Connect) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        await seat.press(".")
        await seat.press("]")
        other = other_client(seat.view)
        other.ask(commands.SetFields(seq=other.next_sequence(), values={"optimizer.lr": 0.5}))
        await seat.until(lambda: seat.view.spec.optimizer.lr == 0.5)
        await seat.press("u")
        assert seat.view.spec.optimizer.lr == 0.5
        assert seat.message.startswith("refused: undo α 0.011 → 0.01: optimizer.lr is 0.5 by now")
        assert "changed by colleague" in seat.message
        await seat.press("u")
        assert seat.view.spec.pace.steps_per_second == 50.0, "what lies behind it can still be undone"


async def test_a_switch_is_undone_as_a_switch_and_every_field_is_what_it_was(watched: Watched) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        await seat.press("]")
        before = flat(seat.view.spec)
        given = seat.view.spec.as_given()
        seat.dashboard.switch_optimizer("adadelta", carry=True)
        await seat.answered()
        seat.dashboard.set_fields({"optimizer.rho": 0.5}, {})
        await seat.answered()
        after = flat(seat.view.spec)
        await seat.press("u")
        seat.dashboard.action_travel("undo")
        assert "its state carried over and not restored" in seat.message
        await seat.answered()
        assert flat(seat.view.spec) == before
        assert seat.view.spec.as_given() == given, "what was a default is one again"
        await seat.press("U")
        await seat.press("U")
        assert flat(seat.view.spec) == after


async def test_a_held_rate_and_a_schedule_are_undone(watched: Watched) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        before = flat(seat.view.spec)
        seat.dashboard.switch_schedule("cosine")
        await seat.answered()
        seat.dashboard.set_fields({"schedule.hold": 0.25, "schedule.steps": 7}, {})
        await seat.answered()
        assert seat.view.spec.schedule.hold == 0.25
        await seat.press("u")
        assert seat.view.spec.schedule.model_dump(include={"name", "hold"}) == {"name": "cosine", "hold": None}
        await seat.press("u")
        assert flat(seat.view.spec) == before


async def test_after_a_reset_to_the_first_settings_there_is_nothing_to_undo(watched: Watched) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        await seat.press("]")
        await seat.press("R")
        await seat.press("u")
        assert seat.view.spec.optimizer.lr == 0.01
        await seat.press("U")
        await seat.press("r")
        await seat.press("u")
        assert seat.message.startswith("nothing to undo")


async def test_of_a_race_a_change_of_all_lanes_is_undone_as_one(watched: Watched, preset: MakePreset) -> None:
    from engine.method.race import checked_lanes

    small = preset()
    lanes = ({"title": "slow"}, {"title": "fast", "optimizer": {"lr": 0.05}})
    race = Preset(
        **{name: getattr(small, name) for name in ("name", "title", "topic", "see", "try_", "spec")},
        lanes=checked_lanes(small.spec, lanes, "test"),
    )

    def rates(seat: Seat) -> list[float]:
        return [lane.spec.optimizer.lr for lane in seat.view.lanes]

    async with watched(race, size=(120, 36)) as seat:
        await seat.press("space")
        await seat.press("}")
        await seat.press("a")
        await seat.press("}")
        await seat.until(lambda: rates(seat) == [1.0, 0.5])
        await seat.press("full_stop")
        await seat.until(lambda: {lane.spec.pace.steps_per_second for lane in seat.view.lanes} == {100.0})
        await seat.press("u")
        await seat.until(lambda: {lane.spec.pace.steps_per_second for lane in seat.view.lanes} == {50.0})
        await seat.press("u")
        await seat.until(lambda: rates(seat) == [0.1, 0.05])
        await seat.press("u")
        await seat.until(lambda: rates(seat) == [0.01, 0.05])
        await seat.press("U")
        await seat.press("U")
        await seat.until(lambda: rates(seat) == [1.0, 0.5])
        await seat.press("U")
        await seat.until(lambda: {lane.spec.pace.steps_per_second for lane in seat.view.lanes} == {100.0})
