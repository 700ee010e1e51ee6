"""When a run ends, breaks or loses its engine: the dashboard says what happened and what can be done."""

from __future__ import annotations

import math
import os
import resource
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Static

from engine.method.locks import Locks
from presets import Preset
from tests.tui.form_app import fill
from tui.notices import REDONE
from tui.screens.dashboard import Dashboard
from tui.screens.dialogs import QuitDialog
from tui.screens.settings import SettingsForm

if TYPE_CHECKING:
    from tests.tui.conftest import Seat, Watched

MakePreset = Callable[..., Preset]

RAVINE = {
    "problem": {"kind": "landscape", "function": "ravine", "start": [1.0, 1.0], "condition": 100},
    "data": None,
    "model": None,
    "batch": None,
    "optimizer": {"name": "sgd", "lr": 0.0198},
    "pace": {"steps_per_second": 400.0},
}


async def kill_engine(seat: Seat) -> None:
    os.kill(seat.engine, signal.SIGKILL)
    await seat.until(lambda: seat.view.is_gone)
    seat.dashboard.draw()


async def test_a_killed_engine_is_reported_and_r_starts_the_same_run_anew(watched: Watched) -> None:
    async with watched() as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5)
        await seat.press("right_square_bracket")
        old = seat.view
        await kill_engine(seat)
        assert "× no engine" in seat.headline
        assert "killed by signal 9" in seat.message
        assert "Press r to start the same run anew" in seat.message
        assert "α 0.011" in seat.chart("loss"), "what was learnt stays on the screen"
        for key in ("space", "s", "right_square_bracket", "comma"):
            await seat.press(key)
            assert seat.message == "there is no engine any more. Press r to start the same run anew", key
        await seat.pilot.press("r")
        await seat.until(lambda: isinstance(seat.app.screen, Dashboard) and seat.view is not old)
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5)
        assert seat.view.welcome.run != old.welcome.run
        assert seat.view.welcome.title == old.welcome.title
        assert seat.view.spec == old.spec.model_copy(update={"optimizer": seat.view.spec.optimizer})
        assert seat.view.spec.optimizer.lr == 0.01
        assert "● running" in seat.headline
        assert not old.client.open


async def test_a_dead_engine_needs_no_question_when_one_leaves(watched: Watched) -> None:
    async with watched() as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5)
        await kill_engine(seat)
        await seat.pilot.press("q")
        await seat.until(lambda: seat.app.farewell)
        run = seat.view.client.run
        assert seat.app.farewell == f"{run.name} broke off at step {seat.view.step}\nits record: {run.path}"


async def test_a_dead_engine_has_no_speed_and_no_time_left(watched: Watched, preset: MakePreset) -> None:
    async with watched(preset(stop={"steps": 100_000})) as seat:
        await seat.until(lambda: seat.view.lane.progress is not None and seat.view.lane.progress.seconds_left)
        seat.dashboard.draw()
        assert "steps/s" in seat.progress
        assert "left" in seat.progress
        await kill_engine(seat)
        assert f"step {seat.view.step}" in seat.progress
        assert "steps/s" not in seat.progress
        assert "left" not in seat.progress


async def test_dialogs_that_are_open_when_the_engine_dies_stay_harmless(watched: Watched) -> None:
    async with watched() as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5)
        await seat.pilot.press("o")
        await kill_engine(seat)
        await seat.pilot.press("enter")
        assert seat.is_alone
        assert "there is no engine any more" in seat.message
        for key in ("o", "h", "question_mark"):
            await seat.pilot.press(key, "escape")
            assert seat.is_alone
        await seat.pilot.press("ctrl+p", "escape")
        assert seat.app.is_running


async def test_a_form_that_waits_for_an_answer_is_told_that_none_will_come(watched: Watched) -> None:
    async with watched() as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5)
        await seat.pilot.press("h")
        form = seat.app.screen
        assert isinstance(form, SettingsForm)
        fill(form, "optimizer.lr", "0.5")
        os.kill(seat.engine, signal.SIGSTOP)
        await seat.pilot.press("ctrl+s")
        verdict = form.query_one("#verdict", Static)
        assert "not in force yet" in str(verdict.content)
        await kill_engine(seat)
        assert str(verdict.content) == "refused: the engine is gone"
        fill(form, "optimizer.lr", "0.25")
        await seat.pilot.press("ctrl+s")
        assert str(verdict.content) == "refused: the engine is gone"


