"""Real runs that go wrong in every way there is a sign for, and some that do not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.errors import RunError
from engine.method.alarms import watch as watch_module
from engine.method.alarms.kinds import KINDS
from engine.method.alarms.steepness import SteepnessWatch
from engine.method.alarms.units import UnitWatch
from engine.method.alarms.watch import Watch
from engine.method.trainer import Trainer

if TYPE_CHECKING:
    from tests.engine.method.alarms.conftest import Watching
    from tests.engine.method.conftest import MakeTrainer


def sgd(lr: float, **others: Any) -> dict[str, Any]:
    return {"name": "sgd", "lr": lr, **others}


def net(activation: str, *hidden: int, **others: Any) -> dict[str, Any]:
    return {"hidden": list(hidden), "activation": activation, **others}


WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "rising": ("ravine", {"optimizer": sgd(0.205)}),
    "unstable": ("ravine", {"optimizer": sgd(0.31)}),
    "crawling": ("ravine", {"optimizer": sgd(1e-6)}),
    "plateau": ("moons", {"optimizer": sgd(1e-7), "model": net("tanh", 4)}),
    "leaping": ("moons", {"optimizer": sgd(1.0), "model": net("identity", 4), "data": {"name": "moons", "noise": 3.0}}),
    "overfitting": (
        "moons",
        {
            "optimizer": {"name": "adam", "lr": 0.01},
            "model": net("relu", 64, 64),
            "data": {"name": "moons", "samples": 60, "noise": 0.5},
        },
    ),
    "vanishing": ("moons", {"optimizer": sgd(0.1), "model": net("sigmoid", 6, 6, 6, 6, 6, 6)}),
    "exploding": (
        "moons",
        {"optimizer": sgd(0.3), "model": net("identity", 8, 8, 8, 8, 8, 8, loss="mean_squared_error")},
    ),
    "stalled": (
        "ravine",
        {
            "problem": {"kind": "landscape", "function": "rosenbrock", "start": [-1.5, 2.0]},
            "optimizer": {"name": "adagrad", "lr": 0.5},
        },
    ),
    "dead": ("moons", {"optimizer": sgd(3.0), "model": net("relu", 16, 16)}),
    "saturated": ("moons", {"optimizer": sgd(30.0), "model": net("tanh", 16, 16)}),
}


@pytest.fixture
def make(ravine: MakeTrainer, moons: MakeTrainer) -> Any:
    """Make a trainer on the ravine or on the moons."""
    return lambda kind, sections: {"ravine": ravine, "moons": moons}[kind](**sections)


@pytest.mark.parametrize("about", WRONG)
def test_a_run_that_goes_wrong_is_told_what_is_wrong(about: str, make: Any, watching: Watching) -> None:
    kind, sections = WRONG[about]
    per = 1 if about in ("unstable", "exploding") else 4
    begun = [alarm.about for alarm in watching(make(kind, sections), 2000, per=per) if not alarm.over]
    assert about in begun


def test_every_kind_of_alarm_has_such_a_run() -> None:
    assert set(WRONG) == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "sections"),
    [
        ("ravine", {"optimizer": sgd(0.1)}),
        ("ravine", {"optimizer": {"name": "momentum", "lr": 0.02, "momentum": 0.9}}),
        ("ravine", {"optimizer": {"name": "adam", "lr": 0.05}}),
        ("moons", {"data": {"name": "moons", "samples": 400}, "batch": {"size": 32}}),
        ("moons", {"data": {"name": "moons", "samples": 400}, "optimizer": sgd(0.1), "model": net("relu", 16, 16)}),
    ],
)
def test_a_run_that_goes_well_is_told_nothing(
    kind: str, sections: dict[str, Any], make: Any, watching: Watching
) -> None:
    assert watching(make(kind, sections), 1000) == []


@pytest.mark.parametrize(
    ("expected", "sections"),
    [
        ({"dead"}, {"optimizer": {"name": "adam", "lr": 1.0}, "model": net("relu", 16, 16)}),
        ({"saturated", "rising"}, {"optimizer": sgd(50.0), "model": net("tanh", 16, 16)}),
    ],
)
def test_a_network_whose_units_are_lost_is_told_that_and_not_what_comes_of_it(
    expected: set[str], sections: dict[str, Any], moons: MakeTrainer, watching: Watching
) -> None:
    """Small gradients, small updates and a loss that rests are no news then, and what helps them does not help here."""
    assert {alarm.about for alarm in watching(moons(**sections), 3000)} == expected


def test_a_sign_that_is_over_is_told_once_more(ravine: MakeTrainer, watching: Watching) -> None:
    trainer = ravine(optimizer=sgd(0.205))
    alarms = watching(trainer, 60)
    assert [(alarm.about, alarm.over) for alarm in alarms] == [("rising", False)]


@pytest.mark.parametrize("sections", [{}, {"model": net("relu", 5)}, {"optimizer": sgd(0.1), "model": net("relu", 5)}])
def test_training_is_the_same_bit_for_bit_with_and_without_a_watch(
    sections: dict[str, Any], moons: MakeTrainer
) -> None:
    alone, watched = moons(**sections), moons(**sections)
    watch = Watch(watched)
    for number in range(60):
        for trainer in (alone, watched):
            trainer.step(measure=number % 4 == 0)
        if number % 4 == 3:
            watch.see(watched.steps.take())
            watch.look()
    np.testing.assert_array_equal(watched.theta, alone.theta)
    np.testing.assert_array_equal(watched.snapshot().previous, alone.snapshot().previous)


def test_dropout_draws_the_same_units_with_and_without_a_watch(moons: MakeTrainer) -> None:
    sections = {"regularisation": {"dropout": 0.5}, "optimizer": sgd(0.1), "model": net("relu", 5)}
    alone, watched = moons(**sections), moons(**sections)
    watch = Watch(watched)
    for _ in range(40):
        alone.step()
        watched.step()
        watch.look()
    np.testing.assert_array_equal(watched.theta, alone.theta)


def test_a_unit_that_is_off_for_every_sample_is_dead(moons: MakeTrainer) -> None:
    """Three of five units with a bias of -1000 are more than half of them; two are not."""
    for dead, expected in ((2, []), (3, ["60% of the units of layer1 are off for every sample"])):
        trainer = moons(model=net("relu", 5))
        bias = next(tensor for tensor in trainer.tensors if tensor.name == "layer1.bias")
        bias.of(trainer.theta)[:] = [-1000.0] * dead + [1000.0] * (5 - dead)
        units = UnitWatch(trainer)
        for _ in range(4):
            units.look()
        assert [alarm.text for alarm in units.take()] == expected


@pytest.mark.parametrize(("activation", "bias"), [("tanh", 1000.0), ("tanh", -1000.0), ("sigmoid", 1000.0)])
def test_a_unit_at_its_asymptote_is_saturated_on_either_side(activation: str, bias: float, moons: MakeTrainer) -> None:
    trainer = moons(model=net(activation, 4))
    tensor = next(tensor for tensor in trainer.tensors if tensor.name == "layer1.bias")
    tensor.of(trainer.theta)[:] = [bias, bias, bias, 0.0]
    units = UnitWatch(trainer)
    units.look()
    units.look()
    (alarm,) = units.take()
    assert alarm.text == "75% of the units of layer1 are at their asymptotes for nearly every sample"


def test_the_curvature_that_is_found_is_the_largest_there_is(ravine: MakeTrainer) -> None:
    """½(x² + 10y²) has the curvatures 1 and 10, so that 2/10 is stable; 0.29 is not half as much again, 0.32 is."""
    for lr, expected in ((0.29, []), (0.32, ["α = 0.32 is 1.6 times the 0.2 that is stable at a curvature of 10"])):
        steepness = SteepnessWatch(ravine(optimizer=sgd(lr)))
        for _ in range(6):
            steepness.look()
        assert [alarm.text for alarm in steepness.take()] == expected


def test_where_nothing_curves_upwards_any_more_it_is_said_so(
    ravine: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At first the curvature is 10; then it is negative, and there is no largest stable rate to compare with."""
    steepness = SteepnessWatch(ravine(optimizer=sgd(0.32)))
    for curvature in [10.0] * 3 + [-1.0] * 3:
        monkeypatch.setattr(steepness, "_largest_curvature", lambda curvature=curvature: curvature)
        steepness.look()
    assert [(alarm.over, "inf" in alarm.text) for alarm in steepness.take()] == [(False, False), (True, False)]


