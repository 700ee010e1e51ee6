"""A run without sockets: every command between two steps, everything told in the order in which it happened."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import GdtuiError
from engine.method.trainer import flat
from engine.run import directory, protocol
from engine.run.history import RecordReader
from engine.run.launch import Launch, ScheduledChange
from engine.run.protocol import (
    MAXIMUM_EVENT,
    Applied,
    Diverged,
    Evaluated,
    Figures,
    Finished,
    FrameReader,
    Pause,
    Progressed,
    Rejected,
    Reset,
    Resume,
    SetFields,
    StepOnce,
    Steps,
    Stop,
    Turn,
    parsed_event,
)
from engine.run.session import Session

RAVINE = {
    "problem": {"kind": "landscape", "function": "ravine", "start": [1.0, 1.0], "condition": 10},
    "optimizer": {"name": "sgd", "lr": 0.05},
    "precision": "float64",
}
MOONS = {
    "problem": {"kind": "dataset"},
    "data": {"name": "moons", "samples": 50},
    "model": {"hidden": [4], "activation": "tanh"},
    "optimizer": {"name": "adam", "lr": 0.01},
    "batch": {"size": 8},
}
"""40 samples to train on make five batches an epoch."""
EXPLODING = RAVINE | {"optimizer": {"name": "sgd", "lr": 1e6}}
NEVER = float("inf")


class Run:
    """A session and what it told."""

    def __init__(self, spec: dict[str, Any], **launch: Any) -> None:
        settings = Launch(preset="test", title="A test", spec=spec, **launch)
        self.directory = directory.create("test", recorded=settings.recorded)
        self.told: list[Any] = []
        self.on_disk_when_told: list[list[str]] = []
        self.session = Session(self.directory, settings, self._take)
        self._sequence = 0

    def _take(self, frame: bytes, droppable: bool) -> None:
        (message,) = [parsed_event(*part) for part in FrameReader(MAXIMUM_EVENT).feed(frame)]
        self.told.append(message)
        if not droppable and self.directory.record.exists():
            # Another connection sees what survives a kill of the engine.
            reader = sqlite3.connect(f"file:{self.directory.record}?mode=ro", uri=True)
            self.on_disk_when_told.append([text for (text,) in reader.execute("SELECT json FROM event ORDER BY id")])
            reader.close()

    @property
    def step(self) -> int:
        """Updates made so far."""
        return self.session.trainer.step_count

    @property
    def spec(self) -> dict[str, Any]:
        """What can be turned, as it stands now."""
        return flat(self.session.trainer.spec)

    def take(self, steps: int) -> None:
        """Let at most this many steps pass: a session whose time is up has made one."""
        for _ in range(steps):
            self.session.advance(0.0)

    def to_the_end(self) -> None:
        """Let the run go at full speed until it stops by itself."""
        self.session.advance(NEVER)

    def ask(self, kind: Any, **fields: Any) -> Any:
        """Carry a command out and return the answer."""
        self._sequence += 1
        return self.session.carry_out(kind(seq=self._sequence, **fields), "tester")

    def applied(self, kind: Any, **fields: Any) -> Applied:
        """Carry a command out that must not be refused."""
        answer = self.ask(kind, **fields)
        assert isinstance(answer, Applied), answer
        assert answer.seq == self._sequence
        return answer

    def refused(self, kind: Any, **fields: Any) -> str:
        """Carry a command out that must be refused, must change nothing and must be told to nobody."""
        self.session.flush()
        before = (self.spec, self.step, self.session.state, len(self.told))
        answer = self.ask(kind, **fields)
        assert isinstance(answer, Rejected), answer
        assert answer.seq == self._sequence
        assert (self.spec, self.step, self.session.state, len(self.told)) == before
        return answer.reason

    def of(self, *kinds: type) -> list[Any]:
        """What was told of these kinds, after a flush."""
        self.session.flush()
        return [message for message in self.told if isinstance(message, kinds)]

    def losses(self, segment: int = 1) -> list[float]:
        """The loss of every step told of a segment."""
        return [
            loss
            for steps in self.of(Steps)
            if steps.segment == segment
            for loss in steps.block.values[1].tolist()
        ]


MakeRun = Callable[..., Run]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """NumPy keeps silent about numbers that are not finite, as it does in the engine's process."""
    with np.errstate(all="ignore"):
        yield


