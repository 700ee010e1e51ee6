"""A sheet larger than its window: golden text."""

from __future__ import annotations

from tui.charts.sheet import Sheet


def picture(sheet: Sheet, x: int = 0, y: int = 0, width: int = 9, height: int = 4, *, ascii_only: bool = False) -> str:
    rows = sheet.rows(x, y, width, height, "ascii" if ascii_only else "braille")
    return "\n".join("".join(text for text, _ in row).rstrip() for row in rows)


def crossing() -> Sheet:
    sheet = Sheet()
    sheet.along(0, 4, 1, "dim")
    sheet.down(2, 0, 2, "bold accent")
    sheet.box(6, 0, 3, 3, "plain")
    return sheet


def test_lines_join_where_they_cross() -> None:
    assert picture(crossing()) == "  │   ┌─┐\n──┼── │ │\n  │   └─┘\n"


def test_a_terminal_without_lines_gets_letters() -> None:
    assert picture(crossing(), ascii_only=True) == "  |   +-+\n--+-- | |\n  |   +-+\n"


def test_a_window_shows_its_part() -> None:
    sheet = crossing()
    assert picture(sheet, 2, 1, 3, 1) == "┼──"
    assert picture(sheet, -1, -1, 4, 2) == "\n   │"
    assert (sheet.width, sheet.height) == (9, 3)


def test_a_line_that_stands_out_stays_so_where_another_crosses_it() -> None:
    assert crossing().rows(2, 1, 1, 1, "braille") == [(("┼", "bold accent"),)]
