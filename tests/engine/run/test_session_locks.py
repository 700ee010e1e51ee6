"""What a lesson has locked is refused, whoever asks and in whatever way, and everything else goes as ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.method.lock_table import checked_locks
from engine.method.locks import Locks
from engine.run.commands import FindRate, FinishEpoch, Pause, Reset, Resume, SetFields, StepOnce, Turn

MakeRun = Callable[..., Any]


def locks(*controls: str, but: tuple[str, ...] = ()) -> Locks:
    return checked_locks({"controls": list(controls), "but": list(but)}, "test.toml")


@pytest.mark.parametrize("control", ["optimizer.lr", "optimizer", "settings"])
def test_a_locked_field_can_neither_be_set_nor_turned(start: MakeRun, control: str) -> None:
    run = start(locks=locks(control))
    assert run.refused(SetFields, values={"optimizer.lr": 0.01}) == "optimizer.lr: locked by the lesson"
    assert run.refused(Turn, key="optimizer.lr", factor=1.1) == "optimizer.lr: locked by the lesson"
    run.applied(Pause)
    run.applied(StepOnce)


def test_what_is_left_out_of_a_locked_group_is_free(start: MakeRun) -> None:
    run = start(locks=locks("settings", but=("optimizer.lr", "pace")))
    run.applied(SetFields, values={"optimizer.lr": 0.01})
    run.applied(SetFields, values={"pace.steps_per_second": 10.0})
    run.refused(SetFields, values={"optimizer.lr": 0.02, "clip.norm": 1.0})
    assert run.spec["optimizer.lr"] == 0.01, "all of a command or nothing"


def test_another_rule_does_not_get_round_a_lock_on_its_rate(start: MakeRun) -> None:
    """Where nobody has set a rate, Adadelta comes with one of its own."""
    run = start({"problem": {"kind": "landscape"}, "optimizer": {"name": "sgd"}}, locks=locks("optimizer.lr"))
    reason = run.refused(SetFields, values={"optimizer.name": "adadelta"})
    assert reason.startswith("optimizer.lr would become ")
    assert reason.endswith("locked by the lesson")
    run.applied(SetFields, values={"optimizer.name": "momentum"})


@pytest.mark.parametrize(
    ("control", "command", "fields"),
    [
        ("pause", Pause, {}),
        ("step", StepOnce, {}),
        ("epoch", FinishEpoch, {}),
        ("reset", Reset, {}),
        ("reset", Reset, {"seed": 1}),
        ("seed", Reset, {"seed": 1}),
        ("sweep", FindRate, {}),
    ],
)
def test_a_locked_command_is_refused(start: MakeRun, control: str, command: Any, fields: dict[str, Any]) -> None:
    assert start(locks=locks(control)).refused(command, **fields) == f"{control}: locked by the lesson"


def test_who_may_draw_no_new_seed_may_reset_all_the_same(start: MakeRun) -> None:
    run = start(locks=locks("seed"))
    run.take(3)
    run.applied(Reset)
    assert run.step == 0


def test_a_run_goes_on_after_its_end_only_where_its_end_is_not_locked(start: MakeRun) -> None:
    spec = {
        "problem": {"kind": "landscape", "function": "ravine"},
        "optimizer": {"name": "sgd", "lr": 0.001},
        "stop": {"steps": 2},
    }
    run = start(spec, locks=locks("stop"))
    run.to_the_end()
    assert run.session.state == "ended"
    assert run.refused(Resume) == "stop.steps: locked by the lesson"
    free = start(spec, locks=locks("stop", but=("stop.steps",)))
    free.to_the_end()
    free.applied(Resume)
    assert free.session.state == "running"


def test_a_client_is_told_what_is_locked(start: MakeRun) -> None:
    assert start(locks=locks("reset")).session.welcome().locks.holds("seed")
    assert not start().session.welcome().locks.holds("reset")
