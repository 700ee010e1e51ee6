"""What happened, newest at the end: commands and their answers, evaluations, verdicts, and warnings with advice."""

from __future__ import annotations

import time
from datetime import datetime
from typing import ClassVar

from rich.cells import cell_len
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import MouseDown, MouseMove, MouseScrollDown, MouseScrollUp, MouseUp, Resize

from .. import exports
from ..notices import Notice, NoticeKind
from ..run_view import RunView
from ..screens.asking import TextDialog
from ..widgets.log_rows import SIGNS, LogRows
from ..widgets.text_rows import Row, Span, TextRows
from .view import View

FILTERS: tuple[tuple[str, frozenset[NoticeKind]], ...] = (
    ("all", frozenset(SIGNS)),
    ("warnings", frozenset({"warning", "refusal"})),
    ("commands", frozenset({"command", "refusal"})),
    ("evaluations", frozenset({"evaluation", "goal"})),
)
LEAST_WIDTH, LEAST_HEIGHT = 16, 3
WHEEL = 3
"""Lines that a notch of the wheel moves."""


class LogView(View):
    """The log: follows its end until someone moves up, and can be searched and copied."""

    HELP = """
## Log

Commands and what the engine answered, evaluations, goals, and **warnings** with one sentence of advice; `›` command,
`✗` refused, `!` warning, `=` evaluation, `◆` goal, `·` the run itself.

* up, down, page up, page down, home: move; **end** follows the newest again
* `m` begins to mark entries, `c` copies what is marked (or the one under the cursor), `Y` copies and saves all shown
* `k` shows warnings, commands, evaluations or all; `w` shows only entries with some words; `x` shows all again
"""
    DEFAULT_CSS = """
    LogView > #log-head { height: 1; background: $surface; padding: 0 1; }
    LogView > LogRows { padding: 0 1; }
    LogView.-low > #log-head { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Entry before", show=False, id="log.up"),
        Binding("down", "move(1)", "Next entry", show=False, id="log.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="log.page-up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="log.page-down"),
        Binding("home", "oldest", "Oldest entry", show=False, id="log.oldest"),
        Binding("end", "newest", "Newest entry", show=False, id="log.newest"),
        Binding("m", "mark", "Mark entries", show=False, id="log.mark"),
        Binding("c", "copy", "Copy", id="log.copy"),
        Binding("k", "kinds(1)", "Kinds", id="log.kinds"),
        Binding("K", "kinds(-1)", "Kinds before", show=False, id="log.kinds-before"),
        Binding("w", "words", "Words", id="log.words"),
        Binding("x", "all", "Show all again", show=False, id="log.all"),
        Binding("escape", "step_out", "Unmark, show all, follow", show=False, id="log.step-out"),
    ]

    def __init__(self, run: RunView) -> None:
        """Show the log of this run."""
        super().__init__(run)
        self._head, self._rows = TextRows(id="log-head"), LogRows(run)
        self._filter, self._words = 0, ""
        self._entries: list[Notice] = []
        self._taken: tuple[object, ...] = ()
        self._cursor: int | None = None
        """The number of the notice under the cursor; None while the end is followed."""
        self._anchor: int | None = None
        """Where marking began, by its number."""
        self._top: tuple[int, int] = (0, 0)
        """The entry in the first row, and how many of its lines are above it."""
        self._places: list[int | None] = []
        """Which entry stands in which row."""
        self._drags = False

    # ---- drawing

    def compose(self) -> ComposeResult:
        """Put the filter over the entries."""
        yield self._head
        yield self._rows

    def on_resize(self, event: Resize) -> None:
        """Give a low view's only rows to the entries."""
        self.set_class(event.size.height < 5, "-low")
        self._rows.forget_lines()

    def show(self, now: float) -> None:
        """Draw what has changed."""
        height = self._rows.size.height
        if self.size.width < LEAST_WIDTH or self.size.height < LEAST_HEIGHT or height < 1:
            self._rows.show([(("no room", "dim foreground"),)])
            return
        self._choose()
        self._head.show([self._head_row(self._head.size.width)])
        if not self._entries:
            words = "nothing of this kind has happened yet" if self._is_filtered else "nothing has happened yet"
            self._places = []
            self._rows.show([((words, "dim foreground"),)])
            return
        self._place(height)
        self._rows.show(self._visible(height))

    def _choose(self) -> None:
        """Take the entries that are to be shown, if there are others than before."""
        taken = (self.run.log.count, self._filter, self._words)
        if taken == self._taken:
            return
        self._taken = taken
        kinds, words = FILTERS[self._filter][1], self._words.casefold()
        self._entries = [
            notice
            for notice in self.run.log
            if notice.kind in kinds and words in f"{notice.before}{notice.sentences}".casefold()
        ]

    @property
    def _is_filtered(self) -> bool:
        return bool(self._filter or self._words)

    @property
    def _at(self) -> int:
        """The index of the entry under the cursor: the last one while the end is followed."""
        if self._cursor is None:
            return len(self._entries) - 1
        # What was under it may be shown no longer.
        return max(0, min(self._index_of(self._cursor), len(self._entries) - 1))

    def _index_of(self, number: int) -> int:
        return sum(notice.number < number for notice in self._entries)

    @property
    def _marked(self) -> range:
        """The indices of what is marked; of the entry under the cursor where nothing is."""
        if self._anchor is None:
            return range(self._at, self._at + 1)
        low, high = sorted((min(self._index_of(self._anchor), len(self._entries) - 1), self._at))
        return range(low, high + 1)

    def _head_row(self, width: int) -> Row:
        spans: list[Span] = []
        for number, (title, _) in enumerate(FILTERS):
            spans.append((f" {title} ", "reverse primary" if number == self._filter else "dim foreground"))
        if sum(cell_len(text) for text, _ in spans) + 12 > width:
            spans = [(f" {FILTERS[self._filter][0]} ", "reverse primary")]
        if self._words:
            spans.append((f" with “{self._words}”", "bold accent"))
        spans.append((f"  {len(self._entries)}", "foreground"))
        if self._anchor is not None:
            spans.append((f"  {len(self._marked)} marked, c copies", "bold warning"))
        elif self._cursor is not None:
            spans.append(("  end follows the newest", "dim foreground"))
        return tuple(spans)

    def _place(self, height: int) -> None:
        """Scroll as little as shows the cursor, or to the end."""
        if self._cursor is None:
            self._top = self._above(len(self._entries) - 1, height)
            return
        at = self._at
        index, _ = self._top
        if at <= index:
            self._top = (at, 0)
            return
        lowest = self._above(at, height)
        self._top = max(self._top, lowest)
        self._top = min(self._top, self._above(len(self._entries) - 1, height))

    def _above(self, last: int, height: int) -> tuple[int, int]:
        """Return what has to stand in the first row, so that entry `last` ends in the last one."""
        room, index = height, last
        while index >= 0:
            count = len(self._rows.lines(self._entries[index]))
            if count >= room:
                return index, count - room
            room -= count
            index -= 1
        return 0, 0

    def _visible(self, height: int) -> list[Row]:
        rows: list[Row] = []
        self._places = []
        index, skip = self._top
        marked, at, wall = self._marked if self._anchor is not None else range(0), self._at, time.time()
        while index < len(self._entries) and len(rows) < height:
            notice = self._entries[index]
            lines = self._rows.lines(notice)
            chosen = index in marked or (index == at and self._cursor is not None)
            for number, line in enumerate(lines):
                if number >= skip and len(rows) < height:
                    rows.append(self._rows.row(notice, line, first=number == 0, chosen=chosen, now=wall))
                    self._places.append(index)
            index, skip = index + 1, 0
        return rows

    # ---- what a person wants

    def export(self) -> list[tuple[str, ...]]:
        """Return what is marked, or all that the filter shows, as a table."""
        self._choose()
        chosen = self._entries if self._anchor is None else [self._entries[index] for index in self._marked]
        if not chosen:
            return []
        return [("time", "step", "lane", "kind", "text", "advice"), *(self._cells(notice) for notice in chosen)]

    def _cells(self, notice: Notice) -> tuple[str, ...]:
        at = "" if notice.at is None else datetime.fromtimestamp(notice.at).astimezone().isoformat(timespec="seconds")
        lane = "" if notice.lane is None else self.run.lanes[notice.lane].title or str(notice.lane)
        step = "" if notice.step is None else str(notice.step)
        return at, step, lane, SIGNS[notice.kind][1], notice.text, notice.advice

    def action_move(self, by: int) -> None:
        """Go to another entry; beyond the last one the end is followed again."""
        if not self._entries:
            return
        goal = self._at + by
        if goal >= len(self._entries) and self._anchor is None:
            self._cursor = None
        else:
            self._go(goal)
        self.show(time.monotonic())

    def action_page(self, by: int) -> None:
        """Go a page up or down."""
        seen = len({place for place in self._places if place is not None})
        self.action_move(by * max(1, seen - 1))

    def action_oldest(self) -> None:
        """Go to the first entry."""
        self._go(0)
        self.show(time.monotonic())

    def action_newest(self) -> None:
        """Go to the last entry, and follow the newest."""
        if self._anchor is None:
            self._cursor = None
        else:
            self._go(len(self._entries) - 1)
        self.show(time.monotonic())

    def _go(self, index: int) -> None:
        if self._entries:
            self._cursor = self._entries[max(0, min(index, len(self._entries) - 1))].number

    def action_mark(self) -> None:
        """Begin to mark at the entry under the cursor, or mark nothing."""
        if self._anchor is not None:
            self._anchor = None
        elif self._entries:
            self._go(self._at)
            self._anchor = self._cursor
        self.show(time.monotonic())

    def action_copy(self) -> None:
        """Put what is marked, or the entry under the cursor, into the clipboard as plain text."""
        if not self._entries:
            return
        chosen = [self._entries[index] for index in self._marked]
        text = "\n".join(notice.words for notice in chosen)
        if len(text.encode()) > exports.MOST_COPIED:
            self.notify("too much for the clipboard: Y writes it into a file", timeout=4)
            return
        self.app.copy_to_clipboard(text)
        self._anchor = None
        self.notify(f"{len(chosen)} {'entry' if len(chosen) == 1 else 'entries'} copied", timeout=2)
        self.show(time.monotonic())

    def action_kinds(self, by: int) -> None:
        """Show the next selection of kinds."""
        self._choose_kinds((self._filter + by) % len(FILTERS))

    def _choose_kinds(self, number: int) -> None:
        self._filter, self._anchor = number, None
        self.show(time.monotonic())

    def action_words(self) -> None:
        """Ask for words, and show only what has them."""

        def chosen(words: str | None) -> None:
            if words is not None:
                self._words, self._anchor = words.strip(), None
                self.show(time.monotonic())

        self.app.push_screen(TextDialog("Show entries with these words", self._words), chosen)

    def action_all(self) -> None:
        """Show everything again."""
        self._words = ""
        self._choose_kinds(0)

    def action_step_out(self) -> None:
        """Leave the marks, the filter or the past, one after the other."""
        if self._anchor is not None:
            self.action_mark()
        elif self._is_filtered:
            self.action_all()
        elif self._cursor is not None:
            self.action_newest()
        else:
            raise SkipAction

    # ---- the mouse

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Go up a few entries."""
        event.stop()
        self._wheel(-WHEEL)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Go down a few entries."""
        event.stop()
        self._wheel(WHEEL)

    def _wheel(self, by: int) -> None:
        if not self._places or not self._entries:
            return
        # What is on the screen moves, not what is marked on it.
        seen = [place for place in self._places if place is not None]
        edge = seen[0] if by < 0 else seen[-1]
        goal = edge + by
        if goal >= len(self._entries) - 1 and by > 0 and self._anchor is None:
            self._cursor = None
        else:
            self._go(goal)
        self.show(time.monotonic())

    def on_mouse_down(self, event: MouseDown) -> None:
        """Choose the kinds that were clicked, or the entry."""
        index = self._entry_at(event)
        if event.widget is self._head:
            left = event.get_content_offset_capture(self._head).x
            for number, (title, _) in enumerate(FILTERS):
                left -= len(title) + 2
                if left < 0:
                    self._choose_kinds(number)
                    return
        elif index is not None:
            self._anchor, self._drags = None, True
            self._go(index)
            self.show(time.monotonic())

    def on_mouse_move(self, event: MouseMove) -> None:
        """Mark what the mouse is drawn over."""
        index = self._entry_at(event) if self._drags else None
        if index is not None and index != self._at:
            self._anchor = self._cursor if self._anchor is None else self._anchor
            self._go(index)
            self.show(time.monotonic())

    def on_mouse_up(self, event: MouseUp) -> None:
        """Mark no more."""
        self._drags = False

    def _entry_at(self, event: MouseDown | MouseMove) -> int | None:
        row = event.screen_y - self._rows.content_region.y
        return self._places[row] if 0 <= row < len(self._places) else None