def test_momentum_allows_for_twice_the_rate(ravine: MakeTrainer) -> None:
    """With β = 0.9 the limit is 3.8/10."""
    steepness = SteepnessWatch(ravine(optimizer={"name": "momentum", "lr": 0.5, "momentum": 0.9}))
    for _ in range(6):
        steepness.look()
    assert steepness.take() == []


def test_rules_that_divide_by_a_second_moment_have_no_such_limit(ravine: MakeTrainer) -> None:
    assert not SteepnessWatch(ravine(optimizer={"name": "adam", "lr": 10.0})).can_look
    assert SteepnessWatch(ravine()).can_look


def test_samples_that_can_no_longer_be_read_end_the_looks_and_not_the_run(
    moons: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = moons(model=net("relu", 5))
    watch = Watch(trainer)
    trainer.step()

    def fail(self: Any) -> None:
        raise RunError("gone")

    monkeypatch.setattr(UnitWatch, "look", fail)
    assert watch.see(trainer.steps.take()) == []
    monkeypatch.setattr(UnitWatch, "look", lambda _: pytest.fail("it looks again"))
    trainer.step()
    assert watch.see(trainer.steps.take()) == []


def test_looks_take_no_more_than_a_hundredth_of_the_time(moons: MakeTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that takes 0.5 s is followed by one 50 s later."""
    clock, looked = SimpleNamespace(now=0.0), []
    monkeypatch.setattr(watch_module, "time", SimpleNamespace(perf_counter=lambda: clock.now))

    def look(self: Watch) -> None:
        looked.append(clock.now)
        clock.now += 0.5

    monkeypatch.setattr(Watch, "look", look)
    trainer: Trainer = moons()
    watch = Watch(trainer)
    for _ in range(120):
        trainer.step()
        watch.see(trainer.steps.take())
        clock.now += 1.0
    assert len(looked) == 3
    assert min(np.diff(looked)) >= 50.0
