"""What the lessons on adaptive rules, hard landscapes and networks promise, as the real engine makes it come true.

The figures of landscapes were computed independently, in float64 and to the update; those of networks are this
engine's for the seeds of the presets, and have room for the rounding of other machines.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from engine.method.diagnostics.curvature import curvature
from engine.method.diagnostics.point import point_after
from engine.method.optimizers.nadam import NadamState
from engine.method.race import build_objectives
from engine.method.telemetry import SERIES
from engine.method.trainer import Trainer
from engine.run import directory
from engine.run.encoding import parsed_event
from engine.run.events import Finished, Judged
from engine.run.frames import MAXIMUM_EVENT, FrameReader
from engine.run.launch import Launch
from engine.run.session import Session
from presets import load, parsed_setting
from presets.launches import Unwatched, launch_of

Changes = Sequence[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a lesson that nobody watched came to its end."""

    finished: dict[str, Finished] = field(default_factory=dict)
    """By the titles of the lanes; by "" where there is one."""
    judged: dict[str, Judged] = field(default_factory=dict)

    @property
    def arrivals(self) -> dict[str, int | None]:
        """After how many updates the loss was low enough for each lane to stop: it is seen one step later."""
        return {title: end.step - 1 if end.reason == "loss" else None for title, end in self.finished.items()}


def ending(name: str, *settings: str, changes: Changes = ()) -> Ending:
    """Return the end of a shipped lesson in a real session, with live changes after so many updates."""
    preset = load(name, [parsed_setting(text) for text in settings])
    unwatched = Unwatched(changes=changes, measure_every=1_000_000)
    titles = [lane.title for lane in preset.lanes] or [""]
    found, reader = Ending(), FrameReader(MAXIMUM_EVENT)

    def take(frame: bytes, _: bool) -> None:
        for message in (parsed_event(*part) for part in reader.feed(frame)):
            if isinstance(message, Finished):
                found.finished[titles[message.lane]] = message
            elif isinstance(message, Judged):
                found.judged[titles[message.lane]] = message

    launch = launch_of(preset, unwatched, recorded=False)
    # As an engine gets it: from a file.
    launch = Launch.model_validate_json(launch.model_dump_json())
    session = Session(directory.create(name, recorded=False), launch, take)
    session.begin()
    session.advance(math.inf)
    session.close()
    return found


def trainers(name: str, *settings: str) -> dict[str, Trainer]:
    """Return the trainers of a shipped lesson at their start, by the titles of the lanes."""
    preset = load(name, [parsed_setting(text) for text in settings])
    titles = [lane.title for lane in preset.lanes] or [""]
    objectives = build_objectives(preset.specs)
    return {
        title: Trainer(*pair) for title, pair in zip(titles, zip(preset.specs, objectives, strict=True), strict=True)
    }


def updates_until(trainer: Trainer, is_there: Callable[[Trainer], bool], at_most: int) -> int | None:
    """Return after how many updates a trainer is there; None if it never was."""
    while not is_there(trainer):
        if trainer.step_count == at_most:
            return None
        trainer.step()
    return trainer.step_count


def train_to(trainer: Trainer, step: int) -> Trainer:
    while trainer.step_count < step:
        trainer.step()
    return trainer


def height(trainer: Trainer) -> float:
    """Return the loss over the training set, which of a landscape is its height."""
    return trainer.evaluate("train").loss


def lengths(trainer: Trainer, steps: int) -> list[float]:
    """Return how long so many updates are, in learning rates of the rule."""
    for _ in range(steps):
        trainer.step()
    block = trainer.steps.take()
    assert block is not None
    values: list[float] = (block.values[SERIES.index("update_norm")] / trainer.spec.optimizer.lr).tolist()
    return values


# ---- goals

REACHED: dict[str, dict[str, int]] = {
    "adagrad-stalls": {"": 7994},
    "adadelta": {"PyTorch's defaults": 395},
    "adam-bias": {"without correction": 111},
    "surface-race": {"Momentum 0.98": 335},
    "adamax-nadam": {"Adam": 1179},
    "saddle": {"RMSProp": 9},
    "basins": {"Momentum": 51},
    "rastrigin": {"Momentum": 131},
}
NEEDS_TURNING: dict[str, Changes] = {
    "rmsprop": [(1000, "optimizer.lr=0.001")],
    "deep-sigmoid": [(640, "optimizer.lr=0.05"), (640, "optimizer.name=adam")],
    "spiral-switch": [(800, "optimizer.lr=0.01"), (800, "optimizer.name=adam")],
    "feature-scale": [(300, "optimizer.name=adam"), (301, "optimizer.lr=0.003")],
}
"""Lessons whose goal is there to be reached by turning, and what a student turns."""


