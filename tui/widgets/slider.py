"""How a value stands among those it can have: on a slider, among a few choices, or on or off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ..scales import place_of

Look = Callable[[str], Style]
TRACK, DONE, KNOB, ASKED = "dim foreground", "primary", "bold", "bold warning"


class Slider:
    """A way with a place for each value: ● is the one in force, ○ the one that is asked and not confirmed yet.

    Attributes:
        places: The values, from the least to the most.
        place: Which of them is in force, or stands next below what is.
        asked: Which is asked for; None when the engine has answered.
    """

    DRAGS = True
    """Whether the mouse takes the knob along."""

    def __init__(self, places: Sequence[Any], value: Any) -> None:
        """Show `value` among these."""
        self.places = tuple(places)
        self.place = place_of(value, self.places)
        self.asked: int | None = None

    @property
    def now(self) -> int:
        """The place that was asked for last, or that is in force."""
        return self.place if self.asked is None else self.asked

    def confirm(self, value: Any, *, asked: bool = False) -> None:
        """Show the value in force; `asked` keeps the sign of what is not answered yet."""
        self.place = place_of(value, self.places)
        if not asked:
            self.asked = None

    def ask(self, place: int) -> bool:
        """Show that a place is asked for, and return whether it is another one."""
        place = max(0, min(len(self.places) - 1, place))
        if place == self.now:
            return False
        self.asked = place
        return True

    def further(self, by: int) -> int:
        """Return the place so many places further on."""
        return self.now + by

    def place_at(self, column: int, width: int) -> int:
        """Return the place under a column of a row so wide."""
        return round(column * (len(self.places) - 1) / max(1, width - 1))

    def drawn(self, width: int, look: Look) -> Strip:
        """Return the row, so wide."""
        knob = self._column(self.place, width)
        cells = [("━", DONE) if column < knob else ("─", TRACK) for column in range(width)]
        cells[knob] = ("●", KNOB)
        if self.now != self.place:
            # Beside the knob at least, where several places share a cell.
            asked = self._column(self.now, width)
            beside = knob + (1 if self.now > self.place else -1)
            cells[asked if asked != knob else max(0, min(width - 1, beside))] = ("○", ASKED)
        return Strip([Segment(text, look(name)) for text, name in cells], width)

    def _column(self, place: int, width: int) -> int:
        return round(place * (width - 1) / max(1, len(self.places) - 1))


class Switch(Slider):
    """On or off, in words: a knob at one end or the other of a short way."""

    DRAGS = False

    def __init__(self, value: bool) -> None:
        """Show whether it is on."""
        super().__init__((False, True), value)

    def place_at(self, column: int, width: int) -> int:
        """Return the other side: wherever a switch is clicked, it is turned."""
        return 1 - self.now

    def drawn(self, width: int, look: Look) -> Strip:
        """Return the switch and its word."""
        word = Segment(" on" if self.place else " off", look(KNOB))
        return Strip([*super().drawn(min(5, width), look), word]).adjust_cell_length(width, look(TRACK))


class Choices(Slider):
    """The names of a few choices, which the keys of a slider go round; of many those beside the present one."""

    DRAGS = False

    def further(self, by: int) -> int:
        """Return the next choice or the one before, which of the last one is the first; or the outermost."""
        return (self.now + by) % len(self.places) if abs(by) == 1 else super().further(by)

    def place_at(self, column: int, width: int) -> int:
        """Return the choice under a column, or the last one before it."""
        end = -self._first(width)
        for place, text in enumerate(self._texts):
            end += cell_len(text)
            if column < end:
                return place
        return self.now

    def drawn(self, width: int, look: Look) -> Strip:
        """Return the row, so wide."""
        names = [KNOB if at == self.place else ASKED if at == self.asked else TRACK for at in range(len(self.places))]
        row = Strip([Segment(text, look(name)) for text, name in zip(self._texts, names, strict=True)])
        first = self._first(width)
        shown = row.crop(first, first + width).adjust_cell_length(width, look(TRACK))
        if first:
            shown = Strip.join([Strip([Segment("‹", look(TRACK))]), shown.crop(1, width)])
        if row.cell_length - first > width:
            shown = Strip.join([shown.crop(0, width - 1), Strip([Segment("›", look(TRACK))])])
        return shown

    @property
    def _texts(self) -> list[str]:
        signs = {self.now: "○", self.place: "●"}
        return [f"{signs.get(place, ' ')} {value} " for place, value in enumerate(self.places)]

    def _first(self, width: int) -> int:
        """Return the first column that is shown: where not all have room, the one that matters is in the middle."""
        lengths = [cell_len(text) for text in self._texts]
        middle = sum(lengths[: self.now]) + lengths[self.now] // 2
        return max(0, min(middle - width // 2, sum(lengths) - width))
