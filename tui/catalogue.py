"""`gdtui list`: everything that a spec can name, what it is, and where it comes from."""

from __future__ import annotations

import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

import click

from engine.docstrings import definition, source
from engine.method.optimizers import RULES
from engine.method.schedules import SCHEDULES
from engine.subject.activations import ACTIVATIONS
from engine.subject.datasets import DATASETS, DataSetKind
from engine.subject.downloads import DOWNLOADS, Download
from engine.subject.landscapes import LANDSCAPES
from engine.subject.losses import LOSSES
from presets import load, names

from .ascii_text import spelled_out, writes_everything

What = Literal["lessons", "optimizers", "schedules", "landscapes", "data", "activations", "losses", "keys"]
Row = tuple[str, ...]
LEAST_WIDTH = 12
"""Of a column, in characters, however narrow the terminal is."""


def _lessons() -> Iterator[Row]:
    for preset in map(load, names()):
        yield preset.name, preset.title, preset.topic, preset.goal.text if preset.goal is not None else ""


def _classes(kinds: Mapping[str, type]) -> Iterator[Row]:
    for name, kind in kinds.items():
        yield name, definition(kind), source(kind)


def _activations() -> Iterator[Row]:
    for name, activation in ACTIVATIONS.items():
        yield name, activation.formula, source(type(activation))


def _losses() -> Iterator[Row]:
    return _classes({name: type(loss) for name, loss in LOSSES.items()})


def _landscapes() -> Iterator[Row]:
    for name, kind in LANDSCAPES.items():
        yield name, kind.formula, kind.source


def _data() -> Iterator[Row]:
    kinds: dict[str, DataSetKind | Download] = {**DATASETS, **DOWNLOADS}
    for name, kind in kinds.items():
        yield name, kind.description.removesuffix("."), kind.source


def _keys() -> Iterator[Row]:
    from textual.keys import format_key

    from .keys import commands  # it brings the screens, which no other table needs

    for command in commands():
        yield command.name, "  ".join(map(format_key, command.keys)), command.words, command.scope


def _keys_in_force() -> Iterator[Row]:
    from textual.keys import format_key

    from .configuration import read
    from .keys import keymap

    chosen = keymap(read())
    for name, keys, words, scope in _keys():
        given = "  ".join(map(format_key, chosen[name].split(","))) if name in chosen else keys
        yield name, given if given == keys else f"{given}  (not {keys})", words, scope


TABLES: Mapping[What, tuple[Row, Callable[[], Iterator[Row]]]] = {
    "lessons": (("name", "title", "topic", "goal"), _lessons),
    "optimizers": (("name", "update", "source"), lambda: _classes(RULES)),
    "schedules": (("name", "rate", "source"), lambda: _classes(SCHEDULES)),
    "landscapes": (("name", "function", "source"), _landscapes),
    "data": (("name", "what it is", "source"), _data),
    "activations": (("name", "function", "source"), _activations),
    "losses": (("name", "loss", "source"), _losses),
    "keys": (("command", "keys", "what it does", "where"), _keys),
}
"""Headings and rows of every table by its name, as they are for everyone."""


def print_tables(chosen: Sequence[What], *, as_markdown: bool = False) -> int:
    """Print these tables, or all of them where none is chosen."""
    for number, what in enumerate(chosen or TABLES):
        if number:
            click.echo()
        if len(chosen) != 1:
            click.echo(f"## {what.capitalize()}\n" if as_markdown else what.upper())
        for line in markdown(what) if as_markdown else _aligned(what):
            click.echo(line)
    return 0


def markdown(what: What) -> Iterator[str]:
    """Return a table as the lines of Markdown that stand in the README."""
    headings, rows = TABLES[what]
    yield _markdown_row(headings)
    yield "|---" * len(headings) + "|"
    for name, *rest in rows():
        yield _markdown_row((f"`{name}`", *(cell.replace("|", "\\|") for cell in rest)))


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def _aligned(what: What) -> Iterator[str]:
    """Return a table for people: on a terminal wrapped to its width, for another program one row a line."""
    headings, rows = TABLES[what]
    if what == "keys":
        rows = _keys_in_force
    # Spelled out before it is counted: an encoder that has no root would make the cell longer.
    spelled = str if writes_everything(sys.stdout) else spelled_out
    table = [tuple(heading.upper() for heading in headings), *(tuple(map(spelled, row)) for row in rows())]
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    if sys.stdout.isatty():
        room = shutil.get_terminal_size().columns - 2 * (len(widths) - 1)
        while sum(widths) > room and max(widths) > LEAST_WIDTH:
            # What is longest gives way; a name never has to.
            widths[1 + widths[1:].index(max(widths[1:]))] -= 1
    for row in table:
        cells = [textwrap.wrap(cell, width) or [""] for cell, width in zip(row, widths, strict=True)]
        for line in range(max(map(len, cells))):
            parts = [cell[line] if line < len(cell) else "" for cell in cells]
            yield "  ".join(
                part + " " * (width - _width(part)) for part, width in zip(parts, widths, strict=True)
            ).rstrip()


def _width(text: str) -> int:
    """Return how many columns a text takes: the hat of m̂ takes none."""
    return sum(not unicodedata.combining(character) for character in text)
