"""A widget whose style is worked out once has the style that Textual works out, before and after a change of theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.dom import DOMNode
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.theme import LIGHT, THEMES
from tui.widgets.known_style import KnownStyle
from tui.widgets.text_rows import TextRows

if TYPE_CHECKING:
    from tests.tui.conftest import Seat, Watched


def styles(seat: Seat) -> list[object]:
    """Return what each of the rows is drawn with, once it is clear that Textual says the same."""
    found: list[object] = []
    for rows in seat.dashboard.query(TextRows):
        right = DOMNode.rich_style.__get__(rows)
        assert rows.rich_style == right, rows
        found.append(right)
    return found


async def test_a_known_style_is_the_right_one_in_every_theme(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.paused_at(5)
        dark = styles(seat)
        assert len(set(map(str, dark))) > 1, "the headline has a ground of its own"
        seat.app.theme = LIGHT.name
        await seat.pilot.pause()
        await seat.pilot.pause()
        light = styles(seat)
        assert all(one != other for one, other in zip(dark, light, strict=True))


async def test_rows_look_as_textual_draws_them_in_every_theme(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.paused_at(20)
        for theme in [each.name for each in THEMES]:
            seat.app.theme = theme
            await seat.pilot.pause()
            await seat.pilot.pause()
            drawn = [widget for widget in seat.dashboard.query(KnownStyle) if widget.region.area]
            assert len(drawn) > 5
            for widget in drawn:
                whole = Region(0, 0, *widget.region.size)
                widget._styles_cache.clear()
                assert cells(widget.render_lines(whole)) == cells(Widget.render_lines(widget, whole)), (theme, widget)


def cells(strips: list[Strip]) -> list[list[tuple[str, object]]]:
    return [[(character, style) for text, style, _ in strip for character in text] for strip in strips]
