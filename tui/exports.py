"""What a person takes along from the screen: a picture of it, or the values that are shown."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from engine.errors import RunError
from engine.places import data_home
from engine.text import clean

MOST_COPIED = 74_000
"""Bytes that terminals take into the clipboard at once: 100,000 characters of base64 are as much as many allow."""


def saved(stem: str, suffix: str, text: str) -> Path:
    """Write a new file into the present folder, or where it cannot be into gdtui's own, and return its path.

    Nothing that is there is overwritten: a number is added to the name.

    Raises:
        RunError: It cannot be written anywhere.
    """
    stem = re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "gdtui"
    problem: OSError | None = None
    for folder in (Path.cwd, lambda: data_home() / "exports"):
        try:
            place = folder()
            place.mkdir(parents=True, exist_ok=True)
            for number in range(1, 10_000):
                path = place / (f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}")
                try:
                    with path.open("x", encoding="utf-8", newline="") as file:
                        file.write(text)
                except FileExistsError:
                    continue
                return path
        except OSError as error:
            problem = error
    reason = problem.strerror if problem is not None else "too many files of this name"
    raise RunError(f"{clean(stem + suffix)}: cannot be written: {reason}")


def as_csv(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as comma-separated values, one line each (RFC 4180)."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
