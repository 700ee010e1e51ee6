"""Who does something to a run: the exact name for the journal, and the words for people."""

from __future__ import annotations

import os
import re

from ..text import clean

_PROCESS = re.compile(r"\s*[0-9]*\Z")
_COMMANDS = {"run": "gdtui run", "stop": "gdtui stop", "list": "gdtui runs", "schedule": "gdtui run --at"}


def own_name(kind: str) -> str:
    """Return the name of this process as a client of some kind: no two at work have the same."""
    return f"{kind} {os.getpid()}"


def in_words(actor: str, *, to: str) -> str:
    """Return who has done something, in words for the client named `to`; a process's number tells nobody anything."""
    if actor == to:
        return "yourself"
    kind = _PROCESS.sub("", actor)
    if kind == "dashboard":
        return "another dashboard" if _PROCESS.sub("", to) == kind else "a dashboard"
    return _COMMANDS.get(kind) or clean(kind, 40) or "someone else"
