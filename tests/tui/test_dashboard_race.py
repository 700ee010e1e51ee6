"""The dashboard of a race: every lane's curve, one lane that the rows speak of, and keys that steer it or all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import OptionList, Static

from presets import read
from tests.tui.form_app import field_of, fill, open_form, rows_of
from tui.widgets.status import lane_rows
from tui.widgets.text_rows import TextRows

if TYPE_CHECKING:
    from tests.tui.conftest import Seat, Watched

RACE = """
title = "Who is first?"
precision = "float64"
problem = { kind = "landscape", function = "ravine", start = [1.0, 1.0], condition = 10 }
optimizer = { name = "sgd", lr = 0.01 }
pace = { steps_per_second = 200 }

[[lanes]]
title = "slow"

[[lanes]]
title = "fast"
optimizer = { lr = 0.05 }

[[lanes]]
title = "wild"
optimizer = { lr = 1e6 }
"""

Raced = Callable[..., Any]


@pytest.fixture
def raced(watched: Watched, tmp_path: Path) -> Raced:
    """Start a race of three lanes, the last of which diverges at once, and open its dashboard."""

    @asynccontextmanager
    async def watch(size: tuple[int, int] = (120, 36)) -> AsyncIterator[Seat]:
        path = tmp_path / "race.toml"
        path.write_text(RACE, encoding="utf-8")
        async with watched(read(path), size=size) as seat:
            await seat.until(lambda: seat.view.lanes[2].diverged is not None and seat.view.lane.loss.last_x > 5)
            yield seat

    return watch


def legend(seat: Seat) -> str:
    return seat.dashboard.query_one("#lanes", TextRows).export()


def rates(seat: Seat) -> list[float]:
    return [lane.spec.optimizer.lr for lane in seat.view.lanes]


async def test_every_lane_has_a_curve_of_its_own_that_goes_on_while_one_has_diverged(raced: Raced) -> None:
    async with raced() as seat:
        await seat.paused_at(20)
        steps = seat.view.step
        assert [lane.loss.last_x for lane in seat.view.lanes[:2]] == [steps, steps]
        assert seat.view.lanes[2].loss.last_x < 100
        assert seat.view.lanes[0].loss.last > seat.view.lanes[1].loss.last
        shown = legend(seat)
        assert all(title in shown for title in ("slow", "fast", "wild"))
        assert "wild inf diverged" in shown or "wild nan diverged" in shown
        assert shown.count("▸") == 1
        # The lane that has diverged does not press the others flat.
        assert "1e100" not in seat.chart("loss")


async def test_a_key_chooses_the_lane_that_the_rows_speak_of(raced: Raced) -> None:
    async with raced() as seat:
        await seat.paused_at(20)
        assert "slow  SGD α 0.01" in seat.headline
        first = seat.table
        await seat.press("l")
        assert "fast  SGD α 0.05" in seat.headline
        assert seat.table != first
        await seat.press("l")
        assert "wild" in seat.headline
        assert "diverged" in seat.headline
        await seat.press("l")
        assert seat.table == first
        await seat.press("L")
        assert "wild" in seat.headline


async def test_keys_steer_the_lane_that_is_shown_or_all(raced: Raced) -> None:
    async with raced() as seat:
        await seat.paused_at(20)
        await seat.press("l", "right_curly_bracket")
        assert rates(seat) == [0.01, 0.5, 1e6]
        assert [len(lane.markers) for lane in seat.view.lanes] == [0, 1, 0]
        await seat.press("a", "left_curly_bracket")
        assert legend(seat).count("▸") == 3
        assert rates(seat) == pytest.approx([0.001, 0.05, 1e5])
        assert seat.message.startswith("3 lanes: ")
        await seat.press("u")
        assert rates(seat) == pytest.approx([0.01, 0.5, 1e6])
        assert seat.message.startswith("3 lanes: undone: ")
        await seat.press("U")
        assert rates(seat) == pytest.approx([0.001, 0.05, 1e5])
        await seat.press("a", "left_curly_bracket")
        assert rates(seat) == pytest.approx([0.001, 0.005, 1e5])


async def test_what_is_opened_for_all_lanes_says_so(raced: Raced) -> None:
    async with raced() as seat:
        await seat.paused_at(20)
        for key in ("h", "o"):
            await seat.press(key)
            assert "lanes" not in str(seat.app.screen.query_one(".dialog-title", Static).content)
            await seat.press("escape")
        await seat.press("a", "o")
        assert "all 3 lanes" in str(seat.app.screen.query_one(".dialog-title", Static).content)
        choices = seat.app.screen.query_one(OptionList)
        assert choices.get_option("sgd").id == seat.view.spec.optimizer.name, "another lane may have another rule"
        await seat.press("escape")
        form = await open_form(seat)
        assert "all 3 lanes" in str(form.query_one(".dialog-title", Static).content)
        rate, decay = field_of(form, "optimizer.lr"), field_of(form, "optimizer.weight_decay")
        assert "Differs between lanes." in " ".join(rows_of(rate))
        assert "Differs" not in " ".join(rows_of(decay))
        fill(form, "optimizer.lr", "0.02")
        await seat.press("ctrl+s")
        assert rates(seat) == [0.02, 0.02, 0.02]
        await seat.until(lambda: "Differs" not in " ".join(rows_of(rate)), lambda: rows_of(rate))


async def test_a_change_of_all_lanes_tells_the_numbers_of_each(raced: Raced) -> None:
    async with raced() as seat:
        await seat.paused_at(20)
        slow, fast, wild = (lane.title for lane in seat.view.lanes)
        await seat.press("a", "left_curly_bracket")
        step, told = seat.message.removeprefix("3 lanes: ").split(": ", 1)
        assert step.startswith("step ")
        assert told == f"{slow}: α 0.01 → 0.001; {fast}: α 0.05 → 0.005; {wild}: α 1e6 → 1e5, in force"
        await seat.press("u")
        step, told = seat.message.removeprefix("3 lanes: undone: ").split(": ", 1)
        assert told == f"{slow}: α 0.001 → 0.01; {fast}: α 0.005 → 0.05; {wild}: α 1e5 → 1e6, in force"


@pytest.mark.thorough
async def test_a_lane_that_has_diverged_goes_on_when_it_is_shown(raced: Raced) -> None:
    async with raced() as seat:
        await seat.paused_at(20)
        await seat.press("space", "space")
        assert [lane.state for lane in seat.view.lanes] == ["paused", "paused", "diverged"]
        await seat.press("L", "left_curly_bracket", "left_curly_bracket", "left_curly_bracket")
        await seat.press(*["left_curly_bracket"] * 5)
        before = seat.view.step
        await seat.press("space")
        await seat.until(lambda: seat.view.lane.loss.last_x >= before + 5)
        assert [lane.state for lane in seat.view.lanes] == ["running"] * 3


async def test_a_reset_begins_every_lane_anew(raced: Raced) -> None:
    async with raced() as seat:
        await seat.paused_at(20)
        await seat.press("r")
        assert [lane.step for lane in seat.view.lanes] == [0, 0, 0]
        assert [notice.words for notice in seat.view.notices].count(
            "reset: the same parameters and batches from step 0"
        ) == 1


async def test_a_step_by_hand_is_one_of_every_lane(raced: Raced) -> None:
    async with raced() as seat:
        await seat.paused_at(20)
        before = [lane.step for lane in seat.view.lanes]
        await seat.press("s")
        assert [lane.step for lane in seat.view.lanes] == [before[0] + 1, before[1] + 1, before[2]]


async def test_the_legend_never_takes_more_than_a_sixth_of_the_screen(raced: Raced) -> None:
    async with raced((50, 14)) as seat:
        rows = lane_rows(seat.view, 24, 14)
        assert len(rows) == 2
        last = "".join(text for text, _ in rows[-1])
        assert last.endswith(" +1")
        assert len(last) <= 24
        assert len(lane_rows(seat.view, 200, 36)) == 1


async def test_a_letter_stands_for_each_lane(raced: Raced) -> None:
    async with raced() as seat:
        (row,) = lane_rows(seat.view, 200, 36)
        shown = "".join(text for text, _ in row)
        assert all(name in shown for name in ("A slow", "B fast", "C wild"))


async def test_a_run_of_one_lane_has_neither_legend_nor_keys_for_it(watched: Watched) -> None:
    async with watched() as seat:
        assert not seat.dashboard.query_one("#lanes").display
        await seat.press("l", "a")
        assert not seat.view.steers_all
        assert not {"lane(1)", "all_lanes"} & {
            found.binding.action for found in seat.dashboard.active_bindings.values()
        }
