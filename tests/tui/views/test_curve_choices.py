"""What is remembered of the curves: as it was chosen, bounded, and nothing that cannot be chosen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tui.charts.abscissa import Abscissa
from tui.remembered import MOST_BYTES
from tui.views.chart_grid import MOST
from tui.views.curve_choices import LONGEST_NAME, MOST_SCALES, CurveChoices
from tui.views.lines import STRONGEST


def test_what_was_chosen_comes_back_from_a_file() -> None:
    choices = CurveChoices(
        charts=["ratio", "loss"], log_y={"loss": False}, log_x={"ratio": True}, measure="time", strength=-3
    )
    back = CurveChoices.recalled(json.loads(json.dumps(choices.kept({"loss": True}))))
    assert back == choices
    assert back.abscissa("ratio") == Abscissa(measure="time", log=True)
    assert back.abscissa("loss") == Abscissa(measure="time", log=False)


def test_a_scale_that_comes_by_itself_need_not_be_remembered() -> None:
    choices = CurveChoices(log_y={"loss": True, "accuracy": True, "rate": False}, log_x={"loss": False})
    kept = choices.kept({"loss": True, "accuracy": False, "rate": True})
    assert (kept["log_y"], kept["log_x"]) == ({"accuracy": True, "rate": False}, {})


def test_a_run_without_epochs_counts_steps_and_the_choice_stays() -> None:
    choices = CurveChoices(measure="epoch")
    assert choices.abscissa("loss", ["step", "time"]) == Abscissa(measure="step", log=False)
    assert choices.kept({})["measure"] == "epoch"


@pytest.mark.parametrize(
    "kept",
    [
        None,
        7,
        "loss",
        [],
        {"charts": "loss", "log_y": [], "log_x": 1, "measure": ["step"], "smoothing": "3"},
        {"charts": [1, None, {}, "", "x" * (LONGEST_NAME + 1)], "log_y": {"loss": 1, "": True}, "smoothing": True},
        {"measure": "parsecs", "smoothing": 1.5, "log_x": {"loss": "yes"}},
    ],
)
def test_what_is_damaged_is_as_it_comes(kept: Any) -> None:
    assert CurveChoices.recalled(kept) == CurveChoices()


def test_what_is_remembered_is_bounded() -> None:
    names = [f"{number:04}".ljust(LONGEST_NAME, "x") for number in range(1000)]
    kept = {"charts": names, "log_y": dict.fromkeys(names, True), "log_x": dict.fromkeys(names, True), "smoothing": 99}
    found = CurveChoices.recalled(kept)
    assert (len(found.charts), found.strength) == (MOST, STRONGEST)
    assert list(found.log_y) == names[-MOST_SCALES:]
    found.log_y |= dict.fromkeys(names, True)
    assert len(json.dumps(found.kept({}), indent=1)) < MOST_BYTES / 2
    assert CurveChoices.recalled({"smoothing": -99}).strength == -STRONGEST
