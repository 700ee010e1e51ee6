"""Each schedule against figures that anyone can work out on paper."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.errors import InputError
from engine.method.schedules import SCHEDULES, Schedule, following
from engine.method.spec import checked_spec

LANDSCAPE: dict[str, Any] = {"problem": {"kind": "landscape"}}
HALF_WAY_DOWN = 0.5 + math.sqrt(2.0) / 4.0
"""½(1 + cos 45°)."""

BY_HAND: dict[str, tuple[dict[str, Any], list[float]]] = {
    "constant": ({}, [1.0, 1.0, 1.0]),
    "step": ({"every": 2, "gamma": 0.5}, [1.0, 1.0, 0.5, 0.5, 0.25]),
    "multistep": ({"milestones": [3, 2], "gamma": 0.1}, [1.0, 1.0, 0.1, 0.01, 0.01]),
    "exponential": ({"gamma": 0.5}, [1.0, 0.5, 0.25, 0.125]),
    "inverse": ({}, [1.0, 1 / 2, 1 / 3, 1 / 4]),
    "inverse_sqrt": ({}, [1.0, math.sqrt(0.5), math.sqrt(1 / 3), 0.5]),
    "inverse_time": ({"k": 0.5}, [1.0, 2 / 3, 0.5, 0.4]),
    "polynomial": ({"steps": 4, "power": 2.0}, [1.0, 9 / 16, 1 / 4, 1 / 16, 0.0, 0.0]),
    "linear": ({"start": 0.5, "end": 1.0, "steps": 2}, [0.5, 0.75, 1.0, 1.0]),
    "cosine": ({"steps": 4}, [1.0, HALF_WAY_DOWN, 0.5, 1.0 - HALF_WAY_DOWN, 0.0, 0.0]),
    "cosine_restarts": (
        {"steps": 2, "stretch": 2},
        [1.0, 0.5, 1.0, HALF_WAY_DOWN, 0.5, 1.0 - HALF_WAY_DOWN, 1.0],
    ),
    "one_cycle": (
        # The top of five units lies at 0.6·5 − 1 = 2, the end at 4.
        {"steps": 5, "rise": 0.6, "anneal": "linear", "div": 4.0, "final_div": 2.0},
        [0.25, 0.625, 1.0, 0.5625, 0.125, 0.125],
    ),
    "cyclic": ({"up": 2, "floor": 0.0}, [0.0, 0.5, 1.0, 0.5, 0.0, 0.5]),
    "plateau": ({}, [1.0, 1.0]),
}


def schedule_of(name: str, **fields: Any) -> Schedule:
    schedule: Schedule = checked_spec({**LANDSCAPE, "schedule": {"name": name, **fields}}, "test").schedule
    return schedule


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_gives_the_shares_that_paper_gives(name: str) -> None:
    fields, shares = BY_HAND[name]
    schedule = schedule_of(name, **fields)
    assert [schedule.factor(t) for t in range(len(shares))] == pytest.approx(shares, abs=1e-15)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_share_lies_between_nothing_and_the_base_rate_however_late(name: str) -> None:
    schedule = schedule_of(name)
    for t in (0, 1, 2, 999, 1000, 10**6, 10**15):
        assert 0.0 <= schedule.factor(t) <= 1.0


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_says_what_it_does_in_a_sentence(name: str) -> None:
    schedule = schedule_of(name, warmup=1200)
    assert schedule.sentence().startswith(f"1,200 {schedule.units} of warm-up, then {schedule.title}")
    assert schedule_of(name).sentence().isprintable()


def test_a_warm_up_rises_evenly_to_the_first_rate_of_the_schedule_and_then_it_begins() -> None:
    """From a fifth of the base rate: 0.2, 0.4, 0.6, 0.8, and from then on 1, ½, ⅓."""
    schedule = schedule_of("inverse", warmup=4, warmup_from=0.2)
    assert [schedule.warmed_factor(t) for t in range(7)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 0.5, 1 / 3])


def test_a_warm_up_before_one_cycle_ends_where_the_cycle_begins() -> None:
    schedule = schedule_of("one_cycle", steps=100, div=10.0, warmup=2, warmup_from=0.5)
    assert [schedule.warmed_factor(t) for t in range(3)] == pytest.approx([0.05, 0.075, 0.1])


@pytest.mark.parametrize(("mode", "heights"), [("triangular2", [1.0, 0.5, 0.25]), ("exp_range", [0.9, 0.729, 0.59049])])
def test_the_teeth_of_a_saw_become_smaller(mode: str, heights: list[float]) -> None:
    """With one unit up and one down, the tops are at 1, 3 and 5."""
    schedule = schedule_of("cyclic", up=1, floor=0.0, mode=mode, gamma=0.9)
    assert [schedule.factor(t) for t in (1, 3, 5)] == pytest.approx(heights)


def test_the_shortest_cycles_have_a_rate_at_every_step() -> None:
    for steps in (1, 2, 3):
        for rise in (0.0, 0.3, 1.0):
            schedule = schedule_of("one_cycle", steps=steps, rise=rise)
            assert all(0.0 < schedule.factor(t) <= 1.0 for t in range(5))


def test_the_momentum_is_lowest_where_the_rate_is_highest() -> None:
    schedule = schedule_of("one_cycle", steps=5, rise=0.6, anneal="linear", base_momentum=0.5, max_momentum=0.9)
    assert [schedule.momentum(t) for t in range(5)] == pytest.approx([0.9, 0.7, 0.5, 0.7, 0.9])
    assert schedule_of("one_cycle", cycle_momentum=False).momentum(3) is None


def test_milestones_may_be_a_list_in_a_preset_and_are_text_from_then_on() -> None:
    spec = checked_spec({**LANDSCAPE, "schedule": {"name": "multistep", "milestones": [30, 80]}}, "test")
    assert spec.as_given()["schedule"] == {"name": "multistep", "milestones": "30, 80"}
    assert checked_spec(spec.as_given(), "again") == spec


@pytest.mark.parametrize("milestones", ["", "1, two", "1 2", "-3", [1.5], [True], [], "9" * 400, "1," * 100 + "1"])
def test_milestones_that_are_no_whole_numbers_are_refused(milestones: Any) -> None:
    with pytest.raises(InputError, match=r"schedule\.milestones = .*; allowed: text such as \"500, 750\""):
        schedule_of("multistep", milestones=milestones)


def test_a_schedule_without_a_name_is_the_constant_one() -> None:
    spec = checked_spec({**LANDSCAPE, "schedule": {"warmup": 3}}, "test")
    assert (spec.schedule.name, spec.schedule.warmup) == ("constant", 3)
    assert checked_spec(spec.as_given(), "again") == spec


def test_what_two_schedules_both_know_and_someone_set_survives_the_switch() -> None:
    old = schedule_of("cosine", steps=40, warmup=7, floor=0.5)
    new = following(old, "polynomial")
    assert new.model_dump(exclude_unset=True) == {"name": "polynomial", "steps": 40, "warmup": 7}
    assert following(schedule_of("plateau"), "cosine").per == "step"


def test_a_schedule_that_follows_another_leaves_a_field_that_is_out_of_its_bounds() -> None:
    """A factor of 1 is none for a plateau, whose own is 0.1; the warm-up stays."""
    new = following(schedule_of("exponential", gamma=1.0, warmup=3), "plateau")
    assert (new.warmup, new.model_dump()["gamma"]) == (3, 0.1)


# ---- Robbins and Monro

VERDICTS: list[tuple[str, dict[str, Any], tuple[bool | None, bool | None]]] = [
    ("constant", {}, (True, False)),
    ("constant", {"warmup": 9}, (True, False)),
    ("step", {}, (False, True)),
    ("step", {"gamma": 1.0}, (True, False)),
    ("multistep", {}, (True, False)),
    ("exponential", {}, (False, True)),
    ("exponential", {"gamma": 1.0}, (True, False)),
    ("inverse", {}, (True, True)),
    ("inverse_sqrt", {}, (True, False)),
    ("inverse_time", {}, (True, True)),
    ("inverse_time", {"power": 0.5}, (True, False)),
    ("inverse_time", {"power": 0.51}, (True, True)),
    ("inverse_time", {"power": 1.01}, (False, True)),
    ("inverse_time", {"k": 0.0}, (True, False)),
    ("inverse_time", {"power": 0.0}, (True, False)),
    ("polynomial", {}, (False, True)),
    ("polynomial", {"power": 0.0}, (True, False)),
    ("linear", {}, (True, False)),
    ("linear", {"end": 0.0}, (False, True)),
    ("cosine", {}, (False, True)),
    ("cosine", {"floor": 0.1}, (True, False)),
    ("cosine_restarts", {}, (True, False)),
    ("one_cycle", {}, (True, False)),
    ("cyclic", {}, (True, False)),
    ("cyclic", {"mode": "triangular2"}, (True, False)),
    ("cyclic", {"mode": "triangular2", "floor": 0.0}, (False, True)),
    ("cyclic", {"mode": "exp_range", "gamma": 0.9, "floor": 0.0}, (False, True)),
    ("cyclic", {"mode": "exp_range", "floor": 0.0}, (True, False)),
    ("plateau", {}, (None, None)),
    ("plateau", {"floor": 0.1}, (True, False)),
]


@pytest.mark.parametrize(("name", "fields", "verdict"), VERDICTS)
def test_a_schedule_knows_whether_it_meets_robbins_and_monro(
    name: str, fields: dict[str, Any], verdict: tuple[bool | None, bool | None]
) -> None:
    found = schedule_of(name, **fields).verdict()
    assert (found.reaches, found.settles) == verdict
    assert found.why


SHORT: dict[str, dict[str, Any]] = {
    "step": {"every": 5},
    "multistep": {"milestones": "5, 9"},
    "exponential": {"gamma": 0.9},
    "inverse_time": {"k": 1.0},
    "polynomial": {"steps": 50},
    "linear": {"steps": 50},
    "cosine": {"steps": 50},
    "cosine_restarts": {"steps": 50},
    "one_cycle": {"steps": 50},
    "cyclic": {"up": 5},
}
"""So that what a schedule does for ever can be seen in 16,384 steps."""
FAR_FROM_THE_BORDER = {0.51: 0.75, 1.01: 3.0}
"""Powers that are on the same side, and do not need 10⁴⁰⁰ steps to show it."""


@pytest.mark.parametrize("row", [row for row in VERDICTS if row[0] != "plateau"], ids=str)
def test_the_verdict_agrees_with_what_the_sums_do(row: tuple[str, dict[str, Any], tuple[bool, bool]]) -> None:
    """Between 2⁸ and 2¹⁰ terms a sum that diverges grows by no more than between 2¹² and 2¹⁴; another all but stops."""
    name, fields, (reaches, settles) = row
    power = fields.get("power", 1.0)
    fields = {**SHORT.get(name, {}), **fields}
    if power in FAR_FROM_THE_BORDER:
        fields["power"] = FAR_FROM_THE_BORDER[power]
    schedule = schedule_of(name, **fields)
    shares = [schedule.factor(t) for t in range(1 << 14)]
    for diverges, terms in ((reaches, shares), (not settles, [share * share for share in shares])):
        early, late = sum(terms[1 << 8 : 1 << 10]), sum(terms[1 << 12 : 1 << 14])
        assert (late > 0.8 * early > 0.0) is diverges
