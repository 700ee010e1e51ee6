"""What is sent for a frame is shorter than Textual's own, and looks the same on a terminal."""

from __future__ import annotations

from typing import Any

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate
from textual.strip import Strip

from tui.wire import tight, without_repetition

COLUMNS, ROWS = 24, 4
COLOURS = st.sampled_from([None, "red", "bright_green", "#102030", "#ffeedd", "color(130)", "default"])
LOOKS = st.builds(
    lambda colour, ground, bold, dim, reverse: Style(color=colour, bgcolor=ground, bold=bold, dim=dim, reverse=reverse),
    COLOURS,
    COLOURS,
    *(st.booleans() for _ in range(3)),
)
SPANS = st.lists(st.tuples(st.text("ab⣿界 ", min_size=1, max_size=5), LOOKS), min_size=1, max_size=6)


def screen_after(*texts: str) -> list[list[Any]]:
    """Return the cells of a terminal that was sent all this."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.Stream(screen)
    for text in texts:
        stream.feed(text)
    return [[screen.buffer[row][column] for column in range(COLUMNS)] for row in range(ROWS)]


def rendered(spans: list[tuple[str, Style]]) -> str:
    """Return these spans as Textual writes them."""
    return "".join(style.render(text) if style else text for text, style in spans)


@given(st.lists(SPANS, min_size=1, max_size=3))
def test_without_repetition_the_same_stands_on_the_screen(rows: list[list[tuple[str, Style]]]) -> None:
    text = "".join(f"\x1b[{number + 1};1H{rendered(row)}\r\n" for number, row in enumerate(rows))
    shorter = without_repetition(text)
    assert screen_after(shorter, "\x1b[4;1Hafter") == screen_after(text, "\x1b[4;1Hafter")
    assert len(shorter) <= len(text)


def test_a_colour_that_stays_is_named_once() -> None:
    ground = Style(color="#112233", bgcolor="#445566")
    other = Style(color="#778899", bgcolor="#445566")
    text = ground.render("a") + other.render("b") + ground.render("c") + ground.render("d")
    assert without_repetition(text).count("68;85;102") == 1
    assert without_repetition(text).endswith("cd\x1b[0m")


@pytest.mark.parametrize("first", [0, 3, 9, 19])
def test_of_a_changed_row_only_the_changed_cells_are_sent(first: int) -> None:
    console = Console(force_terminal=True, color_system="truecolor", width=COLUMNS)
    style = Style(color=Color.parse("#112233"))
    strip = Strip([Segment("0123456789", style), Segment("abcdefghij", style)])
    update = ChopsUpdate([{0: None, 2: strip}], [(0, 2 + first, 2 + first + 1)], [[2, 22]])
    sent = tight(update).render_segments(console)
    (row, *_) = screen_after(sent)
    assert "".join(cell.data for cell in row).strip() == "0123456789abcdefghij"[first]
    assert row[2 + first].data == "0123456789abcdefghij"[first]


def test_what_is_no_frame_stays_as_it_is() -> None:
    assert tight(None) is None
    assert tight("text") == "text"
