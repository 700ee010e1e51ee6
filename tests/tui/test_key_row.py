"""The row of keys: an entry is there as a whole or not at all."""

from __future__ import annotations

from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets._footer import FooterKey, FooterLabel

from tui.widgets.key_row import KeyRow

PACE = Binding.Group("Pace", compact=True)


class Keys(App[None]):
    """A few keys, the two that are needed not the first ones."""

    CSS = "Footer.-compact FooterLabel { margin: 0 1 0 0; }"
    BINDINGS: ClassVar = [
        Binding("g", "bell", "Range test"),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("q", "leave", "Quit"),
        Binding("comma", "slower", "Slower", group=PACE, key_display=","),
        Binding("full_stop", "faster", "Faster", group=PACE, key_display="."),
        Binding("s", "step", "Step"),
    ]

    def compose(self) -> ComposeResult:
        """Show the row alone."""
        yield KeyRow()

    def action_slower(self) -> None:
        """Do nothing: a key without an action has no entry."""

    action_help = action_leave = action_faster = action_step = action_slower


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (60, "g Range test ? Help q Quit ,. Pace s Step"),
        (38, "g Range test ? Help q Quit ,. Pace"),
        (34, "g Range test ? Help q Quit s Step"),
        (27, "g Range test ? Help q Quit"),
        (20, "? Help q Quit s Step"),
        (14, "? Help q Quit"),
        (8, "? Help"),
        (3, ""),
    ],
)
async def test_what_has_no_room_is_left_out_as_a_whole_and_help_and_quit_the_last(columns: int, shown: str) -> None:
    app = Keys()
    async with app.run_test(size=(columns, 3)) as pilot:
        await pilot.pause()
        row = app.query_one(KeyRow)
        painted = "".join(segment.text for segment in app.screen._compositor.render_strips()[row.region.y])
        assert " ".join(painted.split()).replace(", .", ",.") == shown
        for entry in row.query("FooterKey, FooterLabel"):
            assert isinstance(entry, FooterKey | FooterLabel)
            assert not entry.region or entry.region.right <= columns
