"""Real engines, really killed: who dies, who goes on, and what each of them still knows afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.errors import RunError
from engine.run import client, directory
from engine.run.commands import Pause, Resume, SetFields, Stop
from engine.run.events import Applied, Finished, Progressed, Steps
from engine.run.history import RecordReader
from tests.engine.run.specs import ENDLESS, NETWORK, StartRun, limited

if TYPE_CHECKING:
    from tests.engine.run.conftest import Connect, Ended, RecordedSteps, StepsOf

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 20.0
"""How long anything may take on a busy machine; nothing here waits that long unless it is broken."""


def test_an_engine_has_a_session_of_its_own_and_is_deaf_to_its_terminals_signals(
    ended: Ended, start_run: StartRun, connect: Connect
) -> None:
    run, engine = start_run(ENDLESS)
    connection = connect(run, engine)
    pid = connection.welcome.pid
    assert os.getsid(pid) == pid
    for number in (signal.SIGHUP, signal.SIGINT):
        os.kill(pid, number)
    connection.until_under_way()
    assert connection.answer(Stop(seq=connection.next_sequence())).state == "ended"
    connection.until_gone()
    assert ended(engine) == 0
    assert engine.death() is None
    assert run.log.read_text() == ""


STARTER = """
import sys
from pathlib import Path
from engine.run import client, directory
from engine.run.launch import Launch
run = directory.create("test")
engine = client.start(run, Launch(preset="test", title="A test", spec={spec!r}))
connection = client.Client(run, watch="all", engine=engine)
while connection.open:
    for message in connection.wait(1.0):
        if getattr(message, "step", 0) > 0:
            print(run.name, flush=True)
"""


def test_training_goes_on_when_the_client_is_killed_and_the_next_one_has_the_whole_history(
    recorded_steps: RecordedSteps, steps_of: StepsOf, connect: Connect
) -> None:
    script = [sys.executable, "-c", STARTER.format(spec=NETWORK)]
    with subprocess.Popen(script, cwd=ROOT, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        name = starter.stdout.readline().strip()
        starter.kill()
    run = directory.find(name, live=True)
    connection = connect(run, watch="all")
    before = connection.welcome.step
    assert connection.welcome.recorded
    assert recorded_steps(run)[:before] == list(range(1, before + 1))
    heard = connection.until_under_way()
    heard += connection.until(lambda message: isinstance(message, Steps))
    steps = steps_of(heard)
    assert steps == list(range(before + 1, before + 1 + len(steps))), "the news go on where the record ended"
    connection.send(Stop(seq=connection.next_sequence()))
    connection.until_gone()


def test_a_killed_engine_is_noticed_at_once_and_its_record_is_whole_up_to_the_last_commit(
    ended: Ended, recorded_steps: RecordedSteps, start_run: StartRun, connect: Connect
) -> None:
    run, engine = start_run(NETWORK)
    connection = connect(run, engine)
    connection.until_under_way()
    changed = connection.answer(SetFields(seq=connection.next_sequence(), values={"optimizer.lr": 0.02}))
    os.kill(connection.welcome.pid, signal.SIGKILL)
    killed_at = time.monotonic()
    connection.until_gone()
    assert time.monotonic() - killed_at < 1.0
    ended(engine)
    assert engine.death() == "killed by signal 9"
    assert not run.is_live()
    steps = recorded_steps(run)
    assert steps == list(range(1, len(steps) + 1))
    assert len(steps) >= changed.step, "what was acknowledged survives"
    (event,) = RecordReader(run.record).events()
    assert (event.step, event.payload["changes"][0]["new"]) == (changed.step, 0.02)


def test_why_an_engine_died_is_known_as_soon_as_it_has_hung_up(start_run: StartRun, connect: Connect) -> None:
    for _ in range(3):
        run, engine = start_run(ENDLESS, recorded=False)
        connection = connect(run, engine)
        os.kill(connection.welcome.pid, signal.SIGKILL)
        connection.until_gone()
        assert engine.death() == "killed by signal 9"


def test_sigterm_ends_a_run_in_order(
    ended: Ended, recorded_steps: RecordedSteps, start_run: StartRun, connect: Connect
) -> None:
    run, engine = start_run(NETWORK)
    connection = connect(run, engine, watch="all")
    connection.until_under_way()
    os.kill(connection.welcome.pid, signal.SIGTERM)
    heard = connection.until_gone()
    (finished,) = [message for message in heard if isinstance(message, Finished)]
    assert finished.reason == "terminated"
    assert ended(engine) == 0
    assert recorded_steps(run) == list(range(1, finished.step + 1))
    assert not run.socket.exists()
    assert not run.pointer.exists()
    assert [path.name for path in run.path.glob("run.db*")] == ["run.db"], "one file that can be copied"


def test_a_sleeping_engine_answers_when_it_wakes(start_run: StartRun, connect: Connect) -> None:
    run, engine = start_run(ENDLESS)
    connection = connect(run, engine)
    pid = connection.welcome.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        os.waitpid(pid, os.WUNTRACED)
        sequence = connection.next_sequence()
        connection.send(Pause(seq=sequence))
    finally:
        os.kill(pid, signal.SIGCONT)
    (*_, reply) = connection.until(lambda message: isinstance(message, Applied))
    assert (reply.seq, reply.state) == (sequence, "paused")
    connection.send(Stop(seq=connection.next_sequence()))
    connection.until_gone()


def test_an_ended_run_stays_while_someone_watches_and_leaves_by_itself_afterwards(
    ended: Ended, start_run: StartRun, connect: Connect
) -> None:
    run, engine = start_run(limited(5), await_client=True)
    connection = connect(run, engine)
    connection.until_finished()
    for _ in range(3):
        # Three heartbeats are longer than an engine without company would stay.
        connection.until(lambda message: isinstance(message, Progressed) and message.state == "ended")
    assert connection.answer(Resume(seq=connection.next_sequence())).state == "running"
    connection.answer(SetFields(seq=connection.next_sequence(), values={"stop.steps": 1}))
    connection.close()
    assert ended(engine) == 0
    assert not run.is_live()


def test_an_engine_that_cannot_start_says_why_in_one_line(ended: Ended, start_run: StartRun, connect: Connect) -> None:
    run, engine = start_run(ENDLESS | {"optimizer": {"name": "adamant"}})
    with pytest.raises(RunError) as caught:
        connect(run, engine)
    assert "optimizer.name = 'adamant'" in str(caught.value)
    assert str(caught.value).isprintable()
    assert ended(engine) == 1
    assert not run.pointer.exists()


def test_stop_asks_first(ended: Ended, start_run: StartRun, connect: Connect) -> None:
    run, engine = start_run(ENDLESS)
    connection = connect(run, engine)
    client.stop(run)
    (finished,) = [message for message in connection.until_gone() if isinstance(message, Finished)]
    assert finished.reason == "stopped"
    assert ended(engine) == 0


def test_stop_ends_an_engine_that_does_not_answer_within_its_time(
    start_run: StartRun, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking, SIGTERM and SIGKILL share one budget, however long a start or an answer may take elsewhere."""
    monkeypatch.setattr(client, "START_S", 4.0)
    run, engine = start_run(ENDLESS, await_client=True)
    connect(run, engine)
    os.kill(engine._process.pid, signal.SIGSTOP)
    began = time.monotonic()
    client.stop(run, timeout_s=1.0)
    assert not run.is_live()
    assert engine._process.wait(PATIENCE_S) == -signal.SIGKILL
    assert time.monotonic() - began < 3.0
