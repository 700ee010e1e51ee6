"""A picture made of character cells: what stands in each, and in which colours of the theme."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, set_cell_size

from ..ascii_text import in_ascii
from .furniture import Furniture

NONE = -1
"""The ink of a background that is the widget's own."""
PLAIN = 0
"""The ink of ordinary text."""
UPPER_HALF = ord("▀")
BLANK = ord(" ")
FIRST_LINE, AFTER_LINES = 0x2500, 0x2580
"""The code points of lines and their crossings."""


@dataclass(frozen=True, slots=True)
class Ink:
    """A colour by its name in the theme or its digits, mixed with so much of the background."""

    name: str
    softness: float = 0.0
    """From 0, the colour itself, to 1, the background."""
    bold: bool = False


class Cells:
    """A picture that is drawn from the top left corner on; what lies outside of it is cut off.

    Attributes:
        characters: (rows, columns): code points.
        front, back: The same shape: which of `inks` a cell has in front, and behind it, or `NONE`.
        inks: The colours, in the order in which they were first used.
    """

    def __init__(self, width: int, height: int) -> None:
        """Begin with blanks."""
        shape = max(height, 0), max(width, 0)
        self.characters = np.full(shape, BLANK, np.uint32)
        self.front = np.full(shape, PLAIN, np.int16)
        self.back = np.full(shape, NONE, np.int16)
        self.inks: list[Ink] = [Ink("foreground")]
        self._numbers = {self.inks[PLAIN]: PLAIN}

    @property
    def height(self) -> int:
        """How many rows there are."""
        return self.characters.shape[0]

    @property
    def width(self) -> int:
        """How many columns there are."""
        return self.characters.shape[1]

    def text_ink(self, name: str) -> int:
        """Return the number of a bold colour for signs, in its variant for text if the theme has one."""
        return self.ink(f"text-{name}", bold=True)

    def part(self, left: int, top: int, width: int, height: int) -> Cells:
        """Return a part of the picture: what is drawn into it is drawn into the whole."""
        part, place = Cells(0, 0), (slice(top, top + height), slice(left, left + width))
        part.characters, part.front, part.back = self.characters[place], self.front[place], self.back[place]
        part.inks, part._numbers = self.inks, self._numbers
        return part

    def copy(self) -> Cells:
        """Return a picture that looks the same and shares nothing."""
        copy = Cells(0, 0)
        copy.characters, copy.front, copy.back = self.characters.copy(), self.front.copy(), self.back.copy()
        copy.inks, copy._numbers = self.inks.copy(), self._numbers.copy()
        return copy

    def ink(self, name: str, softness: float = 0.0, *, bold: bool = False) -> int:
        """Return the number of a colour."""
        ink = Ink(name, round(softness, 3), bold)
        number = self._numbers.setdefault(ink, len(self.inks))
        if number == len(self.inks):
            self.inks.append(ink)
        return number

    def write(self, row: int, column: int, text: str, ink: int = PLAIN, back: int | None = None) -> None:
        """Write characters of one cell each; the background stays as it is unless one is given."""
        if not 0 <= row < self.height:
            return
        start, stop = max(column, 0), min(column + len(text), self.width)
        if start >= stop:
            return
        self.characters[row, start:stop] = code_points(text)[start - column : stop - column]
        self.front[row, start:stop] = ink
        if back is not None:
            self.back[row, start:stop] = back

    def pixels(self, row: int, column: int, inks: NDArray[np.int16], textures: NDArray[np.uint32] | None) -> None:
        """Draw pixels, two on top of each other in a cell.

        Args:
            row: Of the topmost pixels.
            column: Of the leftmost ones.
            inks: (an even number of rows, columns): numbers of inks, or `NONE`.
            textures: A character for each cell, where colours alone say too little; None for half blocks.
        """
        upper, lower = inks[::2], inks[1::2]
        rows, columns = min(upper.shape[0], self.height - row), min(upper.shape[1], self.width - column)
        if rows <= 0 or columns <= 0:
            return
        place = slice(row, row + rows), slice(column, column + columns)
        upper, lower = upper[:rows, :columns], lower[:rows, :columns]
        if textures is not None:
            self.characters[place] = textures[:rows, :columns]
            self.front[place] = np.where(upper == NONE, PLAIN, upper)
            return
        # A cell of one colour is a blank: it costs a terminal less, and another character can stand in it.
        half = (upper != lower) & (upper != NONE)
        reverse = (upper == NONE) & (lower != NONE)
        self.characters[place] = np.where(half, UPPER_HALF, np.where(reverse, ord("▄"), BLANK))
        self.front[place] = np.where(half, upper, np.where(reverse, lower, PLAIN))
        self.back[place] = np.where(reverse, NONE, lower)

    def say(self, text: str, ink: int = PLAIN) -> None:
        """Write a sentence in the middle, on as many rows as it needs and there are."""
        words, lines, width = text.split(), [""], max(1, self.width - 2)
        for word in words:
            if lines[-1] and cell_len(lines[-1]) + 1 + cell_len(word) > width:
                lines.append("")
            lines[-1] = f"{lines[-1]} {word}".strip()
        lines = [line if cell_len(line) <= width else set_cell_size(line, width) for line in lines[: self.height]]
        top = (self.height - len(lines)) // 2
        for number, line in enumerate(lines):
            self.write(top + number, max(0, (self.width - cell_len(line)) // 2), line, ink)

    def text(self) -> str:
        """Return the characters as lines without blanks at their ends."""
        return "\n".join(row.astype("<u4").tobytes().decode("utf-32-le").rstrip() for row in self.characters)


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the code points of a text, (characters,)."""
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4").astype(np.uint32)


def furnished(around: Furniture, width: int, height: int, *, box: float = 0.7, text: float = 0.35) -> Cells:
    """Return a picture of a chart's size with its furniture, the lines and the labels as soft as this."""
    cells = Cells(width, height)
    cells.characters[:] = code_points("".join(around.rows)).reshape(cells.characters.shape)
    is_line = (cells.characters >= FIRST_LINE) & (cells.characters < AFTER_LINES)
    cells.front[:] = np.where(is_line, cells.ink("foreground", box), cells.ink("foreground", text))
    return cells


def to_ascii(characters: NDArray[np.uint32]) -> None:
    """Replace code points by those of characters that every terminal has."""
    for code in np.unique(characters[characters > ord("~")]).tolist():
        characters[characters == code] = ord(in_ascii(chr(code))[:1] or "?")
