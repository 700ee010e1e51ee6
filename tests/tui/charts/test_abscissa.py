"""What a horizontal axis counts, and how."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tui.charts.abscissa import Abscissa
from tui.charts.history import Series
from tui.charts.milestones import Milestones


def ramp(count: int) -> Series:
    series = Series()
    series.append(np.arange(1.0, count + 1.0), np.arange(1.0, count + 1.0))
    return series


def test_on_a_logarithmic_axis_early_steps_keep_their_own_entries_in_a_long_run() -> None:
    found = Abscissa(log=True).envelope(ramp(30_000), Milestones(), (0.0, math.log10(30_000)), 200)
    assert (np.diff(found.x) > 0.0).all()
    early = found.x < 1.0
    np.testing.assert_allclose(found.x[early], np.log10(np.arange(1.0, 10.0)), atol=1e-12)
    assert len(found.x) < 4 * 200 * 2


def test_an_axis_of_epochs_shows_the_steps_of_those_epochs() -> None:
    milestones = Milestones()
    milestones.epochs.add(1000, 10.0)
    found = Abscissa(measure="epoch").envelope(ramp(1000), milestones, (2.0, 4.0), 400)
    inside = (found.x >= 2.0) & (found.x <= 4.0)
    assert found.low[inside][0] == 200.0
    assert found.high[inside][-1] == 400.0
    assert found.x[inside][[0, -1]].tolist() == pytest.approx([2.0, 4.0])


def test_the_limits_of_a_logarithmic_axis_are_finite_and_apart() -> None:
    for shown in ((0.0, 1000.0), (0.0, 0.0), (5.0, 5.0), (10.0, 1e12)):
        low, high = Abscissa(log=True).limits(shown, 1.0)
        assert math.isfinite(low)
        assert low < high


def test_values_in_words() -> None:
    assert Abscissa(measure="step").text(1234.4) == "step 1,234"
    assert Abscissa(measure="epoch").text(3.14159) == "epoch 3.14"
    assert Abscissa(measure="time").text(12.345) == "12.35 s"
    assert Abscissa(measure="samples").text(12_000.0) == "12,000 samples seen"
