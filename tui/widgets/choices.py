"""A row with the names of a few choices, gone through by keys and by the mouse like a slider."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip

from .slider import Slider


class Choices(Slider):
    """Shows which choice is in force, ●, which one is asked for, ○, and the others; where they are many, those beside.

    The keys of a slider go through them, round and round.
    """

    DRAGS = False
    HELP = "← → and a click choose: ● is what is in force, ○ what is asked and not confirmed yet."

    def action_move(self, by: int) -> None:
        """Ask for the next choice or the one before, which of the last one is the first; or for the outermost."""
        if abs(by) == 1:
            self._ask((self._now + by) % len(self.values))
        else:
            super().action_move(by)

    def render_line(self, y: int) -> Strip:
        """Return the row."""
        width = self.size.width
        if y or width < 1:
            return Strip.blank(width, self.rich_style)
        looks = {name: self.get_component_rich_style(f"slider--{name}") for name in ("track", "knob", "asked")}
        segments: list[Segment] = []
        for place, text in enumerate(self._texts):
            look = "knob" if place == self._place else "asked" if place == self._asked else "track"
            segments.append(Segment(text, looks[look]))
        row = Strip(segments)
        first = self._first
        shown = row.crop(first, first + width).adjust_cell_length(width, self.rich_style)
        if first:
            shown = Strip.join([Strip([Segment("‹", looks["track"])]), shown.crop(1, width)])
        if row.cell_length - first > width:
            shown = Strip.join([shown.crop(0, width - 1), Strip([Segment("›", looks["track"])])])
        return shown

    @property
    def _texts(self) -> list[str]:
        signs = {self._place: "●", self._asked: "○"} if self._asked != self._place else {self._place: "●"}
        return [f"{signs.get(place, ' ')} {value} " for place, value in enumerate(self.values)]

    @property
    def _first(self) -> int:
        """The first column that is shown: where not all have room, the one that matters stands in the middle."""
        lengths = [cell_len(text) for text in self._texts]
        middle = sum(lengths[: self._now]) + lengths[self._now] // 2
        return max(0, min(middle - self.size.width // 2, sum(lengths) - self.size.width))

    def _ask_at(self, column: int) -> None:
        end = -self._first
        for place, text in enumerate(self._texts):
            end += cell_len(text)
            if column < end:
                self._ask(place)
                return
