"""`gdtui run --json`: the lines that programs read, and the numbers in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.run.events import Finished
from tui import headless

if TYPE_CHECKING:
    from tests.tui.conftest import Events, Parsed


Command = Callable[..., Any]


def test_the_lines_are_those_of_the_contract_and_in_its_order(events: Events, gdtui: Command) -> None:
    found = events(gdtui("run", "moons", "--json", "--steps", "40", "--every", "8", "--no-record"))
    started, finished = found[0], found[-1]
    assert set(started) >= {"event", "preset", "parameters", "tensors"}
    assert started["preset"] == "moons"
    shapes = {tensor["name"]: tensor["shape"] for tensor in started["tensors"]}
    assert shapes["layer1.weight"] == [2, 16]
    assert started["parameters"] == sum(int(np.prod(shape)) for shape in shapes.values())

    step = found.of("step")[0]
    assert set(step) == {"event", "lane", "step", "epoch", "loss", "lr", "grad_norm", "update_norm"}
    assert (type(step["lane"]), type(step["step"]), type(step["epoch"])) == (int, int, int)

    telemetry = found.of("telemetry")[0]
    assert set(telemetry) == {"event", "lane", "step", "tensors"}
    figures = {"name", "weight_norm", "grad_norm", "rms", "effective_lr", "update_ratio"}
    assert [set(tensor) for tensor in telemetry["tensors"]] == [figures] * len(shapes)

    evaluated = found.of("evaluated")[0]
    assert set(evaluated) == {"event", "lane", "step", "split", "loss", "accuracy"}
    last_words = {"event", "lane", "step", "reason", "loss", "steps_per_second", "parameters"}
    assert set(finished) == last_words | {"evaluations", "updates", "rate_sum", "rate_squares"}
    assert (finished["step"], finished["reason"], finished["lane"]) == (40, "steps", 0)
    assert finished["steps_per_second"] > 0
    last = 0
    for line in found[1:-1]:
        last = line["step"] if line["event"] == "step" else last
        assert line["step"] - last in range(8), "what belongs to a step follows it"


def test_the_loss_of_a_step_is_that_before_its_update(events: Events, gdtui: Command) -> None:
    """On x²/2 + 5y² from (1, 1) the first loss is 5.5; a rate of 0.05 leads to (0.95, 0.5), where it is 1.70125."""
    arguments = ("--set", "problem.condition=10", "--set", "optimizer.lr=0.05", "--steps", "2", "--no-record")
    found = events(gdtui("run", "ravine", "--json", *arguments))
    assert found.column("step", "loss") == pytest.approx([5.5, 1.70125], rel=1e-14)
    assert found.column("step", "grad_norm") == pytest.approx([101**0.5, (0.95**2 + 25) ** 0.5], rel=1e-14)
    assert found.column("step", "update_norm")[0] == pytest.approx(0.05 * 101**0.5, rel=1e-14)
    assert found.column("step", "lr") == [0.05, 0.05]
    assert found[-1]["loss"] == pytest.approx(0.9025**2 / 2 + 5 * 0.25**2, rel=1e-14)


GOLDEN = {
    "sgd": ({"lr": 0.05}, {2: (0.9025, 0.25), 5: (0.7737809375, 0.03125)}),
    "momentum": ({"lr": 0.05, "momentum": 0.9}, {2: (0.8575, -0.2), 5: (0.4171559375, -0.5218)}),
    "rmsprop": (
        {"lr": 0.01, "rho": 0.99, "eps": 1e-8},
        {2: (0.832917975265, 0.832917962134), 5: (0.696465799281, 0.696465780304)},
    ),
    "adam": ({"lr": 0.1}, {2: (0.800412229712, 0.800412227875), 5: (0.507963661927, 0.507963657134)}),
}
"""What PyTorch's rules, transliterated, make of (1, 1) on x²/2 + 5y², to the twelve digits that were written down."""


@pytest.mark.parametrize("steps", [2, 5])
@pytest.mark.parametrize("name", GOLDEN)
def test_each_rule_gives_the_golden_values(events: Events, gdtui: Command, name: str, steps: int) -> None:
    settings, after = GOLDEN[name]
    options = [f"--set=optimizer.{key}={value}" for key, value in settings.items()]
    options += ["--set", "problem.condition=10", "--precision", "float64", "--steps", str(steps), "--no-record"]
    found = events(gdtui("run", "ravine", "--json", f"--set=optimizer.name={name}", *options))
    assert found[-1]["parameters"] == pytest.approx(after[steps], abs=1e-12)


def test_the_same_command_twice_gives_the_same_lines(events: Events, gdtui: Command) -> None:
    """All of them, but for the run's name and its speed."""
    arguments = ("run", "digits", "--json", "--steps", "47", "--every", "3", "--at", "20", "optimizer.lr=0.01")
    once, again = events(gdtui(*arguments)), events(gdtui(*arguments))
    for found in (once, again):
        del found[0]["run"], found[-1]["steps_per_second"]
    assert once == again


def test_the_seed_decides_and_is_all_three_seeds(events: Events, gdtui: Command) -> None:
    losses = {}
    for seed in ("1", "2"):
        found = events(gdtui("run", "moons", "--json", "--steps", "25", "--no-record", "--seed", seed))
        losses[seed] = found.column("step", "loss")
    seeds = [f"--set=seed.{name}=1" for name in ("data", "init", "batches")]
    spelled = events(gdtui("run", "moons", "--json", "--steps", "25", "--no-record", *seeds))
    assert losses["1"] == spelled.column("step", "loss")
    assert losses["1"][0] != losses["2"][0]


