"""What goes wrong is told once, to everyone, after it is in the journal, and anew after a reset."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from engine.method.alarms.kinds import KINDS
from engine.run.commands import Reset
from engine.run.events import Steps, Warned
from engine.run.history import RecordReader

RISING = {
    "problem": {"kind": "landscape", "function": "ravine", "start": [1.0, 1.0], "condition": 10},
    "optimizer": {"name": "sgd", "lr": 0.205},
    "precision": "float64",
}
"""A rate just beyond 2/10, so that the loss grows by a tenth in a step."""

MakeRun = Callable[..., Any]


def let_pass(run: Any, steps: int) -> None:
    """Let so many steps pass, four to a flush."""
    for _ in range(steps // 4):
        run.take(4)
        run.session.flush()


def test_a_sign_is_told_once_with_what_was_seen_and_what_to_try(start: MakeRun) -> None:
    run = start(RISING)
    let_pass(run, 60)
    (warned,) = run.of(Warned)
    assert (warned.lane, warned.segment, warned.about, warned.tensor, warned.over) == (0, 1, "rising", "", False)
    assert 20 <= warned.step <= 60
    assert warned.text.endswith("and was 5.5 at first")
    assert warned.advice == KINDS["rising"].advice


def test_it_is_told_after_the_steps_in_which_it_was_seen(start: MakeRun) -> None:
    run = start(RISING)
    let_pass(run, 60)
    place = next(index for index, message in enumerate(run.told) if isinstance(message, Warned))
    before = [message.block.last_step for message in run.told[:place] if isinstance(message, Steps)]
    assert max(before) == run.told[place].step


def test_it_is_in_the_journal_before_anyone_hears_of_it(start: MakeRun) -> None:
    run = start(RISING, recorded=True)
    let_pass(run, 60)
    assert any('"about":"rising"' in text.replace(" ", "") for text in run.on_disk_when_told[0])
    run.session.close()
    (event,) = [event for event in RecordReader(run.directory.record).events() if event.kind == "warned"]
    assert Warned.model_validate({**event.payload, "kind": "warned"}) == run.of(Warned)[0]
    assert json.dumps(event.payload)


def test_that_it_is_over_is_told_without_advice(start: MakeRun) -> None:
    from engine.run.commands import SetFields

    run = start(RISING)
    let_pass(run, 60)
    run.applied(SetFields, values={"optimizer.lr": 0.1})
    let_pass(run, 200)
    begun, over = run.of(Warned)
    assert (begun.over, over.over, over.about, over.advice) == (False, True, "rising", "")


def test_after_a_reset_the_same_is_told_anew(start: MakeRun) -> None:
    run = start(RISING)
    let_pass(run, 60)
    run.applied(Reset)
    let_pass(run, 60)
    assert [(warned.segment, warned.about) for warned in run.of(Warned)] == [(1, "rising"), (2, "rising")]


def test_of_a_race_it_is_told_whose_it_is(start: MakeRun) -> None:
    good = {"title": "good", "optimizer": {"name": "sgd", "lr": 0.1}}
    bad = {"title": "bad", "optimizer": {"name": "sgd", "lr": 0.205}}
    run = start(RISING, lanes=(good, bad))
    let_pass(run, 60)
    assert [(warned.lane, warned.about) for warned in run.of(Warned)] == [(1, "rising")]
