"""What a run tells and records: in the order in which it happened, complete, and on disk before it is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import GdtuiError
from engine.run import commands, directory
from engine.run.commands import Pause, Reset, Resume, SetFields, StepOnce, Stop, Turn
from engine.run.encoding import parsed_event
from engine.run.events import Applied, Diverged, Evaluated, Figures, Finished, Progressed, Steps
from engine.run.frames import MAXIMUM_EVENT, FrameReader
from engine.run.history import RecordReader
from engine.run.launch import Launch, ScheduledChange
from engine.run.session import Session
from tests.engine.run.specs import MOONS, RAVINE, MakeRun

EXPLODING = RAVINE | {"optimizer": {"name": "sgd", "lr": 1e6}}


def moves(run: Any) -> list[tuple[str, Any]]:
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


# ---- what is not finite


def test_a_run_that_diverges_pauses_and_says_where(start: MakeRun) -> None:
    run = start(EXPLODING)
    run.to_the_end()
    (diverged,) = run.of(Diverged)
    assert run.session.state == "diverged"
    assert diverged.step == run.step
    assert diverged.tensor == "point"
    assert np.isfinite(run.trainer.theta).all()
    assert not run.of(Finished)
    run.to_the_end()
    assert len(run.of(Diverged)) == 1


def test_a_run_that_nobody_watches_finishes_when_it_diverges(start: MakeRun) -> None:
    run = start(EXPLODING, on_non_finite="finish")
    run.to_the_end()
    assert [(finished.reason, finished.step) for finished in run.of(Finished)] == [("diverged", run.step)]
    assert [kind for kind, _ in moves(run)[-2:]] == ["Diverged", "Finished"]


def test_what_is_told_of_a_run_that_diverged_belongs_to_one_point(start: MakeRun) -> None:
    """F = ½(x² + 10y²); the rate is a power of two, so that its sums are exact."""
    run = start(RAVINE | {"optimizer": {"name": "sgd", "lr": 2.0**19}}, on_non_finite="finish")
    run.to_the_end()
    ((finished,), (diverged,)) = (run.of(kind) for kind in (Finished, Diverged))
    x, y = finished.parameters
    assert finished.loss == pytest.approx(0.5 * (x * x + 10.0 * y * y), rel=1e-12)
    losses = run.losses()
    assert finished.loss == losses[finished.updates]
    assert finished.loss == max(loss for loss in losses if np.isfinite(loss))
    assert finished.updates == diverged.updates
    assert (finished.rate_sum, finished.rate_squares) == (2.0**19 * finished.updates, 2.0**38 * finished.updates)
    assert (finished.step, diverged.step, finished.evaluations) == (len(losses),) * 3
    figures = run.of(Figures)[-1].figures
    assert (figures.step, figures.values[0, 0]) == (run.step, pytest.approx(np.hypot(x, y), rel=1e-12))


def test_a_run_that_diverged_is_evaluated_where_it_stands(start: MakeRun) -> None:
    exploding = {"optimizer": {"name": "sgd", "lr": 1e3}, "model": {"hidden": [], "loss": "mean_squared_error"}}
    run = start(MOONS | exploding | {"batch": {"size": "full"}, "stop": {"steps": 500}})
    run.to_the_end()
    (diverged,) = run.of(Diverged)
    told = run.of(Evaluated)[-1]
    assert (told.step, told.split) == (diverged.step, "held_out")
    assert told.loss == run.trainer.evaluate("held_out").loss


def test_a_run_whose_last_update_led_too_far_ends_before_it(start: MakeRun) -> None:
    """The loss of every step was finite, and the one that the last update led to is not."""
    run = start(EXPLODING, on_non_finite="finish")
    run.to_the_end()
    (diverged,) = run.of(Diverged)
    short = start(EXPLODING | {"stop": {"steps": diverged.step - 1}}, on_non_finite="finish")
    short.to_the_end()
    (finished,) = short.of(Finished)
    assert (finished.reason, finished.step, finished.updates) == ("diverged", diverged.step - 1, diverged.step - 2)
    assert finished.loss == short.losses()[-1]
    assert finished.parameters == run.of(Finished)[0].parameters
    assert finished.rate_sum == run.of(Finished)[0].rate_sum


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


def test_two_runs_of_one_seed_keep_the_same_figures_however_often_somebody_looks(start: MakeRun) -> None:
    kept = []
    for slice_length in (3, 50):
        run = start(MOONS | {"stop": {"epochs": 61}}, recorded=True)
        while run.session.state == "running":
            run.take(slice_length)
            run.session.flush()
        told = run.of(Figures)
        kept.append([figures.figures for figures in told if figures.kept])
        # Who looks has figures of now besides.
        assert len(told) > len(kept[-1])
        run.session.close()
        recorded = RecordReader(run.directory.record).telemetry(1)
        assert [figures.kept() for figures in recorded] == [figures.kept() for figures in kept[-1]]
    first, second = kept
    assert [figures.step for figures in first][60:70] == [61, 62, 63, 64, 66, 68, 70, 72, 74, 76]
    assert first[-1].step == 305, "the last step is kept as well"
    assert [(figures.step, figures.kept()) for figures in first] == [
        (figures.step, figures.kept()) for figures in second
    ]


def test_of_figures_that_are_measured_at_every_step_no_more_are_kept(start: MakeRun) -> None:
    run = start(MOONS | {"stop": {"steps": 900}}, measure_every=3)
    run.to_the_end()
    told = run.of(Figures)
    assert [figures.figures.step for figures in told] == list(range(3, 901, 3))
    assert [figures.figures.step for figures in told if figures.kept][60:70] == [
        3 * number for number in (61, 62, 63, 64, 66, 68, 70, 72, 74, 76)
    ]


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


def test_progress_and_the_end_say_the_present_rate_and_the_sums_of_the_rates(start: MakeRun) -> None:
    run = start({**RAVINE, "schedule": {"name": "exponential", "gamma": 0.5}, "stop": {"steps": 3}})
    run.session.tell_progress()
    assert run.of(Progressed)[-1].lr == 0.05
    run.take(2)
    run.session.tell_progress()
    told = run.of(Progressed)[-1]
    assert (told.lr, told.rate_sum, told.rate_squares) == (0.025, 0.07500000000000001, pytest.approx(0.003125))
    run.applied(SetFields, values={"schedule.hold": 0.5})
    run.session.tell_progress()
    assert run.of(Progressed)[-1].lr == 0.5
    run.take(1)
    run.session.advance(float("inf"))
    assert run.of(Finished)[-1].rate_sum == pytest.approx(0.575)


def test_a_new_client_learns_all_that_it_needs_and_the_first_one_starts_the_run(start: MakeRun) -> None:
    run = start(MOONS, recorded=True, await_client=True)
    assert run.session.state == "waiting"
    run.take(3)
    assert run.step == 0
    welcome = run.session.welcome()
    assert (welcome.step, welcome.segment, welcome.samples, welcome.splits) == (0, 1, 40, ("train", "held_out"))
    assert {tensor.name: tensor.shape for tensor in welcome.tensors}["layer1.weight"] == (2, 4)
    assert run.session.state == "waiting", "who only asks starts nothing"
    run.session.begin()
    run.take(3)
    assert run.session.welcome().step == 3
    assert RecordReader(run.directory.record).last_step(1) == 3, "a client reads from the record what it missed"


def test_memory_that_runs_out_pauses_the_run_and_says_so(start: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start()
    run.take(2)

    def fail(**_: Any) -> None:
        raise MemoryError("Unable to allocate 8 GiB")

    monkeypatch.setattr(run.trainer, "step", fail)
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
        ScheduledChange(step=event.step, values={change["key"]: change["new"] for change in event.payload["changes"]})
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
    with pytest.raises(GdtuiError, match=r"optimizer\.lr"):
        start(RAVINE | {"optimizer": {"name": "sgd", "lr": -1.0}})


def test_a_record_is_never_written_over(start: MakeRun) -> None:
    run = start(recorded=True)
    with pytest.raises(GdtuiError, match="exists already"):
        Session(run.directory, Launch(preset="x", title="x", spec=RAVINE), lambda *_: None)


def test_progress_is_told_to_those_who_keep_up_and_changes_to_everyone(start: MakeRun, places: Path) -> None:
    """Blocks, evaluations and progress may be left out for a client that lags: it finds them in the record."""
    told: list[tuple[str, bool]] = []

    def take(frame: bytes, droppable: bool) -> None:
        parts = FrameReader(MAXIMUM_EVENT).feed(frame)
        told.extend((type(parsed_event(*part)).__name__, droppable) for part in parts)

    place = directory.create("test", recorded=False)
    session = Session(place, Launch(preset="x", title="x", spec=MOONS, recorded=False), take)
    session.advance(0.0)
    session.flush()
    session.tell_progress()
    session.helm.carry_out(commands.Stop(seq=1), "tester")
    session.close()
    assert {name for name, droppable in told if not droppable} == {"Finished", "Applied"}
    assert {name for name, droppable in told if droppable} == {"Steps", "Figures", "Evaluated", "Progressed"}
