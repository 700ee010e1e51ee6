"""The form: it has every field, sends what was changed and nothing that is wrong, and waits for the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from textual.app import App
from textual.widgets import Input, Static, Switch

import tui
from engine.fields import Scalar, Section
from engine.method.averaging import AveragingSpec
from engine.method.line_search.spec import LineSearchSpec
from engine.method.noise import NoiseSpec
from engine.method.optimizers import RULES
from engine.method.schedules import Constant
from engine.method.spec import BatchSpec, ClipSpec, ComputeSpec, PaceSpec, RunSpec, checked_spec
from engine.method.stopping import StopSpec
from engine.run import client, commands, events
from engine.subject.regularisation import Regularisation
from presets import Preset
from tui.run_view import RunView
from tui.screens.help import HelpScreen
from tui.screens.settings import SettingsForm, form_keys

if TYPE_CHECKING:
    from tests.tui.conftest import Seat, Watched

MakePreset = Callable[..., Preset]
Connect = Callable[[RunView], client.Client]

EVERY_SECTION: dict[str, type[Section]] = {
    "schedule": Constant,
    "batch": BatchSpec,
    "clip": ClipSpec,
    "regularisation": Regularisation,
    "line_search": LineSearchSpec,
    "averaging": AveragingSpec,
    "noise": NoiseSpec,
    "stop": StopSpec,
    "pace": PaceSpec,
    "compute": ComputeSpec,
}


def spec_of(rule: str) -> RunSpec:
    data: dict[str, Any] = {"problem": {"kind": "dataset"}, "data": {"name": "xor"}, "optimizer": {"name": rule}}
    return checked_spec(data, "test")


class FormApp(App[None]):
    """Nothing but the form; what it sends is noted and never answered."""

    CSS_PATH = Path(tui.__file__).parent / "gdtui.tcss"

    def __init__(self, spec: RunSpec) -> None:
        super().__init__()
        self.sent: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self.form = SettingsForm(lambda: spec, lambda new, old, _then, _drag: self.sent.append((new, old)))

    def on_mount(self) -> None:
        """Open the form."""
        self.push_screen(self.form)


def fill(form: SettingsForm, key: str, text: str) -> None:
    form.query_one("#field-" + key.replace(".", "-"), Input).value = text


def marked(form: SettingsForm) -> dict[str, str]:
    """The fields that are marked as wrong, each with what is said under it."""
    found = {}
    for key in form_keys(form._current()):
        field = "field-" + key.replace(".", "-")
        control, words = form.query_one(f"#{field}"), form.query_one(f"#help-{field}", Static)
        assert control.has_class("wrong") is words.has_class("wrong") is str(words.content).startswith("✗")
        if control.has_class("wrong"):
            found[key] = str(words.content)
    return found


def verdict(form: SettingsForm) -> str:
    return str(form.query_one("#verdict", Static).content)


@pytest.mark.thorough
@pytest.mark.parametrize("name", RULES)
async def test_every_field_of_every_rule_has_its_line(name: str) -> None:
    expected = [f"optimizer.{field}" for field in RULES[name].model_fields if field != "name"]
    expected += [f"{section}.{field}" for section, kind in EVERY_SECTION.items() for field in kind.model_fields]
    spec = spec_of(name)
    assert sorted(form_keys(spec)) == sorted(expected)
    app = FormApp(spec)
    async with app.run_test(size=(100, 60)):
        words = " ".join(str(line.content) for line in app.form.query(Static))
        for key in expected:
            section, _, field = key.partition(".")
            value = getattr(getattr(spec, section), field)
            info = type(getattr(spec, section)).model_fields[field]
            control = app.form.query_one("#field-" + key.replace(".", "-"))
            assert isinstance(control, Switch if isinstance(value, bool) else Input), key
            assert str(info.title) in words, key
            assert str(info.description) in words, key


async def test_every_field_has_its_own_default_beside_it() -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=(100, 60)):
        names = [str(line.content) for line in app.form.query(".field-name").results(Static)]
        usual = [str(line.content) for line in app.form.query(".field-usual").results(Static)]
        found = dict(zip(names, usual, strict=True))
        assert found["Bias correction"] == "default on"
        assert found["Schedule"] == "default constant"
        assert found["Learning rate α"] == "default 0.001"


@pytest.mark.parametrize("problem", [{"kind": "landscape"}, {"kind": "expression", "expression": "x**2"}], ids=str)
def test_a_function_has_no_batches_in_its_form(problem: dict[str, Any]) -> None:
    spec = checked_spec({"problem": problem}, "test")
    assert not [key for key in form_keys(spec) if key.startswith("batch.")]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("key", "text", "why"),
    [
        ("optimizer.lr", "abc", "optimizer.lr = 'abc'; allowed: a number > 0 and ≤ 1000000"),
        ("optimizer.lr", "0", "optimizer.lr = 0.0; allowed: a number > 0"),
        ("optimizer.lr", "-1", "optimizer.lr = -1.0; allowed: a number > 0"),
        ("optimizer.lr", "1e7", "allowed: a number > 0 and ≤ 1000000"),
        ("optimizer.lr", "nan", "optimizer.lr = nan; allowed: a number > 0"),
        ("optimizer.lr", "inf", "optimizer.lr = inf; allowed: a number > 0"),
        ("optimizer.lr", "", "optimizer.lr = empty; allowed: a number > 0"),
        ("optimizer.lr", "0,01", "optimizer.lr = '0,01'; allowed: a number > 0"),
        ("optimizer.beta1", "1", "optimizer.beta1 = 1.0; allowed: a number ≥ 0 and < 1"),
        ("optimizer.eps", "0", "optimizer.eps = 0.0; allowed: a number "),
        ("batch.size", "0", 'batch.size = 0; allowed: "full" or a whole number ≥ 1'),
        ("batch.size", "2.5", 'batch.size = 2.5; allowed: "full" or a whole number ≥ 1'),
        ("batch.size", "all", "batch.size = 'all'; allowed: \"full\" or a whole number ≥ 1"),
        ("batch.size", "9" * 5000, "batch.size = "),
        ("clip.norm", "-1", "clip.norm = -1; allowed: a number > 0"),
        ("pace.steps_per_second", "fast", "pace.steps_per_second = 'fast'; allowed: a number > 0"),
        ("optimizer.lr", "[bold]x[/]\x1b[2J", "optimizer.lr = '[bold]x[/]"),
    ],
)
async def test_a_wrong_value_is_not_sent_and_the_form_says_why(key: str, text: str, why: str) -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=(100, 60)) as pilot:
        fill(app.form, key, text)
        await pilot.press("ctrl+s")
        assert verdict(app.form).startswith("not sent: ")
        assert why in verdict(app.form)
        assert verdict(app.form).isprintable()
        assert not app.sent


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("optimizer.lr", " 0.5 ", 0.5),
        ("optimizer.lr", "1", 1.0),
        ("optimizer.lr", "3e-4", 3e-4),
        ("batch.size", "full", "full"),
        ("batch.size", "64", 64),
        ("clip.norm", "2.5", 2.5),
        ("pace.steps_per_second", "100", 100),
    ],
)
async def test_only_what_was_changed_is_sent_with_the_value_it_replaces(key: str, text: str, value: object) -> None:
    spec = spec_of("adam")
    section, _, field = key.partition(".")
    app = FormApp(spec)
    async with app.run_test(size=(100, 60)) as pilot:
        fill(app.form, key, text)
        await pilot.press("ctrl+s")
        assert app.sent == [({key: value}, {key: getattr(getattr(spec, section), field)})]
        assert verdict(app.form) == "asked; not in force yet"


@pytest.mark.thorough
async def test_every_wrong_field_is_marked_at_once_until_it_is_mended() -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=(100, 60)) as pilot:
        fill(app.form, "optimizer.lr", "")
        fill(app.form, "optimizer.eps", "0.5")
        fill(app.form, "optimizer.beta1", "2")
        await pilot.press("ctrl+s")
        assert marked(app.form) == {
            "optimizer.lr": "✗ optimizer.lr = empty; allowed: a number > 0 and ≤ 1000000",
            "optimizer.beta1": "✗ optimizer.beta1 = 2.0; allowed: a number ≥ 0 and < 1",
        }
        assert app.form.focused is app.form.query_one("#field-optimizer-lr"), "the first of them, to be mended"
        assert "optimizer.lr = empty" in verdict(app.form)
        assert "optimizer.beta1 = 2.0" in verdict(app.form)
        fill(app.form, "optimizer.lr", "0.5")
        await pilot.pause()
        assert set(marked(app.form)) == {"optimizer.beta1"}
        fill(app.form, "optimizer.beta1", "0.5")
        await pilot.press("ctrl+s")
        assert not marked(app.form)
        assert set(app.sent[0][0]) == {"optimizer.lr", "optimizer.eps", "optimizer.beta1"}


@pytest.mark.thorough
async def test_what_stands_there_already_is_no_change() -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=(100, 60)) as pilot:
        fill(app.form, "optimizer.lr", "0.0010")
        fill(app.form, "optimizer.eps", "0.00000001")
        await pilot.press("ctrl+s")
        assert verdict(app.form) == "nothing is changed"
        assert not app.sent


@pytest.mark.thorough
async def test_the_form_fits_into_a_small_terminal_and_every_line_can_be_reached() -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=(80, 24)) as pilot:
        for _ in range(150):
            await pilot.press("tab")
            focused = app.form.focused
            assert focused is not None
            await pilot.pause()
            assert app.screen.region.contains_region(focused.region)
            if focused.id == "close":
                break
        else:
            pytest.fail("the last button is never reached")


async def open_form(seat: Seat) -> SettingsForm:
    await seat.pilot.press("h")
    form = seat.app.screen
    assert isinstance(form, SettingsForm)
    return form


async def test_changes_take_effect_and_the_form_says_from_which_step(watched: Watched) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        step = seat.view.step
        form = await open_form(seat)
        fill(form, "optimizer.lr", "0.25")
        fill(form, "batch.size", "full")
        fill(form, "clip.norm", "1.5")
        fill(form, "pace.steps_per_second", "")
        form.query_one("#field-optimizer-bias_correction", Switch).value = False
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
        lr = form.query_one("#field-optimizer-lr", Input)
        lr.focus()
        lr.value = ""
        await seat.press(*"0.5", "enter")
        assert seat.view.spec.optimizer.lr == 0.5
        await seat.press("q", "o", "space")
        assert seat.app.screen is form, "letters in a field are letters"
        await seat.pilot.press("escape")
        assert seat.is_alone
        assert seat.view.state == "paused"


@pytest.mark.thorough
async def test_a_question_mark_opens_the_help_and_stands_in_no_field() -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=(100, 60)) as pilot:
        for key, text in (("optimizer.lr", "0.001"), ("batch.size", "32"), ("optimizer.form", "torch")):
            field = app.form.query_one("#field-" + key.replace(".", "-"), Input)
            field.focus()
            await pilot.press("question_mark")
            assert isinstance(app.screen, HelpScreen), key
            await pilot.press("escape")
            assert app.form.is_current, key
            assert field.value == text


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("key", "typed", "value"),
    [
        ("optimizer.lr", ("space",), "0.001"),
        ("optimizer.lr", tuple("q!x"), "0.001"),
        ("optimizer.lr", tuple("2.5e-4"), "2.5e-4"),
        ("optimizer.lr", tuple("0,01"), "0,01"),
        ("clip.norm", ("1", "space", "a", "5"), "15"),
        ("batch.size", tuple("full"), "full"),
    ],
)
async def test_a_field_takes_what_its_value_can_have_and_no_more(key: str, typed: tuple[str, ...], value: str) -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=(100, 60)) as pilot:
        field = app.form.query_one("#field-" + key.replace(".", "-"), Input)
        field.focus()
        await pilot.press(*typed)
        assert field.value == value
        assert app.screen is app.form


@pytest.mark.thorough
async def test_the_mouse_does_it_all(watched: Watched) -> None:
    async with watched(size=(120, 110)) as seat:
        await seat.paused_at(5)
        form = await open_form(seat)
        await seat.pilot.click("#field-optimizer-bias_correction")
        await seat.pilot.click("#field-optimizer-lr")
        assert form.focused is form.query_one("#field-optimizer-lr")
        fill(form, "optimizer.lr", "0.5")
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
        switch = form.query_one("#field-optimizer-bias_correction", Switch)
        switch.focus()
        for old, new in (("on", "off"), ("off", "on")):
            await (seat.pilot.click(switch) if way == "click" else seat.pilot.press(way))
            await seat.answered()
            assert verdict(form) == f"in force from {next_step}: optimizer.bias_correction {old} → {new}"
            assert switch.value is (new == "on")
            assert not switch.has_class("asked")
            assert seat.view.spec.optimizer.model_dump()["bias_correction"] is switch.value
        assert seat.journal[-2:] == [
            ("set", [("optimizer.bias_correction", True, False)]),
            ("set", [("optimizer.bias_correction", False, True)]),
        ]
        await seat.press("ctrl+s")
        assert verdict(form) == "nothing is changed"


@pytest.mark.thorough
async def test_a_switch_turned_in_haste_asks_each_time_and_is_marked_until_the_answer() -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=(100, 60)) as pilot:
        switch = app.form.query_one("#field-optimizer-bias_correction", Switch)
        switch.focus()
        await pilot.press("space", "space", "space")
        key = "optimizer.bias_correction"
        assert app.sent == [({key: new}, {key: not new}) for new in (False, True, False)]
        assert switch.has_class("asked")
        assert verdict(app.form) == f"asked: {key} off; not in force yet"


@pytest.mark.thorough
async def test_a_switch_that_is_refused_shows_what_stands(watched: Watched, other_client: Connect) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        form = await open_form(seat)
        other = other_client(seat.view)
        changed: dict[str, Scalar] = {"optimizer.bias_correction": False}
        assert isinstance(other.ask(commands.SetFields(seq=other.next_sequence(), values=changed)), events.Applied)
        switch = form.query_one("#field-optimizer-bias_correction", Switch)
        await seat.until(lambda: not seat.view.spec.optimizer.model_dump()["bias_correction"])
        switch.focus()
        await seat.press("space")
        assert verdict(form).startswith(
            "refused: optimizer.bias_correction is False by now, not True: changed by colleague"
        )
        assert switch.value is False
        assert not switch.has_class("asked")
        await seat.press("space")
        assert seat.view.spec.optimizer.model_dump()["bias_correction"] is switch.value is True


@pytest.mark.thorough
async def test_another_form_of_the_rule_brings_its_defaults_and_shows_them(watched: Watched) -> None:
    async with watched(size=(120, 70)) as seat:
        await seat.paused_at(5)
        form = await open_form(seat)
        assert form.query_one("#field-optimizer-eps", Input).value == "1e-08"
        fill(form, "optimizer.form", "keras")
        await seat.press("ctrl+s")
        await seat.answered()
        assert "optimizer.eps 1e-8 → 1e-7" in verdict(form)
        assert form.query_one("#field-optimizer-eps", Input).value == "1e-07"
        assert str(form.query_one("#usual-field-optimizer-eps", Static).content) == "default 1e-7"


@pytest.mark.thorough
async def test_a_value_that_someone_else_has_changed_meanwhile_is_not_overwritten(
    watched: Watched, other_client: Connect
) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        form = await open_form(seat)
        other = other_client(seat.view)
        changed: dict[str, Scalar] = {"optimizer.lr": 0.5}
        assert isinstance(other.ask(commands.SetFields(seq=other.next_sequence(), values=changed)), events.Applied)
        fill(form, "optimizer.lr", "0.02")
        fill(form, "optimizer.beta1", "0.5")
        await seat.press("ctrl+s")
        assert verdict(form) == (
            "refused: optimizer.lr is 0.5 by now, not 0.01: changed by colleague; look again. "
            "The form shows what stands now"
        )
        assert form.query_one("#field-optimizer-lr", Input).value == "0.5"
        assert form.query_one("#field-optimizer-beta1", Input).value == "0.5", "what one typed elsewhere stays"
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
        other = other_client(seat.view)
        changed: dict[str, Scalar] = {
            "optimizer.lr": 0.5,
            "clip.norm": 2.0,
            "optimizer.bias_correction": False,
        }
        assert isinstance(other.ask(commands.SetFields(seq=other.next_sequence(), values=changed)), events.Applied)
        await seat.until(lambda: seat.view.spec.optimizer.lr == 0.5)
        await seat.press("ctrl+s")
        assert verdict(form) == "the form shows what stands now"
        assert form.query_one("#field-optimizer-lr", Input).value == "0.5"
        assert form.query_one("#field-clip-norm", Input).value == "2.0"
        assert form.query_one("#field-optimizer-bias_correction", Switch).value is False
        await seat.press("ctrl+s")
        assert verdict(form) == "nothing is changed"


@pytest.mark.thorough
async def test_a_field_of_an_optimizer_that_is_no_longer_there_is_refused(
    watched: Watched, other_client: Connect
) -> None:
    async with watched() as seat:
        await seat.paused_at(5)
        form = await open_form(seat)
        other = other_client(seat.view)
        changed: dict[str, Scalar] = {"optimizer.name": "sgd"}
        assert isinstance(other.ask(commands.SetFields(seq=other.next_sequence(), values=changed)), events.Applied)
        await seat.until(lambda: seat.view.spec.optimizer.name == "sgd")
        fill(form, "optimizer.beta1", "0.5")
        await seat.press("ctrl+s")
        assert verdict(form) == "not sent: SGD with schedule constant is in force by now, and the form shows its fields"
        assert not form.query("#field-optimizer-beta1")
        assert form.query_one("#field-optimizer-lr", Input).value == "0.01"
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
        assert form.query_one("#field-schedule-warmup", Input).value == "3"
        fill(form, "schedule.steps", "40")
        fill(form, "schedule.hold", "0.5")
        await seat.press("ctrl+s")
        assert verdict(form) == f"in force from {next_step}: schedule.hold none → 0.5, schedule.steps 1000 → 40"
        fill(form, "schedule.hold", "")
        await seat.press("ctrl+s")
        assert verdict(form) == f"in force from {next_step}: schedule.hold 0.5 → none"
