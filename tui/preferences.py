"""How a person wants the dashboard: what is configured, checked against what there is, and what was chosen last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from textual.theme import BUILTIN_THEMES

from . import remembered
from .configuration import Configuration, Glyphs, read, wrong
from .theme import DARK, THEMES


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a dashboard is opened with."""

    theme: str = DARK.name
    glyphs: Glyphs = "auto"
    frames_per_second: int = Configuration().frames_per_second
    keymap: Mapping[str, str] = field(default_factory=dict)
    """Other keys by the names of their commands, as Textual takes them."""
    remembers: bool = False
    """Whether what is chosen in the dashboard is kept for the next time."""


def preferences() -> Preferences:
    """Return this person's preferences; `InputError` if the configuration is wrong, in one line."""
    configuration = read()
    themes = [*(theme.name for theme in THEMES), *BUILTIN_THEMES]
    if configuration.theme is not None and configuration.theme not in themes:
        raise wrong("theme", configuration.theme, f"one of {', '.join(themes)}")
    last = remembered.recall("theme")
    keymap: Mapping[str, str] = {}
    if configuration.keymap != "usual" or configuration.keys:
        from .keys import keymap as chosen_keys  # it loads every view, for which the first paint does not wait

        keymap = chosen_keys(configuration)
    return Preferences(
        theme=configuration.theme or (last if last in themes else DARK.name),
        glyphs=configuration.glyphs,
        frames_per_second=configuration.frames_per_second,
        keymap=keymap,
        remembers=True,
    )
