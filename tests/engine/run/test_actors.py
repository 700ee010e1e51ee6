"""Who has done something: a name of its own for each process, and words without a number for people."""

from __future__ import annotations

import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.run import actors

OWN = "dashboard 24161"


def test_a_client_is_named_by_its_kind_and_its_process() -> None:
    assert actors.own_name("dashboard") == f"dashboard {os.getpid()}"


@pytest.mark.parametrize(
    ("actor", "words"),
    [
        ("dashboard 31987", "another dashboard"),
        ("dashboard 24161", "yourself"),
        ("run 5", "gdtui run"),
        ("stop 77", "gdtui stop"),
        ("schedule", "gdtui run --at"),
        ("colleague 12", "colleague"),
        ("sweep.py", "sweep.py"),
        ("", "someone else"),
        ("4711", "someone else"),
    ],
)
def test_a_dashboard_is_told_in_words_who_it_was(actor: str, words: str) -> None:
    assert actors.in_words(actor, to=OWN) == words


def test_what_is_no_dashboard_has_no_other_one() -> None:
    assert actors.in_words("dashboard 5", to="run 5") == "a dashboard"


@given(name=st.text(st.characters(exclude_categories=["Nd"]), max_size=64), number=st.integers(0, 1 << 22))
def test_whatever_a_client_calls_itself_its_number_is_not_told_and_nothing_moves_the_cursor(
    name: str, number: int
) -> None:
    words = actors.in_words(f"{name} {number}", to=OWN)
    assert words
    assert not any(unicodedata.category(character) == "Cc" for character in words)
    assert not words.endswith(f" {number}")
