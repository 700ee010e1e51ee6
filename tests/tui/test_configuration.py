"""What a person has configured holds, and what is wrong in it is one line that says what would be right."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.binding import Binding
from textual.screen import Screen

from engine.errors import InputError
from presets.launches import launch_of
from tests.tui.conftest import small_preset
from tui import configuration, remembered
from tui.app import GdtuiApp
from tui.configuration import Configuration
from tui.keys import EVERYWHERE, STEPS_OUT, commands, keymap
from tui.opening import launched
from tui.preferences import Preferences, preferences
from tui.screens.dashboard import Dashboard
from tui.theme import DARK

if TYPE_CHECKING:
    from tests.tui.conftest import EndEngines, WaitUntil

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0


@pytest.fixture(autouse=True)
def file(places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which it is written; it does not exist yet."""
    monkeypatch.setenv("GDTUI_CONFIG_DIR", str(tmp_path / "configured"))
    (tmp_path / "configured").mkdir()
    return tmp_path / "configured" / "config.toml"


def test_without_a_file_everything_is_as_usual() -> None:
    assert configuration.read() == Configuration()
    assert preferences().theme == DARK.name
    assert preferences().keymap == {}


def test_what_is_written_holds(file: Path) -> None:
    file.write_text(
        'theme = "gdtui-high-contrast"\nglyphs = "ascii"\nframes_per_second = 10\n[keys]\n"run.pause" = "f9,ctrl+]"\n'
    )
    wanted = preferences()
    assert (wanted.theme, wanted.glyphs, wanted.frames_per_second) == ("gdtui-high-contrast", "ascii", 10)
    assert wanted.keymap == {"run.pause": "f9,ctrl+right_square_bracket"}


def test_the_theme_that_was_chosen_last_comes_back_unless_one_is_configured(file: Path) -> None:
    remembered.keep("theme", "gdtui-light")
    assert preferences().theme == "gdtui-light"
    file.write_text('theme = "nord"')
    assert preferences().theme == "nord"
    file.write_text("")
    remembered.keep("theme", ["no", "theme"])
    assert preferences().theme == DARK.name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("theme = 5", "theme = 5; allowed: the name of a theme"),
        ('theme = "dark"', 'theme = "dark"; allowed: one of gdtui-dark, gdtui-light, '),
        ('glyphs = "dots"', 'glyphs = "dots"; allowed: one of auto, braille, quadrant, half, ascii'),
        ("frames_per_second = 0", "frames_per_second = 0; allowed: a whole number from 1 to 60"),
        ("frames_per_second = true", "frames_per_second = true; allowed: a whole number from 1 to 60"),
        ("frames_per_second = 20.5", "frames_per_second = 20.5; allowed: a whole number from 1 to 60"),
        ('keymap = "emacs"', 'keymap = "emacs"; allowed: one of usual, vim'),
        ("colour = 1", "'colour' is no field; allowed: one of theme, glyphs, frames_per_second, keymap, keys"),
        ("keys = 1", "keys = 1; allowed: a table such as [keys]"),
        ('[keys]\n"run.pause" = ""', 'keys."run.pause" = ""; allowed: keys with commas between them, as in'),
        ('[keys]\n"run.pause" = 5', 'keys."run.pause" = 5; allowed: keys with commas between them'),
        ('[keys]\n"run.step" = "s"\n"run.pause" = true', 'keys."run.pause" = true; allowed: keys with commas'),
        ('[keys]\n"run.pause" = ["space", "f9"]', 'keys."run.pause" = a list; allowed: keys with commas'),
        ('[keys]\nrun.pause = "p"', 'keys."run" = a table; allowed: keys with commas between them, as in'),
        ('[keys]\n"run.pase" = "p"', 'keys."run.pase"\' is no field; allowed: the name of a command: run.pause'),
        ('[keys]\n"run.pause" = "hyper+p"', 'keys."run.pause" = "hyper+p"; allowed: a character, or a name'),
        ('[keys]\n"run.pause" = "p,,,"', 'keys."run.pause" = "p,,,"; allowed: a character, or a name'),
        (
            '[keys]\n"run.pause" = "f9,escape"',
            'keys."run.pause" = "f9,escape"; allowed: keys that step out of nothing: not escape',
        ),
        (
            '[keys]\n"view.back" = "f9"',
            'keys."view.back" = "f9"; allowed: keys with escape among them, which always steps out, as in '
            '"view.back" = "f9,escape"',
        ),
        ('[keys]\n"log.step-out" = "f9"', 'keys."log.step-out" = "f9"; allowed: keys with escape among them'),
        *(
            (
                f'[keys]\n"run.pause" = "f9,{key}"',
                f'keys."run.pause" = "f9,{key}"; allowed: keys that are free everywhere: not {real}, which ',
            )
            for key, real in (
                *((key, key) for key in ("tab", "shift+tab", "enter", "up", "down", "left", "right")),
                ("ctrl+i", "tab"),
                ("ctrl+m", "enter"),
            )
        ),
        ('[keys]\n"log.up" = "tab"', 'keys."log.up" = "tab"; allowed: keys that are free everywhere: not tab, which '),
        (
            '[keys]\n"run.pause" = "s"',
            'keys."run.pause" = "s"; allowed: keys that run.step does not have: not s, unless run.step has another key '
            'in this file, such as "run.step" = "space"',
        ),
        ("[keys", "is not TOML"),
        ("x = " + "[" * 5000, "is not TOML"),
        ("#" * 300_000, "more than 256 kB"),
        ("\x00", "is not TOML"),
    ],
)
def test_what_is_wrong_is_one_line_with_the_file_the_field_its_value_and_what_is_allowed(
    file: Path, text: str, words: str
) -> None:
    file.write_text(text)
    with pytest.raises(InputError) as refused:
        preferences()
    assert str(refused.value).startswith(f"{file}: ")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_cannot_be_read_says_so(file: Path) -> None:
    file.mkdir()
    with pytest.raises(InputError, match="cannot be read: this is not a regular file"):
        preferences()
    file.rmdir()
    file.symlink_to(file)
    with pytest.raises(InputError, match="cannot be read: Too many levels"):
        preferences()
    file.unlink()
    file.write_bytes(b"theme = '\xff'")
    with pytest.raises(InputError, match="is not UTF-8"):
        preferences()


