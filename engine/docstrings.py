"""What a class says about itself in its docstring, for tables: there is no second place that could say otherwise."""

from __future__ import annotations

import inspect
import re

_SOURCE = re.compile(r"^Source: (.+?)(?:\. Deviations?\b.*)?$")


def definition(kind: type) -> str:
    """Return the first paragraph of a class's docstring on one line, such as "SGD: θ ← θ − α·g", without its full stop.

    Empty where Python was told to forget docstrings (-OO).
    """
    return _paragraphs(kind)[0].removesuffix(".")


def source(kind: type) -> str:
    """Return the paragraph "Source: …" on one line, without its deviations and its full stop; empty where none is."""
    found = [match[1] for part in _paragraphs(kind) if (match := _SOURCE.match(part))]
    return found[0].removesuffix(".") if found else ""


def _paragraphs(kind: type) -> list[str]:
    # The class's own: an abstract parent's says nothing about it.
    text = inspect.cleandoc(kind.__dict__.get("__doc__") or "")
    return [" ".join(part.split()) for part in text.split("\n\n")]
