"""A sheet of cells to write and to draw lines on, larger than what can be seen of it."""

from __future__ import annotations

from itertools import groupby

from rich.cells import cell_len

from .raster import Glyphs

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
_LINES = dict(zip((3, 12, 10, 6, 9, 5, 11, 7, 14, 13, 15, 1, 2, 4, 8), "│─┌┐└┘├┤┬┴┼│││─", strict=False)) | {4: "─"}
_ASCII = str.maketrans("│─┌┐└┘├┤┬┴┼╔╗╚╝║═▸◂", "|-+++++++++++++|=><")


class Sheet:
    """Cells, each with a character and the name of its look; what is written last is on top, and text over lines."""

    def __init__(self) -> None:
        """Make an empty one, which grows with what is drawn."""
        self._text: dict[tuple[int, int], tuple[str, str]] = {}
        self._lines: dict[tuple[int, int], tuple[int, str]] = {}
        self.width = self.height = 0

    def write(self, x: int, y: int, text: str, look: str) -> None:
        """Put text into row `y`, from column `x` on; every character is one cell wide."""
        assert cell_len(text) == len(text), text
        for place, character in enumerate(text, start=x):
            self._text[place, y] = character, look
        self._grow(x + len(text), y + 1)

    def along(self, x0: int, x1: int, y: int, look: str) -> None:
        """Draw a level line between two columns, both included; where lines cross they join."""
        first, last = min(x0, x1), max(x0, x1)
        for x in range(first, last + 1):
            self._join(x, y, (LEFT if x > first else 0) | (RIGHT if x < last else 0), look)

    def down(self, x: int, y0: int, y1: int, look: str) -> None:
        """Draw an upright line between two rows, both included."""
        first, last = min(y0, y1), max(y0, y1)
        for y in range(first, last + 1):
            self._join(x, y, (UP if y > first else 0) | (DOWN if y < last else 0), look)

    def box(self, x: int, y: int, width: int, height: int, look: str, *, double: bool = False) -> None:
        """Draw a box and empty what is inside it."""
        corners, level, upright = ("╔╗╚╝", "═", "║") if double else ("┌┐└┘", "─", "│")
        inner = width - 2
        self.write(x, y, corners[0] + level * inner + corners[1], look)
        for row in range(y + 1, y + height - 1):
            self.write(x, row, upright + " " * inner + upright, look)
        self.write(x, y + height - 1, corners[2] + level * inner + corners[3], look)

    def rows(self, x: int, y: int, width: int, height: int, glyphs: Glyphs) -> list[tuple[tuple[str, str], ...]]:
        """Return what can be seen through a window, row by row, as pieces of text with their look."""
        found = []
        for row in range(y, y + height):
            cells = (self._cell(column, row) for column in range(x, x + width))
            spans = tuple(
                ("".join(character for character, _ in run), look) for look, run in groupby(cells, key=lambda c: c[1])
            )
            found.append(tuple((text.translate(_ASCII), look) for text, look in spans) if glyphs == "ascii" else spans)
        return found

    def _cell(self, x: int, y: int) -> tuple[str, str]:
        text = self._text.get((x, y))
        if text is not None:
            return text
        bits, look = self._lines.get((x, y), (0, "plain"))
        return _LINES.get(bits, " "), look

    def _join(self, x: int, y: int, bits: int, look: str) -> None:
        before, old = self._lines.get((x, y), (0, look))
        # What stands out stays so where a plain line crosses it.
        self._lines[x, y] = before | bits, look if before == 0 or "dim" in old else old
        self._grow(x + 1, y + 1)

    def _grow(self, width: int, height: int) -> None:
        self.width, self.height = max(self.width, width), max(self.height, height)
