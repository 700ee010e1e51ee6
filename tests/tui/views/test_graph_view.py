"""The graph view over a real engine: every key, and what is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tui.views.conftest import Before, preset_of
from tui.views.graph import GraphView

if TYPE_CHECKING:
    from tests.tui.conftest import Watched

CIRCUIT = {
    "problem": {"kind": "expression", "expression": "(x + y)*z", "start": [-2.0, 5.0, -4.0]},
    "optimizer": {"name": "sgd", "lr": 1e-9},
}
"""It stands still, as far as four digits go."""
SHEET, RULE = "#graph-sheet", "#graph-rule"


def sit(seat: object) -> Before:
    return Before(app=seat.app, pilot=seat.pilot)  # type: ignore[attr-defined]


async def test_it_shows_value_gradient_and_local_gradients_of_every_node(watched: Watched) -> None:
    async with watched(preset_of(**CIRCUIT), size=(120, 36)) as seat:
        me = sit(seat)
        await me.open("graph")
        text = await me.until_text(SHEET, "v1")
        for part in ("= 5.000", "∂ -4.000", "v1 · z", "×3.000", "×-4.000", "= -12.00", "∂ 1.000"):
            assert part in text
        assert "f = -12.00" in me.text(RULE)


@pytest.mark.thorough
async def test_it_goes_forward_and_backward_one_node_at_a_time(watched: Watched) -> None:
    async with watched(preset_of(**CIRCUIT), size=(120, 36)) as seat:
        me = sit(seat)
        await me.open("graph")
        await me.until_text(SHEET, "v1")
        await me.press("right")
        assert "forward 1 of 5" in me.text(RULE)
        assert "-12.00" not in me.text(SHEET), "what is not computed yet is not shown"
        await me.press("right", "right", "enter")
        assert "v1 = x + y = (-2.000) + 5.000 = 3.000" in me.text(RULE)
        await me.press("right", "right")
        assert "∂f/∂f = 1" in me.text(RULE)
        await me.press("right", "right", "right", "right")
        assert "∂f/∂x = ∂f/∂v1 · ∂v1/∂x" in me.text(RULE)
        assert "= (-4.000) · 1.000 = -4.000" in me.text(RULE)
        assert "╔" in me.text(SHEET), "the node at hand stands out without colour"
        await me.press("left")
        assert "∂f/∂y" in me.text(RULE)
        await me.press("home")
        assert "forward 1 of 5" in me.text(RULE)
        await me.press("end")
        assert "all values and gradients" in me.text(RULE)


async def test_escape_steps_out_of_the_walk_and_no_further(watched: Watched) -> None:
    async with watched(preset_of(**CIRCUIT), size=(120, 36)) as seat:
        me = sit(seat)
        await me.open("graph")
        await me.until_text(SHEET, "v1")
        await me.press("right", "escape")
        assert "all values and gradients" in me.text(RULE)


async def test_a_node_that_is_used_twice_adds_up_what_comes_back(watched: Watched) -> None:
    problem = {"kind": "expression", "expression": "x*y + x", "start": [2.0, 3.0]}
    async with watched(preset_of(problem=problem, optimizer=CIRCUIT["optimizer"]), size=(120, 36)) as seat:
        me = sit(seat)
        await me.open("graph")
        await me.until_text(SHEET, "v1")
        await me.press("left")
        assert "∂f/∂x = ∂f/∂v1 · ∂v1/∂x + ∂f/∂f · ∂f/∂x" in me.text(RULE)
        assert "= 1.000 · 3.000 + 1.000 · 1.000 = 4.000" in me.text(RULE)


async def test_a_click_explains_a_node(watched: Watched) -> None:
    async with watched(preset_of(**CIRCUIT), size=(120, 36)) as seat:
        me = sit(seat)
        await me.open("graph")
        rows = (await me.until_text(SHEET, "v1")).splitlines()
        row = next(number for number, text in enumerate(rows) if " v1 ─" in text)
        await me.pilot.click(SHEET, offset=(rows[row].index(" v1 ─"), row))
        await me.answered()
        assert "∂f/∂v1 = ∂f/∂f · ∂f/∂v1" in me.text(RULE)


@pytest.mark.thorough
async def test_a_graph_larger_than_the_screen_can_be_moved(watched: Watched) -> None:
    problem = {"kind": "expression", "expression": "a*b + c*d + g*h + i*j + k*l + m*n", "start": [1.0] * 12}
    async with watched(preset_of(problem=problem, optimizer=CIRCUIT["optimizer"]), size=(60, 20)) as seat:
        me = sit(seat)
        view = await me.open("graph")
        before = await me.until_text(SHEET, "┌")
        for key, back in (("down", "up"), ("pagedown", "pageup"), ("p", "x")):
            await me.press(key)
            assert me.text(SHEET) != before, key
            await me.press(back)
            assert me.text(SHEET) == before, back
        await me.press(*["right"] * 23)
        assert "╔ f =" in me.text(SHEET), "it follows the node at hand"
        assert isinstance(view, GraphView)
        assert len(view.export()) == 24


async def test_a_network_is_a_way_of_stages_that_can_be_walked(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        me = sit(seat)
        view = await me.open("graph")
        text = await me.until_text(SHEET, "layer2")
        for part in (
            "input",
            "64×2",
            "z1 = Wᵀ·x + b",
            "relu",
            "64×4",
            "L = binary_cross_en",
            "▪",
        ):
            assert part in text
        assert "as they are now, over all 64 training samples" in me.text(RULE)
        await me.press("right", "right")
        assert "z1 = Wᵀ·x + b" in me.text(RULE)
        assert "goes in" in me.text(RULE)
        await me.press("home", "left", "left", "left")
        assert "∂L/∂z1 = ∂L/∂a1 ⊙ φ′(z1), φ = relu" in me.text(RULE)
        assert view.export()[0][0] == "name"


async def test_a_landscape_says_why_there_is_no_graph(watched: Watched) -> None:
    async with watched(preset_of(problem={"kind": "landscape"}), size=(80, 24)) as seat:
        me = sit(seat)
        await me.open("graph")
        assert "no graph of nodes" in await me.until_text(SHEET, "landscape")


@pytest.mark.thorough
@pytest.mark.parametrize("size", [(1, 1), (9, 3), (25, 9), (40, 12), (80, 24), (200, 60)])
async def test_it_can_have_any_size(watched: Watched, size: tuple[int, int]) -> None:
    async with watched(preset_of(**CIRCUIT), size=(80, 24)) as seat:
        me = sit(seat)
        await me.open("graph")
        await me.until_text(SHEET, "v1")
        await me.press("right")
        await me.pilot.resize_terminal(*size)
        await me.answered()
        assert me.app.is_running
