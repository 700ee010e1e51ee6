"""What happened, in words."""

from __future__ import annotations

from typing import Any

import pytest

from engine.method.locks import Locks
from engine.run import events
from tests.tui.conftest import small_preset
from tui.notices import Log, Notice, of_answer, of_divergence, of_end, of_warning


@pytest.mark.parametrize(
    ("key", "old", "words"),
    [("stop.loss", 1e-12, "stops no longer at loss 1e-12"), ("stop.steps", 30, "stops no longer at steps 30")],
)
def test_a_stop_rule_that_is_lifted_is_told_as_that(key: str, old: Any, words: str) -> None:
    spec = small_preset().spec
    applied = events.Applied(
        seq=1,
        actor="me",
        lane=0,
        command="resume",
        segment=1,
        step=30,
        state="running",
        changes=(events.ChangedField(key=key, old=old, new=None),),
        spec=spec.as_given(),
    )
    (notice,) = of_answer(applied, spec, "", how="", by="", repeated=False)
    assert notice.text == words


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        ("layer1.weight", "step 124: no longer: vanishing gradient in layer1.weight"),
        ("", "step 124: no longer: plateau"),
    ],
)
def test_what_is_over_is_named_and_not_stated_once_more(tensor: str, words: str) -> None:
    warned = events.Warned(
        lane=0,
        segment=1,
        step=124,
        about="vanishing" if tensor else "plateau",
        tensor=tensor,
        text="the gradient is 0.0066 times that of the steepest layer",
        advice="",
        over=True,
    )
    assert of_warning(warned, "").words == words


@pytest.mark.parametrize(
    ("controls", "words"),
    [
        ((), "space trains on, r starts again, q leaves"),
        (("stop",), ". r starts again, q leaves"),
        (("stop.steps", "reset"), ". q leaves"),
        (("stop.loss",), "space trains on, r starts again, q leaves"),
    ],
)
def test_the_end_offers_no_key_that_is_locked(controls: tuple[str, ...], words: str) -> None:
    ended: dict[str, Any] = {"lane": 0, "segment": 1, "step": 30, "reason": "steps", "loss": 0.1}
    finished = events.Finished(**ended, steps_per_second=1.0, parameters=None)
    spec = small_preset(stop={"steps": 30}).spec
    assert of_end(finished, spec, "", is_race=False, locks=Locks(controls=controls)).text.endswith(words)


@pytest.mark.parametrize(
    ("controls", "but", "words"),
    [
        ((), (), ". Try { or [ for a smaller rate and then space, or r to reset"),
        (("settings",), ("optimizer.lr",), ". Try { or [ for a smaller rate and then space, or r to reset"),
        (("optimizer.lr",), (), ". Try o for another optimizer and then space, or r to reset"),
        (("settings",), (), ". Try r to reset"),
        (("reset",), (), ". Try { or [ for a smaller rate and then space"),
        (("settings", "reset"), (), ". The lesson has locked what could help; q leaves"),
    ],
)
def test_a_divergence_offers_no_key_that_is_locked(controls: tuple[str, ...], but: tuple[str, ...], words: str) -> None:
    diverged = events.Diverged(lane=0, segment=1, step=30, quantity="loss", tensor="W1")
    assert of_divergence(diverged, "", locks=Locks(controls=controls, but=but)).text.endswith(words)


@pytest.mark.parametrize("over", [False, True])
def test_what_a_lane_stopped_at_outlives_the_lesser_warnings_of_its_step(over: bool) -> None:
    said: dict[str, Any] = {"segment": 1, "step": 7}
    stop = of_divergence(events.Diverged(**said, lane=0, quantity="loss", tensor="W1"), "")
    warned = {**said, "about": "dead", "tensor": "W1", "text": "9 of 10 units", "advice": "", "over": over}
    of_same, of_other = (of_warning(events.Warned(**warned, lane=lane), "") for lane in (0, 1))
    log = Log()
    for notice in (of_same, stop, of_same, of_same):
        log.add(notice)
    assert log.newest is stop
    log.add(of_other)
    assert log.newest is of_other, "other lanes go on"
    log.add(going_on := Notice(text="going on", kind="command", step=7))
    assert log.newest is going_on
    log.add(of_same)
    assert log.newest is of_same, "it goes on, and the way out is known"
