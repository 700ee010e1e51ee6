"""Every command that has a key, and other keys for them: a person's own, or those that vi taught."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from textual.binding import Binding, BindingType
from textual.keys import KEY_ALIASES, Keys

from .configuration import Configuration, key_field, wrong

EVERYWHERE = "everywhere"
STEPS_OUT = "escape"
"""A view has this key while it is inside something, and leaves it to the screen otherwise."""
_FOCUS = ("tab", "shift+tab")
_CHOICE = ("enter", "up", "down", "left", "right")
RESERVED = {
    **dict.fromkeys(_FOCUS, "which leads from one part of the screen to the next"),
    **dict.fromkeys(_CHOICE, "which is for what is in focus: a view, a menu, a form"),
}
"""Keys that no command has that is in force everywhere, and why; no command of a view has the first two."""
_SAME = {alias: key for key, aliases in KEY_ALIASES.items() for alias in aliases}
_NAMED = {key.value for key in Keys} | set(KEY_ALIASES) | {"escape", "insert", "delete"}
_MODIFIERS = ("ctrl+", "shift+", "alt+", "super+", "meta+")

VI = {
    "left": "h",
    "down": "j",
    "up": "k",
    "right": "l",
    "home": "0",
    "end": "G",
    "pageup": "ctrl+b",
    "pagedown": "ctrl+f",
}
"""What vi has for the keys that move."""
VI_ELSEWHERE = {"run.settings": "H", "lane.next": "ctrl+n", "lane.before": "ctrl+k"}
"""Commands whose usual keys move something under vi."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedCommand:
    """A command that has a key."""

    name: str
    """As it stands in a configuration: "run.pause"."""
    keys: tuple[str, ...]
    """Textual's names of its keys."""
    words: str
    scope: str
    """`EVERYWHERE`, or the view in which the keys are in force."""


def scope_of(command: str) -> str:
    """Return the view that a command's name begins with, or `EVERYWHERE`."""
    from .views import VIEWS

    first = command.partition(".")[0]
    return first if any(kind.name == first for kind in VIEWS) else EVERYWHERE


def bindings_of(scope: str) -> Iterator[BindingType]:
    """Return the usual keys of a view, or those that are in force everywhere; no other view is loaded for it."""
    from .screens.dashboard import Dashboard
    from .screens.run_screen import RunScreen
    from .views import VIEWS

    if scope == EVERYWHERE:
        for screen in reversed(Dashboard.__mro__):
            if issubclass(screen, RunScreen):
                yield from screen.BINDINGS
    else:
        (kind,) = [kind for kind in VIEWS if kind.name == scope]
        yield from kind.load().BINDINGS


def commands() -> list[KeyedCommand]:
    """Return every command whose keys can be changed, in the order in which people are to read them."""
    from .views import VIEWS

    found: dict[str, KeyedCommand] = {}
    for scope in (EVERYWHERE, *(kind.name for kind in VIEWS)):
        for binding in Binding.make_bindings(bindings_of(scope)):
            if binding.id is None:
                continue
            before = found.get(binding.id)
            keys = (*before.keys, binding.key) if before is not None else (binding.key,)
            words = before.words if before is not None else binding.tooltip or binding.description
            found[binding.id] = KeyedCommand(name=binding.id, keys=keys, words=words, scope=scope)
    return list(found.values())


def keymap(configuration: Configuration) -> dict[str, str]:
    """Return which commands have other keys than usual, as Textual takes it.

    Raises:
        InputError: A command or a key does not exist, two commands that are in force together have the same key, a
            command has a key that is for something else, or one that steps out lacks the key that always does.
    """
    known = {command.name: command for command in commands()}
    chosen: dict[str, tuple[str, ...]] = _vi(known) if configuration.keymap == "vim" else {}
    for name, keys in configuration.keys.items():
        if name not in known:
            near = get_close_matches(name, known, n=3) or ["a name from `gdtui list keys`"]
            raise wrong(key_field(name), keys, f"the name of a command: {', '.join(near)}", of_a_name=True)
        chosen[name] = tuple(_key(part, name, keys) for part in _parts(keys))
        _refuse_reserved(known[name], chosen[name], keys)
    _refuse_clashes(known, chosen)
    return {name: ",".join(keys) for name, keys in chosen.items()}


