"""How texts name a key: by its command, in angle brackets, so that they say the key that is bound now.

"<run.reset> starts again" reads "r starts again", or with whatever else the configuration has given to that command.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from textual.binding import Binding, BindingType
from textual.keys import format_key

from .charts.glyphs import spelled_key

_NAMED = re.compile(r"<([a-z]+(?:\.[a-z0-9-]+)?)>")
_TICKED = re.compile(r"`([^`]+)`")
_SAID = {"enter": "enter", "escape": "esc"}
"""Keys whose name is easier to read in a sentence than their sign."""
_chosen: dict[str, str] = {}


def bind(keymap: Mapping[str, str]) -> None:
    """Name these keys from now on for the commands that they are given to, and the usual ones for all others."""
    _chosen.clear()
    _chosen.update(keymap)
    key_of.cache_clear()


@cache
def key_of(command: str) -> str:
    """Return what is shown of a command's first key, or the command's name where it has none."""
    if command in _chosen:
        return _shown(_chosen[command].split(",")[0])
    from .keys import bindings_of, scope_of  # they bring the screens, which have been there before any text

    for binding in Binding.make_bindings(bindings_of(scope_of(command))):
        if binding.id == command:
            return binding.key_display or _shown(binding.key)
    return command


def with_keys(text: str) -> str:
    """Return a text of this program with the keys in the place of the commands in angle brackets."""
    return _NAMED.sub(lambda found: spelled_key(key_of(found[1])), text)


def rekeyed(text: str, bindings: Iterable[BindingType]) -> str:
    """Return an explanation, in which the usual keys of these commands stand in backticks, with those of now."""
    now: dict[str, str] = {}
    for binding in Binding.make_bindings(bindings):
        if binding.id in _chosen:
            now.setdefault(binding.key_display or _shown(binding.key), key_of(binding.id))
    return _TICKED.sub(lambda found: f"`{now.get(found[1], found[1])}`", text) if now else text


def _shown(key: str) -> str:
    return _SAID.get(key) or format_key(key)
