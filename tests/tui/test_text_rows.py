"""Rows of text inside a running application: what stands on the screen, and how little is redrawn."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.strip import Strip

from engine.text import clean
from tui.theme import DARK, LIGHT
from tui.widgets.text_rows import Row, TextRows


class CountingRows(TextRows):
    """Notes every row that it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_for: list[int] = []

    def render_line(self, y: int) -> Strip:
        """Return row `y`."""
        self.asked_for.append(y)
        return super().render_line(y)


class RowsApp(App[None]):
    """Nothing but rows, as high as the screen."""

    CSS = "CountingRows { height: 100%; overflow: hidden auto; scrollbar-size: 0 0; }"

    def __init__(self) -> None:
        super().__init__()
        self.rows = CountingRows()

    def compose(self) -> ComposeResult:
        """Yield the rows."""
        yield self.rows

    def on_mount(self) -> None:
        """Take the dashboard's themes."""
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name


def screen_rows(app: App[None]) -> list[str]:
    """Return what the compositor holds, row by row."""
    return [strip.text for strip in app.screen._compositor.render_strips()]


def plain(*texts: str) -> list[Row]:
    return [((text, "plain"),) for text in texts]


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (["a", "b", "c", "d"], []),
        (["a", "B", "c", "d"], [1]),
        (["A", "b", "c", "D"], [0, 3]),
        (["a", "b", "c"], [0, 1, 2, 3, 4]),
    ],
)
async def test_only_rows_that_changed_are_drawn_again(new: list[str], expected: list[int]) -> None:
    app = RowsApp()
    async with app.run_test(size=(20, 5)) as pilot:
        app.rows.show(plain("a", "b", "c", "d"))
        await pilot.pause()
        app.rows.asked_for.clear()
        changed = app.rows.show(plain(*new))
        await pilot.pause()
        assert sorted(set(app.rows.asked_for)) == expected
        assert changed == (4 if len(new) != 4 else len(expected))
        assert [row.rstrip() for row in screen_rows(app)] == [*new, *[""] * (5 - len(new))]


async def test_another_look_of_the_same_text_is_a_change() -> None:
    app = RowsApp()
    async with app.run_test(size=(20, 2)):
        app.rows.show([(("loss", "primary"),)])
        assert app.rows.show([(("loss", "bold primary"),)]) == 1
        assert app.rows.show([(("loss", "bold primary"),)]) == 0


async def test_a_changed_row_that_is_scrolled_away_is_not_drawn() -> None:
    app = RowsApp()
    async with app.run_test(size=(20, 4)) as pilot:
        texts = [f"row {number}" for number in range(20)]
        app.rows.show(plain(*texts))
        await pilot.pause()
        app.rows.scroll_to(y=10, animate=False)
        await pilot.pause()
        assert [row.rstrip() for row in screen_rows(app)] == texts[10:14]
        app.rows.asked_for.clear()
        texts[2] = texts[19] = "changed"
        assert app.rows.show(plain(*texts)) == 0
        texts[11] = "changed too"
        assert app.rows.show(plain(*texts)) == 1
        await pilot.pause()
        assert set(app.rows.asked_for) == {1}
        assert [row.rstrip() for row in screen_rows(app)] == texts[10:14]


TEXTS = st.lists(st.text(max_size=30).map(clean), max_size=4)


@given(rows=st.lists(TEXTS, min_size=1, max_size=3), width=st.integers(1, 40))
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_any_clean_text_fills_its_row_and_no_more(rows: list[list[str]], width: int) -> None:
    """Cells, not characters: emoji, Chinese and combining marks must not push what stands right of them."""
    app = RowsApp()
    async with app.run_test(size=(width, len(rows))):
        app.rows.show([tuple((text, "foreground") for text in row) for row in rows])
        for index in range(len(rows)):
            strip = app.rows.render_line(index)
            assert strip.cell_length == width
            assert cell_len(strip.text) == width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("exactly 10", "exactly 10"),
        ("eleven char", "eleven ch…"),
        ("学习率学习率", "学习率学 …"),
        ("ab👩‍🔬cdefghij", None),
    ],
)
async def test_text_that_is_too_long_ends_with_an_ellipsis(text: str, shown: str | None) -> None:
    app = RowsApp()
    async with app.run_test(size=(10, 1)):
        app.rows.show(plain(text))
        strip = app.rows.render_line(0)
        assert cell_len(strip.text) == 10
        if shown is None:
            assert "…" in strip.text
        else:
            assert strip.text == shown


async def test_a_new_theme_recolours_rows_that_did_not_change() -> None:
    app = RowsApp()
    async with app.run_test(size=(20, 1)) as pilot:
        app.rows.show([(("loss", "bold primary"),)])
        colours = []
        for theme in (DARK.name, LIGHT.name):
            app.theme = theme
            await pilot.pause()
            (segment, *_) = app.screen._compositor.render_strips()[0]
            assert segment.style is not None
            assert segment.style.bold
            colours.append(segment.style.color)
        assert colours[0] != colours[1]


async def test_a_colour_that_a_theme_lacks_is_the_widgets_own() -> None:
    app = RowsApp()
    async with app.run_test(size=(20, 1)):
        app.rows.show([(("one", "no-such-colour"), ("two", "plain"))])
        one, two, *_ = app.rows.render_line(0)
        assert one.style is not None
        assert two.style is not None
        assert one.style.color == two.style.color


async def test_rows_that_are_not_on_a_screen_yet_can_be_told_what_to_show() -> None:
    rows = TextRows()
    rows.show(plain("a", "b"))
    assert rows.export() == "a\nb"
