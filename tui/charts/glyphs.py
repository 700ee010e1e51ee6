"""Which characters a terminal can print."""

from __future__ import annotations

import sys
from os import environ
from typing import Literal

from ..ascii_text import KEYS, in_words, spelled_out, writes_everything

Glyphs = Literal["braille", "quadrant", "half", "ascii"]

_preferred: list[Glyphs] = []


def prefer(glyphs: Glyphs | None) -> None:
    """Draw with these from now on, whatever the terminal seems to be able to print; None asks it again."""
    _preferred[:] = [] if glyphs is None else [glyphs]


def suitable_glyphs() -> Glyphs:
    """Return what was preferred, or what this terminal can print: ASCII on a Linux console or without UTF-8."""
    if _preferred:
        return _preferred[0]
    # Textual replaces sys.stdout while it runs.
    return "braille" if writes_everything(sys.__stdout__) and environ.get("TERM") != "linux" else "ascii"


def spelled(text: str) -> str:
    """Return a text as it is, or with its fractions and roots written out where nothing but ASCII can be printed."""
    return spelled_out(text) if suitable_glyphs() == "ascii" else text


def spelled_key(key: str) -> str:
    """Return what is shown of a key as it is, or in words where nothing but ASCII can be printed."""
    return in_words(key, KEYS) if suitable_glyphs() == "ascii" else key
