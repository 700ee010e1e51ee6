"""What stands under the crosshair."""

from __future__ import annotations

from textual.app import App, ComposeResult

from tui.charts.markers import Marker
from tui.charts.milestones import Milestones
from tui.charts.slopes import Turn
from tui.charts.viewport import Viewport
from tui.views.reading import KEYS, Reading, at_pointer, at_rest

TURN = Turn(marker=Marker(step=500.0, label="α 0.0003"), before="halves in 137 steps", after="halves in 1,002 steps")


def test_the_epoch_under_the_crosshair_is_that_of_the_step_that_is_named() -> None:
    """16 steps an epoch, and a cell of the chart that lies a little beyond step 1,774."""
    milestones = Milestones(samples=160)
    milestones.epochs.add(1760, 110.0)
    milestones.epochs.add(1776, 111.0)
    (((words, _, _),),) = at_pointer(milestones, "step", 1774.3, [])
    assert words.startswith("step 1,774 · epoch 110.88")


class Shown(App[None]):
    """The row alone."""

    def compose(self) -> ComposeResult:
        """Put it on the screen."""
        yield Reading()


async def test_what_a_change_did_to_the_loss_is_told_whole_however_narrow_the_row_is() -> None:
    effect = "halves in 137 → 1,002 steps"
    for width in (200, 120, 80, 60, 50, 44):
        app = Shown()
        async with app.run_test(size=(width, 3)) as pilot:
            reading = app.query_one(Reading)
            for versions in (
                at_rest(Viewport(), "step", 45, [], [TURN]),
                at_pointer(Milestones(), "step", 600.0, [TURN]),
            ):
                reading.tell(versions, KEYS)
                await pilot.pause()
                row = app.screen._compositor.render_strips()[0].text
                assert f"α 0.0003: {effect}" in row or f"α 0.0003 at step 500: loss {effect}" in row
            assert ("step 600" in row) == (width >= 50)
