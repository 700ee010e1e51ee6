"""What to train: one TOML file a lesson, and the loader that checks them.

A file starts with `title`, `topic`, `see` (what a person will see) and `try` (what to turn), then come the sections
of a spec, the `[[lanes]]` of a race, a `[goal]`, and `[locks]` for what nobody is to steer. Drop a file in here and it
is in the gallery; `gdtui presets check FILE` says what is wrong with one.

    loader    reads and checks a preset, with a person's own settings on top
    launches  what an engine is told about a preset
    start     the process that checks a preset and then trains it
"""

from .loader import Preset, Setting, chosen_preset, load, names, parsed_setting, read

__all__ = ["Preset", "Setting", "chosen_preset", "load", "names", "parsed_setting", "read"]
