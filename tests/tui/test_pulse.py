"""What is counted of a terminal, and what the debug line says of it."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING

import pytest
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver

from tui import frame_clock
from tui.app import GdtuiApp
from tui.pulse import CountingDriver, Pulse, _Output
from tui.widgets.debug_row import memory_bytes
from tui.widgets.text_rows import TextRows

if TYPE_CHECKING:
    from tests.tui.conftest import Watched


class SlowFile(io.StringIO):
    """A terminal that takes what it is given when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on = threading.Event()

    def flush(self) -> None:
        """Wait until it is let."""
        self.may_go_on.wait(10.0)


def test_a_terminal_is_congested_until_it_has_taken_everything() -> None:
    file, pulse = SlowFile(), Pulse()
    thread = WriterThread(_Output(file, pulse))  # type: ignore[arg-type]
    thread.start()
    assert not pulse.is_congested
    pulse.given += len("α→")
    thread.write("α→")
    assert pulse.is_congested
    file.may_go_on.set()
    thread.stop()
    assert not pulse.is_congested
    assert file.getvalue() == "α→"
    assert pulse.written == 5, "in bytes of UTF-8"


def test_what_goes_to_a_real_terminal_is_counted() -> None:
    assert GdtuiApp().driver_class is CountingDriver
    assert issubclass(CountingDriver, LinuxDriver)


def test_the_memory_is_that_of_this_process() -> None:
    before = memory_bytes()
    held = bytearray(b"x" * 64_000_000)
    assert memory_bytes() - before > 0.9 * len(held)


async def test_the_debug_line_comes_and_goes_with_its_key(watched: Watched) -> None:
    async with watched(size=(160, 40)) as seat:
        row = seat.dashboard.query_one("#debug", TextRows)
        assert not row.display
        await seat.press("f12")
        await seat.press("right_square_bracket")
        assert row.display
        await seat.until(lambda: " 30 " in row.export() and "ms, worst" in row.export(), row.export)
        await seat.until(lambda: "no key" not in row.export(), row.export)
        text = row.export()
        for words in ("frames/s", "a frame", "kB a frame", "key to answer", "steps/s", "MB"):
            assert words in text
        await seat.press("f12")
        assert not row.display


async def test_the_debug_line_has_room_on_a_small_screen(watched: Watched) -> None:
    async with watched(size=(80, 24)) as seat:
        row = seat.dashboard.query_one("#debug", TextRows)
        await seat.press("f12")
        await seat.until(lambda: row.export().endswith("MB"), row.export)
        assert len(row.export()) <= 80
        assert "frames/s" in row.export()


async def test_the_debug_line_is_a_command_of_the_palette(watched: Watched) -> None:
    async with watched() as seat:
        (command,) = [one for one in seat.app.get_system_commands(seat.app.screen) if one.title == "Debug line"]
        command.callback()
        assert seat.dashboard.query_one("#debug").display


async def test_a_key_wakes_the_clock(watched: Watched) -> None:
    async with watched() as seat:
        before = seat.app.pulse.input_at
        await seat.pilot.press("x")
        assert seat.app.pulse.input_at > before


async def test_no_frame_is_drawn_into_a_terminal_that_is_congested(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_clock, "STUCK_S", 60.0)
    async with watched() as seat:
        await seat.paused_at(5)
        seat.app.pulse.given += 1
        await seat.pilot.press("right_square_bracket")
        await seat.until(lambda: not seat.view.asked)
        await seat.pilot.pause(0.2)
        assert "0.011" not in seat.headline
        seat.app.pulse.given -= 1
        await seat.until(lambda: "0.011" in seat.headline)


async def test_what_a_key_did_is_told_without_waiting_for_the_views(watched: Watched) -> None:
    async with watched() as seat:
        drawn = seat.dashboard._clock._drawn
        await seat.until(lambda: drawn)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(seat.dashboard._clock, "is_due", lambda *_, **__: False)
            await seat.pilot.pause(0.2)
            before = drawn[-1]
            await seat.pilot.press("right_curly_bracket")
            await seat.until(lambda: "α 0.1" in seat.headline)
            assert drawn[-1] is before
        await seat.until(lambda: drawn[-1] is not before)
