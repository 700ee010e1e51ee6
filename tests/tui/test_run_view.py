"""What a dashboard knows: exactly what the engine said and the record holds, whoever came when."""

from __future__ import annotations

import os
import select
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.method.telemetry import SERIES, StepBlock
from engine.run import client, protocol
from engine.run.directory import RunDirectory
from engine.run.history import RecordReader
from engine.run.process import EngineProcess
from tui import run_view
from tui.charts.history import Series
from tui.notices import Log, Notice
from tui.run_view import RunView

if TYPE_CHECKING:
    from tests.tui.conftest import EndEngines

PATIENCE_S = 30.0

NETWORK: dict[str, Any] = {
    "problem": {"kind": "dataset"},
    "data": {"name": "xor", "samples": 80},
    "model": {"hidden": [4], "loss": "binary_cross_entropy"},
    "optimizer": {"name": "adam", "lr": 0.01},
    "batch": {"size": 16},
    "precision": "float64",
}
BOWL: dict[str, Any] = {
    "problem": {"kind": "landscape", "function": "ravine"},
    "optimizer": {"name": "sgd", "lr": 0.001},
    "precision": "float64",
}

StartRun = Callable[..., tuple[RunDirectory, EngineProcess]]


class Watcher:
    """Opens views on one run, and hears what the engine says to them."""

    def __init__(self, run: RunDirectory, engine: EngineProcess) -> None:
        self.run = run
        self._engine = engine
        self.clients: list[client.Client] = []

    def connect(self, name: str = "dashboard") -> client.Client:
        """Return a connection as a dashboard has it."""
        connection = client.Client(self.run, watch="live", name=name, engine=self._engine)
        self.clients.append(connection)
        return connection

    def view(self, name: str = "dashboard") -> RunView:
        """Return a view through a connection of its own."""
        return RunView(self.connect(name))

    @property
    def record(self) -> RecordReader:
        """The record, read anew."""
        return RecordReader(self.run.record)


@pytest.fixture
def watch(start_run: StartRun, end_engines: EndEngines) -> Iterator[Callable[..., Watcher]]:
    """Start an engine on a spec, and watch it."""
    watchers: list[Watcher] = []

    def start(spec: dict[str, Any], **others: Any) -> Watcher:
        watchers.append(Watcher(*start_run(spec, **others)))
        return watchers[-1]

    yield start
    for watcher in watchers:
        for connection in watcher.clients:
            connection.close()
    end_engines()


def until(condition: Callable[[], object], *views: RunView) -> None:
    """Let the views hear what the engine says until a condition holds."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, [(view.state, view.step, list(view.notices)[-3:]) for view in views]
        select.select([view.client for view in views if view.client.open], [], [], 0.05)
        for view in views:
            view.receive()
            view.catch_up(0.02)


def ask(view: RunView, command: protocol.Steering, words: str = "something") -> None:
    """Send a command, and wait for the answer."""
    view.send(command, words)
    until(lambda: not view.asked, view)


def pause(view: RunView) -> None:
    ask(view, protocol.Pause(seq=view.next_sequence()), "pause")
    assert view.state == "paused"


def turn(view: RunView, factor: float) -> None:
    ask(view, protocol.Turn(seq=view.next_sequence(), key="optimizer.lr", factor=factor), "turn")


def points(series: Series) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the x and y of a series that is short enough to be remembered sample by sample."""
    window = series.window(0.0, 1e12, 1 << 20)
    np.testing.assert_array_equal(window.low, window.high)
    return window.x, window.low


def recorded(record: RecordReader, segment: int, name: str) -> NDArray[np.float64]:
    """Return one series of the record, from step 1 on without a gap."""
    blocks = list(record.steps(segment, 1))
    steps = np.concatenate([np.arange(block.first_step, block.last_step + 1) for block in blocks])
    np.testing.assert_array_equal(steps, np.arange(1, len(steps) + 1))
    return np.concatenate([block.values[SERIES.index(name)] for block in blocks])


def assert_complete(view: RunView, record: RecordReader, segment: int = 1) -> None:
    """Compare the curves with the record, every step of them."""
    for series, name in ((view.lane.loss, "loss"), (view.lane.grad_norm, "grad_norm"), (view.lane.lr, "lr")):
        x, y = points(series)
        expected = recorded(record, segment, name)
        np.testing.assert_array_equal(x, np.arange(1, len(expected) + 1))
        np.testing.assert_array_equal(y, expected)


def marks(view: RunView) -> list[tuple[float, str]]:
    return [(marker.step, marker.label) for marker in view.lane.markers]


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


