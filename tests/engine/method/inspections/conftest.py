"""What an inspection finds in a trainer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.method.inspections import INSPECTIONS, Finding
from engine.method.path import Path
from engine.method.trainer import Trainer

Found = Callable[..., list[Finding]]


def walked(trainer: Trainer, steps: int, *, kept: bool = False) -> Path:
    """Take steps, and return the path."""
    path = Path(trainer.theta.size)
    if kept:
        path.begin()
    path.add(trainer.step_count, trainer.theta)
    for _ in range(steps):
        trainer.step()
        path.add(trainer.step_count, trainer.theta)
    return path


@pytest.fixture
def walk() -> Callable[..., Path]:
    """Take steps, and return the path."""
    return walked


@pytest.fixture
def found() -> Found:
    """Return all that an inspection finds, with a step between two stretches if that is wanted."""

    def find(
        about: str, trainer: Trainer, path: Path | None = None, *, stepping: bool = False, **settings: Any
    ) -> list[Finding]:
        inspection = INSPECTIONS[about].model_validate(settings)
        findings = []
        for finding in inspection.findings(trainer, path or Path(trainer.theta.size)):
            if stepping:
                trainer.step()
            if finding is not None:
                findings.append(finding)
        assert findings
        assert findings[-1].share == 1.0
        return findings

    return find
