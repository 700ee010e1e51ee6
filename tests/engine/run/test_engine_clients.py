"""Real engines and their clients: who hears what, who is refused, and that nobody disturbs anybody."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.errors import RunError
from engine.run import directory, greeting
from engine.run.commands import Hello, Pause, SetFields, Stop, Turn
from engine.run.encoding import framed
from engine.run.events import Applied, Progressed, Rejected
from engine.run.frames import HEADER, VERSION
from tests.engine.run.specs import ENDLESS, NETWORK, StartRun, limited

if TYPE_CHECKING:
    from tests.engine.run.conftest import Connect, RecordedSteps, StepsOf

PATIENCE_S = 20.0
"""How long anything may take on a busy machine; nothing here waits that long unless it is broken."""


def test_a_run_waits_for_its_first_client_and_tells_it_every_step_and_evaluation(
    steps_of: StepsOf, start_run: StartRun, connect: Connect
) -> None:
    run, engine = start_run(NETWORK | {"stop": {"steps": 45}}, await_client=True, measure_every=10)
    connection = connect(run, engine, watch="all")
    assert connection.welcome.step == 0
    heard = connection.until_finished()
    assert steps_of(heard) == list(range(1, 46))
    evaluated = [message.step for message in heard if getattr(message, "split", "") == "held_out"]
    assert evaluated == [0, 20, 40, 45]


def test_a_list_of_the_runs_does_not_start_one_that_waits_for_its_client(
    steps_of: StepsOf, start_run: StartRun, connect: Connect
) -> None:
    run, engine = start_run(limited(1000), await_client=True)
    lister = connect(run, engine, watch="nothing")
    assert lister.welcome.state == "waiting"
    lister.close()
    connection = connect(run, watch="all")
    heard = connection.until_finished()
    assert connection.welcome.step == 0
    assert steps_of(heard) == list(range(1, 1001))


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
        patch.setattr(greeting, "VERSION", 99)
        connected = greeting.connected
        patch.setattr(greeting, "connected", lambda *args: stack.enter_context(connected(*args)))
        with pytest.raises(RunError, match=f"this engine speaks version {VERSION} of the protocol, you speak 99"):
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

    original = greeting.connected
    with monkeypatch.context() as patch, contextlib.ExitStack() as stack:
        patch.setattr(greeting, "VERSION", 99)
        patch.setattr(greeting, "connected", connected)
        with pytest.raises(RunError):
            connect(run)
        assert channels[0].fileno() == -1


def test_two_clients_see_each_others_changes_and_who_made_them(start_run: StartRun, connect: Connect) -> None:
    run, engine = start_run(ENDLESS)
    ann, bob = connect(run, engine, name="ann"), connect(run, name="bob")
    for actor, other, rate in ((ann, bob, 2e-9), (bob, ann, 3e-9)):
        actor.send(SetFields(seq=actor.next_sequence(), values={"optimizer.lr": rate}))
        (*_, mine) = actor.until(lambda message: isinstance(message, Applied))
        (*_, theirs) = other.until(lambda message: isinstance(message, Applied))
        assert mine == theirs
        assert mine.actor == actor.name
        assert mine.changes[0].new == rate
    ann.send(Stop(seq=ann.next_sequence()))
    bob.until_gone()


def test_a_stale_change_is_refused_and_only_who_asked_hears_of_it(start_run: StartRun, connect: Connect) -> None:
    run, engine = start_run(ENDLESS)
    ann, bob = connect(run, engine, name="ann"), connect(run, name="bob")
    ann.answer(SetFields(seq=ann.next_sequence(), values={"optimizer.lr": 2e-9}))
    bob.until(lambda message: isinstance(message, Applied))
    stale = {"values": {"optimizer.lr": 5e-9}, "expected": {"optimizer.lr": 1e-9}}
    assert isinstance(bob.answer(SetFields(seq=bob.next_sequence(), **stale)), Rejected)
    bob.send(Stop(seq=bob.next_sequence()))
    heard = ann.until_gone()
    assert not any(isinstance(message, Rejected) for message in heard)


def test_another_ones_answer_is_never_taken_for_ones_own(start_run: StartRun, connect: Connect) -> None:
    """Both count their commands from 1: the number alone does not say whose answer it is."""
    run, engine = start_run(ENDLESS)
    ann, bob = connect(run, engine, name="ann"), connect(run, name="bob")
    bob.answer(SetFields(seq=bob.next_sequence(), values={"optimizer.lr": 2e-9}))
    try:
        reply = ann.answer(SetFields(seq=ann.next_sequence(), values={"optimizer.lr": -1.0}))
        assert isinstance(reply, Rejected)
    finally:
        ann.send(Stop(seq=ann.next_sequence()))
        ann.until_gone()


def test_who_asks_misses_nothing_meanwhile(steps_of: StepsOf, start_run: StartRun, connect: Connect) -> None:
    run, engine = start_run(limited(30_000), await_client=True)
    connection = connect(run, engine, watch="all")
    for _ in range(3):
        connection.answer(Turn(seq=connection.next_sequence(), key="optimizer.lr", factor=1.0))
    heard = connection.until_finished()
    assert steps_of(heard) == list(range(1, 30_001))


def test_a_live_client_that_does_not_read_delays_nothing_and_finds_what_it_missed_in_the_record(
    recorded_steps: RecordedSteps, steps_of: StepsOf, start_run: StartRun, connect: Connect
) -> None:
    run, engine = start_run(limited(120_000), await_client=True)
    reader = connect(run, engine, watch="live")
    sleeper = connect(run, watch="live")
    reader.until_finished()
    assert reader.answer(Pause(seq=reader.next_sequence())).step == 120_000
    heard = sleeper.until_finished()
    steps = steps_of(heard)
    assert len(steps) < 100_000, "blocks were left out"
    assert all(np.diff(steps) > 0)
    assert recorded_steps(run) == list(range(1, 120_001))


def test_a_client_that_wants_all_loses_nothing_however_late_it_reads(
    steps_of: StepsOf, start_run: StartRun, connect: Connect
) -> None:
    """The engine waits for it when about 100,000 steps lie in its way, and goes on when it reads."""
    run, engine = start_run(limited(140_000), await_client=True)
    connection = connect(run, engine, watch="all")
    other = connect(run, watch="live")
    step, still = 0, 0
    while still < 4:
        (*_, progress) = other.until(lambda message: isinstance(message, Progressed))
        still = still + 1 if progress.step == step > 50_000 else 0
        step = progress.step
    assert (progress.state, step < 140_000) == ("running", True)
    heard = connection.until_finished()
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
            assert isinstance(connection.answer(turn), Applied)
            assert time.monotonic() - asked < 1.0
        heard = connection.until_under_way()
        assert not any(isinstance(message, Rejected) for message in heard)
    finally:
        for channel in hostile:
            channel.close()
        connection.send(Stop(seq=connection.next_sequence()))
        connection.until_gone()
    assert run.log.read_text() == ""


@pytest.mark.parametrize("spec", [ENDLESS, NETWORK], ids=["150,000 steps a second", "a small network"])
def test_a_key_press_is_answered_at_once_at_full_speed(
    start_run: StartRun, connect: Connect, spec: dict[str, Any]
) -> None:
    """Half a second is for a machine that does ten other things; a quiet one needs some milliseconds."""
    run, engine = start_run(spec)
    connection = connect(run, engine)
    connection.until_under_way()
    waited = []
    for _ in range(15):
        asked = time.perf_counter()
        connection.answer(Turn(seq=connection.next_sequence(), key="optimizer.lr", factor=1.01))
        waited.append(time.perf_counter() - asked)
    assert sorted(waited)[len(waited) // 2] < 0.1
    assert max(waited) < 0.5
    connection.send(Stop(seq=connection.next_sequence()))
    connection.until_gone()


def test_a_client_never_blocks_when_there_is_nothing_to_read(start_run: StartRun, connect: Connect) -> None:
    run, engine = start_run(ENDLESS | {"pace": {"steps_per_second": 0.001}})
    connection = connect(run, engine)
    connection.until(lambda message: isinstance(message, Progressed))
    while connection.receive():
        pass
    began = time.monotonic()
    assert connection.receive() == []
    assert time.monotonic() - began < 0.1
    assert connection.open
    assert select.select([connection], [], [], PATIENCE_S)[0] == [connection], "an event loop can wait on it"
    connection.send(Stop(seq=connection.next_sequence()))
    connection.until_gone()
