"""Tables read what a class says about itself: every rule, schedule, activation and loss says it where it is found."""

from __future__ import annotations

import pytest

from engine.docstrings import definition, source
from engine.method.optimizers import RULES
from engine.method.schedules import SCHEDULES
from engine.subject.activations import ACTIVATIONS
from engine.subject.losses import LOSSES

KINDS = [
    *RULES.values(),
    *SCHEDULES.values(),
    *(type(activation) for activation in ACTIVATIONS.values()),
    *(type(loss) for loss in LOSSES.values()),
]


class Fall:
    """Fall: x ← x − 1.

    For ever.

    By hand: 3, 2, 1.

    Source: A. Author, "On Falling",
    arXiv:1234.5678, eq. 1. Deviation: 1 is a number
    of its own.
    """


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_everything_that_can_be_chosen_names_its_source_in_a_line(kind: type) -> None:
    for text in (definition(kind), source(kind)):
        assert text
        assert "\n" not in text
        assert not text.endswith((".", ":", ","))


def test_a_definition_is_the_first_paragraph_and_a_source_ends_before_its_deviations() -> None:
    assert definition(Fall) == "Fall: x ← x − 1"
    assert source(Fall) == 'A. Author, "On Falling", arXiv:1234.5678, eq. 1'


def test_a_class_does_not_speak_with_its_parents_words() -> None:
    silent = type("Silent", (Fall,), {})
    assert (definition(silent), source(silent)) == ("", "")
