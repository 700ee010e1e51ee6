"""The form has every field, sends what was changed and nothing that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from engine.fields import Section
from engine.method.averaging import AveragingSpec
from engine.method.changes import changed_spec
from engine.method.line_search.spec import LineSearchSpec
from engine.method.noise import NoiseSpec
from engine.method.optimizers import RULES
from engine.method.schedules import Constant
from engine.method.spec import BatchSpec, ClipSpec, ComputeSpec, PaceSpec, checked_spec
from engine.method.stopping import StopSpec
from engine.subject.regularisation import Regularisation
from tests.tui.form_app import FormApp, field_of, fill, line_of, rows_of, spec_of, verdict
from tui.screens.settings import SettingsForm, form_keys, usual_of
from tui.widgets.verdict import Verdict

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


@pytest.mark.thorough
@pytest.mark.parametrize("name", RULES)
async def test_every_field_of_every_rule_has_its_line(name: str) -> None:
    expected = [f"optimizer.{field}" for field in RULES[name].model_fields if field != "name"]
    expected += [f"{section}.{field}" for section, kind in EVERY_SECTION.items() for field in kind.model_fields]
    spec = spec_of(name)
    assert sorted(form_keys(spec)) == sorted(expected)
    app = FormApp(spec)
    async with app.run_test(size=(100, 60)):
        for key in expected:
            section, _, name = key.partition(".")
            value = getattr(getattr(spec, section), name)
            info = type(getattr(spec, section)).model_fields[name]
            field = field_of(app.form, key)
            assert field.value == value, key
            words = " ".join(" ".join(rows_of(field)).split())
            assert str(info.title) in words, key
            assert str(info.description) in words, key


async def test_every_field_has_its_own_default_beside_it() -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=(120, 60)):
        for key, name, usual in (
            ("optimizer.bias_correction", "Bias correction", "default on"),
            ("schedule.name", "Schedule", "default constant"),
            ("optimizer.lr", "Learning rate α", "default 0.001"),
        ):
            line = line_of(field_of(app.form, key))
            assert line.strip(" ▸").startswith(name)
            assert line.rstrip().endswith(usual)


def test_the_default_of_the_form_is_that_of_the_rule_as_such() -> None:
    spec = changed_spec(spec_of("adam"), {"optimizer.form": "keras"})
    assert (usual_of(spec, "optimizer.form"), usual_of(spec, "optimizer.eps")) == ("default torch", "default 1e-7")


@pytest.mark.parametrize("problem", [{"kind": "landscape"}, {"kind": "expression", "expression": "x**2"}], ids=str)
def test_a_function_has_no_batches_in_its_form(problem: dict[str, Any]) -> None:
    spec = checked_spec({"problem": problem}, "test")
    assert not [key for key in form_keys(spec) if key.startswith("batch.")]


WRONG = (
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
)
"""What can be typed in a field and is wrong, and what is said then."""

RIGHT = (
    ("optimizer.lr", " 0.5 ", 0.5),
    ("optimizer.lr", "1", 1.0),
    ("optimizer.lr", "3e-4", 3e-4),
    ("batch.size", "full", "full"),
    ("batch.size", "64", 64),
    ("clip.norm", "2.5", 2.5),
    ("pace.steps_per_second", "100", 100),
)
"""What can be typed in a field, and the value that it means."""


async def test_a_wrong_value_is_not_sent_and_the_form_says_why() -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=(100, 60)) as pilot:
        for key, text, why in WRONG:
            stands = field_of(app.form, key).text
            fill(app.form, key, text)
            await pilot.press("ctrl+s")
            assert verdict(app.form).startswith("not sent: ")
            assert why in verdict(app.form)
            assert verdict(app.form).isprintable()
            assert not app.sent
            fill(app.form, key, stands)


async def test_only_what_was_changed_is_sent_with_the_value_it_replaces() -> None:
    spec = spec_of("adam")
    app = FormApp(spec)
    async with app.run_test(size=(100, 60)) as pilot:
        for key, text, value in RIGHT:
            section, _, name = key.partition(".")
            stands = field_of(app.form, key).text
            fill(app.form, key, text)
            await pilot.press("ctrl+s")
            assert app.sent.pop() == ({key: value}, {key: getattr(getattr(spec, section), name)})
            assert not app.sent
            assert verdict(app.form) == "asked; not in force yet"
            fill(app.form, key, stands)


def marked(form: SettingsForm) -> dict[str, str]:
    """The fields that are marked as wrong, each with what is said under it."""
    found = {}
    for key in form_keys(form._current()):
        field = field_of(form, key)
        under = " ".join(" ".join(rows_of(field)[field.row + 1 :]).split())
        assert under.startswith("✗") is line_of(field).startswith("✗")
        if under.startswith("✗"):
            found[key] = under
    return found


async def test_every_wrong_field_is_marked_at_once_until_it_is_mended() -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=(100, 60)) as pilot:
        fill(app.form, "optimizer.lr", "")
        fill(app.form, "optimizer.eps", "0.5")
        fill(app.form, "optimizer.beta1", "2")
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert marked(app.form) == {
            "optimizer.lr": "✗ optimizer.lr = empty; allowed: a number > 0 and ≤ 1000000",
            "optimizer.beta1": "✗ optimizer.beta1 = 2.0; allowed: a number ≥ 0 and < 1",
        }
        assert app.form.focused is field_of(app.form, "optimizer.lr"), "the first of them, to be mended"
        assert "optimizer.lr = empty" in verdict(app.form)
        assert "optimizer.beta1 = 2.0" in verdict(app.form)
        fill(app.form, "optimizer.lr", "0.5")
        await pilot.pause()
        assert set(marked(app.form)) == {"optimizer.beta1"}
        fill(app.form, "optimizer.beta1", "0.5")
        await pilot.press("ctrl+s")
        assert not marked(app.form)
        assert set(app.sent[0][0]) == {"optimizer.lr", "optimizer.eps", "optimizer.beta1"}


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


LONG = (
    "refused: optimizer.lr was 0.001 when this was asked, and someone has set it to 0.5 since: "
    "ask again. The form shows what stands now"
)


@pytest.mark.parametrize(("size", "is_cut"), [((120, 36), False), ((40, 12), True)], ids=str)
async def test_the_verdict_is_wrapped_and_cut_only_where_there_is_no_room(size: tuple[int, int], is_cut: bool) -> None:
    app = FormApp(spec_of("adam"))
    async with app.run_test(size=size) as pilot:
        app.form._say(LONG, "wrong")
        await pilot.pause()
        shown = app.form.query_one(Verdict)
        assert app.form.query_one(".form").region.contains_region(shown.region)
        words = " ".join(" ".join(shown.render_line(y).text for y in range(shown.size.height)).split())
        assert words.endswith("…") is is_cut
        assert LONG.startswith(words.removesuffix("…").rstrip())
        assert (words == LONG) is not is_cut
