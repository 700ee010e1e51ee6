"""A good preset loads as it is, with settings on top, and any other is one sentence about what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.method.optimizers import RULES
from engine.method.spec import RunSpec
from engine.subject.landscapes import LANDSCAPES
from presets import load, names, parsed_setting, read
from tests.presets.files import GOOD, complaint, is_fine, written


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


def test_a_field_can_be_emptied_from_the_command_line() -> None:
    spec = load("ravine", [parsed_setting("stop.loss=empty")]).spec
    assert spec.stop.loss is None
