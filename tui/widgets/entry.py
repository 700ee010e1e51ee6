"""A line to type a value in that takes no other characters than a value can have."""

from __future__ import annotations

from itertools import takewhile

from textual.events import Key, Paste
from textual.widgets import Input

# A comma is no part of a number, but left out of 0,01 it would make it 1: it stays, and is told as a fault.
NUMERIC = frozenset("0123456789+-.,eE")
MARKS = frozenset(" +-.,_")


def takes(character: str, *, is_number: bool) -> bool:
    """Return whether a character can stand in a number, or in a word."""
    return character in NUMERIC if is_number else character.isalnum() or character in MARKS


def pasted(text: str, *, is_number: bool) -> str:
    """Return of a pasted text the characters that can be typed, up to the first line's end or control character."""
    line = takewhile(str.isprintable, text.strip())
    return "".join(character for character in line if takes(character, is_number=is_number))


class Entry(Input):
    """Takes the characters of a number or of a word; all other keys are those of the screen, as `?` is its help."""

    def __init__(self, value: str, *, placeholder: str, is_number: bool, selects: bool) -> None:
        """Show `value`, which is typed over if it `selects`, and else amended."""
        super().__init__(value=value, placeholder=placeholder, compact=True, select_on_focus=selects)
        self._is_number = is_number

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Return whether a key is typed here."""
        return character is not None and takes(character, is_number=self._is_number)

    async def _on_key(self, event: Key) -> None:
        """Leave what is typed nowhere to the screen."""
        if event.is_printable and not self.check_consume_key(event.key, event.character):
            event.prevent_default()

    def _on_paste(self, event: Paste) -> None:
        """Take of a pasted text what could have been typed."""
        event.prevent_default()
        event.stop()
        if text := pasted(event.text, is_number=self._is_number):
            self.replace(text, *self.selection)
