"""What a run has to tell, in the order of its steps: to the clients through `tell`, and to the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..method.telemetry import StepBlock, StepBuffer, TensorFigures
from ..subject.objective import Evaluation
from .encoding import framed, framed_figures, framed_steps
from .events import Evaluated
from .message import Message
from .record import RecordWriter


class Outbox:
    """Keeps what happened between two flushes, so that a step never pays for a message."""

    def __init__(self, tell: Callable[[bytes, bool], None], record: RecordWriter | None, *, lanes: int) -> None:
        """Hand frames to `tell`, with whether a client that lags may miss one; without a record nothing is kept."""
        self._tell = tell
        self._record = record
        self._between: list[list[tuple[int, bytes]]] = [[] for _ in range(lanes)]
        self.segment = record.segment if record is not None else 1
        """The stretch of the run to which the steps belong: a reset begins a new one."""

    @property
    def problem(self) -> str | None:
        """Why the record is behind, as a sentence; None while all is well."""
        return self._record.problem if self._record is not None else None

    @property
    def unrecorded(self) -> int | None:
        """How many steps the record lacks, as it could not be written; None where there was never such trouble."""
        return self._record.unrecorded_steps if self._record is not None else None

    @property
    def recorded(self) -> bool:
        """Whether anything is kept."""
        return self._record is not None

    def add_figures(self, lane: int, figures: TensorFigures, *, kept: bool) -> None:
        """Tell the figures of the tensors, after the step that they belong to, and record those that are kept."""
        self._between[lane].append((figures.step, framed_figures(lane, self.segment, figures, kept=kept)))
        if kept and self._record is not None:
            self._record.add_telemetry(figures, lane=lane)

    def add_evaluation(self, lane: int, step: int, split: str, evaluation: Evaluation) -> None:
        """Tell and record an evaluation, after the step that it belongs to."""
        evaluated = Evaluated(
            lane=lane,
            segment=self.segment,
            step=step,
            split=split,
            loss=evaluation.loss,
            accuracy=evaluation.accuracy,
        )
        self._between[lane].append((step, framed(evaluated)))
        if self._record is not None:
            self._record.add_evaluation(step, split, evaluation.loss, evaluation.accuracy, lane=lane)

    def flush(self, steps: Sequence[StepBuffer]) -> list[StepBlock | None]:
        """Tell and record every lane's steps, each followed by what came right after it, and return them."""
        blocks = [buffer.take() for buffer in steps]
        frames = bytearray()
        for lane, block in enumerate(blocks):
            if block is not None and self._record is not None:
                self._record.append(block, lane=lane)
            self._frame(lane, block, frames)
        if frames:
            # In one go: every call wakes up those who listen.
            self._tell(bytes(frames), True)
        return blocks

    def tell_event(self, event: Message, *, lane: int, step: int, kind: str, actor: str = "engine") -> None:
        """Write an event into the journal, on disk, and only then tell it; call `flush` first."""
        if self._record is not None:
            payload: Mapping[str, Any] = event.model_dump(mode="json", exclude={"kind"})
            self._record.add_event(lane=lane, step=step, kind=kind, actor=actor, payload=payload)
        self._tell(framed(event), False)

    def new_segment(self) -> None:
        """Begin again at step 0; call `flush` first."""
        self.segment = self._record.new_segment(0) if self._record is not None else self.segment + 1

    def commit(self) -> None:
        """Make what was flushed durable."""
        if self._record is not None:
            self._record.commit()

    def close(self) -> None:
        """Commit and close the record."""
        self.commit()
        if self._record is not None:
            self._record.close()

    def _frame(self, lane: int, block: StepBlock | None, frames: bytearray) -> None:
        start = 0
        for step, frame in self._between[lane]:
            if block is not None:
                stop = min(step - block.first_step + 1, block.values.shape[1])
                frames += self._framed_part(lane, block, start, stop)
                start = max(start, stop)
            frames += frame
        if block is not None:
            frames += self._framed_part(lane, block, start, block.values.shape[1])
        self._between[lane].clear()

    def _framed_part(self, lane: int, block: StepBlock, start: int, stop: int) -> bytes:
        if stop <= start:
            return b""
        part = StepBlock(first_step=block.first_step + start, values=block.values[:, start:stop])
        return framed_steps(lane, self.segment, part)
