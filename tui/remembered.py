"""What the dashboard remembers from one time to the next: a theme, a layout, that the tour was seen.

It is a convenience and never in the way: what cannot be read is forgotten, and what cannot be written is not kept.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from engine.places import data_home

from .small_file import first_bytes

MOST_BYTES = 64 * 1024
"""A larger file was not written by us."""


def _file() -> Path:
    return data_home() / "remembered.json"


def recall(name: str) -> Any:
    """Return what was kept under a name; None where nothing was."""
    return _everything().get(name)


def keep(name: str, value: Any) -> None:
    """Keep something that JSON can hold under a name, in place of what was there."""
    if recall(name) == value:
        return
    path = _file()
    # Of two dashboards that write at the same time one is forgotten, and the file is whole either way.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(json.dumps({**_everything(), name: value}, indent=1) + "\n", encoding="utf-8")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def _everything() -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        text = first_bytes(_file(), MOST_BYTES + 1)
        found = json.loads(text) if len(text) <= MOST_BYTES else None
        if isinstance(found, dict):
            return found
    return {}
