"""Presets travel between strangers: a good one loads as it is, any other is one sentence about what is wrong."""

from __future__ import annotations

import os
import time
import tomllib
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.method.optimizers import RULES
from engine.method.spec import RunSpec
from engine.subject.landscapes import LANDSCAPES
from presets import Preset, Setting, load, names, parsed_setting, read

GOOD = """
title = "A test"
topic = "testing"
see = "nothing"
try = "anything"

[problem]
kind = "landscape"
function = "ravine"
start = [1.0, 1.0]

[optimizer]
name = "momentum"
lr = 0.01
momentum = 0.5
"""
QUICK_S = 1.0
"""A hostile file is refused in milliseconds; one that has found a hole takes seconds, on any machine."""


def written(folder: Path, text: str | bytes, name: str = "test.toml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def is_one_safe_line(text: str) -> bool:
    """Whether nothing in a text ends the line, moves the cursor or turns the direction of writing."""
    moving = ("Cc", "Cs", "Cf", "Zl", "Zp")
    return all(unicodedata.category(character) not in moving or character == "\u200d" for character in text)


def is_fine(action: Callable[[], Preset | Setting]) -> bool:
    """Whether a preset or a setting comes out, or else one line of bearable length; any other error is raised."""
    try:
        action()
    except InputError as error:
        return is_one_safe_line(str(error)) and 0 < len(str(error)) < 1200
    return True


def complaint(path: Path, *settings: str) -> str:
    """What is wrong with a preset, without the path in front."""
    with pytest.raises(InputError) as caught:
        read(path, [parsed_setting(text) for text in settings])
    text = str(caught.value)
    assert is_one_safe_line(text)
    return text.removeprefix(f"{path}: ")


@pytest.mark.parametrize("name", names())
def test_every_shipped_preset_says_what_one_sees_and_what_one_may_try(name: str) -> None:
    preset = load(name)
    assert preset.name == name
    assert all((preset.title, preset.topic, preset.see, preset.try_))
    assert len(preset.title) <= 78, "a title fits into one line of the gallery"


@pytest.mark.parametrize("name", names())
def test_every_shipped_preset_would_end_by_itself(name: str) -> None:
    stop = load(name).spec.stop
    assert any(value is not None for value in stop.model_dump().values())


def test_a_shipped_preset_is_the_same_by_its_name_and_by_its_path() -> None:
    folder = Path(__file__).resolve().parents[2] / "presets"
    for name in names():
        assert read(folder / f"{name}.toml") == load(name)
    assert len(set(names())) == len(names()) == len(list(folder.glob("*.toml")))


def test_a_preset_is_what_its_file_says(places: Path) -> None:
    preset = read(written(places, GOOD, "my ravine.toml"))
    assert (preset.name, preset.title, preset.topic) == ("my ravine", "A test", "testing")
    assert (preset.see, preset.try_) == ("nothing", "anything")
    assert preset.spec.optimizer == RULES["momentum"].model_validate({"lr": 0.01, "momentum": 0.5})


def test_a_name_that_is_nearly_right_is_guessed_and_the_names_are_listed() -> None:
    with pytest.raises(
        InputError,
        match=r"did you mean ravine\? allowed: a name that gdtui presets lists, or",
    ):
        load("ravin")


# ---- settings on top


def test_settings_win_over_the_file_and_the_last_over_the_first(places: Path) -> None:
    path = written(places, GOOD)
    chosen = [parsed_setting(text) for text in ("optimizer.lr=0.5", "stop.steps=7", "optimizer.lr=0.25")]
    spec = read(path, chosen).spec
    assert (spec.optimizer.lr, spec.stop.steps) == (0.25, 7)
    assert spec.as_given()["optimizer"]["momentum"] == 0.5


@pytest.mark.parametrize("rule", list(RULES))
def test_another_optimizer_keeps_of_the_file_what_it_knows(places: Path, rule: str) -> None:
    given = read(written(places, GOOD), [parsed_setting(f"optimizer.name={rule}")]).spec.as_given()["optimizer"]
    assert given.pop("name") == rule
    known = {"lr": 0.01, "momentum": 0.5}
    assert given == {key: value for key, value in known.items() if key in RULES[rule].model_fields}


@pytest.mark.parametrize("order", [1, -1])
def test_a_setting_for_the_new_optimizer_holds_wherever_it_stands(places: Path, order: int) -> None:
    settings = [parsed_setting(text) for text in ("optimizer.name=adam", "optimizer.beta1=0.5")]
    assert read(written(places, GOOD), settings[::order]).spec.as_given()["optimizer"]["beta1"] == 0.5


@pytest.mark.parametrize("function", [name for name in LANDSCAPES if name != "ravine"])
def test_another_landscape_begins_at_its_own_start_with_its_own_knobs(function: str) -> None:
    """The ravine's start, (1, 1), its condition number and a loss of 1e-12 mean nothing to most of them."""
    spec = load("ravine", [parsed_setting(f"problem.function={function}")]).spec
    assert spec.as_given()["problem"] == {"kind": "landscape", "function": function}
    assert (spec.stop.loss is None) == (function not in ENDS_AT_0)
    assert spec.as_given()["optimizer"] == load("ravine").spec.as_given()["optimizer"]


ENDS_AT_0 = {
    *("rosenbrock", "parabola", "sphere", "booth", "matyas", "beale", "himmelblau", "three_hump_camel", "rastrigin"),
    *("ackley", "griewank", "levy", "schwefel"),
}


def test_the_same_landscape_keeps_what_the_file_says_of_it() -> None:
    assert load("ravine", [parsed_setting("problem.function=ravine")]).spec == load("ravine").spec


def test_a_start_for_another_landscape_holds() -> None:
    settings = [parsed_setting(text) for text in ("problem.start=[2.0]", "problem.function=parabola")]
    assert load("ravine", settings).spec.as_given()["problem"]["start"] == [2.0]


def test_a_landscape_that_there_is_not_is_refused_and_takes_nothing_away() -> None:
    with pytest.raises(InputError, match=r"^--set problem.function=mesa: problem.function = 'mesa'; allowed: one of"):
        load("ravine", [parsed_setting("problem.function=mesa")])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=1", 1),
        ("a=1e-3", 1e-3),
        ("a = 0x10", 16),
        ("a=true", True),
        ("a=word", "word"),
        ("a=two-words.and_more", "two-words.and_more"),
        ('a="quoted = text"', "quoted = text"),
        ("a='single'", "single"),
        ("a=[64, 32]", [64, 32]),
        ("a=[]", []),
        ("a=-inf", float("-inf")),
        ("a={b = 1}", {"b": 1}),
        ("a.b.c=full", "full"),
    ],
)
def test_a_value_is_toml_and_a_bare_word_a_string(text: str, value: object) -> None:
    setting = parsed_setting(text)
    assert (setting.key, setting.value) == (text.partition("=")[0].strip(), value)
    assert type(setting.value) is type(value)


