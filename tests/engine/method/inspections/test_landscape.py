"""The heights of a function over a window: those of its formula, whatever the run does meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from engine.errors import InputError
from engine.method.inspections import INSPECTIONS, Finding
from engine.method.trainer import Trainer

MakeTrainer = Callable[..., Trainer]
Found = Callable[..., list[Finding]]


def landscape(function: str, **knobs: Any) -> dict[str, Any]:
    return {"problem": {"kind": "landscape", "function": function, **knobs}}


def expression(text: str, **fields: Any) -> dict[str, Any]:
    return {"problem": {"kind": "expression", "expression": text, **fields}}


def test_heights_stand_at_the_middles_of_the_cells_with_the_lowest_row_first(ravine: MakeTrainer, found: Found) -> None:
    """½(x² + 10y²) at x = 1, 3 and y = −0.5, 0.5, 1.5 by hand."""
    (finding,) = found("landscape", ravine(), x=(0.0, 4.0), y=(-1.0, 2.0), columns=2, rows=3)
    assert finding.arrays["values"].tolist() == [[1.75, 5.75], [1.75, 5.75], [11.75, 15.75]]
    assert (finding.facts["x"], finding.facts["y"]) == ([0.0, 4.0], [-1.0, 2.0])


def test_without_a_window_the_box_of_the_function_is_shown(ravine: MakeTrainer, found: Found) -> None:
    (finding,) = found("landscape", ravine(), columns=4, rows=2)
    assert finding.facts["home"] == [[-2.0, 2.0], [-2.0, 2.0]]
    assert finding.facts["minima"] == [[[0.0, 0.0], 0.0]]
    assert finding.facts["names"] == ["x", "y"]


def test_a_start_outside_the_box_is_inside_the_window(ravine: MakeTrainer, found: Found) -> None:
    (finding,) = found("landscape", ravine(**landscape("ravine", start=[9.0, 1.0])), columns=4, rows=2)
    (left, right), up = finding.facts["home"]
    assert left == -2.0
    assert 9.0 < right < 10.0
    assert up == [-2.0, 2.0]


def test_a_turned_landscape_is_shown_turned(ravine: MakeTrainer, found: Found) -> None:
    """A quarter turn exchanges the axes: the steep side of ½(x² + 10y²) is then along x."""
    (finding,) = found(
        "landscape", ravine(**landscape("ravine", condition=10, rotation=90)), x=(1, 3), y=(-1, 1), columns=1, rows=1
    )
    assert finding.arrays["values"][0, 0] == pytest.approx(20.0)


def test_noise_of_the_steps_is_not_in_the_map(ravine: MakeTrainer, found: Found) -> None:
    window = {"x": (-2.0, 2.0), "y": (-2.0, 2.0), "columns": 5, "rows": 5}
    (noisy,) = found("landscape", ravine(noise={"gradient": 3.0}), **window)
    (plain,) = found("landscape", ravine(), **window)
    assert noisy.arrays["values"].tolist() == plain.arrays["values"].tolist()


def test_of_one_coordinate_there_is_one_row(ravine: MakeTrainer, found: Found) -> None:
    """½·4·x² at −1.5, −0.5, 0.5, 1.5."""
    (finding,) = found("landscape", ravine(**landscape("parabola", curvature=4.0)), columns=4, rows=9)
    assert finding.arrays["values"].tolist() == [[4.5, 0.5, 0.5, 4.5]]
    assert finding.facts["y"] is None
    assert finding.facts["home"] == [[-2.0, 2.0]]


def test_the_mean_of_lines_is_shown_within_its_bounds(ravine: MakeTrainer, found: Found) -> None:
    """The mean slope of Reddi's lines is 10/101."""
    (finding,) = found("landscape", ravine(**landscape("reddi")), x=(0.0, 2.02), columns=1)
    assert finding.arrays["values"][0, 0] == pytest.approx(0.1)
    assert finding.facts["bounds"] == [-1.0, 1.0]


def test_further_variables_are_held_where_the_run_has_them(ravine: MakeTrainer, found: Found) -> None:
    """(x + y)·z with z = 4 at the middle (1, 2): 12."""
    trainer = ravine(**expression("(x + y)*z", start=[1.0, -3.0, 4.0]))
    (finding,) = found("landscape", trainer, x=(0, 2), y=(1, 3), columns=1, rows=1)
    assert finding.arrays["values"].tolist() == [[12.0]]
    assert finding.facts["held"] == {"z": 4.0}


def test_what_is_no_number_is_told_as_what_it_is(ravine: MakeTrainer, found: Found) -> None:
    (finding,) = found("landscape", ravine(**expression("log(x) + 0*y")), x=(-3, 1), y=(0, 1), columns=2, rows=1)
    assert math.isnan(finding.arrays["values"][0, 0])
    (finding,) = found("landscape", ravine(), x=(1e200, 3e200), y=(0, 1), columns=1, rows=1)
    assert finding.arrays["values"][0, 0] == math.inf


def test_many_values_come_coarse_first_and_end_as_they_are(ravine: MakeTrainer, found: Found) -> None:
    window = {"x": (-2.0, 2.0), "y": (-1.0, 1.0), "columns": 100}
    findings = found("landscape", ravine(), rows=50, **window)
    assert [finding.share for finding in findings] == [1 / 64, 1 / 16, 1 / 4, 1.0]
    assert {finding.arrays["values"].shape for finding in findings} == {(50, 100)}
    assert not any(np.isnan(finding.arrays["values"]).any() for finding in findings)
    x, y = -2.0 + 0.04 * (np.arange(100) + 0.5), -1.0 + 0.04 * (np.arange(50) + 0.5)
    np.testing.assert_allclose(
        findings[-1].arrays["values"].astype(float), 0.5 * x[None] ** 2 + 5.0 * y[:, None] ** 2, rtol=1e-12
    )


@pytest.mark.parametrize("function", ["ravine", "rosenbrock", "parabola", "outlier"])
def test_looking_at_the_map_and_at_the_arrows_leaves_the_training_as_it_was(
    ravine: MakeTrainer, found: Found, function: str
) -> None:
    def trained(*, looked_at: bool) -> list[float]:
        trainer = ravine(
            **landscape(function), optimizer={"name": "adam", "lr": 0.01}, noise={"gradient": 0.1}, precision="float32"
        )
        trainer.step()
        if looked_at:
            found("landscape", trainer, columns=80, rows=60)
            found("motion", trainer)
        for _ in range(20):
            trainer.step()
        return [*trainer.theta.tolist(), *trainer.state.vectors()["v"].tolist()]

    assert trained(looked_at=True) == trained(looked_at=False)


def test_a_network_has_no_such_map(moons: MakeTrainer, found: Found) -> None:
    with pytest.raises(InputError, match="look at a plane of it"):
        found("landscape", moons())


@pytest.mark.parametrize("span", [(1.0, 1.0), (2.0, 1.0), (0.0, math.inf), (math.nan, 1.0)])
def test_a_window_without_extent_is_refused(span: tuple[float, float]) -> None:
    with pytest.raises(ValidationError):
        INSPECTIONS["landscape"].model_validate({"x": span})
