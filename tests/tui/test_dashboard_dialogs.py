"""What opens over a dashboard: the choice of optimizers, the palette, the help, and the question at the end."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from textual.command import CommandPalette
from textual.fuzzy import Matcher
from textual.widgets import OptionList

from engine.method.optimizers import RULES
from tui.screens.dialogs import OptimizerDialog, QuitDialog
from tui.screens.help import HelpScreen, keys_of

if TYPE_CHECKING:
    from tests.tui.conftest import Seat, Watched


def best_found(seat: Seat) -> str:
    """Return the first of what the palette finds."""
    found = seat.app.screen.query_one(OptionList)
    return str(found.get_option_at_index(0).prompt) if found.option_count else ""


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
        assert not [changes for _, changes in seat.journal if changes]


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
            assert seat.journal[-1][0] == command, title
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


async def test_a_dialog_has_no_palette(watched: Watched) -> None:
    async with watched() as seat:
        for key in ("h", "o", "S", "q", "question_mark"):
            await seat.pilot.press(key)
            dialog = seat.app.screen
            await seat.pilot.press("ctrl+p")
            assert seat.app.screen is dialog, key
            await seat.pilot.press("escape")
        await seat.pilot.press("ctrl+p")
        assert isinstance(seat.app.screen, CommandPalette)


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


async def test_help_begins_with_words_on_the_smallest_terminal(watched: Watched) -> None:
    async with watched(size=(20, 5)) as seat:
        await seat.pilot.press("question_mark")

        def rows() -> list[str]:
            return [strip.text for strip in seat.app.screen._compositor.render_strips()]

        await seat.until(lambda: "Curves" in "".join(rows()[:3]), rows)


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
