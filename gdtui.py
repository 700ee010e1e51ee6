"""The `gdtui` command: finds the program's own folders and hands over to them.

This is the only name that an installation adds to the world of imports. The folders `engine`, `presets` and
`tui` lie beside this file in a checkout, and in the private folder `gdtui_app` in an installed copy; either way
they go FIRST on the path, as Python does with the folder of any script, so that a folder `engine` of a user's own
(a `PYTHONPATH=.` is enough) is never taken for ours.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

__version__ = "0.1.0"

HERE = Path(__file__).resolve().parent
GARBAGE_THRESHOLD = 50_000
"""How many more objects than before there are when cyclic garbage is looked for."""
APP = HERE / "gdtui_app" if (HERE / "gdtui_app").is_dir() else HERE


def main() -> int:
    """Run the command line and return the exit code."""
    sys.path.insert(0, str(APP))
    # A plugin of pydantic that lies about in this environment is not for us; to look for one takes its time.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # How often a screen looks whether it has something to show: a key waits for that. Frames have a clock of their own.
    os.environ.setdefault("TEXTUAL_FPS", "120")
    # What imports make is no garbage: to look for some after every few hundred objects takes a tenth of the start.
    gc.set_threshold(GARBAGE_THRESHOLD, 20, 50)
    # An engine's process loads neither the command line nor the screen.
    if sys.argv[1:2] in (["_engine"], ["_start"]):
        # The worker looks again.
        gc.disable()
    if sys.argv[1:2] == ["_engine"]:
        from engine.run.worker import main as engine_main

        return engine_main(sys.argv[2:])
    if sys.argv[1:2] == ["_start"]:
        from presets.start import main as start_main

        return start_main()
    if _trains(sys.argv[1:]):
        # The engine takes the longest to load: it begins before the command line is even read.
        from engine.run.process import prepare

        prepare()
    from tui.command import main as command_main

    return command_main(sys.argv[1:])


def _trains(arguments: list[str]) -> bool:
    """Return whether a command line is about to start an engine; a wrong guess costs a process that ends at once."""
    if not arguments or {"-h", "--help"}.intersection(arguments):
        return False
    first = arguments[0]
    return first == "run" or first.endswith(".toml") or os.path.isfile(APP / "presets" / f"{first}.toml")  # noqa: PTH113  a name of any length and bytes


if __name__ == "__main__":
    sys.exit(main())
