"""Views over a real engine."""

from __future__ import annotations

from typing import Any

import pytest

from engine.method.spec import checked_spec
from presets import Preset
from tests.tui.conftest import Seat
from tui.views import VIEWS
from tui.views.view import View
from tui.widgets.text_rows import TextRows

PAUSED: dict[str, Any] = {"pace": {"steps_per_second": 20.0}, "precision": "float64"}


def preset_of(**sections: Any) -> Preset:
    """Return a lesson of these sections; it goes slowly."""
    return Preset(
        name="small",
        title="Small",
        topic="a test",
        see="",
        try_="",
        spec=checked_spec({**PAUSED, **sections}, "small.toml"),
    )


class Before(Seat):
    """In front of one view."""

    async def open(self, name: str) -> View:
        """Show the view of this name, after a pause of the run."""
        await self.paused_at(3)
        await self.press(str([kind.name for kind in VIEWS].index(name) + 1))
        return self.dashboard._deck.view

    def text(self, selector: str) -> str:
        """Return what stands in some rows."""
        return self.dashboard.query_one(selector, TextRows).export()

    async def until_text(self, selector: str, part: str) -> str:
        """Wait for a text in some rows, and return all of them."""
        await self.until(lambda: part in self.text(selector), lambda: self.text(selector))
        return self.text(selector)


@pytest.fixture
def before() -> type[Before]:
    """In front of one view."""
    return Before
