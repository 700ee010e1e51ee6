"""A command line from its words to its exit code: whatever goes wrong is one line on stderr."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TextIO

import click

from engine.errors import GdtuiError, InputError

from .ascii_text import tolerate
from .cli import DONE, FAILED, WRONG_INPUT, application


def main(arguments: list[str]) -> int:
    """Run a command line and return its exit code; whatever goes wrong is one line on stderr."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the shell, as in `>&-`
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  open to the end
        tolerate(getattr(sys, name))
    code = DONE
    try:
        code = _exit_code(arguments)
        sys.stdout.flush()
    except OSError as error:
        _drop_unwritten(sys.stdout)
        if not isinstance(error, BrokenPipeError):  # the reader of a pipe has gone, as in `| head`: nobody to tell
            _complain(f"cannot write: {error.strerror or error}")
        code = code or FAILED
    # What the screen could not write to a terminal that has gone waits in here, and must not change the exit code.
    _drop_unwritten(sys.stderr)
    return code


def _drop_unwritten(stream: TextIO) -> None:
    """Let go of what a stream cannot write: it would fail again at the very end, with an exit code of its own."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _exit_code(arguments: list[str]) -> int:
    try:
        code = application.main(arguments, prog_name="gdtui", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 128 + signal.SIGINT
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path.removesuffix(" open") if context is not None else "gdtui"
        _complain(f"{error.format_message().rstrip('.')}; see {command} --help")
        return WRONG_INPUT
    except InputError as error:
        _complain(str(error))
        return WRONG_INPUT
    except GdtuiError as error:
        _complain(str(error))
        return FAILED
    return code if isinstance(code, int) else DONE


def _complain(text: str) -> None:
    from engine.text import clean

    with contextlib.suppress(OSError):  # the exit code says it as well, where nothing can be written
        print(f"gdtui: {clean(text, 1000)}", file=sys.stderr)
