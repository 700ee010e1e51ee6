"""What a lesson keeps people from steering: fields of the spec and commands, by name or by group.

    [locks]
    controls = ["settings", "reset"]
    but = ["optimizer.lr"]

leaves the learning rate and nothing else to turn. What is locked is refused by the engine, whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field, ValidationError

from ..errors import InputError
from ..fields import Section
from .changes import LIVE_SECTIONS
from .optimizers import RULES
from .schedules import SCHEDULES
from .spec import MISSING, SECTIONS, blamed

COMMANDS = ("pause", "step", "epoch", "reset", "seed", "sweep")
"""What can be locked beside fields; whoever may not reset a run gives it no new seed either."""
SETTINGS = "settings"
"""The group of all fields."""
BY_LESSON = "locked by the lesson"

Names = Annotated[tuple[Annotated[str, Field(max_length=64)], ...], Field(max_length=100)]


class Locks(Section):
    """The controls that a lesson keeps to itself."""

    controls: Names = Field(
        title="Controls", default=(), description="Fields, whole sections, commands, or settings for every field."
    )
    but: Names = Field(title="But", default=(), description="Fields or sections of these that are free all the same.")

    def holds(self, control: str) -> bool:
        """Return whether a field of the spec, such as "optimizer.lr", or a command, such as "reset", is locked."""
        if control in COMMANDS:
            return control in self.controls or (control == "seed" and "reset" in self.controls)
        section = control.partition(".")[0]
        names = {control, section, SETTINGS} if section in LIVE_SECTIONS else set()
        return names.isdisjoint(self.but) and not names.isdisjoint(self.controls)

    def check(self, controls: Iterable[str]) -> None:
        """Raise `InputError` with a sentence if one of these controls is locked."""
        for control in controls:
            if self.holds(control):
                raise InputError(f"{control}: {BY_LESSON}")

    def words(self) -> str:
        """Return what is locked, in words; nothing where nothing is."""
        named = [
            name for name in self.controls if name == SETTINGS or name in COMMANDS or SETTINGS not in self.controls
        ]
        but = f"; free all the same: {', '.join(map(_in_words, self.but))}" if self.but else ""
        return ", ".join(map(_in_words, named)) + but


NONE = Locks()
"""Everything is free."""


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


def _in_words(control: str) -> str:
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
