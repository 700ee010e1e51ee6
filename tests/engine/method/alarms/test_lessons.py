"""A false alarm makes all others worthless: every lesson raises just what it is there to show, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.method.race import build_objectives
from engine.method.trainer import Trainer
from presets import loader

if TYPE_CHECKING:
    from tests.engine.method.alarms.conftest import Watching

STEPS = 600
SHOWN: dict[str, set[tuple[int, str]]] = {
    "adagrad-stalls": {(0, "stalled")},
    "decay-too-fast": {(0, "crawling")},
    "deep-sigmoid": {(0, "vanishing")},
    "lr-sweep-net": {
        (3, "saturated"),
        (4, "saturated"),
        (4, "rising"),
    },
    "surface-race": {(8, "stalled")},
}
"""By lane; the rates of the last two lanes of the sweep are far too large, and the ninth of the race is Adagrad."""


@pytest.mark.parametrize("name", loader.names())
def test_a_lesson_raises_what_it_is_there_to_show_and_nothing_else(name: str, watching: Watching) -> None:
    specs = loader.load(name).specs
    found = {
        (lane, alarm.about)
        for lane, (spec, objective) in enumerate(zip(specs, build_objectives(specs), strict=True))
        for alarm in watching(Trainer(spec, objective), STEPS)
    }
    assert found == SHOWN.get(name, set())
