"""Messages as the bodies of frames, and back.

Commands and events are JSON, blocks of steps and figures of tensors are numbers as they lie in memory, little end
first. Nothing is ever unpickled.
"""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from ..method.telemetry import FIGURES, SERIES, StepBlock, TensorFigures
from ..text import clean
from .commands import AnyCommand
from .events import AnyEvent, Event, Figures, Heard, Seen, Steps
from .frames import KIND_FIGURES, KIND_JSON, KIND_SEEN, KIND_STEPS, ProtocolError, frame
from .message import Message

STEPS_HEAD = struct.Struct("<IIQI")
FIGURES_HEAD = struct.Struct("<IIQII")
"""Lane, segment, step, how many tensors, and whether the figures are kept, with their spread then."""
SEEN_HEAD = struct.Struct("<I")
KINDS = ("<f8", "<f4", "<i4", "|u1")
"""What the arrays of an inspection are made of."""

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


def framed_figures(lane: int, segment: int, figures: TensorFigures, *, kept: bool) -> bytes:
    """Return the figures of all tensors as a frame."""
    head = FIGURES_HEAD.pack(lane, segment, figures.step, len(figures.values), kept)
    return frame(KIND_FIGURES, head + (figures.kept() if kept else figures.values.astype("<f8", copy=False).tobytes()))


def framed_seen(seen: Seen) -> bytes:
    """Return what an inspection has found as a frame: JSON first, then every array as it lies in memory."""
    arrays = {name: np.ascontiguousarray(array) for name, array in seen.arrays.items()}
    shapes = [[name, _kind_of(array), *array.shape] for name, array in arrays.items()]
    head = to_json({**seen.model_dump(exclude={"arrays"}), "arrays": shapes}, inf_nan_mode="constants")
    parts = [SEEN_HEAD.pack(len(head)), head, *(array.tobytes() for array in arrays.values())]
    return frame(KIND_SEEN, b"".join(parts))


def parsed_command(kind: int, body: bytes) -> Any:
    """Return a frame's command; raises `ProtocolError` on anything else."""
    if kind != KIND_JSON:
        raise ProtocolError(f"a command of kind {kind}")
    try:
        return _COMMAND.validate_json(body)
    except (ValidationError, RecursionError) as error:
        raise ProtocolError(clean(_first_fault(error))) from None


def parsed_event(kind: int, body: bytes) -> Heard:
    """Return what a frame tells; raises `ProtocolError` on anything else."""
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
                lane, segment, step, count, kept = FIGURES_HEAD.unpack_from(body)
                content = body[FIGURES_HEAD.size :]
                figures = (
                    TensorFigures.from_kept(step, content)
                    if kept
                    else TensorFigures(step=step, values=np.frombuffer(content, "<f8").reshape(count, len(FIGURES)))
                )
                if len(figures.values) != count:
                    raise ProtocolError(f"figures of {len(figures.values)} tensors, not of {count}")
                return Figures(lane=lane, segment=segment, figures=figures, kept=bool(kept))
            case 3:
                return _seen(body)
            case _:
                raise ProtocolError(f"a frame of unknown kind {kind}")
    except (ValidationError, ValueError, TypeError, KeyError, struct.error, RecursionError) as error:
        raise ProtocolError(clean(_first_fault(error))) from None


def _seen(body: bytes) -> Seen:
    (length,) = SEEN_HEAD.unpack_from(body)
    start = SEEN_HEAD.size + length
    head = from_json(body[SEEN_HEAD.size : start])
    arrays: dict[str, NDArray[Any]] = {}
    for name, kind, *shape in head.pop("arrays"):
        if kind not in KINDS or any(side < 0 for side in shape):
            raise ProtocolError(f"an array of {kind} with sides {shape}")
        array = np.frombuffer(body, kind, count=math.prod(shape), offset=start).reshape(shape)
        arrays[name] = array
        start += array.nbytes
    return Seen(**head, arrays=arrays)


def _kind_of(array: NDArray[Any]) -> str:
    kind = array.dtype.newbyteorder("<").str
    assert kind in KINDS, f"an inspection finds no {array.dtype}"
    return kind


def _first_fault(error: Exception) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors(include_url=False)[0]
        return f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
    return str(error) or type(error).__name__
