"""What a person has written into `config.toml`: theme, glyphs, frames a second, and other keys.

Nothing heavy is imported here: the file is read before the first paint. `GDTUI_CONFIG_DIR` names another folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from engine.errors import InputError
from engine.text import clean

from .small_file import first_bytes

MOST_BYTES = 256 * 1024
Glyphs = Literal["auto", "braille", "quadrant", "half", "ascii"]
GLYPHS = get_args(Glyphs)
KEYMAPS = ("usual", "vim")
FRAMES = (1, 60)
USUAL_FRAMES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What was chosen; a field that the file does not name has its default."""

    theme: str | None = None
    """A theme's name; without one, the theme that was chosen last."""
    glyphs: Glyphs = "auto"
    """What curves are drawn with; "auto" asks the terminal."""
    frames_per_second: int = USUAL_FRAMES
    """How often the dashboard may be drawn anew, at most."""
    keymap: str = "usual"
    """The set of keys to begin with."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Other keys for single commands: by the command's name, keys separated by commas."""


def path() -> Path:
    """Return where the file is, or would be."""
    chosen = os.environ.get("GDTUI_CONFIG_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute() / "config.toml"
    from platformdirs import user_config_path

    return user_config_path("gdtui", appauthor=False) / "config.toml"


def read() -> Configuration:
    """Return the person's configuration, that of nobody in particular where there is no file.

    Raises:
        InputError: The file cannot be read, or something in it is wrong: one line with the file, the field, its value
            and what is allowed. Names of themes and commands are checked by who knows them.
    """
    file = path()
    try:
        found = first_bytes(file, MOST_BYTES + 1)
        if len(found) > MOST_BYTES:
            raise InputError(f"{clean(str(file))}: more than {MOST_BYTES // 1024} kB; allowed: less")
        text = found.decode()
    except (FileNotFoundError, NotADirectoryError):
        return Configuration()
    except OSError as error:
        raise InputError(f"{clean(str(file))}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise InputError(f"{clean(str(file))}: is not UTF-8 text") from None
    import tomllib

    try:
        given = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{clean(str(file))}: is not TOML: {clean(str(error))}") from None
    for name, value in given.items():
        if name not in _CHECKS:
            raise wrong(name, value, f"one of {', '.join(_CHECKS)}", of_a_name=True)
        right, allowed = _CHECKS[name]
        if not right(value):
            raise wrong(name, value, allowed)
    for name, keys in given.get("keys", {}).items():
        if not (isinstance(keys, str) and keys.strip()):
            raise wrong(key_field(name), keys, 'keys with commas between them, as in "run.pause" = "space,f9"')
    return Configuration(**given)


def wrong(name: str, value: object, allowed: str, *, of_a_name: bool = False) -> InputError:
    """Return what is said about a wrong field, or about the name of one that does not exist."""
    what = f"{clean(name, 60)!r} is no field" if of_a_name else f"{clean(name, 60)} = {clean(_toml(value), 60)}"
    return InputError(f"{clean(str(path()))}: {what}; allowed: {allowed}")


def key_field(command: str) -> str:
    """Return the field with a command's keys, as it would be written on a line of its own."""
    return f'keys."{command}"'


def _toml(value: object) -> str:
    match value:
        case str():
            return f'"{value}"'
        case bool():
            return str(value).lower()
        case dict():
            return "a table"
        case list():
            return "a list"
        case _:
            return str(value)


def _is_rate(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and FRAMES[0] <= value <= FRAMES[1]


_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "theme": (lambda value: isinstance(value, str), "the name of a theme"),
    "glyphs": (lambda value: value in GLYPHS, f"one of {', '.join(GLYPHS)}"),
    "frames_per_second": (_is_rate, f"a whole number from {FRAMES[0]} to {FRAMES[1]}"),
    "keymap": (lambda value: value in KEYMAPS, f"one of {', '.join(KEYMAPS)}"),
    "keys": (lambda value: isinstance(value, dict), 'a table such as [keys] with lines like "run.pause" = "space,f9"'),
}
"""What each field may be."""