@pytest.fixture
def start() -> Iterator[MakeRun]:
    """Make runs that are not recorded unless that is asked for."""
    made: list[Run] = []

    def begin(spec: dict[str, Any] = RAVINE, *, recorded: bool = False, **launch: Any) -> Run:
        run = Run(spec, recorded=recorded, **launch)
        made.append(run)
        return run

    yield begin
    for run in made:
        run.session.close()


def moves(run: Run) -> list[tuple[str, Any]]:
    """Every step told, and every event between two of them, in order."""
    found: list[tuple[str, Any]] = []
    for message in run.of(Steps, Figures, Evaluated, Applied, Diverged, Finished):
        if isinstance(message, Steps):
            first, last = message.block.first_step, message.block.last_step
            found += [("step", step) for step in range(first, last + 1)]
        else:
            step = message.figures.step if isinstance(message, Figures) else message.step
            found.append((type(message).__name__, step))
    return found


# ---- answers


def test_a_change_takes_effect_between_two_steps_and_says_between_which(start: MakeRun) -> None:
    run = start()
    run.take(3)
    answer = run.applied(SetFields, values={"optimizer.lr": 0.01})
    assert (answer.step, answer.command, answer.actor, answer.state) == (3, "set", "tester", "running")
    assert [(change.key, change.old, change.new) for change in answer.changes] == [("optimizer.lr", 0.05, 0.01)]
    assert answer.spec["optimizer"] == {"name": "sgd", "lr": 0.01}
    run.take(2)
    rates = np.concatenate([steps.block.values[2] for steps in run.of(Steps)])
    assert rates.tolist() == [0.05, 0.05, 0.05, 0.01, 0.01]


def test_a_change_before_the_first_step_is_in_force_at_the_first_step(start: MakeRun) -> None:
    """Gradient descent with rate 0.1 on x² / 2 takes x from 1 to 0.9."""
    run = start(await_client=True)
    assert run.applied(SetFields, values={"optimizer.lr": 0.1}).step == 0
    run.session.welcome()
    run.take(1)
    assert run.session.trainer.theta[0] == 0.9


def test_a_change_while_paused_is_in_force_at_the_very_next_step(start: MakeRun) -> None:
    run = start()
    run.take(2)
    assert run.applied(Pause).state == "paused"
    answer = run.applied(SetFields, values={"optimizer.lr": 0.01})
    assert (answer.step, answer.state) == (2, "paused")
    run.take(5)
    assert run.step == 2
    assert run.applied(Resume).step == 2
    run.take(1)
    assert run.of(Steps)[-1].block.values[2].tolist() == [0.01]


def test_several_fields_change_together_or_not_at_all(start: MakeRun) -> None:
    run = start()
    reason = run.refused(SetFields, values={"optimizer.lr": 0.01, "clip.norm": -1.0})
    assert "clip.norm" in reason
    answer = run.applied(SetFields, values={"optimizer.lr": 0.01, "clip.norm": 2.0})
    assert {change.key for change in answer.changes} == {"optimizer.lr", "clip.norm"}


def test_a_value_that_stands_already_is_no_change(start: MakeRun) -> None:
    assert start().applied(SetFields, values={"optimizer.lr": 0.05}).changes == ()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("optimizer.lr", -1.0),
        ("optimizer.lr", float("nan")),
        ("optimizer.lr", float("inf")),
        ("optimizer.lr", "fast"),
        ("optimizer.lr", None),
        ("optimizer.momentum", 0.5),
        ("optimizer.name", "adamant"),
        ("optimizer.name", 7),
        ("optimizer.name", None),
        ("optimizer", "adam"),
        ("optimizer.", 1),
        ("optimizer.lr.x", 1),
        ("batch.size", 8),
        ("seed.init", 1),
        ("problem.start", "[0, 0]"),
        ("precision", "float32"),
        ("stop.steps", -1),
        ("stop.update_norm", 0.0),
        ("pace.steps_per_second", 0.0),
        ("", 1),
        (".", 1),
        ("\x1b[2J", 1),
    ],
)
def test_what_is_not_possible_is_refused_and_changes_nothing(start: MakeRun, key: str, value: Any) -> None:
    run = start()
    run.take(1)
    assert run.refused(SetFields, values={key: value})


