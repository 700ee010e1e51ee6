"""A terminal of any size, and one that does not keep it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from textual.events import Resize
from textual.geometry import Size

from tui.widgets.chart import LiveChart
from tui.widgets.key_bar import KeyBar
from tui.widgets.parameter_table import ParameterTable
from tui.widgets.text_rows import TextRows

if TYPE_CHECKING:
    from tests.tui.conftest import Seat, Watched

SIZES = [
    (1, 1),
    (2, 1),
    (1, 40),
    (300, 1),
    (3, 3),
    (10, 5),
    (19, 7),
    (20, 13),
    (40, 14),
    (59, 29),
    (60, 30),
    (80, 24),
    (103, 13),
    (104, 36),
    (120, 36),
    (160, 50),
    (300, 100),
]


def cells(seat: Seat) -> list[int]:
    """Return how wide each row of the screen is."""
    return [strip.cell_length for strip in seat.app.screen._compositor.render_strips()]


@pytest.mark.thorough
async def test_every_size_and_a_storm_of_resizes_is_survived(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5)
        await seat.press("right_square_bracket")
        for width, height in SIZES:
            await seat.pilot.resize_terminal(width, height)
            seat.dashboard.draw()
            await seat.until(lambda: cells(seat) == [width] * height, lambda: cells(seat))  # noqa: B023
        for number in range(30):
            width, height = SIZES[number * 7 % len(SIZES)]
            # Faster than anything can be drawn: each before the one before it is done with.
            seat.app.post_message(Resize(Size(width, height), Size(width, height)))
        await seat.pilot.resize_terminal(120, 36)
        await seat.press("right_square_bracket")
        assert seat.view.spec.optimizer.lr == pytest.approx(0.0121)


async def test_two_sizes_at_once_do_not_call_each_other_up_for_ever(watched: Watched) -> None:
    """A window that is dragged asks for many sizes: the screen settles on the newest, and then rests."""
    async with watched(size=(120, 36)) as seat:
        await seat.paused_at(5)
        layouts: list[object] = []
        seat.dashboard.screen_layout_refresh_signal.subscribe(seat.dashboard, layouts.append)
        for width, height in ((100, 30), (120, 36)):
            seat.dashboard.post_message(Resize(Size(width, height), Size(width, height)))
            # One that is followed by another at once is replaced by it, and does no harm.
            seat.dashboard.call_later(list)
        await asyncio.sleep(0.4)
        layouts.clear()
        await asyncio.sleep(0.4)
        # A storm that goes on would not let the application end.
        seat.dashboard.disable_messages(Resize)
        assert len(layouts) <= 1
        assert seat.dashboard.size == (120, 36)


@pytest.mark.thorough
async def test_every_dialog_survives_a_tiny_terminal(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        for key in ("o", "h", "q", "question_mark", "ctrl+p"):
            await seat.pilot.resize_terminal(120, 36)
            await seat.pilot.press(key)
            assert not seat.is_alone, key
            for width, height in ((20, 5), (1, 1), (3, 2)):
                await seat.pilot.resize_terminal(width, height)
                await seat.until(lambda: cells(seat) == [width] * height, lambda: cells(seat))  # noqa: B023
            await seat.pilot.press("escape")
            assert seat.is_alone, key


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("size", "shown", "hidden"),
    [
        ((120, 36), ["#loss", "#gradient", "#rate", "#parameters", "#progress", "#message", "KeyBar"], []),
        ((80, 24), ["#loss", "#gradient", "#parameters", "#progress", "#message", "KeyBar"], ["#rate"]),
        ((59, 24), ["#loss", "#parameters", "#progress", "#message", "KeyBar"], ["#gradient", "#rate"]),
        ((120, 16), ["#loss", "#progress", "#message", "KeyBar"], ["#gradient", "#rate", "#parameters"]),
        ((40, 10), ["#loss", "#progress", "#message", "KeyBar"], ["#gradient", "#rate", "#parameters"]),
        ((40, 9), ["#loss", "#progress", "#message"], ["#gradient", "#rate", "#parameters", "KeyBar"]),
        ((20, 5), ["#loss", "#progress", "#message"], ["#gradient", "#rate", "#parameters", "KeyBar"]),
    ],
)
async def test_what_matters_most_keeps_its_place(
    watched: Watched, size: tuple[int, int], shown: list[str], hidden: list[str]
) -> None:
    async with watched(size=size) as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5 and seat.view.lane.figures is not None)
        seat.dashboard.draw()
        await seat.pilot.pause()
        for selector in ["#headline", *shown]:
            region = seat.dashboard.query_one(selector).region
            assert region, selector
            assert region.right <= size[0], selector
            assert region.bottom <= size[1], selector
        for selector in hidden:
            assert not seat.dashboard.query_one(selector).region, selector
        assert "Adam α 0.01" in seat.headline
        assert "step" in seat.progress
        # A frame may wait for the one before it.
        await seat.until(lambda: any("⠀" < character <= "⣿" for character in seat.chart("loss")))


async def test_eighty_by_twenty_four_shows_loss_gradient_every_tensor_and_progress(watched: Watched) -> None:
    async with watched(size=(80, 24)) as seat:
        await seat.until(lambda: seat.view.lane.loss.last_x >= 5 and seat.view.lane.figures is not None)
        seat.dashboard.draw()
        await seat.pilot.pause()
        dashboard = seat.dashboard
        assert dashboard.query_one("#loss", LiveChart).size.height >= 8
        assert dashboard.query_one("#gradient", LiveChart).size.width >= 20
        assert dashboard.query_one(ParameterTable).size.height == 5
        assert dashboard.query_one("#progress", TextRows).size.height == 1
        assert dashboard.query_one(KeyBar).size.height == 1
        assert "steps/s" in seat.progress
        screen = "\n".join(strip.text for strip in seat.app.screen._compositor.render_strips())
        for name in ("layer1.weight", "layer1.bias", "layer2.weight", "layer2.bias", "smoothed", "‖∇L‖", "√v̂"):
            assert name in screen


async def test_a_smaller_terminal_gets_back_everything_when_it_grows(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.paused_at(10)
        regions = [seat.dashboard.query_one(f"#{name}").region for name in ("loss", "gradient", "rate", "parameters")]
        for size in ((1, 1), (40, 10), (80, 24), (120, 36)):
            await seat.pilot.resize_terminal(*size)
        assert regions == [
            seat.dashboard.query_one(f"#{name}").region for name in ("loss", "gradient", "rate", "parameters")
        ]
