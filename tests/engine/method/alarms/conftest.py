"""A watch over a trainer, as an engine at a given pace feeds it, by a clock that the test turns."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

from engine.method.alarms import watch as watch_module
from engine.method.alarms.alarm import Alarm
from engine.method.alarms.watch import Watch
from engine.method.trainer import Trainer

FLUSH_S = 0.04
Watching = Callable[..., list[Alarm]]
"""Trains for so many steps under a watch, and returns what it told."""


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch) -> Watching:
    """Train, with a flush after every `per` steps, which take `FLUSH_S` by the clock."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(watch_module, "time", SimpleNamespace(perf_counter=lambda: clock.now))

    def watched(trainer: Trainer, steps: int, *, per: int = 4) -> list[Alarm]:
        watch, alarms = Watch(trainer), []
        with np.errstate(all="ignore"):
            while trainer.step_count < steps and trainer.non_finite is None and trainer.ended is None:
                for number in range(per):
                    trainer.step(measure=number == 0)
                    if trainer.batches.epoch_is_over and "held_out" in trainer.objective.splits:
                        watch.see_evaluation(trainer.step_count, trainer.evaluate("held_out").loss)
                clock.now += FLUSH_S
                alarms += watch.see(trainer.steps.take())
        return alarms

    return watched