@pytest.mark.parametrize("kind", [SetFields, Pause, StepOnce, Reset])
def test_a_command_for_a_lane_that_does_not_exist_is_refused(start: MakeRun, kind: Any) -> None:
    fields = {"values": {"optimizer.lr": 0.01}} if kind is SetFields else {}
    assert "lane" in start().refused(kind, lane=1, **fields)


@pytest.mark.parametrize("exponent", [19, 400])
def test_a_limit_beyond_all_numbers_of_this_machine_does_not_end_the_engine(start: MakeRun, exponent: int) -> None:
    """Refused or taken, but the run goes on; and what is taken can be shown and turned."""
    run = start(MOONS)
    run.take(3)
    for key in ("stop.steps", "stop.epochs"):
        run.ask(SetFields, values={key: 10**exponent})
        run.session.tell_progress()
        run.take(3)
        run.session.tell_progress()
        run.ask(Turn, key=key, factor=2.0)
        run.ask(SetFields, values={key: None})
    assert run.step == 9


# ---- turning


def test_ten_turns_at_once_are_ten_turns(start: MakeRun) -> None:
    """2 to the 10th is 1024: a press that was lost to another would halve it."""
    run = start(RAVINE | {"optimizer": {"name": "sgd", "lr": 0.0001}})
    for _ in range(10):
        run.applied(Turn, key="optimizer.lr", factor=2.0)
    assert run.spec["optimizer.lr"] == pytest.approx(0.1024, rel=1e-12)
    assert len(run.of(Applied)) == 10


def test_up_and_down_again_is_where_it_was(start: MakeRun) -> None:
    run = start(RAVINE | {"optimizer": {"name": "sgd", "lr": 0.001}})
    run.applied(Turn, key="optimizer.lr", factor=1.1)
    assert run.spec["optimizer.lr"] == 0.0011
    run.applied(Turn, key="optimizer.lr", factor=1 / 1.1)
    assert run.spec["optimizer.lr"] == 0.001


def test_a_turn_beyond_the_bounds_is_refused_with_the_bounds(start: MakeRun) -> None:
    run = start(RAVINE | {"optimizer": {"name": "momentum", "lr": 0.05, "momentum": 0.95}})
    assert "< 1" in run.refused(Turn, key="optimizer.momentum", factor=1.1)
    assert "> 0" in run.refused(Turn, key="optimizer.lr", factor=5e-324)
    run.applied(Turn, key="optimizer.lr", factor=1e6)
    assert "≤ 1000000" in run.refused(Turn, key="optimizer.lr", factor=1e6)


@pytest.mark.parametrize("key", ["clip.norm", "optimizer.name", "optimizer.eps", "batch.shuffle", "nothing", "", "."])
def test_what_is_no_number_cannot_be_turned(start: MakeRun, key: str) -> None:
    assert "only a number can be turned" in start().refused(Turn, key=key, factor=1.1)


def test_a_whole_number_stays_one_and_never_falls_below_one(start: MakeRun) -> None:
    run = start(MOONS)
    for _ in range(5):
        run.applied(Turn, key="batch.size", factor=0.5)
    assert run.spec["batch.size"] == 1
    assert isinstance(run.spec["batch.size"], int)


# ---- two people


def test_a_change_that_rests_on_an_old_value_is_refused_and_names_value_and_person(start: MakeRun) -> None:
    run = start()
    run.session.carry_out(SetFields(seq=9, values={"optimizer.lr": 0.2}), "someone 4711")
    reason = run.refused(SetFields, values={"optimizer.lr": 0.1}, expected={"optimizer.lr": 0.05})
    assert "optimizer.lr is 0.2 by now, not 0.05" in reason
    assert "someone 4711" in reason


def test_a_change_that_rests_on_an_old_value_says_what_that_is_now(start: MakeRun) -> None:
    run = start()
    run.applied(SetFields, values={"optimizer.lr": 0.2})
    reason = run.refused(SetFields, values={"clip.norm": 1.0}, expected={"optimizer.lr": 0.05})
    assert "optimizer.lr is 0.2 by now, not 0.05" in reason


