"""A list of options that keeps its head on a terminal without a row for it."""

from __future__ import annotations

from textual._widget_navigation import Direction
from textual.events import Click
from textual.widgets import OptionList


def has_room(options: OptionList) -> bool:
    """Return whether a list has a cell to stand in: Textual cannot turn the pages of one that has none."""
    return bool(options.scrollable_content_region)


class SteadyOptionList(OptionList):
    """A list whose pages turn only where there are any, and in which nobody clicks on what has just gone."""

    def on_click(self, event: Click) -> None:
        """Drop a click on an option that was there when it was drawn."""
        if event.style.meta.get("option", -1) >= self.option_count:
            event.prevent_default()

    def _move_page(self, direction: Direction) -> None:
        if has_room(self):
            super()._move_page(direction)
