"""What a run has to tell, in the order of its steps: to the clients through `tell`, and to the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..method.telemetry import StepBlock, StepBuffer, TensorFigures
from ..subject.objective import Evaluation
from .protocol import Evaluated, Message, framed, framed_figures, framed_steps
from .record import RecordWriter

LANE = 0
"""The only lane there is until runs can race."""


class Outbox:
    """Keeps what happened between two flushes, so that a step never pays for a message."""

    def __init__(self, tell: Callable[[bytes, bool], None], record: RecordWriter | None) -> None:
        """Hand frames to `tell`, with whether a client that lags may miss one; without a record nothing is kept."""
        self._tell = tell
        self._record = record
        self._between: list[tuple[int, bytes]] = []
        self._figures: TensorFigures | None = None
        self.segment = record.segment if record is not None else 1
        """The stretch of the run to which the steps belong: a reset begins a new one."""

    @property
    def problem(self) -> str | None:
        """Why the record is behind, as a sentence; None while all is well."""
        return self._record.problem if self._record is not None else None

    @property
    def recorded(self) -> bool:
        """Whether anything is kept."""
        return self._record is not None

    def add_figures(self, figures: TensorFigures) -> None:
        """Tell the figures of the tensors, after the step that they belong to."""
        self._between.append((figures.step, framed_figures(LANE, self.segment, figures)))
        self._figures = figures

    def add_evaluation(self, step: int, split: str, evaluation: Evaluation) -> None:
        """Tell and record an evaluation, after the step that it belongs to."""
        evaluated = Evaluated(
            lane=LANE,
            segment=self.segment,
            step=step,
            split=split,
            loss=evaluation.loss,
            accuracy=evaluation.accuracy,
        )
        self._between.append((step, framed(evaluated)))
        if self._record is not None:
            self._record.add_evaluation(step, split, evaluation.loss, evaluation.accuracy)

    def flush(self, steps: StepBuffer) -> StepBlock | None:
        """Tell and record the steps, each followed by what came right after it, and return them."""
        block = steps.take()
        if block is not None and self._record is not None:
            self._record.append(block)
        start, frames = 0, bytearray()
        for step, frame in self._between:
            if block is not None:
                stop = min(step - block.first_step + 1, block.values.shape[1])
                frames += self._framed_part(block, start, stop)
                start = max(start, stop)
            frames += frame
        if block is not None:
            frames += self._framed_part(block, start, block.values.shape[1])
        self._between.clear()
        if frames:
            # In one go: every call wakes up those who listen.
            self._tell(bytes(frames), True)
        return block

    def tell_event(
        self, event: Message, *, step: int, kind: str, actor: str = "engine", payload: Mapping[str, Any] | None = None
    ) -> None:
        """Write an event into the journal, on disk, and only then tell it; call `flush` first."""
        if self._record is not None:
            self._record.add_event(
                step=step, kind=kind, actor=actor, payload=payload or event.model_dump(mode="json", exclude={"kind"})
            )
        self._tell(framed(event), False)

    def new_segment(self) -> None:
        """Begin again at step 0; call `flush` first."""
        self.segment = self._record.new_segment(0) if self._record is not None else self.segment + 1
        self._figures = None

    def commit(self) -> None:
        """Make what was flushed durable."""
        if self._record is None:
            return
        if self._figures is not None:
            self._record.add_telemetry(self._figures.step, self._figures.values)
            self._figures = None
        self._record.commit()

    def close(self) -> None:
        """Commit and close the record."""
        self.commit()
        if self._record is not None:
            self._record.close()

    def _framed_part(self, block: StepBlock, start: int, stop: int) -> bytes:
        if stop <= start:
            return b""
        part = StepBlock(first_step=block.first_step + start, values=block.values[:, start:stop])
        return framed_steps(LANE, self.segment, part)