@pytest.mark.parametrize("name", REACHED)
def test_a_landscapes_goal_is_reached_at_the_update_that_the_lesson_says(name: str) -> None:
    judged = ending(name).judged
    assert {title: verdict.step for title, verdict in judged.items() if verdict.reached} == REACHED[name]
    assert all(verdict.reached for verdict in judged.values())


@pytest.mark.parametrize("name", ["adagrad-sparse", "convex-net"])
def test_the_goal_of_a_race_over_samples_is_reached(name: str) -> None:
    judged = ending(name).judged
    assert judged
    assert all(verdict.reached for verdict in judged.values())
    assert set(judged) == ({"Adagrad"} if name == "adagrad-sparse" else set(trainers(name)))


@pytest.mark.parametrize("name", NEEDS_TURNING)
def test_a_goal_that_asks_for_turning_is_missed_without_and_reached_with_it(name: str) -> None:
    assert "The goal is missed" in load(name).try_
    (missed,) = ending(name).judged.values()
    (reached,) = ending(name, changes=NEEDS_TURNING[name]).judged.values()
    assert (missed.reached, reached.reached) == (False, True)


# ---- adaptive rules


def test_rare_features_learn_most_with_adagrad_and_least_with_sgd() -> None:
    """Features 7 and 12, counted from 1, are there in 1 of 128 and of 4,096 samples; the truth is 4 and −4."""
    theta = {title: train_to(trainer, 2060).theta for title, trainer in trainers("adagrad-sparse").items()}
    for feature, sign, expected in ((6, 1.0, (1.6, 2.8, 3.5)), (11, -1.0, (0.4, 1.2, 4.0))):
        weights = [sign * float(theta[title][feature]) for title in ("SGD", "RMSProp", "Adagrad")]
        assert weights == pytest.approx(expected, abs=0.2)


def test_rmsprop_takes_adagrads_place_and_falls_on() -> None:
    stalled, switched = trainers("adagrad-stalls")[""], trainers("adagrad-stalls")[""]
    train_to(switched, 1000).apply({"optimizer.lr": 0.005})
    switched.apply({"optimizer.name": "rmsprop"})
    assert height(train_to(switched, 2500)) < 0.01 < 0.06 < height(train_to(stalled, 2500))


@pytest.mark.parametrize(("rate", "floor"), [(0.01, 0.0224), (0.001, 0.000226)])
def test_rmsprops_floor_is_as_high_as_its_rate_lets_it(rate: float, floor: float) -> None:
    trainer = train_to(trainers("rmsprop", f"optimizer.lr={rate}")[""], 9_000)
    assert height(trainer) == pytest.approx(floor, rel=0.02)
    assert height(train_to(trainer, 10_000)) == pytest.approx(floor, rel=0.02)


@pytest.mark.parametrize(("rho", "expected"), [(0.9, 3.1623), (0.99, 10.0)])
def test_rmsprops_first_step_is_long_in_every_coordinate(rho: float, expected: float) -> None:
    trainer = trainers("rmsprop", f"optimizer.rho={rho}")[""]
    start = trainer.theta.copy()
    trainer.step()
    moved = (np.abs(trainer.theta - start) / 0.01).tolist()
    assert moved == pytest.approx([expected, expected], rel=1e-4)


@pytest.mark.parametrize(("title", "first"), [("PyTorch's defaults", 3.162e-3), ("Keras' defaults", 1.414e-6)])
def test_adadeltas_first_step_is_as_long_as_its_epsilon_lets_it(title: str, first: float) -> None:
    trainer = trainers("adadelta")[title]
    trainer.step()
    assert (1.0 - trainer.theta).tolist() == pytest.approx([first, first], rel=1e-3)


def test_adadelta_in_keras_form_sleeps_until_its_epsilon_and_rate_are_turned() -> None:
    asleep, woken = trainers("adadelta")["Keras' defaults"], trainers("adadelta")["Keras' defaults"]
    woken.apply({"optimizer.eps": 1e-6, "optimizer.lr": 1.0})
    assert height(train_to(woken, 500)) < 1.0 < 50.0 < height(train_to(asleep, 1000))


