"""The equation view over a real engine: every key, and that what it says is what the step then does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from engine.method.optimizers import RULES
from tests.tui.views.conftest import Before, preset_of
from tui.views import VIEWS
from tui.views.equation import EquationView

if TYPE_CHECKING:
    from collections.abc import Callable

    from presets import Preset
    from tests.tui.conftest import Seat, Watched

HEAD, LINES, WORDS = "#equation-head", "#equation-lines", "#equation-words"
STILL: dict[str, Any] = {
    "problem": {"kind": "expression", "expression": "3*x - 2*y", "start": [1.0, 1.0]},
    "optimizer": {"name": "momentum", "lr": 0.5, "momentum": 0.5},
}
"""The gradient is (3, −2) for ever."""


async def looking(seat: Seat, part: str = "θ ←") -> tuple[Before, EquationView]:
    me = Before(app=seat.app, pilot=seat.pilot)
    view = await me.open("equation")
    assert isinstance(view, EquationView)
    await me.until_text(LINES, part)
    return me, view


async def test_the_lines_have_the_numbers_of_the_step_that_comes_next(watched: Watched) -> None:
    async with watched(preset_of(**STILL), size=(120, 36)) as seat:
        me, view = await looking(seat)
        rows = {row[0]: float(row[2]) for row in view.export()[1:]}
        assert rows["g"] == 3.0
        assert re.search(r"b ← μ·b \+ g\s+= 0\.5·[\d.]+ \+ 3 = [\d.]+", me.text(LINES))
        assert "Momentum (torch)" in me.text(HEAD)
        assert "x" in me.text(HEAD)
        assert "largest gradient" in me.text(HEAD)
        step = me.view.step
        await me.press("s")
        await me.until_text(HEAD, f"step {step + 2},")
        assert view._looking.seen is not None
        assert view._looking.seen.facts["before"] == pytest.approx(rows["θ"], rel=1e-14)


@pytest.mark.thorough
async def test_enter_goes_through_the_lines_one_by_one(watched: Watched) -> None:
    async with watched(preset_of(**STILL), size=(120, 36)) as seat:
        me, _ = await looking(seat)
        await me.press("enter")
        assert "1 of 4" in me.text(WORDS)
        assert "g: gradient of the batch's loss" in me.text(WORDS)
        assert "▸ g = ∂L/∂θ" in me.text(LINES)
        assert "0.5·" not in me.text(LINES), "what comes later has no numbers yet"
        await me.press("enter")
        assert "b: velocity" in me.text(WORDS)
        assert "0.5·" in me.text(LINES)
        await me.press("b")
        assert "1 of 4" in me.text(WORDS)
        await me.press("b")
        assert "enter goes through" in me.text(WORDS)
        await me.press("home", "enter", "end")
        assert "enter goes through" in me.text(WORDS)
        await me.press("home", "escape")
        assert "enter goes through" in me.text(WORDS)


@pytest.mark.thorough
async def test_tensor_and_parameter_are_chosen_by_keys(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        me, _ = await looking(seat)
        await me.press("g")
        first = me.text(HEAD)
        assert "largest gradient" in first
        names = [tensor.name for tensor in me.view.welcome.tensors]
        shown = next(name for name in names if f" {name}[" in first)
        after = [*names, *names][names.index(shown) + 1]
        await me.press("down")
        await me.until_text(HEAD, f" {after}[")
        assert "largest" not in me.text(HEAD)
        await me.press("up")
        await me.until_text(HEAD, f" {shown}[")
        for _ in range((names.index("layer1.weight") - names.index(shown)) % len(names)):
            await me.press("down")
        await me.until_text(HEAD, "layer1.weight[0, 0]")
        for key, place in (("right", "[0, 1]"), ("left", "[0, 0]"), ("left", "[1, 3]")):
            await me.press(key)
            await me.until_text(HEAD, f"layer1.weight{place}")
        await me.press("right", "pagedown")
        await me.until_text(HEAD, "layer1.weight[0, 2]")
        await me.press("pageup")
        await me.until_text(HEAD, "layer1.weight[0, 0]")
        await me.press("g")
        await me.until_text(HEAD, "largest gradient")


async def test_a_matrix_under_muon_has_no_rate_and_a_bias_has_one(
    watched: Watched, preset: Callable[..., Preset]
) -> None:
    async with watched(preset(optimizer={"name": "muon", "lr": 0.01}), size=(160, 36)) as seat:
        me, _ = await looking(seat)
        why = "effective α –  Muon divides a matrix by no second moment, so no parameter has a rate of its own"
        shapes = {tensor.name: tensor.shape for tensor in me.view.welcome.tensors}
        names = [*shapes, *shapes]
        first = next(name for name in names if f" {name}[" in me.text(HEAD))
        for name in names[names.index(first) + 1 :][: len(shapes)]:
            await me.press("down")
            await me.until_text(HEAD, f" {name}[")
            assert (why in me.text(HEAD)) is (len(shapes[name]) == 2)
            assert "nan" not in me.text(HEAD)


@pytest.mark.thorough
async def test_another_optimizer_has_its_own_lines_at_once(watched: Watched) -> None:
    async with watched(preset_of(**STILL), size=(160, 60)) as seat:
        me, _ = await looking(seat)
        for name, part in (("rprop", "ℓ ←"), ("adan", "Δg ="), ("lion", "sign(u)"), ("sgd", "Δ = α·g")):
            me.dashboard.switch_optimizer(name, carry=False)
            await me.answered()
            if name == "adan":
                await me.press("s")  # at the first step no gradient has changed yet
            await me.until_text(HEAD, RULES[name].title)
            await me.until_text(LINES, part)


async def test_on_a_low_screen_the_lines_can_be_moved_and_a_click_explains_one(watched: Watched) -> None:
    async with watched(size=(60, 16)) as seat:
        me, _ = await looking(seat, "g =")
        before = me.text(LINES)
        assert "more rows" in me.text(WORDS)
        await me.press("j")
        assert me.text(LINES) != before
        await me.press("k")
        assert me.text(LINES) == before
        await me.pilot.click(LINES, offset=(4, 0))
        await me.answered()
        assert "1 of" in me.text(WORDS)


@pytest.mark.thorough
async def test_a_step_that_will_be_refused_says_so(watched: Watched) -> None:
    problem = {"kind": "expression", "expression": "log(x)", "start": [-1.0]}
    preset = preset_of(problem=problem, optimizer={"name": "sgd", "lr": 1.0})
    async with watched(preset, size=(80, 24)) as seat:
        me = Before(app=seat.app, pilot=seat.pilot)
        await me.until(lambda: me.view.lane_state == "diverged")
        await me.press(str([kind.name for kind in VIEWS].index("equation") + 1))
        assert "is refused" in await me.until_text(LINES, "coming step")


@pytest.mark.thorough
@pytest.mark.parametrize("size", [(1, 1), (12, 4), (30, 9), (80, 24), (200, 60)])
async def test_it_can_have_any_size(watched: Watched, size: tuple[int, int]) -> None:
    async with watched(preset_of(**STILL), size=(80, 24)) as seat:
        me, _ = await looking(seat)
        await me.press("enter")
        await me.pilot.resize_terminal(*size)
        await me.answered()
        assert me.app.is_running
