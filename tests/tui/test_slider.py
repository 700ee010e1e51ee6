"""A slider goes through round numbers within the bounds of its field, and asks instead of doing."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from engine.method.changes import changed_spec, flat
from engine.method.optimizers import RULES
from engine.method.schedules import SCHEDULES
from engine.method.spec import RunSpec, checked_spec
from tests.tui.form_app import field_of, line_of, slider_at
from tui.scales import place_of, places_of
from tui.screens.settings import SettingsForm, _usual_value, form_keys
from tui.widgets.field import Field
from tui.widgets.slider import Slider
from tui.wording import section_of

if TYPE_CHECKING:
    from tests.tui.conftest import Seat, Watched


def spec_of(rule: str = "adam", schedule: str = "constant") -> RunSpec:
    data: dict[str, Any] = {
        "problem": {"kind": "dataset"},
        "data": {"name": "xor"},
        "model": {"hidden": [4]},
        "optimizer": {"name": rule},
        "schedule": {"name": schedule},
    }
    return checked_spec(data, "test")


def places(key: str, spec: RunSpec) -> tuple[Any, ...]:
    owner, field = section_of(key, spec)
    return places_of(key, owner, field, _usual_value(spec, key))


CHOICES = [(rule, "constant") for rule in RULES] + [("adam", schedule) for schedule in SCHEDULES]


@pytest.mark.parametrize(("rule", "schedule"), CHOICES)
def test_every_number_has_a_slider_and_every_place_on_it_is_allowed(rule: str, schedule: str) -> None:
    spec = spec_of(rule, schedule)
    for key in form_keys(spec):
        value, found = flat(spec)[key], places(key, spec)
        if isinstance(value, bool) or key == "schedule.name":
            assert found == (), key
            continue
        if isinstance(value, str) and value not in ("full", "auto") and key != "schedule.milestones":
            assert len(found) > 1, key
        if key == "stop.loss":
            assert found[0] is None, "no limit is what no loss reaches"
            assert {1e-4, 0.1, 1.0}.issubset(found)
        if isinstance(value, int | float) and not isinstance(value, bool):
            assert len(found) > 5, key
        for place in (*found[:2], *found[-2:]):
            # What two fields forbid together, or what is not installed, is said when it is asked.
            if key not in ("line_search.c1", "line_search.c2", "compute.update"):
                changed_spec(spec, {key: place})


@pytest.mark.parametrize("rule", RULES)
def test_a_default_has_a_place_of_its_own(rule: str) -> None:
    spec = spec_of(rule)
    for key in form_keys(spec):
        if found := places(key, spec):
            stands = found[place_of(flat(spec)[key], found)]
            assert stands == pytest.approx(flat(spec)[key], rel=0.2) if stands else stands == flat(spec)[key], key


def test_the_places_are_those_that_people_set() -> None:
    spec = spec_of()
    lr = places("optimizer.lr", spec)
    assert {0.001, 0.002, 0.01, 0.1}.issubset(lr)
    assert {0.0, 0.5, 0.9, 0.95, 0.99, 0.999}.issubset(places("optimizer.beta1", spec))
    assert places("batch.size", spec)[-1] == "full"
    assert {32, 64}.intersection(places("batch.size", spec))
    assert places("clip.norm", spec)[-1] is None
    assert places("averaging.decay", spec)[0] is None
    assert {0.1, 0.5}.issubset(places("regularisation.dropout", spec))
    assert places("pace.steps_per_second", spec)[-2:] == (20_000.0, None)


def test_equal_ways_are_equal_ratios_where_that_is_natural() -> None:
    lr = places("optimizer.lr", spec_of())
    assert lr.index(0.01) - lr.index(0.001) == lr.index(0.1) - lr.index(0.01) == 10


@pytest.mark.parametrize(
    ("value", "expected"), [(0.0, 0), (0.5, 1), (0.7, 1), (99.0, 2), (-1.0, 0), (None, 3), ("?", 0)]
)
def test_a_value_between_two_places_stands_at_the_lower_one(value: Any, expected: int) -> None:
    assert place_of(value, (0.0, 0.5, 1.0, None)) == expected


async def form_at(seat: Seat, key: str) -> tuple[SettingsForm, Field, Slider]:
    seat.dashboard.action_settings(key)
    await seat.pilot.pause()
    form = seat.app.screen
    assert isinstance(form, SettingsForm)
    field = field_of(form, key)
    assert field.slider is not None
    return form, field, field.slider


def asked(slider: Slider) -> Any:
    """The value that was asked for last, or that is in force."""
    return slider.places[slider.now]


@pytest.mark.thorough
async def test_an_arrow_asks_at_once_and_nothing_is_shown_as_changed_before_the_engine_says_so(
    watched: Watched,
) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.paused_at(5)
        _, field, slider = await form_at(seat, "optimizer.lr")
        os.kill(seat.engine, signal.SIGSTOP)
        await seat.pilot.press("right")
        assert (field.text, asked(slider)) == ("0.01", 0.0125)
        row = line_of(field)
        assert row.index("○") == row.index("●") + 1
        os.kill(seat.engine, signal.SIGCONT)
        await seat.answered()
        assert seat.view.spec.optimizer.lr == 0.0125
        assert field.text == "0.0125"
        await seat.press("left", "left")
        await seat.until(lambda: seat.view.spec.optimizer.lr == 0.008)
        await seat.press("end")
        await seat.until(lambda: seat.view.spec.optimizer.lr == slider.places[-1])


@pytest.mark.thorough
async def test_an_end_of_a_slider_is_no_limit(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.paused_at(5)
        _, _, slider = await form_at(seat, "pace.steps_per_second")
        assert asked(slider) == 50.0
        await seat.press("end")
        await seat.until(lambda: seat.view.spec.pace.steps_per_second is None)


async def test_a_drag_is_live_sends_no_faster_than_the_engine_answers_and_is_undone_as_one(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.paused_at(5)
        _, field, slider = await form_at(seat, "optimizer.lr")
        await seat.pilot.mouse_down(field, offset=slider_at(field, 3))
        await seat.until(lambda: seat.view.spec.optimizer.lr < 1e-4)
        os.kill(seat.engine, signal.SIGSTOP)
        for column in range(4, 20):
            await seat.pilot.hover(field, offset=slider_at(field, column))
        assert len(seat.view.asked) == 1, "the others wait for the answer"
        os.kill(seat.engine, signal.SIGCONT)
        await seat.pilot.mouse_up(field, offset=slider_at(field, 19))
        await seat.until(lambda: seat.view.spec.optimizer.lr == asked(slider))
        assert asked(slider) > 0.01
        await seat.answered()
        await seat.pilot.press("escape")
        await seat.press("u")
        assert seat.view.spec.optimizer.lr == 0.01


@pytest.mark.thorough
async def test_a_choice_is_made_with_the_arrows_and_goes_round(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.paused_at(5)
        _, field, choices = await form_at(seat, "optimizer.form")
        assert line_of(field)[field.columns.slider :].split()[:3] == ["●", "torch", "keras"]
        await seat.press("right")
        await seat.until(lambda: flat(seat.view.spec)["optimizer.form"] == "keras")
        assert field.text == "keras"
        await seat.until(lambda: asked(choices) == "keras")
        await seat.press("right")
        await seat.until(lambda: flat(seat.view.spec)["optimizer.form"] == "torch")


@pytest.mark.thorough
async def test_a_choice_is_made_with_a_click_and_the_form_stays_where_it_is(watched: Watched) -> None:
    """Another schedule has other fields, so that the form is made anew."""
    async with watched(size=(120, 36)) as seat:
        await seat.paused_at(5)
        form, field, _ = await form_at(seat, "schedule.name")
        row = line_of(field)
        assert "● constant" in row
        assert "›" in row, "there are more than have room"
        await seat.pilot.click(field, offset=(row.index("step"), field.row))
        await seat.until(lambda: seat.view.spec.schedule.name == "step")
        await seat.until(lambda: "schedule.every" in form._fields)
        assert form.focused is not None
        assert form.focused.id == "field-schedule-name"
        await seat.press("left")
        await seat.until(lambda: seat.view.spec.schedule.name == "constant")


@pytest.mark.thorough
async def test_a_refused_slider_goes_back(watched: Watched) -> None:
    """The second condition of Wolfe needs c₂ above c₁."""
    async with watched(size=(120, 36)) as seat:
        await seat.paused_at(5)
        form, _, slider = await form_at(seat, "line_search.c1")
        await seat.press("end")
        await seat.until(lambda: asked(slider) == seat.view.spec.line_search.c1)
        seat.dashboard.set_fields({"line_search.c2": 0.85, "line_search.c1": 0.0001}, {})
        await seat.answered()
        await seat.pilot.press("escape")
        form, _, slider = await form_at(seat, "line_search.c2")
        await seat.press("home")
        await seat.until(lambda: not seat.view.asked)
        assert asked(slider) == slider.places[place_of(seat.view.spec.line_search.c2, slider.places)]
        assert form.is_attached
