"""A preset's file for a test, and what may be said about one that is wrong."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import InputError
from presets import Preset, Setting, parsed_setting, read

GOOD = """
title = "A test"
topic = "testing"
see = "nothing"
try = "anything"

[problem]
kind = "landscape"
function = "ravine"
start = [1.0, 1.0]

[optimizer]
name = "momentum"
lr = 0.01
momentum = 0.5
"""


def written(folder: Path, text: str | bytes, name: str = "test.toml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def is_one_safe_line(text: str) -> bool:
    """Whether nothing in a text ends the line, moves the cursor or turns the direction of writing."""
    moving = ("Cc", "Cs", "Cf", "Zl", "Zp")
    return all(unicodedata.category(character) not in moving or character == "\u200d" for character in text)


def is_fine(action: Callable[[], Preset | Setting]) -> bool:
    """Whether a preset or a setting comes out, or else one line of bearable length; any other error is raised."""
    try:
        action()
    except InputError as error:
        return is_one_safe_line(str(error)) and 0 < len(str(error)) < 1200
    return True


def complaint(path: Path, *settings: str) -> str:
    """What is wrong with a preset, without the path in front."""
    with pytest.raises(InputError) as caught:
        read(path, [parsed_setting(text) for text in settings])
    text = str(caught.value)
    assert is_one_safe_line(text)
    return text.removeprefix(f"{path}: ")
