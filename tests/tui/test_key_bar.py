"""The row of keys: an entry is there as a whole or not at all."""

from __future__ import annotations

from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding

from tui.widgets.key_bar import KeyBar

PACE = Binding.Group("Pace", compact=True)


class Keys(App[None]):
    """A few keys, the two that are needed not the first ones."""

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
        yield KeyBar()

    def action_slower(self) -> None:
        """Do nothing: a key without an action has no entry."""

    action_help = action_leave = action_faster = action_step = action_slower


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (60, "g Range test ? Help q Quit ,. Pace s Step"),
        (44, "g Range test ? Help q Quit ,. s Step"),
        (36, "g Range test ? Help q Quit ,."),
        (27, "g Range test ? Help q Quit"),
        (24, "? Help q Quit ,. s Step"),
        (14, "? Help q Quit"),
        (8, "? Help"),
        (3, ",."),
        (2, ""),
    ],
)
async def test_what_has_no_room_is_left_out_as_a_whole_and_help_and_quit_the_last(columns: int, shown: str) -> None:
    app = Keys()
    async with app.run_test(size=(columns, 3)) as pilot:
        await pilot.pause()
        bar = app.query_one(KeyBar)
        assert " ".join(bar.export().split()) == shown
        painted = "".join(segment.text for segment in app.screen._compositor.render_strips()[bar.region.y])
        assert painted.strip() == bar.export().strip()
        assert all(one.end <= bar.content_size.width for one in bar.placed)
