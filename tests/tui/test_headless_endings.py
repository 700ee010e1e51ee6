"""`gdtui run`: how a run fails, how it is ended from outside, and what others do to it meanwhile."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.run import directory
from engine.run.client import Client
from engine.run.commands import Pause, SetFields, Turn
from engine.run.events import Applied
from engine.run.history import RecordReader

if TYPE_CHECKING:
    from tests.tui.conftest import Events, Parsed, Running, UntilEnded

PATIENCE_S = 30.0

Command = Callable[..., Any]


def test_a_run_that_diverges_is_exit_code_1_one_line_on_stderr_and_strict_json(events: Events, gdtui: Command) -> None:
    outcome = gdtui("run", "ravine", "--json", "--set", "optimizer.lr=1e6", "--no-record")
    found = events(outcome, code=1)
    assert found[-1]["reason"] == "diverged"
    last = found.of("step")[-1]
    assert last["step"] == found[-1]["step"]
    assert {last["loss"], last["grad_norm"]} & {"nan", "inf"}
    assert last["update_norm"] == 0.0
    x, y = found[-1]["parameters"]
    assert found[-1]["loss"] == pytest.approx(0.5 * (x * x + 100.0 * y * y), rel=1e-9)
    assert found[-1]["loss"] == found.of("step")[found[-1]["updates"]]["loss"]
    assert found[-1]["rate_sum"] == 1e6 * found[-1]["updates"]
    assert outcome.err.count("\n") == 1
    assert f"(after {found[-1]['updates']} updates)" in outcome.err
    assert f"at step {last['step']} " in outcome.err
    assert "smaller optimizer.lr" in outcome.err


def test_a_killed_engine_is_exit_code_1_and_one_line_that_says_so(running: Running) -> None:
    with running("rosenbrock", "--json", "--every", "1000000", "--set", "stop.loss=1e-300") as process:
        name = process.first_line()["run"]
        run = directory.find(name, live=True)
        os.kill(int(run.lock.read_text()), signal.SIGKILL)
        _, complaint = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert complaint.count("\n") == 1
    assert "the engine is gone" in complaint
    assert "killed by signal 9" in complaint


def test_head_ends_a_run_quietly(running: Running, until_ended: UntilEnded) -> None:
    """`gdtui run … --json | head -1`: no complaint, and no engine that trains on for nobody."""
    with running("rosenbrock", "--json", "--set", "stop.loss=1e-300") as process:
        name = process.first_line()["run"]
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.wait(PATIENCE_S)
        assert process.stderr.read() == ""
    assert process.returncode in (0, 1)
    until_ended(name)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_ends_a_run_in_order(
    parsed: Parsed, running: Running, until_ended: UntilEnded, number: signal.Signals, code: int
) -> None:
    """To the whole group, as a terminal sends it: the engine is not in it."""
    with running("rosenbrock", "--json", "--every", "1000", "--set", "stop.loss=1e-300") as process:
        name = process.first_line()["run"]
        os.killpg(process.pid, number)
        rest, complaint = process.communicate(timeout=PATIENCE_S)
    found = parsed(rest.splitlines())
    assert (found[-1]["event"], found[-1]["reason"]) == ("finished", "stopped")
    assert (process.returncode, complaint) == (code, "")
    until_ended(name)
    run = directory.data_root() / name
    assert RecordReader(run / "run.db").last_step(1) == found[-1]["step"]


def test_ctrl_c_while_paused_ends_a_run_as_well(running: Running, until_ended: UntilEnded) -> None:
    with running("rosenbrock", "--json", "--every", "1000", "--set", "stop.loss=1e-300") as process:
        name = process.first_line()["run"]
        other = Client(directory.find(name, live=True), watch="nothing", name="other")
        assert other.ask(Pause(seq=other.next_sequence())) is not None
        other.close()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    until_ended(name)


def test_a_run_that_someone_steers_prints_what_they_did_and_when(parsed: Parsed, running: Running) -> None:
    with running("moons", "--json", "--every", "1000000", "--epochs", "1000000") as process:
        name = process.first_line()["run"]
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
    changes = [(line["step"], line["key"], line["old"], line["new"]) for line in found.of("applied")]
    assert changes[:2] == [(applied.step, "optimizer.lr", 1.0, 0.125), (turned.step, "optimizer.lr", 0.125, 0.25)]
    assert (process.returncode, complaint, found[-1]["reason"]) == (0, "", "epochs")


def test_a_run_whose_loss_explodes_by_the_stop_rule_has_failed(events: Events, gdtui: Command) -> None:
    arguments = ("--set", "optimizer.lr=0.3", "--set", "stop.divergence=10", "--no-record")
    found = events(gdtui("run", "ravine", "--json", *arguments), code=1)
    assert found[-1]["reason"] == "divergence"
    assert all(np.isfinite(found[-1]["parameters"]))


def test_a_run_under_a_schedule_ends_with_its_sums_and_its_verdict(gdtui: Command) -> None:
    """0.01·(1 + ½ + ¼ + ⅛), and the sum of the squares of the same."""
    arguments = ("--set", "schedule.name=exponential", "--set", "schedule.gamma=0.5", "--set", "optimizer.lr=0.01")
    outcome = gdtui("run", "ravine", *arguments, "--steps", "4", "--no-record")
    assert "exponential decay by 0.5 every step: Σα = 0.01875, Σα² = 0.000132812" in outcome.lines
    assert any("Σα = ∞: no, Σα² < ∞: yes" in line for line in outcome.lines)
    assert "Σα" not in gdtui("run", "ravine", "--steps", "4", "--no-record").out


def test_a_schedule_that_came_live_is_the_one_that_is_judged(gdtui: Command) -> None:
    outcome = gdtui("run", "ravine", "--at", "2", "schedule.name=inverse", "--steps", "4", "--no-record")
    assert "1/t decay with t in steps: Σα" in outcome.out


def test_a_run_that_cannot_even_begin_is_not_told_to_turn_its_rate(gdtui: Any) -> None:
    settings = ("--set", "problem.expression='log(x)'", "--set", "problem.start=[-1.0]")
    outcome = gdtui("run", "circuit", *settings, "--no-record")
    assert outcome.code == 1
    assert "not finite at step 1" in outcome.err
    assert "another start" in outcome.err
    assert "optimizer.lr" not in outcome.err


def test_a_run_whose_whole_loss_is_not_finite_has_diverged_though_its_minibatches_were_finite(gdtui: Any) -> None:
    """At this rate the weights explode within steps whose own losses still are numbers."""
    settings = ("--set", "optimizer.lr=1e6", "--set", "model.activation=relu", "--precision", "float64")
    outcome = gdtui("run", "moons", *settings, "--steps", "50", "--no-record")
    assert outcome.code == 1
    assert "diverged" in outcome.lines[0]