@pytest.mark.parametrize("answer", ["s", "l"])
async def test_the_engine_may_die_while_one_is_asked_what_becomes_of_it(watched: Watched, answer: str) -> None:
    async with watched() as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5)
        await seat.pilot.press("q")
        assert isinstance(seat.app.screen, QuitDialog)
        await kill_engine(seat)
        await seat.pilot.press(answer)
        await seat.until(lambda: seat.app.farewell)
        assert "broke off at step" in seat.app.farewell


async def test_a_divergence_says_what_to_try_and_that_helps(watched: Watched, preset: MakePreset) -> None:
    async with watched(preset(**RAVINE)) as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5)
        await seat.press("right_curly_bracket")
        await seat.until(lambda: seat.view.lane.diverged is not None)
        seat.dashboard.draw()
        assert seat.view.lane.diverged is not None
        step = seat.view.lane.diverged.step
        assert "▲ diverged, paused" in seat.headline
        assert seat.message.startswith(
            f"step {step:,}: the {seat.view.lane.diverged.quantity} is not finite (first in "
        )
        assert "Try { or [" in seat.message
        await seat.until(lambda: seat.view.lane.loss.last_x == step)
        seat.dashboard.draw()
        assert "×" in seat.chart("gradient")
        assert not (math.isfinite(seat.view.lane.loss.last) and math.isfinite(seat.view.lane.grad_norm.last))
        await seat.press("left_curly_bracket")
        assert "▲ diverged, paused" in seat.headline
        await seat.press("space")
        assert "● running" in seat.headline
        await seat.until(lambda: seat.view.lane.loss.last_x >= step + 20)
        assert seat.view.state == "running"
        assert math.isfinite(seat.view.lane.loss.last)
        assert "×" in seat.chart("gradient"), "the mark stays where it was"


async def test_a_single_step_that_diverges_again_is_not_told_as_made(watched: Watched, preset: MakePreset) -> None:
    steep = {"kind": "landscape", "function": "rosenbrock", "start": [-1.2, 1.0]}
    async with watched(preset(**{**RAVINE, "problem": steep, "optimizer": {"name": "sgd", "lr": 1000.0}})) as seat:
        await seat.until(lambda: seat.view.lane.diverged is not None)
        assert seat.view.step == 4
        await seat.press("s")
        assert seat.message == f"step 5: {REDONE}"
        await seat.press("s")
        assert seat.message.startswith(
            "step 6: the gradient is not finite (first in point): paused with the last finite "
        )
        assert "(after 3 updates)" in seat.message
        assert "▲ diverged, paused" in seat.headline
        assert not any("one step made" in notice.words for notice in seat.view.notices)


async def test_a_dialog_over_the_dashboard_goes_with_it_when_the_run_is_started_anew(watched: Watched) -> None:
    async with watched() as seat:
        gone = seat.dashboard
        await kill_engine(seat)
        await seat.pilot.press("question_mark")
        assert not seat.is_alone
        gone.start_anew()
        await seat.until(lambda: isinstance(seat.app.screen, Dashboard) and seat.dashboard is not gone)
        assert gone not in seat.app.screen_stack
        assert len(seat.app.screen_stack) == 2


async def test_a_run_whose_engine_has_gone_starts_anew_where_a_reset_is_locked(
    watched: Watched, preset: MakePreset
) -> None:
    lesson = replace(preset(), locks=Locks(controls=("reset",)))
    async with watched(lesson) as seat:
        gone = seat.dashboard
        await kill_engine(seat)
        assert "Press r to start the same run anew" in seat.message
        await seat.pilot.press("r")
        await seat.until(lambda: isinstance(seat.app.screen, Dashboard) and seat.dashboard is not gone)
        assert not seat.view.is_gone


async def test_after_a_divergence_a_reset_begins_anew(watched: Watched, preset: MakePreset) -> None:
    async with watched(preset(**{**RAVINE, "optimizer": {"name": "sgd", "lr": 1.0}})) as seat:
        await seat.until(lambda: seat.view.lane.diverged is not None)
        await seat.press("left_curly_bracket")
        await seat.press("left_curly_bracket")
        await seat.press("R")
        assert seat.view.lane.diverged is None
        await seat.until(lambda: seat.view.lane.loss.last_x >= 20)
        assert seat.view.state == "running"
        assert seat.headline.endswith("● running  SGD α 0.01")


