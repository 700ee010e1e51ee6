"""What goes over the wire for a frame: the cells that changed and the colours that change, and nothing twice.

Textual composes each row with a change anew from all widgets beneath it, sends it from the widget's left edge on, and
every piece of text with all of its colours before it and a reset after it: about 40 bytes around a braille cell.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual import screen
from textual._compositor import Compositor, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from rich.console import Console

_Look = tuple[str, str, str]
"""Manners, foreground and background as numbers of a sequence; each "" where it is the terminal's own."""
_RESET: _Look = ("", "", "")
_COLOUR_PARTS = {"5": 3, "2": 5}
"""How many numbers a colour from a palette has in all, and one of its own."""


class Piece(NamedTuple):
    """A part of a row of the screen."""

    y: int
    x: int
    strip: Strip
    start: int
    """From this of the strip's columns on."""
    stop: int


class TightUpdate(CompositorUpdate):
    """A frame, or what of it has changed."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        """Take the parts of rows that are to be sent."""
        self.pieces = pieces

    def render_segments(self, console: Console) -> str:
        """Return what the terminal is sent, with each colour named only where it changes."""
        system = console._color_system or ColorSystem.TRUECOLOR
        written: list[str] = []
        now, link = _RESET, None
        for y, x, strip, start, stop in self.pieces:
            # Where the cursor goes has no colour.
            written.append(f"\x1b[{y + 1};{x + 1}H")
            for text, style in _texts(strip, start, stop):
                if style is None:
                    wanted, target = _RESET, None
                else:
                    wanted, target = _look(style._ansi or Strip.render_ansi(style, system)), style._link
                if target != link:
                    written.append(f"\x1b]8;;{target or ''}\x1b\\")
                    link = target
                if wanted is not now and wanted != now:
                    written.append(_change(now, wanted))
                    now = wanted
                written.append(text)
        if link is not None:
            written.append("\x1b]8;;\x1b\\")
        if now != _RESET:
            written.append("\x1b[0m")
        return "".join(written)


def _texts(strip: Strip, start: int, stop: int) -> Iterator[tuple[str, Style | None]]:
    """Yield what stands in these columns of a strip; of a wide character that is cut through, a blank."""
    at = 0
    for text, style, _ in strip:
        if at >= stop:
            return
        cells = cell_len(text)
        first, last = max(start - at, 0), min(stop - at, cells)
        at += cells
        if first >= last:
            continue
        if last - first < cells:
            text = Segment(text).split_cells(first)[1].split_cells(last - first)[0].text
        yield text, style


class TightCompositor(Compositor):
    """Textual's compositor, which asks nobody but the widgets that have changed, and for no more than those rows."""

    def render_partial_update(self) -> Any:
        """Return what has changed since the last frame; None for nothing."""
        dirty = [seen for region in self._dirty_regions if (seen := region.intersection(self.size.region))]
        self._dirty_regions.clear()
        if not dirty:
            return None
        parts = [part for span in self._regions_to_spans(dirty) for part in self._parts(*span)]
        rows: dict[Widget, dict[int, Strip]] = defaultdict(dict)
        widths: dict[Widget, int] = {}
        for part in parts:
            rows[part.widget][part.row] = Strip([])
            widths[part.widget] = part.width
        for widget, strips in rows.items():
            for first, count in _runs(sorted(strips)):
                lines = widget.render_lines(Region(0, first, widths[widget], count))
                strips.update(enumerate(lines, first))
        return TightUpdate(
            [Piece(part.y, part.x, rows[part.widget][part.row], part.start, part.stop) for part in parts]
        )

    def _parts(self, y: int, first: int, stop: int) -> Iterator[_Part]:
        """Yield who owns the cells of row `y` from column `first` up to `stop`: the widget that lies on top."""
        free = [(first, stop)]
        for widget, seen, region in self.layers_visible[y]:
            rest: list[tuple[int, int]] = []
            for begin, end in free:
                left, right = max(begin, seen.x), min(end, seen.right)
                if left >= right:
                    rest.append((begin, end))
                    continue
                yield _Part(y, left, widget, region.width, y - region.y, left - region.x, right - region.x)
                rest += [gap for gap in ((begin, left), (right, end)) if gap[0] < gap[1]]
            free = rest
            if not free:
                return


class _Part(NamedTuple):
    """Cells of one row of the screen that belong to one widget."""

    y: int
    x: int
    widget: Widget
    width: int
    """Of the widget."""
    row: int
    """Of the widget."""
    start: int
    """From this of the widget's columns on."""
    stop: int


# Every screen makes its own, by this name.
vars(screen)["Compositor"] = TightCompositor


def tight(update: Any) -> Any:
    """Return a whole frame of Textual's as one that is written shorter; anything else as it is."""
    if not isinstance(update, LayoutUpdate):
        return update
    rows = enumerate(map(Strip.join, update.strips), update.region.y)
    return TightUpdate([Piece(y, update.region.x, strip, 0, strip.cell_length) for y, strip in rows])


def show_at_once(shown: Screen[Any]) -> None:
    """Send what has changed by now on a screen, which would otherwise wait for its widgets and for a clock."""
    if shown.is_current and not shown._layout_required and not shown.app._batch_count:
        shown._compositor.update_widgets(set(shown._compositor.visible_widgets))
        shown._compositor_refresh()


def _runs(rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first of rows that follow each other, and their number."""
    first = 0
    for index in range(1, len(rows) + 1):
        if index == len(rows) or rows[index] != rows[index - 1] + 1:
            yield rows[first], index - first
            first = index


@lru_cache(maxsize=4096)
def _look(numbers: str) -> _Look:
    """Return what a sequence asks for."""
    manners, foreground, background = [], "", ""
    parts = numbers.split(";") if numbers else []
    while parts:
        length = _COLOUR_PARTS.get(parts[1], 1) if parts[0] in ("38", "48") and len(parts) > 1 else 1
        part, parts = ";".join(parts[:length]), parts[length:]
        code = int(part.partition(";")[0] or 0)
        if 30 <= code <= 39 or 90 <= code <= 97:
            foreground = part
        elif 40 <= code <= 49 or 100 <= code <= 107:
            background = part
        else:
            manners.append(part)
    return ";".join(manners), foreground, background


@lru_cache(maxsize=4096)
def _change(before: _Look, after: _Look) -> str:
    """Return the shortest sequence from one look to another."""
    ends = any(old and not new for old, new in zip(before, after, strict=True)) or (before[0] and before[0] != after[0])
    if ends:
        return f"\x1b[{';'.join(['0', *filter(None, after)])}m"
    return f"\x1b[{';'.join(new for old, new in zip(before, after, strict=True) if new != old)}m"