def test_a_pipe_that_nobody_writes_into_is_not_waited_for(file: Path) -> None:
    os.mkfifo(file)
    script = "from tui import configuration; configuration.read()"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert done.stderr.endswith(f"{file}: cannot be read: this is not a regular file\n")


def test_where_there_is_no_file_nothing_is_wrong(file: Path) -> None:
    file.symlink_to("nowhere")
    assert configuration.read() == Configuration()
    file.unlink()
    file.parent.rmdir()
    assert configuration.read() == Configuration()
    file.parent.write_text("a file in the place of the folder")
    assert configuration.read() == Configuration()


def test_two_commands_may_change_places() -> None:
    chosen = keymap(Configuration(keys={"run.pause": "s", "run.step": "space"}))
    assert chosen == {"run.pause": "s", "run.step": "space"}


def test_what_steps_out_may_have_another_key_beside_escape() -> None:
    chosen = keymap(Configuration(keys={"view.back": "f9,escape", "log.step-out": "escape"}))
    assert chosen == {"view.back": "f9,escape", "log.step-out": "escape"}


def test_a_view_may_have_the_keys_that_are_for_what_is_in_focus() -> None:
    assert keymap(Configuration(keys={"curves.alone": "f9", "curves.charts": "enter"}))["curves.charts"] == "enter"


def test_a_refused_key_offers_no_way_that_would_be_refused_as_well() -> None:
    """The key of one view that a command of all views would have may be another command's in another view."""
    with pytest.raises(InputError) as refused:
        keymap(Configuration(keys={"curves.charts": "s"}))
    assert str(refused.value).endswith("not s, unless run.step has another key in this file")
    with pytest.raises(InputError):
        keymap(Configuration(keys={"curves.charts": "s", "run.step": "c"}))
    assert keymap(Configuration(keys={"curves.charts": "s", "run.step": "f9"}))


async def test_keys_that_have_changed_places_do_what_they_say(
    places: object, end_engines: EndEngines, wait_until: WaitUntil
) -> None:
    chosen = keymap(Configuration(keys={"run.pause": "s", "run.step": "space"}))
    app = GdtuiApp(opening=launched(launch_of(small_preset())), preferences=Preferences(keymap=chosen))
    try:
        async with app.run_test(size=(120, 36)) as pilot:
            await wait_until(lambda: isinstance(app.screen, Dashboard) and app.screen.view.step > 0)
            dashboard = app.screen
            assert isinstance(dashboard, Dashboard)
            await pilot.press("s")
            await wait_until(lambda: dashboard.view.state == "paused")
            step = dashboard.view.step
            await pilot.press("space")
            await wait_until(lambda: dashboard.view.step == step + 1)
            assert dashboard.view.state == "paused"
            dashboard.view.client.close()
    finally:
        end_engines()


@pytest.mark.parametrize("keys", [",", "f9,,", "comma"])
def test_a_comma_can_be_a_key(keys: str) -> None:
    assert "comma" in keymap(Configuration(keys={"pace.down": keys}))["pace.down"].split(",")


def test_usually_no_two_commands_that_are_in_force_together_have_the_same_key() -> None:
    for scope in {command.scope for command in commands()}:
        keys = [
            key
            for command in commands()
            if command.scope in (scope, EVERYWHERE)
            for key in command.keys
            if key != STEPS_OUT
        ]
        assert len(keys) == len(set(keys)), (scope, sorted(key for key in keys if keys.count(key) > 1))


def test_under_vi_no_two_commands_that_are_in_force_together_have_the_same_key() -> None:
    chosen = keymap(Configuration(keymap="vim"))
    now = {
        command.name: tuple(chosen[command.name].split(",")) if command.name in chosen else command.keys
        for command in commands()
    }
    for scope in {command.scope for command in commands()}:
        keys = [
            key
            for command in commands()
            if command.scope in (scope, EVERYWHERE)
            for key in now[command.name]
            if key != STEPS_OUT
        ]
        assert len(keys) == len(set(keys)), (scope, sorted(key for key in keys if keys.count(key) > 1))


def test_every_key_of_the_dashboard_is_one_that_can_be_changed() -> None:
    bound = {
        binding.id for kind in Dashboard.__mro__ for binding in Binding.make_bindings(vars(kind).get("BINDINGS", ()))
    }
    unnamed = {None, *(binding.id for binding in Binding.make_bindings(Screen.BINDINGS))}
    assert bound - unnamed <= {command.name for command in commands() if command.scope == EVERYWHERE}


def test_every_command_with_a_key_says_what_it_does() -> None:
    assert [command.name for command in commands() if not command.words] == []


def test_a_wrong_file_ends_the_command_before_there_is_a_screen_or_a_run(file: Path, places: Path) -> None:
    file.write_text("theme = 5")
    script = "import pty, sys; sys.exit(pty.spawn([sys.executable, 'gdtui.py', 'xor']) >> 8)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert done.returncode == 2
    assert "theme = 5; allowed: the name of a theme" in done.stdout
    assert "\x1b[?1049h" not in done.stdout
    from engine.run import directory

    assert not directory.all_runs()