def test_blocks_left_out_for_a_slow_client_are_read_from_the_record(
    watch: Callable[..., Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = watch({**BOWL, "stop": {"steps": 30_000}})
    slow = watcher.view()
    fast = watcher.connect("fast")
    end = time.monotonic() + PATIENCE_S
    finished = False
    while not finished and time.monotonic() < end:
        finished = any(isinstance(message, protocol.Finished) for message in fast.wait(1.0))
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
    ask(view, protocol.Reset(seq=view.next_sequence()), "reset")
    assert (view.step, view.state, marks(view)) == (0, "paused", [])
    assert view.spec.optimizer.lr == 0.01
    assert view.lane.loss.count == view.lane.smoothed.count == view.lane.grad_norm.count == 0
    assert view.lane.before is not None
    np.testing.assert_array_equal(points(view.lane.before)[1], old_smoothed)
    assert view.notices[-1].words == "reset: the same parameters and batches from step 0"
    ask(view, protocol.Resume(seq=view.next_sequence()))
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
    ask(view, protocol.Reset(seq=view.next_sequence()), "reset")
    assert view.lane.figures is None


def test_the_evaluation_before_the_first_step_is_known_to_all(watch: Callable[..., Watcher]) -> None:
    watcher = watch({**NETWORK, "pace": {"steps_per_second": 400.0}})
    view = watcher.view()
    until(lambda: view.step >= 20, view)
    pause(view)
    ask(view, protocol.Reset(seq=view.next_sequence()), "reset")
    ask(view, protocol.StepOnce(seq=view.next_sequence()), "step")
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
    ask(view, protocol.SetFields(seq=view.next_sequence(), values={"batch.size": "full", "clip.norm": 1.0}))
    ask(view, protocol.SetFields(seq=view.next_sequence(), values={"optimizer.name": "sgd"}, carry=False))
    ask(view, protocol.SetFields(seq=view.next_sequence(), values={"pace.steps_per_second": 7.0}))
    ask(view, protocol.StepOnce(seq=view.next_sequence()))
    turn(view, 0.1)
    labels = [label for _, label in marks(view)]
    assert labels[:2] == ["α 0.011", "batch full, clip 1"]
    assert labels[2].startswith("adam → sgd")
    assert len(labels) == 4, "the pace changes nothing about the training"
    assert [marker for marker, _ in marks(view)] == [step, step, step, step + 1]
    assert marks(watcher.view()) == marks(view)


def test_a_change_just_before_the_history_is_read_is_marked_once(watch: Callable[..., Watcher]) -> None:
    """The journal holds it already, and the engine tells it all the same: it came after the welcome."""
    watcher = watch({**NETWORK, "pace": {"steps_per_second": 100.0}})
    early = watcher.view("early")
    pause(early)
    connection = watcher.connect()
    turn(early, 2.0)
    ask(early, protocol.StepOnce(seq=early.next_sequence()))
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
        theirs.send(protocol.Turn(seq=sequence, key="optimizer.lr", factor=2.0), "twice")
        mine.next_sequence()
        wrong = protocol.SetFields(seq=sequence, values={"optimizer.lr": -1.0})
        mine.send(wrong, "a wrong rate", answers.append)
    finally:
        os.kill(mine.welcome.pid, signal.SIGCONT)
    until(lambda: not mine.asked and not theirs.asked, mine, theirs)
    until(lambda: mine.spec.optimizer.lr == 0.02, mine, theirs)
    assert [type(answer) for answer in answers] == [protocol.Rejected]
    assert any(notice.words.startswith("refused: a wrong rate: optimizer.lr = ") for notice in mine.notices)


def test_nothing_is_taken_for_done_before_the_engine_says_so(watch: Callable[..., Watcher]) -> None:
    watcher = watch({**NETWORK, "pace": {"steps_per_second": 100.0}})
    view = watcher.view()
    os.kill(view.welcome.pid, signal.SIGSTOP)
    try:
        view.receive()
        view.send(protocol.Turn(seq=view.next_sequence(), key="optimizer.lr", factor=2.0), "twice")
        view.send(protocol.Pause(seq=view.next_sequence()), "pause")
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
    view.send(protocol.Pause(seq=view.next_sequence()), "pause", answers.append)
    os.kill(view.welcome.pid, signal.SIGKILL)
    until(lambda: view.is_gone, view)
    assert "killed by signal 9" in view.notices[-1].words
    assert str(watcher.run.path) in view.notices[-1].words
    assert view.notices[-1].severity == "error"
    assert not view.asked
    assert [type(answer) for answer in answers] == [protocol.Rejected], "who waits for an answer must get one"
    before = view.step
    view.send(protocol.Pause(seq=view.next_sequence()), "pause")
    assert not view.asked
    assert "press r" in view.notices[-1].words
    assert not view.receive()
    assert view.step == before


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


def test_who_comes_later_reads_the_newest_evaluations_without_a_time(watch: Callable[..., Watcher]) -> None:
    watcher = watch({**NETWORK, "stop": {"steps": 200}})
    first = watcher.view()
    until(lambda: first.lane.finished is not None, first)
    late = watcher.view()
    recorded = watcher.record.evaluations(1)
    assert [notice.step for notice in late.log.evaluations][-1] == 200
    assert len(late.log.evaluations) == len(recorded)
    assert {notice.at for notice in late.log.evaluations} == {None}
    assert [notice.step for notice in late.log] == sorted(notice.step or 0 for notice in late.log)
    # The engine tells the end once more to who was not there.
    until(lambda: late.lane.progress is not None, late)
    assert sum("has ended" in notice.text for notice in late.notices) == 1


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
