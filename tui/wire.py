"""What goes over the wire for a frame: the cells that changed and the colours that change, and nothing twice.

Textual sends a changed row of a widget from the widget's left edge on, and every piece of text with all of its colours
before it and a reset after it: about 40 bytes around a single braille cell.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rich.control import Control
from textual._compositor import ChopsUpdate, CompositorUpdate

if TYPE_CHECKING:
    from rich.console import Console

_LOOK = re.compile(r"\x1b\[([0-9;]*)m")
_ONLY_MOVES = re.compile(r"(?:\x1b\[\d+;\d+H|[\r\n])*")
_RESET = ("", "", "")
_COLOUR_PARTS = {"5": 3, "2": 5}
"""How many numbers a colour from a palette has in all, and one of its own."""


class TightUpdate(CompositorUpdate):
    """A frame of Textual's, written shorter."""

    def __init__(self, update: CompositorUpdate) -> None:
        """Take the frame."""
        self._update = update

    def render_segments(self, console: Console) -> str:
        """Return what the terminal is sent."""
        update = self._update
        text = _changed_cells(update, console) if isinstance(update, ChopsUpdate) else update.render_segments(console)
        return without_repetition(text)


def tight(update: Any) -> Any:
    """Return a frame that is written shorter; anything else as it is."""
    return TightUpdate(update) if isinstance(update, CompositorUpdate) else update


def _changed_cells(update: ChopsUpdate, console: Console) -> str:
    """Return the changed spans of each row, as `ChopsUpdate` does, but each from its own beginning."""
    parts: list[str] = []
    for y, first, stop in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x >= stop or end <= first:
                continue
            begin = max(x, first)
            parts.append(Control.move_to(begin, y).segment.text)
            parts.append(strip.crop(begin - x, min(end, stop) - x).render(console))
    return "".join(parts)


def without_repetition(text: str) -> str:
    """Return what looks the same on a terminal, with each colour named only where it changes."""
    pieces = _LOOK.split(text)
    written = [pieces[0]]
    wanted = now = _RESET
    for numbers, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        wanted = _look(numbers) if numbers not in ("", "0") else _RESET
        if not piece:
            continue
        # Where the cursor goes has no colour.
        if wanted != now and not _ONLY_MOVES.fullmatch(piece):
            written.append(_change(now, wanted))
            now = wanted
        written.append(piece)
    if now != _RESET:
        written.append("\x1b[0m")
    return "".join(written)


@lru_cache(maxsize=4096)
def _look(numbers: str) -> tuple[str, str, str]:
    """Return manners, foreground and background that a sequence asks for; each "" where it asks for none."""
    manners, foreground, background = [], "", ""
    parts = numbers.split(";")
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
def _change(before: tuple[str, str, str], after: tuple[str, str, str]) -> str:
    """Return the shortest sequence from one look to another."""
    ends = any(old and not new for old, new in zip(before, after, strict=True)) or (before[0] and before[0] != after[0])
    if ends:
        return f"\x1b[{';'.join(['0', *filter(None, after)])}m"
    return f"\x1b[{';'.join(new for old, new in zip(before, after, strict=True) if new != old)}m"
