"""The row of keys at the bottom, from which whole entries are left out where there is no room for all."""

from __future__ import annotations

from textual.geometry import Offset, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.layouts.horizontal import HorizontalLayout
from textual.widget import Widget
from textual.widgets import Footer
from textual.widgets._footer import FooterKey, FooterLabel

NEEDED = ("help", "leave", "app.quit")


class KeyRow(Footer):
    """Textual's footer, of which nothing is ever cut: help and quit have the room first, then who is bound first."""

    def __init__(self) -> None:
        """Make an empty row."""
        super().__init__(compact=True, show_command_palette=False)

    @property
    def layout(self) -> Layout:
        """The layout, which leaves out what does not fit."""
        return _WHOLE_ENTRIES


class _WholeEntries(HorizontalLayout):
    """From left to right, less whole entries where not all have room."""

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        """Return the places of the children that have one."""
        placed = list(super().arrange(parent, children, size, greedy))
        entries: list[list[WidgetPlacement]] = []
        for placement in placed:
            # The label of a group stands after its keys, and neither without the other.
            if isinstance(placement.widget, FooterLabel) and entries:
                entries[-1].append(placement)
            else:
                entries.append([placement])
        starts = [entry[0].region.x for entry in entries]
        ends = [entry[-1].region.right for entry in entries]
        wanted = sorted(range(len(entries)), key=lambda place: not _is_needed(entries[place]))
        kept: list[int] = []
        for place in wanted:
            more = sorted([*kept, place])
            if _moved_up(starts, more)[-1] + ends[more[-1]] - starts[more[-1]] <= size.width:
                kept = more
        return [
            placement
            for place, start in zip(kept, _moved_up(starts, kept), strict=True)
            for placement in WidgetPlacement.translate(entries[place], Offset(start - starts[place], 0))
        ]


def _moved_up(starts: list[int], kept: list[int]) -> list[int]:
    """Return where the entries that are kept begin, each as far from the one before as it was."""
    columns = starts[:1] if kept else []
    for place in kept[:-1]:
        columns.append(columns[-1] + starts[place + 1] - starts[place])
    return columns


def _is_needed(entry: list[WidgetPlacement]) -> bool:
    """Return whether an entry has to be there whatever the view has: how to learn more, and how to leave."""
    return any(isinstance(each.widget, FooterKey) and each.widget.action in NEEDED for each in entry)


_WHOLE_ENTRIES = _WholeEntries()
