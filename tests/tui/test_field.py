"""A field of the form: what can be typed, pasted and turned in it, and what is drawn."""

from __future__ import annotations

import pytest
from textual.events import AppBlur, AppFocus, Paste

from engine.method.locks import Locks
from tests.tui.form_app import FormApp, field_of, is_asked, line_of, rows_of, slider_at, spec_of, value_at, verdict
from tui.screens.help import HelpScreen
from tui.widgets.entry import Entry
from tui.widgets.field import Field


async def test_a_question_mark_opens_the_help_and_stands_in_no_field() -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=(100, 60)) as pilot:
        for key, text in (("optimizer.lr", "0.001"), ("batch.size", "32"), ("optimizer.form", "torch")):
            field = field_of(app.form, key)
            field.focus()
            await pilot.press("question_mark")
            assert isinstance(app.screen, HelpScreen), key
            await pilot.press("escape")
            assert app.form.is_current, key
            assert field.text == text


async def test_a_field_takes_what_its_value_can_have_and_no_more() -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=(100, 60)) as pilot:
        for key, typed, value in (
            ("optimizer.lr", ("space",), "0.001"),
            ("optimizer.lr", tuple("q!x"), "0.001"),
            ("optimizer.lr", tuple("2.5e-4"), "2.5e-4"),
            ("optimizer.lr", tuple("0,01"), "0,01"),
            ("clip.norm", ("1", "space", "a", "5"), "15"),
            ("batch.size", tuple("full"), "full"),
        ):
            field = field_of(app.form, key)
            stands = field.text
            field.focus()
            await pilot.press(*typed)
            assert field.text == value
            assert app.screen is app.form
            field.text = stands
            await pilot.press("tab")


async def test_a_switch_turned_in_haste_waits_for_the_answer_and_shows_what_is_asked() -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=(100, 60)) as pilot:
        switch = field_of(app.form, "optimizer.bias_correction")
        switch.focus()
        await pilot.press("space", "space", "space")
        key = "optimizer.bias_correction"
        assert app.sent == [({key: False}, {key: True})]
        assert (switch.value, is_asked(switch)) == (True, True)
        assert "○━━━● on" in line_of(switch)
        assert verdict(app.form) == f"asked: {key} off; not in force yet"


async def test_a_switch_says_in_words_whether_it_is_on() -> None:
    """Where there are no colours, and in the smallest window, a place alone would say little."""
    for size in ((120, 36), (40, 12)):
        app = FormApp(spec_of("adam"))
        async with app.run_test(size=size):
            words = {key: line_of(field_of(app.form, f"optimizer.{key}")) for key in ("bias_correction", "decoupled")}
            assert "━━━━● on" in words["bias_correction"]
            assert "●──── off" in words["decoupled"]


@pytest.mark.parametrize("is_typing", [False, True], ids=["on the row", "while typing"])
async def test_of_what_is_pasted_only_what_could_be_typed_arrives(is_typing: bool) -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=(100, 60)) as pilot:
        for key, text, value in (
            ("optimizer.lr", "0.5", "0.5"),
            ("optimizer.lr", "\n\t 0.5\x1b[2J\x07\r\n0.25\n", "0.5"),
            ("optimizer.lr", "lr = 3e-4 \x00", "3e-4"),
            ("optimizer.lr", "\n\x1b[5D7", "0.001"),
            ("batch.size", "full\n64", "full"),
            ("optimizer.bias_correction", "off", "True"),
        ):
            field = field_of(app.form, key)
            stands = field.text
            field.focus()
            await pilot.pause()
            await pilot.press(*["enter"] * (is_typing and field.can_type))
            assert app.focused is not None
            app.focused.post_message(Paste(text))
            await pilot.press("tab")
            assert field.text == value
            assert app.screen is app.form
            assert not app.sent
            field.text = stands


async def test_what_was_typed_stays_where_it_is_marked_until_it_is_sent_or_typed_away() -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=(120, 36)) as pilot:
        field = field_of(app.form, "optimizer.lr")
        assert app.focused is field
        await pilot.press(*"0.02")
        assert app.form.query_one(Entry).has_focus
        assert line_of(field).startswith("* Learning rate α "), "as soon as it differs"
        assert "enter sends it" in line_of(field)
        await pilot.press("tab")
        await pilot.pause()
        assert not app.form.query(Entry), "the line is there only while somebody types"
        assert line_of(field).startswith("* Learning rate α ")
        assert "0.02 " in line_of(field)
        assert "enter sends it" in line_of(field)
        assert not app.sent
        await pilot.press("shift+tab", "enter", "home", "delete", "delete", "delete", "delete", *"0.0010", "tab")
        assert not line_of(field).startswith("*")
        await pilot.press("shift+tab", "5", "enter")
        assert app.sent == [({"optimizer.lr": 5.0}, {"optimizer.lr": 0.001})]
        assert app.focused is field


async def test_a_line_that_is_typed_in_waits_while_the_terminal_is_left() -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press(*"0.0")
        app.post_message(AppBlur())
        await pilot.pause()
        app.post_message(AppFocus())
        await pilot.pause()
        await pilot.press("5", "enter")
        assert app.sent == [({"optimizer.lr": 0.05}, {"optimizer.lr": 0.001})]


async def test_the_value_is_clicked_to_amend_it_and_the_slider_to_move_it() -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=(120, 36)) as pilot:
        field = field_of(app.form, "optimizer.beta1")
        await pilot.click(field, offset=value_at(field))
        entry = app.form.query_one(Entry)
        assert (entry.has_focus, entry.value, entry.selected_text) == (True, "0.9", "0.9")
        await pilot.click(field, offset=slider_at(field, 0))
        assert app.sent == [({"optimizer.beta1": 0.0}, {"optimizer.beta1": 0.9})]


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (40, 12), (24, 5), (4, 2), (1, 1)], ids=str)
async def test_every_size_has_its_rows_and_takes_the_keys(size: tuple[int, int]) -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=size) as pilot:
        await pilot.press("right")
        assert app.sent == [({"optimizer.lr": 0.00125}, {"optimizer.lr": 0.001})]
        await pilot.press("7", "enter")
        assert app.sent[1:] == [({"optimizer.lr": 7.0}, {"optimizer.lr": 0.001})]
        for field in app.form.query(Field):
            assert all(len(row) == field.size.width for row in rows_of(field))


async def test_a_locked_field_is_passed_over_and_cannot_be_turned() -> None:
    app = FormApp(spec_of("adam"), Locks(controls=("optimizer.lr", "optimizer.decoupled")))
    async with app.run_test(size=(120, 36)) as pilot:
        assert app.focused is field_of(app.form, "optimizer.weight_decay")
        await pilot.press("tab")
        assert app.focused is field_of(app.form, "optimizer.beta1")
        rate, switch = field_of(app.form, "optimizer.lr"), field_of(app.form, "optimizer.decoupled")
        await pilot.click(rate, offset=slider_at(rate, 20))
        await pilot.click(rate, offset=value_at(rate))
        await pilot.click(switch, offset=value_at(switch))
        assert not app.sent
        assert not app.form.query(Entry)
        assert "✗ Locked by the lesson" in rows_of(rate)[rate.row + 1]
