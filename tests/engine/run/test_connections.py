"""The engine's end of the socket: every client gets what it asked for, and none can disturb another."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from engine.run import connections
from engine.run.commands import Hello, Pause, Resume
from engine.run.connections import LIVE_BACKLOG, PATIENT_BACKLOG, Connection, Connections
from engine.run.encoding import framed, parsed_event
from engine.run.events import Rejected
from engine.run.frames import HEADER, MAXIMUM_COMMAND, VERSION, FrameReader

Connect = Callable[..., socket.socket]
BLOCK = HEADER.pack(64 * 1024, 200) + bytes(64 * 1024)
"""A frame as large as a busy engine's, of a kind that only this test reads."""


@pytest.fixture
def engine(places: Path) -> Iterator[Connections]:
    made = Connections(places / "s")
    yield made
    made.close(0.0)


@pytest.fixture
def connect(places: Path) -> Iterator[Connect]:
    """Connect a client, and say hello unless it is to watch None."""
    channels: list[socket.socket] = []

    def opened(watch: str | None = "live") -> socket.socket:
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        channels.append(channel)
        channel.settimeout(5.0)
        channel.connect(str(places / "s"))
        if watch is not None:
            channel.sendall(framed(Hello(seq=1, version=VERSION, name=watch, watch=watch)))
        return channel

    yield opened
    for channel in channels:
        channel.close()


def settled(engine: Connections) -> list[tuple[Connection, Any]]:
    """Poll until nothing more arrives, and return the commands."""
    found, quiet = [], 0
    while quiet < 2:
        commands = engine.poll(0.0)
        found += commands
        quiet = 0 if commands else quiet + 1
    return found


def named(commands: list[tuple[Connection, Any]]) -> list[tuple[str, str]]:
    return [(client.name, command.kind) for client, command in commands]


def everything(channel: socket.socket) -> tuple[bytes, bool]:
    """What waits on a channel, and whether the engine has hung up."""
    channel.setblocking(False)
    data = b""
    while True:
        try:
            part = channel.recv(1 << 20)
        except BlockingIOError:
            return data, False
        except ConnectionResetError:
            return data, True
        if not part:
            return data, True
        data += part


def refusal(channel: socket.socket) -> str:
    """The reason that a client was given before it was let go."""
    data, over = everything(channel)
    assert over
    (event,) = [parsed_event(*frame) for frame in FrameReader(MAXIMUM_COMMAND).feed(data)]
    assert isinstance(event, Rejected)
    return event.reason


def test_only_this_user_can_reach_the_socket_and_it_goes_with_the_engine(places: Path) -> None:
    engine = Connections(places / "s")
    assert stat.S_IMODE((places / "s").stat().st_mode) == 0o600
    engine.close(0.0)
    assert not (places / "s").exists()


def test_a_socket_that_a_dead_engine_left_is_no_hindrance(places: Path) -> None:
    left = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    left.bind(str(places / "s"))
    left.close()
    Connections(places / "s").close(0.0)


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="only Linux tells who the peer is in this way")
def test_a_client_of_another_user_is_hung_up_on(
    engine: Connections, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = connect(None)
    own = os.getuid()
    monkeypatch.setattr("os.getuid", lambda: own + 1)
    settled(engine)
    assert everything(stranger) == (b"", True)


def test_commands_come_in_the_order_in_which_they_were_sent(engine: Connections, connect: Connect) -> None:
    client = connect("all")
    client.sendall(b"".join(framed(kind(seq=2)) for kind in (Pause, Resume, Pause)))
    assert [kind for _, kind in named(settled(engine))] == ["hello", "pause", "resume", "pause"]


def test_a_command_before_hello_is_refused(engine: Connections, connect: Connect) -> None:
    client = connect(None)
    client.sendall(framed(Pause(seq=1)))
    assert settled(engine) == []
    assert refusal(client) == "the first command must be hello"


@pytest.mark.parametrize("version", [VERSION - 1, VERSION + 1])
def test_another_version_is_refused_with_both_numbers_and_what_to_do(
    engine: Connections, connect: Connect, version: int
) -> None:
    client = connect(None)
    client.sendall(framed(Hello(seq=1, version=version, name="x", watch="all")))
    assert settled(engine) == []
    reason = refusal(client)
    assert f"version {VERSION} " in reason
    assert f"speak {version}:" in reason
    assert "use the gdtui that" in reason


@pytest.mark.parametrize(
    "hostile",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        HEADER.pack(MAXIMUM_COMMAND + 1, 0),
        HEADER.pack((1 << 32) - 1, 0),
        HEADER.pack(2, 0) + b"[]",
        HEADER.pack(0, 1),
        bytes(range(255, 0, -1)),
    ],
    ids=["a web browser", "one byte too long", "4 GB", "no command", "a block of steps", "garbage"],
)
def test_a_hostile_client_is_let_go_and_the_others_never_notice(
    engine: Connections, connect: Connect, hostile: bytes
) -> None:
    honest, enemy = connect("live"), connect("live")
    settled(engine)
    enemy.sendall(hostile)
    honest.sendall(framed(Pause(seq=2)))
    assert named(settled(engine)) == [("live", "pause")]
    assert refusal(enemy)
    engine.broadcast(b"news")
    assert everything(honest) == (b"news", False)


