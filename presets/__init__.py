"""What to train: one TOML file a lesson, and the loader that checks them.

A file starts with `title`, `topic`, `see` (what a person will see) and `try` (what to turn), then come the sections
of a spec. Drop a file in here and it is in the gallery; `gdtui presets check FILE` says what is wrong with one.
"""

from .loader import Preset, Setting, load, names, parsed_setting, read

__all__ = ["Preset", "Setting", "load", "names", "parsed_setting", "read"]
