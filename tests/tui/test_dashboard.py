"""Every key and every click: what it asks of the engine, and what the screen says once the engine has answered."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from textual.command import CommandPalette
from textual.fuzzy import Matcher
from textual.widgets import Footer, OptionList
from textual.widgets._footer import FooterKey, FooterLabel

from engine.fields import Scalar
from engine.method.optimizers import RULES
from engine.run import client, protocol
from engine.run.history import RecordReader
from presets import Preset
from tui.run_view import RunView
from tui.screens.dialogs import OptimizerDialog, QuitDialog
from tui.screens.help import HelpScreen, keys_of
from tui.screens.settings import SettingsForm

if TYPE_CHECKING:
    from tests.tui.conftest import Seat, Watched

MakePreset = Callable[..., Preset]
Connect = Callable[[RunView], client.Client]


def journal(seat: Seat) -> list[tuple[str, list[tuple[str, Any, Any]]]]:
    """Return what the engine wrote down as applied: each command and the fields that it changed."""
    return [
        (
            event.payload["command"],
            [(change["key"], change["old"], change["new"]) for change in event.payload["changes"]],
        )
        for event in RecordReader(seat.view.client.run.record).events()
        if event.kind == "applied"
    ]


def footer_keys(seat: Seat) -> dict[str, FooterKey]:
    """Return the keys at the bottom of the dashboard by what they are called there."""
    return {key.key_display: key for key in seat.dashboard.query_one(Footer).query(FooterKey)}


def best_found(seat: Seat) -> str:
    """Return the first of what the palette finds."""
    found = seat.app.screen.query_one(OptionList)
    return str(found.get_option_at_index(0).prompt) if found.option_count else ""


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
        assert [changes for _, changes in journal(seat) if changes] == expected, key
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
        assert journal(seat)[-1][0] == "resume"
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
        assert [command for command, _ in journal(seat)][-4:] == ["step", "step", "reset", "reset"]


async def test_no_key_press_is_lost_however_fast(watched: Watched) -> None:
    async with watched() as seat:
        await seat.press(*"]" * 5)
        assert seat.view.spec.optimizer.lr == pytest.approx(0.01 * 1.1**5, rel=1e-9)
        assert len(seat.view.lane.markers) == 5


async def test_a_click_on_a_key_of_the_footer_does_the_same(watched: Watched) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        names = {"space", "s", "[", "]", "{", "}", "o", "h", "r", ",", ".", "?", "q"}

        async def click(name: str) -> None:
            # The footer makes its keys anew whenever a dialog has gone.
            await seat.until(lambda: set(footer_keys(seat)) == names, lambda: footer_keys(seat))
            assert await seat.pilot.click(footer_keys(seat)[name])
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
        await seat.until(lambda: len(footer_keys(seat)) == 13, lambda: footer_keys(seat))
        await seat.pilot.pause()
        assert all(key.region.right <= size[0] and key.region.width for key in footer_keys(seat).values())


@pytest.mark.parametrize("size", [(60, 20), (24, 12)])
async def test_a_narrow_footer_still_says_how_to_learn_more_and_how_to_leave(
    watched: Watched, size: tuple[int, int]
) -> None:
    async with watched(size=size) as seat:
        await seat.until(lambda: len(footer_keys(seat)) == 13, lambda: footer_keys(seat))
        await seat.pilot.pause()
        for name in ("?", "q"):
            assert seat.dashboard.region.contains_region(footer_keys(seat)[name].region), name


async def test_the_footer_says_exactly_what_the_brackets_do(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.until(lambda: len(footer_keys(seat)) == 13, lambda: footer_keys(seat))
        await seat.pilot.pause()
        words = " ".join(str(label.content) for label in seat.dashboard.query(FooterLabel) if label.region)
        for factor in ("−10 %", "+10 %", "÷10", "×10"):
            assert factor in words


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


async def test_another_optimizer_takes_over_what_was_learnt_or_starts_anew(watched: Watched) -> None:
    """RMSProp's first mean square is a tenth of one squared gradient; carried over, it is that of many."""
    rms = {}
    async with watched() as seat:
        await seat.paused_at(30)
        for how, expected in (("c", "carried over"), ("n", "started anew")):
            await seat.press("o")
            dialog = seat.app.screen
            assert isinstance(dialog, OptimizerDialog)
            choices = dialog.query_one(OptionList)
            ids = [str(choices.get_option_at_index(index).id) for index in range(choices.option_count)]
            choices.highlighted = ids.index("rmsprop")
            os.kill(seat.engine, signal.SIGSTOP)
            await seat.pilot.press(how)
            assert seat.message == f"… asked: rmsprop, state {expected}, not in force yet".replace(
                "state started", "started"
            )
            os.kill(seat.engine, signal.SIGCONT)
            await seat.answered()
            assert seat.view.spec.optimizer.name == "rmsprop"
            assert "RMSProp" in seat.headline
            assert seat.view.lane.markers[-1].label.startswith("adam → rmsprop")
            await seat.press("s")
            await seat.until(lambda: seat.view.lane.loss.last_x == seat.view.step)
            assert seat.view.lane.figures is not None
            rms[how] = seat.view.lane.figures[:, 2] / seat.view.lane.figures[:, 1]
            await seat.press("R")
            await seat.press("r")
            await seat.press("space")
            await seat.paused_at(30)
    assert (rms["c"] > rms["n"]).all()


