"""Text for people: nothing in it moves a cursor, and what is counted is counted grammatically."""

from __future__ import annotations

import pytest

from engine.text import counted


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 steps"), (1, "1 step"), (2, "2 steps"), (1234, "1,234 steps")], ids=str
)
def test_one_thing_is_no_things(number: int, words: str) -> None:
    assert counted(number, "step") == words
