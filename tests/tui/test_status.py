"""The lines around the charts: every word of them fits, and says the most important thing first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from engine.run import events
from presets import Preset
from presets.launches import launch_of
from tui.notices import Notice
from tui.opening import launched
from tui.run_view import RunView
from tui.views.metrics import METRICS
from tui.widgets.parameter_table import RATE, _figure
from tui.widgets.status import STATES, bar, headline, message_rows, progress_row
from tui.widgets.text_rows import Row

if TYPE_CHECKING:
    from tests.tui.conftest import EndEngines

MakePreset = Callable[..., Preset]


@pytest.fixture
def open_view(preset: MakePreset, end_engines: EndEngines) -> Iterator[Callable[..., RunView]]:
    """Start a run that does nothing of note, and look at it."""
    views: list[RunView] = []

    def look(title: str = "A small network", see: str = "A curve that falls.", **sections: Any) -> RunView:
        lesson = replace(preset(pace={"steps_per_second": 0.01}, **sections), title=title, see=see)
        views.append(RunView(launched(launch_of(lesson)).connect()))
        views[-1].catch_up(5.0)
        return views[-1]

    yield look
    for view in views:
        view.client.close()
    end_engines()


def text(row: Row) -> str:
    return "".join(part for part, _ in row)


def progressed(**values: Any) -> events.Progressed:
    usual: dict[str, Any] = {
        "lane": 0,
        "state": "running",
        "segment": 1,
        "step": 404,
        "epochs": 8.5,
        "batches_per_epoch": 4,
        "steps_per_second": 120.4,
        "seconds_left": 34.2,
        "threads": 1,
    }
    return events.Progressed(**{**usual, **values})


@given(share=st.floats(0.0, 1.0), width=st.integers(0, 60))
def test_a_bar_is_as_wide_as_asked_for_and_as_full_as_its_share(share: float, width: int) -> None:
    drawn = bar(share, width)
    assert len(drawn) == width
    whole = drawn.count("█")
    assert abs(whole + (drawn.rstrip() != "█" * whole) * 0.5 - share * width) <= 0.57
    assert drawn.rstrip(" ") == drawn.rstrip(" ").replace(" ", "")


def retitled(view: RunView, title: str) -> RunView:
    view.welcome = view.welcome.model_copy(update={"title": title})
    return view


def test_the_state_and_the_rate_never_leave_the_top_row(open_view: Callable[..., RunView]) -> None:
    view = open_view()
    for title in ("A small network", "学习率学习率学习率" * 6, "👩‍🔬 science 🧪 " * 8, "x" * 300, ""):
        for width in range(30, 200, 7):
            row = text(headline(retitled(view, title), width))
            assert cell_len(row) <= width
            assert "running" in row
            assert "Adam α 0.01" in row


def test_the_rate_outlives_the_words_of_the_state_in_the_narrowest_top_row(open_view: Callable[..., RunView]) -> None:
    assert text(headline(open_view(), 20)) == "● Adam α 0.01 "


def test_the_end_is_seen_and_steered_by_as_soon_as_the_engine_has_told_it(open_view: Callable[..., RunView]) -> None:
    view = open_view()
    view._take(progressed(state="running"))
    assert view.state == "running"
    ended: dict[str, Any] = {"lane": 0, "segment": 1, "step": 404, "reason": "steps", "loss": 0.1}
    view._take(events.Finished(**ended, steps_per_second=1.0, parameters=None))
    assert view.state == "ended"
    assert "■ ended" in text(headline(view, 100))
    assert view.lane.finished is not None


def test_a_refused_look_is_no_refused_command(open_view: Callable[..., RunView]) -> None:
    """Neither the one that is waited for nor one that another look has replaced meanwhile."""
    view = open_view()
    found: list[Any] = []
    newest = view.log.newest
    for _ in range(2):
        view.looks.ask("tensor", {"tensor": 0, "quantity": "root"}, found.append)
    first = view.next_sequence() - 2
    for sequence in (first, first + 1):
        view._take(events.Rejected(seq=sequence, reason="SGD keeps no second moment"))
    assert [sight.seq for sight in found] == [first + 1]
    assert view.log.newest is newest


def test_every_state_has_its_words(open_view: Callable[..., RunView]) -> None:
    view = open_view()
    for state, (words, _) in STATES.items():
        view.lane.state, view.is_gone = state, state == "gone"
        assert words in text(headline(view, 100))


def test_the_top_row_of_any_width_can_be_made(open_view: Callable[..., RunView]) -> None:
    view = open_view()
    for width in range(200):
        assert text(headline(view, width))


def test_progress_counts_the_epoch_that_is_under_way(open_view: Callable[..., RunView]) -> None:
    view = open_view(stop={"epochs": 100})
    view.lane.step = 404
    expected = {
        0.0: ("epoch 1/100", False),
        8.5: ("epoch 9/100", False),
        99.99: ("epoch 100/100", False),
        100.0: ("epoch 100/100", True),
    }
    for epochs, (words, full) in expected.items():
        view.lane.progress = progressed(epochs=epochs)
        row = text(progress_row(view, 120))
        assert words in row
        assert (("█" * 20) in row) is full
        assert "step 404  120 steps/s  0:34 left" in row


def test_a_landscape_has_steps_and_no_epochs(open_view: Callable[..., RunView]) -> None:
    view = open_view(
        problem={"kind": "landscape", "function": "ravine"}, data=None, model=None, batch=None, stop={"steps": 9}
    )
    view.lane.progress = progressed(step=4, epochs=4.0)
    assert "epoch" not in text(progress_row(view, 120))
    assert "step" in text(progress_row(view, 120))


def test_a_mean_of_lines_has_epochs_and_a_point_on_the_line(open_view: Callable[..., RunView]) -> None:
    view = open_view(
        problem={"kind": "landscape", "function": "reddi"}, data=None, model=None, batch=None, stop={"epochs": 9}
    )
    view.lane.progress = progressed(step=151, epochs=1.5, point=(0.995,))
    row = text(progress_row(view, 120))
    assert "epoch 2/9" in row
    assert "at (0.9950)" in row


@pytest.mark.parametrize(("lr", "words"), [(0.0198, "0.0198"), (1e-5, "1e-5"), (0.1, "0.1")])
def test_a_rate_is_written_the_same_in_headline_table_and_chart(
    open_view: Callable[..., RunView], lr: float, words: str
) -> None:
    view = open_view(optimizer={"name": "sgd", "lr": lr})
    assert text(headline(view, 120)).endswith(f"SGD α {words} ")
    assert _figure(RATE, lr, 12) == words
    (chart,) = [metric for metric in METRICS if metric.name == "rate"]
    assert chart.readout(lr) == words


def test_the_time_left_is_written_as_on_a_clock(open_view: Callable[..., RunView]) -> None:
    view = open_view()
    clock = {0.0: "0:00", 59.6: "1:00", 61.0: "1:01", 3599.0: "59:59", 3723.0: "1:02:03", 1e9: "days"}
    for seconds, words in clock.items():
        view.lane.progress = progressed(seconds_left=seconds)
        assert f"  {words} left" in text(progress_row(view, 120))


def test_more_threads_than_one_are_named_where_there_is_room(open_view: Callable[..., RunView]) -> None:
    view = open_view()
    view.lane.progress = progressed(threads=1)
    assert "thread" not in text(progress_row(view, 200))
    view.lane.progress = progressed(threads=4)
    assert "  4 threads" in text(progress_row(view, 200))
    assert "thread" not in text(progress_row(view, 40))


def test_the_trials_of_a_search_are_counted_beside_the_steps(open_view: Callable[..., RunView]) -> None:
    searching = open_view(line_search={"name": "armijo"})
    searching.lane.step = 404
    searching.lane.progress = progressed(evaluations=1234)
    assert "1,234 evaluations" in text(progress_row(searching, 120))
    assert "uphill" not in text(progress_row(searching, 120))
    searching.lane.progress = progressed(evaluations=1234, astray=7)
    assert "7× uphill, so −∇L" in text(progress_row(searching, 160))
    assert "Adam α by armijo" in text(headline(searching, 120))
    usual = open_view()
    usual.lane.step = 404
    usual.lane.progress = progressed(evaluations=404)
    assert "evaluations" not in text(progress_row(usual, 120))


def test_progress_fits_into_any_width_in_whole_words_and_keeps_the_step_to_the_last(
    open_view: Callable[..., RunView],
) -> None:
    view = open_view(stop={"epochs": 100_000})
    view.lane.step = 12_345_678
    view.lane.progress = progressed(epochs=12_345.5, steps_per_second=123_456.0, seconds_left=3_600.0 * 50)
    for width in range(15, 140):
        assert cell_len(text(progress_row(view, width))) <= width
    assert text(progress_row(view, 78)).split("▏ ")[1] == "step 12,345,678  123,456 steps/s  50:00:00 left"
    assert text(progress_row(view, 60)) == "epoch 12,346/100,000  step 12,345,678  123,456 steps/s"
    assert text(progress_row(view, 50)) == "epoch 12,346/100,000  step 12,345,678"
    assert text(progress_row(view, 5)) == "step 12,345,678"


def test_before_the_first_word_of_the_engine_the_progress_says_so(open_view: Callable[..., RunView]) -> None:
    assert "waiting for the engine's first word" in text(progress_row(open_view(), 120))


def test_what_is_not_in_force_yet_is_said_before_anything_else(open_view: Callable[..., RunView]) -> None:
    view = open_view()
    steps = []
    steps.append(text(message_rows(view, 100, 36)[0]))
    view.log.add(Notice(text="step 3: α 0.01 → 0.02, in force"))
    steps.append(text(message_rows(view, 100, 36)[0]))
    view.lane.progress = progressed(problem="The disk is full.")
    steps.append(text(message_rows(view, 100, 36)[0]))
    view.asked[7] = "learning rate × 1.1"
    steps.append(text(message_rows(view, 100, 36)[0]))
    view.asked[8] = "pause"
    steps.append(text(message_rows(view, 100, 36)[0]))
    assert steps == [
        "A curve that falls.",
        "step 3: α 0.01 → 0.02, in force",
        "The disk is full.",
        "… asked: learning rate × 1.1, not in force yet",
        "… asked: pause and 1 more, not in force yet",
    ]


WORDS = (
    "long words " * 60,
    "学习率" * 200,
    "a" * 500,
    "/a/very/long/path" * 20,
    "",
    " ",
    "👩‍🔬" * 100,
    "a\u0301" * 300,
)


def test_a_message_takes_three_rows_at_most_and_none_is_too_wide(open_view: Callable[..., RunView]) -> None:
    view = open_view()
    for words in WORDS:
        view.log.add(Notice(text=words))
        for width in (0, 1, 7, 8, 9, 20, 78, 118):
            rows = message_rows(view, width, 36)
            assert 1 <= len(rows) <= 3
            assert all(cell_len(text(row)) <= max(8, width) for row in rows)


def test_a_message_takes_no_more_than_a_sixth_of_the_screen_but_one_row(open_view: Callable[..., RunView]) -> None:
    view = open_view()
    view.log.add(Notice(text="long words " * 60))
    assert [len(message_rows(view, 40, height)) for height in (1, 5, 12, 17, 18, 100)] == [1, 1, 2, 2, 3, 3]


def test_a_message_that_is_cut_off_says_so(open_view: Callable[..., RunView]) -> None:
    view = open_view()
    for words in ("long words " * 60, "学习率" * 200):
        view.log.add(Notice(text=words))
        assert text(message_rows(view, 40, 36)[-1]).endswith(" …")


def test_a_message_that_fits_is_shown_whole(open_view: Callable[..., RunView]) -> None:
    words = "step 103: the loss is not finite (first in layer1.weight): paused with the last finite parameters."
    view = open_view()
    view.log.add(Notice(text=words))
    for width in (40, 60, 118):
        assert " ".join(text(row) for row in message_rows(view, width, 36)) == words
    view.log.add(Notice(text="学习率" * 20))
    assert "".join(text(row) for row in message_rows(view, 41, 36)) == "学习率" * 20


def test_the_top_row_says_how_the_present_rate_comes_from_the_base_rate(open_view: Callable[..., RunView]) -> None:
    view = open_view(schedule={"name": "cosine", "steps": 1000})
    view.lane.progress = progressed(lr=0.0025)
    assert text(headline(view, 140)).endswith(" Adam α 0.0025 of 0.01, cosine to 0 within 1,000 steps ")
    assert text(headline(view, 80)).endswith(" Adam α 0.0025 of 0.01 (cosine) ")
    assert text(headline(view, 72)).endswith(" Adam α 0.0025 of 0.01 ")
    assert text(headline(view, 50)).endswith(" Adam α 0.0025 ")
    for width in range(30, 160):
        assert cell_len(text(headline(view, width))) <= width


def test_the_top_row_says_that_a_rate_is_held(open_view: Callable[..., RunView]) -> None:
    held = open_view(schedule={"name": "inverse", "hold": 0.5})
    assert text(headline(held, 140)).endswith(" Adam α 0.5 held, base 0.01, 1/t decay with t in steps ")
    assert text(headline(open_view(schedule={"hold": 0.5}), 140)).endswith(" Adam α 0.5 held, base 0.01 ")
