"""From a key to its effect on the screen: before the rest of the picture, and a picture is never shown half drawn."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from rich.style import Style
from textual.app import App, ComposeResult
from textual.command import CommandList
from textual.events import Click, Key
from textual.widgets import OptionList

import tui.screens.command_palette  # noqa: F401  makes the palette's own list steady
from engine.run import commands
from tui.frame_clock import FrameClock
from tui.run_view import RunView
from tui.screens.dashboard import Dashboard
from tui.widgets.chart import LiveChart
from tui.widgets.option_list import SteadyOptionList
from tui.wire import TightUpdate

if TYPE_CHECKING:
    from tests.tui.conftest import Seat, Watched


@pytest.fixture
def always_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FrameClock, "is_due", lambda *_, **__: True)


def shown(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> list[TightUpdate]:
    """Return what goes to the terminal from now on, frame by frame."""
    frames: list[TightUpdate] = []

    def display(screen: Any, update: Any) -> None:
        if update is not None:
            frames.append(update)

    monkeypatch.setattr(seat.app, "_display", display)
    return frames


def text_of(frame: TightUpdate) -> str:
    return "".join(piece.strip.crop(piece.start, piece.stop).text for piece in frame.pieces)


async def test_a_key_that_comes_while_charts_are_drawn_is_heard_before_the_last_of_them(
    watched: Watched, always_due: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.paused_at(5)
        order: list[str] = []
        draw, send = LiveChart.show, RunView.send

        def drawing(chart: LiveChart, *arguments: Any, **others: Any) -> int:
            if not order:
                # As the thread that reads the terminal does.
                seat.app.pulse.hear()
                seat.app.post_message(Key("right_square_bracket", "]"))
            order.append("chart")
            return draw(chart, *arguments, **others)

        def sending(view: RunView, command: commands.Steering, *arguments: Any) -> None:
            order.append("key")
            send(view, command, *arguments)

        monkeypatch.setattr(LiveChart, "show", drawing)
        monkeypatch.setattr(RunView, "send", sending)
        await seat.dashboard._tick()
        assert order.count("chart") >= 4
        assert "key" in order[: order.index("chart") + 3]


async def test_while_a_key_waits_for_the_engine_no_picture_is_drawn_but_not_for_ever(
    watched: Watched, always_due: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.paused_at(5)
        drawn: list[LiveChart] = []
        monkeypatch.setattr(LiveChart, "show", lambda chart, *_, **__: drawn.append(chart))
        seat.view.asked[10**6] = "a change that the engine does not answer"
        seat.app.pulse.hear()
        await seat.dashboard._tick()
        assert not drawn
        seat.app.pulse.input_at -= 1.0
        await seat.dashboard._tick()
        assert drawn
        seat.view.asked.clear()


async def test_a_frame_goes_out_whole(watched: Watched, always_due: None, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.paused_at(20)
        draw = LiveChart.show

        def slowly(chart: LiveChart, *arguments: Any, **others: Any) -> int:
            rows = draw(chart, *arguments, **others)
            chart.refresh()
            # Longer than Textual waits until it shows what has changed.
            time.sleep(0.02)
            return rows

        monkeypatch.setattr(LiveChart, "show", slowly)
        # Between the pieces everything else gets its turn.
        seat.app.pulse.hear()
        frames = shown(seat, monkeypatch)
        await seat.dashboard._tick()
        assert len(frames) == 1
        charts = [chart for chart in seat.dashboard.query(LiveChart) if chart.region]
        assert len(charts) >= 4
        assert text_of(frames[0]).count("┌") == len(charts)


async def test_what_the_engine_has_confirmed_is_sent_at_once(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.paused_at(5)
        await seat.pilot.pause()
        frames = shown(seat, monkeypatch)
        seat.view.say("the engine has said so")
        seat.dashboard.tell()
        assert "the engine has said so" in "".join(map(text_of, frames))


async def test_of_far_too_many_keys_the_late_ones_are_left_out_and_that_is_said(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.paused_at(5)
        done: list[float] = []

        def slowly(dashboard: Dashboard) -> None:
            done.append(time.monotonic())
            time.sleep(0.02)

        monkeypatch.setattr(Dashboard, "action_maximise", slowly)
        for _ in range(300):
            seat.app.post_message(Key("z", "z"))
        await seat.until(lambda: any("left out" in each.message for each in seat.app._notifications))
        assert 1 < len(done) < 100, "a second's worth"
        await seat.pilot.pause()
        before = len(done)
        await seat.pilot.press("z")
        assert len(done) == before + 1, "those that come later count"


@pytest.mark.parametrize("kind", [SteadyOptionList, CommandList])
async def test_a_click_on_an_option_that_has_gone_does_nothing(kind: type[OptionList]) -> None:
    class Shown(App[None]):
        def compose(self) -> ComposeResult:
            yield kind("one", "two", "three")

    app = Shown()
    async with app.run_test(size=(20, 6)) as pilot:
        options = app.query_one(kind)
        click = Click(options, 1, 2, 0, 0, 1, False, False, False, style=Style(meta={"option": 2}))
        options.clear_options()
        options.add_option("one")
        options.post_message(click)
        await pilot.pause()
        assert app.is_running
        assert app.return_code in (None, 0)
