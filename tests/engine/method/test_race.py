"""The lanes of a race: what each has of its own, how it is called, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.errors import InputError
from engine.method.race import MAXIMUM_LANES, build_objectives, checked_lanes
from engine.method.spec import RunSpec, checked_spec

RAVINE = checked_spec(
    {"problem": {"kind": "landscape"}, "optimizer": {"name": "momentum", "lr": 0.01, "momentum": 0.5}}, "test"
)
MOONS = checked_spec({"problem": {"kind": "dataset"}, "data": {"name": "moons"}, "model": {"hidden": [4]}}, "test")


def lanes(*tables: dict[str, Any], spec: RunSpec = RAVINE) -> list[RunSpec]:
    return [lane.spec for lane in checked_lanes(spec, tables, "race.toml")]


def titles(*tables: dict[str, Any], spec: RunSpec = RAVINE) -> list[str]:
    return [lane.title for lane in checked_lanes(spec, tables, "race.toml")]


def test_a_lane_is_the_run_itself_but_for_what_it_has_of_its_own() -> None:
    same, other = lanes({}, {"optimizer": {"lr": 0.5}, "clip": {"norm": 1.0}})
    assert same == RAVINE
    assert (other.optimizer.lr, other.clip.norm) == (0.5, 1.0)
    assert other.optimizer.model_dump()["momentum"] == 0.5
    assert other.problem == RAVINE.problem


def test_another_rule_keeps_what_was_set_on_purpose_and_knows() -> None:
    """The momentum of the run means nothing to Adam, its rate does."""
    (adam,) = lanes({"optimizer": {"name": "adam", "beta1": 0.8}})
    assert adam.as_given()["optimizer"] == {"name": "adam", "lr": 0.01, "beta1": 0.8}


def test_what_a_lane_has_of_its_own_is_taken_back_as_it_was() -> None:
    tables = [{"title": "one"}, {"optimizer": {"name": "adam"}}, {"problem": {"start": [0.5, 0.5]}}]
    made = checked_lanes(RAVINE, tables, "race.toml")
    assert checked_lanes(RAVINE, [lane.own for lane in made], "again") == made


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ([{"optimizer": {"name": "sgd"}}, {"optimizer": {"name": "adam"}}], ["SGD", "Adam"]),
        ([{"optimizer": {"lr": 0.1}}, {"optimizer": {"lr": 0.2}}], ["α 0.1", "α 0.2"]),
        (
            [{"optimizer": {"name": "adam", "lr": 0.1}}, {"optimizer": {"name": "adam", "lr": 0.2}}, {}],
            ["Adam α 0.1", "Adam α 0.2", "Momentum"],
        ),
        ([{"seed": {"init": 3}}, {"problem": {"start": [1.0, 0.5]}}, {}], ["seed 3", "start (1, 0.5)", "lane 2"]),
        ([{"title": "mine"}, {"optimizer": {"lr": 0.2}}], ["mine", "α 0.2"]),
        ([{"clip": {"norm": 1.0}}, {"clip": {"norm": 1.0}}], ["‖∇L‖ ≤ 1", "‖∇L‖ ≤ 1 (1)"]),
    ],
)
def test_a_lane_without_a_title_is_called_by_what_it_does_differently(
    tables: list[dict[str, Any]], expected: list[str]
) -> None:
    assert titles(*tables) == expected


def test_batches_are_named_by_their_size() -> None:
    assert titles({"batch": {"size": 1}}, {"batch": {"size": "full"}}, spec=MOONS) == ["batch 1", "batch full"]


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (3, "lanes = 3; allowed: up to 16 tables [[lanes]]"),
        ("lanes", "lanes = '5 lanes'; allowed"),
        ([{}] * (MAXIMUM_LANES + 1), "lanes = '17 lanes'; allowed: up to 16 tables"),
        ([{}, 3], "lanes.1 = 3; allowed: a table"),
        ([{"title": ""}], "lanes.0.title = ''; allowed: text of 1 to 40"),
        ([{"title": 3}], "lanes.0.title = 3; allowed: text"),
        ([{"title": "x" * 41}], "lanes.0.title = "),
        ([{"title": "a"}, {"title": "a"}], "lanes.1.title = 'a'; allowed: a title that no other lane has"),
        ([{"optimizer": 3}], "lanes.0.optimizer = 3; allowed: a table"),
        ([{"optimizer": {"lr": -1.0}}], "lanes.0.optimizer.lr = -1.0; allowed: a number > 0"),
        ([{}, {"optimizer": {"speed": 1}}], "lanes.1.optimizer.speed = 1; allowed: only name, lr"),
        ([{"optimizer": {"name": "adamant"}}], "lanes.0.optimizer.name = 'adamant'; allowed: one of"),
        ([{"optimizer": {"name": ["adam"]}}], "lanes.0.optimizer.name = "),
        ([{"batch": {"size": 8}}], "lanes.0.batch = {'size': 8}; allowed: nothing"),
        ([{"model": {"hidden": [3]}}], "lanes.0.model = {'hidden': [3]}; allowed: only title, optimizer"),
        ([{"pace": {"steps_per_second": 3}}], "lanes.0.pace = "),
        ([{"problem": {"function": "rosenbrock"}}], "lanes.0.problem.function = 'rosenbrock'; allowed: only start"),
        ([{"problem": {"start": [1.0]}}], "lanes.0.problem.start = [1.0]; allowed: 2 numbers"),
    ],
)
def test_a_wrong_lane_is_refused_with_its_number_field_value_and_what_is_allowed(tables: Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        checked_lanes(RAVINE, tables, "race.toml")
    assert str(caught.value).startswith(f"race.toml: {words}")


def test_the_samples_of_all_lanes_lie_in_memory_once() -> None:
    specs = lanes({}, {"seed": {"init": 1}}, {"batch": {"size": 4}}, {"seed": {"data": 1}}, spec=MOONS)
    first, other_start, other_batch, other_data = build_objectives(specs)
    assert other_start.samples() is first.samples() is other_batch.samples()
    assert other_data.samples() is not first.samples()


def test_lanes_start_at_the_same_place_unless_they_are_told_otherwise() -> None:
    specs = lanes({}, {"optimizer": {"lr": 0.1}}, {"seed": {"init": 1}}, spec=MOONS)
    first, same, other = (objective.start() for objective in build_objectives(specs))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)
    places = [objective.start().tolist() for objective in build_objectives(lanes({}, {"problem": {"start": [0.5, 2]}}))]
    assert places[1] == [0.5, 2.0] != places[0]
