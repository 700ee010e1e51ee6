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
from tui.ascii_text import in_ascii, spelled_out, tolerate
from tui.charts.glyphs import prefer
from tui.preferences import Preferences
from tui.screens.gallery import Gallery
from tui.screens.help import keys_of
from tui.widgets.text_rows import TextRows, wrapped_rows

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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1/√t decay", "1/sqrt(t) decay"),
        ("within 0.229 = √0.0526.", "within 0.229 = sqrt(0.0526)."),
        ("(√κ − 1)/(√κ + 1)", "(sqrt(κ) − 1)/(sqrt(κ) + 1)"),
        ("x sin √|x|", "x sin sqrt|x|"),
        ("lr/√(1 − ρ)", "lr/sqrt(1 − ρ)"),
        ("a = √max(1, 2)", "a = sqrt max(1, 2)"),
        ("√β₂ᵗ, √ŵ, √v̂", "sqrt(β₂ᵗ), sqrt(ŵ), sqrt(v^)"),
        ("a √ alone, a half: ½", "a sqrt alone, a half: 1/2"),
    ],
)
def test_a_root_is_a_word_in_running_text(text: str, told: str) -> None:
    assert spelled_out(text) == told


@pytest.mark.parametrize("glyphs", ["ascii", "half"])
def test_texts_are_spelled_out_before_they_are_broken_into_lines(
    glyphs: Literal["ascii", "half"], as_before: None
) -> None:
    prefer(glyphs)
    rows = wrapped_rows("the rate falls as 1/√t", "foreground", 22, 60)
    words = ["the rate falls as", "1/sqrt(t)"] if glyphs == "ascii" else ["the rate falls as 1/√t"]
    assert [text for ((text, _),) in rows] == words


def test_a_picture_keeps_its_cells() -> None:
    assert in_ascii("√v") == "vv"


def test_a_stream_without_unicode_takes_every_text() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "ascii")
    tolerate(stream)
    stream.write("α → 0.5 ▕███▏ 1/√t, ½ √(β)")
    stream.flush()
    assert raw.getvalue() == b"a > 0.5 |###| 1/sqrt(t), 1/2 sqrt(b)"


def test_the_command_line_says_everything_in_an_encoding_that_has_not_every_character() -> None:
    """Of an ASCII one click thinks that it is a mistake, and writes UTF-8."""
    environment = os.environ | {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    told = subprocess.run(
        [sys.executable, "gdtui.py", "presets"], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    assert "x within 0.229 = sqrt(0.0526) of the minimum" in told.stdout.decode("latin-1")


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
