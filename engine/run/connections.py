"""The engine's end of its socket: who is connected, what they ask, and what waits to be sent to them."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import struct
import sys
from pathlib import Path
from typing import Any

from .commands import Hello
from .encoding import framed, parsed_command
from .events import Rejected
from .frames import MAXIMUM_COMMAND, VERSION, FrameReader, ProtocolError

LIVE_BACKLOG = 256 * 1024
"""Bytes that may wait for a live client before blocks are left out; it reads what it missed from the record."""
PATIENT_BACKLOG = 4 * 1024 * 1024
"""Bytes that may wait for a client that wants all before the engine waits for it."""
HARD_BACKLOG = 32 * 1024 * 1024
"""Bytes after which a client that does not read at all is let go."""
_READ = 64 * 1024


class Connection:
    """One client."""

    def __init__(self, channel: socket.socket) -> None:
        self.channel = channel
        self.name = "someone"
        self.watch = "nothing"
        self.greeted = False
        self.open = True
        self.reader = FrameReader(MAXIMUM_COMMAND)
        self.outgoing = bytearray()

    def send(self, frame: bytes) -> None:
        """Queue a frame."""
        self.outgoing += frame


class Connections:
    """A listening socket and its clients. Nothing here ever blocks but `poll`."""

    def __init__(self, path: Path) -> None:
        """Listen at `path`; what lies there is of an engine that died, as the caller holds the run's lock."""
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        self._path = path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            self._listener.bind(str(path))
        finally:
            os.umask(mask)
        self._listener.listen(128)
        self._listener.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._clients: list[Connection] = []

    @property
    def watchers(self) -> int:
        """How many clients follow the run."""
        return sum(client.watch != "nothing" for client in self._clients)

    @property
    def are_live(self) -> bool:
        """Whether someone draws what happens as it happens: a dashboard."""
        return any(client.watch == "live" for client in self._clients)

    @property
    def must_wait(self) -> bool:
        """Whether a client that wants every step has too much still to read."""
        return any(client.watch == "all" and len(client.outgoing) > PATIENT_BACKLOG for client in self._clients)

    def poll(self, timeout_s: float) -> list[tuple[Connection, Any]]:
        """Accept, read and send what can be without waiting longer than `timeout_s`; return the commands in order."""
        commands: list[tuple[Connection, Any]] = []
        for key, mask in self._selector.select(timeout_s):
            if key.data is None:
                self._accept()
                continue
            if mask & selectors.EVENT_READ:
                commands += [(key.data, command) for command in self._receive(key.data)]
            if mask & selectors.EVENT_WRITE:
                self._flush(key.data)
        return commands

    def broadcast(self, frame: bytes, *, droppable: bool = False) -> None:
        """Send a frame to all who follow the run; one that can be dropped is kept from a live client that lags."""
        for client in list(self._clients):
            if client.watch == "nothing" or (
                droppable and client.watch == "live" and len(client.outgoing) > LIVE_BACKLOG
            ):
                continue
            self.send(client, frame)

    def send(self, client: Connection, frame: bytes) -> None:
        """Send a frame to one client, now as far as its socket takes it."""
        if not client.open:
            return
        client.send(frame)
        if len(client.outgoing) > HARD_BACKLOG and client.watch != "all":
            self.drop(client)
        else:
            self._flush(client)

    def drop(self, client: Connection) -> None:
        """Let a client go."""
        if client.open:
            client.open = False
            self._clients.remove(client)
            self._selector.unregister(client.channel)
            client.channel.close()

    def close(self, timeout_s: float) -> None:
        """Send what waits, for as long as `timeout_s`, and remove the socket."""
        for client in list(self._clients):
            with contextlib.suppress(OSError):
                client.channel.settimeout(timeout_s)
                client.channel.sendall(client.outgoing)
            self.drop(client)
        self._selector.close()
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        try:
            channel, _ = self._listener.accept()
        except OSError:
            return
        if not _is_same_user(channel):
            channel.close()
            return
        channel.setblocking(False)
        client = Connection(channel)
        self._clients.append(client)
        self._selector.register(channel, selectors.EVENT_READ, client)

    def _receive(self, client: Connection) -> list[Any]:
        try:
            data = client.channel.recv(_READ)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            self.drop(client)
            return []
        commands: list[Any] = []
        try:
            for kind, body in client.reader.feed(data):
                command = parsed_command(kind, body)
                if not client.greeted:
                    self._greet(client, command)
                commands.append(command)
        except ProtocolError as error:
            # A stream that has lost its frames cannot be trusted again; the others are not concerned.
            self.send(client, framed(Rejected(seq=0, reason=str(error))))
            self.drop(client)
        return commands

    def _greet(self, client: Connection, command: Any) -> None:
        if not isinstance(command, Hello):
            raise ProtocolError("the first command must be hello")
        if command.version != VERSION:
            raise ProtocolError(
                f"this engine speaks version {VERSION} of the protocol, you speak {command.version}: "
                "use the gdtui that started the run"
            )
        client.greeted, client.name, client.watch = True, command.name, command.watch

    def _flush(self, client: Connection) -> None:
        if not client.open:
            return
        try:
            while client.outgoing:
                sent = client.channel.send(client.outgoing[:_READ])
                del client.outgoing[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self.drop(client)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.outgoing else 0)
        if self._selector.get_key(client.channel).events != wanted:
            self._selector.modify(client.channel, wanted, client)


def _is_same_user(channel: socket.socket) -> bool:
    """Return whether the peer is of this user; the folder's mode says so already, this is the second lock."""
    if not sys.platform.startswith("linux"):
        return True
    credentials = channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", credentials)
    return bool(user == os.getuid())
