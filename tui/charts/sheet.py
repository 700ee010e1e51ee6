"""A sheet of cells to write and to draw lines on, larger than what can be seen of it."""

from __future__ import annotations

from rich.cells import cell_len

from ..ascii_text import in_ascii
from .glyphs import Glyphs

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
_LINES = dict(zip((3, 12, 10, 6, 9, 5, 11, 7, 14, 13, 15, 1, 2, 4, 8), "│─┌┐└┘├┤┬┴┼│││─", strict=False)) | {4: "─"}


class Sheet:
    """Cells, each with a character and the name of its look; what is written last is on top, and text over lines."""

    def __init__(self) -> None:
        """Make an empty one, which grows with what is drawn."""
        # By row and then by column: what can be seen is mostly empty.
        self._text: dict[int, dict[int, tuple[str, str]]] = {}
        self._lines: dict[int, dict[int, tuple[int, str]]] = {}
        self.width = self.height = 0

    def write(self, x: int, y: int, text: str, look: str) -> None:
        """Put text into row `y`, from column `x` on; every character is one cell wide."""
        assert cell_len(text) == len(text), text
        row = self._text.setdefault(y, {})
        for place, character in enumerate(text, start=x):
            row[place] = character, look
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
        return [self._spans(row, x, width, glyphs) for row in range(y, y + height)]

    def _spans(self, y: int, first: int, width: int, glyphs: Glyphs) -> tuple[tuple[str, str], ...]:
        cells = {x: (_LINES.get(bits, " "), look) for x, (bits, look) in self._lines.get(y, {}).items()}
        cells.update(self._text.get(y, {}))
        spans: list[tuple[str, str]] = []
        done, stop = first, first + width
        for x, (character, look) in sorted(cells.items()):
            if not first <= x < stop:
                continue
            if x > done:
                spans.append((" " * (x - done), "plain"))
            if spans and spans[-1][1] == look:
                spans[-1] = spans[-1][0] + character, look
            else:
                spans.append((character, look))
            done = x + 1
        if done < stop:
            spans.append((" " * (stop - done), "plain"))
        return tuple((in_ascii(text), look) for text, look in spans) if glyphs == "ascii" else tuple(spans)

    def _join(self, x: int, y: int, bits: int, look: str) -> None:
        row = self._lines.setdefault(y, {})
        before, old = row.get(x, (0, look))
        # What stands out stays so where a plain line crosses it.
        row[x] = before | bits, look if before == 0 or "dim" in old else old
        self._grow(x + 1, y + 1)

    def _grow(self, width: int, height: int) -> None:
        self.width, self.height = max(self.width, width), max(self.height, height)
