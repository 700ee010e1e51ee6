"""Real engines, really killed: who dies, who goes on, and what each of them still knows afterwards."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import RunError
from engine.run import client, directory
from engine.run.client import Client
from engine.run.directory import RunDirectory
from engine.run.history import RecordReader
from engine.run.process import EngineProcess
from engine.run.protocol import (
    HEADER,
    Applied,
    Finished,
    Hello,
    Pause,
    Progressed,
    Rejected,
    Resume,
    SetFields,
    Steps,
    Stop,
    Turn,
    framed,
)

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 20.0
"""How long anything may take on a busy machine; nothing here waits that long unless it is broken."""

ENDLESS = {
    "problem": {"kind": "landscape", "function": "ravine", "start": [1.0, 1.0], "condition": 10},
    "optimizer": {"name": "sgd", "lr": 1e-9},
    "precision": "float64",
}
MOONS = {
    "problem": {"kind": "dataset"},
    "data": {"name": "moons", "samples": 500},
    "model": {"hidden": [16], "activation": "tanh"},
    "optimizer": {"name": "adam", "lr": 0.01},
    "batch": {"size": 20},
}

StartRun = Callable[..., tuple[RunDirectory, EngineProcess]]
Connect = Callable[..., Client]


def limited(steps: int) -> dict[str, Any]:
    return ENDLESS | {"stop": {"steps": steps}}


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connect a client, which hangs up after the test."""
    made: list[Client] = []

    def opened(run: RunDirectory, engine: EngineProcess | None = None, **others: Any) -> Client:
        connection = Client(run, engine=engine, **{"watch": "live", **others})
        made.append(connection)
        return connection

    yield opened
    for connection in made:
        connection.close()


def until(connection: Client, wanted: Callable[[Any], bool]) -> list[Any]:
    """What the client hears until a message is as wanted; that one is the last."""
    end = time.monotonic() + PATIENCE_S
    heard: list[Any] = []
    while connection.open and time.monotonic() < end:
        messages = connection.wait(end - time.monotonic())
        for index, message in enumerate(messages):
            heard.append(message)
            if wanted(message):
                connection._ready = messages[index + 1 :] + connection._ready
                return heard
    raise AssertionError(f"not heard; the last of {len(heard)} messages was {heard[-1:]}")


def until_gone(connection: Client) -> list[Any]:
    """What the client hears until the engine hangs up."""
    end = time.monotonic() + PATIENCE_S
    heard: list[Any] = []
    while connection.open:
        assert time.monotonic() < end, "the engine does not leave"
        heard += connection.wait(end - time.monotonic())
    return heard


def is_finished(message: Any) -> bool:
    return isinstance(message, Finished)


def is_under_way(message: Any) -> bool:
    return isinstance(message, Progressed) and message.step > 0


def answer(connection: Client, command: Any) -> Any:
    """The engine's answer, for a client that does not mind what else it misses."""
    reply = connection.ask(command, PATIENCE_S)
    assert reply is not None, "no answer"
    return reply


def steps_of(messages: list[Any]) -> list[int]:
    found: list[int] = []
    for message in messages:
        if isinstance(message, Steps):
            found += range(message.block.first_step, message.block.last_step + 1)
    return found


def recorded_steps(run: RunDirectory, segment: int = 1) -> list[int]:
    found: list[int] = []
    for block in RecordReader(run.record).steps(segment, 1):
        found += range(block.first_step, block.last_step + 1)
    return found


def ended(engine: EngineProcess) -> int:
    """The exit code of an engine that must leave by now."""
    return engine._process.wait(PATIENCE_S)


# ---- the engine belongs to nobody


def test_an_engine_has_a_session_of_its_own_and_is_deaf_to_its_terminals_signals(
    start_run: StartRun, connect: Connect
) -> None:
    run, engine = start_run(ENDLESS)
    connection = connect(run, engine)
    pid = connection.welcome.pid
    assert os.getsid(pid) == pid
    for number in (signal.SIGHUP, signal.SIGINT):
        os.kill(pid, number)
    until(connection, is_under_way)
    assert answer(connection, Stop(seq=connection.next_sequence())).state == "ended"
    until_gone(connection)
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


