"""What the screen shows, in ASCII: borders, charts and signs alike."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from ..ascii_text import in_ascii


class AsciiFilter(LineFilter):
    """The last to see a line: no widget needs signs of its own for a terminal without Unicode."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments in ASCII, as wide as they were."""
        return [Segment(in_ascii(text), style, control) for text, style, control in segments]
