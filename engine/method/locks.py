"""What a lesson keeps people from steering: fields of the spec and commands, by name or by group.

    [locks]
    controls = ["settings", "reset"]
    but = ["optimizer.lr"]

leaves the learning rate and nothing else to turn. What is locked is refused by the engine, whoever asks. The table
itself is checked in `lock_table`, so that who only obeys it need not know all fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from ..errors import InputError
from ..fields import Section
from .live import LIVE_SECTIONS

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


NONE = Locks()
"""Everything is free."""