def test_every_nth_step_has_the_numbers_that_it_has_among_all(events: Events, gdtui: Command) -> None:
    arguments = ("run", "moons", "--json", "--steps", "20", "--no-record")
    whole = events(gdtui(*arguments))
    sieved = events(gdtui(*arguments, "--every", "7"))
    for event in ("step", "telemetry"):
        assert sieved.column(event, "step") == [7, 14]
        assert sieved.of(event) == [line for line in whole.of(event) if line["step"] % 7 == 0]
    assert sieved.of("evaluated") == whole.of("evaluated")


def test_a_live_change_takes_effect_after_exactly_so_many_updates(events: Events, gdtui: Command) -> None:
    """Whatever the order in which the changes are given."""
    found = events(
        gdtui(
            *("run", "moons", "--json", "--steps", "9", "--no-record"),
            *("--at", "6", 'optimizer.name="adam"', "--at", "3", "optimizer.lr=0.25", "--at", "0", "batch.size=10"),
        )
    )
    assert found.column("step", "lr") == [1.0] * 3 + [0.25] * 6
    assert [(line["step"], line["key"], line["old"], line["new"]) for line in found.of("applied")] == [
        (0, "batch.size", 20, 10),
        (3, "optimizer.lr", 1.0, 0.25),
        (6, "optimizer.name", "sgd", "adam"),
    ]
    kinds = [(line["event"], line["step"]) for line in found if line["event"] in ("step", "applied")]
    assert kinds.index(("applied", 3)) == kinds.index(("step", 3)) + 1
    assert [line["tensors"][0]["rms"] is None for line in found.of("telemetry")] == [True] * 6 + [False] * 3


def test_a_change_that_was_ordered_is_the_change_that_was_made_live(events: Events, gdtui: Command) -> None:
    """Two runs that differ in one ordered change are equal up to it, bit for bit, and not after it."""
    plain = events(gdtui("run", "moons", "--json", "--steps", "30", "--no-record"))
    turned = events(gdtui("run", "moons", "--json", "--steps", "30", "--no-record", "--at", "12", "optimizer.lr=0.5"))
    ours, theirs = turned.column("step", "loss"), plain.column("step", "loss")
    assert ours[:13] == theirs[:13]
    assert ours[13] != theirs[13]


@pytest.mark.parametrize(
    ("arguments", "step", "reason"),
    [
        (["moons", "--steps", "0"], 0, "steps"),
        (["moons", "--steps", "7"], 7, "steps"),
        (["moons", "--epochs", "2"], 32, "epochs"),
        (["moons", "--epochs", "3", "--set", "batch.size=full"], 3, "epochs"),
        (["moons", "--epochs", "1", "--set", "batch.size=300"], 2, "epochs"),
        (["ravine", "--set", "stop.loss=40"], 7, "loss"),
        (["ravine", "--set", "optimizer.lr=1e-9", "--set", "stop.update_norm=1e-6"], 1, "update_norm"),
        (["ravine", "--steps", "100", "--at", "4", "stop.steps=4"], 4, "steps"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_a_run_ends_where_it_was_told_to(
    events: Events, gdtui: Command, arguments: list[str], step: int, reason: str
) -> None:
    found = events(gdtui("run", *arguments, "--json", "--no-record"))
    assert (found[-1]["step"], found[-1]["reason"]) == (step, reason)
    assert found.column("step", "step") == list(range(1, step + 1))


def test_a_model_is_evaluated_before_its_first_step_after_every_epoch_and_at_the_end(
    events: Events, gdtui: Command
) -> None:
    found = events(gdtui("run", "moons", "--json", "--steps", "40", "--no-record"))
    held_out = [line["step"] for line in found.of("evaluated") if line["split"] == "held_out"]
    assert held_out == [0, 16, 32, 40]
    assert [line["step"] for line in found.of("evaluated") if line["split"] == "train"] == [40]
    assert all(0.0 <= accuracy <= 1.0 for accuracy in found.column("evaluated", "accuracy"))


def test_the_final_loss_is_the_full_objective(events: Events, gdtui: Command) -> None:
    found = events(gdtui("run", "moons", "--json", "--steps", "20", "--no-record"))
    (train,) = [line for line in found.of("evaluated") if line["split"] == "train"]
    assert found[-1]["loss"] == train["loss"]


def test_a_long_vector_of_parameters_is_not_printed(events: Events, gdtui: Command) -> None:
    assert events(gdtui("run", "moons", "--json", "--steps", "1", "--no-record"))[-1]["parameters"] is None


def test_a_regression_has_no_accuracy(events: Events, gdtui: Command) -> None:
    found = events(gdtui("run", "line", "--json", "--steps", "1", "--no-record"))
    assert set(found.column("evaluated", "accuracy")) == {None}


@pytest.mark.parametrize(
    ("value", "text"),
    [(float("nan"), '"nan"'), (float("inf"), '"inf"'), (float("-inf"), '"-inf"'), (5e-324, "5e-324"), (-0.0, "-0.0")],
)
def test_a_number_that_json_lacks_is_its_name_in_quotes(
    parsed: Parsed, capsys: pytest.CaptureFixture[str], value: float, text: str
) -> None:
    finished = Finished(
        lane=0, segment=1, step=1, reason="x", loss=value, steps_per_second=1.0, parameters=(value, 1.0)
    )
    headless.JsonReporter(1).message(finished)
    (line,) = capsys.readouterr().out.splitlines()
    parsed([line])
    assert f'"loss": {text}, ' in line
    assert f'"parameters": [{text}, 1.0]' in line
