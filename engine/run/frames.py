"""The frames that carry what an engine and its clients say to each other.

A frame is a length, a kind and a body: commands and events are JSON, blocks of steps and figures of tensors are
numbers as they lie in memory, little end first. Nothing is ever unpickled.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from ..errors import GdtuiError
from ..method.telemetry import FIGURES, SERIES, StepBlock, TensorFigures
from ..text import clean
from .protocol import AnyCommand, AnyEvent, Event, Figures, Message, Steps

HEADER = struct.Struct("<IB")
STEPS_HEAD = struct.Struct("<IIQI")
FIGURES_HEAD = struct.Struct("<IIQI")
KIND_JSON, KIND_STEPS, KIND_FIGURES = 0, 1, 2
MAXIMUM_COMMAND = 64 * 1024
MAXIMUM_EVENT = 64 * 1024 * 1024


class ProtocolError(GdtuiError):
    """The other side sent something that is not of this protocol."""


_COMMAND: TypeAdapter[Any] = TypeAdapter(AnyCommand, config=ConfigDict(defer_build=True))
_EVENT: TypeAdapter[Any] = TypeAdapter(AnyEvent, config=ConfigDict(defer_build=True))


def framed(message: Message) -> bytes:
    """Return a command or an event as a frame."""
    body = message.model_dump_json().encode()
    return HEADER.pack(len(body), KIND_JSON) + body


def framed_steps(lane: int, segment: int, block: StepBlock) -> bytes:
    """Return a block of steps as a frame."""
    body = block.values.astype("<f8", copy=False).tobytes()
    head = STEPS_HEAD.pack(lane, segment, block.first_step, block.values.shape[1])
    return HEADER.pack(len(head) + len(body), KIND_STEPS) + head + body


def framed_figures(lane: int, segment: int, figures: TensorFigures) -> bytes:
    """Return the figures of all tensors as a frame."""
    body = figures.values.astype("<f8", copy=False).tobytes()
    head = FIGURES_HEAD.pack(lane, segment, figures.step, len(figures.values))
    return HEADER.pack(len(head) + len(body), KIND_FIGURES) + head + body


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


def parsed_command(kind: int, body: bytes) -> Any:
    """Return a frame's command; raises `ProtocolError` on anything else."""
    if kind != KIND_JSON:
        raise ProtocolError(f"a command of kind {kind}")
    try:
        return _COMMAND.validate_json(body)
    except (ValidationError, RecursionError) as error:
        raise ProtocolError(clean(_first_fault(error))) from None


def parsed_event(kind: int, body: bytes) -> Event | Steps | Figures:
    """Return a frame's event, block of steps or figures; raises `ProtocolError` on anything else."""
    try:
        match kind:
            case 0:
                event: Event = _EVENT.validate_json(body)
                return event
            case 1:
                lane, segment, first, count = STEPS_HEAD.unpack_from(body)
                values = np.frombuffer(body, "<f8", offset=STEPS_HEAD.size).reshape(len(SERIES), count)
                return Steps(lane=lane, segment=segment, block=StepBlock(first_step=first, values=values))
            case 2:
                lane, segment, step, count = FIGURES_HEAD.unpack_from(body)
                values = np.frombuffer(body, "<f8", offset=FIGURES_HEAD.size).reshape(count, len(FIGURES))
                return Figures(lane=lane, segment=segment, figures=TensorFigures(step=step, values=values))
            case _:
                raise ProtocolError(f"a frame of unknown kind {kind}")
    except (ValidationError, ValueError, struct.error, RecursionError) as error:
        raise ProtocolError(clean(_first_fault(error))) from None


def _first_fault(error: Exception) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors(include_url=False)[0]
        return f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
    return str(error) or type(error).__name__
