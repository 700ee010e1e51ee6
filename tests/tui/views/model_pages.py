"""Pages of the model view over trained models, as pictures of cells."""

from __future__ import annotations

from functools import cache
from typing import Any

from engine.method.inspections import INSPECTIONS
from engine.method.objectives import build_objective
from engine.method.path import Path
from engine.method.spec import RunSpec
from engine.method.trainer import Trainer
from engine.run.events import Seen
from tui.views.model.page import Page

SPECS: dict[str, dict[str, Any]] = {
    "moons": {"data": {"name": "moons"}, "model": {"hidden": [6]}},
    "line": {"data": {"name": "line"}},
    "iris": {"data": {"name": "iris"}, "model": {"hidden": [4]}},
    "diabetes": {"data": {"name": "diabetes"}},
    "digits": {"data": {"name": "digits"}, "model": {"hidden": [20]}},
}


@cache
def trained(name: str) -> Trainer:
    spec = RunSpec.model_validate(
        {"problem": {"kind": "dataset"}, "optimizer": {"name": "adam", "lr": 0.01}, **SPECS[name]}
    )
    trainer = Trainer(spec, build_objective(spec))
    for _ in range(80):
        trainer.step()
    return trainer


def seen(name: str, about: str, **wanted: Any) -> Seen:
    """What the engine would say."""
    trainer = trained(name)
    inspection = INSPECTIONS[about].model_validate(wanted)
    for finding in inspection.findings(trainer, Path(len(trainer.theta))):
        last = finding
    assert last is not None
    return Seen(
        seq=1,
        lane=0,
        segment=0,
        step=80,
        about=about,
        share=last.share,
        facts=dict(last.facts),
        arrays=dict(last.arrays),
    )


def page(name: str, kind: type[Page]) -> Page:
    return kind(seen(name, "model").facts)


def looked(shown: Page, name: str, width: int, height: int) -> Seen:
    return seen(name, shown.about, **shown.settings(width, height, is_moving=True))


def text(row: Any) -> str:
    return "".join(part for part, _ in row)