def test_a_change_that_rests_on_a_field_of_a_rule_that_has_gone_is_refused(start: MakeRun) -> None:
    run = start(MOONS)
    run.applied(SetFields, values={"optimizer.name": "sgd"})
    assert "optimizer.beta1" in run.refused(
        SetFields, values={"optimizer.lr": 0.5}, expected={"optimizer.beta1": 0.9}
    )


def test_a_change_whose_expectation_holds_is_made(start: MakeRun) -> None:
    run = start()
    run.applied(SetFields, values={"optimizer.lr": 0.1}, expected={"optimizer.lr": 0.05, "clip.norm": None})
    assert run.spec["optimizer.lr"] == 0.1


# ---- switching


def test_a_switched_rule_carries_over_what_the_old_one_learnt_or_starts_anew(start: MakeRun) -> None:
    """On a constant slope the carried mean of squares makes the next step the old one's length; a fresh one's is 10 x.

    RMSProp has no bias correction: with ρ = 0.99 its first step is lr / √0.01.
    """
    steps = []
    for carry in (True, False):
        run = start(RAVINE | {"optimizer": {"name": "adam", "lr": 1e-6}})
        run.take(500)
        run.applied(SetFields, values={"optimizer.name": "rmsprop", "optimizer.rho": 0.99}, carry=carry)
        run.applied(SetFields, values={"optimizer.lr": 1e-6})
        run.take(1)
        steps.append(run.of(Steps)[-1].block.values[4, -1] / (1e-6 * np.sqrt(2.0)))
    assert steps[0] == pytest.approx(1.0, rel=0.01)
    assert steps[1] == pytest.approx(10.0, rel=0.01)


def test_a_switch_names_the_rule_and_keeps_what_both_know(start: MakeRun) -> None:
    run = start(RAVINE | {"optimizer": {"name": "momentum", "lr": 0.05, "momentum": 0.8, "weight_decay": 0.125}})
    answer = run.applied(SetFields, values={"optimizer.name": "adam"})
    assert ("optimizer.name", "momentum", "adam") in [(c.key, c.old, c.new) for c in answer.changes]
    assert answer.spec["optimizer"]["name"] == "adam"
    assert run.spec["optimizer.weight_decay"] == 0.125


# ---- pausing and going on


def test_one_step_at_a_time(start: MakeRun) -> None:
    run = start()
    for step in (1, 2, 3):
        answer = run.applied(StepOnce)
        assert (answer.step, answer.state) == (step, "paused")
        run.take(5)
        assert run.step == step
    assert len(run.of(Figures)) == 3, "who steps by hand wants to see the tensors of each step"


def test_a_pause_is_a_pause_however_often_it_is_asked_for(start: MakeRun) -> None:
    run = start()
    assert run.applied(Pause).state == "paused"
    assert run.applied(Pause).state == "paused"
    assert run.applied(Resume).state == "running"
    assert run.applied(Resume).state == "running"


def test_a_stop_rule_ends_the_run_once_and_at_its_step(start: MakeRun) -> None:
    run = start(RAVINE | {"stop": {"steps": 7}})
    run.to_the_end()
    run.to_the_end()
    (finished,) = run.of(Finished)
    assert (finished.step, finished.reason, run.session.state) == (7, "steps", "ended")
    assert finished.parameters == tuple(run.session.trainer.theta.tolist())
    assert finished.loss == pytest.approx(0.5 * finished.parameters[0] ** 2 + 5 * finished.parameters[1] ** 2)


def test_to_go_on_after_the_end_lifts_the_rule_that_ended_it_and_says_so(start: MakeRun) -> None:
    run = start(RAVINE | {"stop": {"steps": 5, "update_norm": 1e-30}})
    run.to_the_end()
    answer = run.applied(Resume)
    assert [(change.key, change.old, change.new) for change in answer.changes] == [("stop.steps", 5, None)]
    assert (answer.state, answer.step) == ("running", 5)
    run.take(3)
    assert run.step == 8
    assert run.spec["stop.update_norm"] == 1e-30


