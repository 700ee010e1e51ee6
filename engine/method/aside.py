"""Steps that are only looked at: when the look is over, the trainer stands where it stood."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .telemetry import StepBuffer

if TYPE_CHECKING:
    # Who wants to know of a sweep's bounds alone loads no trainer.
    from .trainer import Trainer


@contextmanager
def aside(trainer: Trainer) -> Iterator[None]:
    """Stand, when the block is left, where the trainer stands now, bit for bit: a step in it leaves no trace."""
    snapshot, recorded, figures, search = trainer.snapshot(), trainer.steps, trainer.figures, trainer.search
    trainer.steps = StepBuffer()
    if search is not None:
        trainer.prepare()  # the trials of the last search are not written over
    try:
        yield
    finally:
        trainer.restore(snapshot)
        trainer.steps, trainer.figures = recorded, figures
        if search is not None and trainer.search is not None:
            trainer.search.remember(search)
