"""What is sent for a frame is shorter than Textual's own, and looks the same on a terminal."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import Static

from tui.widgets.text_rows import TextRows
from tui.wire import Piece, TightCompositor, TightUpdate, tight

COLUMNS, ROWS = 24, 4
CONSOLE = Console(force_terminal=True, color_system="truecolor", width=COLUMNS)
COLOURS = st.sampled_from([None, "red", "bright_green", "#102030", "#ffeedd", "color(130)", "default"])
LOOKS = st.builds(
    lambda colour, ground, bold, dim, reverse: Style(color=colour, bgcolor=ground, bold=bold, dim=dim, reverse=reverse),
    COLOURS,
    COLOURS,
    *(st.booleans() for _ in range(3)),
)
SPANS = st.lists(st.tuples(st.text("ab⣿界 ", min_size=1, max_size=5), LOOKS), min_size=1, max_size=4)


def screen_after(*texts: str, columns: int = COLUMNS, rows: int = ROWS) -> list[list[Any]]:
    """Return the cells of a terminal that was sent all this."""
    screen = pyte.Screen(columns, rows)
    stream = pyte.Stream(screen)
    for text in texts:
        stream.feed(text)
    return [[screen.buffer[row][column] for column in range(columns)] for row in range(rows)]


def strip_of(spans: list[tuple[str, Style]]) -> Strip:
    return Strip([Segment(text, style) for text, style in spans])


def sent(pieces: list[Piece]) -> str:
    return TightUpdate(pieces).render_segments(CONSOLE)


@given(st.lists(SPANS, min_size=1, max_size=3))
def test_the_same_stands_on_the_screen_and_no_more_is_sent(rows: list[list[tuple[str, Style]]]) -> None:
    strips = [strip_of(row).crop(0, COLUMNS) for row in rows]
    usual = "".join(f"\x1b[{number + 1};1H{strip.render(CONSOLE)}" for number, strip in enumerate(strips))
    text = sent([Piece(number, 0, strip, 0, strip.cell_length) for number, strip in enumerate(strips)])
    assert screen_after(text, "\x1b[4;1Hafter") == screen_after(usual, "\x1b[4;1Hafter")
    assert len(text) <= len(usual)


@given(SPANS, st.integers(0, 20), st.integers(0, 20))
def test_a_part_of_a_row_is_what_textual_cuts_out_of_it(row: list[tuple[str, Style]], start: int, length: int) -> None:
    strip = strip_of(row).crop(0, COLUMNS)
    start = min(start, strip.cell_length)
    stop = min(start + length, strip.cell_length)
    usual = f"\x1b[2;{start + 1}H{strip.crop(start, stop).render(CONSOLE)}"
    assert screen_after(sent([Piece(1, start, strip, start, stop)])) == screen_after(usual)


def test_a_colour_that_stays_is_named_once() -> None:
    ground = Style(color="#112233", bgcolor="#445566")
    other = Style(color="#778899", bgcolor="#445566")
    strip = strip_of([("a", ground), ("b", other), ("c", ground), ("d", ground)])
    text = sent([Piece(0, 0, strip, 0, 4)])
    assert text.count("68;85;102") == 1
    assert text.endswith("cd\x1b[0m")


def test_a_link_is_opened_and_closed_once() -> None:
    link = Style(link="https://example.org/")
    text = sent([Piece(0, 0, strip_of([("see ", Style()), ("he", link), ("re", link), (".", Style())]), 0, 9)])
    assert text.count("https://example.org/") == 1
    assert text.count("\x1b]8;;\x1b\\") == 1
    assert text.index("here") < text.index("\x1b]8;;\x1b\\") < text.index(".", text.index("here"))


@pytest.mark.parametrize("first", [0, 3, 9, 19])
def test_of_a_changed_row_only_the_changed_cells_are_sent(first: int) -> None:
    style = Style(color=Color.parse("#112233"))
    strip = strip_of([("0123456789", style), ("abcdefghij", style)])
    (row, *_) = screen_after(sent([Piece(0, 2 + first, strip, first, first + 1)]))
    assert "".join(cell.data for cell in row).strip() == "0123456789abcdefghij"[first]
    assert row[2 + first].data == "0123456789abcdefghij"[first]


def test_a_whole_frame_of_textual_is_written_shorter_and_anything_else_stays_as_it_is() -> None:
    ground = Style(color="#112233", bgcolor="#445566")
    rows: list[Iterable[Strip]] = [
        [strip_of([("ab", ground), ("cd", ground)]), strip_of([("ef", ground)])] for _ in range(3)
    ]
    frame = LayoutUpdate(rows, Region(0, 0, 6, 3))
    written = tight(frame).render_segments(CONSOLE)
    assert screen_after(written) == screen_after(frame.render_segments(CONSOLE))
    assert written.count("68;85;102") == 1
    assert tight(None) is None
    assert tight("text") == "text"


class Overlapping(App[None]):
    """Rows beside a framed text, and over both a third one on a layer of its own."""

    CSS = """
    Screen { layers: below above; layout: horizontal; }
    #rows { width: 20; height: 12; layer: below; }
    #framed { width: 24; height: 9; border: round red; padding: 1 2; layer: below; }
    #over { layer: above; offset: 12 4; width: 15; height: 5; background: blue; }
    """

    def compose(self) -> ComposeResult:
        """Put them where they overlap."""
        yield TextRows(id="rows")
        yield Static(id="framed")
        yield Static(id="over")


async def test_what_changed_and_nothing_else_is_composed_of_widgets_that_overlap() -> None:
    """After any changes the screen is what a full redraw shows, whoever lies on top of whom."""
    generator = random.Random(7)  # noqa: S311
    # Wide characters in the rows alone, which change as a whole: Textual shows blanks for one that is cut through.
    words = ["loss", "gradient", "界", "√v̂", "update"]

    def text() -> str:
        return " ".join(generator.choices(words, k=generator.randint(0, 6)))

    app = Overlapping()
    async with app.run_test(size=(48, 14)) as pilot:
        compositor = app.screen._compositor
        assert isinstance(compositor, TightCompositor)
        rows = app.query_one("#rows", TextRows)
        lines = [text() for _ in range(12)]
        screen = pyte.Screen(48, 14)
        stream = pyte.Stream(screen)
        seen = []

        def show(screen_: Any, update: Any) -> None:
            if update is not None:
                seen.append(update)
                stream.feed(tight(update).render_segments(CONSOLE))

        app._display = show  # type: ignore[method-assign, assignment]
        app.screen.refresh()
        for _ in range(40):
            for _ in range(generator.randint(1, 3)):
                lines[generator.randrange(12)] = text()
            rows.show([((line, "bold primary"),) for line in lines])
            if generator.random() < 0.3:
                app.query_one("#framed", Static).update(text().replace("界", "-"))
            if generator.random() < 0.3:
                app.query_one("#over", Static).update(text().replace("界", "-"))
            app.query_one("#framed").refresh(Region(generator.randint(0, 20), generator.randint(0, 8), 3, 2))
            await pilot.pause()
            while app.screen._dirty_widgets:
                await pilot.pause(0.01)
            whole = [Piece(y, 0, strip, 0, strip.cell_length) for y, strip in enumerate(compositor.render_strips())]
            shown = [[screen.buffer[row][column] for column in range(48)] for row in range(14)]
            assert shown == screen_after(sent(whole), columns=48, rows=14)
        assert sum(isinstance(update, TightUpdate) for update in seen) >= 30