def test_a_later_limit_lets_a_run_that_has_ended_go_on_without_losing_the_rule(start: MakeRun) -> None:
    run = start(RAVINE | {"stop": {"steps": 5}})
    run.to_the_end()
    run.applied(SetFields, values={"stop.steps": 9})
    assert run.applied(Resume).changes == ()
    run.to_the_end()
    assert [finished.step for finished in run.of(Finished)] == [5, 9]


def test_no_step_is_made_by_hand_after_the_end(start: MakeRun) -> None:
    run = start(RAVINE | {"stop": {"steps": 2}})
    run.to_the_end()
    assert "has ended" in run.refused(StepOnce)


def test_the_last_step_made_by_hand_ends_the_run(start: MakeRun) -> None:
    run = start(RAVINE | {"stop": {"steps": 2}})
    run.applied(StepOnce)
    assert run.applied(StepOnce).state == "ended"
    assert [finished.step for finished in run.of(Finished)] == [2]


def test_a_run_of_no_steps_ends_before_the_first(start: MakeRun) -> None:
    run = start(RAVINE | {"stop": {"steps": 0}})
    run.to_the_end()
    assert [(finished.step, finished.loss) for finished in run.of(Finished)] == [(0, 5.5)]


def test_a_stopped_run_tells_where_it_stands_and_is_stopped_once(start: MakeRun) -> None:
    run = start()
    run.take(4)
    assert run.applied(Stop).state == "ended"
    assert run.applied(Stop).state == "ended"
    assert [(finished.step, finished.reason) for finished in run.of(Finished)] == [(4, "stopped")]