def _refuse_reserved(command: KeyedCommand, chosen: tuple[str, ...], written: str) -> None:
    """Refuse keys that are needed for something else wherever they are pressed, and a way in without the way out."""
    # Terminals send the same for tab and ctrl+i.
    keys, steps_out = [_SAME.get(key, key) for key in chosen], STEPS_OUT in command.keys
    name = key_field(command.name)
    if STEPS_OUT in keys and not steps_out:
        raise wrong(name, written, f"keys that step out of nothing: not {STEPS_OUT}, which leaves a layer")
    if steps_out and STEPS_OUT not in chosen:
        example = f'"{command.name}" = "{written.strip()},{STEPS_OUT}"'
        raise wrong(name, written, f"keys with {STEPS_OUT} among them, which always steps out, as in {example}")
    for key in keys:
        if key in (RESERVED if command.scope == EVERYWHERE else _FOCUS):
            raise wrong(name, written, f"keys that are free everywhere: not {key}, {RESERVED[key]}")


def _vi(known: Mapping[str, KeyedCommand]) -> dict[str, tuple[str, ...]]:
    """Return the set of keys for people whose fingers know vi; a view's own letter gives way to a key that moves."""
    chosen: dict[str, tuple[str, ...]] = {name: (key,) for name, key in VI_ELSEWHERE.items() if name in known}
    for scope in {command.scope for command in known.values()} - {EVERYWHERE}:
        inside = [command for command in known.values() if command.scope == scope]
        moving = {
            command.name: (*command.keys, *(VI[key] for key in command.keys if key in VI))
            for command in inside
            if VI.keys() & set(command.keys)
        }
        taken = {key for keys in moving.values() for key in keys}
        for command in inside:
            if command.name not in moving and taken & set(command.keys):
                chosen[command.name] = tuple(f"alt+{key}" if key in taken else key for key in command.keys)
        chosen |= moving
    return chosen


def _refuse_clashes(known: Mapping[str, KeyedCommand], chosen: Mapping[str, tuple[str, ...]]) -> None:
    now = {name: chosen.get(name, command.keys) for name, command in known.items()}
    for name in chosen:
        for other, shared in _clashes(name, known, now):
            allowed = f"keys that {other} does not have: not {min(shared)}, unless {other} has another key in this file"
            # Two that change places leave no clash, unless one of them is in force in more views.
            given = known[name].keys
            if not _clashes(other, known, {**now, other: given}):
                allowed += f', such as "{other}" = "{",".join(given)}"'
            raise wrong(key_field(name), ",".join(now[name]), allowed)


def _clashes(
    name: str, known: Mapping[str, KeyedCommand], now: Mapping[str, tuple[str, ...]]
) -> list[tuple[str, set[str]]]:
    """Return the commands that are in force together with this one and have a key of it, and which keys."""
    mine = known[name].scope
    found: list[tuple[str, set[str]]] = []
    for other, keys in now.items():
        together = EVERYWHERE in (mine, known[other].scope) or known[other].scope == mine
        shared = (set(keys) & set(now[name])) - {STEPS_OUT}
        if other != name and together and shared:
            found.append((other, shared))
    return found


def _parts(keys: str) -> list[str]:
    """Return the keys of a list; a comma itself may be one of them."""
    if keys.strip() == ",":
        return ["comma"]
    return [part.strip() for part in keys.replace(",,", ",comma").split(",")]


def _key(key: str, name: str, keys: str) -> str:
    """Return Textual's name of a key."""
    bare = key
    while bare.startswith(_MODIFIERS):
        bare = bare.partition("+")[2]
    if len(bare) == 1 and bare.isprintable() and bare not in " ,":
        (binding,) = Binding.make_bindings([Binding(bare, "none")])
        return key.removesuffix(bare) + binding.key
    if bare in _NAMED or bare in _character_names():
        return key
    allowed = "a character, or a name such as space, enter, left, f5, comma, ctrl+k"
    raise wrong(key_field(name), keys, allowed)


def _character_names() -> set[str]:
    """Return Textual's names of the characters on a keyboard that are neither letters nor digits."""
    characters = [chr(code) for code in range(33, 127) if not chr(code).isalnum() and chr(code) != ","]
    return {binding.key for binding in Binding.make_bindings(Binding(each, "none") for each in characters)} | {"comma"}
