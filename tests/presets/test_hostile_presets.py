"""Presets travel between strangers: whatever a file or a path holds, it loads or is one sentence, and quickly."""

from __future__ import annotations

import os
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.method.spec import RunSpec
from presets import load, names, parsed_setting, read
from tests.presets.files import GOOD, complaint, is_fine, is_one_safe_line, written

QUICK_S = 1.0
"""A hostile file is refused in milliseconds; one that has found a hole takes seconds, on any machine."""
HOSTILE = {
    "empty": b"",
    "100 kB": b"# " + b"x" * 100_000,
    "33 dots": b"a" + b".a" * 33 + b" = 1",
    "20,000 dots": b"a" + b".a" * 20_000 + b" = 1",
    "20,000 dots with spaces": b"a" + b" . a" * 15_000 + b" = 1",
    "20,000 quoted parts": b'"a"' + b'."a"' * 15_000 + b" = 1",
    "20,000 dots in the name of a table": b"[a" + b".a" * 20_000 + b"]",
    "dots in a table inside a list": b"x = [{a" + b".a" * 20_000 + b" = 1}]",
    "a list 10,000 deep": b"x = " + b"[" * 10_000 + b"]" * 10_000,
    "tables 5,000 deep": b"x = " + b"{a=" * 5_000 + b"1" + b"}" * 5_000,
    "machine code": bytes(range(256)) * 20,
    "UTF-16": "title = 'x'".encode("utf-16"),
    "a byte that is not UTF-8": b'title = "\xff"',
    "half a surrogate pair": b'title = "\\ud800"',
    "a NUL": b'title = "\x00"',
    "a number of 4,400 digits": b"title = 'x'\n[stop]\nsteps = " + b"9" * 4_400,
    "a hexadecimal number of 4,400 digits": b"title = 'x'\n[problem]\n[stop]\nsteps = 0x" + b"f" * 4_400,
    "a number of 4,000 digits": b"title = 'x'\n[problem]\nkind = 'landscape'\n[stop]\nsteps = " + b"9" * 4_000,
    "the same key twice": b"title = 'a'\ntitle = 'b'",
    "control characters in a key": b'"\\u001b[2J\\u202e" = 1\ntitle = "x"\n[problem]\nkind = "landscape"',
    "control characters in a value": b'title = "x"\n[problem]\nkind = "\\u001b]0;owned\\u0007\\n\\n"',
    "a title of 3,000 letters": b'title = "' + b"x" * 3000 + b'"\n[problem]\nkind = "landscape"',
    "nothing but a title": b"title = 'x'",
    "a page of HTML": b"<!DOCTYPE html><html><body>404</body></html>",
    "JSON": b'{"title": "x"}',
    "carriage returns": b"title = 'x'\r[problem]\rkind = 'landscape'\r",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused_quickly_and_in_one_line(places: Path, content: bytes) -> None:
    path = written(places, content)
    began = time.perf_counter()
    text = complaint(path)
    assert time.perf_counter() - began < QUICK_S
    assert len(text) < 1000


def test_a_value_that_python_cannot_print_is_refused_in_one_line(places: Path) -> None:
    """Dots in each of 270 nested tables make it 9,000 deep: fewer brackets than the TOML reader gives up at."""
    deep = (b"{a" + b".a" * 32 + b" = ") * 270 + b"1" + b"}" * 270
    path = written(places, b"title = 'x'\nproblem.kind = 'landscape'\nx = " + deep)
    assert len(complaint(path)) < 1000


def test_escaped_quotes_hide_no_dots(places: Path) -> None:
    """12,000 parts take the TOML reader two seconds and 600 MB."""
    path = written(places, b'"\\"".' * 12_000 + b"a = 1")
    began = time.perf_counter()
    assert "dots" in complaint(path)
    assert time.perf_counter() - began < QUICK_S


def test_a_long_word_is_read_in_the_time_of_a_long_word(places: Path) -> None:
    """Looking for dots must not go through a word once for each of its letters."""
    path = written(places, GOOD.replace("A test", "x" * 1900) + f"# {'x' * 15_000}")
    began = time.perf_counter()
    assert read(path).title == "x" * 1900
    assert time.perf_counter() - began < QUICK_S


def test_a_setting_with_thousands_of_dots_is_refused_quickly() -> None:
    began = time.perf_counter()
    with pytest.raises(InputError):
        load("ravine", [parsed_setting(f"optimizer.lr={{{'a.' * 12_000}a=1}}")])
    assert time.perf_counter() - began < QUICK_S


def test_32_dots_are_not_too_many_to_be_read(places: Path) -> None:
    assert "only" in complaint(written(places, f"title = 'x'\na{'.a' * 32} = 1\n[problem]\nkind = 'landscape'"))


def test_control_characters_of_a_title_never_reach_a_terminal(places: Path) -> None:
    text = GOOD.replace("A test", r"\u001b[2J\u202eevil\u0007").replace('"nothing"', '"""two\nlines"""')
    preset = read(written(places, text))
    assert is_one_safe_line(preset.title)
    assert "evil" in preset.title
    assert is_one_safe_line(preset.see)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_preset_or_one_line(content: bytes) -> None:
    path = Path(os.environ["GDTUI_DATA_DIR"]).parent / "x.toml"
    path.write_bytes(content)
    assert is_fine(lambda: read(path))


@given(st.recursive(st.integers() | st.floats() | st.booleans() | st.text(max_size=5), st.lists, max_leaves=4))
def test_any_value_of_any_kind_in_a_file_is_a_preset_or_one_line(value: object) -> None:
    """Written as TOML would write it; what TOML cannot hold is a line as well."""
    text = repr(value).replace("True", "true").replace("False", "false")
    path = Path(os.environ["GDTUI_DATA_DIR"]).parent / "x.toml"
    path.write_text(GOOD.replace("lr = 0.01", f"lr = {text}"), encoding="utf-8")
    assert is_fine(lambda: read(path))


def test_what_is_no_regular_file_is_refused_and_never_waited_for(places: Path) -> None:
    os.mkfifo(places / "pipe.toml")
    (places / "folder.toml").mkdir()
    (places / "loop.toml").symlink_to(places / "loop.toml")
    for name in ("pipe.toml", "folder.toml"):
        assert "a regular file, this is something else" in complaint(places / name)
    for path in (places / "loop.toml", places / "missing.toml", places / "folder.toml" / "x.toml"):
        assert "no such file" in complaint(path) or "cannot be read" in complaint(path)
    assert "a regular file" in complaint(Path("/dev/zero"))


@pytest.mark.parametrize(
    "name", ["x" * 5000 + ".toml", "nul\0.toml", "\x1b[2J.toml", "\udcff.toml", "./", "/", "//.toml"]
)
def test_a_path_that_cannot_be_one_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(InputError) as caught:
        load(name)
    assert is_one_safe_line(str(caught.value))
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("name", ["", " ", "\x1b[2J", "\n", "-", "x" * 5000, "..", "RAVINE", "ravine.tom"])
def test_a_name_that_is_none_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(InputError) as caught:
        load(name)
    assert is_one_safe_line(str(caught.value))
    assert len(str(caught.value)) < 1000


def test_every_value_that_a_person_gave_survives_being_written_down_and_read_again() -> None:
    """What goes to the engine is what was given: nothing more becomes fixed, nothing is lost."""
    for name in names():
        spec = load(name).spec
        again = RunSpec.model_validate(spec.as_given())
        assert again == spec
        assert again.as_given() == spec.as_given()


def test_a_shipped_preset_is_toml_that_any_reader_reads() -> None:
    folder = Path(__file__).resolve().parents[2] / "presets"
    for path in folder.glob("*.toml"):
        assert tomllib.loads(path.read_text(encoding="utf-8"))["title"]