async def test_the_choice_of_optimizers_leaves_out_the_one_in_force(watched: Watched) -> None:
    async with watched() as seat:
        await seat.pilot.press("o")
        choices = seat.app.screen.query_one(OptionList)
        ids = [str(choices.get_option_at_index(index).id) for index in range(choices.option_count)]
        assert ids == [name for name in RULES if name != "adam"]
        await seat.pilot.press("o")
        assert seat.is_alone
        assert not [changes for _, changes in journal(seat) if changes]


async def test_a_click_chooses_an_optimizer(watched: Watched) -> None:
    async with watched() as seat:
        await seat.pilot.press("o")
        await seat.pilot.click(OptionList, offset=(4, 0))
        await seat.answered()
        assert seat.view.spec.optimizer.name == "sgd"


async def test_clicks_choose_an_optimizer_that_starts_anew(watched: Watched) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        await seat.pilot.press("o", "down", "down")
        os.kill(seat.engine, signal.SIGSTOP)
        await seat.pilot.click("#anew")
        assert seat.message == "… asked: nesterov, started anew, not in force yet"
        os.kill(seat.engine, signal.SIGCONT)
        await seat.answered()
        assert seat.view.spec.optimizer.name == "nesterov"


async def test_the_palette_names_every_command_and_carries_it_out(watched: Watched) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        commands = list(seat.app.get_system_commands(seat.app.screen))
        titles = [command.title for command in commands]
        assert len(titles) == len(set(titles))
        await seat.pilot.press("ctrl+p")
        assert isinstance(seat.app.screen, CommandPalette)
        await seat.pilot.press(*"rate down")
        await seat.until(lambda: best_found(seat).startswith("Learning rate down"), lambda: best_found(seat))
        await seat.pilot.press("enter")
        await seat.until(lambda: seat.view.spec.optimizer.lr == 0.009)
        own = {command.title: command.callback for command in commands}
        for title, command in (
            ("Make one step", "step"),
            ("Pause or go on", "resume"),
            ("Learning rate divided by 10", "turn"),
            ("Learning rate down by 10 %", "turn"),
            ("Learning rate up by 10 %", "turn"),
            ("Slower: half the pace", "turn"),
            ("Faster: twice the pace", "turn"),
            ("Switch to SGD: carry the state over", "set"),
            ("Reset: start again, keep the settings", "reset"),
            ("Reset: start again", "reset"),
        ):
            own[title]()
            await seat.answered()
            assert journal(seat)[-1][0] == command, title
        assert seat.view.spec.optimizer.name == "adam"


FOUND = {
    "learning": {
        "Learning rate down by 10 %",
        "Learning rate up by 10 %",
        "Learning rate divided by 10",
        "Learning rate times 10",
    },
    "times 10": {"Learning rate times 10"},
    "divide by 10": {"Learning rate divided by 10"},
    "adam": {"Settings: hyperparameters of Adam, batch, pace…"},
    "rmsprop": {"Switch to RMSProp: carry the state over", "Switch to RMSProp: start anew"},
    "pace": {"Settings: hyperparameters of Adam, batch, pace…", "Slower: half the pace", "Faster: twice the pace"},
    "start again": {"Reset: start again", "Reset: start again, keep the settings"},
}
"""What a person types into the palette while Adam is in force, and what must be among the best that it finds."""


