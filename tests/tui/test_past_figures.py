"""What was measured of the tensors: the same for whoever watched and whoever comes later, in bounded memory."""

from __future__ import annotations

import numpy as np

from engine.method.telemetry import TensorFigures
from tui.charts.history import Series
from tui.past_figures import LIMIT, MOST_CURVES, MOST_NOW, PastFigures


def measured(step: int) -> TensorFigures:
    """Figures of two tensors, the second figure of the first one twice the step; entries around the step."""
    values = np.array([[1.0, 2.0 * step, 0.0, 0.0, 0.5], [1.0, 0.0, 0.0, 0.0, 0.5]])
    spread = np.full((2, 4, 5), np.nan, np.float32)
    spread[:, 3] = step + np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    return TensorFigures(step=step, values=values, spread=spread)


def points(series: Series) -> list[tuple[float, float]]:
    window = series.window(-1.0, 1e9, 10_000)
    return list(zip(window.x.tolist(), window.mean.tolist(), strict=True))


def test_the_past_is_what_was_kept_and_its_end_is_what_was_measured_just_now() -> None:
    past = PastFigures()
    for step in (1, 2, 4):
        past.add(measured(step), kept=True)
    assert points(past.of_tensor(0, 1, per=2.0)) == [(1.0, 1.0), (2.0, 2.0), (4.0, 4.0)]
    for step in (5, 7):
        past.add(measured(step), kept=False)
    assert points(past.of_tensor(0, 1, per=2.0)) == [(float(step), float(step)) for step in (1, 2, 4, 5, 7)]
    assert points(past.course(0, "weight").middle) == [(float(step), float(step)) for step in (1, 2, 4, 5, 7)]
    assert points(past.update_ratio()) == [(float(step), 0.5) for step in (1, 2, 4, 5, 7)]
    past.add(measured(8), kept=True)
    for curve in (past.of_tensor(0, 1, per=2.0), past.update_ratio(), past.course(0, "weight").whole):
        assert [x for x, _ in points(curve)] == [1.0, 2.0, 4.0, 8.0]


def test_who_reads_the_record_later_has_the_same_curves() -> None:
    watched, later = PastFigures(), PastFigures()
    for step in range(1, 40):
        watched.add(measured(step), kept=step % 3 == 0)
        watched.of_tensor(0, 1)
    later.recall([measured(step) for step in range(3, 40, 3)])
    assert points(watched.of_tensor(0, 1)) == points(later.of_tensor(0, 1))
    assert later.newest is not None
    assert later.newest.step == 39


def test_what_was_not_told_in_between_is_put_in_from_the_record() -> None:
    past = PastFigures()
    for step in (1, 2, 9, 10):
        past.add(measured(step), kept=step != 10)
        past.of_tensor(0, 1)
    past.recall([measured(step) for step in (1, 2, 4, 6)])
    assert [x for x, _ in points(past.of_tensor(0, 1))] == [1.0, 2.0, 4.0, 6.0, 9.0, 10.0]
    assert past.newest is not None
    assert past.newest.step == 10


def test_what_is_known_already_is_left_out() -> None:
    past = PastFigures()
    past.recall([measured(4)])
    for step, kept in ((4, True), (3, True), (4, False), (2, False)):
        past.add(measured(step), kept=kept)
    assert points(past.of_tensor(0, 1)) == [(4.0, 8.0)]


def test_a_long_record_and_a_long_wait_take_no_more_memory_than_short_ones() -> None:
    past = PastFigures()
    past.recall([measured(step) for step in range(1, 3 * LIMIT)])
    kept = [x for x, _ in points(past.of_tensor(0, 1))]
    assert LIMIT / 2 <= len(kept) <= LIMIT
    assert (kept[0], kept[-1]) == (1.0, 3.0 * LIMIT - 1.0)
    for step in range(3 * LIMIT, 5 * LIMIT):
        past.add(measured(step), kept=False)
    now = [x for x, _ in points(past.of_tensor(0, 1))][len(kept) :]
    assert len(now) <= MOST_NOW
    assert now[-1] == 5.0 * LIMIT - 1.0
    for column in range(2 * MOST_CURVES):
        past.of_tensor(0, 1, per=1.0 + column)
    assert len(past._figures) <= MOST_CURVES


def test_nothing_is_known_before_the_first_figures() -> None:
    assert PastFigures().of_tensor(0, 0).count == PastFigures().course(0, "weight").middle.count == 0


def test_a_quantity_that_the_rule_does_not_have_has_no_course() -> None:
    past = PastFigures()
    past.add(measured(1), kept=True)
    assert past.course(0, "root").middle.count == 0


def test_an_earlier_run_with_fewer_tensors_has_no_curve_of_the_others() -> None:
    past = PastFigures()
    past.add(measured(1), kept=True)
    assert past.of_tensor(5, 0).count == past.course(5, "weight").middle.count == 0


def test_a_band_that_reaches_down_to_0_begins_where_a_logarithm_can_show_it() -> None:
    past = PastFigures()
    spread = np.zeros((1, 4, 5), np.float32)
    spread[0, :] = [0.0, 0.0, 2.0, 3.0, 4.0]
    past.add(TensorFigures(step=1, values=np.zeros((1, 5)), spread=spread), kept=True)
    root, gradient = past.course(0, "root"), past.course(0, "gradient")
    assert (root.whole.window(0.0, 9.0, 9).low[0], root.half.window(0.0, 9.0, 9).low[0]) == (2.0, 2.0)
    assert gradient.whole.window(0.0, 9.0, 9).low[0] == 0.0
