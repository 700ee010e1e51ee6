"""Nothing but ASCII: what takes the place of another character takes as many cells and is nobody's noise."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.app import GdtuiApp
from tui.ascii_text import in_ascii, tolerate
from tui.charts.glyphs import prefer
from tui.preferences import Preferences
from tui.screens.gallery import Gallery
from tui.screens.help import keys_of
from tui.widgets.text_rows import TextRows

if TYPE_CHECKING:
    from tests.tui.conftest import Watched

ROOT = Path(__file__).parents[2]


@given(st.text(st.characters(exclude_categories=["C"])))
def test_any_text_becomes_ascii_of_the_same_width(text: str) -> None:
    assert in_ascii(text).isascii()
    assert cell_len(in_ascii(text)) == cell_len(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("┌──┬─┐", "+--+-+"),
        ("╭╮╰╯│┃═┊╌", "++++||=:-"),
        ("α 0.001 → ×½", "a 0.001 > x?"),
        ("‖∇L‖²", "|VL|2"),
        ("café ḡ", "cafe g"),
        ("漢", "??"),
        ("⠀⣿", " ."),
        ("🔎 10⁻³", ">  10-3"),
    ],
)
def test_what_stands_for_a_sign_looks_or_reads_like_it(text: str, told: str) -> None:
    assert in_ascii(text) == told


def test_a_stream_without_unicode_takes_every_text() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "ascii")
    tolerate(stream)
    stream.write("α → 0.5 ▕███▏")
    stream.flush()
    assert raw.getvalue() == b"a > 0.5 |###|"


def test_the_command_line_says_everything_in_an_encoding_that_has_not_every_character() -> None:
    """Of an ASCII one click thinks that it is a mistake, and writes UTF-8."""
    environment = os.environ | {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    told = subprocess.run(
        [sys.executable, "gdtui.py", "presets"], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    assert "x within 0.229 = v0.0526 of the minimum" in told.stdout.decode("latin-1")


@pytest.fixture
def as_before() -> Iterator[None]:
    """Let no other test draw with what an app was told to prefer."""
    yield
    prefer(None)


@pytest.mark.parametrize("glyphs", ["ascii", "braille"])
async def test_keys_and_numbers_are_words_where_their_signs_would_be_read_as_others(
    watched: Watched, glyphs: Literal["ascii", "braille"], as_before: None
) -> None:
    async with watched(size=(140, 60)) as seat:
        prefer(glyphs)
        shown = {}
        for view, names in (("1", "curves"), ("2", "parameters")):
            await seat.pilot.press(view)
            explained = [each for _, rows in keys_of(seat.app.screen) for each in rows]
            shown[names] = {key for each in explained for key in each.keys.split()}
        every = shown["curves"] | shown["parameters"]
        if glyphs == "ascii":
            assert {"enter", "down", "up", "left", "right"} <= every
            assert all(key.isascii() for key in every)
        else:
            assert {"⏎", "↓", "↑"} <= every
        root = "sqrt(v^)" if glyphs == "ascii" else "√v̂"
        heading = seat.dashboard._deck.view.query_one("#heading", TextRows)
        await seat.until(lambda: root in heading.export(), heading.export)


@pytest.mark.parametrize("glyphs", ["ascii", "braille"])
async def test_a_screen_is_ascii_from_its_borders_to_its_signs_where_there_is_nothing_else(
    glyphs: Literal["ascii", "braille"], as_before: None
) -> None:
    app = GdtuiApp(gallery=Gallery({}), preferences=Preferences(glyphs=glyphs))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        rows = [strip.text for strip in app.screen._compositor.render_strips()]
    assert "\n".join(rows).isascii() == (glyphs == "ascii")
    assert {cell_len(row) for row in rows} == {100}
