"""`gdtui run`: the lines that programs read, the numbers in them, and how a run ends from outside."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.run import directory
from engine.run.client import Client
from engine.run.history import RecordReader
from engine.run.launch import Launch
from engine.run.protocol import Applied, Finished, Pause, SetFields, Turn
from tui import headless

ROOT = Path(__file__).resolve().parents[2]
GDTUI = [sys.executable, str(ROOT / "gdtui.py")]
PATIENCE_S = 30.0

Command = Callable[..., Any]


def parsed(lines: list[str]) -> list[dict[str, Any]]:
    """Every line as strict JSON: Python alone would read NaN and Infinity as numbers."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return [json.loads(line, parse_constant=refuse) for line in lines]


def events(outcome: Any, code: int = 0) -> list[dict[str, Any]]:
    """The events of a run with --json that ended with this exit code."""
    assert outcome.code == code, outcome.err
    if code == 0:
        assert outcome.err == ""
    found = parsed(outcome.lines)
    assert (found[0]["event"], found[-1]["event"]) == ("started", "finished")
    return found


def of(found: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    return [line for line in found if line["event"] == event]


def column(found: list[dict[str, Any]], event: str, key: str) -> list[Any]:
    return [line[key] for line in of(found, event)]


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`gdtui run` as a process of its own, in a group of its own as under a shell; killed if the test fails."""
    command = [*GDTUI, "run", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    (line,) = parsed([process.stdout.readline()])
    assert line["event"] == "started"
    return line


def until_ended(name: str) -> None:
    """Wait until the run's engine has gone, which it does by itself."""
    run = directory.RunDirectory(name=name, path=directory.data_root() / name)
    end = time.monotonic() + PATIENCE_S
    while run.is_live():
        assert time.monotonic() < end, "the engine does not leave"
        time.sleep(0.01)


# ---- the lines


def test_the_lines_are_those_of_the_contract_and_in_its_order(gdtui: Command) -> None:
    found = events(gdtui("run", "moons", "--json", "--steps", "40", "--every", "8", "--no-record"))
    started, finished = found[0], found[-1]
    assert set(started) >= {"event", "preset", "parameters", "tensors"}
    assert started["preset"] == "moons"
    shapes = {tensor["name"]: tensor["shape"] for tensor in started["tensors"]}
    assert shapes["layer1.weight"] == [2, 16]
    assert started["parameters"] == sum(int(np.prod(shape)) for shape in shapes.values())

    step = of(found, "step")[0]
    assert set(step) == {"event", "lane", "step", "epoch", "loss", "lr", "grad_norm", "update_norm"}
    assert (type(step["lane"]), type(step["step"]), type(step["epoch"])) == (int, int, int)

    telemetry = of(found, "telemetry")[0]
    assert set(telemetry) == {"event", "lane", "step", "tensors"}
    figures = {"name", "weight_norm", "grad_norm", "rms", "effective_lr", "update_ratio"}
    assert [set(tensor) for tensor in telemetry["tensors"]] == [figures] * len(shapes)

    evaluated = of(found, "evaluated")[0]
    assert set(evaluated) == {"event", "lane", "step", "split", "loss", "accuracy"}
    assert set(finished) == {"event", "lane", "step", "reason", "loss", "steps_per_second", "parameters"}
    assert (finished["step"], finished["reason"], finished["lane"]) == (40, "steps", 0)
    assert finished["steps_per_second"] > 0
    last = 0
    for line in found[1:-1]:
        last = line["step"] if line["event"] == "step" else last
        assert line["step"] - last in range(8), "what belongs to a step follows it"


def test_the_loss_of_a_step_is_that_before_its_update(gdtui: Command) -> None:
    """On x²/2 + 5y² from (1, 1) the first loss is 5.5; a rate of 0.05 leads to (0.95, 0.5), where it is 1.70125."""
    arguments = ("--set", "problem.condition=10", "--set", "optimizer.lr=0.05", "--steps", "2", "--no-record")
    found = events(gdtui("run", "ravine", "--json", *arguments))
    assert column(found, "step", "loss") == pytest.approx([5.5, 1.70125], rel=1e-14)
    assert column(found, "step", "grad_norm") == pytest.approx([101**0.5, (0.95**2 + 25) ** 0.5], rel=1e-14)
    assert column(found, "step", "update_norm")[0] == pytest.approx(0.05 * 101**0.5, rel=1e-14)
    assert column(found, "step", "lr") == [0.05, 0.05]
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
def test_each_rule_gives_the_golden_values(gdtui: Command, name: str, steps: int) -> None:
    settings, after = GOLDEN[name]
    options = [f"--set=optimizer.{key}={value}" for key, value in settings.items()]
    options += ["--set", "problem.condition=10", "--precision", "float64", "--steps", str(steps), "--no-record"]
    found = events(gdtui("run", "ravine", "--json", f"--set=optimizer.name={name}", *options))
    assert found[-1]["parameters"] == pytest.approx(after[steps], abs=1e-12)


def test_the_same_command_twice_gives_the_same_lines(gdtui: Command) -> None:
    """All of them, but for the run's name and its speed."""
    arguments = ("run", "digits", "--json", "--steps", "47", "--every", "3", "--at", "20", "optimizer.lr=0.01")
    once, again = events(gdtui(*arguments)), events(gdtui(*arguments))
    for found in (once, again):
        del found[0]["run"], found[-1]["steps_per_second"]
    assert once == again


def test_the_seed_decides_and_is_all_three_seeds(gdtui: Command) -> None:
    losses = {}
    for seed in ("1", "2"):
        found = events(gdtui("run", "moons", "--json", "--steps", "25", "--no-record", "--seed", seed))
        losses[seed] = column(found, "step", "loss")
    seeds = [f"--set=seed.{name}=1" for name in ("data", "init", "batches")]
    spelled = events(gdtui("run", "moons", "--json", "--steps", "25", "--no-record", *seeds))
    assert losses["1"] == column(spelled, "step", "loss")
    assert losses["1"][0] != losses["2"][0]


def test_every_nth_step_has_the_numbers_that_it_has_among_all(gdtui: Command) -> None:
    arguments = ("run", "moons", "--json", "--steps", "20", "--no-record")
    whole = events(gdtui(*arguments))
    sieved = events(gdtui(*arguments, "--every", "7"))
    for event in ("step", "telemetry"):
        assert column(sieved, event, "step") == [7, 14]
        assert of(sieved, event) == [line for line in of(whole, event) if line["step"] % 7 == 0]
    assert of(sieved, "evaluated") == of(whole, "evaluated")


def test_a_live_change_takes_effect_after_exactly_so_many_updates(gdtui: Command) -> None:
    """Whatever the order in which the changes are given."""
    found = events(
        gdtui(
            *("run", "moons", "--json", "--steps", "9", "--no-record"),
            *("--at", "6", 'optimizer.name="adam"', "--at", "3", "optimizer.lr=0.25", "--at", "0", "batch.size=10"),
        )
    )
    assert column(found, "step", "lr") == [1.0] * 3 + [0.25] * 6
    assert [(line["step"], line["key"], line["old"], line["new"]) for line in of(found, "applied")] == [
        (0, "batch.size", 20, 10),
        (3, "optimizer.lr", 1.0, 0.25),
        (6, "optimizer.name", "sgd", "adam"),
    ]
    kinds = [(line["event"], line["step"]) for line in found if line["event"] in ("step", "applied")]
    assert kinds.index(("applied", 3)) == kinds.index(("step", 3)) + 1
    assert [line["tensors"][0]["rms"] is None for line in of(found, "telemetry")] == [True] * 6 + [False] * 3


def test_a_change_that_was_ordered_is_the_change_that_was_made_live(gdtui: Command) -> None:
    """Two runs that differ in one ordered change are equal up to it, bit for bit, and not after it."""
    plain = events(gdtui("run", "moons", "--json", "--steps", "30", "--no-record"))
    turned = events(gdtui("run", "moons", "--json", "--steps", "30", "--no-record", "--at", "12", "optimizer.lr=0.5"))
    ours, theirs = column(turned, "step", "loss"), column(plain, "step", "loss")
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
def test_a_run_ends_where_it_was_told_to(gdtui: Command, arguments: list[str], step: int, reason: str) -> None:
    found = events(gdtui("run", *arguments, "--json", "--no-record"))
    assert (found[-1]["step"], found[-1]["reason"]) == (step, reason)
    assert column(found, "step", "step") == list(range(1, step + 1))


def test_a_model_is_evaluated_before_its_first_step_after_every_epoch_and_at_the_end(gdtui: Command) -> None:
    found = events(gdtui("run", "moons", "--json", "--steps", "40", "--no-record"))
    held_out = [line["step"] for line in of(found, "evaluated") if line["split"] == "held_out"]
    assert held_out == [0, 16, 32, 40]
    assert [line["step"] for line in of(found, "evaluated") if line["split"] == "train"] == [40]
    assert all(0.0 <= accuracy <= 1.0 for accuracy in column(found, "evaluated", "accuracy"))


def test_the_final_loss_is_the_full_objective(gdtui: Command) -> None:
    found = events(gdtui("run", "moons", "--json", "--steps", "20", "--no-record"))
    (train,) = [line for line in of(found, "evaluated") if line["split"] == "train"]
    assert found[-1]["loss"] == train["loss"]


def test_a_long_vector_of_parameters_is_not_printed(gdtui: Command) -> None:
    assert events(gdtui("run", "moons", "--json", "--steps", "1", "--no-record"))[-1]["parameters"] is None


def test_a_regression_has_no_accuracy(gdtui: Command) -> None:
    found = events(gdtui("run", "line", "--json", "--steps", "1", "--no-record"))
    assert set(column(found, "evaluated", "accuracy")) == {None}


# ---- a run that fails


def test_a_run_that_diverges_is_exit_code_1_one_line_on_stderr_and_strict_json(gdtui: Command) -> None:
    outcome = gdtui("run", "ravine", "--json", "--set", "optimizer.lr=1e6", "--no-record")
    found = events(outcome, code=1)
    assert found[-1]["reason"] == "diverged"
    last = of(found, "step")[-1]
    assert last["step"] == found[-1]["step"]
    assert {last["loss"], last["grad_norm"]} & {"nan", "inf"}
    assert last["update_norm"] == 0.0
    assert all(np.isfinite(found[-1]["parameters"]))
    assert outcome.err.count("\n") == 1
    assert f"at step {last['step']} " in outcome.err
    assert "smaller optimizer.lr" in outcome.err


def test_a_killed_engine_is_exit_code_1_and_one_line_that_says_so() -> None:
    with running("rosenbrock", "--json", "--every", "1000000", "--set", "stop.loss=1e-300") as process:
        name = first_line(process)["run"]
        run = directory.find(name, live=True)
        os.kill(int(run.lock.read_text()), signal.SIGKILL)
        _, complaint = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert complaint.count("\n") == 1
    assert "the engine is gone" in complaint
    assert "killed by signal 9" in complaint


# ---- the record


def test_what_is_printed_is_what_is_recorded(gdtui: Command, places: Path) -> None:
    out = places / "a run"
    found = events(
        gdtui("run", "ravine", "--json", "--steps", "300", "--out", str(out), "--at", "7", "optimizer.lr=0.01")
    )
    reader = RecordReader(out / "run.db")
    values = np.concatenate([block.values for block in reader.steps(1, 1)], axis=1)
    printed = [column(found, "step", key) for key in ("epoch", "loss", "lr", "grad_norm", "update_norm")]
    assert values.tolist() == printed
    assert [event.kind for event in reader.events()] == ["applied", "finished"]
    assert [path.name for path in (places / "data" / "runs").iterdir()] == [f"{found[0]['run']}.at"]


def test_a_run_is_recorded_among_the_others_by_default_and_nowhere_if_not_wanted(gdtui: Command, places: Path) -> None:
    name = events(gdtui("run", "ravine", "--json", "--steps", "1"))[0]["run"]
    assert (places / "data" / "runs" / name / "run.db").is_file()
    unrecorded = events(gdtui("run", "ravine", "--json", "--steps", "1", "--no-record"))[0]["run"]
    assert [path.name for path in (places / "data" / "runs").iterdir()] == [name]
    end = time.monotonic() + PATIENCE_S
    while left := [path.name for path in (places / "run").iterdir() if path.name.startswith(unrecorded)]:
        assert time.monotonic() < end, left
        time.sleep(0.02)


def test_a_failed_run_that_was_not_to_be_recorded_leaves_nothing_either(
    gdtui: Command, places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.headless.Launch", lambda **fields: Launch(**{**fields, "spec": {"problem": 5}}))
    outcome = gdtui("run", "ravine", "--no-record")
    assert outcome.code == 1
    assert [path.name for path in (places / "run").iterdir()] == []


def test_a_run_does_not_write_into_a_record_that_is_there(gdtui: Command, places: Path) -> None:
    out = str(places / "out")
    assert gdtui("run", "ravine", "--steps", "1", "--out", out).code == 0
    before = (places / "out" / "launch.json").read_bytes()
    refused = gdtui("run", "ravine", "--steps", "2", "--out", out)
    assert (refused.code, refused.out) == (2, "")
    assert "not empty" in refused.err
    assert (places / "out" / "launch.json").read_bytes() == before


# ---- for people


def test_without_json_a_person_reads_a_few_lines(gdtui: Command, places: Path) -> None:
    outcome = gdtui("run", "ravine", "--steps", "5", "--at", "2", "optimizer.lr=0.01")
    assert outcome.code == 0
    assert "5 steps" in outcome.lines[0]
    assert "ended by steps" in outcome.lines[0]
    assert ": 1 step, " in gdtui("run", "ravine", "--steps", "1", "--no-record").out
    assert outcome.lines[-1].startswith(f"recorded in {places}/data/runs/ravine-")
    assert outcome.err == "step 2: optimizer.lr 0.0198 → 0.01\n"
    unrecorded = gdtui("run", "moons", "--steps", "5", "--no-record")
    assert "% right" in unrecorded.lines[1]
    assert "recorded" not in unrecorded.out


def test_a_preset_keeps_its_pace_only_for_those_who_watch(gdtui: Command) -> None:
    """The ravine's thirty steps a second would take seven seconds; asked for, a pace holds here as well."""
    began = time.monotonic()
    assert gdtui("run", "ravine", "--steps", "200", "--no-record").code == 0
    assert time.monotonic() - began < 5.0
    began = time.monotonic()
    assert gdtui("run", "ravine", "--steps", "10", "--no-record", "--set", "pace.steps_per_second=20").code == 0
    assert time.monotonic() - began > 0.35


def on_a_terminal(*arguments: str) -> tuple[int, str]:
    """Run `gdtui run` with a terminal as its stderr; return the exit code and what was drawn."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [*GDTUI, "run", *arguments], stdout=subprocess.DEVNULL, stderr=slave, stdin=subprocess.DEVNULL
    ) as process:
        os.close(slave)
        drawn = b""
        end = time.monotonic() + PATIENCE_S
        with contextlib.suppress(OSError):
            while time.monotonic() < end:
                # Linux ends a terminal without a writer with an error, macOS with nothing.
                if not select.select([master], [], [], 1.0)[0]:
                    continue
                part = os.read(master, 65536)
                if not part:
                    break
                drawn += part
        os.close(master)
        code = process.wait(PATIENCE_S)
    return code, drawn.decode(errors="replace")


def test_on_a_terminal_a_bar_shows_step_and_loss() -> None:
    code, drawn = on_a_terminal("moons", "--steps", "50", "--no-record", "--at", "20", "optimizer.lr=0.5")
    assert code == 0
    assert "100%" in drawn
    assert "step 50" in drawn
    assert "loss" in drawn
    assert "optimizer.lr 1.0 → 0.5" in drawn


# ---- ended from outside


def test_head_ends_a_run_quietly() -> None:
    """`gdtui run … --json | head -1`: no complaint, and no engine that trains on for nobody."""
    with running("rosenbrock", "--json", "--set", "stop.loss=1e-300") as process:
        name = first_line(process)["run"]
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.wait(PATIENCE_S)
        assert process.stderr.read() == ""
    assert process.returncode in (0, 1)
    until_ended(name)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_ends_a_run_in_order(number: signal.Signals, code: int) -> None:
    """To the whole group, as a terminal sends it: the engine is not in it."""
    with running("rosenbrock", "--json", "--every", "1000", "--set", "stop.loss=1e-300") as process:
        name = first_line(process)["run"]
        os.killpg(process.pid, number)
        rest, complaint = process.communicate(timeout=PATIENCE_S)
    found = parsed(rest.splitlines())
    assert (found[-1]["event"], found[-1]["reason"]) == ("finished", "stopped")
    assert (process.returncode, complaint) == (code, "")
    until_ended(name)
    run = directory.data_root() / name
    assert RecordReader(run / "run.db").last_step(1) == found[-1]["step"]


def test_ctrl_c_while_paused_ends_a_run_as_well() -> None:
    with running("rosenbrock", "--json", "--every", "1000", "--set", "stop.loss=1e-300") as process:
        name = first_line(process)["run"]
        other = Client(directory.find(name, live=True), watch="nothing", name="other")
        assert other.ask(Pause(seq=other.next_sequence())) is not None
        other.close()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    until_ended(name)


# ---- steered from elsewhere


def test_a_run_that_someone_steers_prints_what_they_did_and_when() -> None:
    with running("moons", "--json", "--every", "1000000", "--epochs", "1000000") as process:
        name = first_line(process)["run"]
        other = Client(directory.find(name, live=True), watch="nothing", name="other")
        applied = other.ask(SetFields(seq=other.next_sequence(), values={"optimizer.lr": 0.125}))
        turned = other.ask(Turn(seq=other.next_sequence(), key="optimizer.lr", factor=2.0))
        stopped = other.ask(SetFields(seq=other.next_sequence(), values={"stop.epochs": 0}))
        assert isinstance(applied, Applied)
        assert isinstance(turned, Applied)
        assert isinstance(stopped, Applied)
        other.close()
        rest, complaint = process.communicate(timeout=PATIENCE_S)
    found = parsed(rest.splitlines())
    changes = [(line["step"], line["key"], line["old"], line["new"]) for line in of(found, "applied")]
    assert changes[:2] == [(applied.step, "optimizer.lr", 1.0, 0.125), (turned.step, "optimizer.lr", 0.125, 0.25)]
    assert (process.returncode, complaint, found[-1]["reason"]) == (0, "", "epochs")


# ---- numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [(float("nan"), '"nan"'), (float("inf"), '"inf"'), (float("-inf"), '"-inf"'), (5e-324, "5e-324"), (-0.0, "-0.0")],
)
def test_a_number_that_json_lacks_is_its_name_in_quotes(
    capsys: pytest.CaptureFixture[str], value: float, text: str
) -> None:
    finished = Finished(
        lane=0, segment=1, step=1, reason="x", loss=value, steps_per_second=1.0, parameters=(value, 1.0)
    )
    headless.JsonReporter(1).close(None, finished)  # type: ignore[arg-type]
    (line,) = capsys.readouterr().out.splitlines()
    parsed([line])
    assert f'"loss": {text}, ' in line
    assert f'"parameters": [{text}, 1.0]' in line