@given(st.text(max_size=60))
def test_whatever_is_typed_as_a_setting_is_one_or_is_refused_in_one_line(text: str) -> None:
    assert is_fine(lambda: parsed_setting(text))


@given(st.from_regex(r"[a-z]{1,9}(\.[a-z]{0,5}){0,5}", fullmatch=True), st.text(max_size=20) | st.just("[1]"))
def test_a_setting_of_any_key_gives_a_preset_or_one_line(key: str, value: str) -> None:
    assert is_fine(lambda: load("ravine", [parsed_setting(f"{key}={value}")]))


KEYS = [
    f"{section}.{field}" if isinstance(field, str) else section
    for section, fields in RunSpec.model_json_schema()["properties"].items()
    for field in [None, "x", *RULES["adam"].model_fields, *("size", "norm", "steps", "loss", "name", "kind", "start")]
]
VALUES = st.sampled_from(
    [
        *("1", "-1", "0", "1e400", "nan", "true", "word", '""', "[]", "[[1]]", '["a"]', "{}", "{a = {b = 1}}"),
        *("1979-05-27", "07:32:00", "9" * 25, "9" * 5000, "0.5", "adam", "dataset", "landscape", "full", "'\u202e'"),
    ]
)


@given(st.sampled_from(names()), st.lists(st.tuples(st.sampled_from(KEYS), VALUES), min_size=1, max_size=3))
def test_any_value_for_any_field_gives_a_preset_or_one_line_that_names_the_option(
    name: str, settings: list[tuple[str, str]]
) -> None:
    assert is_fine(lambda: load(name, [parsed_setting(f"{key}={value}") for key, value in settings]))


