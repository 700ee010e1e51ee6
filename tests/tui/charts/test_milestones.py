"""Steps against epochs, samples, evaluations and seconds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.charts.milestones import LIMIT, MEASURES, Anchors, Milestones


def test_between_two_known_places_a_quantity_is_linear_and_beyond_it_goes_on_as_it_went() -> None:
    anchors = Anchors()
    anchors.add(10, 2.0)
    anchors.add(20, 6.0)
    np.testing.assert_allclose(anchors.at([0.0, 5.0, 15.0, 20.0, 25.0]), [0.0, 1.0, 4.0, 6.0, 8.0])
    np.testing.assert_allclose(anchors.steps_at([1.0, 4.0, 8.0]), [5.0, 15.0, 25.0])


def test_a_pause_lies_between_the_step_before_it_and_the_next() -> None:
    anchors = Anchors()
    anchors.add(10, 1.0)
    anchors.add(10, 61.0)
    anchors.add(20, 62.0)
    assert float(anchors.at(10.0)) == 1.0
    assert 61.0 <= float(anchors.at(11.0)) <= 62.0


def test_what_lies_before_what_is_known_is_left_out() -> None:
    anchors = Anchors()
    anchors.add(100, 5.0)
    anchors.add(50, 6.0)
    anchors.add(200, 4.0)
    anchors.add(300, float("nan"))
    assert len(anchors) == 2


def test_memory_is_bounded_and_the_newest_place_stays_exact() -> None:
    anchors = Anchors()
    for step in range(1, 20_001):
        anchors.add(step, 0.5 * step)
    assert len(anchors) <= LIMIT + 1
    assert float(anchors.at(20_000.0)) == 10_000.0
    np.testing.assert_allclose(anchors.at([1.0, 777.0, 12_345.0]), [0.5, 388.5, 6_172.5])


def test_samples_are_epochs_times_the_training_set_and_unknown_measures_are_steps() -> None:
    milestones = Milestones(samples=500)
    assert float(milestones.at("samples", 30.0)) == 30.0
    milestones.epochs.add(10, 1.0)
    assert float(milestones.at("epoch", 30.0)) == pytest.approx(3.0)
    assert float(milestones.at("samples", 30.0)) == pytest.approx(1500.0)
    assert float(milestones.steps_at("samples", 1500.0)) == pytest.approx(30.0)


@given(
    grows=st.lists(st.tuples(st.integers(0, 50), st.floats(0.0, 1e6)), max_size=60),
    places=st.lists(st.floats(0.0, 1e4), min_size=2, max_size=20),
)
def test_every_measure_grows_with_the_steps(grows: list[tuple[int, float]], places: list[float]) -> None:
    milestones, step, value = Milestones(7), 0, 0.0
    for steps, more in grows:
        step, value = step + steps, value + more
        milestones.epochs.add(step, value)
        milestones.seconds.add(step, value)
    for measure in MEASURES:
        found = milestones.at(measure, sorted(places))
        assert np.isfinite(found).all()
        assert (np.diff(found) >= -1e-9 * np.abs(found[1:])).all()