async def test_the_end_says_why_and_space_trains_on(watched: Watched, preset: MakePreset) -> None:
    async with watched(preset(stop={"steps": 30}, pace={"steps_per_second": 300.0})) as seat:
        await seat.until(lambda: seat.view.lane.finished is not None)
        seat.dashboard.draw()
        assert "■ ended" in seat.headline
        assert seat.message.startswith("step 30: the run has ended: 30 steps made. space trains on, r starts again")
        await seat.press("s")
        assert "the run has ended: resume it to train on" in seat.message
        assert seat.view.step == 30
        await seat.press("space")
        assert seat.view.spec.stop.steps is None
        await seat.until(lambda: seat.view.lane.loss.last_x >= 100)
        assert "● running" in seat.headline


async def test_an_ended_run_is_left_without_a_question(watched: Watched, preset: MakePreset) -> None:
    async with watched(preset(stop={"steps": 30}, pace=None)) as seat:
        await seat.until(lambda: seat.view.state == "ended")
        run = seat.view.client.run
        await seat.pilot.press("q")
        await seat.until(lambda: seat.app.farewell)
        assert seat.app.farewell.startswith(f"{run.name} has ended\nits record: ")


async def test_the_screen_goes_on_while_a_silent_engine_is_stopped_and_then_it_is_said_how(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched() as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5)
        run, dashboard = seat.view.client.run, seat.dashboard
        os.kill(seat.engine, signal.SIGSTOP)
        # A screen that draws has to be drawn long after the last word, whatever this machine is doing.
        monkeypatch.setattr("tui.run_view.SILENCE_S", 0.0)
        await seat.pilot.press("q")
        dashboard.post_message(Dashboard.Left(dashboard, "stop"))
        await seat.until(lambda: not seat.view.client.open)
        dashboard._draw()
        assert seat.message == f"waiting for the end of {run.name}, 5 s at most"
        assert not seat.view.is_gone
        await seat.until(lambda: seat.app.farewell)
        assert seat.app.farewell == f"{run.name} has ended: it did not answer and was killed\nits record: {run.path}"
        assert not seat.app.return_code


def let_write(seat: Seat, at_most: int) -> None:
    """Let the engine write files of so many bytes: of none, it is with its record as on a full disk."""
    resource.prlimit(seat.engine, resource.RLIMIT_FSIZE, (at_most, resource.RLIM_INFINITY))


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs a limit on another process, as Linux has")
async def test_steps_that_cannot_be_recorded_are_told_before_and_after_the_end_loses_them(watched: Watched) -> None:
    async with watched() as seat:
        let_write(seat, 0)
        await seat.until(lambda: seat.view.unrecorded > 20)
        await seat.pilot.press("q")
        dialog = seat.app.screen
        assert isinstance(dialog, QuitDialog)
        said = str(dialog.query_one(".dialog-warning", Static).content)
        told = int(said.split(" lacks ")[1].split()[0])
        assert told > 20
        assert "the end of the run loses" in said
        await seat.pilot.press("s")
        await seat.until(lambda: seat.app.farewell)
        run = seat.view.client.run
        ended, where, lost = seat.app.farewell.splitlines()
        assert (ended, where) == (f"{run.name} has ended", f"its record: {run.path}")
        assert int(lost.split("at least ")[1].split()[0]) >= told
        assert lost.endswith(" steps, which could not be written and are lost")


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs a limit on another process, as Linux has")
async def test_the_log_tells_when_the_record_cannot_be_written_and_when_it_can_again(watched: Watched) -> None:
    async with watched() as seat:
        let_write(seat, 0)
        await seat.until(lambda: seat.view.unrecorded > 20)
        begun = [notice for notice in seat.view.notices if notice.severity == "error"]
        assert len(begun) == 1, "it is told once, however long it lasts"
        assert begun[0].text.startswith("The record cannot be written (")
        let_write(seat, resource.RLIM_INFINITY)
        await seat.until(lambda: not seat.view.unrecorded)
        assert seat.view.notices[-1].text == "the record is written again, and lacks no step"
        await seat.pilot.press("q")
        assert not seat.app.screen.query(".dialog-warning")
        await seat.pilot.press("s")
        await seat.until(lambda: seat.app.farewell)
        assert "lost" not in seat.app.farewell


async def test_a_run_that_someone_else_stops_is_shown_as_ended(watched: Watched) -> None:
    from engine.run import client

    async with watched() as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5)
        client.stop(seat.view.client.run)
        await seat.until(lambda: seat.view.is_gone)
        seat.dashboard.draw()
        assert "the run has ended" in seat.message
        assert any("someone stopped it" in notice.words for notice in seat.view.notices)
