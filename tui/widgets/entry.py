"""A field to type a value in that takes no other characters than a value can have."""

from __future__ import annotations

from textual.events import Key
from textual.widgets import Input

# A comma is no part of a number, but left out of 0,01 it would make it 1: it stays, and is told as a fault.
NUMERIC = frozenset("0123456789+-.,eE")
MARKS = frozenset(" +-.,_")


class Entry(Input):
    """Takes the characters of a number or of a word; all other keys are those of the screen, as `?` is its help."""

    def __init__(self, value: str, *, placeholder: str, is_number: bool, id: str) -> None:  # noqa: A002
        """Show `value`, to be typed over; `id` is Textual's."""
        super().__init__(value=value, placeholder=placeholder, id=id, compact=True)
        self._is_number = is_number

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Return whether a key is typed here."""
        return character is not None and self._takes(character)

    def _takes(self, character: str) -> bool:
        return character in NUMERIC if self._is_number else character.isalnum() or character in MARKS

    async def _on_key(self, event: Key) -> None:
        """Leave what is typed nowhere to the screen."""
        if event.is_printable and not (event.character and self._takes(event.character)):
            event.prevent_default()
