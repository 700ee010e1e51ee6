"""Text for people: what comes from outside made safe to print on a terminal, and counted things."""

from __future__ import annotations

import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
ZERO_WIDTH_JOINER = "\N{ZERO WIDTH JOINER}"
MAXIMUM_MARKS = 4
_FORBIDDEN = frozenset({"Cc", "Cs", "Co", "Cn", "Cf", "Zl", "Zp"})


def clean(text: str, limit: int = 200) -> str:
    """Return `text` on one line, with nothing in it that moves a terminal's cursor.

    Control, format, surrogate, private and unassigned characters become U+FFFD (the zero-width joiner stays: emoji
    need it), more than four combining marks in a row are dropped, and what is longer than `limit` characters ends
    with an ellipsis.
    """
    kept: list[str] = []
    marks = 0
    for character in text[: limit + 1]:
        category = unicodedata.category(character)
        if category in ("Mn", "Me", "Mc"):
            marks += 1
            if marks > MAXIMUM_MARKS:
                continue
        else:
            marks = 0
        forbidden = category in _FORBIDDEN and character != ZERO_WIDTH_JOINER
        kept.append(REPLACEMENT if forbidden else character)
    if len(text) > limit:
        return "".join(kept[: limit - 1]) + "…"
    return "".join(kept)


def counted(number: int, noun: str) -> str:
    """Return a number of things: "1 step", "1,234 steps"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
