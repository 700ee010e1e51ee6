"""What happened, in words."""

from __future__ import annotations

from typing import Any

import pytest

from engine.run import protocol
from tests.tui.conftest import small_preset
from tui.notices import of_answer


@pytest.mark.parametrize(
    ("key", "old", "words"),
    [("stop.loss", 1e-12, "stops no longer at loss 1e-12"), ("stop.steps", 30, "stops no longer at steps 30")],
)
def test_a_stop_rule_that_is_lifted_is_told_as_that(key: str, old: Any, words: str) -> None:
    spec = small_preset().spec
    applied = protocol.Applied(
        seq=1,
        actor="me",
        lane=0,
        command="resume",
        segment=1,
        step=30,
        state="running",
        changes=(protocol.ChangedField(key=key, old=old, new=None),),
        spec=spec.as_given(),
    )
    (notice,) = of_answer(applied, spec, "", how="", by="", repeated=False)
    assert notice.text == words
