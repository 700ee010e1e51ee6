"""Where things stand in the row of a field."""

from __future__ import annotations

from dataclasses import dataclass

GUTTER = 2
"""Cells before the name, for the sign of the field that has the focus, is wrong, or has something typed in it."""
NAME = 34
BOX, NARROW_BOX = 14, 11
"""Cells of the value where there is room, and where there is less."""
LONGEST, SHORTEST = 26, 8
"""Cells of a slider."""
USUAL = 16
"""Cells that a default needs at least to be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where the parts of a row stand, in cells from its left edge."""

    box: int
    box_width: int
    slider: int
    slider_width: int
    """Nothing where there is no room for one."""
    usual: int
    """Nothing likewise."""

    @classmethod
    def of(cls, width: int, *, has_slider: bool) -> Columns:
        """Lay out a row so wide."""
        box_width = BOX if width >= GUTTER + NAME + BOX + LONGEST + USUAL else NARROW_BOX
        box = GUTTER + NAME
        slider = box + box_width + 1
        slider_width = min(LONGEST, width - slider - 1)
        if slider_width < SHORTEST:
            box_width = max(1, min(NARROW_BOX, width - GUTTER - 1))
            return cls(box=max(GUTTER, width - box_width - 1), box_width=box_width, slider=0, slider_width=0, usual=0)
        usual = slider + slider_width + 2
        return cls(
            box=box,
            box_width=box_width,
            slider=slider,
            slider_width=slider_width if has_slider else 0,
            usual=usual if width - usual >= USUAL else 0,
        )
