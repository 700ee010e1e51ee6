"""The palette of commands, as Textual has it, but for keys and sizes that come at a bad moment."""

from __future__ import annotations

from textual.command import Command, CommandList, CommandPalette
from textual.containers import Horizontal
from textual.events import Click
from textual.widgets import LoadingIndicator
from textual.worker import Worker

from ..widgets.option_list import SteadyOptionList, has_room
from .closing import ClosesOnlyItself

# Of the palette's own list options come and go while somebody clicks.
CommandList.on_click = SteadyOptionList.on_click  # type: ignore[attr-defined]


class SteadyPalette(ClosesOnlyItself, CommandPalette):
    """A palette that may be closed while it still gathers commands, and that no terminal is too low for."""

    def on_click(self, event: Click) -> None:
        """Drop a click on what was there before the terminal became smaller."""
        if not self.region.contains(event.screen_x, event.screen_y):
            event.prevent_default()

    @property
    def _is_whole(self) -> bool:
        parts = (CommandList, LoadingIndicator, Horizontal)
        return self in self.app.screen_stack and all(self.query(part) for part in parts)

    def _action_command_list(self, action: str) -> None:
        if self._is_whole and (not action.startswith("page_") or has_room(self.query_one(CommandList))):
            super()._action_command_list(action)

    def _action_cursor_down(self) -> None:
        if self._is_whole:
            super()._action_cursor_down()

    # What was typed just before esc is heard of after it, when the list may have gone.

    def _gather_commands(self, search_value: str) -> Worker[None] | None:  # type: ignore[override]
        return super()._gather_commands(search_value) if self._is_whole else None

    def _refresh_command_list(self, command_list: CommandList, commands: list[Command], clear_current: bool) -> None:
        if self._is_whole:
            super()._refresh_command_list(command_list, commands, clear_current)

    def _watch__list_visible(self) -> None:
        if self._is_whole:
            super()._watch__list_visible()

    async def _watch__show_busy(self) -> None:
        if self._is_whole:
            await super()._watch__show_busy()