def test_without_bias_correction_adams_steps_are_many_rates_long() -> None:
    with_it, without = (lengths(trainer, 1000) for trainer in trainers("adam-bias").values())
    assert with_it == pytest.approx([1.0] * 1000, rel=1e-7)
    assert [without[step - 1] for step in (1, 10, 1000)] == pytest.approx([3.162, 6.528, 1.258], abs=1e-3)


def test_the_race_of_nine_is_run_to_the_update() -> None:
    arrivals = ending("surface-race").arrivals
    # Its leaps out of the valley make NAdam a matter of the last digit.
    assert arrivals.pop("NAdam") == pytest.approx(2480, abs=120)
    assert arrivals == {
        "SGD": 9952,
        "Momentum 0.9": 934,
        "Nesterov": 826,
        "Momentum 0.98": 335,
        "RMSProp": None,
        "Adam": 765,
        "AdaMax": 2791,
        "Adagrad": 7994,
    }


def test_after_the_outlier_adamax_crawls_longest() -> None:
    arrivals = ending("adamax-nadam").arrivals
    assert arrivals == {"Adam": 1179, "NAdam": 1188, "NAdam, Keras": 1189, "AdaMax": 3530}


def test_after_the_outlier_adams_steps_are_an_eighth_of_the_rate_and_adamaxs_a_hundredth() -> None:
    racers = trainers("adamax-nadam")
    steps = {title: lengths(trainer, 150) for title, trainer in racers.items()}
    assert {title: sizes[98] for title, sizes in steps.items()} == pytest.approx(dict.fromkeys(racers, 1.0), abs=1e-3)
    assert (steps["Adam"][-1], steps["AdaMax"][-1]) == pytest.approx((0.126, 0.011), abs=1e-3)
    assert (steps["NAdam"][99], steps["NAdam, Keras"][99]) == pytest.approx((5.75, 1.99), abs=0.01)


@pytest.mark.parametrize(
    ("title", "momenta"), [("NAdam", {1: 0.45, 10_000: 0.812}), ("NAdam, Keras", {1: 0.468, 50: 0.8416})]
)
def test_nadams_momentum_is_warmed_up_slowly_in_pytorchs_form_and_fast_in_that_of_keras(
    title: str, momenta: dict[int, float]
) -> None:
    """A rule remembers the product of all its momenta, so one that is set to 1 before a step is then that step's."""
    trainer = trainers("adamax-nadam")[title]
    state: Any = trainer.state
    assert isinstance(state, NadamState)
    for step, momentum in momenta.items():
        train_to(trainer, step - 1)
        state.product = 1.0
        trainer.step()
        assert state.product == pytest.approx(momentum, abs=1e-3)


def test_adam_walks_to_the_worst_point_and_amsgrad_to_the_best() -> None:
    end = ending("amsgrad")
    assert [(title, verdict.reached) for title, verdict in end.judged.items()] == [("AMSGrad", True)]
    (worst,), (best,) = (end.finished[title].parameters or () for title in ("Adam", "AMSGrad"))
    assert worst > 0.99
    assert best < -0.95


def test_adam_with_a_longer_memory_goes_the_right_way() -> None:
    trainer = trainers("amsgrad")["Adam"]
    trainer.apply({"optimizer.beta2": 0.9999})
    assert float(train_to(trainer, 5_050).theta[0]) < -0.7


# ---- landscapes


def test_rules_leave_the_saddle_after_so_many_updates() -> None:
    left = {
        title: updates_until(trainer, lambda trainer: abs(float(trainer.theta[1])) > 1.0, 300)
        for title, trainer in trainers("saddle").items()
    }
    assert left == {"SGD": 97, "Adagrad": 57, "Momentum": 36, "Adam": 20, "RMSProp": 8}


def test_noise_pushes_sgd_off_the_ridge() -> None:
    trainer = trainers("saddle")["SGD"]
    trainer.apply({"noise.gradient": 0.1})
    assert updates_until(trainer, lambda trainer: abs(float(trainer.theta[1])) > 1.0, 300) == 62


