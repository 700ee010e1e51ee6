"""Text for terminals that print nothing but ASCII: any other character becomes one that looks or reads like it."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import TextIO

ERRORS = "gdtui-ascii"
"""The name under which encoders know what stands for a character that they cannot write."""
_SIGNS = {
    sign: like
    for signs, likes in (
        ("αβγδεηθικλμνξπρστφχψωΔΣΠΦΘΩµ−–—×÷·∘⊙•…±≈≠≤≥∞√∂",
         "abgdenqiklmnxprstfcywDSPFQWm---x/..**~~~!<>!vd"),
        ("∇‖∏∈′°ᵀ→←↑↓↗↙↖↘▸◂›‹▶◀▼▲△▽☆★✓✔✗✘●◉○◌◆◇■□▪❚█▓▒░▀",
         "V|Pe'oT><^v//\\\\><><><vAAv**++xx@Ooo*o#s.|#%:.#"),
        ("▄▌▐▕▏▎▍▋▊▉▁▂▃▅▆▇▔“”„‘’╲╱⌊⌋⎛⎜⎝⎞⎟⎠",
         "###||====#__.==#-\"\"\"''\\/[]/|\\\\|/"),
    )
    for sign, like in zip(signs, likes, strict=True)
} | {"⁻": "-", "₋": "-", "🔎": "> "}  # fmt: skip
NUMBERS = {"√v̂": "sqrt(v^)", "½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3"}
KEYS = {"⏎": "enter", "⌫": "backspace", "←": "left", "→": "right", "↑": "up", "↓": "down"}
"""What would be read as another number or key if it took no more cells than before."""
_ROOT = re.compile(r"√([^\W_](?:[\w\u0300-\u036f]|[.,](?=\d))*)?")
"""A root, and what it is of where that has no brackets of its own."""


def in_words(text: str, words: Mapping[str, str]) -> str:
    """Return a text with words in the place of signs, before anyone counts its cells."""
    for sign, word in words.items():
        text = text.replace(sign, word)
    return text


def spelled_out(text: str) -> str:
    """Return running text with its fractions and roots in words, which take more cells than the signs."""
    if "√" in text:
        text = _ROOT.sub(_root_in_words, text.replace("√v̂", NUMBERS["√v̂"]))
    return in_words(text, NUMBERS)


def _root_in_words(found: re.Match[str]) -> str:
    if not found[1]:
        return "sqrt"
    # Of a function's name the brackets are there already.
    is_function = found.string[found.end() : found.end() + 1] == "("
    return f"sqrt {found[1]}" if is_function else f"sqrt({found[1]})"


def in_ascii(text: str) -> str:
    """Return a text in ASCII that takes as many cells."""
    return text if text.isascii() else "".join(map(_sign, text))


@lru_cache(maxsize=1024)
def _sign(character: str) -> str:
    if character.isascii():
        return character
    if character in _SIGNS:
        return _SIGNS[character]
    from rich.cells import cell_len  # nobody needs it who prints ASCII

    cells = cell_len(character)
    name = unicodedata.name(character, "")
    if name.startswith("BOX DRAWINGS"):
        upright = any(way in name for way in ("VERTICAL", "UP", "DOWN"))
        level = any(way in name for way in ("HORIZONTAL", "LEFT", "RIGHT"))
        if upright and level:
            return "+"
        if "DASH" in name:
            return ":" if upright else "-"
        return "|" if upright else "=" if "DOUBLE" in name else "-"
    if name.startswith("BRAILLE PATTERN"):
        return " " if name.endswith("BLANK") else "."
    # A letter with an accent, or a raised or lowered one, is the letter.
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if part.isascii())
    return plain if len(plain) == cells else "?" * cells


def tolerate(stream: TextIO) -> None:
    """Let a stream that cannot write every character write another one in its place."""
    if not writes_everything(stream) and hasattr(stream, "reconfigure"):
        stream.reconfigure(errors=ERRORS)


def writes_everything(stream: object) -> bool:
    """Return whether a stream's encoding has every character there is."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return encoding.lower().replace("-", "").replace("_", "").startswith("utf")


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text, end = error.object, error.end
    root = text.rfind("√", error.start, end)
    if root >= 0 and (found := _ROOT.match(text, root)):
        # What the root is of belongs into its brackets, though it could be written as it is.
        end = max(end, found.end())
    return in_ascii(spelled_out(text[error.start : end])), end


codecs.register_error(ERRORS, _replaced)
