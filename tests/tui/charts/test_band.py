"""The space between two curves."""

from __future__ import annotations

import numpy as np

from tui.charts.band import Band


def test_a_window_on_a_band_reaches_from_the_least_lower_edge_to_the_greatest_upper_one() -> None:
    band, steps = Band(), np.arange(40_000.0)
    band.append_both(steps, np.sin(steps) - 2.0, np.cos(steps) + 3.0)
    found = band.window(0.0, 40_000.0, 10)
    assert (band.count, band.last_x) == (40_000, 39_999.0)
    assert 10 <= found.x.size <= 40
    assert found.low.min() == (np.sin(steps) - 2.0).min()
    assert found.high.max() == (np.cos(steps) + 3.0).max()


def test_a_cleared_band_is_empty_on_both_sides() -> None:
    band = Band()
    band.append_both(5.0, 1.0, 2.0)
    band.clear()
    band.append_both(0.0, 3.0, 4.0)
    found = band.window(0.0, 10.0, 5)
    assert (found.low.tolist(), found.high.tolist()) == ([3.0], [4.0])
