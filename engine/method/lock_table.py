"""The table `[locks]` of a preset: checked field by field, and told in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from ..errors import InputError
from ..fields import Section
from .live import LIVE_SECTIONS
from .locks import COMMANDS, SETTINGS, Locks
from .optimizers import RULES
from .schedules import SCHEDULES
from .spec import MISSING, SECTIONS, blamed


def checked_locks(table: Any, source: str, sources: dict[str, str] | None = None) -> Locks:
    """Return the locks that a table describes; the sources are as in `checked_spec`.

    Raises:
        InputError: One line that names place, field, value and what is allowed.
    """
    places = sources or {}
    try:
        locks = Locks.model_validate(table)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        name = str(fault["loc"][0]) if fault["loc"] else ""
        key = f"locks.{name}" if name else "locks"
        allowed = "a list of at most 100 names" if name in Locks.model_fields else "a table with controls and but"
        value = MISSING if fault["type"] == "missing" else fault["input"]
        raise InputError(blamed(key, value, allowed, source, places)) from None
    for field, names, known in (
        ("controls", locks.controls, (SETTINGS, *COMMANDS, *LIVE_SECTIONS)),
        ("but", locks.but, LIVE_SECTIONS),
    ):
        for name in names:
            if name not in known and not _is_field(name):
                allowed = f"{', '.join(known)}, or a field such as optimizer.lr"
                raise InputError(blamed(f"locks.{field}", name, allowed, source, places))
    return locks


def in_words(locks: Locks) -> str:
    """Return what is locked, in words; nothing where nothing is."""
    named = [name for name in locks.controls if name == SETTINGS or name in COMMANDS or SETTINGS not in locks.controls]
    but = f"; free all the same: {', '.join(map(_called, locks.but))}" if locks.but else ""
    return ", ".join(map(_called, named)) + but


def _called(control: str) -> str:
    """Return what people call a control."""
    section, _, field = control.partition(".")
    if not field:
        return _WORDS.get(control, control.replace("_", " "))
    kinds: Iterable[type[Section]] = (
        RULES.values() if section == "optimizer" else SCHEDULES.values() if section == "schedule" else ()
    )
    for kind in (*kinds, *filter(None, [SECTIONS.get(section)])):
        if field in kind.model_fields:
            return f"{_WORDS.get(section, section)}: {(kind.model_fields[field].title or field).lower()}"
    return control


_WORDS = {
    SETTINGS: "every setting",
    "pause": "pausing",
    "step": "single steps",
    "epoch": "one epoch at a time",
    "reset": "starting again",
    "seed": "another seed",
    "sweep": "the search for a rate",
    "stop": "the end of the run",
    "batch": "the batches",
    "clip": "clipping",
    "compute": "computing",
    "averaging": "averaging",
    "evaluation": "evaluations",
    "optimizer": "the optimizer",
    "schedule": "the schedule",
    "pace": "the pace",
}


def _is_field(name: str) -> bool:
    """Return whether some spec has a field of this name that can change live."""
    section, _, field = name.partition(".")
    if section not in LIVE_SECTIONS:
        return False
    kinds: Iterable[type[Section]] = (
        RULES.values() if section == "optimizer" else SCHEDULES.values() if section == "schedule" else ()
    )
    return any(field in kind.model_fields for kind in (*kinds, *filter(None, [SECTIONS.get(section)])))
