"""A histogram as text: by hand, and whatever it is given."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.charts.bars import bars, box, labels, place_of
from tui.charts.glyphs import Glyphs

EDGES = np.arange(9.0), np.arange(1.0, 10.0)
"""Nine bins, one from each whole number to the next."""
DECADES = np.array([-10.0, -1.0, 0.1, 1.0]), np.array([-1.0, -0.1, 1.0, 10.0])


def test_bars_are_as_high_as_their_counts_to_an_eighth_of_a_cell() -> None:
    assert bars([0, 2, 8, 16, 12], 2, "braille") == ["   █▄", " ▂███"]
    assert bars([0, 2, 16, 8], 2, "ascii") == ["  # ", " .##"]


def test_a_bin_with_one_entry_among_millions_can_be_seen() -> None:
    assert bars([1, 0, 5_000_000], 1, "braille") == ["▁ █"]


def test_the_line_is_thick_between_the_quartiles_and_marked_at_the_median() -> None:
    assert box([1.0, 3.5, 4.5, 5.5, 8.0], *EDGES, "braille", log=False) == " ──━┃━───"
    assert box([1.0, 3.5, 4.5, 5.5, 8.0], *EDGES, "ascii", log=False) == " --=|=---"


def test_a_value_has_its_place_among_logarithmic_bins_of_both_signs() -> None:
    places = [place_of(value, *DECADES, log=True) for value in (-10.0, -math.sqrt(10.0), 0.0, math.sqrt(10.0), 10.0)]
    assert places == pytest.approx([0.0, 0.5, 2.0, 3.5, 4.0])


def test_labels_stand_where_their_values_are() -> None:
    left = np.linspace(0.0, 9.9, 100)
    row = labels(left, left + 0.1, log=False)
    assert len(row) == 100
    assert row.split() == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]
    assert row.index("5") == pytest.approx(50, abs=1)


@given(
    st.lists(st.integers(0, 10**7), max_size=30),
    st.integers(0, 8),
    st.sampled_from(["braille", "quadrant", "half", "ascii"]),
    st.floats(1e-300, 1e300),
    st.booleans(),
)
def test_every_row_is_as_wide_as_there_are_bins(
    counts: list[int], height: int, glyphs: Glyphs, top: float, log: bool
) -> None:
    edges = np.geomspace(top / 1e6, top, len(counts) + 1) if log else np.linspace(-top, top, len(counts) + 1)
    rows = bars(counts, height, glyphs)
    assert [len(row) for row in rows] == [len(counts)] * height
    around = (
        labels(edges[:-1], edges[1:], log=log),
        box([-top, 0.0, 0.0, top, top], edges[:-1], edges[1:], glyphs, log=log),
    )
    assert [len(row) for row in around] == [len(counts)] * 2
