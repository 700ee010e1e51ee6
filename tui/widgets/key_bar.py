"""The row at the bottom that names the keys: one widget, which draws itself anew only when the keys change.

Textual's own footer mounts a widget for every key, all of them anew at every change of the focus: half of what opening
a dashboard took, and a third of changing its view.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import ActiveBinding
from textual.events import Leave, MouseDown, MouseMove
from textual.reactive import var
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

NEEDED = ("help", "leave", "app.quit")
"""What has to be there whatever the view has: how to learn more, and how to leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key in the row."""

    name: str
    """What Textual calls it."""
    shown: str
    words: str
    """What stands after it; nothing within a group."""
    tip: str
    is_on: bool
    group: str = ""
    """What stands after the last key of a group."""
    is_within: bool = False
    """Whether the next key of its group follows at once."""
    is_needed: bool = False
    """Whether it has room before all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A key with its place in the row, in cells."""

    key: Key
    start: int
    after: str
    """What stands after it."""

    @property
    def end(self) -> int:
        """The first cell behind it and its words."""
        return self.start + cell_len(self.key.shown) + cell_len(self.after)


class KeyBar(Widget):
    """The keys that are there now; a click on one presses it."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key", "key-bar--words", "key-bar--pointed"}
    DEFAULT_CSS = """
    KeyBar {
        dock: bottom; height: 1; padding-left: 1;
        color: $footer-foreground; background: $footer-background;
    }
    KeyBar > .key-bar--key {
        color: $footer-key-foreground; background: $footer-key-background; text-style: bold;
    }
    KeyBar > .key-bar--words { color: $footer-description-foreground; background: $footer-description-background; }
    KeyBar > .key-bar--pointed { background: $block-hover-background; }
    """

    pointed: var[str] = var("")
    """The key under the mouse."""

    def __init__(self) -> None:
        """Begin without keys: which there are is known when the screen is there."""
        super().__init__()
        self._keys: tuple[Key, ...] = ()

    @property
    def placed(self) -> Sequence[Placed]:
        """The keys that there is room for.

        With the words of the groups, without, close together; at last some are left out, with all of their group.
        """
        room = self.content_size.width
        ways = ((2, True), (2, False), (1, False))
        row = next((row for row in (_row(self._keys, *way) for way in ways) if not row or row[-1].end <= room), None)
        return row if row is not None else _row(_kept(self._keys, room), *ways[-1])

    def on_mount(self) -> None:
        """Follow the keys."""
        self.screen.bindings_updated_signal.subscribe(self, self._follow)

    def export(self) -> str:
        """Return what stands in the row as plain text."""
        return "".join(segment.text for segment in self._segments()).rstrip()

    def render_line(self, y: int) -> Strip:
        """Return the row."""
        return Strip(self._segments()).adjust_cell_length(self.content_size.width, self.rich_style)

    def watch_pointed(self) -> None:
        """Show what a click would do."""
        key = next((key for key in self._keys if key.name == self.pointed), None)
        self.tooltip = key.tip if key is not None else None
        self.refresh()

    def on_mouse_move(self, event: MouseMove) -> None:
        """Point at a key."""
        key = self._key_at(event)
        self.pointed = key.name if key is not None else ""

    def on_leave(self, event: Leave) -> None:
        """Point at nothing."""
        self.pointed = ""

    def on_mouse_down(self, event: MouseDown) -> None:
        """Press the key: of a grey one the screen says why it does nothing."""
        key = self._key_at(event)
        if key is not None:
            self.app.simulate_key(key.name)

    def _key_at(self, event: MouseMove | MouseDown) -> Key | None:
        offset = event.get_content_offset(self)
        if offset is None:
            return None
        return next((one.key for one in self.placed if one.start <= offset.x < one.end), None)

    def _follow(self, screen: Screen[object]) -> None:
        # While the terminal is not in front, Textual has no focus and so not the keys of the view.
        if not screen.app.app_focus:
            return
        keys = tuple(self._keys_of(screen.active_bindings.values()))
        if keys != self._keys:
            self._keys = keys
            self.refresh()

    def _keys_of(self, active: Iterable[ActiveBinding]) -> Iterable[Key]:
        first: dict[str, ActiveBinding] = {}
        for one in active:
            if one.binding.show:
                first.setdefault(one.binding.action, one)
        for group, members in groupby(first.values(), lambda one: one.binding.group):
            row = list(members)
            is_group = group is not None and len(row) > 1
            for number, one in enumerate(row, start=1):
                binding = one.binding
                yield Key(
                    name=binding.key,
                    shown=self.app.get_key_display(binding),
                    words="" if is_group else binding.description,
                    tip=one.tooltip or (binding.description if is_group else ""),
                    is_on=one.enabled,
                    group=group.description if group is not None and is_group and number == len(row) else "",
                    is_within=is_group and number < len(row),
                    is_needed=binding.action in NEEDED,
                )

    def _segments(self) -> list[Segment]:
        key_style = self.get_component_rich_style("key-bar--key")
        words_style = self.get_component_rich_style("key-bar--words")
        pointed = Style.from_color(bgcolor=self.get_component_rich_style("key-bar--pointed").bgcolor)
        segments: list[Segment] = []
        at = 0
        for one in self.placed:
            key = one.key
            look = Style(dim=True) if not key.is_on else Style.null()
            if key.name == self.pointed:
                look += pointed
            if one.start > at:
                segments.append(Segment(" " * (one.start - at), self.rich_style))
            segments.append(Segment(key.shown, key_style + look))
            if one.after:
                # What stands after a group is that of all its keys, be they grey or pointed at.
                segments.append(Segment(one.after, words_style + look if key.words else words_style))
            at = one.end
        return segments


def _kept(keys: Sequence[Key], room: int) -> list[Key]:
    """Return as many of the keys as have room close together: groups as a whole, and first what is needed."""
    entries: list[list[Key]] = []
    for before, key in zip([None, *keys], keys, strict=False):
        if before is not None and before.is_within:
            entries[-1].append(key)
        else:
            entries.append([key])
    kept: set[int] = set()
    for place in sorted(range(len(entries)), key=lambda place: not any(key.is_needed for key in entries[place])):
        more = kept | {place}
        if _row([key for place in sorted(more) for key in entries[place]], 1, False)[-1].end <= room:
            kept = more
    return [key for place in sorted(kept) for key in entries[place]]


def _row(keys: Iterable[Key], gap: int, has_groups: bool) -> list[Placed]:
    row: list[Placed] = []
    at = 0
    for key in keys:
        words = key.words or (key.group if has_groups else "")
        row.append(Placed(key=key, start=at, after=f" {words}" if words else ""))
        at = row[-1].end + (0 if key.is_within else gap)
    return row
