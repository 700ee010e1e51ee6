"""No more cells are sent again than what changed, and all of those."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tui.widgets.changed_cells import WORTH_SKIPPING, changed_parts, regions_of


@given(arrays(np.bool_, st.tuples(st.integers(0, 5), st.integers(0, 60))))
def test_every_cell_that_changed_lies_in_a_part_and_every_part_begins_and_ends_with_one(
    changed: np.ndarray[tuple[int, int], np.dtype[np.bool_]],
) -> None:
    parts = changed_parts(changed, top=3)
    found = np.zeros_like(changed)
    for row, spans in parts.items():
        assert 1 <= len(spans) <= 2
        for start, stop in spans:
            assert changed[row - 3, start]
            assert changed[row - 3, stop - 1]
            found[row - 3, start:stop] = True
    assert not (changed & ~found).any()
    assert [(region.y, region.x, region.right) for region in regions_of(parts)] == [
        (row, start, stop) for row, spans in parts.items() for start, stop in spans
    ]


def test_a_wide_gap_is_not_sent_again_and_a_narrow_one_is() -> None:
    changed = np.zeros((2, 3 * WORTH_SKIPPING), np.bool_)
    changed[0, [0, 1 + WORTH_SKIPPING]] = True
    changed[1, [0, WORTH_SKIPPING]] = True
    assert changed_parts(changed) == {
        0: [(0, 1), (1 + WORTH_SKIPPING, 2 + WORTH_SKIPPING)],
        1: [(0, WORTH_SKIPPING + 1)],
    }