def test_what_was_said_before_the_garbage_is_heard_and_nothing_after_it(engine: Connections, connect: Connect) -> None:
    client = connect("live")
    client.sendall(framed(Pause(seq=2)) + HEADER.pack(3, 9) + b"bad" + framed(Resume(seq=3)))
    assert [kind for _, kind in named(settled(engine))] == ["hello", "pause"]


def test_half_a_command_waits_for_its_other_half_and_delays_nobody(engine: Connections, connect: Connect) -> None:
    slow, quick = connect("live"), connect("all")
    settled(engine)
    whole = framed(Pause(seq=2))
    slow.sendall(whole[:7])
    quick.sendall(whole)
    assert named(settled(engine)) == [("all", "pause")]
    slow.sendall(whole[7:])
    assert named(settled(engine)) == [("live", "pause")]


def test_a_hundred_silent_connections_leave_room_for_one_that_speaks(engine: Connections, connect: Connect) -> None:
    for _ in range(100):
        connect(None)
        engine.poll(0.0)
    client = connect("all")
    client.sendall(framed(Pause(seq=2)))
    assert named(settled(engine)) == [("all", "hello"), ("all", "pause")]


def test_a_client_that_hangs_up_is_forgotten(engine: Connections, connect: Connect) -> None:
    stays, goes = connect("live"), connect("live")
    settled(engine)
    assert engine.watchers == 2
    goes.close()
    settled(engine)
    assert engine.watchers == 1
    engine.broadcast(b"news")
    assert everything(stays) == (b"news", False)


def test_who_watches_nothing_hears_no_news_and_counts_as_nobody(engine: Connections, connect: Connect) -> None:
    silent = connect("nothing")
    ((client, _),) = settled(engine)
    engine.broadcast(b"news")
    engine.send(client, b"an answer")
    assert everything(silent) == (b"an answer", False)
    assert engine.watchers == 0


def test_blocks_are_left_out_for_a_live_client_that_does_not_read_but_no_news_ever_is(
    engine: Connections, connect: Connect
) -> None:
    client = connect("live")
    settled(engine)
    news = b"".join(HEADER.pack(4, 201) + index.to_bytes(4, "little") for index in range(100))
    for index in range(100):
        engine.broadcast(BLOCK, droppable=True)
        engine.broadcast(HEADER.pack(4, 201) + index.to_bytes(4, "little"))
    received = b""
    while part := everything(client)[0]:
        received += part
        settled(engine)
    frames = FrameReader(len(BLOCK)).feed(received)
    assert b"".join(HEADER.pack(4, 201) + body for kind, body in frames if kind == 201) == news
    blocks = sum(kind == 200 for kind, _ in frames)
    assert LIVE_BACKLOG <= blocks * len(BLOCK) < 100 * len(BLOCK)
    assert not engine.must_wait


def test_a_client_that_wants_all_gets_all_and_the_engine_is_told_to_wait_for_it(
    engine: Connections, connect: Connect
) -> None:
    client = connect("all")
    settled(engine)
    sent = 0
    while not engine.must_wait:
        engine.broadcast(BLOCK, droppable=True)
        sent += 1
        assert sent < 1000
    assert sent * len(BLOCK) > PATIENT_BACKLOG
    received = 0
    while part := everything(client)[0]:
        received += len(part)
        settled(engine)
    assert received == sent * len(BLOCK)
    assert not engine.must_wait


def test_a_live_client_that_never_reads_is_let_go_before_it_eats_the_memory(
    engine: Connections, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HARD_BACKLOG", 1 << 20)
    sleeper, reader = connect("live"), connect("live")
    settled(engine)
    for _ in range(40):
        engine.broadcast(BLOCK)
        everything(reader)
    assert engine.watchers == 1
    engine.broadcast(b"news")
    assert everything(reader) == (b"news", False)
    assert everything(sleeper)[1]


def test_the_last_words_arrive_before_the_socket_closes(engine: Connections, connect: Connect) -> None:
    client = connect("all")
    settled(engine)
    for _ in range(20):
        engine.broadcast(BLOCK)
    engine.broadcast(b"farewell")
    with ThreadPoolExecutor(1) as reader:
        received = reader.submit(lambda: b"".join(iter(lambda: client.recv(1 << 20), b"")))
        engine.close(5.0)
        assert received.result() == 20 * BLOCK + b"farewell"


def test_a_client_that_does_not_read_cannot_keep_the_engine_from_leaving(engine: Connections, connect: Connect) -> None:
    connect("all")
    settled(engine)
    for _ in range(40):
        engine.broadcast(BLOCK)
    engine.close(0.05)
    assert engine.watchers == 0
