"""The log: everything that happened, with its step, its lane and its time, to move in, to filter and to copy."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Input

from engine.method.race import checked_lanes
from engine.run import commands
from presets import Preset
from tui.notices import Notice, NoticeKind
from tui.screens.asking import TextDialog
from tui.views import VIEWS
from tui.views.log import FILTERS, LogView
from tui.widgets.log_rows import LogRows, clock, wrapped
from tui.widgets.text_rows import TextRows

if TYPE_CHECKING:
    from tests.tui.conftest import Seat, Watched

LOG = next(number for number, kind in enumerate(VIEWS, start=1) if kind.name == "log")
KINDS: tuple[NoticeKind, ...] = ("command", "refusal", "warning", "evaluation", "goal", "run")


async def log_of(seat: Seat, *, kinds: tuple[NoticeKind, ...] = ("run",), count: int = 0) -> LogView:
    """Pause, show the log, and put entries called "entry 1", "entry 2" … into it."""
    await seat.press("space", str(LOG))
    seat.view.log.notices.clear()
    seat.view.log.evaluations.clear()
    for number in range(1, count + 1):
        add(seat, f"entry {number}", kind=kinds[number % len(kinds)], step=number)
    view = seat.dashboard.query_one(LogView)
    drawn(seat)
    return view


def add(seat: Seat, text: str, **fields: Any) -> None:
    log = seat.view.log
    log.add(replace(Notice(text=text, **fields), number=log.next_number(), at=fields.get("at", time.time())))


def drawn(seat: Seat) -> list[str]:
    """The rows of the log that are on the screen, without the blanks at their ends."""
    seat.dashboard.draw()
    rows = seat.dashboard.query_one(LogRows)
    return [rows.render_line(y).text.rstrip() for y in range(rows.size.height)]


def entries(seat: Seat) -> list[int]:
    """The numbers of the entries on the screen."""
    return [int(row.rpartition("entry ")[2].split()[0]) for row in drawn(seat) if "entry " in row]


def head(seat: Seat) -> str:
    return seat.dashboard.query_one("#log-head", TextRows).export()


async def test_an_entry_has_its_time_step_kind_and_words(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await log_of(seat)
        add(seat, "plateau: nothing moves", kind="warning", severity="warning", step=1234, advice="try {", at=1.0)
        (row,) = [row for row in drawn(seat) if row]
        assert row.lstrip().startswith(time.strftime("%d %b", time.localtime(1.0)))
        assert row.endswith("1,234  ! warning    plateau: nothing moves. Try {")


async def test_what_was_asked_and_answered_is_there_with_who_did_it(watched: Watched, other_client: Any) -> None:
    async with watched(size=(120, 36)) as seat:
        await log_of(seat)
        await seat.press("right_square_bracket")
        other = other_client(seat.view)
        other.send(commands.SetFields(seq=1, values={"optimizer.lr": 0.5}))
        await seat.until(lambda: len(seat.view.notices) == 2)
        rows = [row for row in drawn(seat) if row]
        assert "› command" in rows[0]
        assert rows[0].endswith("α 0.01 → 0.011, in force")
        assert rows[1].endswith("α 0.011 → 0.5, in force by colleague")


async def test_a_refusal_says_why(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await log_of(seat)
        seat.dashboard.set_fields({"optimizer.lr": -1.0}, {})
        await seat.answered()
        (row,) = [row for row in drawn(seat) if row]
        assert "✗ refused" in row
        assert "optimizer.lr = -1" in row


async def test_evaluations_are_entries_that_no_message_at_the_bottom_speaks_of(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await seat.until(lambda: seat.view.log.evaluations)
        await seat.press(str(LOG))
        assert any("= evaluation" in row and "held-out loss" in row for row in drawn(seat))
        assert "A curve that falls." in seat.message


async def test_a_warning_of_the_engine_is_in_the_log_and_in_the_message(watched: Watched, preset: Any) -> None:
    rising = preset(
        problem={"kind": "landscape", "function": "ravine", "start": [1.0, 1.0], "condition": 10},
        optimizer={"name": "sgd", "lr": 0.2005},
        data=None,
        model=None,
        batch=None,
        pace={"steps_per_second": 200.0},
    )
    async with watched(rising, size=(120, 36)) as seat:
        await seat.until(lambda: any("loss rises" in notice.text for notice in seat.view.notices))
        await seat.press(str(LOG))
        (notice,) = [notice for notice in seat.view.notices if notice.kind == "warning"]
        assert notice.advice
        assert any("! warning    loss rises" in row for row in drawn(seat))
        assert "loss rises" in seat.message


async def test_the_end_is_followed_until_someone_moves_up(watched: Watched) -> None:
    async with watched(size=(80, 24)) as seat:
        await log_of(seat, count=60)
        assert entries(seat)[-1] == 60
        add(seat, "entry 61")
        assert entries(seat)[-1] == 61
        await seat.pilot.press("up", "up")
        before = entries(seat)
        add(seat, "entry 62")
        assert entries(seat) == before
        await seat.pilot.press("end")
        assert entries(seat)[-1] == 62
        add(seat, "entry 63")
        assert entries(seat)[-1] == 63


async def test_down_beyond_the_last_entry_follows_the_end_again(watched: Watched) -> None:
    async with watched(size=(80, 24)) as seat:
        await log_of(seat, count=60)
        await seat.pilot.press("up", "down", "down")
        add(seat, "entry 61")
        assert entries(seat)[-1] == 61


@pytest.mark.thorough
async def test_home_and_pages_move_as_far_as_they_say(watched: Watched) -> None:
    async with watched(size=(80, 24)) as seat:
        await log_of(seat, count=60)
        await seat.pilot.press("home")
        page = entries(seat)
        assert page[0] == 1
        await seat.pilot.press("pagedown")
        assert entries(seat)[-1] == len(page)
        await seat.pilot.press("pagedown")
        assert entries(seat)[-1] == 2 * len(page) - 1
        await seat.pilot.press("pageup", "pageup", "pageup")
        assert entries(seat)[0] == 1
        await seat.pilot.press(*["pagedown"] * 9)
        assert entries(seat)[-1] == 60


async def test_the_wheel_scrolls_and_comes_back_to_the_end(watched: Watched) -> None:
    async with watched(size=(80, 24)) as seat:
        view = await log_of(seat, count=60)
        first = entries(seat)[0]
        view._wheel(-3)
        assert entries(seat)[0] == first - 3
        view._wheel(3)
        add(seat, "entry 61")
        assert entries(seat)[-1] == 61


async def test_a_long_text_wraps_and_every_line_of_it_can_be_reached(watched: Watched) -> None:
    async with watched(size=(60, 24)) as seat:
        await log_of(seat)
        add(seat, " ".join(f"word{number}" for number in range(60)))
        rows = " ".join(row.strip() for row in drawn(seat))
        assert all(f"word{number}" in rows for number in range(60))


async def test_kinds_are_chosen_by_key_and_by_click(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await log_of(seat, kinds=KINDS, count=12)
        assert entries(seat) == list(range(1, 13))
        wanted = [[number for number in range(1, 13) if KINDS[number % 6] in kinds] for _, kinds in FILTERS]
        for expected in [*wanted[1:], wanted[0]]:
            await seat.pilot.press("k")
            assert entries(seat) == expected
        await seat.pilot.press("K")
        assert entries(seat) == wanted[-1]
        await seat.pilot.click("#log-head", offset=(head(seat).index("warnings") + 2, 0))
        assert entries(seat) == wanted[1]
        await seat.pilot.press("x")
        assert entries(seat) == wanted[0]


@pytest.mark.thorough
async def test_words_choose_entries_whatever_their_case(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await log_of(seat, count=12)
        await seat.pilot.press("w")
        await seat.until(lambda: isinstance(seat.app.screen, TextDialog))
        # Letters that steer a run elsewhere are letters here.
        await seat.pilot.press(*"ENTRY", "space", "1", "enter")
        await seat.until(lambda: seat.is_alone)
        assert entries(seat) == [1, 10, 11, 12]
        assert "“ENTRY 1”" in head(seat)
        await seat.pilot.press("escape")
        assert len(entries(seat)) == 12


async def test_q_is_a_letter_where_words_are_asked_for_and_escape_leaves_all_as_it_was(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        await log_of(seat, count=12)
        await seat.pilot.press("w", "q")
        await seat.until(lambda: isinstance(seat.app.screen, TextDialog))
        assert seat.app.screen.query_one(Input).value == "q"
        await seat.pilot.press("escape")
        await seat.until(lambda: seat.is_alone)
        assert len(entries(seat)) == 12


async def test_marked_entries_are_copied_and_exported(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(size=(120, 36)) as seat:
        copied: list[str] = []
        monkeypatch.setattr(seat.app, "copy_to_clipboard", copied.append)
        view = await log_of(seat, count=12)
        await seat.pilot.press("up", "m", "up", "up")
        assert "3 marked" in head(seat)
        assert [row[4] for row in view.export()] == ["text", "entry 9", "entry 10", "entry 11"]
        await seat.pilot.press("c")
        assert copied == ["entry 9\nentry 10\nentry 11"]
        await seat.pilot.press("c")
        assert copied[1:] == ["entry 9"]


async def test_the_newest_entry_is_copied_where_nothing_was_chosen(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watched(size=(120, 36)) as seat:
        copied: list[str] = []
        monkeypatch.setattr(seat.app, "copy_to_clipboard", copied.append)
        await log_of(seat, count=3)
        add(seat, "too slow", kind="warning", before="step 7: ", advice="press }")
        drawn(seat)
        await seat.pilot.press("c")
        assert copied == ["step 7: too slow. Press }"]


async def test_all_that_the_filter_shows_is_exported_with_exact_times(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        view = await log_of(seat)
        add(seat, "one", kind="command", step=3, at=0.0)
        add(seat, "two", kind="warning", step=4, advice="try less", at=0.0)
        await seat.pilot.press("k")
        assert view.export() == [
            ("time", "step", "lane", "kind", "text", "advice"),
            ("1970-01-01T00:00:00+00:00", "4", "", "warning", "two", "try less"),
        ]


async def test_a_click_chooses_an_entry_and_a_drag_marks_several(watched: Watched) -> None:
    async with watched(size=(120, 36)) as seat:
        view = await log_of(seat, count=12)
        await seat.pilot.click(LogRows, offset=(40, 2))
        assert [row[5 - 1] for row in view.export()[1:]] == [f"entry {number}" for number in range(1, 13)]
        await seat.pilot.mouse_down(LogRows, offset=(40, 3))
        await seat.pilot.hover(LogRows, offset=(40, 5))
        await seat.pilot.mouse_up(LogRows, offset=(40, 5))
        assert [row[4] for row in view.export()[1:]] == ["entry 4", "entry 5", "entry 6"]
        await seat.pilot.press("escape")
        assert len(view.export()) == 13


async def test_of_a_race_every_entry_says_whose_it_is(watched: Watched, preset: Any) -> None:
    lesson: Preset = preset()
    own = (
        {"title": "careful", "optimizer": {"name": "adam", "lr": 0.001}},
        {"title": "bold", "optimizer": {"name": "adam", "lr": 0.1}},
    )
    race = replace(lesson, lanes=checked_lanes(lesson.spec, own, "race.toml"))
    async with watched(race, size=(120, 36)) as seat:
        await log_of(seat)
        await seat.press("a", "right_square_bracket")
        rows = [row for row in drawn(seat) if "in force" in row]
        assert [("careful" in row, "bold" in row) for row in rows] == [(True, False), (False, True)]


@pytest.mark.thorough
@pytest.mark.parametrize("size", [(200, 60), (120, 36), (80, 24), (40, 12), (20, 8), (16, 5), (8, 4), (1, 1)])
async def test_the_log_fits_into_every_terminal(watched: Watched, size: tuple[int, int]) -> None:
    async with watched(size=size) as seat:
        await log_of(seat, kinds=KINDS, count=40)
        add(seat, "a long text that does not fit into one row of a small terminal " * 4, kind="warning")
        drawn(seat)
        await seat.pilot.press("home", "m", "pagedown", "k", "x", "end")
        rows = seat.dashboard.query_one(LogRows)
        assert all(rows.render_line(y).cell_length == rows.size.width for y in range(rows.size.height))


async def test_while_nothing_happens_no_row_is_drawn_again(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watched(size=(120, 36)) as seat:
        view = await log_of(seat, count=100)
        changed: list[int] = []
        original = LogRows.show

        def show(rows: LogRows, new: Any) -> int:
            changed.append(original(rows, new))
            return changed[-1]

        monkeypatch.setattr(LogRows, "show", show)
        moment = time.time()
        monkeypatch.setattr(time, "time", lambda: moment)
        for _ in range(5):
            view.show(time.monotonic())
        assert sum(changed[1:]) == 0


def test_an_entry_has_the_time_of_day_to_the_second_and_an_older_one_its_day() -> None:
    """Half past one in the morning of 12 May 2026, wherever that is."""
    now = time.mktime((2026, 5, 12, 1, 30, 0, 0, 0, -1))
    assert clock(now - 61.0, now) == "01:28:59"
    assert clock(now - 0.4, now) == "01:29:59"
    assert clock(now - 5400.5, now) == "11 May"
    assert clock(None, now) == ""


def test_a_text_is_broken_between_words_and_long_words_and_wide_ones_inside() -> None:
    assert wrapped("the loss is flat", 8) == ["the loss", "is flat"]
    assert wrapped("abcdefghijkl mn", 8) == ["abcdefgh", "ijkl mn"]
    assert wrapped("学习率学习率", 8) == ["学习率学", "习率"]
    assert wrapped("", 8) == [""]
