"""Messages as the bodies of frames, and back.

Commands and events are JSON, blocks of steps and figures of tensors are numbers as they lie in memory, little end
first. Nothing is ever unpickled.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from ..method.telemetry import FIGURES, SERIES, StepBlock, TensorFigures
from ..text import clean
from .frames import KIND_FIGURES, KIND_JSON, KIND_STEPS, ProtocolError, frame
from .protocol import AnyCommand, AnyEvent, Event, Figures, Message, Steps

STEPS_HEAD = struct.Struct("<IIQI")
FIGURES_HEAD = struct.Struct("<IIQI")

_COMMAND: TypeAdapter[Any] = TypeAdapter(AnyCommand, config=ConfigDict(defer_build=True))
_EVENT: TypeAdapter[Any] = TypeAdapter(AnyEvent, config=ConfigDict(defer_build=True))


def framed(message: Message) -> bytes:
    """Return a command or an event as a frame."""
    return frame(KIND_JSON, message.model_dump_json().encode())


def framed_steps(lane: int, segment: int, block: StepBlock) -> bytes:
    """Return a block of steps as a frame."""
    body = block.values.astype("<f8", copy=False).tobytes()
    head = STEPS_HEAD.pack(lane, segment, block.first_step, block.values.shape[1])
    return frame(KIND_STEPS, head + body)


def framed_figures(lane: int, segment: int, figures: TensorFigures) -> bytes:
    """Return the figures of all tensors as a frame."""
    body = figures.values.astype("<f8", copy=False).tobytes()
    head = FIGURES_HEAD.pack(lane, segment, figures.step, len(figures.values))
    return frame(KIND_FIGURES, head + body)


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
