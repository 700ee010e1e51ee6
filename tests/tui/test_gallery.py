"""The gallery: every lesson, what it trains, and exactly one run for one choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from engine.method.optimizers import RULES
from engine.method.spec import checked_spec
from engine.run import directory
from engine.subject.landscapes import LANDSCAPES
from presets import load, names, parsed_setting
from tui.app import GdtuiApp
from tui.preview import described
from tui.run_view import RunView
from tui.screens.dashboard import Dashboard
from tui.screens.gallery import Gallery
from tui.screens.help import HelpKey, HelpScreen

if TYPE_CHECKING:
    from tests.tui.conftest import EndEngines, WaitUntil

Open = Callable[..., GdtuiApp]
PATIENCE_S = 15.0


@pytest.fixture
def open_gallery(places: object, end_engines: EndEngines) -> Iterator[Open]:
    """Make an application that shows the gallery."""
    apps: list[GdtuiApp] = []

    def make(**options: Any) -> GdtuiApp:
        apps.append(GdtuiApp(gallery=Gallery(options)))
        return apps[-1]

    yield make
    end_engines()


async def read(pilot: Pilot[None], until: WaitUntil) -> OptionList:
    """Wait until the gallery has read the presets, and return its list."""
    await until(lambda: pilot.app.screen.query("#presets"))
    await pilot.pause()
    return pilot.app.screen.query_one("#presets", OptionList)


def shown(app: GdtuiApp) -> str:
    return str(app.screen.query_one("#preview-text", Static).content)


async def opened(app: GdtuiApp, until: WaitUntil) -> RunView:
    """Wait for the dashboard and return what it shows."""
    await until(lambda: isinstance(app.screen, Dashboard))
    assert isinstance(app.screen, Dashboard)
    return app.screen.view


async def test_every_lesson_is_listed_with_what_it_trains(open_gallery: Open, wait_until: WaitUntil) -> None:
    app = open_gallery()
    async with app.run_test(size=(120, 36)) as pilot:
        choices = await read(pilot, wait_until)
        assert [choices.get_option_at_index(index).id for index in range(choices.option_count)] == names()
        for name in names():
            preset = load(name)
            preview = shown(app)
            for text in (preset.title, preset.topic, preset.see, preset.try_):
                assert text in preview, name
            for heading, text in described(preset.spec):
                assert heading in preview, name
                assert text in preview, name
            await pilot.press("down")


def test_a_lesson_is_described_by_its_numbers() -> None:
    rows = dict(described(load("digits").spec))
    assert rows["model"] == "64-64-32-10, relu"
    assert rows["batch"] == "32 samples"
    assert rows["optimizer"].startswith("Adam: α 0.001, β₁ 0.9, β₂ 0.999")
    assert rows["ends at"] == "100 epochs"
    single = [parsed_setting(text) for text in ("batch.size=1", "stop.epochs=1", "stop.steps=1", "stop.loss=0")]
    rows = dict(described(load("digits", single).spec))
    assert rows["batch"] == "1 sample"
    assert rows["ends at"] == "1 step, 1 epoch, loss 0"
    rows = dict(described(load("ravine").spec))
    assert rows["start"] == "(1, 1)"
    assert "model" not in rows
    assert rows["optimizer"] == "SGD: α 0.0198"
    rows = dict(described(load("circuit").spec))
    assert rows["problem"] == "f(x, y, z) = (x + y)*z"
    assert rows["start"] == "x = 1, y = -3, z = 4"
    assert "model" not in rows
    quiet = described(load("ravine", [parsed_setting("optimizer.name=adamw")]).spec)
    assert dict(quiet)["optimizer"] == "AdamW: α 0.0198, λ 0.01, β₁ 0.9, β₂ 0.999, ε 1e-8, Bias correction on"
    settings = (
        "optimizer.name=adagrad",
        "optimizer.form=optax",
        "optimizer.weight_decay=1",
        "optimizer.decoupled=true",
    )
    said = dict(described(load("ravine", [parsed_setting(text) for text in settings]).spec))["optimizer"]
    assert said == "Adagrad: α 0.0198, λ 1, Decoupled on, G₀ 0.1, ε 1e-7, Form optax"
    assert set(RULES) >= {load(name).spec.optimizer.name for name in names()}


@pytest.mark.parametrize("function", LANDSCAPES)
def test_every_landscape_is_described_by_its_formula_and_its_start(function: str) -> None:
    rows = dict(described(load("ravine", [parsed_setting(f"problem.function={function}")]).spec))
    kind = LANDSCAPES[function]
    assert rows["problem"] == f"{kind.title}: f = {kind.formula}"
    assert rows["start"].count(",") == kind.dimension - 1
    assert ("batch" in rows) == (function in ("reddi", "outlier"))


def test_a_turned_landscape_is_described_as_turned() -> None:
    rows = dict(described(load("rosenbrock", [parsed_setting("problem.rotation=30")]).spec))
    assert rows["problem"].endswith("(1 − x)² + 100(y − x²)², turned by 30° about (0, 1)")


async def test_enter_starts_what_is_highlighted(open_gallery: Open, wait_until: WaitUntil) -> None:
    app = open_gallery()
    async with app.run_test(size=(120, 36)) as pilot:
        await read(pilot, wait_until)
        await pilot.press("down", "enter")
        view = await opened(app, wait_until)
        assert view.welcome.preset == names()[1]
    view.client.close()
    assert len(directory.all_runs()) == 1


async def test_a_click_starts_what_is_clicked(open_gallery: Open, wait_until: WaitUntil) -> None:
    app = open_gallery()
    async with app.run_test(size=(120, 36)) as pilot:
        await read(pilot, wait_until)
        rows = app.screen.query_one("#presets", OptionList)
        await pilot.pause(0.1)
        row = next(y for y in range(rows.size.height) if rows.render_line(y).text.strip() == "ravine")
        await pilot.click(rows, offset=(4, row + 1))
        view = await opened(app, wait_until)
        assert view.welcome.preset == "ravine"
    view.client.close()
    assert len(directory.all_runs()) == 1


async def _twice(pilot: Pilot[None], way: str) -> None:
    if way == "enter":
        await pilot.press("enter", "enter")
    else:
        await pilot.click("#presets", offset=(4, 1), times=2)


@pytest.mark.parametrize("way", ["enter", "click"])
async def test_choosing_twice_in_haste_starts_one_run(open_gallery: Open, wait_until: WaitUntil, way: str) -> None:
    """An engine is a process of its own: a second one would train on with nobody to know of it."""
    app = open_gallery()
    async with app.run_test(size=(120, 36)) as pilot:
        await read(pilot, wait_until)
        await _twice(pilot, way)
        view = await opened(app, wait_until)
        await pilot.pause()
    view.client.close()
    assert len(directory.all_runs()) == 1


async def test_escape_leads_out_of_what_lies_over_the_gallery_and_never_out_of_the_program(
    open_gallery: Open, wait_until: WaitUntil
) -> None:
    app = open_gallery()
    async with app.run_test(size=(120, 36)) as pilot:
        await read(pilot, wait_until)
        gallery = app.screen
        await pilot.press("ctrl+p")
        assert app.screen is not gallery
        await pilot.press("escape")
        await wait_until(lambda: app.screen is gallery)
        await pilot.press("escape", "escape")
        assert app.is_running


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_leaving_without_a_choice_starts_nothing(open_gallery: Open, wait_until: WaitUntil, key: str) -> None:
    app = open_gallery()
    async with app.run_test(size=(120, 36)) as pilot:
        await read(pilot, wait_until)
        await pilot.press(key)
        await wait_until(lambda: not app.is_running)
    assert not app.farewell
    assert not directory.all_runs()


async def test_a_lesson_that_does_not_fit_the_settings_is_named_and_the_others_stay(
    open_gallery: Open, wait_until: WaitUntil
) -> None:
    app = open_gallery(settings=["batch.size=7"])
    async with app.run_test(size=(120, 36)) as pilot:
        choices = await read(pilot, wait_until)
        listed = [choices.get_option_at_index(index).id for index in range(choices.option_count)]
        assert listed == [name for name in names() if _takes_a_batch_size(name)]
        problems = app.screen.query_one("#problems", Static)
        assert problems.region
        said = str(problems.content).splitlines()
        assert len(said) == len(names()) - len(listed)
        assert all(line.startswith("--set batch.size=7: ") for line in said)


def _takes_a_batch_size(name: str) -> bool:
    """Whether a lesson has batches, and is no race whose lanes have a size of their own each."""
    preset = load(name)
    own = ["size" in lane.own.get("batch", {}) for lane in preset.lanes]
    return preset.spec.has_batches and not (own and all(own))


async def test_a_gallery_without_any_lesson_does_nothing_worse(open_gallery: Open, wait_until: WaitUntil) -> None:
    app = open_gallery(settings=["optimizer.lr=-1"])
    async with app.run_test(size=(120, 36)) as pilot:
        assert not (await read(pilot, wait_until)).option_count
        await pilot.press("enter", "down")
        await pilot.click("#presets")
        assert app.is_running
    assert not directory.all_runs()


def cells(app: GdtuiApp) -> list[int]:
    """Return how wide each row of the screen is."""
    return [strip.cell_length for strip in app.screen._compositor.render_strips()]


@pytest.mark.parametrize(("size", "beside"), [((60, 20), True), ((59, 20), False), ((20, 5), False)])
async def test_a_narrow_gallery_gives_the_list_all_its_room(
    open_gallery: Open, wait_until: WaitUntil, size: tuple[int, int], beside: bool
) -> None:
    app = open_gallery()
    async with app.run_test(size=size) as pilot:
        await read(pilot, wait_until)
        assert bool(app.screen.query_one("#preview").region) is beside
        presets = app.screen.query_one("#presets").region
        assert (presets.width == size[0]) is not beside
        assert presets.height >= 3


async def test_every_size_is_survived(open_gallery: Open, wait_until: WaitUntil) -> None:
    app = open_gallery()
    async with app.run_test(size=(120, 36)) as pilot:
        await read(pilot, wait_until)
        for size in ((80, 24), (40, 10), (20, 4), (8, 3), (3, 3), (1, 1), (1, 30), (300, 100), (120, 36)):
            await pilot.resize_terminal(*size)
            await wait_until(lambda: cells(app) == [size[0]] * size[1])  # noqa: B023
        await pilot.press("down")
        assert load(names()[1]).title in shown(app)


def test_a_set_that_brings_its_own_test_is_not_said_to_hold_a_share_out() -> None:
    spec = checked_spec({"problem": {"kind": "dataset"}, "data": {"name": "mnist"}}, "test")
    assert dict(described(spec))["problem"] == "MNIST: 60,000 samples, others for the test"


async def test_the_gallery_explains_itself_and_its_keys(open_gallery: Open, wait_until: WaitUntil) -> None:
    app = open_gallery()
    async with app.run_test(size=(120, 36)) as pilot:
        await read(pilot, wait_until)
        await pilot.press("question_mark")
        screen = app.screen
        assert isinstance(screen, HelpScreen)
        rows = {row._explained.keys: row._explained.words for row in screen.query(HelpKey)}
        assert rows["⏎"] == "start the lesson that is chosen"
        assert {"?", "q"}.issubset(rows)
        assert "Every lesson" in screen._explained[0]
        await pilot.press("escape")
        assert isinstance(app.screen, Gallery)
        await wait_until(
            lambda: (
                "? Help" in " ".join("".join(each.text for each in app.screen._compositor.render_strips()[-1]).split())
            )
        )
        assert not directory.all_runs(), "Enter in the help starts nothing"
