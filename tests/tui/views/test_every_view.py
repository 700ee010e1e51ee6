"""What holds for every view in the table, whichever there are: any size, any terminal, and a screen that is whole."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from textual.events import Resize
from textual.geometry import Size

from presets import chosen_preset
from tui.views import VIEWS

if TYPE_CHECKING:
    from tests.tui.conftest import Seat, Watched
    from tests.tui.terminals import Terminal

NAMES = [kind.name for kind in VIEWS]
KEY_OF = {kind.name: str(number + 1) for number, kind in enumerate(VIEWS)}
SHORT = ("stop.steps=300", "pace.steps_per_second=100")
PLAIN = {"NO_COLOR": "1", "TERM": "linux", "LC_ALL": "C"}
"""A console of old: no colours, and a font without braille."""
QUIET_S = 3.0
"""Limits of axes may still shrink for two seconds after the last step."""
DRAWN_S = 0.7
"""Where nothing is written for so long, a new size has been drawn: two sizes at once would come to the newer one."""

Suited = Callable[[str], str]
OpenTerminal = Callable[..., "Terminal"]

pytestmark = pytest.mark.thorough


def row_widths(seat: Seat) -> list[int]:
    """Return how wide each row of the screen is."""
    return [strip.cell_length for strip in seat.app.screen._compositor.render_strips()]


def draw_anew(one: Terminal) -> None:
    """Have every cell of the usual size drawn once more."""
    for columns in (119, 120):
        one.resize(columns, 36)
        one.rest(DRAWN_S)


def differences(new: list[list[Any]], old: list[list[Any]]) -> list[tuple[int, int, Any, Any]]:
    """Return the cells, by row and column, that look different."""
    return [
        (row, column, *pair)
        for row, both in enumerate(zip(new, old, strict=True))
        for column, pair in enumerate(zip(*both, strict=True))
        if pair[0] != pair[1]
    ]


def leave(one: Terminal) -> None:
    """Quit, and end the run if it has not ended by itself."""
    one.type("q")
    one.until(lambda: "Leave " in one.text or one.process.poll() is not None)
    if one.process.poll() is None:
        one.type("s")
    assert one.exit_code() == 0


@pytest.mark.parametrize("name", NAMES)
async def test_a_storm_of_sizes_is_survived(watched: Watched, suited: Suited, name: str) -> None:
    generator = random.Random(f"{name}: sizes")  # noqa: S311
    preset = chosen_preset(suited(name), settings=SHORT)
    async with watched(preset, size=(120, 36)) as seat:
        await seat.pilot.press(KEY_OF[name])
        sizes = [(1, 1), (2, 300), (300, 2), (300, 100), (20, 3), (7, 7)]
        sizes += [(generator.randint(1, 300), generator.randint(1, 100)) for _ in range(8)]
        for width, height in sizes:
            await seat.pilot.resize_terminal(width, height)
            seat.dashboard.draw()
            await seat.until(lambda: row_widths(seat) == [width] * height, lambda: row_widths(seat))  # noqa: B023
        for _ in range(30):
            width, height = generator.randint(1, 300), generator.randint(1, 100)
            # Faster than anything can be drawn: each before the one before it is done with.
            seat.app.post_message(Resize(Size(width, height), Size(width, height)))
        await seat.pilot.resize_terminal(120, 36)
        await seat.press("right_square_bracket")
        assert seat.app.is_running
        assert row_widths(seat) == [120] * 36


@pytest.mark.parametrize("name", NAMES)
def test_what_stands_on_the_screen_is_what_a_full_redraw_shows(
    terminal: OpenTerminal, suited: Suited, name: str
) -> None:
    """Steered, switched and resized while it trains; then drawn once more from nothing, cell by cell the same."""
    one = terminal(suited(name), *(part for setting in SHORT for part in ("--set", setting)))
    one.sees("● running", "steps/s")
    for key in (KEY_OF[name], "]", "t", "t", "t", KEY_OF["curves"], KEY_OF[name]):
        one.type(key)
        one.read(0.1)
    for size in ((93, 29), (14, 6), (150, 45), (120, 36)):
        one.resize(*size)
        one.read(0.1)
    one.sees("■ ended")
    # While a run goes on, axes keep room for what may come; in a new size they have that of the end.
    draw_anew(one)
    for key in ("t", "t", "t", KEY_OF["log"], KEY_OF["curves"], KEY_OF[name]):
        one.type(key)
        one.read(0.1)
    one.rest(QUIET_S)
    shown, cells = one.lines, one.cells
    draw_anew(one)
    one.until(lambda: one.lines == shown)
    one.rest(QUIET_S)
    assert not differences(one.cells, cells), "of a full redraw and what stood there"
    leave(one)


def test_a_storm_of_sizes_on_a_real_terminal_leaves_every_view_whole(terminal: OpenTerminal) -> None:
    one = terminal("spiral")
    one.sees("● running", "steps/s")
    generator = random.Random(3)  # noqa: S311
    for name in NAMES:
        one.type(KEY_OF[name])
        for _ in range(15):
            one.resize(generator.randint(1, 200), generator.randint(1, 60))
            one.read(0.005)
    one.resize(120, 36)
    one.type(" ")
    one.sees("‖ paused", "q Quit")
    leave(one)


def test_every_view_is_shown_without_colours_and_without_braille(terminal: OpenTerminal, suited: Suited) -> None:
    for preset in sorted({suited(name) for name in NAMES}):
        one = terminal(preset, *(part for setting in SHORT for part in ("--set", setting)), environment=PLAIN)
        one.sees("running")
        for name in NAMES:
            if suited(name) == preset:
                one.type(KEY_OF[name])
                one.rest(QUIET_S)
                assert one.process.poll() is None, one.text
                assert any(line.strip() for line in one.lines[2:-3]), name
        assert not any("⠀" < character <= "⣿" for character in one.text)
        colours = {cell.fg for row in one.cells for cell in row} | {cell.bg for row in one.cells for cell in row}
        digits = {colour for colour in colours if len(colour) == 6}
        assert all(colour[:2] == colour[2:4] == colour[4:] for colour in digits), "greys only"
        leave(one)
