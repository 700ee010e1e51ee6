"""One epoch, another seed, undo and redo, a frozen view, a way out of every layer, and what a lesson has locked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import OptionList

from engine.method.locks import Locks
from engine.method.schedules import SCHEDULES
from engine.run import client
from engine.run.commands import SetFields
from presets import Preset
from tests.tui.form_app import field_of, rows_of
from tui.run_view import RunView
from tui.screens.dialogs import ScheduleDialog
from tui.screens.help import HelpKey, HelpScreen
from tui.screens.settings import SettingsForm
from tui.screens.tour import CARDS, Tour, is_first_visit
from tui.widgets.key_bar import KeyBar
from tui.widgets.lesson import LessonPanel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tui.conftest import Seat, Watched

MakePreset = Callable[..., Preset]
Connect = Callable[[RunView], client.Client]


def commands(seat: Seat) -> list[str]:
    return [command for command, _ in seat.journal]


def lesson(seat: Seat) -> str:
    return seat.dashboard.query_one(LessonPanel).export()


# ---- one epoch, another seed


async def test_one_epoch_ends_with_it_and_says_so(watched: Watched) -> None:
    """Four steps are an epoch."""
    async with watched() as seat:
        await seat.paused_at(5)
        await seat.press("n")
        await seat.until(lambda: seat.view.state == "paused")
        assert seat.view.step % 4 == 0
        first = seat.view.step
        await seat.press("n")
        await seat.until(lambda: seat.view.state == "paused" and seat.view.step == first + 4)
        seat.dashboard.draw()
        assert seat.message == f"step {first + 4}: paused"
        assert commands(seat)[-4:] == ["epoch", "pause", "epoch", "pause"]


async def test_another_seed_is_shown_journaled_and_keeps_the_settings(watched: Watched) -> None:
    async with watched(size=(160, 40)) as seat:
        await seat.paused_at(5)
        await seat.press("]")
        await seat.press("N")
        seed = seat.view.spec.seed
        assert seed.init == seed.batches == seed.dropout != 0
        assert seat.view.spec.optimizer.lr == 0.011
        assert seat.view.step == 0
        assert seat.message == f"reset: seed {seed.init}: other parameters and batches from step 0"
        await seat.press("i")
        assert f"weights {seed.init}" in " ".join(lesson(seat).split())
        await seat.press("r")
        assert seat.view.spec.seed == seed


# ---- undo and redo


async def test_fields_that_were_changed_together_are_told_together_and_so_is_the_way_back(watched: Watched) -> None:
    async with watched(size=(160, 40)) as seat:
        await seat.paused_at(5)
        seat.dashboard.send(
            SetFields(seq=seat.view.next_sequence(), lane=0, values={"optimizer.lr": 0.02, "optimizer.beta1": 0.8}),
            "two",
        )
        await seat.until(lambda: seat.view.spec.optimizer.lr == 0.02)
        seat.dashboard.draw()
        assert "2 changes: α 0.01 → 0.02, β₁ 0.9 → 0.8" in seat.message
        await seat.press("u")
        assert "2 changes: α 0.02 → 0.01, β₁ 0.8 → 0.9" in seat.message


# ---- the schedule


async def test_a_schedule_is_chosen_from_a_list(watched: Watched) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        await seat.press("S")
        dialog = seat.app.screen
        assert isinstance(dialog, ScheduleDialog)
        choices = dialog.query_one(OptionList)
        ids = [str(choices.get_option_at_index(index).id) for index in range(choices.option_count)]
        assert ids == [name for name in SCHEDULES if name != "constant"]
        await seat.pilot.press("escape")
        assert seat.is_alone
        assert seat.view.spec.schedule.name == "constant"
        await seat.press("S", "down", "enter")
        assert seat.view.spec.schedule.name == ids[1]


@pytest.mark.parametrize("columns", [80, 120])
async def test_of_a_schedule_only_its_name_stands_in_the_column_of_names(watched: Watched, columns: int) -> None:
    async with watched(size=(columns, 36)) as seat:
        await seat.press("S")
        await seat.pilot.pause()
        region = seat.app.screen.query_one(OptionList).region
        rows = [row[region.x : region.right].ljust(40) for row in on_screen(seat)[region.y : region.bottom]]
        beginnings = [row[1:17].strip() for row in rows]
        assert "" in beginnings
        assert {each for each in beginnings if each} <= set(SCHEDULES)


# ---- the frozen view, and the way out


async def test_a_frozen_view_stands_while_the_run_goes_on(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5)
        await seat.press("f")
        picture, step = seat.chart("loss"), seat.view.step
        await seat.until(lambda: seat.view.step > step + 10)
        seat.dashboard.draw()
        assert seat.chart("loss") == picture
        assert seat.view.state == "running"
        assert "VIEW FROZEN at step" in seat.progress
        assert f"step {seat.view.step:,}" in seat.progress
        await seat.press("f")
        assert seat.chart("loss") != picture
        assert "FROZEN" not in seat.progress


def on_screen(seat: Seat) -> list[str]:
    return [strip.text.rstrip() for strip in seat.app.screen._compositor.render_strips()]


async def test_a_frozen_picture_stands_through_resizes_tabs_and_tiles(watched: Watched) -> None:
    """It is cut off or has room beside it, and says of when it is; what was not on the screen then is not shown."""
    async with watched(size=(120, 36)) as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5)
        await seat.press("f")
        await seat.pilot.pause()
        frozen, sign = seat.dashboard.frozen_at, f"frozen at step {seat.dashboard.frozen_at:,}"
        picture = on_screen(seat)[2:-6]
        assert any("loss" in row for row in picture)
        values = seat.dashboard._deck.export()
        await seat.until(lambda: seat.view.step > (frozen or 0) + 10)
        await seat.pilot.resize_terminal(80, 24)
        await seat.pilot.pause()
        assert [row[:70].rstrip() for row in on_screen(seat)[2:10]] == [row[:70].rstrip() for row in picture[:8]]
        assert any(sign in row for row in on_screen(seat))
        await seat.press("2")
        await seat.pilot.pause()
        assert [row for row in on_screen(seat)[2:-3] if row] == [f" {sign}: f goes on"], on_screen(seat)
        await seat.pilot.resize_terminal(120, 36)
        await seat.press("1", "t")
        await seat.pilot.pause()
        assert [row[:50].rstrip() for row in on_screen(seat)[2:10]] == [row[:50].rstrip() for row in picture[:8]]
        assert seat.dashboard._deck.export() == values
        await seat.press("t", "t")
        await seat.pilot.pause()
        assert on_screen(seat)[2:-6] == picture
        assert f"VIEW FROZEN at step {frozen:,}" in seat.progress
        await seat.press("f")
        await seat.pilot.pause()
        assert on_screen(seat)[2:-6] != picture
        assert seat.dashboard._deck.view.has_focus


async def test_escape_steps_out_one_layer_after_the_other_and_never_leaves(watched: Watched) -> None:
    async with watched(size=(160, 45)) as seat:
        dashboard = seat.dashboard
        await seat.pilot.press("t", "i", "z", "f", "h")

        def layers() -> tuple[bool, bool, bool, bool, int]:
            return (
                not seat.is_alone,
                dashboard.frozen_at is not None,
                dashboard.has_class("-maximised"),
                bool(dashboard.query_one(LessonPanel).display),
                dashboard._deck.tiles,
            )

        expected = [
            (True, True, True, True, 2),
            (False, True, True, True, 2),
            (False, False, True, True, 2),
            (False, False, False, True, 2),
            (False, False, False, False, 2),
            (False, False, False, False, 1),
        ]
        for state in expected:
            assert layers() == state
            await seat.pilot.press("escape")
        await seat.pilot.press("escape")
        assert seat.is_alone
        assert seat.app.is_running


async def test_on_a_narrow_terminal_escape_takes_away_first_what_hides_the_view(watched: Watched) -> None:
    async with watched(size=(80, 24)) as seat:
        await seat.pilot.press("z", "i", "escape")
        assert not seat.dashboard.query_one(LessonPanel).display
        assert seat.dashboard.has_class("-maximised")


# ---- the lesson


async def test_the_lesson_shows_what_to_see_what_to_try_and_how_near_the_goal_is(watched: Watched) -> None:
    from presets import load

    async with watched(load("ravine"), size=(160, 45)) as seat:
        await seat.until(lambda: seat.view.step > 10)
        await seat.press("space")
        await seat.press("i")
        text = " ".join(lesson(seat).split())
        for words in ("y jumps from wall to wall", "Set the rate to 0.01", "f below 1e-6 within 440 updates", "open"):
            assert words in text
        await seat.until(lambda: f"{440 - seat.view.step} steps left" in lesson(seat), lambda: lesson(seat))
        deck, panel = seat.dashboard._deck.region, seat.dashboard.query_one(LessonPanel).region
        assert deck.right <= panel.x, "beside the view"
        seat.dashboard.set_fields({"pace.steps_per_second": None}, {})
        await seat.press("space")
        await seat.until(lambda: "✓ reached after 440 steps" in lesson(seat), lambda: lesson(seat))


async def test_a_preset_without_a_goal_has_a_lesson_all_the_same(watched: Watched) -> None:
    async with watched(size=(80, 24)) as seat:
        await seat.press("i")
        await seat.until(lambda: "A curve that falls." in lesson(seat), lambda: lesson(seat))
        await seat.until(lambda: "No goal" in lesson(seat), lambda: lesson(seat))
        deck, panel = seat.dashboard._deck.region, seat.dashboard.query_one(LessonPanel).region
        assert deck.overlaps(panel), "over the view"
        await seat.press("i")
        assert not seat.dashboard.query_one(LessonPanel).display


@pytest.mark.thorough
@pytest.mark.parametrize("size", [(1, 1), (10, 4), (24, 8), (300, 100)])
async def test_the_lesson_opens_at_any_size(watched: Watched, size: tuple[int, int]) -> None:
    async with watched(size=size) as seat:
        await seat.press("i")
        seat.dashboard.draw()
        await seat.pilot.pause()
        assert seat.app.is_running


# ---- what is locked


@pytest.fixture
def locked(preset: MakePreset) -> Preset:
    """A lesson about the learning rate, which may be turned by number and by slider alone."""
    from dataclasses import replace

    return replace(preset(), locks=Locks(controls=("settings", "reset"), but=("optimizer.lr",)))


async def test_what_is_locked_is_grey_in_the_footer_and_says_so(watched: Watched, locked: Preset) -> None:
    async with watched(locked, size=(120, 36)) as seat:
        await seat.paused_at(5)
        before = commands(seat)
        bar = seat.dashboard.query_one(KeyBar)
        await seat.until(lambda: bar.placed)
        grey = {one.key.shown for one in bar.placed if not one.key.is_on}
        assert grey == {"o", "r", ",", "."}
        for key, name in (
            ("r", "Reset"),
            ("o", "Optimizer"),
            ("N", "New seed"),
            ("S", "Schedule"),
            ("comma", "Slower"),
        ):
            await seat.press(key)
            assert seat.is_alone
            assert seat.message == f"{name}: locked by the lesson"
        assert commands(seat) == before
        await seat.press("]")
        assert seat.view.spec.optimizer.lr == 0.011
        titles = [command.title for command in seat.app.get_system_commands(seat.app.screen)]
        assert not [title for title in titles if title.startswith(("Reset", "Switch to", "Schedule:"))]


async def test_a_click_on_a_grey_key_says_why_as_the_key_does(watched: Watched, locked: Preset) -> None:
    async with watched(locked, size=(120, 36)) as seat:
        await seat.paused_at(5)
        before = commands(seat)
        bar = seat.dashboard.query_one(KeyBar)
        await seat.until(lambda: bar.placed)
        told: list[str] = []
        for shown in ("r", "o", ","):
            (start,) = [one.start for one in bar.placed if one.key.shown == shown]
            await seat.pilot.click(KeyBar, offset=(bar.styles.padding.left + start, 0))
            await seat.until(lambda: seat.message not in told and seat.message.endswith(": locked by the lesson"))
            told.append(seat.message)
        assert [words.partition(":")[0] for words in told] == ["Reset", "Optimizer", "Slower"]
        assert commands(seat) == before


async def test_the_engine_refuses_what_is_locked_whoever_sends_it(watched: Watched, locked: Preset) -> None:
    async with watched(locked) as seat:
        await seat.paused_at(5)
        seat.dashboard.set_fields({"batch.size": 8}, {})
        await seat.answered()
        assert seat.message == "refused: m 8: batch.size: locked by the lesson"
        assert seat.view.spec.batch.size == 16


async def test_the_form_and_the_lesson_show_what_is_locked(watched: Watched, locked: Preset) -> None:
    async with watched(locked, size=(160, 45)) as seat:
        await seat.press("i")
        assert "every setting, starting again; free all the same: the optimizer: learning rate" in " ".join(
            lesson(seat).split()
        )
        await seat.press("h")
        form = seat.app.screen
        assert isinstance(form, SettingsForm)
        assert not form.query_one("#field-optimizer-lr").disabled
        assert form.query_one("#field-batch-size").disabled
        assert "Locked by the lesson" in " ".join(rows_of(field_of(form, "batch.size")))


ENDING = {"stop": {"steps": 20}}


async def test_beyond_the_end_of_a_locked_lesson_every_key_names_what_is_free_and_no_more(
    watched: Watched, preset: MakePreset
) -> None:
    from dataclasses import replace

    locks = Locks(controls=("settings", "reset", "step"), but=("optimizer.lr",))
    async with watched(replace(preset(**ENDING), locks=locks), size=(120, 36)) as seat:
        await seat.until(lambda: seat.view.state == "ended")
        await seat.press("space")
        assert seat.message == "to train on beyond the end: locked by the lesson"
        await seat.press("n")
        assert "to train on and to start again are locked by the lesson" in seat.message
        assert "resume it" not in seat.message
        assert "reset it" not in seat.message


async def test_after_an_end_the_engine_names_the_one_way_that_is_free(watched: Watched, preset: MakePreset) -> None:
    from dataclasses import replace

    async with watched(replace(preset(**ENDING), locks=Locks(controls=("reset",))), size=(120, 36)) as seat:
        await seat.until(lambda: seat.view.state == "ended")
        for key in ("n", "s"):
            await seat.press(key)
            assert seat.message.endswith(": resume it to train on"), key


# ---- help, tour and palette


async def test_help_speaks_of_what_has_the_focus_and_a_click_does_what_the_key_does(watched: Watched) -> None:
    async with watched(size=(120, 60)) as seat:
        await seat.paused_at(5)
        type(seat.dashboard._deck.view).HELP = "Curves **fall**."
        try:
            await seat.pilot.press("question_mark")
            screen = seat.app.screen
            assert isinstance(screen, HelpScreen)
            assert screen._explained == ["Curves **fall**."]
            rows = {row._explained.keys: row for row in screen.query(HelpKey)}
            step = seat.view.step
            rows["s"].scroll_visible(animate=False)
            await seat.pilot.pause()
            await seat.pilot.click(rows["s"])
            await seat.until(lambda: seat.view.step == step + 1)
            assert seat.is_alone
        finally:
            type(seat.dashboard._deck.view).HELP = None


async def test_help_in_the_form_explains_the_slider_in_focus(watched: Watched) -> None:
    async with watched() as seat:
        await seat.pilot.press("h", "tab", "question_mark")
        screen = seat.app.screen
        assert isinstance(screen, HelpScreen)
        assert "slider moves" in screen._explained[0]
        assert screen._keys[0][0] == "Keys here"
        assert [row.keys for row in screen._keys[0][1]][:2] == ["←", "→"]
        await seat.pilot.press("escape", "escape")
        assert seat.is_alone


@pytest.mark.thorough
async def test_the_tour_is_gone_through_and_left_at_any_card(watched: Watched) -> None:
    async with watched() as seat:
        assert seat.is_alone, "who opens a dashboard from a program is not shown around"
        seat.dashboard.action_tour()
        await seat.pilot.pause()
        tour = seat.app.screen
        assert isinstance(tour, Tour)
        await seat.pilot.press("enter", "right", "left")
        assert tour.card == 1
        await seat.pilot.click("#next")
        assert tour.card == 2
        await seat.pilot.press("escape")
        assert seat.is_alone
        seat.dashboard.action_tour()
        await seat.pilot.pause()
        await seat.pilot.press(*["enter"] * len(CARDS))
        assert seat.is_alone


def test_a_tour_is_shown_once_and_not_where_that_cannot_be_remembered(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GDTUI_DATA_DIR", str(places / "new"))
    assert is_first_visit()
    assert not is_first_visit()
    (places / "file").write_text("in the way")
    monkeypatch.setenv("GDTUI_DATA_DIR", str(places / "file"))
    assert not is_first_visit()


async def test_the_palette_knows_every_view_field_and_way(watched: Watched) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        commands: dict[str, Any] = {
            command.title: command.callback for command in seat.app.get_system_commands(seat.app.screen)
        }
        for title in ("Show Curves", "Undo the last live change", "Make one epoch", "Schedule: cosine", "Tour"):
            assert title in commands
        commands["Set optimizer: Decay of the gradient β₁"]()
        await seat.pilot.pause()
        form = seat.app.screen
        assert isinstance(form, SettingsForm)
        assert form.focused is field_of(form, "optimizer.beta1")