def test_training_goes_on_when_the_client_is_killed_and_the_next_one_has_the_whole_history(connect: Connect) -> None:
    script = [sys.executable, "-c", STARTER.format(spec=MOONS)]
    with subprocess.Popen(script, cwd=ROOT, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        name = starter.stdout.readline().strip()
        starter.kill()
    run = directory.find(name, live=True)
    connection = connect(run, watch="all")
    before = connection.welcome.step
    assert connection.welcome.recorded
    assert recorded_steps(run)[:before] == list(range(1, before + 1))
    heard = until(connection, is_under_way)
    heard += until(connection, lambda message: isinstance(message, Steps))
    steps = steps_of(heard)
    assert steps == list(range(before + 1, before + 1 + len(steps))), "the news go on where the record ended"
    connection.send(Stop(seq=connection.next_sequence()))
    until_gone(connection)


def test_a_killed_engine_is_noticed_at_once_and_its_record_is_whole_up_to_the_last_commit(
    start_run: StartRun, connect: Connect
) -> None:
    run, engine = start_run(MOONS)
    connection = connect(run, engine)
    until(connection, is_under_way)
    changed = answer(connection, SetFields(seq=connection.next_sequence(), values={"optimizer.lr": 0.02}))
    os.kill(connection.welcome.pid, signal.SIGKILL)
    killed_at = time.monotonic()
    until_gone(connection)
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
        until_gone(connection)
        assert engine.death() == "killed by signal 9"


def test_sigterm_ends_a_run_in_order(start_run: StartRun, connect: Connect) -> None:
    run, engine = start_run(MOONS)
    connection = connect(run, engine, watch="all")
    until(connection, is_under_way)
    os.kill(connection.welcome.pid, signal.SIGTERM)
    heard = until_gone(connection)
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
    (*_, reply) = until(connection, lambda message: isinstance(message, Applied))
    assert (reply.seq, reply.state) == (sequence, "paused")
    connection.send(Stop(seq=connection.next_sequence()))
    until_gone(connection)


# ---- staying and leaving


def test_an_ended_run_stays_while_someone_watches_and_leaves_by_itself_afterwards(
    start_run: StartRun, connect: Connect
) -> None:
    run, engine = start_run(limited(5), await_client=True)
    connection = connect(run, engine)
    until(connection, is_finished)
    for _ in range(3):
        # Three heartbeats are longer than an engine without company would stay.
        until(connection, lambda message: isinstance(message, Progressed) and message.state == "ended")
    assert answer(connection, Resume(seq=connection.next_sequence())).state == "running"
    answer(connection, SetFields(seq=connection.next_sequence(), values={"stop.steps": 1}))
    connection.close()
    assert ended(engine) == 0
    assert not run.is_live()


def test_a_run_that_was_never_recorded_leaves_nothing_behind(
    start_run: StartRun, connect: Connect, places: Path
) -> None:
    run, engine = start_run(limited(5), recorded=False, await_client=True)
    connection = connect(run, engine, watch="all")
    assert not connection.welcome.recorded
    until(connection, is_finished)
    connection.send(Stop(seq=connection.next_sequence()))
    until_gone(connection)
    assert ended(engine) == 0
    assert not (places / "data").exists()
    assert list((places / "run").iterdir()) == []


def test_a_run_waits_for_its_first_client_and_tells_it_every_step_and_evaluation(
    start_run: StartRun, connect: Connect
) -> None:
    run, engine = start_run(MOONS | {"stop": {"steps": 45}}, await_client=True, measure_every=10)
    connection = connect(run, engine, watch="all")
    assert connection.welcome.step == 0
    heard = until(connection, is_finished)
    assert steps_of(heard) == list(range(1, 46))
    evaluated = [message.step for message in heard if getattr(message, "split", "") == "held_out"]
    assert evaluated == [0, 20, 40, 45]


def test_a_list_of_the_runs_does_not_start_one_that_waits_for_its_client(start_run: StartRun, connect: Connect) -> None:
    run, engine = start_run(limited(1000), await_client=True)
    lister = connect(run, engine, watch="nothing")
    assert lister.welcome.state == "waiting"
    lister.close()
    connection = connect(run, watch="all")
    heard = until(connection, is_finished)
    assert connection.welcome.step == 0
    assert steps_of(heard) == list(range(1, 1001))


def test_an_engine_that_cannot_start_says_why_in_one_line(start_run: StartRun, connect: Connect) -> None:
    run, engine = start_run(ENDLESS | {"optimizer": {"name": "adamant"}})
    with pytest.raises(RunError) as caught:
        connect(run, engine)
    assert "optimizer.name = 'adamant'" in str(caught.value)
    assert str(caught.value).isprintable()
    assert ended(engine) == 1
    assert not run.pointer.exists()


def test_a_run_without_an_engine_says_so(start_run: StartRun, connect: Connect) -> None:
    run = directory.create("test")
    with pytest.raises(RunError, match="no engine is at work"):
        connect(run)


def test_an_engine_of_another_version_is_refused_in_a_sentence(
    start_run: StartRun, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, engine = start_run(limited(1))
    connect(run, engine)
    with monkeypatch.context() as patch, contextlib.ExitStack() as stack:
        patch.setattr(client, "VERSION", 99)
        connected = client._connected
        patch.setattr(client, "_connected", lambda *args: stack.enter_context(connected(*args)))
        with pytest.raises(RunError, match="this engine speaks version 1 of the protocol, you speak 99"):
            connect(run)


def test_a_client_that_is_refused_leaves_no_socket_open(
    start_run: StartRun, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, engine = start_run(limited(1))
    connect(run, engine)
    channels: list[socket.socket] = []

    def connected(*arguments: Any) -> socket.socket:
        channels.append(stack.enter_context(original(*arguments)))
        return channels[0]

    original = client._connected
    with monkeypatch.context() as patch, contextlib.ExitStack() as stack:
        patch.setattr(client, "VERSION", 99)
        patch.setattr(client, "_connected", connected)
        with pytest.raises(RunError):
            connect(run)
        assert channels[0].fileno() == -1


@pytest.mark.parametrize("folder", ["with a space", "ελλ·日本", "a'b\"c;$(d)&"])
def test_a_run_lives_in_a_folder_of_any_name(start_run: StartRun, connect: Connect, places: Path, folder: str) -> None:
    run, engine = start_run(limited(3), out=places / folder)
    connection = connect(run, engine)
    assert connection.welcome.directory == str(places / folder)
    until(connection, lambda message: isinstance(message, Progressed) and message.step == 3)
    assert directory.find(run.name, live=True).path == places / folder
    connection.send(Stop(seq=connection.next_sequence()))
    until_gone(connection)
    assert recorded_steps(run) == [1, 2, 3]


def test_a_run_in_a_folder_whose_name_ends_in_a_space_is_found(
    start_run: StartRun, connect: Connect, places: Path
) -> None:
    run, engine = start_run(limited(3), out=places / "trailing ", await_client=True)
    connection = connect(run, engine)
    until(connection, is_finished)
    try:
        assert directory.find(run.name, live=True).path == places / "trailing "
    finally:
        connection.send(Stop(seq=connection.next_sequence()))
        until_gone(connection)


@pytest.mark.skipif(sys.platform == "darwin", reason="file names are Unicode there")
def test_a_run_lives_in_a_folder_whose_name_is_not_even_text(
    start_run: StartRun, connect: Connect, places: Path
) -> None:
    run, engine = start_run(limited(3), out=Path(os.fsdecode(os.fsencode(places) + b"/\xff\xfe")))
    connection = connect(run, engine)
    until(connection, is_finished)
    connection.send(Stop(seq=connection.next_sequence()))
    until_gone(connection)
    assert recorded_steps(run) == [1, 2, 3]


# ---- two engines


def second_engine(run: RunDirectory) -> subprocess.CompletedProcess[str]:
    """Start an engine on a run that has one, and return what became of it."""
    launcher = [sys.executable, str(ROOT / "gdtui.py"), "_engine", str(run.path), run.name]
    return subprocess.run(launcher, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def test_a_second_engine_on_a_run_refuses_and_the_first_stays_reachable(
    start_run: StartRun, connect: Connect, places: Path
) -> None:
    run, engine = start_run(ENDLESS, out=places / "far")
    connection = connect(run, engine)
    refused = second_engine(run)
    assert refused.returncode == 1
    assert "another engine is at work" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert answer(connection, Pause(seq=connection.next_sequence())).state == "paused"
    other = connect(run, watch="nothing")
    assert other.welcome.pid == connection.welcome.pid
    connection.send(Stop(seq=connection.next_sequence()))
    until_gone(connection)


def test_a_refused_second_engine_does_not_take_the_first_ones_address_away(
    start_run: StartRun, connect: Connect, places: Path
) -> None:
    run, engine = start_run(ENDLESS, out=places / "far")
    connection = connect(run, engine)
    second_engine(run)
    try:
        assert directory.find(run.name, live=True).path == places / "far"
    finally:
        connection.send(Stop(seq=connection.next_sequence()))
        until_gone(connection)


# ---- clients beside each other


def test_two_clients_see_each_others_changes_and_who_made_them(start_run: StartRun, connect: Connect) -> None:
    run, engine = start_run(ENDLESS)
    ann, bob = connect(run, engine, name="ann"), connect(run, name="bob")
    for actor, other, rate in ((ann, bob, 2e-9), (bob, ann, 3e-9)):
        actor.send(SetFields(seq=actor.next_sequence(), values={"optimizer.lr": rate}))
        (*_, mine) = until(actor, lambda message: isinstance(message, Applied))
        (*_, theirs) = until(other, lambda message: isinstance(message, Applied))
        assert mine == theirs
        assert mine.actor == actor.name
        assert mine.changes[0].new == rate
    ann.send(Stop(seq=ann.next_sequence()))
    until_gone(bob)


def test_a_stale_change_is_refused_and_only_who_asked_hears_of_it(start_run: StartRun, connect: Connect) -> None:
    run, engine = start_run(ENDLESS)
    ann, bob = connect(run, engine, name="ann"), connect(run, name="bob")
    answer(ann, SetFields(seq=ann.next_sequence(), values={"optimizer.lr": 2e-9}))
    until(bob, lambda message: isinstance(message, Applied))
    stale = {"values": {"optimizer.lr": 5e-9}, "expected": {"optimizer.lr": 1e-9}}
    assert isinstance(answer(bob, SetFields(seq=bob.next_sequence(), **stale)), Rejected)
    bob.send(Stop(seq=bob.next_sequence()))
    heard = until_gone(ann)
    assert not any(isinstance(message, Rejected) for message in heard)


def test_another_ones_answer_is_never_taken_for_ones_own(start_run: StartRun, connect: Connect) -> None:
    """Both count their commands from 1: the number alone does not say whose answer it is."""
    run, engine = start_run(ENDLESS)
    ann, bob = connect(run, engine, name="ann"), connect(run, name="bob")
    answer(bob, SetFields(seq=bob.next_sequence(), values={"optimizer.lr": 2e-9}))
    try:
        reply = answer(ann, SetFields(seq=ann.next_sequence(), values={"optimizer.lr": -1.0}))
        assert isinstance(reply, Rejected)
    finally:
        ann.send(Stop(seq=ann.next_sequence()))
        until_gone(ann)


def test_who_asks_misses_nothing_meanwhile(start_run: StartRun, connect: Connect) -> None:
    run, engine = start_run(limited(30_000), await_client=True)
    connection = connect(run, engine, watch="all")
    for _ in range(3):
        answer(connection, Turn(seq=connection.next_sequence(), key="optimizer.lr", factor=1.0))
    heard = until(connection, is_finished)
    assert steps_of(heard) == list(range(1, 30_001))


def test_a_live_client_that_does_not_read_delays_nothing_and_finds_what_it_missed_in_the_record(
    start_run: StartRun, connect: Connect
) -> None:
    run, engine = start_run(limited(120_000), await_client=True)
    reader = connect(run, engine, watch="live")
    sleeper = connect(run, watch="live")
    until(reader, is_finished)
    assert answer(reader, Pause(seq=reader.next_sequence())).step == 120_000
    heard = until(sleeper, is_finished)
    steps = steps_of(heard)
    assert len(steps) < 100_000, "blocks were left out"
    assert all(np.diff(steps) > 0)
    assert recorded_steps(run) == list(range(1, 120_001))


def test_a_client_that_wants_all_loses_nothing_however_late_it_reads(start_run: StartRun, connect: Connect) -> None:
    """The engine waits for it when about 100,000 steps lie in its way, and goes on when it reads."""
    run, engine = start_run(limited(140_000), await_client=True)
    connection = connect(run, engine, watch="all")
    other = connect(run, watch="live")
    step, still = 0, 0
    while still < 4:
        (*_, progress) = until(other, lambda message: isinstance(message, Progressed))
        still = still + 1 if progress.step == step > 50_000 else 0
        step = progress.step
    assert (progress.state, step < 140_000) == ("running", True)
    heard = until(connection, is_finished)
    assert steps_of(heard) == list(range(1, 140_001))


def test_hostile_clients_disturb_nobody(start_run: StartRun, connect: Connect) -> None:
    run, engine = start_run(ENDLESS)
    connection = connect(run, engine)
    hostile = []
    for index in range(100):
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        channel.connect(str(run.socket))
        hostile.append(channel)
        match index % 4:
            case 0:
                channel.sendall(os.urandom(2000))
            case 1:
                channel.sendall(framed(Hello(seq=1, version=1, name="x", watch="all"))[:20])
            case 2:
                channel.sendall(HEADER.pack((1 << 32) - 1, 0))
            case _:
                pass
    try:
        for _ in range(3):
            asked = time.monotonic()
            turn = Turn(seq=connection.next_sequence(), key="optimizer.lr", factor=1.5)
            assert isinstance(answer(connection, turn), Applied)
            assert time.monotonic() - asked < 1.0
        heard = until(connection, is_under_way)
        assert not any(isinstance(message, Rejected) for message in heard)
    finally:
        for channel in hostile:
            channel.close()
        connection.send(Stop(seq=connection.next_sequence()))
        until_gone(connection)
    assert run.log.read_text() == ""


@pytest.mark.parametrize("spec", [ENDLESS, MOONS], ids=["150,000 steps a second", "a small network"])
def test_a_key_press_is_answered_at_once_at_full_speed(
    start_run: StartRun, connect: Connect, spec: dict[str, Any]
) -> None:
    """Half a second is for a machine that does ten other things; a quiet one needs some milliseconds."""
    run, engine = start_run(spec)
    connection = connect(run, engine)
    until(connection, is_under_way)
    waited = []
    for _ in range(15):
        asked = time.perf_counter()
        answer(connection, Turn(seq=connection.next_sequence(), key="optimizer.lr", factor=1.01))
        waited.append(time.perf_counter() - asked)
    assert sorted(waited)[len(waited) // 2] < 0.1
    assert max(waited) < 0.5
    connection.send(Stop(seq=connection.next_sequence()))
    until_gone(connection)


# ---- stopping from outside


def test_stop_asks_first(start_run: StartRun, connect: Connect) -> None:
    run, engine = start_run(ENDLESS)
    connection = connect(run, engine)
    client.stop(run)
    (finished,) = [message for message in until_gone(connection) if isinstance(message, Finished)]
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


def test_a_client_never_blocks_when_there_is_nothing_to_read(start_run: StartRun, connect: Connect) -> None:
    run, engine = start_run(ENDLESS | {"pace": {"steps_per_second": 0.001}})
    connection = connect(run, engine)
    until(connection, lambda message: isinstance(message, Progressed))
    while connection.receive():
        pass
    began = time.monotonic()
    assert connection.receive() == []
    assert time.monotonic() - began < 0.1
    assert connection.open
    assert select.select([connection], [], [], PATIENCE_S)[0] == [connection], "an event loop can wait on it"
    connection.send(Stop(seq=connection.next_sequence()))
    until_gone(connection)
