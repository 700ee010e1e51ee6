"""What the pages of the model view have in common, and what its pictures are drawn with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from engine.run.events import Seen

from ...charts.axes import Limits, linear_ticks
from ...charts.cells import Cells, code_points, furnished, to_ascii
from ...charts.furniture import Furniture, furniture
from ...charts.glyphs import Glyphs
from ...widgets.status import lane_colour
from ...widgets.text_rows import Row, Span

Facts = dict[str, Any]
TOO_SMALL = "no room here: <view.maximise> gives the views the whole screen, <view.tiles> makes them larger"
_TRAINING, _HELD_OUT = "○△□◇▽☆", "●▲■◆▼★"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_TEXTURES, _PLAIN_TEXTURES = " ░▒▓·∘=+", " .:+-~=*"
_RAMP, _PLAIN_RAMP = " ·░▒▓█", " .:-=+*%@#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What a terminal can show."""

    colours: bool = True
    """Whether colours can be told apart; where not, characters stand for them."""
    glyphs: Glyphs = "braille"
    """What lines are drawn with."""

    @property
    def unicode(self) -> bool:
        """Whether there is more than ASCII."""
        return self.glyphs != "ascii"

    @property
    def blocks(self) -> bool:
        """Whether pixels are half blocks of colour."""
        return self.colours and self.unicode

    def sample(self, class_: int, held_out: bool) -> str:
        """Return the character of a sample of this class."""
        shapes = _HELD_OUT if held_out else _TRAINING
        if self.unicode and class_ < len(shapes):
            return shapes[class_]
        letter = _LETTERS[class_ % len(_LETTERS)]
        return letter.upper() if held_out else letter

    @property
    def wrong(self) -> str:
        """The character of a held-out sample that is wrong."""
        return "×" if self.unicode else "X"

    @property
    def textures(self) -> NDArray[np.uint32]:
        """Characters that fill the regions of the classes."""
        return code_points(_TEXTURES if self.unicode else _PLAIN_TEXTURES)

    @property
    def ramp(self) -> NDArray[np.uint32]:
        """Characters from nothing to all."""
        return code_points(_RAMP if self.unicode else _PLAIN_RAMP)

    def finished(self, cells: Cells) -> Cells:
        """Return a picture without what the terminal cannot print."""
        if not self.unicode:
            to_ascii(cells.characters)
        return cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A page as it is to be shown."""

    cells: Cells
    words: Row = ()
    """What stands below it."""


class Page:
    """One thing to see about a model; it draws what the engine has found, and asks for what it needs."""

    letter: ClassVar[str]
    """The key that chooses it."""
    title: str
    about: ClassVar[str]
    """The inspection that it shows."""
    every_s: ClassVar[float] = 0.1
    """Seconds between two looks while the run goes on."""

    def __init__(self, facts: Facts) -> None:
        """Begin with what the engine says of the model."""
        self.facts = facts

    def input_name(self, number: int) -> str:
        """Return what an input is called."""
        names = self.facts["names"]
        return names[number] if number < len(names) else f"input {number + 1}"

    def absence(self) -> str:
        """Return why there is no such page for this model, or nothing."""
        return ""

    def settings(self, width: int, height: int, *, is_moving: bool) -> dict[str, Any]:
        """Return what to ask for; less while the run `is_moving`, as it is asked for again and again."""
        raise NotImplementedError

    def drawn(self, seen: Seen, width: int, height: int, manner: Manner) -> Drawn:
        """Return the page for so many cells."""
        raise NotImplementedError

    def table(self, seen: Seen) -> list[tuple[str, ...]]:
        """Return what the page shows as the rows of a table, its head first."""
        raise NotImplementedError

    def move(self, across: int, down: int) -> None:
        """Take an arrow key."""

    def turn(self, pages: int) -> None:
        """Go forward or back by whole pages."""

    def jump(self, *, to_end: bool) -> None:
        """Go to the beginning or the end."""

    def cycle(self) -> None:
        """Show another choice or order of the samples."""

    def choose_axis(self, axis: str, step: int) -> None:
        """Put another input on an axis, "x" or "y"."""

    def zoom(self, step: int) -> None:
        """Draw larger (1) or smaller (−1), or as at first (0)."""

    def next_output(self) -> None:
        """Show the next of several numbers that are fitted."""

    def click(self, column: int, row: int) -> None:
        """Take a click on a cell of the picture."""


def class_ink(cells: Cells, class_: int, softness: float = 0.0, *, bold: bool = False) -> int:
    """Return the ink of a class."""
    return cells.ink(lane_colour(class_), softness, bold=bold)


def framed(width: int, height: int, xlim: Limits, ylim: Limits) -> tuple[Cells, Furniture]:
    """Return a picture with axes and nothing between them yet."""
    around = furniture(
        width,
        height,
        xlim,
        ylim,
        linear_ticks(*xlim, max(2, width // 10)),
        linear_ticks(*ylim, max(2, round((height - 3) / 2.5))),
    )
    return furnished(around, width, height, box=0.35), around


def placed(values: NDArray[np.float64], limits: Sequence[float], cells: int) -> NDArray[np.intp]:
    """Return in which of so many cells along an axis each value falls; −1 for those outside of it."""
    low, high = limits
    place = np.floor((values - low) / (high - low) * cells)
    return np.where((place >= 0) & (place < cells), place, -1).astype(np.intp)


def joined(width: int, *parts: Sequence[Span]) -> Row:
    """Return parts of a row with dots between them; empty ones are left out, and those without room but the first."""
    row: list[Span] = []
    room = width
    for part in parts:
        beginning = " · " if row else " "
        cells = cell_len(beginning) + sum(cell_len(text) for text, _ in part)
        if part and (cells <= room or not row):
            row += [(beginning, "dim foreground" if row else "foreground"), *part]
            room -= cells
    return tuple(row)
