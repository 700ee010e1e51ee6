"""What people type: what is wrong is refused in one line that says where, what, and what would be right."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.errors import InputError
from engine.fields import Section, allowed_values
from engine.method.optimizers import RULES
from engine.method.schedules import SCHEDULES
from engine.method.spec import PROBLEMS, SECTIONS, RunSpec, checked_spec
from engine.subject.datasets import DATASETS
from engine.subject.spec import ExpressionProblem, LandscapeProblem
from tests.engine.method.specs import EXPRESSION, LANDSCAPE, LINE, MOONS

HUGE: dict[str, Any] = {"file": "/huge.npy", "task": "regression", "features": 97, "samples": 1 << 30}
"""A sample of 97 inputs, a one and a target is 396 bytes; 268,435,456 bytes hold 677,867 of them."""
RATE = "a number > 0 and ≤ 1000000"
BETA = "a number ≥ 0 and < 1"

BAD_KNOBS: list[tuple[dict[str, Any], str, str, str]] = [
    ({"curvature": 2.0}, "problem.curvature", "2.0", "only for the functions parabola"),
    ({"function": "parabola", "curvature": 0.0}, "problem.curvature", "0.0", "a number ≥ 1e-06 and ≤ 1000000"),
    ({"dimension": 1}, "problem.dimension", "1", "only for the functions sphere, "),
    ({"function": "sphere", "dimension": 3}, "problem.dimension", "3", "a whole number ≥ 1 and ≤ 2"),
    ({"function": "sphere", "dimension": 1, "start": [1.0, 2.0]}, "problem.start", "[1.0, 2.0]", "1 number"),
    ({"function": "sphere", "start": [1.0]}, "problem.start", "[1.0]", "2 numbers"),
    ({"function": "parabola", "rotation": 5.0}, "problem.rotation", "5.0", "only where there are two coordinates"),
    ({"function": "sphere", "dimension": 1, "rotation": 5}, "problem.rotation", "5.0", "only where there are two"),
    ({"rotation": 361.0}, "problem.rotation", "361.0", "a number ≥ -360 and ≤ 360"),
    ({"outlier_step": 3}, "problem.outlier_step", "3", "only for the functions outlier"),
    ({"function": "outlier", "outlier_step": 0}, "problem.outlier_step", "0", "a whole number ≥ 1 and ≤ 10000"),
    ({"function": "reddi", "start": [1.5]}, "problem.start", "[1.5]", "from -1 to 1"),
]

BAD: list[tuple[dict[str, Any], str, str, str]] = [
    ({}, "problem", "missing", "a table"),
    ({"problem": 5}, "problem", "5", "a table"),
    ({"problem": {}}, "problem.kind", "missing", 'one of "landscape", "expression", "dataset"'),
    ({"problem": {"kind": "text"}}, "problem.kind", "'text'", 'one of "landscape", "expression", "dataset"'),
    (
        {"problem": {"kind": ["landscape"]}},
        "problem.kind",
        "['landscape']",
        'one of "landscape", "expression", "dataset"',
    ),
    ({"problem": {"kind": "landscape", "function": "mesa"}}, "problem.function", "'mesa'", 'one of "ravine"'),
    ({"problem": {"kind": "landscape", "function": 1}}, "problem.function", "1", 'one of "ravine"'),
    ({"problem": {"kind": "landscape", "start": 1.0}}, "problem.start", "1.0", "a list, each entry a number"),
    ({"problem": {"kind": "landscape", "start": [1.0]}}, "problem.start", "[1.0]", "2 numbers"),
    ({"problem": {"kind": "landscape", "start": []}}, "problem.start", "[]", "2 numbers"),
    ({"problem": {"kind": "landscape", "start": [1, math.nan]}}, "problem.start.1", "nan", "each entry a number"),
    ({"problem": {"kind": "landscape", "start": [math.inf, 1]}}, "problem.start.0", "inf", "each entry a number"),
    ({"problem": {"kind": "landscape", "start": [1, "b"]}}, "problem.start.1", "'b'", "each entry a number"),
    ({"problem": {"kind": "landscape", "condition": 0.5}}, "problem.condition", "0.5", "a number ≥ 1 and ≤ 1000000"),
    (
        {"problem": {"kind": "landscape", "function": "rosenbrock", "condition": 2}},
        "problem.condition",
        "2.0",
        "only for the functions ravine",
    ),
    *(({"problem": {"kind": "landscape", **knobs}}, key, value, allowed) for knobs, key, value, allowed in BAD_KNOBS),
    ({"problem": {"kind": "landscape", "samples": 3}}, "problem.samples", "3", "only kind, function, start, condition"),
    ({"problem": {"kind": "dataset", "function": "ravine"}}, "problem.function", "'ravine'", "only kind"),
    (
        {**LANDSCAPE, "data": {"name": "moons"}},
        "data",
        "{'name': 'moons'}",
        'a problem of kind "landscape" has no data',
    ),
    ({**LANDSCAPE, "model": {"hidden": [3]}}, "model", "{'hidden': (3,)}", "has no model"),
    ({**LANDSCAPE, "batch": {"size": 3}}, "batch", "{'size': 3}", "has no batch"),
    ({"problem": {"kind": "expression"}}, "problem.expression", "missing", "text"),
    ({"problem": {"kind": "expression", "expression": 5}}, "problem.expression", "5", "text"),
    ({"problem": {"kind": "expression", "expression": ""}}, "problem.expression", "''", "where the text ends"),
    (
        {"problem": {"kind": "expression", "expression": "x."}},
        "problem.expression",
        "'x.'",
        "FULL STOP) at character 2",
    ),
    (
        {"problem": {"kind": "expression", "expression": "y*x", "start": [1.0]}},
        "problem.start",
        "[1.0]",
        "2 numbers, for y, x",
    ),
    (
        {"problem": {"kind": "expression", "expression": "y*x", "variables": ["x", "y"], "start": []}},
        "problem.start",
        "[]",
        "2 numbers, for x, y",
    ),
    (
        {"problem": {"kind": "expression", "expression": "y*x", "variables": ["x"]}},
        "problem.variables",
        "['x']",
        "the function's variables, each once: y, x",
    ),
    (
        {"problem": {"kind": "expression", "expression": "y*x", "variables": ["x", "y", "x"]}},
        "problem.variables",
        "['x', 'y', 'x']",
        "each once: y, x",
    ),
    (
        {"problem": {"kind": "expression", "expression": "x", "function": "ravine"}},
        "problem.function",
        "'ravine'",
        "only kind, expression, variables, start",
    ),
    ({**EXPRESSION, "data": {"name": "moons"}}, "data", "{'name': 'moons'}", 'of kind "expression" has no data'),
    ({**EXPRESSION, "model": {"hidden": [3]}}, "model", "{'hidden': (3,)}", 'of kind "expression" has no model'),
    ({**EXPRESSION, "batch": {"size": 3}}, "batch", "{'size': 3}", 'of kind "expression" has no batch'),
    (
        {"problem": {"kind": "landscape", "function": "reddi"}, "model": {"hidden": [3]}},
        "model",
        "{'hidden': (3,)}",
        "has",
    ),
    (
        {"problem": {"kind": "landscape", "function": "reddi"}, "line_search": {"name": "armijo"}},
        "line_search.name",
        "'armijo'",
        '"none" on reddi',
    ),
    ({"problem": {"kind": "dataset"}}, "data.name", "missing", 'one of "digits", "iris", "wine"'),
    ({**MOONS, "data": {}}, "data.name", "missing", 'one of "digits", "iris", "wine"'),
    ({**MOONS, "data": {"name": "cifar"}}, "data.name", "'cifar'", 'one of "digits", "iris", "wine"'),
    ({**MOONS, "data": "moons"}, "data", "'moons'", "a table"),
    ({**MOONS, "data": {"name": "moons", "samples": 3}}, "data.samples", "3", "a whole number ≥ 4 and ≤"),
    ({**MOONS, "data": {"name": "moons", "samples": 9.5}}, "data.samples", "9.5", "a whole number ≥ 4"),
    ({**MOONS, "data": {"name": "digits", "samples": 1798}}, "data.samples", "1798", "at most 1797 for digits"),
    ({**MOONS, "data": {"name": "moons", "noise": -0.1}}, "data.noise", "-0.1", "a number ≥ 0 and ≤ 10"),
    ({**MOONS, "data": {"name": "moons", "noise": math.nan}}, "data.noise", "nan", "a number ≥ 0 and ≤ 10"),
    ({**MOONS, "data": {"name": "moons", "held_out": 1.0}}, "data.held_out", "1.0", "a number ≥ 0 and ≤ 0.9"),
    ({**MOONS, "data": {"name": "moons", "path": "x"}}, "data.path", "'x'", "only name, file, target, task"),
    ({**MOONS, "data": {"name": "moons", "samples": 1 << 22}}, "data.samples", "4194304", "at most 2097152 for moons"),
    ({**MOONS, "data": {"name": "moons", "file": "x"}}, "data.file", "'x'", "nothing beside data.name"),
    ({**MOONS, "data": {"name": "moons", "target": 1}}, "data.target", "1", "nothing without data.file"),
    (
        {**MOONS, "data": {"name": "moons", "scale": "unit"}},
        "data.scale",
        "'unit'",
        '"none" or "standardise" for moons',
    ),
    ({**MOONS, "data": {"name": "moons", "turns": 2.5}}, "data.turns", "2.5", "nothing for moons; of the sets spiral"),
    ({**MOONS, "data": {"name": "spiral", "turns": 99.5}}, "data.turns", "99.5", "a number ≥ 0.1 and ≤ 10 for spiral"),
    ({**MOONS, "data": {"name": "circle", "gap": 0.5}}, "data.gap", "0.5", "a number ≥ 0 and ≤ 0.45 for circles"),
    (
        {**MOONS, "data": {"name": "plane", "flips": 0.1}},
        "data.flips",
        "0.1",
        "nothing for plane; of the sets digits, iris",
    ),
    (
        {**MOONS, "data": {"name": "wine", "zoom": 2.5}},
        "data.zoom",
        "2.5",
        "nothing for wine; of the sets spiral, circles",
    ),
    (
        {**MOONS, "data": {"name": "blobs", "imbalance": 0.5}},
        "data.imbalance",
        "0.5",
        "of the sets spiral, circles, xor, gauss",
    ),
    ({**MOONS, "data": {"name": "moons", "outliers": 0.9}}, "data.outliers", "0.9", "a number ≥ 0 and ≤ 0.5 for moons"),
    ({**MOONS, "data": {"name": "moons", "flips": True}}, "data.flips", "True", "a number"),
    ({**MOONS, "data": {"file": "x", "flips": 0.5}}, "data.flips", "0.5", "nothing without data.name"),
    ({**MOONS, "data": {"file": "x", "noise": 0.5}}, "data.noise", "0.5", "nothing without data.name"),
    ({**MOONS, "data": {"file": ""}}, "data.file", "''", "text"),
    ({**MOONS, "data": {"file": "x", "target": -1}}, "data.target", "-1", "a whole number ≥ 0"),
    ({**MOONS, "data": {"file": "x", "task": "sorting"}}, "data.task", "'sorting'", '"classification", "regression"'),
    ({**MOONS, "data": {"file": "x", "scale": "log"}}, "data.scale", "'log'", '"none", "standardise", "unit"'),
    ({**MOONS, "data": {"file": "x", "classes": 1}}, "data.classes", "1", "a whole number ≥ 2 and ≤ 65536"),
    (
        {**MOONS, "data": {"file": "x", "task": "regression", "classes": 2}},
        "data.classes",
        "2",
        'nothing where data.task is "regression"',
    ),
    (
        {**MOONS, "data": HUGE, "model": {"loss": "mean_squared_error"}, "batch": {"size": "full"}},
        "batch.size",
        "'full'",
        "at most 677,867 for huge.npy: a batch is held in memory, and may take 256 MB of it",
    ),
    ({**MOONS, "data": HUGE, "batch": {"size": 677_868}}, "batch.size", "677868", "at most 677,867 for huge.npy"),
    (
        {**MOONS, "data": HUGE, "model": {"loss": "cross_entropy"}},
        "model.loss",
        "'cross_entropy'",
        "for data set huge.npy one of mean_squared_error",
    ),
    ({**MOONS, "data": HUGE, "model": {"hidden": [65536, 65536]}}, "model.hidden", "[65536, 65536]", "at most 100,000"),
    ({**MOONS, "model": 3}, "model", "3", "a table"),
    ({**MOONS, "model": {"hidden": 3}}, "model.hidden", "3", "a list of at most 64 entries, each"),
    ({**MOONS, "model": {"hidden": [8, 0]}}, "model.hidden.1", "0", "each entry a whole number ≥ 1 and ≤ 65536"),
    ({**MOONS, "model": {"hidden": [65537]}}, "model.hidden.0", "65537", "each entry a whole number ≥ 1 and ≤ 65536"),
    (
        {**MOONS, "model": {"hidden": [60000, 60000]}},
        "model.hidden",
        "[60000, 60000]",
        "at most 100,000,000 parameters",
    ),
    ({**MOONS, "model": {"activation": "step"}}, "model.activation", "'step'", 'one of "relu", "tanh"'),
    ({**MOONS, "model": {"loss": "hinge"}}, "model.loss", "'hinge'", 'one of "mean_squared_error"'),
    (
        {**LINE, "model": {"loss": "cross_entropy"}},
        "model.loss",
        "'cross_entropy'",
        "for data set line one of mean_squ",
    ),
    (
        {**MOONS, "data": {"name": "blobs"}, "model": {"loss": "binary_cross_entropy"}},
        "model.loss",
        "'binary_cross_entropy'",
        "for data set blobs one of mean_squared_error, huber, cross_entropy",
    ),
    ({**MOONS, "model": {"init": "zero"}}, "model.init", "'zero'", 'one of "he", "xavier"'),
    ({**LANDSCAPE, "optimizer": {}}, "optimizer.name", "missing", 'one of "sgd", "momentum"'),
    ({**LANDSCAPE, "optimizer": {"name": "sgdd"}}, "optimizer.name", "'sgdd'", 'one of "sgd", "momentum"'),
    ({**LANDSCAPE, "optimizer": "sgd"}, "optimizer", "'sgd'", "a table"),
    ({**LANDSCAPE, "optimizer": {"name": "sgd", "lr": 0}}, "optimizer.lr", "0", RATE),
    ({**LANDSCAPE, "optimizer": {"name": "sgd", "lr": 5e-324}}, "optimizer.lr", "0.0", RATE),
    ({**LANDSCAPE, "optimizer": {"name": "sgd", "lr": math.inf}}, "optimizer.lr", "inf", RATE),
    ({**LANDSCAPE, "optimizer": {"name": "sgd", "lr": [0.1]}}, "optimizer.lr", "[0.1]", RATE),
    ({**LANDSCAPE, "optimizer": {"name": "sgd", "sgd": 1}}, "optimizer.sgd", "1", "only name, lr, weight_decay"),
    ({**LANDSCAPE, "optimizer": {"name": "adam", "beta1": 1.0}}, "optimizer.beta1", "1.0", BETA),
    ({**LANDSCAPE, "optimizer": {"name": "adam", "eps": 0.0}}, "optimizer.eps", "0.0", "a number ≥ 1e-30 and ≤ 1"),
    ({**LANDSCAPE, "optimizer": {"name": "rmsprop", "rho": -0.1}}, "optimizer.rho", "-0.1", BETA),
    ({**LANDSCAPE, "optimizer": {"name": "rmsprop", "centered": 2}}, "optimizer.centered", "2", "true or false"),
    ({**LANDSCAPE, "schedule": {"name": "sine"}}, "schedule.name", "'sine'", 'one of "constant", "step"'),
    ({**LANDSCAPE, "schedule": {"name": None}}, "schedule.name", "empty", 'one of "constant", "step"'),
    ({**LANDSCAPE, "schedule": "cosine"}, "schedule", "'cosine'", "a table"),
    ({**LANDSCAPE, "schedule": {"gamma": 1}}, "schedule.gamma", "1", "only name, per, warmup"),
    ({**LANDSCAPE, "schedule": {"name": "cosine", "steps": 0}}, "schedule.steps", "0", "a whole number ≥ 1"),
    ({**LANDSCAPE, "schedule": {"name": "cosine", "gamma": 1}}, "schedule.gamma", "1", "only name, per, warmup"),
    ({**LANDSCAPE, "schedule": {"hold": 0}}, "schedule.hold", "0", RATE),
    ({**LANDSCAPE, "schedule": {"per": "day"}}, "schedule.per", "'day'", 'one of "step", "epoch"'),
    (
        {**LANDSCAPE, "schedule": {"name": "multistep", "milestones": "soon"}},
        "schedule.milestones",
        "'soon'",
        'text such as "500, 750"',
    ),
    ({**MOONS, "batch": {"size": 0}}, "batch.size", "0", '"full" or a whole number ≥ 1 and ≤ 16777216'),
    ({**MOONS, "batch": {"size": "all"}}, "batch.size", "'all'", '"full" or a whole number ≥ 1'),
    ({**MOONS, "batch": {"shuffle": "often"}}, "batch.shuffle", "'often'", "true or false"),
    ({**LANDSCAPE, "clip": {"norm": 0}}, "clip.norm", "0", "a number > 0 and ≤ 1000000000000"),
    ({**LANDSCAPE, "seed": {"init": -1}}, "seed.init", "-1", "a whole number ≥ 0"),
    ({**LANDSCAPE, "seed": {"data": 1 << 63}}, "seed.data", "9223372036854775808", "a whole number ≥ 0"),
    ({**LANDSCAPE, "stop": {"steps": 2.5}}, "stop.steps", "2.5", "a whole number ≥ 0"),
    ({**LANDSCAPE, "stop": {"update_norm": 0.0}}, "stop.update_norm", "0.0", "a number > 0"),
    ({**LANDSCAPE, "stop": {"loss": math.nan}}, "stop.loss", "nan", "a number"),
    ({**LANDSCAPE, "stop": {"never": 1}}, "stop.never", "1", "only steps, epochs, update_norm, loss, grad_norm"),
    ({**MOONS, "evaluation": {"every": 0}}, "evaluation.every", "0", "a whole number ≥ 1"),
    ({**LANDSCAPE, "pace": {"steps_per_second": 0}}, "pace.steps_per_second", "0", "a number > 0 and ≤ 1000000000"),
    ({**LANDSCAPE, "precision": "half"}, "precision", "'half'", 'one of "float32", "float64"'),
    (
        {**LANDSCAPE, "optimiser": {"name": "sgd"}},
        "optimiser",
        "{'name': 'sgd'}",
        "only problem, data, model, optimizer",
    ),
]


@pytest.mark.parametrize(("data", "key", "value", "allowed"), BAD, ids=[f"{key}={value}" for _, key, value, _ in BAD])
def test_what_is_wrong_is_refused_in_one_line_with_place_field_value_and_remedy(
    data: dict[str, Any], key: str, value: str, allowed: str
) -> None:
    with pytest.raises(InputError) as refusal:
        checked_spec(data, "lesson.toml")
    message = str(refusal.value)
    start, _, end = message.partition("; allowed: ")
    assert start == f"lesson.toml: {key} = {value}"
    assert allowed in end
    assert message.isprintable()


def test_a_list_that_is_too_long_is_told_how_long_it_may_be() -> None:
    with pytest.raises(InputError, match="64"):
        checked_spec({**MOONS, "model": {"hidden": [2] * 65}}, "lesson.toml")


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("optimizer", {"name": "sgd", "lr": True}),
        ("optimizer", {"name": "sgd", "lr": "0.1"}),
        ("stop", {"steps": True}),
        ("stop", {"steps": "5"}),
        ("optimizer", {"name": "adam", "bias_correction": "yes"}),
    ],
)
def test_a_value_of_another_type_is_refused(section: str, values: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        checked_spec({**LANDSCAPE, section: values}, "lesson.toml")


@pytest.mark.parametrize(
    ("section", "values"), [("seed", {"init": 1 << 20_000}), ("optimizer", {"name": "sgd", "lr": 1 << 20_000})]
)
def test_a_number_with_thousands_of_digits_is_refused_like_any_other(section: str, values: dict[str, Any]) -> None:
    """TOML reads 0xfff… of any length, so a file can hold one."""
    with pytest.raises(InputError):
        checked_spec({**LANDSCAPE, section: values}, "lesson.toml")


@pytest.mark.parametrize("key", ["steps", "epochs"])
def test_a_number_of_steps_that_no_record_can_hold_is_refused(key: str) -> None:
    with pytest.raises(InputError):
        checked_spec({**LANDSCAPE, "stop": {key: 1 << 64}}, "lesson.toml")


def test_a_value_from_an_option_is_blamed_on_the_option() -> None:
    option = {"optimizer.lr": "--set optimizer.lr=-1"}
    with pytest.raises(InputError, match=r"^--set optimizer\.lr=-1: optimizer\.lr = -1; allowed: "):
        checked_spec({**LANDSCAPE, "optimizer": {"name": "sgd", "lr": -1}}, "lesson.toml", option)
    with pytest.raises(InputError, match=r"^lesson\.toml: stop\.steps = -1; allowed: "):
        checked_spec({**LANDSCAPE, "stop": {"steps": -1}}, "lesson.toml", option)


def test_an_option_for_a_whole_table_is_blamed_for_what_is_in_it() -> None:
    with pytest.raises(InputError, match=r"^--set problem\.start=.*: problem\.start\.1 = nan; allowed: "):
        checked_spec(
            {"problem": {"kind": "landscape", "start": [1.0, math.nan]}},
            "lesson.toml",
            {"problem.start": "--set problem.start=[1, nan]"},
        )


@pytest.mark.parametrize("data", [*({**MOONS, "data": {"name": name}} for name in DATASETS), LANDSCAPE, EXPRESSION])
def test_what_is_right_is_taken_and_comes_back_as_it_was_given(data: dict[str, Any]) -> None:
    spec = checked_spec(data, "lesson.toml")
    given = spec.as_given()
    assert given == {**data, "optimizer": {"name": "sgd"}}
    assert checked_spec(given, "lesson.toml") == spec


@pytest.mark.parametrize(
    ("given", "size", "shuffle"),
    [
        ({}, 1, False),
        ({"batch": {"shuffle": True}}, 1, True),
        ({"batch": {"size": "full"}}, "full", False),
    ],
)
def test_lines_are_taken_one_by_one_in_their_order_unless_someone_says_otherwise(
    given: dict[str, Any], size: int | str, shuffle: bool
) -> None:
    spec = checked_spec({"problem": {"kind": "landscape", "function": "reddi"}, **given}, "lesson.toml")
    assert (spec.batch.size, spec.batch.shuffle) == (size, shuffle)
    assert spec.as_given().get("batch") == given.get("batch")
    assert checked_spec(spec.as_given(), "again.toml") == spec


@pytest.mark.parametrize(
    ("problem", "formula", "start"),
    [
        ({"function": "sphere"}, "x² + y²", (4.0, 3.0)),
        ({"function": "sphere", "dimension": 1}, "x²", (4.0,)),
        ({"function": "outlier", "outlier_step": 7}, "x, but 100x where t mod 10,000 = 7", (4.0,)),
        ({"function": "saddle", "rotation": 90.0}, "x² − y², turned by 90° about (0, 0)", (-1e-4, 1.0)),
        ({"function": "saddle", "rotation": 0.0}, "x² − y²", (1.0, 1e-4)),
    ],
)
def test_a_landscape_is_the_function_with_the_knobs_as_given(
    problem: dict[str, Any], formula: str, start: tuple[float, ...]
) -> None:
    spec = checked_spec({"problem": {"kind": "landscape", **problem}}, "lesson.toml")
    assert isinstance(spec.problem, LandscapeProblem)
    assert spec.problem.landscape.formula == formula
    assert spec.problem.landscape.start == pytest.approx(start)


@pytest.mark.parametrize("name", RULES)
def test_a_rules_settings_survive_the_way_to_a_file_and_back(name: str) -> None:
    spec = checked_spec({**MOONS, "optimizer": {"name": name, "lr": 0.25}, "batch": {"size": "full"}}, "lesson.toml")
    assert spec.as_given()["optimizer"] == {"name": name, "lr": 0.25}
    assert checked_spec(spec.as_given(), "again.toml") == spec


@pytest.mark.parametrize(
    ("data", "loss"), [("moons", "cross_entropy"), ("digits", "cross_entropy"), ("line", "mean_squared_error")]
)
def test_the_loss_that_nobody_named_fits_the_data(data: str, loss: str) -> None:
    assert checked_spec({**MOONS, "data": {"name": data}}, "lesson.toml").loss_name == loss


def test_every_field_can_say_what_it_takes() -> None:
    """Texts in a complaint are made from the fields, so every field of every section needs one."""
    sections: list[type[Section]] = [*SECTIONS.values(), *RULES.values(), *SCHEDULES.values(), *PROBLEMS]
    for section in sections:
        for name in section.model_fields:
            assert allowed_values(section, name), (section, name)


def test_every_section_can_be_named_in_a_complaint() -> None:
    sections = {
        name
        for name, field in RunSpec.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
    }
    assert sections - {"optimizer", "schedule"} <= SECTIONS.keys()
    assert "compute" in sections


def test_a_typed_in_function_starts_at_1_unless_someone_says_otherwise() -> None:
    spec = checked_spec(EXPRESSION, "lesson.toml")
    assert isinstance(spec.problem, ExpressionProblem)
    assert spec.problem.point == {"x": 1.0, "y": 1.0, "z": 1.0}
    chosen = {**EXPRESSION["problem"], "variables": ["z", "x", "y"], "start": [3.0, 1.0, 2.0]}
    spec = checked_spec({"problem": chosen}, "lesson.toml")
    assert isinstance(spec.problem, ExpressionProblem)
    assert spec.problem.point == {"z": 3.0, "x": 1.0, "y": 2.0}
    assert list(spec.problem.point) == list(spec.problem.graph.variables) == ["z", "x", "y"]
