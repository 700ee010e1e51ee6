"""The loss of a network over a plane through its parameters: asked for, computed, stopped, or why there is none."""

from __future__ import annotations

from typing import Any

import pytest

from engine.run import commands, events
from tests.tui.views.landscapes import NETWORK, Landscape, Watched, lesson


@pytest.mark.thorough
async def test_a_network_shows_its_loss_over_a_plane_once_that_is_asked_for(watched: Watched) -> None:
    async with watched(lesson(NETWORK), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        await here.press()
        assert "g computes the loss over" in here.map
        assert "filter-normalised" in here.map
        await here.press("g")
        await here.until(lambda: here.view._plane.seen is not None and here.view._plane.seen.share == 1.0)
        assert here.heights.values.shape == (33, 33)
        await here.press()
        assert "●" in here.map
        assert "loss over two random directions" in here.row("title")


@pytest.mark.thorough
async def test_the_plane_of_the_path_says_its_share_of_the_variance(watched: Watched) -> None:
    async with watched(lesson(NETWORK), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        await here.press("d")
        assert "the plane of the recent path" in here.map
        first = seat.view.lane.loss.last_x
        await here.until(lambda: seat.view.lane.loss.last_x > first + 20)
        await here.press("g")
        await here.until(lambda: "of its variance" in here.row("title"))
        assert "□" in here.map
        await here.press("d")
        await here.until(lambda: "two random directions" in here.row("title"))


async def test_escape_stops_the_computing_and_keeps_what_was_computed(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(lesson(NETWORK), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        sent: list[Any] = []
        own = seat.view.client.send

        def listening(command: Any) -> None:
            sent.append(command)
            own(command)

        monkeypatch.setattr(seat.view.client, "send", listening)
        await seat.pilot.press("g")
        here.view._plane.is_waiting = True
        await here.press("escape")
        asked = [command for command in sent if isinstance(command, commands.Inspect) and command.about == "plane"]
        assert [command.settings is None for command in asked] == [False, True]
        assert not here.view._plane.is_waiting


@pytest.mark.thorough
async def test_where_no_path_is_kept_there_are_random_directions_and_the_reason_is_said(watched: Watched) -> None:
    async with watched(lesson(NETWORK), size=(100, 30)) as seat:
        here = await Landscape(seat).opened()
        await here.press()
        reason = "the path of 9,000,000 parameters is not kept: over 64 MiB"
        here.view._plane._take_path(events.Rejected(seq=1, reason=reason))
        await here.press("d")
        assert "random directions, filter-normalised (seed 1)" in here.map
        assert reason in here.map
        await here.press("g")
        await here.until(lambda: here.view._plane.seen is not None)
        assert "loss over two random directions" in here.row("title")


@pytest.mark.thorough
async def test_why_there_is_no_plane_stands_where_it_would_be(watched: Watched) -> None:
    """A single weight spans none."""
    sections = {
        "problem": {"kind": "dataset"},
        "data": {"name": "line", "samples": 20},
        "optimizer": {"name": "sgd", "lr": 0.01},
    }
    async with watched(lesson(sections), size=(120, 30)) as seat:
        here = await Landscape(seat).opened()
        await here.press("g")
        await here.until(lambda: "do not differ" in here.map)
