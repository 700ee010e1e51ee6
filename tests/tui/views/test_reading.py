"""What stands under the crosshair."""

from __future__ import annotations

from tui.charts.milestones import Milestones
from tui.views.reading import at_pointer


def test_the_epoch_under_the_crosshair_is_that_of_the_step_that_is_named() -> None:
    """16 steps an epoch, and a cell of the chart that lies a little beyond step 1,774."""
    milestones = Milestones(samples=160)
    milestones.epochs.add(1760, 110.0)
    milestones.epochs.add(1776, 111.0)
    ((words, _, _),) = at_pointer(milestones, "step", 1774.3, [])
    assert words.startswith("step 1,774 · epoch 110.88")