# ---- what is said about a mistake


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("lr = 0.01", "lr = -1", ("optimizer.lr = -1", "a number > 0 and ≤ 1000000")),
        ("lr = 0.01", 'lr = "fast"', ("optimizer.lr = 'fast'", "a number > 0")),
        ("lr = 0.01", "lr = nan", ("optimizer.lr = nan", "a number > 0")),
        ("lr = 0.01", "lr = inf", ("optimizer.lr = inf", "a number > 0")),
        ("lr = 0.01", "lr = [1]", ("optimizer.lr = [1]", "a number > 0")),
        ("lr = 0.01", "rate = 1", ("optimizer.rate = 1", "only name, lr")),
        ("momentum = 0.5", "momentum = 1", ("optimizer.momentum = 1", "≥ 0 and < 1")),
        ('name = "momentum"', 'name = "adamant"', ("optimizer.name = 'adamant'", '"sgd", "momentum"')),
        ('name = "momentum"', "", ("optimizer.name = missing", '"sgd"')),
        ('kind = "landscape"', 'kind = "casino"', ("problem.kind = 'casino'", '"landscape", "expression", "dataset"')),
        ('kind = "landscape"', 'kind = "dataset"', ("problem", "only kind")),
        ('function = "ravine"', 'function = "canyon"', ("problem.function = 'canyon'", '"ravine"')),
        ("start = [1.0, 1.0]", "start = [1.0]", ("problem.start = [1.0]", "2 numbers")),
        ("start = [1.0, 1.0]", 'start = [1.0, "x"]', ("problem.start.1 = 'x'", "a number")),
        ("start = [1.0, 1.0]", "condition = 0.5", ("problem.condition = 0.5", "≥ 1")),
        ("[problem]", "precision = 'float16'\n[problem]", ("precision = 'float16'", '"float32", "float64"')),
        ("[problem]", "colour = 'red'\n[problem]", ("colour = 'red'", "only problem, data")),
        ("[problem]", "data = 5\n[problem]", ("data = 5", "a table")),
        ("[problem]", "[batch]\nsize = 5\n[problem]", ("batch = {'size': 5}", "has no batch")),
        ("[problem]", "[stop]\nsteps = -1\n[problem]", ("stop.steps = -1", "≥ 0")),
        ("[problem]", "[stop]\nsteps = 1.5\n[problem]", ("stop.steps = 1.5", "a whole number")),
        ('title = "A test"', "", ("title = missing", "text")),
        ('title = "A test"', "title = 5", ("title = 5", "text")),
        ('see = "nothing"', "see = [1]", ("see = [1]", "text")),
    ],
)
def test_a_mistake_is_named_with_file_field_value_and_what_is_allowed(
    places: Path, old: str, new: str, said: tuple[str, ...]
) -> None:
    assert old in GOOD
    text = complaint(written(places, GOOD.replace(old, new, 1)))
    for words in said:
        assert words in text


def test_a_mistake_in_a_setting_is_blamed_on_the_setting(places: Path) -> None:
    path = written(places, GOOD)
    text = complaint(path, "stop.steps=3", "optimizer.lr=-1")
    assert text.startswith("--set optimizer.lr=-1: optimizer.lr = -1; allowed:")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["problem.kind=dataset"], "only kind"),
        (["data.name=moons"], "has no data"),
        (["model.hidden=[1]"], "has no model"),
        (["a.b.c.d.e=1"], "at most two parts"),
        (["problem.start.x=1"], "no such field"),
        (["optimizer.lr.x=1"], "no such field"),
        ([".=1"], "only"),
        (["..=1"], "allowed"),
        (["title=5"], "title"),
    ],
)
def test_settings_that_do_not_fit_the_preset_are_explained(places: Path, settings: list[str], said: str) -> None:
    assert said in complaint(written(places, GOOD), *settings)


def test_a_network_too_large_for_any_memory_is_refused_with_its_size(places: Path) -> None:
    with pytest.raises(InputError, match=r"at most 100,000,000 parameters in all, these have 4,2"):
        load("moons", [parsed_setting("model.hidden=[65536, 65536]")])


# ---- hostile files


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


# ---- hostile paths


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


# ---- a data file


FILE_PRESET = """
title = "A file"
[problem]
kind = "dataset"
[data]
file = "data.npy"
"""


def with_data(folder: Path) -> Path:
    """Write a table of two classes beside a preset that names it; return the preset's path."""
    folder.mkdir(exist_ok=True)
    np.save(folder / "data.npy", np.tile(np.array([[0.5, 0.0], [1.5, 1.0]], np.float32), (5, 1)))
    return written(folder, FILE_PRESET)


