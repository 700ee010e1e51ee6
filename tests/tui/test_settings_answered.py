"""The form over a running engine: it waits for the engine, and shows what has become of a change."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from engine.fields import Scalar
from engine.run import client, commands, events
from tests.tui.form_app import field_of, fill, is_asked, line_of, open_form, value_at, verdict
from tui.run_view import RunView
from tui.screens.settings import form_keys

if TYPE_CHECKING:
    from tests.tui.conftest import Watched

Connect = Callable[[RunView], client.Client]


def colleague_sets(other: client.Client, values: dict[str, Scalar]) -> None:
    """Let somebody else change the same run, and be confirmed."""
    assert isinstance(other.ask(commands.SetFields(seq=other.next_sequence(), values=values)), events.Applied)


async def test_changes_take_effect_and_the_form_says_from_which_step(watched: Watched) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        step = seat.view.step
        form = await open_form(seat)
        fill(form, "optimizer.lr", "0.25")
        fill(form, "batch.size", "full")
        fill(form, "clip.norm", "1.5")
        fill(form, "pace.steps_per_second", "")
        field_of(form, "optimizer.bias_correction").action_turn()
        await seat.pilot.pause()
        await seat.press("ctrl+s")
        assert verdict(form).startswith(f"in force from step {step + 1}: optimizer.lr 0.01 → 0.25, ")
        spec = seat.view.spec
        assert (spec.optimizer.lr, spec.batch.size, spec.clip.norm) == (0.25, "full", 1.5)
        assert spec.pace.steps_per_second is None
        assert spec.optimizer.model_dump()["bias_correction"] is False
        await seat.press("ctrl+s")
        assert verdict(form) == "nothing is changed"
        fill(form, "clip.norm", "")
        await seat.press("ctrl+s")
        assert seat.view.spec.clip.norm is None
        await seat.pilot.press("escape")
        assert seat.is_alone
        assert seat.headline.endswith("Adam α 0.25")


@pytest.mark.thorough
async def test_enter_in_a_field_sends_and_escape_closes(watched: Watched) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        form = await open_form(seat)
        lr = field_of(form, "optimizer.lr")
        lr.focus()
        await seat.pilot.pause()
        await seat.press(*"0.5", "enter")
        assert seat.view.spec.optimizer.lr == 0.5
        await seat.press("q", "o", "space")
        assert seat.app.screen is form, "letters in a field are letters"
        await seat.pilot.press("escape")
        assert seat.is_alone
        assert seat.view.state == "paused"


@pytest.mark.thorough
async def test_the_mouse_does_it_all(watched: Watched) -> None:
    async with watched(size=(120, 110)) as seat:
        await seat.paused_at(5)
        form = await open_form(seat)
        switch, number = field_of(form, "optimizer.bias_correction"), field_of(form, "optimizer.lr")
        await seat.pilot.click(switch, offset=value_at(switch))
        await seat.pilot.click(number, offset=value_at(number))
        await seat.pilot.press(*"0.5")
        form.query_one("#apply").scroll_visible(animate=False)
        await seat.pilot.pause()
        await seat.pilot.click("#apply")
        await seat.answered()
        assert seat.view.spec.optimizer.lr == 0.5
        assert seat.view.spec.optimizer.model_dump()["bias_correction"] is False
        await seat.pilot.click("#close")
        assert seat.is_alone


@pytest.mark.parametrize("way", ["space", "enter", "click"])
async def test_a_switch_asks_at_once_and_stands_where_the_engine_says(watched: Watched, way: str) -> None:
    async with watched(size=(120, 110)) as seat:
        await seat.paused_at(5)
        form = await open_form(seat)
        next_step = f"step {seat.view.step + 1}"
        switch = field_of(form, "optimizer.bias_correction")
        switch.focus()
        for old, new in (("on", "off"), ("off", "on")):
            await (seat.pilot.click(switch, offset=value_at(switch)) if way == "click" else seat.pilot.press(way))
            await seat.answered()
            assert verdict(form) == f"in force from {next_step}: optimizer.bias_correction {old} → {new}"
            assert switch.value is (new == "on")
            assert not is_asked(switch)
            assert seat.view.spec.optimizer.model_dump()["bias_correction"] is switch.value
        assert seat.journal[-2:] == [
            ("set", [("optimizer.bias_correction", True, False)]),
            ("set", [("optimizer.bias_correction", False, True)]),
        ]
        await seat.press("ctrl+s")
        assert verdict(form) == "nothing is changed"


@pytest.mark.thorough
async def test_all_that_is_turned_while_the_engine_is_busy_is_asked_when_it_answers(watched: Watched) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        form = await open_form(seat)
        os.kill(seat.engine, signal.SIGSTOP)
        turned = {"optimizer.decoupled": True, "optimizer.beta1": 0.9999, "optimizer.beta2": 0.9999}
        for key in turned:
            field_of(form, key).focus()
            await seat.pilot.press("end")
        assert len(seat.view.asked) == 1
        assert all(is_asked(field_of(form, key)) for key in turned)
        os.kill(seat.engine, signal.SIGCONT)
        await seat.until(lambda: {key: field_of(form, key).value for key in turned} == turned)
        assert not any(is_asked(field_of(form, key)) for key in turned)


@pytest.mark.thorough
async def test_a_switch_that_is_refused_shows_what_stands(watched: Watched, other_client: Connect) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        form = await open_form(seat)
        colleague_sets(other_client(seat.view), {"optimizer.bias_correction": False})
        switch = field_of(form, "optimizer.bias_correction")
        await seat.until(lambda: not seat.view.spec.optimizer.model_dump()["bias_correction"])
        switch.focus()
        await seat.press("space")
        assert verdict(form).startswith(
            "refused: optimizer.bias_correction is False by now, not True: changed by colleague"
        )
        assert switch.value is False
        assert not is_asked(switch)
        await seat.press("space")
        assert seat.view.spec.optimizer.model_dump()["bias_correction"] is switch.value is True


@pytest.mark.thorough
async def test_another_form_of_the_rule_brings_its_defaults_and_shows_them(watched: Watched) -> None:
    async with watched(size=(120, 70)) as seat:
        await seat.paused_at(5)
        form = await open_form(seat)
        assert field_of(form, "optimizer.eps").text == "1e-08"
        fill(form, "optimizer.form", "keras")
        await seat.press("ctrl+s")
        await seat.answered()
        assert "optimizer.eps 1e-8 → 1e-7" in verdict(form)
        assert field_of(form, "optimizer.eps").text == "1e-07"
        assert line_of(field_of(form, "optimizer.eps")).rstrip().endswith("default 1e-7")


@pytest.mark.thorough
async def test_a_value_that_someone_else_has_changed_meanwhile_is_not_overwritten(
    watched: Watched, other_client: Connect
) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        form = await open_form(seat)
        colleague_sets(other_client(seat.view), {"optimizer.lr": 0.5})
        fill(form, "optimizer.lr", "0.02")
        fill(form, "optimizer.beta1", "0.5")
        await seat.press("ctrl+s")
        assert verdict(form) == (
            "refused: optimizer.lr is 0.5 by now, not 0.01: changed by colleague; look again. "
            "The form shows what stands now"
        )
        assert field_of(form, "optimizer.lr").text == "0.5"
        assert field_of(form, "optimizer.beta1").text == "0.5", "what one typed elsewhere stays"
        assert seat.view.spec.optimizer.lr == 0.5
        assert seat.view.spec.optimizer.model_dump()["beta1"] == 0.9
        # Who wants it all the same asks once more.
        fill(form, "optimizer.lr", "0.02")
        await seat.press("ctrl+s")
        assert seat.view.spec.optimizer.lr == 0.02
        assert seat.view.spec.optimizer.model_dump()["beta1"] == 0.5


@pytest.mark.thorough
async def test_sending_nothing_brings_the_form_up_to_date(watched: Watched, other_client: Connect) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        form = await open_form(seat)
        changed: dict[str, Scalar] = {"optimizer.lr": 0.5, "clip.norm": 2.0, "optimizer.bias_correction": False}
        colleague_sets(other_client(seat.view), changed)
        await seat.until(lambda: seat.view.spec.optimizer.lr == 0.5)
        await seat.press("ctrl+s")
        assert verdict(form) == "the form shows what stands now"
        assert field_of(form, "optimizer.lr").text == "0.5"
        assert field_of(form, "clip.norm").text == "2.0"
        assert field_of(form, "optimizer.bias_correction").value is False
        await seat.press("ctrl+s")
        assert verdict(form) == "nothing is changed"


@pytest.mark.thorough
async def test_a_field_of_an_optimizer_that_is_no_longer_there_is_refused(
    watched: Watched, other_client: Connect
) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        form = await open_form(seat)
        colleague_sets(other_client(seat.view), {"optimizer.name": "sgd"})
        await seat.until(lambda: seat.view.spec.optimizer.name == "sgd")
        fill(form, "optimizer.beta1", "0.5")
        await seat.press("ctrl+s")
        assert verdict(form) == "not sent: SGD with schedule constant is in force by now, and the form shows its fields"
        assert not form.query("#field-optimizer-beta1")
        assert field_of(form, "optimizer.lr").text == "0.01"
        fill(form, "optimizer.lr", "0.5")
        await seat.press("ctrl+s")
        assert (seat.view.spec.optimizer.name, seat.view.spec.optimizer.lr) == ("sgd", 0.5)


@pytest.mark.thorough
async def test_a_schedule_is_chosen_in_the_form_which_then_shows_its_fields(watched: Watched) -> None:
    async with watched(size=(120, 80)) as seat:
        await seat.paused_at(5)
        form = await open_form(seat)
        next_step = f"step {seat.view.step + 1}"
        fill(form, "schedule.name", "cosine")
        fill(form, "schedule.warmup", "3")
        await seat.press("ctrl+s")
        assert verdict(form) == "done: Adam with schedule cosine is in force by now, and the form shows its fields"
        assert field_of(form, "schedule.warmup").text == "3"
        fill(form, "schedule.steps", "40")
        fill(form, "schedule.hold", "0.5")
        await seat.press("ctrl+s")
        assert verdict(form) == f"in force from {next_step}: schedule.hold none → 0.5, schedule.steps 1000 → 40"
        fill(form, "schedule.hold", "")
        await seat.press("ctrl+s")
        assert verdict(form) == f"in force from {next_step}: schedule.hold 0.5 → none"


async def test_the_verdict_is_in_sight_and_the_row_that_was_changed_stays_so(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.paused_at(5)
        form = await open_form(seat)
        field = field_of(form, "optimizer.eps")
        field.focus()
        await seat.press(*"1e-7", "enter")
        assert verdict(form).startswith("in force from step ")
        await seat.pilot.pause()
        assert form.focused is field
        for widget in (form.query_one("#verdict"), form.query_one("#apply"), field):
            assert form.region.contains_region(widget.region)
            assert widget in form._compositor.visible_widgets
        assert form.query_one("#fields").region.contains_region(field.region)


async def test_a_new_schedule_brings_its_fields_into_sight(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.paused_at(5)
        form = await open_form(seat)
        field_of(form, "schedule.name").focus()
        await seat.pilot.pause()
        await seat.press("right")
        await seat.until(lambda: "in force by now" in verdict(form))
        await seat.pilot.pause()
        assert form.focused is field_of(form, "schedule.name")
        new = [key for key in form_keys(seat.view.spec) if key.startswith("schedule.")][:3]
        assert len(new) > 1
        fields = [field_of(form, key) for key in new]
        sight = form.query_one("#fields")
        await seat.until(
            lambda: all(sight.region.contains_region(field.region) for field in fields),
            lambda: [sight.region, *(field.region for field in fields)],
        )
