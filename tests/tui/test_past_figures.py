"""What the table has shown so far: as far back as it goes, in bounded memory."""

from __future__ import annotations

import numpy as np

from tui.past_figures import POINTS, PastFigures


def test_a_long_past_is_thinned_out_evenly_and_keeps_its_beginning() -> None:
    past = PastFigures()
    for step in range(1, 10_001):
        past.add(step, np.array([[float(step), 2.0 * step], [-1.0, 0.0]]))
    line = past.of(0, 1, per=2.0)
    assert POINTS / 2 <= line.count <= POINTS
    window = line.window(0.0, 1e9, POINTS)
    assert window.x[0] == 1.0
    assert window.x[-1] > 9_900.0
    assert np.array_equal(window.mean, window.x)
    assert len(set(np.diff(window.x))) == 1


def test_nothing_is_known_before_the_first_figures() -> None:
    assert PastFigures().of(0, 0).count == 0
