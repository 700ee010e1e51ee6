"""The view of the curves as a person sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.views.curves import CurvesView
from tui.widgets.chart import LiveChart

if TYPE_CHECKING:
    from tests.tui.conftest import Seat


def view_of(seat: Seat) -> CurvesView:
    return seat.dashboard.query_one(CurvesView)


def shown(seat: Seat) -> list[str]:
    return [name for name in view_of(seat)._order if seat.dashboard.query_one(f"#{name}", LiveChart).region]


def reading(seat: Seat) -> str:
    return view_of(seat)._reading.export()


async def ready(seat: Seat, step: int = 30) -> None:
    """Wait for this step, pause, and let everything that comes late come."""
    await seat.paused_at(step)
    await seat.until(lambda: "accuracy" in view_of(seat)._order)
    await seat.pilot.pause(0.1)
    seat.dashboard.draw()
