"""A lesson in rehearsal: its trainer to step by hand, or the whole run as it ends by itself, without a screen."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from engine.method.objectives import build_objective
from engine.method.trainer import Trainer
from engine.run import directory
from engine.run.encoding import parsed_event
from engine.run.events import Judged, Progressed, Steps
from engine.run.frames import MAXIMUM_EVENT, FrameReader
from engine.run.session import Session
from presets import load, parsed_setting
from presets.launches import Unwatched, launch_of

Rehearse = Callable[..., "Rehearsal"]
MakeTrainer = Callable[..., Trainer]


class Rehearsal:
    """A lesson that has run to its end."""

    def __init__(self, name: str, settings: tuple[str, ...], changes: tuple[tuple[int, str], ...]) -> None:
        preset = load(name, [parsed_setting(text) for text in settings])
        unwatched = Unwatched(changes=changes, measure_every=1 << 40)
        launch = launch_of(preset, unwatched, recorded=False).model_copy(update={"await_client": False})
        self._told: list[Any] = []
        self.session = Session(directory.create(name, recorded=False), launch, self._take)
        self.session.advance(math.inf)
        self.session.tell_progress()
        self.session.close()

    def _take(self, frame: bytes, droppable: bool) -> None:
        self._told += [parsed_event(*part) for part in FrameReader(MAXIMUM_EVENT).feed(frame)]

    @property
    def verdicts(self) -> dict[int, tuple[bool, int]]:
        """Of every lane that was judged: whether it reached the goal, and after how many updates."""
        return {told.lane: (told.reached, told.step) for told in self._told if isinstance(told, Judged)}

    @property
    def progress(self) -> list[Progressed]:
        """Where every lane is at the end."""
        return [told for told in self._told if isinstance(told, Progressed)]

    def losses(self, lane: int = 0) -> list[float]:
        """The loss of every step of a lane, before its update."""
        blocks = [told.block for told in self._told if isinstance(told, Steps) and told.lane == lane]
        return [loss for block in blocks for loss in block.values[1].tolist()]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """NumPy keeps silent about numbers that are not finite, as it does in the engine's process."""
    with np.errstate(all="ignore"):
        yield


@pytest.fixture
def rehearse(places: object) -> Rehearse:
    """Run a shipped lesson to its end, with settings on top and changes ordered in advance."""

    def run(name: str, *settings: str, changes: tuple[tuple[int, str], ...] = ()) -> Rehearsal:
        return Rehearsal(name, settings, changes)

    return run


@pytest.fixture
def trainer() -> MakeTrainer:
    """Make the trainer of a shipped lesson, or of one lane of it, with settings on top."""

    def make(name: str, *settings: str, lane: int = 0) -> Trainer:
        spec = load(name, [parsed_setting(text) for text in settings]).specs[lane]
        return Trainer(spec, build_objective(spec))

    return make
