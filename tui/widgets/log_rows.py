"""How the entries of the log look: when, at which step, of what kind and lane, and what happened in as many lines."""

from __future__ import annotations

import time

from rich.cells import cell_len, set_cell_size

from ..charts.glyphs import spelled
from ..notices import MAXIMUM_LOG, Notice, NoticeKind
from ..run_view import RunView
from .status import lane_colour
from .text_rows import Row, Span, TextRows

SIGNS: dict[NoticeKind, tuple[str, str, str]] = {
    "command": ("›", "command", "accent"),
    "refusal": ("✗", "refused", "warning"),
    "warning": ("!", "warning", "warning"),
    "evaluation": ("=", "evaluation", "success"),
    "goal": ("◆", "goal", "primary"),
    "run": ("·", "run", "foreground"),
}
"""The sign, the word and the colour of every kind: never a colour alone."""


class LogRows(TextRows):
    """The entries of a log as far as they can be seen; which these are is told by the view around it."""

    DEFAULT_CSS = """
    LogRows { height: 1fr; }
    """

    def __init__(self, run: RunView) -> None:
        """Show entries of this run's log."""
        super().__init__()
        self._run = run
        self._lines: dict[int, list[str]] = {}

    def forget_lines(self) -> None:
        """Break all texts anew, as there is another width."""
        self._lines.clear()

    def lines(self, notice: Notice) -> list[str]:
        """Return an entry's text in lines of the room that there is."""
        lines = self._lines.get(notice.number)
        if lines is None:
            if len(self._lines) > 4 * MAXIMUM_LOG:
                self._lines.clear()
            lines = self._lines[notice.number] = wrapped(
                spelled(notice.sentences), max(8, self.size.width - self._lead())
            )
        return lines

    def row(self, notice: Notice, line: str, *, first: bool, chosen: bool, now: float) -> Row:
        """Return one of an entry's lines with what stands before it.

        Args:
            notice: The entry.
            line: One of its `lines`.
            first: Whether it is the first of them.
            chosen: Whether the cursor is there, or it is marked.
            now: Seconds since 1970.
        """
        width = self.size.width
        sign, word, colour = SIGNS[notice.kind]
        # What is chosen is one bar; only the sign keeps its colour.
        reverse, faint = ("reverse ", "") if chosen else ("", "dim ")
        look = {"information": "foreground", "warning": "warning", "error": "bold error"}[notice.severity]
        if notice.severity == "information" and notice.kind == "evaluation":
            look = "dim foreground"
        look = "foreground" if chosen else look
        lead = self._lead()
        pad = width - lead - cell_len(line) if chosen else 0
        if not first:
            return ((" " * lead, f"{reverse}foreground"), (line + " " * max(0, pad), f"{reverse}{look}"))
        spans: list[Span] = []
        if width >= 60:
            spans.append((f"{clock(notice.at, now):>8}  ", f"{reverse}{faint}foreground"))
        if width >= 36:
            step = "" if notice.step is None else f"{notice.step:,}"
            spans.append((f"{step:>9}  ", f"{reverse}foreground"))
        spans.append((f"{sign} {word:<11}" if width >= 80 else f"{sign} ", f"{reverse}bold {colour}"))
        spans += self._lane(notice, reverse)
        spans.append((line + " " * max(0, pad), f"{reverse}{look}"))
        return tuple(spans)

    def _lane(self, notice: Notice, reverse: str) -> list[Span]:
        wide = self._lane_width
        if not wide:
            return []
        if notice.lane is None:
            return [(" " * wide, f"{reverse}foreground")]
        title = set_cell_size(self._run.lanes[notice.lane].title, wide - 1)
        return [(f"{title} ", f"{reverse}{lane_colour(notice.lane)}")]

    @property
    def _lane_width(self) -> int:
        if not self._run.is_race:
            return 0
        longest = max(cell_len(lane.title) for lane in self._run.lanes) + 1
        return max(3, min(longest, 18, self.size.width // 6))

    def _lead(self) -> int:
        """Return how many cells stand before the text."""
        width = self.size.width
        return (10 if width >= 60 else 0) + (11 if width >= 36 else 0) + (13 if width >= 80 else 2) + self._lane_width


def clock(at: float | None, now: float) -> str:
    """Return when something was: the time of day to the second, or the day where that is not today's."""
    if at is None:
        return ""
    then, today = time.localtime(at), time.localtime(now)
    return time.strftime("%H:%M:%S" if then[:3] == today[:3] else "%d %b", then)


def wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines of at most so many cells, broken between words where there are any."""
    if cell_len(text) <= width:
        return [text]
    lines: list[str] = [""]
    for word in text.split():
        rest = word
        longer = f"{lines[-1]} {rest}" if lines[-1] else rest
        if cell_len(longer) <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        while cell_len(rest) > width:
            part = set_cell_size(rest, width).rstrip()
            lines[-1] = part
            rest = rest[len(part) :]
            lines.append("")
        lines[-1] = rest
    return [line for line in lines if line]
