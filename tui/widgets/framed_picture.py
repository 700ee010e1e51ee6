"""A picture between axes, with ways of dots in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..charts.axes import Limits, Tick
from ..charts.cells import Cells, furnished
from ..charts.furniture import Furniture, furniture
from ..charts.glyphs import suitable_glyphs
from ..charts.raster import characters_of
from .picture import Picture


class FramedPicture(Picture):
    """Is drawn anew for another size or theme without waiting for the clock."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name for it
        """Make an empty one."""
        super().__init__(id=id)
        self._around: Furniture | None = None

    @property
    def canvas(self) -> tuple[int, int]:
        """Columns and rows inside the box."""
        inside = self.size if self._around is None else self._around
        return max(inside.width, 1), max(inside.height, 1)

    def redraw(self) -> None:
        """Show once more what is shown."""
        raise NotImplementedError

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.redraw()

    def notify_style_update(self) -> None:
        """Take over the colours of a new theme."""
        super().notify_style_update()
        self.redraw()

    def frame(
        self, limits: tuple[Limits, Limits], ticks: tuple[tuple[Tick, ...], tuple[Tick, ...]], title: str = ""
    ) -> Cells:
        """Return the furniture of these axes, the horizontal one first, with a title in the top edge of the box."""
        around = self._around = furniture(*self.size, *limits, *ticks)
        cells = furnished(around, *self.size)
        cells.write(0, around.left + 1, title[: around.width], cells.ink("foreground", 0.35))
        return cells

    def inside(self, cells: Cells) -> Cells:
        """Return the part of a picture that is between its axes."""
        assert self._around is not None, "it has been framed"
        return cells.part(self._around.left, self._around.top, self._around.width, self._around.height)


def draw_dots(inside: Cells, codes: NDArray[np.uint8], ink: int) -> None:
    """Draw dots over what is there, (rows, columns) of the codes of their cells."""
    drawn = codes != 0
    inside.characters[drawn] = characters_of(codes[drawn], suitable_glyphs())
    inside.front[drawn] = ink