def test_the_path_of_a_data_file_is_meant_from_where_it_was_written(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a preset from the preset's folder, in an option from the folder in which one works."""
    preset = with_data(places / "a")
    with_data(places / "b")
    monkeypatch.chdir(places / "b")
    for settings, folder in (([], "a"), (["data.file=data.npy"], "b"), (['data={file = "data.npy"}'], "b")):
        data = read(preset, [parsed_setting(text) for text in settings]).spec.data
        assert data is not None
        assert data.file == str(places / folder / "data.npy")
    monkeypatch.chdir(places)
    data = read(Path("a/test.toml")).spec.data
    assert data is not None
    assert data.file == str(places / "a" / "data.npy")


def test_what_a_data_file_says_is_in_the_spec_from_then_on(places: Path) -> None:
    spec = read(with_data(places / "a")).spec
    assert spec.data is not None
    assert (spec.data.samples, spec.data.features, spec.data.task, spec.data.classes) == (10, 1, "classification", 2)
    assert spec.loss_name == "cross_entropy"
    assert RunSpec.model_validate(spec.as_given()) == spec


def test_a_data_file_in_place_of_a_presets_data_set_and_the_other_way(places: Path) -> None:
    preset = with_data(places / "a")
    data = load("spiral", [parsed_setting(f'data.file="{places}/a/data.npy"')]).spec.data
    assert data is not None
    assert (data.name, data.samples) == (None, 10)
    data = read(preset, [parsed_setting("data.name=moons")]).spec.data
    assert data is not None
    assert (data.name, data.file, data.samples) == ("moons", None, None)


def test_what_a_preset_says_of_its_own_set_is_left_out_for_another_one(places: Path) -> None:
    preset = written(places, FILE_PRESET.replace('file = "data.npy"', 'name = "spiral"\nturns = 2.5\nflips = 0.1'))
    data = read(preset, [parsed_setting("data.name=plane")]).spec.data
    assert data is not None
    assert (data.name, data.turns, data.flips) == ("plane", None, None)
    data = read(preset, [parsed_setting("data.name=circle"), parsed_setting("data.gap=0.3")]).spec.data
    assert data is not None
    assert (data.name, data.gap) == ("circles", 0.3)


@pytest.mark.parametrize(
    ("settings", "start", "said"),
    [
        ([], "data.file = ", "a .npy file of one array"),
        (["data.file=gone.npy"], "--set data.file=gone.npy: data.file = ", "No such file"),
        (["data.file=./"], "--set data.file=./: data.file = ", "there is no train-images-idx3-ubyte in it"),
        (["data.file=5"], "--set data.file=5: data.file = 5", "text"),
        (["data.file=a/data.npy", "data.target=9"], "--set data.target=9: data.target = 9", "from 0 to 1"),
        (["data.file=a/data.npy", "data.features=9"], "--set data.features=9: data.features = 9", "1, which is"),
        (["data.file=a/data.npy", "data.samples=99"], "--set data.samples=99: data.samples = 99", "at most the 10"),
        (["data.file=a/data.npy", "data.scale=unit"], "--set data.scale=unit: data.scale = 'unit'", '"none" or'),
        (["data.file=a/data.npy", "data.noise=1"], "--set data.noise=1: data.noise = 1", "nothing without data.name"),
        (
            ["data.file=a/data.npy", "data.target=0", "data.task=classification"],
            "--set data.task=classification: data.task = 'classification'",
            "of sample 0 is 0.5",
        ),
        (
            ["data.file=a/data.npy", "data.task=regression", "model.loss=cross_entropy"],
            "--set model.loss=cross_entropy: model.loss = 'cross_entropy'",
            "for data set data.npy one of mean_squared_error",
        ),
    ],
)
def test_a_data_file_that_does_not_fit_is_one_line_about_the_field(
    places: Path, monkeypatch: pytest.MonkeyPatch, settings: list[str], start: str, said: str
) -> None:
    with_data(places / "a")
    monkeypatch.chdir(places)
    text = complaint(written(places, FILE_PRESET), *settings)
    assert text.startswith(start)
    assert said in text.partition("; allowed: ")[2]


def test_a_field_can_be_emptied_from_the_command_line() -> None:
    spec = load("ravine", [parsed_setting("stop.loss=empty")]).spec
    assert spec.stop.loss is None
