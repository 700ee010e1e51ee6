"""Whoever looks closer is answered between two steps, alone, and changes nothing about the training."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np
import pytest

from engine.errors import InputError
from engine.method.inspections import INSPECTIONS, Finding, Inspection
from engine.method.path import Path
from engine.method.trainer import Trainer
from engine.run.commands import Inspect
from engine.run.connections import Connection
from engine.run.desk import Desk
from engine.run.encoding import parsed_event
from engine.run.events import Rejected, Seen
from engine.run.frames import MAXIMUM_EVENT, FrameReader


class Countdown(Inspection):
    """Finds something in a few stretches, with a number of its own in each."""

    stretches: int = 3
    closed: ClassVar[list[int]] = []

    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding | None]:
        """Yield a coarse finding, nothing, and so on to the last one."""
        try:
            for number in range(1, self.stretches + 1):
                share = number / self.stretches
                yield Finding(facts={"number": number}, arrays={"x": np.arange(number, dtype=np.int32)}, share=share)
                if number < self.stretches:
                    yield None
        finally:
            self.closed.append(self.stretches)


class Faulty(Inspection):
    """Goes wrong in the way that is asked for."""

    how: str

    def findings(self, trainer: Trainer, path: Path) -> Iterator[Finding]:
        """Raise."""
        if self.how == "refused":
            raise InputError("there is nothing to be seen here")
        yield Finding(share=0.5)
        raise ZeroDivisionError("a mistake in the program")


class Someone:
    """A client that takes what is sent to it."""

    def __init__(self) -> None:
        self.open = True


@pytest.fixture(autouse=True)
def inspections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add inspections that are easy to follow."""
    added: dict[str, type[Inspection]] = {"countdown": Countdown, "faulty": Faulty}
    monkeypatch.setattr(INSPECTIONS, "_found", added)
    monkeypatch.setattr(
        INSPECTIONS, "_places", {**INSPECTIONS._places, "countdown": "no:Countdown", "faulty": "no:Faulty"}
    )


@pytest.fixture
def run(start: Callable[..., Any]) -> Any:
    """A run that stands at its start: gradient descent at rate 0.05 on f = ½(x² + 10y²) from (1, 1)."""
    return start()


def heard(answers: list[tuple[Connection, bytes]]) -> list[Any]:
    """Return what was sent."""
    return [parsed_event(*part) for _, frame in answers for part in FrameReader(MAXIMUM_EVENT).feed(frame)]


def asked(desk: Desk, run: Any, client: Any, seq: int = 1, **order: Any) -> list[Any]:
    """Order an inspection of the first lane and return what is answered at once."""
    return heard(desk.ask(client, Inspect(seq=seq, **order), run.session.lanes[0], run.session.segment))


def worked(desk: Desk) -> list[Any]:
    """Work until nothing is left to do."""
    answers: list[Any] = []
    while desk.is_busy:
        answers += heard(desk.work(time.perf_counter() + 0.01))
    return answers


def test_what_is_found_comes_coarse_first_and_belongs_to_the_step_at_which_it_was_asked_for(run: Any) -> None:
    desk, client = Desk(), Someone()
    run.take(5)
    first = asked(desk, run, client, seq=7, about="countdown")
    run.take(4)
    found = [*first, *worked(desk)]
    assert [(sight.facts["number"], sight.arrays["x"].tolist()) for sight in found] == [
        (1, [0]),
        (2, [0, 1]),
        (3, [0, 1, 2]),
    ]
    assert {(sight.seq, sight.step, sight.lane, sight.about) for sight in found} == {(7, 5, 0, "countdown")}
    assert [sight.share for sight in found] == pytest.approx([1 / 3, 2 / 3, 1.0])


def test_a_second_question_about_the_same_replaces_the_first_and_another_topic_does_not(run: Any) -> None:
    desk, client, other = Desk(), Someone(), Someone()
    asked(desk, run, client, seq=1, about="countdown", settings={"stretches": 4})
    asked(desk, run, client, seq=2, about="countdown", settings={"stretches": 2})
    asked(desk, run, client, seq=3, about="countdown", settings={"stretches": 2}, topic="b")
    asked(desk, run, other, seq=1, about="countdown", settings={"stretches": 2})
    rest = worked(desk)
    assert sorted(sight.seq for sight in rest) == [1, 2, 3]
    assert all(sight.facts["number"] == 2 for sight in rest)


def test_nobody_works_for_a_client_that_has_gone_or_looks_no_longer(run: Any) -> None:
    desk, client, gone = Desk(), Someone(), Someone()
    asked(desk, run, client, about="countdown")
    asked(desk, run, client, about="countdown", settings=None)
    asked(desk, run, gone, about="countdown")
    gone.open = False
    assert worked(desk) == []
    assert not desk.is_busy


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"about": "nothing"}, "allowed: landscape, motion, path"),
        ({"about": "countdown", "settings": {"stretches": "many"}}, "countdown: stretches: "),
        ({"about": "countdown", "settings": {"colour": 1}}, "countdown: colour: "),
        ({"about": "faulty", "settings": {"how": "refused"}}, "there is nothing to be seen here"),
    ],
)
def test_what_cannot_be_looked_at_is_refused_in_a_sentence(run: Any, order: dict[str, Any], words: str) -> None:
    (refused,) = asked(Desk(), run, Someone(), seq=9, **order)
    assert isinstance(refused, Rejected)
    assert refused.seq == 9
    assert words in refused.reason


def test_a_mistake_in_an_inspection_is_told_and_does_not_end_the_training(
    run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk()
    asked(desk, run, Someone(), about="faulty", settings={"how": "broken"})
    (refused,) = worked(desk)
    assert isinstance(refused, Rejected)
    assert "a mistake in the program" in refused.reason
    assert "Traceback" in capsys.readouterr().err
    run.take(3)
    assert run.step == 3


def test_the_path_of_a_point_is_every_step_of_it(run: Any) -> None:
    """Gradient descent on the ravine f = ½(x² + 10y²) from (1, 1): each coordinate shrinks by 1 − α λ."""
    run.take(20)
    (seen,) = asked(Desk(), run, Someone(), about="path")
    assert isinstance(seen, Seen)
    assert seen.arrays["steps"].tolist() == list(range(21))
    factors = np.array([1.0 - 0.05 * 1.0, 1.0 - 0.05 * 10.0])
    expected = factors ** np.arange(21)[:, None]
    np.testing.assert_allclose(seen.arrays["points"], expected, rtol=1e-12)
    assert seen.facts == {"stride": 1}
