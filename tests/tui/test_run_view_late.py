"""Who comes late to a run: what was before is read from its record."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

import numpy as np

from engine.method.telemetry import SERIES
from engine.run import commands
from tests.tui.watchers import BOWL, NETWORK, Watcher, ask, assert_complete, marks, pause, points, turn, until


def test_who_comes_after_the_end_sees_the_whole_run(watch: Callable[..., Watcher]) -> None:
    watcher = watch({**NETWORK, "stop": {"steps": 700}}, changes=({"step": 100, "values": {"optimizer.lr": 0.02}},))
    first = watcher.view()
    until(lambda: first.lane.finished is not None and first.lane.loss.last_x == 700, first)
    late = watcher.view()
    assert late.reads_history
    late.catch_up(10.0)
    assert not late.reads_history
    assert late.step == 700
    assert late.state == "ended"
    assert late.lane.finished is not None
    assert late.lane.finished.reason == "steps"
    assert late.notices[-1].words == (
        "step 700: the run has ended: 700 steps made. space trains on, r starts again, q leaves"
    )
    assert_complete(late, watcher.record)
    assert marks(late) == marks(first) == [(100.0, "α 0.02")]
    evaluations = [entry for entry in watcher.record.evaluations(1) if entry.split == "held_out"]
    for series, expected in (
        (late.lane.held_out, [entry.loss for entry in evaluations]),
        (late.lane.accuracy, [entry.accuracy for entry in evaluations]),
    ):
        x, y = points(series)
        assert x.tolist() == [entry.step for entry in evaluations]
        assert y.tolist() == expected
    assert late.lane.figures is not None
    np.testing.assert_array_equal(late.lane.figures, watcher.record.telemetry(1)[-1].values)
    # Both smoothed the same stream, one in blocks as they came and one in blocks as they are stored.
    np.testing.assert_allclose(points(late.lane.smoothed)[1], points(first.lane.smoothed)[1], rtol=1e-12)


def test_who_comes_in_the_middle_misses_nothing_and_sees_nothing_twice(watch: Callable[..., Watcher]) -> None:
    watcher = watch({**NETWORK, "pace": {"steps_per_second": 3000.0}, "stop": {"steps": 3000}})
    early = watcher.view()
    until(lambda: early.step >= 500, early)
    views = [early]
    while early.step < 2000:
        start = early.step
        until(lambda start=start: early.step >= start + 500, *views)  # type: ignore[misc]
        views.append(watcher.view(f"late {start}"))
    until(lambda: all(view.lane.finished is not None and view.lane.loss.last_x == 3000 for view in views), *views)
    for view in views:
        assert_complete(view, watcher.record)


def test_the_evaluation_before_the_first_step_is_known_to_all(watch: Callable[..., Watcher]) -> None:
    watcher = watch({**NETWORK, "pace": {"steps_per_second": 400.0}})
    view = watcher.view()
    until(lambda: view.step >= 20, view)
    pause(view)
    ask(view, commands.Reset(seq=view.next_sequence()), "reset")
    ask(view, commands.StepOnce(seq=view.next_sequence()), "step")
    until(lambda: view.lane.loss.count == 1, view)
    late = watcher.view()
    late.catch_up(5.0)
    assert points(late.lane.held_out)[0].tolist() == [0.0]
    assert points(view.lane.held_out)[0].tolist() == [0.0]
    assert points(view.lane.held_out)[1].tolist() == points(late.lane.held_out)[1].tolist()


def test_every_change_is_marked_for_those_who_saw_it_and_for_those_who_come_later(
    watch: Callable[..., Watcher],
) -> None:
    watcher = watch({**NETWORK, "pace": {"steps_per_second": 100.0}})
    view = watcher.view()
    until(lambda: view.step >= 5, view)
    pause(view)
    step = float(view.step)
    turn(view, 1.1)
    ask(view, commands.SetFields(seq=view.next_sequence(), values={"batch.size": "full", "clip.norm": 1.0}))
    ask(view, commands.SetFields(seq=view.next_sequence(), values={"optimizer.name": "sgd"}, carry=False))
    ask(view, commands.SetFields(seq=view.next_sequence(), values={"pace.steps_per_second": 7.0}))
    ask(view, commands.StepOnce(seq=view.next_sequence()))
    turn(view, 0.1)
    labels = [label for _, label in marks(view)]
    assert labels[:2] == ["α 0.011", "batch full, clip 1"]
    assert labels[2].startswith("adam → sgd")
    assert len(labels) == 4, "the pace changes nothing about the training"
    assert [marker for marker, _ in marks(view)] == [step, step, step, step + 1]
    assert marks(watcher.view()) == marks(view)


def test_a_run_that_is_not_recorded_begins_where_one_comes_in(watch: Callable[..., Watcher]) -> None:
    watcher = watch({**NETWORK, "pace": {"steps_per_second": 200.0}}, recorded=False)
    first = watcher.view()
    until(lambda: first.step >= 30, first)
    late = watcher.view()
    start = late.welcome.step
    assert late.notices[-1].words == f"this run is not recorded: its history begins here, at step {start:,}"
    until(lambda: late.lane.loss.count >= 30, late, first)
    x, _ = points(late.lane.loss)
    np.testing.assert_array_equal(x, np.arange(start + 1, start + 1 + len(x)))


def test_a_damaged_stretch_of_the_record_is_a_gap_and_no_more(watch: Callable[..., Watcher]) -> None:
    watcher = watch({**NETWORK, "stop": {"steps": 4000}, "pace": {"steps_per_second": 4000.0}})
    first = watcher.view()
    until(lambda: first.lane.finished is not None, first)
    with sqlite3.connect(watcher.run.record) as connection:
        starts = [row[0] for row in connection.execute("SELECT step0 FROM chunk ORDER BY step0")]
        assert len(starts) > 2
        connection.execute("UPDATE chunk SET crc32 = crc32 + 1 WHERE step0 = ?", (starts[1],))
    connection.close()
    late = watcher.view()
    late.catch_up(10.0)
    kept = np.array([step for step in range(1, 4001) if not starts[1] <= step < starts[2]], dtype=np.float64)
    np.testing.assert_array_equal(points(late.lane.loss)[0], kept)


def test_without_its_record_a_run_can_still_be_watched(watch: Callable[..., Watcher]) -> None:
    watcher = watch({**NETWORK, "pace": {"steps_per_second": 100.0}})
    first = watcher.view()
    until(lambda: first.step >= 10, first)
    for path in watcher.run.path.glob("run.db*"):
        path.unlink()
    late = watcher.view()
    assert any("there is no such file" in notice.words for notice in late.notices)
    start = late.welcome.step
    until(lambda: late.lane.loss.count >= 10, late, first)
    assert points(late.lane.loss)[0][0] >= start


def test_who_comes_later_reads_in_the_log_what_happened_before_and_when(watch: Callable[..., Watcher]) -> None:
    rising = {**BOWL, "optimizer": {"name": "sgd", "lr": 0.0203}, "pace": {"steps_per_second": 400.0}}
    watcher = watch(rising)
    first = watcher.view("colleague")
    until(lambda: any(notice.kind == "warning" for notice in first.notices), first)
    turn(first, 0.5)
    late = watcher.view()
    late.catch_up(5.0)
    # That the warning is over may have been told as well by now.
    told = [notice for notice in late.notices if notice.kind in ("warning", "command")][:2]
    assert [(notice.kind, notice.is_past) for notice in told] == [("warning", True), ("command", True)]
    warning, command = told
    assert warning.text.startswith("loss rises: the loss is ")
    assert warning.advice
    assert command.words.endswith("α 0.0203 → 0.01015, in force by colleague")
    assert warning.step is not None
    assert command.step is not None
    assert warning.step <= command.step
    recorded = {event.kind: event.wall_s for event in reversed(list(watcher.record.events(1)))}
    assert (warning.at, command.at) == (recorded["warned"], recorded["applied"])
    # The message at the bottom is about what happens while someone watches.
    assert late.log.newest not in told


def test_the_evaluation_before_the_first_step_is_told_once_and_has_a_time(watch: Callable[..., Watcher]) -> None:
    """The engine waits for a word, as behind the tour: the record has the evaluation before anybody is told of it."""
    before = time.time()
    watcher = watch(NETWORK, await_word=True)
    view = watcher.view()
    until(lambda: watcher.record.evaluations(1), view)
    late = watcher.view()
    for each in (view, late):
        ask(each, commands.StepOnce(seq=each.next_sequence()), "step")
    until(lambda: late.lane.loss.count == 2, view, late)
    for each in (view, late, watcher.view()):
        (told,) = [notice for notice in each.log.evaluations if notice.step == 0]
        assert before - 1.0 <= (told.at or 0.0) <= time.time() + 1.0
    ask(view, commands.Reset(seq=view.next_sequence()), "reset")
    again = watcher.view()
    (told,) = [notice for notice in again.log.evaluations if notice.step == 0]
    (reset,) = [notice for notice in again.notices if notice.text.startswith("reset")]
    assert told.at == reset.at


def test_who_comes_later_reads_the_newest_evaluations_without_a_time(watch: Callable[..., Watcher]) -> None:
    watcher = watch({**NETWORK, "stop": {"steps": 200}})
    first = watcher.view()
    until(lambda: first.lane.finished is not None, first)
    late = watcher.view()
    recorded = watcher.record.evaluations(1)
    assert [notice.step for notice in late.log.evaluations][-1] == 200
    assert len(late.log.evaluations) == len(recorded)
    assert {notice.at for notice in late.log.evaluations if notice.step} == {None}
    assert [notice.step for notice in late.log] == sorted(notice.step or 0 for notice in late.log)
    # The engine tells the end once more to who was not there.
    until(lambda: late.lane.progress is not None, late)
    assert sum("has ended" in notice.text for notice in late.notices) == 1


def test_a_divergence_is_known_to_those_who_come_later(watch: Callable[..., Watcher]) -> None:
    watcher = watch({**BOWL, "optimizer": {"name": "sgd", "lr": 1.0}})
    view = watcher.view()
    until(lambda: view.lane.diverged is not None, view)
    assert view.state == "diverged"
    late = watcher.view()
    late.catch_up(5.0)
    assert late.state == "diverged"
    assert late.lane.diverged == view.lane.diverged
    assert late.notices[-1] == view.notices[-1]
    assert "Try { or [" in late.notices[-1].words
    assert view.lane.diverged is not None
    x, y = points(late.lane.loss)
    assert x[-1] == view.lane.diverged.step
    assert not np.isfinite(late.lane.loss.last)
    assert np.isfinite(y[:-1]).all()


def test_a_view_that_comes_late_knows_every_lane_of_a_race(watch: Callable[..., Watcher]) -> None:
    lanes = ({"title": "a"}, {"title": "b", "optimizer": {"lr": 0.05}})
    watcher = watch({**NETWORK, "stop": {"steps": 700}}, lanes=lanes)
    first = watcher.view()
    until(lambda: all(lane.finished is not None and lane.loss.last_x == 700 for lane in first.lanes), first)
    late = watcher.view()
    late.catch_up(10.0)
    assert late.state == "ended"
    for number, lane in enumerate(late.lanes):
        (blocks,) = [np.concatenate([block.values for block in watcher.record.steps(1, 1, lane=number)], axis=1)]
        np.testing.assert_array_equal(points(lane.loss)[1], blocks[SERIES.index("loss")])
        np.testing.assert_array_equal(points(first.lanes[number].loss)[1], blocks[SERIES.index("loss")])
        held_out = [entry.loss for entry in watcher.record.evaluations(1, lane=number) if entry.split == "held_out"]
        assert points(lane.held_out)[1].tolist() == held_out
    assert late.lanes[0].loss.last != late.lanes[1].loss.last
    assert late.x_end == 700.0
