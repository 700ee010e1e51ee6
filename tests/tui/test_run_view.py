"""What a dashboard knows: exactly what the engine said and the record holds, whoever came when."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from engine.method.telemetry import StepBlock
from engine.run import commands, events
from engine.run.history import RecordReader
from tests.tui.watchers import (
    BOWL,
    NETWORK,
    PATIENCE_S,
    Watcher,
    ask,
    assert_complete,
    marks,
    pause,
    points,
    turn,
    until,
)
from tui import run_view
from tui.notices import Log, Notice
from tui.run_view import RunView


def test_blocks_left_out_for_a_slow_client_are_read_from_the_record(
    watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = watch({**BOWL, "stop": {"steps": 30_000}})
    slow = watcher.view()
    fast = watcher.connect("fast")
    end = time.monotonic() + PATIENCE_S
    finished = False
    while not finished and time.monotonic() < end:
        finished = any(isinstance(message, events.Finished) for message in fast.wait(1.0))
    assert finished
    fetched: list[tuple[int, int | None]] = []
    read = RecordReader.steps

    def noted(
        self: RecordReader, segment: int, first: int, last: int | None = None, **lane: int
    ) -> Iterator[StepBlock]:
        fetched.append((first, last))
        return read(self, segment, first, last, **lane)

    monkeypatch.setattr(RecordReader, "steps", noted)
    until(lambda: slow.lane.finished is not None, slow)
    until(lambda: slow.lane.loss.last_x == 30_000, slow)
    monkeypatch.undo()
    assert fetched, "nothing was left out: the test asks for too few steps"
    assert_complete(slow, watcher.record)


def test_the_smoothed_height_of_a_point_that_moves_over_lines_is_where_the_point_is(
    watch: Callable[..., Watcher],
) -> None:
    """Its 10,000 lines make an epoch of which the point sees a small part: a mean over 1,000 steps lags far behind."""
    lines = {"problem": {"kind": "landscape", "function": "outlier"}, "optimizer": {"name": "sgd", "lr": 1e-3}}
    watcher = watch({**lines, "stop": {"steps": 500}})
    view = watcher.view()
    until(lambda: view.state == "ended" and view.lane.loss.last_x == 500, view)
    assert points(view.lane.smoothed)[1][-1] == pytest.approx(points(view.lane.loss)[1][-1], abs=0.02)


def test_a_reset_begins_anew_and_keeps_the_smoothed_curve_of_before(watch: Callable[..., Watcher]) -> None:
    watcher = watch({**NETWORK, "pace": {"steps_per_second": 400.0}})
    view = watcher.view()
    until(lambda: view.step >= 100, view)
    turn(view, 2.0)
    pause(view)
    until(lambda: view.lane.loss.last_x == view.step, view)
    old_step, old_smoothed = view.step, points(view.lane.smoothed)[1]
    ask(view, commands.Reset(seq=view.next_sequence()), "reset")
    assert (view.step, view.state, marks(view)) == (0, "paused", [])
    assert view.spec.optimizer.lr == 0.01
    assert view.lane.loss.count == view.lane.smoothed.count == view.lane.grad_norm.count == 0
    assert view.lane.before is not None
    np.testing.assert_array_equal(points(view.lane.before)[1], old_smoothed)
    assert view.notices[-1].words == "reset: the same parameters and batches from step 0"
    ask(view, commands.Resume(seq=view.next_sequence()))
    until(lambda: view.step >= 50, view)
    pause(view)
    until(lambda: view.lane.loss.last_x == view.step, view)
    assert_complete(view, watcher.record, segment=2)
    assert int(points(view.lane.before)[0][-1]) == old_step
    # Before the first change, the two stretches are the same run.
    np.testing.assert_allclose(points(view.lane.smoothed)[1][:50], old_smoothed[:50], rtol=1e-12)


def test_after_a_reset_nothing_of_before_is_shown_as_present(watch: Callable[..., Watcher]) -> None:
    watcher = watch({**NETWORK, "pace": {"steps_per_second": 400.0}})
    view = watcher.view()
    until(lambda: view.step >= 20 and view.lane.figures is not None, view)
    pause(view)
    ask(view, commands.Reset(seq=view.next_sequence()), "reset")
    assert view.lane.figures is None


def test_a_change_just_before_the_history_is_read_is_marked_once(watch: Callable[..., Watcher]) -> None:
    """The journal holds it already, and the engine tells it all the same: it came after the welcome."""
    watcher = watch({**NETWORK, "pace": {"steps_per_second": 100.0}})
    early = watcher.view("early")
    pause(early)
    connection = watcher.connect()
    turn(early, 2.0)
    ask(early, commands.StepOnce(seq=early.next_sequence()))
    turn(early, 2.0)
    late = RunView(connection)
    until(lambda: late.spec.optimizer.lr == 0.04, late, early)
    assert marks(late) == marks(early)


def test_what_someone_else_does_is_named(watch: Callable[..., Watcher]) -> None:
    watcher = watch({**NETWORK, "pace": {"steps_per_second": 100.0}})
    mine, theirs = watcher.view("me"), watcher.view("colleague")
    # Both count their commands from the same number, and only the name tells them apart.
    assert mine.next_sequence() == theirs.next_sequence()
    turn(theirs, 2.0)
    until(lambda: mine.spec.optimizer.lr == 0.02, mine, theirs)
    assert mine.notices[-1].words.endswith("α 0.01 → 0.02, in force by colleague")
    assert theirs.notices[-1].words.endswith("α 0.01 → 0.02, in force")
    pause(theirs)
    until(lambda: mine.state == "paused", mine)
    assert mine.notices[-1].words.endswith("paused by colleague")
    assert marks(mine) == marks(theirs)


def test_an_answer_to_someone_else_is_not_taken_for_ones_own(watch: Callable[..., Watcher]) -> None:
    watcher = watch({**NETWORK, "pace": {"steps_per_second": 100.0}})
    mine, theirs = watcher.view("me"), watcher.view("colleague")
    answers: list[object] = []
    os.kill(mine.welcome.pid, signal.SIGSTOP)
    try:
        sequence = theirs.next_sequence()
        theirs.send(commands.Turn(seq=sequence, key="optimizer.lr", factor=2.0), "twice")
        mine.next_sequence()
        wrong = commands.SetFields(seq=sequence, values={"optimizer.lr": -1.0})
        mine.send(wrong, "a wrong rate", answers.append)
    finally:
        os.kill(mine.welcome.pid, signal.SIGCONT)
    until(lambda: not mine.asked and not theirs.asked, mine, theirs)
    until(lambda: mine.spec.optimizer.lr == 0.02, mine, theirs)
    assert [type(answer) for answer in answers] == [events.Rejected]
    assert any(notice.words.startswith("refused: a wrong rate: optimizer.lr = ") for notice in mine.notices)


def test_nothing_is_taken_for_done_before_the_engine_says_so(watch: Callable[..., Watcher]) -> None:
    watcher = watch({**NETWORK, "pace": {"steps_per_second": 100.0}})
    view = watcher.view()
    os.kill(view.welcome.pid, signal.SIGSTOP)
    try:
        view.receive()
        view.send(commands.Turn(seq=view.next_sequence(), key="optimizer.lr", factor=2.0), "twice")
        view.send(commands.Pause(seq=view.next_sequence()), "pause")
        for _ in range(5):
            view.receive()
            view.catch_up(0.01)
        assert list(view.asked.values()) == ["twice", "pause"]
        assert view.spec.optimizer.lr == 0.01
        assert view.state == "running"
        assert not view.lane.markers
    finally:
        os.kill(view.welcome.pid, signal.SIGCONT)
    until(lambda: not view.asked, view)
    assert view.spec.optimizer.lr == 0.02
    assert view.state == "paused"


def test_silence_is_noticed_and_ends_with_the_next_word(
    watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = watch({**NETWORK, "pace": {"steps_per_second": 100.0}})
    view = watcher.view()
    until(lambda: view.step >= 1, view)
    assert view.silence_s == 0.0
    monkeypatch.setattr(run_view, "SILENCE_S", 0.4)
    os.kill(view.welcome.pid, signal.SIGSTOP)
    until(lambda: view.silence_s > 0.4, view)
    os.kill(view.welcome.pid, signal.SIGCONT)
    until(lambda: view.silence_s == 0.0, view)


def test_a_killed_engine_is_seen_at_once_and_says_how_it_died(watch: Callable[..., Watcher]) -> None:
    watcher = watch({**NETWORK, "pace": {"steps_per_second": 100.0}})
    view = watcher.view()
    until(lambda: view.step >= 5, view)
    answers: list[object] = []
    os.kill(view.welcome.pid, signal.SIGSTOP)
    view.send(commands.Pause(seq=view.next_sequence()), "pause", answers.append)
    os.kill(view.welcome.pid, signal.SIGKILL)
    until(lambda: view.is_gone, view)
    assert "killed by signal 9" in view.notices[-1].words
    assert str(watcher.run.path) in view.notices[-1].words
    assert view.notices[-1].severity == "error"
    assert not view.asked
    assert [type(answer) for answer in answers] == [events.Rejected], "who waits for an answer must get one"
    before = view.step
    view.send(commands.Pause(seq=view.next_sequence()), "pause")
    assert not view.asked
    assert "Press r" in view.notices[-1].words
    assert not view.receive()
    assert view.step == before


def test_evaluations_push_nothing_else_out_and_the_newest_of_each_second_stays() -> None:
    log = Log()
    log.add(Notice(text="here to stay", number=log.next_number()))
    for tick in range(4000):
        told = Notice(text="evaluated", kind="evaluation", step=tick, lane=0, at=tick / 4.0, number=log.next_number())
        log.add(told)
    assert next(iter(log)).text == "here to stay"
    steps = [notice.step or 0 for notice in log.evaluations]
    assert len(steps) == 500
    assert steps[-1] == 3999
    assert set(np.diff(steps[:-1])) == {4}