def test_plain_descent_ends_in_the_shallow_basin_and_the_others_in_the_deep_one() -> None:
    ends = ending("basins").finished
    shallow = ends.pop("SGD")
    assert shallow.parameters == pytest.approx((0.9053, 0.0), abs=1e-4)
    assert shallow.loss == pytest.approx(-1.0927, abs=1e-4)
    assert len(ends) == 3
    for end in ends.values():
        assert end.parameters == pytest.approx((-0.9363, 0.0), abs=0.01)
        assert end.loss == pytest.approx(-2.0631, abs=1e-3)


def test_from_the_other_side_all_end_in_the_deep_basin() -> None:
    ends = ending("basins", "problem.start=[-0.3, 1.6]").finished
    assert [end.loss for end in ends.values()] == pytest.approx([-2.063] * 4, abs=1e-3)


def test_this_momentum_rolls_out_of_the_hollow_that_holds_the_others() -> None:
    losses = {title: end.loss for title, end in ending("rastrigin").finished.items()}
    # RMSProp's steps do not get shorter, so that it hops about the bottom.
    expected = {"SGD": 12.9344, "RMSProp": 12.9443, "Adam": 12.9344, "Momentum": 4.9748}
    assert losses == pytest.approx(expected, abs=1e-3)


def test_noise_shakes_sgd_into_a_lower_hollow() -> None:
    trainer = trainers("rastrigin")["SGD"]
    train_to(trainer, 100).apply({"optimizer.lr": 0.005, "noise.gradient": 30.0})
    train_to(trainer, 400).apply({"noise.gradient": 0.0})
    assert height(train_to(trainer, 600)) == pytest.approx(4.98, abs=0.01)


# ---- networks and data


def test_eight_seeds_of_a_convex_loss_end_alike_and_of_a_network_far_apart() -> None:
    convex = [end.loss for end in ending("convex-net").finished.values()]
    assert convex == pytest.approx([0.2672] * 8, abs=4e-4)
    spread = [end.loss for end in ending("convex-net", "model.hidden=[5]").finished.values()]
    assert min(spread) < 0.1 < 0.25 < max(spread)


def test_the_gradient_of_deep_sigmoids_falls_by_four_powers_of_ten_to_the_first_layer() -> None:
    trainer = trainers("deep-sigmoid")[""]
    trainer.step(measure=True)
    assert trainer.figures is not None
    norms = trainer.figures.values[[tensor.name.endswith("weight") for tensor in trainer.tensors], 1].tolist()
    assert norms == sorted(norms)
    assert norms[0] < 1e-4 * norms[-1]


def test_deep_sigmoids_sleep_under_sgd_and_wake_under_adam() -> None:
    trainer = train_to(trainers("deep-sigmoid")[""], 100 * 16)
    assert height(trainer) == pytest.approx(0.693, abs=0.005)
    trainer.apply({"optimizer.lr": 0.02})
    trainer.apply({"optimizer.name": "adam"})
    assert height(train_to(trainer, 200 * 16)) < 0.30


def test_rectifiers_let_the_gradient_through_six_layers() -> None:
    assert height(train_to(trainers("deep-sigmoid", "model.activation=relu")[""], 20 * 16)) < 0.2


@pytest.mark.parametrize(
    ("settings", "accuracy"),
    [
        ([], 0.65),
        (["optimizer.lr=1.0"], 0.68),
        (["optimizer.name=momentum"], 0.75),
        (["optimizer.name=adagrad"], 0.93),
        (["optimizer.name=adam", "optimizer.lr=0.01"], 0.97),
    ],
)
def test_on_the_spiral_the_rules_come_so_far_in_a_hundred_epochs(settings: list[str], accuracy: float) -> None:
    found = train_to(trainers("spiral-switch", *settings)[""], 100 * 20).evaluate("train").accuracy
    assert found == pytest.approx(accuracy, abs=0.05)


@pytest.mark.parametrize(("scale", "condition"), [("none", 9990.0), ("standardise", 1.06)])
def test_one_large_feature_makes_a_ravine_and_standardising_a_bowl(scale: str, condition: float) -> None:
    found = curvature(point_after(load("feature-scale", [parsed_setting(f"data.scale={scale}")]).spec, 0))
    assert found.smallest is not None
    assert found.largest / found.smallest == pytest.approx(condition, rel=0.005)


def test_standardised_features_are_fitted_in_five_steps() -> None:
    trainer = trainers("feature-scale", "data.scale=standardise", "optimizer.lr=0.3")[""]
    assert updates_until(trainer, lambda trainer: height(trainer) <= 1e-4, 3000) == 5