def test_a_pace_is_kept_and_can_be_lifted(start: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten steps a second: in one second of a clock that this test turns, ten or eleven steps."""
    now = [100.0]
    monkeypatch.setattr("engine.run.session.time.perf_counter", lambda: now[0])
    run = start(RAVINE | {"pace": {"steps_per_second": 10.0}})
    for _ in range(100):
        due_s = run.session.advance(now[0])
        assert 0.0 <= due_s <= 0.1
        now[0] += 0.01
    assert 10 <= run.step <= 12
    now[0] += 3600.0
    before = run.step
    for _ in range(5):
        run.session.advance(now[0] + 1e-9)
    assert run.step - before <= 2, "an hour of sleep is not made up for"
    run.applied(SetFields, values={"pace.steps_per_second": None})
    before = run.step
    for _ in range(5):
        assert run.session.advance(now[0]) == 0.0
    assert run.step == before + 5


# ---- reset


@pytest.mark.parametrize("spec", [RAVINE, MOONS], ids=["ravine", "moons"])
def test_after_a_reset_the_first_steps_are_the_first_steps_bit_for_bit(start: MakeRun, spec: dict[str, Any]) -> None:
    run = start(spec)
    run.take(17)
    answer = run.applied(Reset)
    assert (answer.step, answer.segment, answer.state) == (0, 2, "running")
    run.take(17)
    assert len(run.losses(1)) == 17
    assert run.losses(2) == run.losses(1)


def test_a_reset_takes_every_turned_field_back_and_says_which(start: MakeRun) -> None:
    run = start()
    run.applied(SetFields, values={"optimizer.lr": 0.01, "clip.norm": 1.0})
    run.take(3)
    answer = run.applied(Reset)
    assert {(c.key, c.old, c.new) for c in answer.changes} == {
        ("optimizer.lr", 0.01, 0.05),
        ("clip.norm", 1.0, None),
    }


def test_a_reset_that_keeps_starts_the_turned_rule_from_the_same_place(start: MakeRun) -> None:
    run = start()
    run.take(3)
    run.applied(SetFields, values={"optimizer.name": "adam"})
    run.take(3)
    assert run.applied(Reset, keep=True).changes == ()
    assert run.spec["optimizer.name"] == "adam"
    run.take(1)
    assert run.losses(2)[0] == run.losses(1)[0]


@pytest.mark.parametrize("end", [Pause, None], ids=["paused", "ended"])
def test_a_paused_run_stays_paused_over_a_reset_and_one_that_ended_runs_again(start: MakeRun, end: Any) -> None:
    run = start(RAVINE | {"stop": {"steps": 5}})
    if end is None:
        run.to_the_end()
    else:
        run.applied(end)
    assert run.applied(Reset).state == ("running" if end is None else "paused")


def test_a_reset_run_keeps_its_stop_rule_and_its_schedule(start: MakeRun) -> None:
    changes = (ScheduledChange(step=2, values={"optimizer.lr": 0.01}),)
    run = start(RAVINE | {"stop": {"steps": 4}}, changes=changes)
    run.to_the_end()
    run.applied(Reset)
    run.to_the_end()
    assert [finished.step for finished in run.of(Finished)] == [4, 4]
    assert [applied.step for applied in run.of(Applied) if applied.actor == "schedule"] == [2, 2]
    assert run.losses(2) == run.losses(1)


# ---- what is not finite


def test_a_run_that_diverges_pauses_and_says_where(start: MakeRun) -> None:
    run = start(EXPLODING)
    run.to_the_end()
    (diverged,) = run.of(Diverged)
    assert run.session.state == "diverged"
    assert diverged.step == run.step
    assert diverged.tensor == "point"
    assert np.isfinite(run.session.trainer.theta).all()
    assert not run.of(Finished)
    run.to_the_end()
    assert len(run.of(Diverged)) == 1


def test_a_run_that_nobody_watches_finishes_when_it_diverges(start: MakeRun) -> None:
    run = start(EXPLODING, on_non_finite="finish")
    run.to_the_end()
    assert [(finished.reason, finished.step) for finished in run.of(Finished)] == [("diverged", run.step)]
    assert [kind for kind, _ in moves(run)[-2:]] == ["Diverged", "Finished"]


def test_a_run_that_diverged_goes_on_with_a_smaller_rate(start: MakeRun) -> None:
    run = start(EXPLODING)
    run.to_the_end()
    step = run.step
    run.applied(SetFields, values={"optimizer.lr": 0.05})
    run.applied(Resume)
    run.take(50)
    assert run.step == step + 50
    assert run.session.state == "running"
    assert len(run.of(Diverged)) == 1


def test_a_step_that_is_not_finite_is_told_as_it_was(start: MakeRun) -> None:
    run = start(EXPLODING)
    run.to_the_end()
    values = np.concatenate([steps.block.values for steps in run.of(Steps)], axis=1)
    assert values.shape[1] == run.step
    assert not np.isfinite(values[[1, 3], -1]).all()
    assert np.isfinite(values[:, :-1]).all()


# ---- scheduled changes


def test_scheduled_changes_take_effect_at_their_very_steps(start: MakeRun) -> None:
    changes = tuple(
        ScheduledChange(step=step, values={"optimizer.lr": rate}) for step, rate in ((0, 0.04), (3, 0.03), (3, 0.02))
    )
    run = start(RAVINE | {"stop": {"steps": 5}}, changes=changes)
    run.to_the_end()
    rates = np.concatenate([steps.block.values[2] for steps in run.of(Steps)])
    assert rates.tolist() == [0.04, 0.04, 0.04, 0.02, 0.02]
    assert [(applied.step, applied.actor) for applied in run.of(Applied)] == [
        (0, "schedule"),
        (3, "schedule"),
        (3, "schedule"),
    ]


def test_a_scheduled_change_is_made_before_a_step_by_hand(start: MakeRun) -> None:
    run = start(changes=(ScheduledChange(step=1, values={"optimizer.lr": 0.01}),))
    run.applied(StepOnce)
    run.applied(StepOnce)
    assert [steps.block.values[2, 0] for steps in run.of(Steps)] == [0.05, 0.01]


def test_a_scheduled_change_can_lift_the_limit_that_is_reached_at_that_step(start: MakeRun) -> None:
    run = start(RAVINE | {"stop": {"steps": 3}}, changes=(ScheduledChange(step=3, values={"stop.steps": 6}),))
    run.to_the_end()
    assert [finished.step for finished in run.of(Finished)] == [6]


def test_a_scheduled_change_that_no_longer_fits_does_not_end_the_training(start: MakeRun) -> None:
    """Someone switched the rule meanwhile; what was ordered for the old one is void, and not the run."""
    changes = (ScheduledChange(step=5, values={"optimizer.momentum": 0.5}),)
    run = start(RAVINE | {"optimizer": {"name": "momentum", "lr": 0.01}, "stop": {"steps": 10}}, changes=changes)
    run.take(2)
    run.applied(SetFields, values={"optimizer.name": "sgd"})
    run.to_the_end()
    assert [finished.step for finished in run.of(Finished)] == [10]


def test_a_scheduled_change_that_no_longer_fits_does_not_refuse_a_step_by_hand(start: MakeRun) -> None:
    changes = (ScheduledChange(step=1, values={"optimizer.momentum": 0.5}),)
    run = start(RAVINE | {"optimizer": {"name": "momentum", "lr": 0.01}}, changes=changes)
    run.applied(SetFields, values={"optimizer.name": "sgd"})
    run.applied(StepOnce)
    assert run.applied(StepOnce).step == 2


# ---- what is told


def test_every_step_is_told_once_and_in_order_and_everything_else_right_after_its_step(start: MakeRun) -> None:
    run = start(MOONS | {"stop": {"epochs": 6}}, measure_every=4)
    for index in range(31):
        run.take(index % 5)
        if index == 3:
            run.applied(SetFields, values={"optimizer.lr": 0.02})
        if index % 3 == 0:
            run.session.flush()
    run.to_the_end()
    told = moves(run)
    assert [step for kind, step in told if kind == "step"] == list(range(1, 31))
    last = 0
    for kind, step in told:
        last = step if kind == "step" else last
        assert step == last, f"{kind} of step {step} was told after step {last}"
    assert [step for kind, step in told if kind == "Figures"] == [4, 8, 12, 16, 20, 24, 28]
    held_out = [event.step for event in run.of(Evaluated) if event.split == "held_out"]
    assert held_out == [0, 5, 10, 15, 20, 25, 30]
    assert [event.step for event in run.of(Evaluated) if event.split == "train"] == [30]
    assert told[-1] == ("Finished", 30)


def test_evaluations_come_as_often_as_they_are_asked_for(start: MakeRun) -> None:
    run = start(MOONS | {"evaluation": {"every": 2}, "stop": {"epochs": 5}})
    run.to_the_end()
    assert [event.step for event in run.of(Evaluated) if event.split == "held_out"] == [0, 10, 20, 25]


def test_a_run_reset_in_the_middle_of_an_epoch_is_evaluated_at_its_new_start(start: MakeRun) -> None:
    run = start(MOONS)
    run.take(7)
    run.applied(Reset)
    run.take(5)
    found = [(event.segment, event.step) for event in run.of(Evaluated) if event.split == "held_out"]
    assert found == [(1, 0), (1, 5), (2, 0), (2, 5)]


def test_progress_says_what_is_left(start: MakeRun) -> None:
    run = start(MOONS | {"stop": {"epochs": 4}})
    run.take(10)
    run.session.tell_progress()
    run.take(5)
    run.session.tell_progress()
    progress = run.of(Progressed)[-1]
    assert (progress.step, progress.epochs, progress.batches_per_epoch) == (15, 3.0, 5)
    assert progress.steps_per_second > 0.0
    assert progress.seconds_left == pytest.approx(5 / progress.steps_per_second)
    run.applied(Pause)
    run.session.tell_progress()
    assert (run.of(Progressed)[-1].steps_per_second, run.of(Progressed)[-1].seconds_left) == (0.0, None)


def test_a_new_client_learns_all_that_it_needs_and_the_first_one_starts_the_run(start: MakeRun) -> None:
    run = start(MOONS, recorded=True, await_client=True)
    assert run.session.state == "waiting"
    run.take(3)
    assert run.step == 0
    welcome = run.session.welcome()
    assert (welcome.step, welcome.segment, welcome.samples, welcome.splits) == (0, 1, 40, ("train", "held_out"))
    assert {tensor.name: tensor.shape for tensor in welcome.tensors}["layer1.weight"] == (2, 4)
    assert run.session.state == "running"
    run.take(3)
    assert run.session.welcome().step == 3
    assert RecordReader(run.directory.record).last_step(1) == 3, "a client reads from the record what it missed"


def test_memory_that_runs_out_pauses_the_run_and_says_so(start: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start()
    run.take(2)

    def fail(**_: Any) -> None:
        raise MemoryError("Unable to allocate 8 GiB")

    monkeypatch.setattr(run.session.trainer, "step", fail)
    run.to_the_end()
    run.session.tell_progress()
    assert run.session.state == "paused"
    assert "8 GiB" in (run.of(Progressed)[-1].problem or "")


# ---- the record


def test_an_event_is_on_disk_before_anyone_hears_of_it(start: MakeRun) -> None:
    run = start(EXPLODING | {"stop": {"steps": 400}}, recorded=True)
    run.applied(SetFields, values={"optimizer.lr": 5e5})
    run.applied(Pause)
    run.applied(Resume)
    run.to_the_end()
    run.applied(Reset, keep=True)
    run.applied(Stop)
    told = run.of(Applied, Diverged, Finished)
    assert len(told) == 7
    for message, on_disk in zip(told, run.on_disk_when_told, strict=True):
        assert json.loads(on_disk[-1])["step"] == message.step
    assert [len(on_disk) for on_disk in run.on_disk_when_told] == [1, 2, 3, 4, 5, 6, 7]


def test_the_record_holds_every_step_and_the_journal_replays_the_run(start: MakeRun) -> None:
    """A new run with the journal's changes at the journal's steps is the same run bit for bit."""
    run = start(MOONS | {"precision": "float64"}, recorded=True)
    run.take(6)
    run.applied(SetFields, values={"optimizer.lr": 0.05, "clip.norm": 0.5})
    run.take(5)
    run.applied(Turn, key="optimizer.lr", factor=0.5)
    run.applied(SetFields, values={"batch.size": 13})
    run.take(12)
    run.applied(SetFields, values={"optimizer.name": "momentum"})
    run.take(9)
    run.session.close()

    reader = RecordReader(run.directory.record)
    recorded = np.concatenate([block.values for block in reader.steps(1, 1)], axis=1)
    assert recorded.shape[1] == 32
    journal = tuple(
        ScheduledChange(
            step=event.step, values={change["key"]: change["new"] for change in event.payload["changes"]}
        )
        for event in reader.events()
        if event.kind == "applied"
    )
    again = start(json.loads(reader.meta["spec"]), changes=journal)
    again.take(32)
    replayed = np.concatenate([steps.block.values for steps in again.of(Steps)], axis=1)
    assert replayed.tobytes() == recorded.tobytes()


def test_a_reset_begins_a_segment_of_its_own_in_the_record(start: MakeRun) -> None:
    run = start(recorded=True)
    run.take(4)
    run.applied(Reset)
    run.take(6)
    run.session.close()
    reader = RecordReader(run.directory.record)
    assert [(segment.id, segment.parent, segment.from_step) for segment in reader.segments()] == [
        (1, None, 0),
        (2, 1, 0),
    ]
    assert (reader.last_step(1), reader.last_step(2)) == (4, 6)


def test_a_spec_that_is_wrong_is_a_sentence_and_not_a_crash(start: MakeRun) -> None:
    with pytest.raises(GdtuiError, match="optimizer.lr"):
        start(RAVINE | {"optimizer": {"name": "sgd", "lr": -1.0}})


def test_a_record_is_never_written_over(start: MakeRun) -> None:
    run = start(recorded=True)
    with pytest.raises(GdtuiError, match="exists already"):
        Session(run.directory, Launch(preset="x", title="x", spec=RAVINE), lambda frame, droppable: None)


def test_progress_is_told_to_those_who_keep_up_and_changes_to_everyone(start: MakeRun, places: Path) -> None:
    """Blocks, evaluations and progress may be left out for a client that lags: it finds them in the record."""
    told: list[tuple[str, bool]] = []

    def take(frame: bytes, droppable: bool) -> None:
        (message,) = [parsed_event(*part) for part in FrameReader(MAXIMUM_EVENT).feed(frame)]
        told.append((type(message).__name__, droppable))

    place = directory.create("test", recorded=False)
    session = Session(place, Launch(preset="x", title="x", spec=MOONS, recorded=False), take)
    session.advance(0.0)
    session.flush()
    session.tell_progress()
    session.carry_out(protocol.Stop(seq=1), "tester")
    session.close()
    assert {name for name, droppable in told if not droppable} == {"Finished", "Applied"}
    assert {name for name, droppable in told if droppable} == {"Steps", "Figures", "Evaluated", "Progressed"}