async def test_a_command_is_found_by_what_one_would_type(watched: Watched) -> None:
    async with watched() as seat:
        titles = [command.title for command in seat.app.get_system_commands(seat.app.screen)]
    for words, expected in FOUND.items():
        assert words.isascii(), "everyone can type it"
        score = {title: Matcher(words).match(title) for title in titles}
        best = sorted(titles, key=lambda title: -score[title])[: len(expected)]
        assert set(best) == expected, words
        assert all(score[title] > 0.0 for title in best), words


@pytest.mark.parametrize("way", ["keys", "palette", "within a dialog"])
async def test_leaving_a_run_that_goes_on_says_how_to_come_back(watched: Watched, way: str) -> None:
    """However one quits, nobody is left with an engine at work that they do not know of."""
    async with watched() as seat:
        run = seat.view.client.run
        match way:
            case "keys":
                await seat.pilot.press("ctrl+q")
            case "palette":
                await seat.pilot.press("ctrl+p")
                await seat.pilot.press(*"quit")
                await seat.until(lambda: best_found(seat).startswith("Quit"), lambda: best_found(seat))
                await seat.pilot.press("enter")
            case _:
                await seat.pilot.press("question_mark", "ctrl+q")
        await seat.until(lambda: isinstance(seat.app.screen, QuitDialog), lambda: seat.app.screen)
        await seat.pilot.press("l")
        await seat.until(lambda: seat.app.farewell)
        assert seat.app.farewell.startswith(f"{run.name} goes on; come back with: gdtui attach {run.name}")
        assert run.is_live()


async def test_leaving_and_stopping_ends_the_engine(watched: Watched) -> None:
    async with watched() as seat:
        run = seat.view.client.run
        await seat.pilot.press("q", "s")
        await seat.until(lambda: seat.app.farewell)
        assert seat.app.farewell.startswith(f"{run.name} has ended\nits record: ")
        assert not run.is_live()


async def test_staying_changes_nothing(watched: Watched) -> None:
    async with watched() as seat:
        for key in ("escape", "q", "c"):
            await seat.pilot.press("q")
            assert isinstance(seat.app.screen, QuitDialog)
            await seat.pilot.press(key)
            assert seat.is_alone
        await seat.pilot.press("q")
        await seat.pilot.click(OptionList, offset=(4, 2))
        assert seat.is_alone
        assert not seat.app.farewell
        assert seat.view.client.run.is_live()


async def test_help_names_every_key_and_closes_again(watched: Watched) -> None:
    async with watched() as seat:
        for key in ("escape", "question_mark", "q"):
            await seat.pilot.press("question_mark")
            assert isinstance(seat.app.screen, HelpScreen)
            await seat.pilot.press(key)
            assert seat.is_alone
        named = {part for _, rows in keys_of(seat.dashboard) for row in rows for part in row.keys.split()}
        for key in ("space", *"s[]{}ohrR,.nNuUSftziq?", "^p", "1", "f12"):
            assert key in named, key


async def test_keys_that_mean_nothing_do_nothing(watched: Watched) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        before = journal(seat)
        await seat.press("x", "enter", "escape", "tab", "tab", "f5", "up", "down", "pageup", "ctrl+a", "é", "0", "O")
        assert journal(seat) == before
        assert seat.is_alone
        assert seat.app.is_running


async def test_what_someone_else_does_is_shown_and_named(watched: Watched, other_client: Connect) -> None:
    async with watched() as seat:
        other = other_client(seat.view)
        values: dict[str, Scalar] = {"batch.size": 8}
        assert isinstance(other.ask(protocol.SetFields(seq=other.next_sequence(), values=values)), protocol.Applied)
        await seat.until(lambda: "batch.size" in str(journal(seat)) and seat.view.spec.batch.size == 8)
        seat.dashboard.draw()
        assert seat.message.endswith("m 16 → 8, in force by colleague")
        assert "batch 8" in seat.chart("loss")


async def test_the_fastest_pace_is_none_and_from_there_one_can_slow_down(watched: Watched, preset: MakePreset) -> None:
    async with watched(preset(pace={"steps_per_second": 15_000.0})) as seat:
        await seat.paused_at(100)
        await seat.press("full_stop")
        assert seat.view.spec.pace.steps_per_second is None
        before = journal(seat)
        await seat.press("full_stop")
        assert journal(seat) == before
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
