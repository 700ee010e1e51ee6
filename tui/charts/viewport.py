"""Which part of the horizontal axis is seen: the whole run, a window on its newest part, or a window that stays."""

from __future__ import annotations

from typing import Literal

from .axes import Limits, StickyEnd

Manner = Literal["whole", "newest", "still"]
LEAST = 1e-6
"""No window is shorter than this share of the run."""
NEWEST_SHARE = 0.2
"""How much of the run a window on its newest part shows at first."""
AHEAD = 0.1
"""How far a window that follows jumps ahead of the newest step, as a share of itself: most frames move nothing."""


class Viewport:
    """What the charts beside each other have in common: they show the same part, and one crosshair.

    Attributes:
        manner: "whole" from the start on, "newest" for a window that follows, "still" for one that stays.
        pointer: Where the crosshair stands, in the measure of the axis; None for nowhere.
    """

    __slots__ = ("_end", "_shown", "_sticky", "manner", "pointer")

    def __init__(self) -> None:
        """Show the whole run."""
        self.manner: Manner = "whole"
        self.pointer: float | None = None
        self._sticky = StickyEnd()
        self._shown: Limits = (0.0, 1.0)
        self._end = 1.0

    @property
    def waiting(self) -> bool:
        """Whether what is seen may change by the passing of time alone."""
        return self.manner == "whole" and self._sticky.waiting

    @property
    def shown(self) -> Limits:
        """What was seen last."""
        return self._shown

    @property
    def sight(self) -> tuple[Manner, object]:
        """What somebody has chosen to see: equal as long as nobody chooses, however the run goes on."""
        low, high = self._shown
        # A window that follows has its width, but for rounding.
        chosen = {"whole": None, "newest": f"{high - low:.6g}", "still": self._shown}
        return self.manner, chosen[self.manner]

    def limits(self, end: float, now: float) -> Limits:
        """Return what is seen of a run that has come to `end`; `now` is monotonic seconds."""
        self._end = max(end, 1e-9)
        if self.manner == "whole":
            self._shown = 0.0, self._sticky.update(end, now)
        elif self.manner == "newest":
            low, high = self._shown
            if not high - AHEAD * (high - low) * 2.0 <= end <= high:
                self._shown = self._window(high - low, end + AHEAD * (high - low))
        return self._shown

    def point_at(self, place: float) -> None:
        """Put the crosshair there, or as near as something is seen and there is a step: behind the last is nothing."""
        low, high = self._shown
        self.pointer = min(max(place, low), high, self._end)

    def whole(self) -> None:
        """Show everything."""
        self.manner = "whole"

    def begin_again(self) -> None:
        """Show everything on an axis that counts something else, or counts from 0 again."""
        self.manner, self.pointer = "whole", None
        self._sticky = StickyEnd()

    def follow(self) -> None:
        """Show the newest part and go with it: as much as is seen, or a fifth of the run where that is all."""
        low, high = self._shown
        width = NEWEST_SHARE * self._end if self.manner == "whole" else high - low
        self._shown = self._window(width, self._end + AHEAD * width)
        self.manner = "newest"

    def zoom(self, factor: float, share: float | None = None) -> None:
        """Show `factor` times as much around the place at this `share` of the width.

        Without one it is the crosshair, else the end where that is followed, else the middle.
        """
        low, high = self._shown
        centre = low + (high - low) * (0.5 if share is None else share)
        if share is None and self.pointer is not None and low <= self.pointer <= high:
            centre = self.pointer
        elif share is None and self.manner != "still":
            centre = min(self._end, high)
        width = max((high - low) * factor, LEAST * self._end)
        if factor > 1.0 and width >= 1.02 * self._end and (self.manner != "newest" or width >= 1.25 * self._end):
            self.manner = "whole"
            return
        left = centre - (centre - low) * width / (high - low)
        self._shown = self._window(width, left + width)
        if self.manner == "whole":
            self.manner = "still"

    def pan(self, share: float) -> None:
        """Move by a share of the width; a window that comes to the newest step goes with it."""
        low, high = self._shown
        width = min(high - low, self._end) if self.manner == "whole" else high - low
        self._shown = self._window(width, (min(high, self._end) if self.manner == "whole" else high) + share * width)
        at_end = share > 0.0 and self._shown[1] >= self._end
        self.manner = "newest" if at_end else "still"

    def go_to(self, place: float) -> None:
        """Move as little as brings a place into view."""
        low, high = self._shown
        if not low <= place <= high:
            self._shown = self._window(high - low, place + (high - low) / 2.0)
            self.manner = "still"

    def home(self) -> None:
        """Move to the start of the run."""
        low, high = self._shown
        self._shown = 0.0, high - low
        if self.manner == "newest" or low > 0.0:
            self.manner = "still"

    def _window(self, width: float, high: float) -> Limits:
        """Return a window of this width that ends at `high`, or as near to it as the run lies."""
        high = min(high, self._end + AHEAD * width)
        low = max(high - width, 0.0)
        return low, low + width
