"""Every key and every click: what it asks of the engine, and what the screen says once the engine has answered."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from engine.fields import Scalar
from engine.run import client, commands, events
from engine.run.history import RecordReader
from presets import Preset
from tui.run_view import RunView
from tui.screens.dialogs import OptimizerDialog, QuitDialog
from tui.screens.help import HelpScreen
from tui.screens.settings import SettingsForm
from tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from tests.tui.conftest import Seat, Watched

MakePreset = Callable[..., Preset]
Connect = Callable[[RunView], client.Client]


def bottom(seat: Seat) -> KeyBar:
    """Return the row of keys at the bottom of the dashboard."""
    return seat.dashboard.query_one(KeyBar)


def placed(seat: Seat) -> dict[str, int]:
    """Return where the keys stand at the bottom of the screen, by what they are called there: cells from the left."""
    bar = bottom(seat)
    return {one.key.shown: bar.content_region.x + one.start for one in bar.placed}


async def check_keys(seat: Seat, press: Callable[[str], Any]) -> None:
    """Press every key that changes a number, in the state in which the run is; `press` is how."""
    state, expected = seat.view.state, []
    rate, pace = "optimizer.lr", "pace.steps_per_second"
    for key, field, old, new, shown in (
        ("]", rate, 0.01, 0.011, "α 0.01 → 0.011, in force"),
        ("}", rate, 0.011, 0.11, "α 0.011 → 0.11, in force"),
        ("[", rate, 0.11, 0.099, "α 0.11 → 0.099, in force"),
        ("{", rate, 0.099, 0.0099, "α 0.099 → 0.0099, in force"),
        (".", pace, 50.0, 100.0, "Steps a second 50 → 100, in force"),
        (",", pace, 100.0, 50.0, "Steps a second 100 → 50, in force"),
    ):
        await press(key)
        expected.append([(field, old, new)])
        assert [changes for _, changes in seat.journal if changes] == expected, key
        assert seat.view.state == state, key
        assert seat.message.endswith(shown), key
        if field == rate:
            assert seat.view.spec.optimizer.lr == new, key
            assert seat.headline.endswith(f"Adam α {new:.4g}"), key
            assert seat.view.lane.markers[-1].label == f"α {new:.4g}", key
        else:
            assert seat.view.spec.pace.steps_per_second == new, key


async def test_every_key_steers_a_run_that_is_under_way(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5)
        await check_keys(seat, seat.press)
        assert "● running" in seat.headline
        assert "α 0.0099" in seat.chart("loss")
        assert seat.chart("rate").splitlines()[0].endswith("0.0099")
        await seat.press("s")
        assert seat.view.state == "paused"
        step = seat.view.step
        assert f"step {step:,}: one step made" in seat.message
        await seat.press("space")
        assert seat.journal[-1][0] == "resume"
        assert "● running" in seat.headline
        await seat.until(lambda: seat.view.step > step)


async def test_a_function_that_falls_below_zero_is_drawn_on_a_linear_axis(watched: Watched, preset: MakePreset) -> None:
    """A straight line from 1 down, 0.1 a step; the table has a row for each of its variables."""
    line = preset(
        problem={"kind": "expression", "expression": "height + 0*width"},
        optimizer={"name": "sgd", "lr": 0.1},
        data=None,
        model=None,
        batch=None,
    )
    async with watched(line, size=(120, 36)) as seat:
        await seat.until(lambda: seat.view.lane.loss.count and seat.view.lane.loss.last < -1.0)
        await seat.until(lambda: seat.chart("loss").startswith("loss   -"))
        assert "not drawn" not in seat.chart("loss")
        assert [row.split()[:2] for row in seat.table.splitlines()[1:]] == [["height", "1"], ["width", "1"]]


async def test_every_key_steers_a_run_that_is_paused(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.paused_at(5)
        assert "‖ paused" in seat.headline
        await check_keys(seat, seat.press)
        step = seat.view.step
        await seat.press("s")
        await seat.press("s")
        await seat.until(lambda: seat.view.lane.loss.last_x == step + 2)
        assert seat.view.lane.lr.last == 0.0099
        assert f"step {step + 2:,}" in seat.progress
        await seat.press("R")
        assert (seat.view.step, seat.view.spec.optimizer.lr) == (0, 0.0099)
        assert seat.message == "reset: the same parameters and batches from step 0"
        assert "before the reset" in seat.chart("loss")
        await seat.press("r")
        assert (seat.view.step, seat.view.spec.optimizer.lr) == (0, 0.01)
        assert seat.headline.endswith("Adam α 0.01")
        assert seat.view.state == "paused"
        assert [command for command, _ in seat.journal][-4:] == ["step", "step", "reset", "reset"]


async def test_no_key_press_is_lost_however_fast(watched: Watched) -> None:
    async with watched() as seat:
        await seat.press(*"]" * 5)
        assert seat.view.spec.optimizer.lr == pytest.approx(0.01 * 1.1**5, rel=1e-9)
        assert len(seat.view.lane.markers) == 5


async def test_a_click_on_a_key_of_the_footer_does_the_same(watched: Watched) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        assert set(placed(seat)) == {"space", "s", "[", "]", "{", "}", "o", "h", "r", ",", ".", "?", "q"}

        async def click(name: str) -> None:
            assert await seat.pilot.click(offset=(placed(seat)[name], bottom(seat).region.y))
            await seat.answered()

        await check_keys(seat, click)
        step = seat.view.step
        await click("s")
        assert seat.view.step == step + 1
        await click("r")
        assert seat.view.step == 0
        await click("space")
        assert seat.view.state == "running"
        for name, screen in (("o", OptimizerDialog), ("h", SettingsForm), ("?", HelpScreen), ("q", QuitDialog)):
            await click(name)
            assert isinstance(seat.app.screen, screen), name
            await seat.pilot.press("escape")
            assert seat.is_alone, name


@pytest.mark.parametrize("size", [(120, 36), (117, 36), (80, 24)])
async def test_the_whole_footer_is_on_the_screen(watched: Watched, size: tuple[int, int]) -> None:
    async with watched(size=size) as seat:
        await seat.until(lambda: len(placed(seat)) == 13, lambda: placed(seat))
        assert bottom(seat).region.right <= size[0]
        for words in ("? Help", "q Quit", "space Pause", "[]", "{}", "h Settings", "r Reset", ",."):
            assert words in bottom(seat).export()


@pytest.mark.parametrize("size", [(60, 20), (24, 12)])
async def test_a_narrow_footer_still_says_how_to_learn_more_and_how_to_leave(
    watched: Watched, size: tuple[int, int]
) -> None:
    async with watched(size=size) as seat:
        await seat.until(lambda: placed(seat))
        assert bottom(seat).export().startswith("? Help q Quit")
        assert len(bottom(seat).export()) < size[0], "no key is cut in two"


async def test_the_footer_says_exactly_what_the_brackets_do(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.until(lambda: placed(seat))
        for factor in ("[] α −10 % +10 %", "{} α ÷10 ×10", ",. Pace"):
            assert factor in bottom(seat).export()


async def test_the_mouse_over_a_key_of_the_footer_says_what_it_does(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.until(lambda: placed(seat))
        row = bottom(seat).region.y
        await seat.pilot.hover(offset=(placed(seat)["s"], row))
        assert bottom(seat).tooltip == "make one step"
        await seat.pilot.hover(offset=(placed(seat)["]"], row))
        assert bottom(seat).tooltip == "learning rate +10 % of what it is"
        await seat.pilot.hover("#headline")
        assert bottom(seat).tooltip is None


async def test_the_footer_names_the_keys_of_the_view_that_is_shown(watched: Watched) -> None:
    async with watched(size=(200, 40)) as seat:
        await seat.until(lambda: "Zoom" not in bottom(seat).export() and placed(seat))
        await seat.press("1")
        of_curves = bottom(seat).export()
        await seat.press("7")
        assert bottom(seat).export() != of_curves
        await seat.press("1")
        assert bottom(seat).export() == of_curves


async def test_nothing_is_shown_as_changed_before_the_engine_has_said_so(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine these keys take longer than an engine may be silent.
    monkeypatch.setattr("tui.run_view.SILENCE_S", 60.0)
    async with watched() as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5)
        os.kill(seat.engine, signal.SIGSTOP)
        await seat.pilot.press("]", "space", "o")
        await seat.pilot.press("down", "enter")
        assert len(seat.view.asked) == 3
        assert seat.headline.endswith("● running  Adam α 0.01")
        assert seat.message.startswith("… asked: momentum, state carried over and 2 more, not in force yet")
        assert not seat.view.lane.markers
        os.kill(seat.engine, signal.SIGCONT)
        await seat.answered()
        assert seat.headline.endswith("‖ paused  Momentum α 0.011")
        assert len(seat.view.lane.markers) == 2


@pytest.mark.parametrize(("columns", "words"), [(120, "? no word from the engine for "), (80, "? no word for ")])
async def test_an_engine_that_is_silent_is_said_to_be(watched: Watched, columns: int, words: str) -> None:
    async with watched(size=(columns, 24)) as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5)
        os.kill(seat.engine, signal.SIGSTOP)
        await seat.until(lambda: "? no word" in seat.headline)
        assert words in seat.headline
        os.kill(seat.engine, signal.SIGCONT)
        await seat.until(lambda: "● running" in seat.headline)


async def test_a_dashboard_that_was_held_up_itself_does_not_call_its_engine_silent(watched: Watched) -> None:
    async with watched() as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5)
        time.sleep(2.0)
        seat.dashboard.draw()
        assert "● running" in seat.headline


async def test_keys_that_mean_nothing_do_nothing(watched: Watched) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        before = seat.journal
        await seat.press("x", "enter", "escape", "tab", "tab", "f5", "up", "down", "pageup", "ctrl+a", "é", "0", "O")
        assert seat.journal == before
        assert seat.is_alone
        assert seat.app.is_running


async def test_what_someone_else_does_is_shown_and_named(watched: Watched, other_client: Connect) -> None:
    async with watched() as seat:
        other = other_client(seat.view)
        values: dict[str, Scalar] = {"batch.size": 8}
        assert isinstance(other.ask(commands.SetFields(seq=other.next_sequence(), values=values)), events.Applied)
        await seat.until(lambda: "batch.size" in str(seat.journal) and seat.view.spec.batch.size == 8)
        seat.dashboard.draw()
        assert seat.message.endswith("m 16 → 8, in force by colleague")
        assert "batch 8" in seat.chart("loss")


async def test_the_fastest_pace_is_none_and_from_there_one_can_slow_down(watched: Watched, preset: MakePreset) -> None:
    async with watched(preset(pace={"steps_per_second": 15_000.0})) as seat:
        await seat.paused_at(100)
        await seat.press("full_stop")
        assert seat.view.spec.pace.steps_per_second is None
        before = seat.journal
        await seat.press("full_stop")
        assert seat.journal == before
        await seat.press("comma")
        pace = seat.view.spec.pace.steps_per_second
        assert pace is not None
        assert pace >= 1.0


async def test_the_parameter_table_shows_what_the_engine_measured(watched: Watched) -> None:
    async with watched() as seat:
        await seat.paused_at(10)
        await seat.press("s")
        await seat.until(lambda: seat.view.lane.loss.last_x == seat.view.step)
        heading, *rows = seat.table.splitlines()
        assert heading.split()[:2] == ["parameter", "shape"]
        assert [row.split()[:2] for row in rows] == [
            ["layer1.weight", "2×4"],
            ["layer1.bias", "4"],
            ["layer2.weight", "4×1"],
            ["layer2.bias", "1"],
        ]
        await seat.until(lambda: len(RecordReader(seat.view.client.run.record).telemetry(1)) > 0)
        await seat.until(lambda: RecordReader(seat.view.client.run.record).telemetry(1)[-1].step == seat.view.step)
        measured = RecordReader(seat.view.client.run.record).telemetry(1)[-1].values
        for row, values in zip(rows, measured, strict=True):
            assert [float(figure) for figure in row.split()[2:]] == pytest.approx(values.tolist(), rel=1e-3)
