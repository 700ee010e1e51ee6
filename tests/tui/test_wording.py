"""Endings in the words of people."""

from __future__ import annotations

from typing import Any

import pytest

from engine.method.spec import checked_spec
from tui.wording import reason_in_words


@pytest.mark.parametrize(
    ("stop", "reason", "words"),
    [
        ({"steps": 1}, "steps", "1 step made"),
        ({"steps": 1000}, "steps", "1,000 steps made"),
        ({"epochs": 1}, "epochs", "1 epoch done"),
        ({"epochs": 2}, "epochs", "2 epochs done"),
        ({"loss": 0.5}, "loss", "the loss has reached 0.5"),
        ({"grad_norm": 1e-3}, "grad_norm", "a gradient was shorter than 0.001"),
        ({"plateau": 2000}, "plateau", "no better loss for 2,000 steps"),
        ({"divergence": 10.0}, "divergence", "the loss was more than 10 times that of the first step"),
        ({}, "stopped", "someone stopped it"),
        ({}, "steps", "steps"),
        ({}, "loss", "loss"),
        ({}, "update_norm", "update_norm"),
    ],
)
def test_why_a_run_has_ended_is_a_sentence_also_of_one_step(stop: dict[str, Any], reason: str, words: str) -> None:
    """A stop rule may have been lifted since: then its name must do."""
    spec = checked_spec({"problem": {"kind": "landscape"}, "stop": stop}, "test")
    assert reason_in_words(reason, spec) == words
