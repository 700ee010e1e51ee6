"""Frames: how what an engine and its clients say to each other is cut out of a stream of bytes.

A frame is a length, a kind and a body. Nothing heavy is imported here, so that a client can say hello before it has
loaded what it takes to listen; `encoding` says what is in the bodies.
"""

from __future__ import annotations

import struct

from ..errors import GdtuiError

VERSION = 4
"""Raised when an old client and a new engine would misunderstand each other."""

HEADER = struct.Struct("<IB")
KIND_JSON, KIND_STEPS, KIND_FIGURES, KIND_SEEN = 0, 1, 2, 3
MAXIMUM_COMMAND = 64 * 1024
MAXIMUM_EVENT = 64 * 1024 * 1024


class ProtocolError(GdtuiError):
    """The other side sent something that is not of this protocol."""


def frame(kind: int, body: bytes) -> bytes:
    """Return a body of some kind as a frame."""
    return HEADER.pack(len(body), kind) + body


class FrameReader:
    """Cuts a stream of bytes into frames, however it arrives."""

    def __init__(self, limit: int) -> None:
        """Refuse frames with more than `limit` bytes."""
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the frames that are complete now as (kind, body); raises `ProtocolError` on one that is too long."""
        self._buffer += data
        frames: list[tuple[int, bytes]] = []
        start = 0
        while len(self._buffer) - start >= HEADER.size:
            length, kind = HEADER.unpack_from(self._buffer, start)
            if length > self._limit:
                raise ProtocolError(f"a frame of {length} bytes; at most {self._limit} are allowed")
            stop = start + HEADER.size + length
            if len(self._buffer) < stop:
                break
            frames.append((kind, bytes(self._buffer[start + HEADER.size : stop])))
            start = stop
        del self._buffer[:start]
        return frames
