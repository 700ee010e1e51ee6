"""Lessons with a landscape, and the view of it as a person sees it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from engine.method.race import LaneSpec, checked_lanes
from engine.method.spec import checked_spec
from presets import Preset
from tui.charts.bands import Heights
from tui.views import VIEWS
from tui.views.landscape import LandscapeView
from tui.widgets.contour_map import ContourMap
from tui.widgets.height_curve import HeightCurve
from tui.widgets.text_rows import TextRows

Watched = Callable[..., AbstractAsyncContextManager[Any]]


RAVINE: dict[str, Any] = {
    "problem": {"kind": "landscape", "function": "ravine", "condition": 10, "start": [1.0, 1.0]},
    "optimizer": {"name": "momentum", "lr": 0.001},
    "pace": {"steps_per_second": 20.0},
    "precision": "float64",
}


TWO = ({"title": "slow", "optimizer": {"lr": 0.001}}, {"title": "fast", "optimizer": {"lr": 0.02}})


NETWORK: dict[str, Any] = {
    "problem": {"kind": "dataset"},
    "data": {"name": "xor", "samples": 80},
    "model": {"hidden": [4], "loss": "binary_cross_entropy"},
    "optimizer": {"name": "adam", "lr": 0.01},
    "pace": {"steps_per_second": 100.0},
}


KEY = str([kind.name for kind in VIEWS].index("landscape") + 1)


def lesson(sections: dict[str, Any] | None = None, lanes: tuple[dict[str, Any], ...] = (), **others: Any) -> Preset:
    spec = checked_spec({**(sections or RAVINE), **others}, "test.toml")
    found: tuple[LaneSpec, ...] = checked_lanes(spec, lanes, "test.toml") if lanes else ()
    return Preset(name="test", title="A test", topic="a test", see="", try_="", spec=spec, lanes=found)


class Landscape:
    """The view, as a person sees it."""

    def __init__(self, seat: Any) -> None:
        self.seat = seat

    @property
    def view(self) -> LandscapeView:
        """The view itself."""
        found: LandscapeView = self.seat.dashboard.query_one(LandscapeView)
        return found

    @property
    def heights(self) -> Heights:
        """The heights that are known, of a function or of a plane."""
        heights = self.view._plane.heights if self.view._is_network else self.view._function.heights
        assert heights is not None
        return heights

    @property
    def map(self) -> str:
        """The map as text."""
        return self.view.query_one(ContourMap).export()

    def curve(self, name: str) -> str:
        """Return the curve of a function, or of a search, as text."""
        return self.view.query_one(f"#{name}", HeightCurve).export()

    def row(self, name: str) -> str:
        """Return a row around the map."""
        return self.view.query_one(f"#{name}", TextRows).export()

    async def press(self, *keys: str) -> None:
        """Press keys, and draw."""
        await self.seat.pilot.press(*keys)
        self.seat.dashboard.draw()
        await self.seat.pilot.pause()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition."""
        await self.seat.until(condition, lambda: (self.row("title"), self.row("readout"), self.map))

    async def opened(self) -> Landscape:
        """Choose the view by its number, and wait for its picture."""
        await self.seat.pilot.press(KEY)
        await self.until(lambda: self.seat.dashboard.query(LandscapeView) and self.view.is_mounted)
        if not self.view._is_network:
            await self.until(lambda: self.view._function.heights is not None and self.view._function.motion())
            await self.until(lambda: self.row("readout"))
        return self
