"""`gdtui list` knows everything that a preset can name, and the README holds what it prints."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from engine.method.optimizers import RULES
from engine.method.schedules import SCHEDULES
from engine.subject.datasets import DATASETS
from engine.subject.downloads import DOWNLOADS
from engine.subject.landscapes import LANDSCAPES
from presets import names
from tui.catalogue import TABLES, What
from tui.cli import application

ROOT = Path(__file__).resolve().parents[2]
EVERYTHING = {
    "lessons": names(),
    "optimizers": list(RULES),
    "schedules": list(SCHEDULES),
    "landscapes": list(LANDSCAPES),
    "data": [*DATASETS, *DOWNLOADS],
}

Command = Callable[..., Any]


def narrow_terminal(command: list[str], columns: int) -> str:
    """What a command prints on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    done = subprocess.Popen(command, stdout=theirs, env={**os.environ, "COLUMNS": str(columns)})
    os.close(theirs)
    text = b""
    # Linux ends a terminal that nobody writes to any more with an error, others with an empty read.
    with contextlib.suppress(OSError):
        while part := os.read(ours, 65536):
            text += part
    os.close(ours)
    assert done.wait() == 0
    return text.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("what", EVERYTHING)
def test_a_table_has_a_line_for_everything_of_its_kind(gdtui: Command, what: str) -> None:
    listed = gdtui("list", what)
    assert (listed.code, listed.err) == (0, "")
    assert [line.split()[0] for line in listed.lines] == ["NAME", *EVERYTHING[what]]


def test_the_keys_are_those_in_force_and_the_readme_has_the_usual_ones(
    gdtui: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GDTUI_CONFIG_DIR", str(tmp_path))
    usual = gdtui("list", "keys", "--markdown").out
    (tmp_path / "config.toml").write_text('[keys]\n"view.freeze" = "f9"\n')
    (line,) = (line for line in gdtui("list", "keys").lines if line.startswith("view.freeze"))
    assert "f9  (not f)" in line
    assert gdtui("list", "keys", "--markdown").out == usual


def test_without_a_word_every_table_is_printed_under_its_name(gdtui: Command) -> None:
    listed = gdtui("list")
    assert [line for line in listed.lines if line.isupper() and "  " not in line] == [what.upper() for what in TABLES]
    assert all(line in listed.lines for what in TABLES for line in gdtui("list", what).lines)


def test_no_cell_is_empty_but_the_goal_of_a_lesson_that_has_none() -> None:
    for what, (headings, rows) in TABLES.items():
        for row in rows():
            assert len(row) == len(headings)
            assert all(row[: 3 if what == "lessons" else None]), row


def test_the_columns_of_a_table_begin_below_each_other_in_spite_of_hats(gdtui: Command) -> None:
    heading, *lines = gdtui("list", "optimizers").lines
    (adam,) = (line for line in lines if line.startswith("adam "))
    hats = 2
    assert adam.index("D. P. Kingma") == heading.index("SOURCE") + hats


def test_on_a_terminal_a_table_keeps_to_its_width_and_loses_no_word() -> None:
    command = [sys.executable, str(ROOT / "gdtui.py"), "list", "optimizers"]
    shown = narrow_terminal(command, 80)
    assert all(len(line) <= 84 for line in shown.splitlines()), "hats take no column"
    piped = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert sorted(shown.split()) == sorted(piped.split())


def test_an_unknown_table_is_refused_with_those_that_there_are(gdtui: Command) -> None:
    refused = gdtui("list", "colours")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.count("\n") == 1
    assert all(what in refused.err for what in TABLES)


def test_the_command_line_offers_every_table() -> None:
    (argument,) = (part for part in application.commands["list"].params if part.name == "what")
    assert list(argument.type.choices) == list(get_args(What)) == list(TABLES)  # type: ignore[attr-defined]


def test_markdown_keeps_a_bar_out_of_the_columns(gdtui: Command) -> None:
    (adamax,) = (line for line in gdtui("list", "optimizers", "--markdown").lines if line.startswith("| `adamax`"))
    assert "\\|g\\| + ε" in adamax
    assert adamax.replace("\\|", "").count("|") == 4


def test_the_readme_holds_every_table_as_the_program_prints_it() -> None:
    """After a change: python docs/make_tables.py."""
    place = importlib.util.spec_from_file_location("make_tables", ROOT / "docs" / "make_tables.py")
    assert place is not None
    assert place.loader is not None
    make_tables = importlib.util.module_from_spec(place)
    place.loader.exec_module(make_tables)
    text = make_tables.README.read_text("utf-8")
    assert sorted(match[1] for match in make_tables.PLACE.finditer(text)) == sorted(TABLES)
    assert make_tables.with_tables(text) == text, "out of date: python docs/make_tables.py"
